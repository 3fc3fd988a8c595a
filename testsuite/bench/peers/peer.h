/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What every way of calling another process that `./dev bench calls` compares has in common. Each is a program of its own:
 *
 *     PEER CASE COUNT CORES
 *
 *     CASE    null            nothing there, nothing back
 *             in-N            N bytes there; the server looks at the first and the last one
 *             inout-N         N bytes there, changed at both ends, and back
 *             clients-N       null calls of N clients at once
 *             and what a peer has besides (list, walk, held-in-N, …)
 *     COUNT   calls in each slice of each client
 *     CORES   "2,3": the client runs on core 2, the server on core 3; "any": wherever the scheduler puts them
 *
 * prints one line, the nanoseconds of one call in each slice: the time from before the first to after the last call of
 * all clients, divided by their number. Exit codes: 0; 64 usage; 69 cannot be done here, stderr says why; 70 it broke.
 */
#ifndef FARCALL_BENCH_PEER_H
#define FARCALL_BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PEER_SLICES      9
#define PEER_SLICES_MANY 3 /* with many clients at once */
#define PEER_CLIENTS_MAX 1024
#define PEER_SECONDS     120 /* longer than this is broken */

struct peer_run {
    char kind[32];    /* "null", "in", "clients", … */
    uint32_t amount;  /* N; 1 if the case has none */
    uint32_t clients; /* at once: 1 but for clients-N */
    uint32_t client;  /* which one this is, from 0 on */
    uint32_t count;
    int client_core, server_core; /* -1: any */
    const char *socket;           /* a path that nobody uses yet */
    unsigned char *bytes;         /* a client's: `amount` of them */
};

struct peer {
    const char *name;
    const char *kinds; /* "null in inout clients" */
    /* The server, in a process of its own, until it is killed. Calls peer_ready() once clients can come. NULL: none. */
    void (*serve)(const struct peer_run *run);
    /* In each client's process: what call() needs. */
    void *(*connect)(const struct peer_run *run);
    void (*call)(void *connection, const struct peer_run *run, uint32_t count);
    unsigned slices; /* 0: PEER_SLICES; 1: a long one, without a warm-up */
};

/* A peer's main(). */
int peer_main(int argc, char **argv, const struct peer *peer);

void peer_ready(void);
bool peer_is(const struct peer_run *run, const char *kind);
/* What the server is to do with bytes that it got, and the client with the answer: neither may be optimised away. */
unsigned peer_look(const unsigned char *bytes, size_t size);
void peer_change(unsigned char *bytes, size_t size);
void peer_pin(int core);
/* 69: not on this machine, or not carried. 70: it should have worked. */
__attribute__((noreturn, format(printf, 1, 2))) void peer_unavailable(const char *format, ...);
__attribute__((noreturn, format(printf, 1, 2))) void peer_broken(const char *format, ...);

/* What a client of `count` calls that come back wrong says. */
static inline void peer_expect(bool right, const char *what)
{
    if (__builtin_expect(!right, 0))
        peer_broken("%s", what);
}

#ifdef __cplusplus
}
#endif

#endif
