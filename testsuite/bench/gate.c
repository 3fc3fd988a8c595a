/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The process gate: a null call against the least that two processes can do to tell each other something and back.
 *
 *     gate spin CLIENT-CORE SERVER-CORE    a cache line there and one back, both sides looking all the time
 *     gate sleep CLIENT-CORE SERVER-CORE   a futex there and one back, both sides asleep in between
 *
 * The service's host is pinned by whoever starts us; the partner of the bare ping-pong is pinned here to the same core.
 */
#include "testsuite/bench/bench.h"
#include "testsuite/bench/pingpong.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

int kv_null(void);

/* And a word on which the partner sleeps between rounds. */
struct table {
    struct pingpong words;
    _Alignas(128) uint32_t running;
};

static void partner(struct table *table, bool sleeping, uint32_t count, int core)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bench_pin(core);
    for (;;) {
        sleep_until(&table->running, 1);
        pingpong_answer(&table->words, sleeping, 0, count);
        __atomic_store_n(&table->running, 0, __ATOMIC_RELEASE);
        futex_wake(&table->running);
    }
}

static double time_bare(struct table *table, bool sleeping, uint32_t count)
{
    table->words.ping = table->words.pong = 0;
    __atomic_store_n(&table->running, 1, __ATOMIC_SEQ_CST);
    futex_wake(&table->running);
    usleep(1000);
    double start = bench_now_ns();
    pingpong_ask(&table->words, sleeping, 0, count);
    double took = (bench_now_ns() - start) / count;
    sleep_until(&table->running, 0);
    return took;
}

static double time_service(uint32_t count)
{
    for (int i = 0; i < 200; i++)
        kv_null();
    double start = bench_now_ns();
    for (uint32_t i = 0; i < count; i++)
        kv_null();
    return (bench_now_ns() - start) / count;
}

static int measure(struct bench *bench, struct table *table, bool sleeping, uint32_t count)
{
    for (int round = -1; round < BENCH_ROUNDS; round++) {
        double bare = 1e18, service = 1e18;
        for (int slice = 0; slice < BENCH_SLICES; slice++) {
            bare = bench_least(bare, time_bare(table, sleeping, count));
            service = bench_least(service, time_service(count));
            usleep(3000); /* until the host's worker sleeps: it shares its core with the partner */
        }
        if (round < 0)
            continue;
        bench->floor_ns[round] = bare;
        bench->ns[round] = service;
    }
    return bench_report(bench);
}

int main(int argc, char **argv)
{
    if (argc != 4 || (strcmp(argv[1], "spin") != 0 && strcmp(argv[1], "sleep") != 0)) {
        fprintf(stderr, "usage: gate spin|sleep CLIENT-CORE SERVER-CORE\n");
        return 64;
    }
    bool sleeping = strcmp(argv[1], "sleep") == 0;
    struct bench bench =
        sleeping
            ? (struct bench){"process/sleep", "process gate, one core, asleep", "bare futex ping-pong", 1.3, {0}, {0}}
            : (struct bench){
                  "process/spin", "process gate, two cores, spinning", "bare cache-line ping-pong", 1.5, {0}, {0}};
    uint32_t count = sleeping ? 500 : 2000;
    if (far_stub_kind((const void *)kv_null) != FAR_STUB_TRAP || kv_null() != 0) {
        fprintf(stderr, "bench: kv_null's stub is no trap here, or its host does not answer: %s\n", strerror(errno));
        return 69;
    }
    struct table *table = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_pin(atoi(argv[2]));
    pid_t child = fork();
    if (child == 0)
        partner(table, sleeping, count, atoi(argv[3]));
    int failed = measure(&bench, table, sleeping, count);
    kill(child, SIGKILL);
    return failed;
}
