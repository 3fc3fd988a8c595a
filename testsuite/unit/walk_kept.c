/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Memory that is kept: how it begins and ends, when a handle's name is given anew in between, when a call is refused, when it
 * grows; and how a function that it was given with is called with it, honestly and otherwise.
 */
#define INTERFACE                                                                               \
    struct box;                                                                                 \
    struct part {                                                                               \
        int value;                                                                              \
        const char *__null_terminated name;                                                     \
    };                                                                                          \
    far_op void tie(struct part *far_inout far_lifetime(box) part, struct box *far_handle box); \
    far_op int touch(struct part *far_inout part);                                              \
    far_op void close_box(struct box *far_release box);                                         \
    far_op void put(const char *far_in __sized_by(n) far_lifetime(done) bytes, size_t n,        \
                    void (*far_callback far_nullable done)(void *far_opaque bytes),             \
                    const char *__null_terminated note);                                        \
    far_op void call_with(void *far_opaque bytes);

typedef unsigned long size_t;
#include "testsuite/unit/make_walk.h"

#define DONE  0x77000ull /* the function's address */
#define WORD  0x10005ull /* as it crosses */
#define OTHER 0x88000ull

INTERFACE
#undef far_callback

static unsigned out_function(void *context, const struct walk *walk, uint64_t address,
                             const struct far_callback *callback, uint64_t *word)
{
    (void)context;
    (void)walk;
    (void)callback;
    *word = address == DONE ? WORD : WORD + 1;
    return FAR_CALL_DONE;
}

static unsigned in_function(void *context, const struct walk *walk, uint64_t word, const struct far_callback *callback,
                            uint64_t *address)
{
    (void)context;
    (void)walk;
    (void)callback;
    *address = word << 12;
    return FAR_CALL_DONE;
}

static uint64_t seen[2];
static uint64_t do_nothing(struct pair *pair, uint64_t *word)
{
    (void)pair;
    seen[0] = word[0];
    seen[1] = word[1];
    return 1;
}

static uint32_t count_of(const struct pair *pair, int side)
{
    return walk_kept_count(pair->kept[side]);
}

/* --- a handle is released, and its name is given to another object before the one who released it hears of it --- */

static unsigned begin_handle(void *context, const struct far_value *value, uint64_t handle)
{
    (void)context;
    (void)value;
    (void)handle;
    return FAR_CALL_DONE;
}

static void end_handle(void *context, const struct far_value *value, uint64_t handle)
{
    (void)context;
    (void)value;
    (void)handle;
}

static void check_name_given_anew(struct pair *pair)
{
    struct part old = {1, "old"}, new = {2, "new"};
    struct pair other = *pair; /* another thread, the same tables */
    uint64_t result, word;
    pair->callee_hooks.handle_begin = other.callee_hooks.handle_begin = begin_handle;
    pair->callee_hooks.handle_end = other.callee_hooks.handle_end = end_handle;
    memset(other.memory, 0, sizeof other.memory);
    other.area = malloc(AREA_SIZE);
    CHECK(pair_call(pair, "tie", do_nothing, ARGUMENTS(ADDRESS(&old), 55), &result) == FAR_CALL_DONE);
    CHECK(pair_send(pair, "close_box", ARGUMENTS(55)) == FAR_CALL_DONE);
    CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_DONE);
    /* It has run: 55 is free, and somebody else's. */
    CHECK(pair_call(&other, "tie", do_nothing, ARGUMENTS(ADDRESS(&new), 55), &result) == FAR_CALL_DONE);
    CHECK(walk_reply(&pair->callee, pair->area, &word) == FAR_CALL_DONE);
    walk_end(&pair->callee, true);
    pair->caller.capacity = AREA_SIZE;
    CHECK(walk_accept(&pair->caller, pair->area, word) == FAR_CALL_DONE);
    walk_settle(&pair->caller);
    CHECK(count_of(pair, 0) == 1 && count_of(pair, 1) == 1);
    uint64_t tied = seen[0];
    CHECK(pair_call(&other, "touch", do_nothing, ARGUMENTS(ADDRESS(&new)), &result) == FAR_CALL_DONE);
    CHECK(seen[0] == tied);
    CHECK(pair_call(pair, "close_box", do_nothing, ARGUMENTS(55), &result) == FAR_CALL_DONE);
    CHECK(count_of(pair, 0) == 0 && count_of(pair, 1) == 0);
    for (int i = 0; i < 2; i++)
        walk_memory_free(&other.memory[i]);
    free(other.area);
}

