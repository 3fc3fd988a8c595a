/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * farcall, and an ordinary library: this program is linked against the services' import libraries, or against the
 * same sources as a shared library. Which gate its calls take is a matter of its surroundings (FARCALL_LEVEL, FARCALL_SPIN, …); the cores
 * are the client's alone, the service's host is pinned by whoever starts us.
 */
#include "crossing.h"
#include "held.h"
#include "testsuite/bench/peers/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CELLS 100000

#ifdef PLAIN_LIBRARY
#define NAME "library"
static void *shared_memory(size_t size)
{
    return malloc(size);
}
static void check_stub(void) {}
#else
#include <farcall/farcall.h>
#define NAME "farcall"
static void *shared_memory(size_t size)
{
    if (far_trust("held") != 0)
        peer_unavailable("the service cannot be trusted with memory: %s", strerror(errno));
    return far_alloc(size);
}
/* PEER_STUB=trap or branch: what must be mapped at the operations. */
static void check_stub(void)
{
    const char *wanted = getenv("PEER_STUB");
    const char *kind = far_stub_kind_name(far_stub_kind((const void *)crossing_null));
    if (wanted && strcmp(wanted, kind) != 0)
        peer_unavailable("a call is a %s here, not a %s", kind, wanted);
    if (crossing_null() != 0)
        peer_unavailable("the service does not answer: %s", strerror(errno));
}
#endif

/* In an order that memory does not have: as lists are after a while. */
static struct cell *make_list(void)
{
    struct cell *cells = shared_memory(CELLS * sizeof *cells);
    if (!cells)
        peer_broken("no memory for the list: %s", strerror(errno));
    for (unsigned i = 0; i < CELLS; i++)
        cells[i] = (struct cell){NULL, i};
    for (unsigned i = 0, at = 0; i < CELLS - 1; i++) {
        unsigned next = (at + 61803) % CELLS; /* prime to CELLS, so every cell once */
        cells[at].next = &cells[next];
        at = next;
    }
    return cells;
}

static void *connect(const struct peer_run *run)
{
    check_stub();
    if (peer_is(run, "list") || peer_is(run, "walk"))
        return make_list();
    if (strncmp(run->kind, "held-", 5) != 0)
        return run->bytes;
    unsigned char *bytes = shared_memory(run->amount);
    if (!bytes)
        peer_broken("no memory in a domain segment: %s", strerror(errno));
    return memset(bytes, 1, run->amount);
}

#define REPEAT(call, right)                            \
    for (uint32_t i = 0; i < count; i++) {             \
        long result = call;                            \
        peer_expect(result == right, "a call failed"); \
    }

static void call(void *connection, const struct peer_run *run, uint32_t count)
{
    unsigned char *bytes = connection;
    if (peer_is(run, "null") || peer_is(run, "clients"))
        REPEAT(crossing_null(), 0)
    else if (peer_is(run, "in"))
        REPEAT(crossing_in(bytes, run->amount), 2)
    else if (peer_is(run, "inout"))
        REPEAT(crossing_inout(bytes, run->amount), 0)
    else if (peer_is(run, "held-in"))
        REPEAT(held_in(bytes, run->amount), 2)
    else if (peer_is(run, "held-inout"))
        REPEAT(held_inout(bytes, run->amount), 0)
    else if (peer_is(run, "held-null"))
        REPEAT(held_null(), 0)
    else if (peer_is(run, "list"))
        REPEAT(held_list(connection), 0)
    else
        REPEAT(held_walk(connection), (CELLS - 1L) * CELLS / 2)
}

int main(int argc, char **argv)
{
    const struct peer peer = {NAME, "null in inout clients held-in held-inout held-null list walk", NULL, connect, call,
                              0};
    return peer_main(argc, argv, &peer);
}
