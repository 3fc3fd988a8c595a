/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A `_Bool` in memory is 0 or 1 whatever the other side has written: in structures, arrays, by value, in what comes out; and
 * before anything depends on it. Code that reads another value does what it likes.
 */
#define INTERFACE                                                        \
    struct inner {                                                       \
        _Bool many[3];                                                   \
        char letter;                                                     \
    };                                                                   \
    struct rich {                                                        \
        int n;                                                           \
        _Bool is, more;                                                  \
        struct inner inner[2];                                           \
        const char *__null_terminated far_nullable text;                 \
        union {                                                          \
            long far_default number;                                     \
            const char *__null_terminated far_nullable far_case(1) name; \
        } far_selected_by(is) as;                                        \
    };                                                                   \
    struct row {                                                         \
        unsigned long n;                                                 \
        _Bool set[] __counted_by(n);                                     \
    };                                                                   \
    struct plain {                                                       \
        _Bool a, b;                                                      \
        char c;                                                          \
    };                                                                   \
    far_op int rich(struct rich *far_inout rich);                        \
    far_op int flags(_Bool *far_inout __counted_by(n) flags, int n);     \
    far_op int fill(_Bool *far_out flag, struct plain *far_out plain);   \
    far_op int row(const struct row *far_in row);                        \
    far_op struct plain by_value(struct plain plain);                    \
    far_op struct plain *far_lifetime(service) given(void);              \
    far_op int letters(char *far_inout __counted_by(n) letters, int n);

#include "runtime/lib/plan.h"
#include "testsuite/unit/make_walk.h"

INTERFACE

static unsigned most; /* of what a function saw where a _Bool is */

static void see(const void *memory, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i++)
        most = ((const unsigned char *)memory)[i] > most ? ((const unsigned char *)memory)[i] : most;
}

static void see_inner(const struct inner *inner)
{
    see(inner->many, sizeof inner->many);
    CHECK(inner->letter == 'x');
}

/* A function that has seen what was spoilt, and spoils what goes back. */
static uint64_t do_rich(struct pair *pair, uint64_t *word)
{
    struct rich *rich = AT(struct rich, word[0]);
    (void)pair;
    see(&rich->is, 1);
    see(&rich->more, 1);
    see_inner(&rich->inner[0]);
    see_inner(&rich->inner[1]);
    CHECK(!strcmp(rich->as.name, "a name"));
    memset(&rich->more, 3, 1);
    memset(rich->inner[1].many, 4, 2);
    rich->inner[0].letter = 'y';
    return 1;
}

static void spoil(struct pair *pair, uint64_t at, uint64_t bytes)
{
    memset(pair->area + at, 2, bytes);
}

/* Sent, spoilt on the way, received; then all of the rest. */
static void check_rich(struct pair *pair)
{
    struct rich rich = {.is = 1, .inner = {{.letter = 'x'}, {.letter = 'x'}}, .as.name = "a name"};
    uint64_t word;
    CHECK(pair_send(pair, "rich", ARGUMENTS(ADDRESS(&rich))) == FAR_CALL_DONE);
    spoil(pair, offsetof(struct rich, is), 2);
    spoil(pair, offsetof(struct rich, inner[0].many), 3);
    spoil(pair, offsetof(struct rich, inner[1].many), 3);
    CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_DONE);
    pair->callee.result = do_rich(pair, pair->callee.word);
    CHECK(most == 1);
    CHECK(walk_reply(&pair->callee, pair->area, &word) == FAR_CALL_DONE);
    walk_end(&pair->callee, true);
    pair->caller.capacity = AREA_SIZE;
    CHECK(walk_accept(&pair->caller, pair->area, word) == FAR_CALL_DONE);
    most = 0;
    see(&rich.is, 2);
    see(rich.inner[1].many, 3);
    CHECK(most == 1 && rich.inner[0].letter == 'y' && rich.inner[1].letter == 'x');
}

static uint64_t spoil_flags(struct pair *pair, uint64_t *word)
{
    (void)pair;
    see(AT(char, word[0]), word[1]);
    memset(AT(char, word[0]), 7, word[1] - 1);
    return 1;
}

