/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Memory that the caller has granted: it crosses as its address where the interface says so and both sides agree, moved along too;
 * never for writing where it is granted for reading, nor what a size is read from, nor what is not aligned.
 */
#define INTERFACE                                                                                                \
    struct node {                                                                                                \
        struct node *next;                                                                                       \
        int value;                                                                                               \
    };                                                                                                           \
    struct stream {                                                                                              \
        const char *__sized_by(in) far_granted next_in;                                                          \
        size_t in;                                                                                               \
        char *far_out __sized_by(out) far_granted next_out;                                                      \
        size_t out;                                                                                              \
    };                                                                                                           \
    far_op int pump(struct stream *far_inout stream);                                                            \
    far_op int numbers(const int *__counted_by(n) far_granted list, size_t n);                                   \
    far_op int copied(const char *__sized_by(n) bytes, size_t n);                                                \
    far_op int room(char *far_out __sized_by(*n) far_granted to, size_t *far_inout far_granted n);               \
    far_op int reads(const struct node *far_global far_granted node, const struct node *far_in far_deep walked); \
    far_op int writes(struct node *far_global far_granted node);

#include "testsuite/unit/make_walk.h"

INTERFACE

#define REGION 256
static struct {
    char bytes[REGION];
    char behind[8];
} region __attribute__((aligned(16)));
static bool caller_writes, callee_writes; /* is it granted for that? As each side sees it */

static bool inside(uint64_t address, uint64_t bytes)
{
    return address >= ADDRESS(region.bytes) && bytes <= REGION && address - ADDRESS(region.bytes) <= REGION - bytes;
}

static bool at_caller(void *context, uint64_t address, uint64_t bytes, bool written)
{
    (void)context;
    (void)bytes;
    return inside(address, 1) && (!written || caller_writes);
}

static bool at_callee(void *context, uint64_t address, uint64_t bytes, bool written)
{
    (void)context;
    return inside(address, bytes) && (!written || callee_writes);
}

/* Nothing is shared otherwise. */
static bool shares(void *context, uint64_t address, uint64_t bytes)
{
    (void)context;
    (void)address;
    (void)bytes;
    return false;
}

static uint64_t run_pump(struct pair *pair, uint64_t *word)
{
    struct stream *stream = AT(struct stream, word[0]);
    uint64_t seen = inside(ADDRESS(stream->next_in), stream->in) + 2 * inside(ADDRESS(stream->next_out), stream->out);
    (void)pair;
    memcpy(stream->next_out, stream->next_in, stream->in);
    stream->next_in += stream->in;
    stream->next_out += stream->out;
    stream->in = stream->out = 0;
    return seen;
}

/* The second half is where the region ends. */
static uint64_t pump_through(struct pair *pair, char *from, char *to)
{
    uint64_t result = 9;
    struct stream stream = {from, REGION / 2, to, REGION / 2};
    memset(from, 'x', REGION / 2);
    memset(to, 'y', REGION / 2);
    CHECK(pair_call(pair, "pump", run_pump, ARGUMENTS(ADDRESS(&stream)), &result) == FAR_CALL_DONE);
    CHECK(stream.next_in == from + REGION / 2 && stream.next_out == to + REGION / 2);
    CHECK(stream.in == 0 && memcmp(from, to, REGION / 2) == 0 && region.behind[0] == 0);
    return result;
}

static void check_members(struct pair *pair)
{
    static char elsewhere[REGION / 2];
    char *half = region.bytes + REGION / 2;
    caller_writes = callee_writes = true;
    CHECK(pump_through(pair, region.bytes, half) == 3 && pump_through(pair, half, region.bytes) == 3);
    CHECK(pump_through(pair, elsewhere, half) == 2 && pump_through(pair, half, elsewhere) == 1);
    caller_writes = callee_writes = false;
    CHECK(pump_through(pair, region.bytes, half) == 1);
    caller_writes = true; /* it was taken back meanwhile, or the caller lies */
    struct stream stream = {region.bytes, 8, half, 8};
    CHECK(pair_send(pair, "pump", ARGUMENTS(ADDRESS(&stream))) == FAR_CALL_DONE);
    CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_NOT_SHARED);
    walk_end(&pair->callee, false);
}