/* --- functions that end it --- */

static unsigned put_bytes(struct pair *pair, const char *bytes, size_t n, uint64_t function)
{
    uint64_t result;
    return pair_call(pair, "put", do_nothing, ARGUMENTS(ADDRESS(bytes), n, function, ADDRESS("")), &result);
}

/* The service calls the function `word` with `value`: what the client's function `address` is given. 0: refused. */
static uint64_t called_with(struct pair *pair, uint64_t word, uint64_t address, uint64_t value)
{
    pair_begin(pair, "call_with", ARGUMENTS(value));
    pair->caller.kept = pair->callee.kept = NULL;
    pair->caller.gives_back = pair->kept[1];
    pair->callee.gives_back = pair->kept[0];
    pair->caller.function = word;
    pair->callee.function = address;
    CHECK(pair_send_begun(pair) == FAR_CALL_DONE);
    pair->callee.back = pair->caller.back;
    unsigned status = walk_receive(&pair->callee, pair->area);
    walk_end(&pair->callee, !status);
    return status ? 0 : pair->callee.word[0];
}

static void check_function(struct pair *pair)
{
    static const char bytes[] = "bytes";
    CHECK(put_bytes(pair, bytes, 5, DONE) == FAR_CALL_DONE);
    uint64_t first = seen[0];
    CHECK(put_bytes(pair, bytes, 3, DONE) == FAR_CALL_DONE && seen[0] != first);
    uint64_t second = seen[0];
    CHECK(put_bytes(pair, bytes, 4, OTHER) == FAR_CALL_DONE);
    uint64_t others = seen[0];
    CHECK(count_of(pair, 0) == 3 && count_of(pair, 1) == 3);
    CHECK(called_with(pair, WORD, DONE, 42) == 42 && called_with(pair, WORD, DONE, first + 1) == first + 1);
    CHECK(called_with(pair, WORD, DONE, first) == ADDRESS(bytes));
    CHECK(count_of(pair, 0) == 2 && count_of(pair, 1) == 2 && !strcmp(AT(const char, second), "byt"));
    /* It is another's: an address all the same, and stays. */
    CHECK(called_with(pair, WORD, DONE, others) == ADDRESS(bytes) && count_of(pair, 0) == 2 && count_of(pair, 1) == 2);
    CHECK(called_with(pair, WORD + 1, OTHER, others) == ADDRESS(bytes));
    CHECK(called_with(pair, WORD, DONE, second) == ADDRESS(bytes));
    CHECK(count_of(pair, 0) == 0 && count_of(pair, 1) == 0);
    CHECK(called_with(pair, WORD, DONE, second) == second); /* bits */
}

/* In the very call that it begins with: its number is free at once, though the call goes on. */
static void check_within(struct pair *pair)
{
    static const char bytes[] = "bytes", more[] = "more";
    struct pair outer = *pair;
    memset(outer.memory, 0, sizeof outer.memory);
    outer.area = malloc(AREA_SIZE);
    CHECK(pair_send(&outer, "put", ARGUMENTS(ADDRESS(bytes), 5, DONE, ADDRESS(""))) == FAR_CALL_DONE);
    CHECK(walk_receive(&outer.callee, outer.area) == FAR_CALL_DONE);
    CHECK(called_with(pair, WORD, DONE, outer.callee.word[0]) == ADDRESS(bytes) && count_of(pair, 0) == 0);
    CHECK(!strcmp(AT(const char, outer.callee.word[0]), "bytes"));
    CHECK(put_bytes(pair, more, 4, DONE) == FAR_CALL_DONE && !strcmp(AT(const char, seen[0]), "more"));
    walk_end(&outer.callee, true);
    CHECK(count_of(pair, 1) == 1 && !strcmp(AT(const char, seen[0]), "more"));
    CHECK(called_with(pair, WORD, DONE, seen[0]) == ADDRESS(more) && count_of(pair, 1) == 0);
    for (int i = 0; i < 2; i++)
        walk_memory_free(&outer.memory[i]);
    free(outer.area);
}