static uint64_t spoil_both(struct pair *pair, uint64_t *word)
{
    (void)pair;
    memset(AT(char, word[0]), 2, 1);
    memset(AT(char, word[1]), 'z', 3);
    return 1;
}

static uint64_t spoil_value(struct pair *pair, uint64_t *word)
{
    see(AT(char, word[0]), 2);
    memset(AT(char, pair->callee.by_value), 'z', 3);
    return 0;
}

static uint64_t give_spoilt(struct pair *pair, uint64_t *word)
{
    static const unsigned char spoilt[3] = {2, 1, 'z'};
    (void)pair;
    (void)word;
    return ADDRESS(spoilt);
}

static bool is_sound(const struct plain *plain)
{
    unsigned char bytes[3];
    memcpy(bytes, plain, 3);
    return bytes[0] <= 1 && bytes[1] <= 1 && bytes[2] == 'z';
}

static void check_plain(struct pair *pair)
{
    unsigned char flags[90], letters[9] = {0};
    struct plain plain = {0};
    _Bool flag = 0;
    uint64_t result;
    most = 0;
    memset(flags, 2, sizeof flags); /* a client that lies */
    CHECK(pair_call(pair, "flags", spoil_flags, ARGUMENTS(ADDRESS(flags), 90), &result) == FAR_CALL_DONE);
    see(flags, 89);
    CHECK(most == 1);
    CHECK(pair_call(pair, "fill", spoil_both, ARGUMENTS(ADDRESS(&flag), ADDRESS(&plain)), &result) == FAR_CALL_DONE);
    see(&flag, 1);
    CHECK(most == 1 && is_sound(&plain));
    CHECK(pair_call(pair, "given", give_spoilt, ARGUMENTS(0), &result) == FAR_CALL_DONE);
    CHECK(is_sound(AT(struct plain, result)));
    CHECK(pair_call(pair, "letters", spoil_flags, ARGUMENTS(ADDRESS(letters), 9), &result) == FAR_CALL_DONE);
    CHECK(letters[0] == 7);
}

static void check_value(struct pair *pair)
{
    struct plain sent, back;
    uint64_t result;
    memset(&sent, 2, sizeof sent);
    most = 0;
    pair_begin(pair, "by_value", ARGUMENTS(ADDRESS(&sent)));
    pair->caller.by_value = ADDRESS(&back);
    CHECK(pair_call_begun(pair, spoil_value, &result) == FAR_CALL_DONE);
    CHECK(most == 1 && is_sound(&back));
}

static uint64_t see_row(struct pair *pair, uint64_t *word)
{
    const struct row *row = AT(const struct row, word[0]);
    (void)pair;
    see(row->set, row->n);
    return row->n;
}

static void check_row(struct pair *pair)
{
    unsigned long room[3] = {9};
    uint64_t result;
    most = 0;
    memset(room + 1, 2, 9);
    CHECK(pair_call(pair, "row", see_row, ARGUMENTS(ADDRESS(room)), &result) == FAR_CALL_DONE);
    CHECK(most == 1 && result == 9);
}

/* Where nothing is copied by the walk, nothing is looked at. */
static void check_plans(const struct far_iface *iface)
{
    struct far_plans plans = {0};
    CHECK(plans_from_iface(&plans, iface) == 0);
    CHECK(plans.plan[iface_op_by_name(iface, "flags")->slot]->flags & FAR_PLAN_WALK);
    CHECK(plans.plan[iface_op_by_name(iface, "fill")->slot]->flags & FAR_PLAN_WALK);
    CHECK(!(plans.plan[iface_op_by_name(iface, "letters")->slot]->flags & FAR_PLAN_WALK));
    plans_free(&plans);
}

int main(void)
{
    struct pair pair;
    pair_open(&pair, walk_text);
    check_rich(&pair);
    check_plain(&pair);
    check_value(&pair);
    check_row(&pair);
    check_plans(pair.iface);
    pair_close(&pair);
    return check_result();
}
