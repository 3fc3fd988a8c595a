/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * farld against ld.lld: link NAME SLICES FLOOR-COMMAND -- COMMAND. Both are run in turn, output to /dev/null. Time is from
 * the start to the end of the whole command; memory is the largest resident set of any process in it.
 */
#include "testsuite/bench/bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct cost {
    double wall_ns, cpu_ns, kib;
};

static double seconds_ns(struct timeval time)
{
    return (double)time.tv_sec * 1e9 + (double)time.tv_usec * 1e3;
}

static struct cost run(char **command)
{
    posix_spawn_file_actions_t actions;
    struct rusage usage;
    double start = bench_now_ns();
    pid_t child;
    int status;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&child, command[0], &actions, NULL, command, environ) || wait4(child, &status, 0, &usage) < 0 ||
        status) {
        fprintf(stderr, "bench: %s failed\n", command[0]);
        exit(70);
    }
    posix_spawn_file_actions_destroy(&actions);
    return (struct cost){bench_now_ns() - start, seconds_ns(usage.ru_utime) + seconds_ns(usage.ru_stime),
                         (double)usage.ru_maxrss};
}

static struct cost least(struct cost a, struct cost b)
{
    return (struct cost){bench_least(a.wall_ns, b.wall_ns), bench_least(a.cpu_ns, b.cpu_ns), bench_least(a.kib, b.kib)};
}

static char **after_dashes(char **argv)
{
    while (*argv && strcmp(*argv, "--"))
        argv++;
    if (!*argv)
        exit(64);
    *argv = NULL;
    return argv + 1;
}

static void name_rows(struct bench rows[3], const char *name)
{
    static const struct {
        const char *suffix, *what, *floor;
        double limit;
    } kinds[3] = {
        {"time", "farld, time in ns", "ld.lld -shared --gc-sections", 1.3},
        {"processor", "  its processor time in ns", "ld.lld's", 0},
        {"memory", "  its largest process, KiB", "ld.lld's", 1.5},
    };

    for (int i = 0; i < 3; i++) {
        char *full = malloc(strlen(name) + 64), *what = malloc(strlen(name) + 64);

        if (!full || !what)
            exit(71);
        sprintf(full, "farld-%s/%s", name, kinds[i].suffix);
        sprintf(what, "%s: %s", name, kinds[i].what);
        rows[i].name = full;
        rows[i].what = what;
        rows[i].floor = kinds[i].floor;
        rows[i].limit = kinds[i].limit;
    }
}

int main(int argc, char **argv)
{
    static struct bench rows[3];
    char **floor_command = argv + 3, **command;
    int slices, failed = 0;

    if (argc < 6)
        return 64;
    slices = atoi(argv[2]);
    command = after_dashes(floor_command);
    name_rows(rows, argv[1]);
    for (int round = -1; round < BENCH_ROUNDS; round++) { /* one to warm up */
        struct cost floor = run(floor_command), cost = run(command);

        for (int slice = 1; slice < slices; slice++) {
            floor = least(floor, run(floor_command));
            cost = least(cost, run(command));
        }
        if (round < 0)
            continue;
        rows[0].floor_ns[round] = floor.wall_ns;
        rows[0].ns[round] = cost.wall_ns;
        rows[1].floor_ns[round] = floor.cpu_ns;
        rows[1].ns[round] = cost.cpu_ns;
        rows[2].floor_ns[round] = floor.kib;
        rows[2].ns[round] = cost.kib;
    }
    for (int i = 0; i < 3; i++)
        failed |= bench_report(&rows[i]);
    return failed;
}
