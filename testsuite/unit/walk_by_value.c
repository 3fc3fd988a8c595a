/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Values by value are objects: padding does not cross, nothing points to them, and no word of the other side moves them. */
#define INTERFACE                                                           \
    struct label {                                                          \
        const char *__null_terminated text;                                 \
        int n;                                                              \
    };                                                                      \
    struct answer {                                                         \
        int n;                                                              \
        const char *__null_terminated far_nullable far_lifetime(call) text; \
    };                                                                      \
    struct spot {                                                           \
        struct label *far_nullable far_lifetime(call) at;                   \
    };                                                                      \
    far_op struct answer answer(struct label of, int more);                 \
    far_op struct spot place_of(struct label of);                           \
    far_op __int128 twice(__int128 n, struct label name);

#include "testsuite/unit/make_walk.h"

INTERFACE

static char made[] = "made";

static uint64_t do_answer(struct pair *pair, uint64_t *word)
{
    const struct label *of = AT(struct label, word[0]);
    CHECK(!strcmp(of->text, "some") && of->n == 7 && word[1] == 3);
    CHECK(((const char *)of)[12] == 0 && ((const char *)of)[15] == 0);
    *AT(struct answer, pair->callee.by_value) = (struct answer){of->n + 3, made};
    return 0x7777777777777777; /* whatever stands in that register */
}

static void check_answer(struct pair *pair)
{
    struct label of;
    struct answer answer;
    uint64_t result;
    memset(&of, 0xff, sizeof of);
    memset(&answer, 0xff, sizeof answer);
    of.text = "some";
    of.n = 7;
    pair_begin(pair, "answer", ARGUMENTS(ADDRESS(&of), 3));
    pair->caller.by_value = ADDRESS(&answer);
    CHECK(pair_call_begun(pair, do_answer, &result) == FAR_CALL_DONE && result != 0x7777777777777777);
    CHECK(answer.n == 10 && !strcmp(answer.text, "made") && answer.text != made);
    of.text = NULL;
    CHECK(pair_call(pair, "answer", do_answer, ARGUMENTS(ADDRESS(&of), 3), &result) == FAR_CALL_BAD_ARGUMENT);
}

/* A pointer to a parameter by value is one to memory that ends with the call: nothing comes back. */
static uint64_t do_place(struct pair *pair, uint64_t *word)
{
    AT(struct spot, pair->callee.by_value)->at = AT(struct label, word[0]);
    return 0;
}

static uint64_t lies_about_place(struct pair *pair, uint64_t *word)
{
    (void)pair;
    (void)word;
    return 0;
}

static void check_place(struct pair *pair)
{
    struct label of = {"some", 7};
    struct spot place = {&of};
    uint64_t result;
    pair_begin(pair, "place_of", ARGUMENTS(ADDRESS(&of)));
    pair->caller.by_value = ADDRESS(&place);
    CHECK(pair_call_begun(pair, do_place, &result) == FAR_CALL_DONE && !place.at);
    pair_begin(pair, "place_of", ARGUMENTS(ADDRESS(&of)));
    pair->caller.by_value = ADDRESS(&place);
    pair->lie = far_reference(FAR_REFERENCE_SEEN, 0, 0);
    pair->lie_object = 1;
    CHECK(pair_call_begun(pair, lies_about_place, &result) == FAR_CALL_STATUS_COUNT && !place.at);
    pair->lie = 0;
}

static uint64_t do_twice(struct pair *pair, uint64_t *word)
{
    *AT(__int128, pair->callee.by_value) = 2 * *AT(__int128, word[0]);
    return 0;
}

static void check_numbers(struct pair *pair)
{
    struct label name = {"n", 1};
    __int128 n = (__int128)3 << 90, twice = 0;
    uint64_t result;
    pair_begin(pair, "twice", ARGUMENTS(ADDRESS(&n), ADDRESS(&name)));
    pair->caller.by_value = ADDRESS(&twice);
    CHECK(pair_call_begun(pair, do_twice, &result) == FAR_CALL_DONE && twice == 2 * n);
}

/* An area that is too small for what must be in it. */
static void check_room(struct pair *pair)
{
    struct label of = {"some", 7};
    struct answer answer;
    for (uint64_t room = 0; room < 48; room += 8) {
        pair_begin(pair, "answer", ARGUMENTS(ADDRESS(&of), 3));
        pair->caller.by_value = ADDRESS(&answer);
        CHECK(walk_send(&pair->caller) == FAR_CALL_DONE && pair->caller.end == 48);
        walk_put(&pair->caller, pair->area);
        memcpy(pair->callee.line, pair->caller.line, sizeof pair->callee.line);
        pair->callee.capacity = room ? room : 1;
        CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_BAD_SIZE);
        walk_end(&pair->callee, false);
    }
}

int main(void)
{
    struct pair pair;
    pair_open(&pair, walk_text);
    check_answer(&pair);
    check_place(&pair);
    check_numbers(&pair);
    check_room(&pair);
    pair_close(&pair);
    return check_result();
}
