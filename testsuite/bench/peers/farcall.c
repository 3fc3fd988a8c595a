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
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CELLS 100000
#define PAGE  4096u

#ifdef PLAIN_LIBRARY
#define NAME  "library"
#define KINDS "null in inout clients held-in held-inout held-null list walk parts follow"
static bool call_in_batches(const struct peer_run *run, unsigned char *bytes, uint32_t count)
{
    (void)run;
    (void)bytes;
    (void)count;
    return false;
}
static void *shared_memory(size_t size)
{
    return malloc(size);
}
static void check_stub(void) {}
#else
#include "crossing_promises.h"
#include <farcall/farcall.h>
#define NAME  "farcall"
#define KINDS "null in inout clients held-in held-inout held-null list walk parts follow batch batch-in"
#define BATCH 64

static void call_batch(bool with_bytes, unsigned char *bytes, size_t size, uint32_t count)
{
    far_promise *promise[BATCH];
    int result = 0, wanted = with_bytes ? 2 : 0;
    far_batch_begin(0);
    for (uint32_t i = 0; i < count; i++)
        promise[i] = with_bytes ? crossing_in_async(bytes, size) : crossing_null_async();
    far_batch_run();
    for (uint32_t i = 0; i < count; i++)
        peer_expect(far_claim(promise[i], &result) == 0 && result == wanted, "a call in a batch failed");
}

static bool call_in_batches(const struct peer_run *run, unsigned char *bytes, uint32_t count)
{
    bool with_bytes = peer_is(run, "batch-in");
    if (!with_bytes && !peer_is(run, "batch"))
        return false;
    for (; count; count -= count < BATCH ? count : BATCH)
        call_batch(with_bytes, bytes, run->amount, count < BATCH ? count : BATCH);
    return true;
}

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

/* Every second page of some memory, each with bytes that differ from call to call. */
struct scattered {
    struct part *part;
    uint32_t count;
    unsigned char turn;
};

static void *scatter(uint32_t count)
{
    static struct scattered scattered;
    unsigned char *memory = shared_memory((2 * (size_t)count + 1) * PAGE);
    scattered = (struct scattered){.part = shared_memory(count * sizeof *scattered.part), .count = count};
    if (!memory || !scattered.part)
        peer_broken("no memory to be scattered: %s", strerror(errno));
    memory += -(uintptr_t)memory % PAGE;
    for (uint32_t i = 0; i < count; i++)
        scattered.part[i] = (struct part){PAGE, memory + 2 * (size_t)i * PAGE};
    return &scattered;
}

static void change_pages(struct scattered *scattered)
{
    scattered->turn++;
    for (uint32_t i = 0; i < scattered->count; i++) {
        struct page *page = (struct page *)(void *)scattered->part[i].bytes;
        bool last = i + 1 == scattered->count;
        memset(page, scattered->turn, PAGE);
        *page = (struct page){last ? NULL : (struct page *)(void *)scattered->part[i + 1].bytes, i};
    }
}

static void call_scattered(struct scattered *scattered, bool follow, uint32_t count)
{
    long right = scattered->count * (scattered->count - 1L) / 2;
    for (uint32_t i = 0; i < count; i++) {
        change_pages(scattered);
        long sum = follow ? held_follow(scattered->part[0].bytes) : held_parts(scattered->part, (int)scattered->count);
        peer_expect(sum == right, "a call failed");
    }
}

static void *connect(const struct peer_run *run)
{
    check_stub();
    if (peer_is(run, "parts") || peer_is(run, "follow"))
        return scatter(run->amount);
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
    if (call_in_batches(run, bytes, count))
        return;
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
    else if (peer_is(run, "parts") || peer_is(run, "follow"))
        call_scattered(connection, peer_is(run, "follow"), count);
    else if (peer_is(run, "list"))
        REPEAT(held_list(connection), 0)
    else
        REPEAT(held_walk(connection), (CELLS - 1L) * CELLS / 2)
}

int main(int argc, char **argv)
{
    const struct peer peer = {NAME, KINDS, NULL, connect, call, 0};
    return peer_main(argc, argv, &peer);
}
