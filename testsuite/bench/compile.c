/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Compiling: farcc and clang, from start to exit, over a source of no service, a small service and a large one.
 *
 *     compile FARCC CLANG INCLUDE PLAIN.c SMALL.c LARGE.c OUTPUT.o
 */
#include "testsuite/bench/bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

static double time_run(const char **arguments)
{
    pid_t child;
    int status = -1;
    double start = bench_now_ns();
    if (posix_spawn(&child, arguments[0], NULL, NULL, (char **)(uintptr_t)arguments, environ) != 0 ||
        waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "bench: %s failed (wait status %#x)\n", arguments[0], (unsigned)status);
        exit(69);
    }
    return bench_now_ns() - start;
}

static int measure(struct bench *bench, char **argv, const char *source, int slices)
{
    const char *ours[] = {argv[1], "-O2", "-c", source, "-o", argv[7], NULL};
    const char *theirs[] = {argv[2], "-isystem", argv[3], "-O2", "-c", source, "-o", argv[7], NULL};
    for (int round = 0; round < BENCH_ROUNDS; round++) {
        double our_ns = 1e18, their_ns = 1e18;
        for (int slice = 0; slice < slices; slice++) {
            our_ns = bench_least(our_ns, time_run(ours));
            their_ns = bench_least(their_ns, time_run(theirs));
        }
        bench->ns[round] = our_ns;
        bench->floor_ns[round] = their_ns;
    }
    return bench_report(bench);
}

int main(int argc, char **argv)
{
    struct bench plain = {"farcc/plain", "farcc -O2, a source of no service", "clang-19, the same", 1.05, {0}, {0}};
    struct bench small = {"farcc/small", "farcc -O2, a small service (kv.c)", "clang-19, the same", 1.05, {0}, {0}};
    struct bench large = {"farcc/large", "farcc -O2, a service of 20,000 lines", "clang-19, the same", 1.05, {0}, {0}};
    if (argc != 8) {
        fprintf(stderr, "usage: compile FARCC CLANG INCLUDE PLAIN.c SMALL.c LARGE.c OUTPUT.o\n");
        return 64;
    }
    return measure(&plain, argv, argv[4], BENCH_SLICES) | measure(&small, argv, argv[5], BENCH_SLICES) |
           measure(&large, argv, argv[6], 1);
}
