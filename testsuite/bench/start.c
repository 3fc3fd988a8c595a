/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Starting and binding: a client from exec to exit, with the import library and with an ordinary shared library of the
 * same name in its place.
 *
 *     start HELLO DIRECTORY-OF-IMPORT-LIBRARY DIRECTORY-OF-PLAIN-LIBRARY DIRECTORY-OF-LIBFARCALL
 */
#include "testsuite/bench/bench.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define STARTS 3

static void run(char *program)
{
    char *arguments[] = {program, NULL};
    pid_t child;
    int status = -1;
    if (posix_spawn(&child, program, NULL, NULL, arguments, environ) != 0 || waitpid(child, &status, 0) != child ||
        status != 0) {
        fprintf(stderr, "bench: %s failed (wait status %#x)\n", program, (unsigned)status);
        exit(69);
    }
}

static double time_starts(char *program, const char *directory, const char *farcall)
{
    char path[4096];
    snprintf(path, sizeof path, "%s:%s", directory, farcall);
    setenv("LD_LIBRARY_PATH", path, 1);
    double start = bench_now_ns();
    for (int i = 0; i < STARTS; i++)
        run(program);
    return (bench_now_ns() - start) / STARTS;
}

static int measure(struct bench *bench, char **argv, const char *level)
{
    for (int round = -1; round < BENCH_ROUNDS; round++) {
        double service = 1e18, plain = 1e18;
        setenv("FARCALL_LEVEL", level, 1);
        for (int slice = 0; slice < BENCH_SLICES; slice++) {
            service = bench_least(service, time_starts(argv[1], argv[2], argv[4]));
            plain = bench_least(plain, time_starts(argv[1], argv[3], argv[4]));
        }
        if (round < 0)
            continue;
        bench->ns[round] = service;
        bench->floor_ns[round] = plain;
    }
    return bench_report(bench);
}

int main(int argc, char **argv)
{
    struct bench trusted = {
        "start/trusted", "start, bind, call, exit: trusted", "the same, plain shared library", 0, {0}, {0}};
    struct bench none = {"start/none", "start, bind, call, exit: none", "the same, plain shared library", 0, {0}, {0}};
    if (argc != 5) {
        fprintf(stderr, "usage: start HELLO IMPORT-DIRECTORY PLAIN-DIRECTORY FARCALL-DIRECTORY\n");
        return 64;
    }
    return measure(&trusted, argv, "trusted") | measure(&none, argv, "none");
}