static uint64_t where(struct pair *pair, uint64_t *word)
{
    (void)pair;
    return word[0];
}

static uint64_t sent_to(struct pair *pair, const char *name, uint64_t address, uint64_t count)
{
    uint64_t result = 0;
    CHECK(pair_call(pair, name, where, ARGUMENTS(address, count), &result) == FAR_CALL_DONE);
    return result;
}

static void check_parameters(struct pair *pair)
{
    uint64_t place = ADDRESS(region.bytes + 8);
    CHECK(sent_to(pair, "numbers", place, 4) == place);
    CHECK(sent_to(pair, "numbers", place + 1, 4) != place + 1); /* not where an int may lie */
    CHECK(sent_to(pair, "copied", place, 4) != place);
    CHECK(pair_send(pair, "numbers", ARGUMENTS(place, 4)) == FAR_CALL_DONE);
    pair->callee.line[1] = REGION / 4 - 1; /* more than there is behind it */
    CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_NOT_SHARED);
    walk_end(&pair->callee, false);
    CHECK(pair_send(pair, "numbers", ARGUMENTS(place, 4)) == FAR_CALL_DONE);
    pair->callee.line[0] = far_reference_address(place + 1);
    CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_NOT_SHARED);
    walk_end(&pair->callee, false);
}

static uint64_t fill_room(struct pair *pair, uint64_t *word)
{
    (void)pair;
    CHECK(*AT(size_t, word[1]) == 16 && word[1] != ADDRESS(region.bytes));
    memset(AT(char, word[0]), 7, 16);
    *AT(size_t, word[1]) = 3;
    return word[0];
}

/* The number must be the one that both sides have used, whoever else writes there. */
static void check_measured(struct pair *pair)
{
    uint64_t result = 0;
    size_t *n = (size_t *)region.bytes;
    char *to = region.bytes + 16;
    caller_writes = callee_writes = true;
    *n = 16;
    CHECK(pair_call(pair, "room", fill_room, ARGUMENTS(ADDRESS(to), ADDRESS(n)), &result) == FAR_CALL_DONE);
    CHECK(result == ADDRESS(to) && *n == 3 && to[15] == 7 && to[16] != 7);
    *n = 16;
    CHECK(pair_send(pair, "room", ARGUMENTS(ADDRESS(to), ADDRESS(n))) == FAR_CALL_DONE);
    pair->callee.line[1] = far_reference_address(ADDRESS(n));
    CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_NOT_SHARED);
    walk_end(&pair->callee, false);
}

static void check_global(struct pair *pair)
{
    uint64_t result = 0, node = ADDRESS(region.bytes), last = ADDRESS(region.bytes + REGION - sizeof(struct node));
    struct node walked = {NULL, 1};
    caller_writes = callee_writes = false;
    CHECK(pair_call(pair, "reads", where, ARGUMENTS(last, ADDRESS(&walked)), &result) == FAR_CALL_DONE &&
          result == last);
    CHECK(pair_call(pair, "reads", where, ARGUMENTS(last + 8, ADDRESS(&walked)), &result) == FAR_CALL_BAD_ARGUMENT);
    CHECK(pair_call(pair, "reads", where, ARGUMENTS(node + 1, ADDRESS(&walked)), &result) == FAR_CALL_BAD_ARGUMENT);
    CHECK(pair_call(pair, "writes", where, ARGUMENTS(node), &result) == FAR_CALL_BAD_ARGUMENT);
    callee_writes = true;
    CHECK(pair_call(pair, "writes", where, ARGUMENTS(node), &result) == FAR_CALL_DONE && result == node);
}

int main(void)
{
    static struct pair pair;
    pair_open(&pair, walk_text);
    pair.caller_hooks = (struct walk_hooks){.shares = shares, .granted = at_caller};
    pair.callee_hooks = (struct walk_hooks){.shares = shares, .granted = at_callee};
    check_members(&pair);
    check_parameters(&pair);
    check_measured(&pair);
    check_global(&pair);
    pair_close(&pair);
    return check_result();
}