/* A service that lies. */
static void check_lies(struct pair *pair)
{
    const uint64_t words[] = {far_reference(FAR_REFERENCE_KEPT, 0, 0),
                              far_reference(FAR_REFERENCE_KEPT, 9, 0),
                              far_reference(FAR_REFERENCE_KEPT, 0xffffff, 0),
                              far_reference(FAR_REFERENCE_NEW, 1, 0),
                              ADDRESS(words),
                              0};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        CHECK(pair_send(pair, "call_with", ARGUMENTS(0)) == FAR_CALL_DONE);
        pair->callee.line[0] = words[i];
        pair->callee.back = 1;
        pair->callee.gives_back = pair->kept[0];
        CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_NOT_KEPT);
        walk_end(&pair->callee, false);
    }
    CHECK(pair_send(pair, "call_with", ARGUMENTS(7)) == FAR_CALL_DONE);
    pair->callee.back = 1;
    CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_NOT_KEPT); /* who keeps nothing */
    walk_end(&pair->callee, false);
}

/* --- calls that do not take place, and memory that begins anew --- */

static void check_refused(struct pair *pair)
{
    static char bytes[] = "bytes";
    CHECK(pair_send(pair, "put", ARGUMENTS(ADDRESS(bytes), 5, DONE, 0)) == FAR_CALL_BAD_ARGUMENT);
    CHECK(count_of(pair, 0) == 0);
    CHECK(pair_send(pair, "put", ARGUMENTS(ADDRESS(bytes), 2ull << 30, DONE, ADDRESS(""))) != FAR_CALL_DONE);
    CHECK(count_of(pair, 0) == 0);
    CHECK(pair_send(pair, "put", ARGUMENTS(ADDRESS(bytes), 5, DONE, ADDRESS(""))) == FAR_CALL_DONE);
    pair->callee.line[3] = 0;
    CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_BAD_ARGUMENT);
    walk_end(&pair->callee, false);
    CHECK(count_of(pair, 1) == 0);
    walk_kept_leave(pair->kept[0], 1);
}

/* Nobody says when it ends, so the service may look at each of them for ever. */
static void check_grows(struct pair *pair)
{
    static char bytes[100000] = "first";
    CHECK(put_bytes(pair, bytes, 6, 0) == FAR_CALL_DONE);
    uint64_t first = seen[0];
    memcpy(bytes, "other", 5);
    CHECK(put_bytes(pair, bytes, 6, 0) == FAR_CALL_DONE && seen[0] == first && !strcmp(AT(const char, first), "other"));
    for (size_t n = 1; n <= sizeof bytes; n += 501)
        CHECK(put_bytes(pair, bytes, n, 0) == FAR_CALL_DONE);
    CHECK(seen[0] != first && !strcmp(AT(const char, first), "other") && count_of(pair, 1) == 1);
    CHECK(put_bytes(pair, bytes, 3, 0) == FAR_CALL_DONE && !strcmp(AT(const char, seen[0]), "oth"));
}

int main(void)
{
    struct pair pair;
    pair_open(&pair, walk_text);
    pair.caller_hooks.out_function = out_function;
    pair.callee_hooks.in_function = in_function;
    check_name_given_anew(&pair);
    check_function(&pair);
    check_within(&pair);
    check_lies(&pair);
    check_refused(&pair);
    check_grows(&pair);
    pair_close(&pair);
    return check_result();
}
