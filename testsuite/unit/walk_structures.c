/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Structures with pointers in them, arrays of them, strings, unions, nested and flexible ones: what arrives. */
#define INTERFACE                                                                           \
    struct part {                                                                           \
        size_t size;                                                                        \
        void *__sized_by(size) bytes;                                                       \
    };                                                                                      \
    struct request {                                                                        \
        const char *__null_terminated name;                                                 \
        struct part parts[2];                                                               \
        struct part *__counted_by(more_count) more;                                         \
        int more_count;                                                                     \
        void *far_opaque user;                                                              \
        char tail;                                                                          \
    };                                                                                      \
    struct packet {                                                                         \
        size_t n;                                                                           \
        int values[] __counted_by(n);                                                       \
    };                                                                                      \
    struct variant {                                                                        \
        int kind;                                                                           \
        size_t size;                                                                        \
        union {                                                                             \
            long far_default number;                                                        \
            char *__null_terminated far_case(1) text;                                       \
            void *__sized_by(size) far_case(2) blob;                                        \
        } far_selected_by(kind) as;                                                         \
    };                                                                                      \
    far_op int submit(const struct request *far_in request);                                \
    far_op int sendp(const struct packet *packet);                                          \
    far_op int names(const char *__null_terminated *far_in __counted_by(n) list, size_t n); \
    far_op int argv(char *__null_terminated *far_in __null_terminated list);                \
    far_op int store(const struct variant *far_in value);                                   \
    far_op int wide(const unsigned short *__null_terminated text);                          \
    far_op int limited(const char *__null_terminated __sized_by(n) text, int n);            \
    far_op int through(const struct variant *far_in v, const void *far_in __sized_by(v->size) bytes);

#include "testsuite/unit/make_walk.h"

INTERFACE

static struct request sent;
static char one[] = "first", two[] = "secondpart";

static uint64_t see_request(struct pair *pair, uint64_t *word)
{
    const struct request *r = AT(const struct request, word[0]);
    CHECK(pair->callee.count == 1 + 1 + 2 + 1 + 2);
    CHECK(r != &sent && strcmp(r->name, "name") == 0 && r->name != sent.name);
    CHECK(r->parts[0].size == 5 && memcmp(r->parts[0].bytes, "first", 5) == 0 && r->parts[0].bytes != one);
    CHECK(r->parts[1].size == 3 && memcmp(r->parts[1].bytes, "sec", 3) == 0);
    CHECK(r->more_count == 2 && memcmp(r->more[1].bytes, "part", 4) == 0 && r->more[0].size == 0);
    CHECK(r->user == &sent && r->tail == 'x');
    const char *padding = &r->tail + 1;
    for (int i = 0; i < 7; i++)
        CHECK(padding[i] == 0);
    return (uint64_t)-7;
}

static void check_request(struct pair *pair)
{
    struct part more[2] = {{0, one}, {4, two + 6}};
    uint64_t result = 0;
    memset(&sent, 0x5a, sizeof sent);
    sent = (struct request){"name", {{5, one}, {3, two}}, more, 2, &sent, 'x'};
    memset(&sent.tail + 1, 0x5a, 7);
    CHECK(pair_send(pair, "submit", ARGUMENTS(ADDRESS(&sent))) == FAR_CALL_DONE);
    const char *padding = pair->area + pair->caller.object[0].offset + offsetof(struct request, tail) + 1;
    for (int i = 0; i < 7; i++)
        CHECK(padding[i] == 0);
    CHECK(pair_call(pair, "submit", see_request, ARGUMENTS(ADDRESS(&sent)), &result) == FAR_CALL_DONE);
    CHECK(result == (uint64_t)-7);
    /* No address of ours is anywhere in the area, but what is opaque. */
    for (uint64_t at = 0; at + 8 <= pair->caller.end; at += 8)
        CHECK(walk_load(pair->area + at) != ADDRESS(one) && walk_load(pair->area + at) != ADDRESS(two));
    sent.more_count = -1;
    CHECK(pair_call(pair, "submit", see_request, ARGUMENTS(ADDRESS(&sent)), &result) == FAR_CALL_BAD_SIZE);
    sent.more_count = 2;
    sent.name = NULL;
    CHECK(pair_call(pair, "submit", see_request, ARGUMENTS(ADDRESS(&sent)), &result) == FAR_CALL_BAD_ARGUMENT);
    CHECK(pair_call(pair, "submit", see_request, ARGUMENTS(0), &result) == FAR_CALL_BAD_ARGUMENT);
}

static uint64_t see_packet(struct pair *pair, uint64_t *word)
{
    const struct packet *p = AT(const struct packet, word[0]);
    (void)pair;
    CHECK(p->n == 3 && p->values[0] == 10 && p->values[2] == 30);
    return 0;
}

