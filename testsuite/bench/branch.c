/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The branch gate: a trusted call of a service against a hand-written jmp to the same function, and against that
 * function in an ordinary shared library. All three are called through this program's PLT.
 */
#include "testsuite/bench/bench.h"

#include <farcall/farcall.h>

int kv_null(void);          /* libkv.so: the import library; its symbol's address is the stub */
int jump_kv_null(void);     /* libbench_jump.so: endbr64; jmp prefixed_kv_null */
int prefixed_kv_null(void); /* libbench_jump.so: the same source, compiled with the same options */

#define CALLS 100000

/* The same loop three times: what differs is whom the PLT leads to. */
#define LOOP(function)                                                         \
    __attribute__((noinline, aligned(64))) static double time_##function(void) \
    {                                                                          \
        double start = bench_now_ns();                                         \
        for (int i = 0; i < CALLS; i++)                                        \
            function();                                                        \
        return (bench_now_ns() - start) / CALLS;                               \
    }
LOOP(kv_null)
LOOP(jump_kv_null)
LOOP(prefixed_kv_null)

int main(void)
{
    struct bench jump = {"branch/jmp", "trusted call (branch gate)", "hand-written jmp, PLT", 1.05, {0}, {0}};
    struct bench plain = {"branch/plain", "trusted call (branch gate)", "plain function, PLT", 0, {0}, {0}};
    if (far_stub_kind((const void *)kv_null) != FAR_STUB_BRANCH) {
        fprintf(stderr, "bench: kv_null's stub is no branch here; register kv with --trust\n");
        return 69;
    }
    for (int round = -2; round < BENCH_ROUNDS; round++) {
        double by_service = 1e18, by_jump = 1e18, by_plain = 1e18;
        for (int slice = 0; slice < BENCH_SLICES; slice++) {
            by_service = bench_least(by_service, time_kv_null());
            by_jump = bench_least(by_jump, time_jump_kv_null());
            by_plain = bench_least(by_plain, time_prefixed_kv_null());
        }
        if (round < 0)
            continue;
        jump.ns[round] = plain.ns[round] = by_service;
        jump.floor_ns[round] = by_jump;
        plain.floor_ns[round] = by_plain;
    }
    return bench_report(&jump) | bench_report(&plain);
}
