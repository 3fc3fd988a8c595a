/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Measuring side by side. Each comparison runs its two halves in turn, round after round, in one process: machines that
 * share their cores vary by the minute, ratios from one round do not. Reported is the median of the rounds' ratios,
 * with their quartiles; nanoseconds are printed for orientation and mean nothing by themselves.
 */
#ifndef FARCALL_BENCH_H
#define FARCALL_BENCH_H

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_ROUNDS 15
#define BENCH_SLICES 9 /* of a round, the halves in turn; the fastest counts: the others were disturbed */

struct bench {
    const char *name;                                /* "branch/jmp": one word, for machines */
    const char *what;                                /* for people */
    const char *floor;                               /* what it is compared with */
    double limit;                                    /* of the ratio; 0: none is promised */
    double floor_ns[BENCH_ROUNDS], ns[BENCH_ROUNDS]; /* of one call */
};

static inline double bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline double bench_least(double a, double b)
{
    return a < b ? a : b;
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The `part`-th quarter of the sorted values: 1 and 3 are the quartiles, 2 is the median. */
static inline double bench_quarter(const double *values, int part)
{
    double sorted[BENCH_ROUNDS];
    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, BENCH_ROUNDS, sizeof *sorted, bench_compare);
    return sorted[(BENCH_ROUNDS - 1) * part / 4];
}

/* One row for people on stdout, one object for machines at the end of the file that BENCH_JSON names. */
static inline int bench_report(const struct bench *bench)
{
    double ratio[BENCH_ROUNDS];
    for (int i = 0; i < BENCH_ROUNDS; i++)
        ratio[i] = bench->ns[i] / bench->floor_ns[i];
    double low = bench_quarter(ratio, 1), median = bench_quarter(ratio, 2), high = bench_quarter(ratio, 3);
    double ns = bench_quarter(bench->ns, 2), floor_ns = bench_quarter(bench->floor_ns, 2);
    char promise[32] = "";
    if (bench->limit > 0)
        snprintf(promise, sizeof promise, "at most %.2f: %s", bench->limit, median <= bench->limit ? "yes" : "NO");
    printf("%-44s %11.2f  %-34s %11.2f  %7.3f  [%.3f … %.3f]  %s\n", bench->what, ns, bench->floor, floor_ns, median,
           low, high, promise);
    fflush(stdout);
    const char *path = getenv("BENCH_JSON");
    FILE *json = path ? fopen(path, "a") : NULL;
    if (!json)
        return path != NULL;
    fprintf(
        json,
        "{\"name\": \"%s\", \"ratio\": %.4f, \"ratio_low\": %.4f, \"ratio_high\": %.4f, \"limit\": %.2f, \"ns\": %.3f, "
        "\"floor_ns\": %.3f, \"rounds\": %d}\n",
        bench->name, median, low, high, bench->limit, ns, floor_ns, BENCH_ROUNDS);
    return fclose(json) != 0;
}

static inline void bench_pin(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        perror("bench: sched_setaffinity");
        exit(71);
    }
}

#endif
