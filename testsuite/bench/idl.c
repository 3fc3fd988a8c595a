/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Reading declarations: faridl and clang over the same preprocessed text, from start to exit, layouts included. Memory is
 * the largest resident set of either.
 *
 *     idl FARIDL CLANG TEXT.i
 */
#include "testsuite/bench/bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLICES 3 /* a run takes long enough to be itself an average */

/* Runs a program to its end, its output thrown away; its largest resident set in *kilobytes. */
static double time_run(const char **arguments, long *kilobytes)
{
    posix_spawn_file_actions_t actions;
    struct rusage usage;
    pid_t child;
    int status = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    double start = bench_now_ns();
    if (posix_spawn(&child, arguments[0], &actions, NULL, (char **)(uintptr_t)arguments, environ) != 0 ||
        wait4(child, &status, 0, &usage) != child || status != 0) {
        fprintf(stderr, "bench: %s failed (wait status %#x)\n", arguments[0], (unsigned)status);
        exit(69);
    }
    double ns = bench_now_ns() - start;
    posix_spawn_file_actions_destroy(&actions);
    *kilobytes = usage.ru_maxrss;
    return ns;
}

int main(int argc, char **argv)
{
    struct bench speed = {"idl/clang", "faridl, a large text", "clang-19 -fsyntax-only, the same", 1 / 3.0, {0}, {0}};
    struct bench memory = {"idl-memory/clang", "its memory (bytes)", "clang's memory", 1, {0}, {0}};
    if (argc != 4) {
        fprintf(stderr, "usage: idl FARIDL CLANG TEXT.i\n");
        return 64;
    }
    const char *ours[] = {argv[1], "--preprocessed", "--all-types", "--dump=layout", argv[3], NULL};
    const char *theirs[] = {argv[2], "-fsyntax-only", "-w", "-xcpp-output", argv[3], NULL};
    for (int round = 0; round < BENCH_ROUNDS; round++) {
        double our_ns = 1e18, their_ns = 1e18;
        long our_size = 0, their_size = 0;
        for (int slice = 0; slice < SLICES; slice++) {
            our_ns = bench_least(our_ns, time_run(ours, &our_size));
            their_ns = bench_least(their_ns, time_run(theirs, &their_size));
        }
        speed.ns[round] = our_ns;
        speed.floor_ns[round] = their_ns;
        memory.ns[round] = (double)our_size * 1024;
        memory.floor_ns[round] = (double)their_size * 1024;
    }
    return bench_report(&speed) | bench_report(&memory);
}