static uint64_t see_names(struct pair *pair, uint64_t *word)
{
    char **list = AT(char *, word[0]);
    (void)pair;
    CHECK(!strcmp(list[0], "a") && !strcmp(list[1], "bc"));
    return 1;
}

static uint64_t see_argv(struct pair *pair, uint64_t *word)
{
    see_names(pair, word);
    CHECK(AT(char *, word[0])[2] == NULL);
    return 2;
}

static uint64_t see_wide(struct pair *pair, uint64_t *word)
{
    const unsigned short *wide = AT(const unsigned short, word[0]);
    (void)pair;
    CHECK(wide[0] == 0x100 && wide[1] == 0x2 && wide[2] == 0);
    return 3;
}

static void check_lists(struct pair *pair)
{
    struct packet *packet = malloc(sizeof *packet + 3 * sizeof(int));
    char *list[] = {(char *)"a", (char *)"bc", NULL};
    unsigned short wide[] = {0x100, 2, 0};
    uint64_t result = 0;
    packet->n = 3;
    for (int i = 0; i < 3; i++)
        packet->values[i] = 10 * (i + 1);
    CHECK(pair_call(pair, "sendp", see_packet, ARGUMENTS(ADDRESS(packet)), &result) == FAR_CALL_DONE);
    packet->n = UINT64_MAX / 2;
    CHECK(pair_call(pair, "sendp", see_packet, ARGUMENTS(ADDRESS(packet)), &result) == FAR_CALL_BAD_SIZE);
    CHECK(pair_call(pair, "names", see_names, ARGUMENTS(ADDRESS(list), 2), &result) == FAR_CALL_DONE && result == 1);
    CHECK(pair_call(pair, "names", see_names, ARGUMENTS(ADDRESS(list), 3), &result) == FAR_CALL_BAD_ARGUMENT);
    /* A caller that sends a text without its end. */
    CHECK(pair_send(pair, "names", ARGUMENTS(ADDRESS(list), 2)) == FAR_CALL_DONE);
    pair->area[pair->caller.object[1].offset + 1] = 'x';
    CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_BAD_STRING);
    walk_end(&pair->callee, false);
    CHECK(pair_call(pair, "argv", see_argv, ARGUMENTS(ADDRESS(list)), &result) == FAR_CALL_DONE && result == 2);
    CHECK(pair_call(pair, "wide", see_wide, ARGUMENTS(ADDRESS(wide)), &result) == FAR_CALL_DONE && result == 3);
    free(packet);
}

static uint64_t see_variant(struct pair *pair, uint64_t *word)
{
    const struct variant *v = AT(const struct variant, word[0]);
    (void)pair;
    if (v->kind == 1)
        CHECK(!strcmp(v->as.text, "text"));
    else if (v->kind == 2)
        CHECK(!memcmp(v->as.blob, "te", 2));
    else
        CHECK(v->as.number == 77);
    return (uint64_t)v->kind;
}

static uint64_t see_through(struct pair *pair, uint64_t *word)
{
    (void)pair;
    CHECK(!memcmp(AT(char, word[1]), "thr", 3));
    return 0;
}

static uint64_t see_limited(struct pair *pair, uint64_t *word)
{
    (void)pair;
    return memcmp(AT(char, word[0]), "limi", 4) ? 0 : pair->callee.object[0].bytes;
}

static void check_unions(struct pair *pair)
{
    uint64_t result = 0;
    struct variant v = {.kind = 1, .as.text = (char *)"text"};
    CHECK(pair_call(pair, "store", see_variant, ARGUMENTS(ADDRESS(&v)), &result) == FAR_CALL_DONE && result == 1);
    v.kind = 2;
    v.size = 2;
    CHECK(pair_call(pair, "store", see_variant, ARGUMENTS(ADDRESS(&v)), &result) == FAR_CALL_DONE && result == 2);
    v = (struct variant){.kind = -3, .size = 3, .as.number = 77};
    CHECK(pair_call(pair, "store", see_variant, ARGUMENTS(ADDRESS(&v)), &result) == FAR_CALL_DONE);
    CHECK(pair_call(pair, "through", see_through, ARGUMENTS(ADDRESS(&v), ADDRESS("through")), &result) ==
          FAR_CALL_DONE);
    char limited[4] = {'l', 'i', 'm', 'i'};
    CHECK(pair_call(pair, "limited", see_limited, ARGUMENTS(ADDRESS(limited), 4), &result) == FAR_CALL_DONE);
    CHECK(result == 4);
    CHECK(pair_call(pair, "limited", see_limited, ARGUMENTS(ADDRESS("limi"), (uint32_t)-1), &result) == FAR_CALL_DONE);
    CHECK(result == 5);
}

int main(void)
{
    static struct pair pair;
    pair_open(&pair, walk_text);
    check_request(&pair);
    check_lists(&pair);
    check_unions(&pair);
    pair_close(&pair);
    return check_result();
}
