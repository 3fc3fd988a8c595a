/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a callee is handed over with a lifetime, as functions of a client's are: it stays in its results, under the name that
 * the caller gives. And a caller that lies about names, sizes and what follows.
 */
#define INTERFACE                                                                                             \
    struct leaf {                                                                                             \
        const char *__null_terminated name;                                                                   \
    };                                                                                                        \
    struct tree {                                                                                             \
        int count;                                                                                            \
        struct leaf *__counted_by_or_null(count) leaves;                                                      \
        const char *__null_terminated far_in far_nullable far_lifetime(released) note;                        \
    };                                                                                                        \
    struct box;                                                                                               \
    far_op void take(struct tree *far_in far_lifetime(released) tree, int last);                              \
    far_op void change(struct tree *far_inout far_lifetime(released) tree);                                   \
    far_op void pair_of(struct tree *far_in far_lifetime(released) one,                                       \
                        struct tree *far_in far_nullable far_lifetime(released) other);                       \
    far_op void tied(struct box *far_handle box, const char *__null_terminated far_in far_lifetime(box) text, \
                     char *far_in __sized_by(n) far_lifetime(released) bytes, unsigned long n,                \
                     const char *__null_terminated far_in far_lifetime(bytes) with_bytes);                    \
    far_op void named(const char *__null_terminated far_in far_lifetime(service) name);                       \
    far_op void forget(void *far_release memory);                                                             \
    far_op void close_box(struct box *far_release box);

#include "testsuite/unit/make_walk.h"

INTERFACE

/* Names that were given, the newest last. */
static uint64_t given[16];
static unsigned given_count;

static unsigned give(void *context, const struct far_value *value, uint64_t name)
{
    (void)context;
    (void)value;
    if (given_count == sizeof given / sizeof *given)
        return FAR_CALL_NO_MEMORY;
    given[given_count++] = name;
    return FAR_CALL_DONE;
}

/* Up to where the callee would run. The service calls: its results are the other side's. */
static unsigned hand_over(struct pair *pair, const char *name, const uint64_t *arguments)
{
    pair->caller_hooks.handle_give = give;
    pair_begin(pair, name, arguments);
    pair->caller.results = NULL;
    pair->caller.kept = pair->callee.kept = NULL;
    pair->caller.hands_over = pair->callee.hands_over = true;
    pair->callee.results = &pair->results;
    return pair_send_begun(pair);
}

static unsigned receive(struct pair *pair)
{
    unsigned status = walk_receive(&pair->callee, pair->area);
    if (status)
        walk_end(&pair->callee, false);
    return status;
}

/* It has run, and has answered nothing. */
static void end(struct pair *pair)
{
    uint64_t word;
    pair->callee.result = 0;
    CHECK(walk_reply(&pair->callee, pair->area, &word) == FAR_CALL_DONE);
    walk_end(&pair->callee, true);
    pair->caller.capacity = AREA_SIZE;
    CHECK(walk_accept(&pair->caller, pair->area, word) == FAR_CALL_DONE);
}

static uint64_t released_name;

static uint64_t do_release(struct pair *pair, uint64_t *word)
{
    (void)pair;
    released_name = word[0];
    return 0;
}

/* As the client releases it: the name that crosses. */
static uint64_t release(struct pair *pair, const char *operation, const void *memory)
{
    uint64_t result;
    released_name = 0;
    pair->caller_hooks.handle_give = NULL;
    CHECK(pair_call(pair, operation, do_release, ARGUMENTS(ADDRESS(memory)), &result) == FAR_CALL_DONE);
    return released_name;
}

static bool is_named(const struct pair *pair, const void *memory, const void *name)
{
    return walk_store_token(pair->results.store, ADDRESS(memory)) == ADDRESS(name);
}

static char one[] = "one", two[] = "two", note[] = "note";
static struct leaf leaves[2] = {{one}, {two}};
static struct tree tree = {2, leaves, NULL}, other = {1, leaves, NULL};

static const struct tree *taken(struct pair *pair, struct tree *from)
{
    CHECK(hand_over(pair, "take", ARGUMENTS(ADDRESS(from), 7)) == FAR_CALL_DONE && receive(pair) == FAR_CALL_DONE);
    CHECK(pair->callee.word[1] == 7);
    const struct tree *here = AT(const struct tree, pair->callee.word[0]);
    end(pair);
    walk_memory_reset(&pair->memory[1]); /* the call's own memory is gone */
    return here;
}

static bool is_whole(const struct tree *here, int count)
{
    return here->count == count && here->leaves != leaves && !strcmp(here->leaves[0].name, "one") &&
           here->leaves[0].name != one && (count < 2 || !strcmp(here->leaves[1].name, "two"));
}

static void check_stays(struct pair *pair)
{
    given_count = 0;
    const struct tree *first = taken(pair, &tree), *second = taken(pair, &other);
    CHECK(given_count == 2 && given[0] == ADDRESS(&tree) && given[1] == ADDRESS(&other));
    CHECK(is_whole(first, 2) && is_whole(second, 1) && is_named(pair, first, &tree));
    CHECK(release(pair, "forget", first) == ADDRESS(&tree));
    CHECK(is_named(pair, first, NULL) && is_whole(second, 1) && is_named(pair, second, &other));
    CHECK(release(pair, "forget", second) == ADDRESS(&other));
    const struct tree *again = taken(pair, &other);
    CHECK(is_whole(again, 1));
    CHECK(release(pair, "forget", again) == ADDRESS(&other));
}

/* One name for two: each is released by itself, and what lies below goes with that alone. */
static void check_same_name(struct pair *pair)
{
    const struct tree *first = taken(pair, &tree), *second = taken(pair, &tree);
    CHECK(first != second && is_named(pair, first, &tree) && is_named(pair, second, &tree));
    CHECK(release(pair, "forget", first) == ADDRESS(&tree));
    const struct tree *third = taken(pair, &other);
    CHECK(is_whole(second, 2) && is_whole(third, 1));
    CHECK(release(pair, "forget", second) == ADDRESS(&tree) && is_whole(third, 1));
    CHECK(release(pair, "forget", third) == ADDRESS(&other));
}

/* A member with a name of its own stays when what it was reached by goes. */
static void check_member(struct pair *pair)
{
    given_count = 0;
    tree.note = note;
    const struct tree *here = taken(pair, &tree);
    const char *text = here->note;
    tree.note = NULL;
    CHECK(given_count == 2 && given[1] == ADDRESS(note) && !strcmp(text, "note"));
    CHECK(release(pair, "forget", here) == ADDRESS(&tree) && !strcmp(text, "note"));
    CHECK(release(pair, "forget", text) == ADDRESS(note));
}

static void check_changes(struct pair *pair)
{
    CHECK(hand_over(pair, "change", ARGUMENTS(ADDRESS(&tree))) == FAR_CALL_DONE && receive(pair) == FAR_CALL_DONE);
    struct tree *here = AT(struct tree, pair->callee.word[0]);
    here->count = 1;
    end(pair);
    CHECK(tree.count == 1 && tree.leaves == leaves);
    tree.count = 2;
    CHECK(release(pair, "forget", here) == ADDRESS(&tree));
}

static void check_other_lives(struct pair *pair)
{
    static char bytes[] = {1, 2, 3};
    struct box *box = AT(struct box, 0x77777);
    const char *text[2], *with_bytes[2], *name[2], *plain[2];
    for (int i = 0; i < 2; i++) {
        CHECK(hand_over(pair, "tied", ARGUMENTS(ADDRESS(box), ADDRESS(one), ADDRESS(bytes), 3, ADDRESS(two))) ==
              FAR_CALL_DONE);
        CHECK(receive(pair) == FAR_CALL_DONE);
        text[i] = AT(const char, pair->callee.word[1]);
        plain[i] = AT(const char, pair->callee.word[2]);
        with_bytes[i] = AT(const char, pair->callee.word[4]);
        end(pair);
        CHECK(hand_over(pair, "named", ARGUMENTS(ADDRESS(note))) == FAR_CALL_DONE && receive(pair) == FAR_CALL_DONE);
        name[i] = AT(const char, pair->callee.word[0]);
        end(pair);
        walk_memory_reset(&pair->memory[1]);
    }
    CHECK(text[0] == text[1] && name[0] == name[1] && plain[0] != plain[1] && with_bytes[0] != with_bytes[1]);
    CHECK(!strcmp(text[0], "one") && !strcmp(name[0], "note") && !memcmp(plain[1], bytes, 3));
    CHECK(release(pair, "forget", plain[0]) == ADDRESS(bytes) && !strcmp(with_bytes[1], "two"));
    CHECK(release(pair, "close_box", box) == ADDRESS(box) && !strcmp(name[0], "note"));
    CHECK(hand_over(pair, "named", ARGUMENTS(ADDRESS(two))) == FAR_CALL_DONE && receive(pair) == FAR_CALL_DONE);
    CHECK(AT(const char, pair->callee.word[0]) == text[0]); /* that was free */
    end(pair);
    CHECK(release(pair, "forget", plain[1]) == ADDRESS(bytes));
}

/* A handle has been released and given anew, with what lives as long, before the call that released it has come back. */
static void check_given_anew(struct pair *pair)
{
    const struct box *box = AT(const struct box, 0x77777);
    pair->caller_hooks.handle_give = NULL;
    CHECK(pair_send(pair, "close_box", ARGUMENTS(ADDRESS(box))) == FAR_CALL_DONE);
    struct walk closing = pair->caller;
    CHECK(hand_over(pair, "tied", ARGUMENTS(ADDRESS(box), ADDRESS(one), ADDRESS(note), 2, ADDRESS(two))) ==
          FAR_CALL_DONE);
    CHECK(receive(pair) == FAR_CALL_DONE);
    const char *text = AT(const char, pair->callee.word[1]), *bytes = AT(const char, pair->callee.word[2]);
    end(pair);
    walk_settle(&closing);
    CHECK(hand_over(pair, "named", ARGUMENTS(ADDRESS("yet another"))) == FAR_CALL_DONE &&
          receive(pair) == FAR_CALL_DONE);
    CHECK(AT(const char, pair->callee.word[0]) != text && !strcmp(text, "one"));
    end(pair);
    CHECK(release(pair, "close_box", box) == ADDRESS(box) && release(pair, "forget", bytes) == ADDRESS(note));
}

/* A name that is none; and names that lie beyond the area's end, as does what follows them. */
static void check_lies(struct pair *pair)
{
    CHECK(hand_over(pair, "pair_of", ARGUMENTS(ADDRESS(&tree), ADDRESS(&other))) == FAR_CALL_DONE);
    uint64_t end = pair->caller.end;
    CHECK(walk_load(pair->area) == ADDRESS(&tree) && walk_load(pair->area + 48) == ADDRESS(&other));
    walk_store(pair->area + 48, 0);
    CHECK(receive(pair) != FAR_CALL_DONE);
    CHECK(is_named(pair, AT(const void, pair->callee.word[0]), NULL)); /* nor does the one before stay */
    for (uint64_t room = 0; room < end; room += 8) {
        CHECK(hand_over(pair, "pair_of", ARGUMENTS(ADDRESS(&tree), ADDRESS(&other))) == FAR_CALL_DONE);
        pair->callee.capacity = room;
        given_count = 0;
        CHECK(receive(pair) != FAR_CALL_DONE);
        CHECK(is_named(pair, AT(const void, pair->callee.word[0]), NULL));
    }
    CHECK(hand_over(pair, "pair_of", ARGUMENTS(ADDRESS(&tree), 0)) == FAR_CALL_DONE && receive(pair) == FAR_CALL_DONE);
    walk_end(&pair->callee, false); /* it could not be called after all */
    CHECK(is_named(pair, AT(const void, pair->callee.word[0]), NULL));
}

/* Nobody may be given more names. */
static void check_refused(struct pair *pair)
{
    given_count = sizeof given / sizeof *given;
    CHECK(hand_over(pair, "take", ARGUMENTS(ADDRESS(&tree), 1)) == FAR_CALL_NO_MEMORY);
    given_count = 0;
}

int main(void)
{
    static struct pair pair;
    pair_open(&pair, walk_text);
    check_stays(&pair);
    given_count = 0;
    check_same_name(&pair);
    check_member(&pair);
    given_count = 0;
    check_changes(&pair);
    check_other_lives(&pair);
    check_given_anew(&pair);
    given_count = 0;
    check_lies(&pair);
    check_refused(&pair);
    pair_close(&pair);
    return check_result();
}
