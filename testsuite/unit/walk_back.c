/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What comes back: changed bytes only, pointers that were moved along, results and their lifetimes, kept memory. */
#define INTERFACE                                                                                              \
    struct stream {                                                                                            \
        const char *far_in __sized_by_or_null(avail_in) next_in;                                               \
        unsigned avail_in;                                                                                     \
        char *far_inout __sized_by_or_null(avail_out) next_out;                                                \
        unsigned avail_out;                                                                                    \
        char *far_out __null_terminated far_nullable far_lifetime(service) msg;                                \
        void *far_withheld allocate;                                                                           \
        struct secret *far_withheld state;                                                                     \
    };                                                                                                         \
    struct db;                                                                                                 \
    far_op int stream_open(struct stream *far_inout far_lifetime(released) s);                                 \
    far_op int stream_run(struct stream *far_inout s);                                                         \
    far_op int stream_end(struct stream *far_inout far_release s);                                             \
    far_op int change(char *far_inout __sized_by(n) bytes, size_t n);                                          \
    far_op int fill(char *far_out __null_terminated __sized_by(room) to, size_t room);                         \
    far_op const char *__null_terminated far_lifetime(service) version(int which);                             \
    far_op const char *__null_terminated far_nullable far_lifetime(call) error(void);                          \
    far_op char *__null_terminated far_lifetime(to) again(char *far_inout __null_terminated __sized_by(8) to); \
    far_op int parse(const char *__null_terminated __sized_by(n) text, long n,                                 \
                     const char *__null_terminated far_lifetime(text) * far_out tail);                         \
    far_op int message(char *__null_terminated far_nullable far_lifetime(released) * far_out text);            \
    far_op void forget(void *far_release memory);                                                              \
    struct pairs {                                                                                             \
        char *__null_terminated one, *__null_terminated two;                                                   \
    };                                                                                                         \
    far_op struct pairs *far_lifetime(released) both(void);                                                    \
    far_op void *__sized_by(*n) far_lifetime(call) dump(size_t *far_out n);                                    \
    far_op struct db *far_handle open_db(int *far_out __counted_by(n) list, int n);

#include "testsuite/unit/make_walk.h"

INTERFACE

static struct stream *where;
static int counted;

static uint64_t open_stream(struct pair *pair, uint64_t *word)
{
    where = AT(struct stream, word[0]);
    CHECK(!where->allocate && !where->state && !where->msg && pair->callee.object[0].kept == 1);
    where->allocate = &counted;
    where->state = (struct secret *)(void *)&counted;
    return 0;
}

static uint64_t run_stream(struct pair *pair, uint64_t *word)
{
    struct stream *s = AT(struct stream, word[0]);
    static char bad[] = "bad";
    (void)pair;
    CHECK(s == where && s->allocate == &counted && (void *)s->state == &counted);
    CHECK(s->avail_in == 6 && !memcmp(s->next_in, "abcdef", 6));
    CHECK(s->avail_out == 100 && s->next_out[50] == 50);
    memcpy(s->next_out, s->next_in, 6);
    s->next_out += 6;
    s->avail_out -= 6;
    s->next_in += 6;
    s->avail_in = 0;
    s->msg = bad;
    return 1;
}

static uint64_t end_stream(struct pair *pair, uint64_t *word)
{
    (void)pair;
    CHECK(AT(struct stream, word[0]) == where);
    return 2;
}

static void check_stream(struct pair *pair)
{
    char in[] = "abcdefgh", out[100];
    struct stream s = {.allocate = in, .state = (struct secret *)(void *)out}, before = s;
    uint64_t result = 9;
    for (int i = 0; i < 100; i++)
        out[i] = (char)i;
    CHECK(pair_call(pair, "stream_run", run_stream, ARGUMENTS(0), &result) == FAR_CALL_BAD_ARGUMENT);
    CHECK(pair_call(pair, "stream_open", open_stream, ARGUMENTS(ADDRESS(&s)), &result) == FAR_CALL_DONE);
    CHECK(result == 0 && !memcmp(&s, &before, sizeof s));
    s.next_in = in;
    s.avail_in = 6;
    s.next_out = out;
    s.avail_out = 100;
    CHECK(pair_call(pair, "stream_run", run_stream, ARGUMENTS(ADDRESS(&s)), &result) == FAR_CALL_DONE && result == 1);
    CHECK(s.next_in == in + 6 && s.avail_in == 0 && s.next_out == out + 6 && s.avail_out == 94);
    CHECK(!memcmp(out, "abcdef", 6) && out[6] == 6 && out[99] == 99);
    CHECK(s.msg && !strcmp(s.msg, "bad") && s.allocate == in && (void *)s.state == out);
    s.avail_in = 0;
    s.avail_out = 0;
    CHECK(pair_call(pair, "stream_end", end_stream, ARGUMENTS(ADDRESS(&s)), &result) == FAR_CALL_DONE && result == 2);
    CHECK(walk_kept_count(pair->kept[0]) == 0 && walk_kept_count(pair->kept[1]) == 0);
}

static uint64_t do_change(struct pair *pair, uint64_t *word)
{
    (void)pair;
    AT(char, word[0])[3] = 'x';
    AT(char, word[0])[200] = 'y';
    return 0;
}

static char busy[300];
static uint64_t change_while_client_writes(struct pair *pair, uint64_t *word)
{
    busy[4] = 'm'; /* another thread of the caller's */
    return do_change(pair, word);
}

static uint64_t do_fill(struct pair *pair, uint64_t *word)
{
    (void)pair;
    strcpy(AT(char, word[0]), "abc");
    AT(char, word[0])[5] = '!';
    return 3;
}

static uint64_t do_again(struct pair *pair, uint64_t *word)
{
    (void)pair;
    AT(char, word[0])[0] = 'R';
    return word[0] + 2;
}

static void check_memory(struct pair *pair)
{
    uint64_t result = 0;
    memset(busy, 'b', sizeof busy);
    CHECK(pair_call(pair, "change", change_while_client_writes, ARGUMENTS(ADDRESS(busy), 300), &result) ==
          FAR_CALL_DONE);
    CHECK(busy[3] == 'x' && busy[4] == 'm' && busy[200] == 'y' && busy[201] == 'b' && busy[0] == 'b');
    char room[8];
    memset(room, 'r', 8);
    CHECK(pair_call(pair, "fill", do_fill, ARGUMENTS(ADDRESS(room), 8), &result) == FAR_CALL_DONE && result == 3);
    CHECK(!strcmp(room, "abc") && room[4] == 'r' && room[5] == 'r');
    strcpy(room, "rest");
    CHECK(pair_call(pair, "again", do_again, ARGUMENTS(ADDRESS(room)), &result) == FAR_CALL_DONE);
    CHECK(result == ADDRESS(room + 2) && !strcmp(room, "Rest"));
}

static uint64_t do_version(struct pair *pair, uint64_t *word)
{
    (void)pair;
    return ADDRESS(word[0] ? "two" : "one");
}

static uint64_t do_nothing(struct pair *pair, uint64_t *word)
{
    (void)pair;
    (void)word;
    return 0;
}

static char *released;
static uint64_t do_message(struct pair *pair, uint64_t *word)
{
    (void)pair;
    *AT(char *, word[0]) = released = strdup("message");
    return 0;
}

static uint64_t do_forget(struct pair *pair, uint64_t *word)
{
    (void)pair;
    CHECK(word[0] == ADDRESS(released));
    free(released);
    return 0;
}

static uint64_t do_both(struct pair *pair, uint64_t *word)
{
    static char one[] = "one", two[] = "two";
    struct pairs *both = malloc(sizeof *both);
    (void)pair;
    (void)word;
    *both = (struct pairs){one, two};
    released = (char *)both;
    return ADDRESS(both);
}

/* What lies below goes with what is released, and its memory is used again. */
static void check_below(struct pair *pair)
{
    uint64_t first = 0, result;
    for (int i = 0; i < 3; i++) {
        CHECK(pair_call(pair, "both", do_both, NULL, &result) == FAR_CALL_DONE);
        const struct pairs *both = AT(const struct pairs, result);
        CHECK(!strcmp(both->one, "one") && !strcmp(both->two, "two") && (char *)(uintptr_t)both != released);
        uint64_t below = result + ADDRESS(both->one) + ADDRESS(both->two);
        first = first ? first : below;
        CHECK(below == first);
        CHECK(pair_call(pair, "forget", do_forget, ARGUMENTS(result), &result) == FAR_CALL_DONE);
    }
}

static uint64_t do_dump(struct pair *pair, uint64_t *word)
{
    (void)pair;
    *AT(size_t, word[0]) = 5;
    return ADDRESS("12345");
}

static void check_results(struct pair *pair)
{
    uint64_t first = 0, second = 0, third = 0, result;
    size_t n = 99;
    char *text = NULL;
    CHECK(pair_call(pair, "version", do_version, ARGUMENTS(0), &first) == FAR_CALL_DONE);
    CHECK(pair_call(pair, "version", do_version, ARGUMENTS(1), &second) == FAR_CALL_DONE);
    CHECK(pair_call(pair, "version", do_version, ARGUMENTS(0), &third) == FAR_CALL_DONE);
    CHECK(!strcmp(AT(char, first), "one") && !strcmp(AT(char, second), "two") && first == third);
    CHECK(pair_call(pair, "error", do_nothing, ARGUMENTS(0), &result) == FAR_CALL_DONE && result == 0);
    CHECK(pair_call(pair, "dump", do_dump, ARGUMENTS(ADDRESS(&n)), &result) == FAR_CALL_DONE);
    CHECK(n == 5 && !memcmp(AT(char, result), "12345", 5));
    CHECK(pair_call(pair, "message", do_message, ARGUMENTS(ADDRESS(&text)), &result) == FAR_CALL_DONE);
    CHECK(text && text != released && !strcmp(text, "message"));
    CHECK(pair_call(pair, "forget", do_forget, ARGUMENTS(ADDRESS(text)), &result) == FAR_CALL_DONE);
    CHECK(walk_store_token(pair->results.store, ADDRESS(text)) == 0);
}

/* What a callee writes is believed in nothing but contents. */
static void check_lies(struct pair *pair)
{
    char in[8] = "abcdef", out[100] = {0};
    struct stream s = {.next_in = in, .avail_in = 6, .next_out = out, .avail_out = 100};
    const uint64_t lies[] = {far_reference(FAR_REFERENCE_SEEN, 77, 0),
                             far_reference(FAR_REFERENCE_SEEN, 1, 7),
                             far_reference(FAR_REFERENCE_SEEN, 0, 0),
                             far_reference(FAR_REFERENCE_NEW, 9, 4),
                             far_reference(FAR_REFERENCE_NEW, 3, UINT32_MAX),
                             far_reference_address(0x1000),
                             far_reference(FAR_REFERENCE_KEPT, 5, 0),
                             UINT64_MAX,
                             1};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        CHECK(pair_send(pair, "stream_run", ARGUMENTS(ADDRESS(&s))) == FAR_CALL_DONE);
        memset(pair->area + pair->caller.object[0].changes, 0, sizeof s / 8);
        pair->area[pair->caller.object[0].changes] = (char)0xff; /* next_in */
        walk_store(pair->area + pair->caller.object[0].offset, lies[i]);
        pair->caller.capacity = AREA_SIZE;
        CHECK(walk_accept(&pair->caller, pair->area, 0) == FAR_CALL_STATUS_COUNT);
        CHECK(s.next_in == in);
    }
}

/* A pointer that was moved promises what the interface says is behind it. */
static void check_promises(struct pair *pair)
{
    char in[8] = "abcdef", out[100] = {0}, room[8];
    struct stream s = {.next_in = in, .avail_in = 6, .next_out = out, .avail_out = 100};
    for (unsigned more = 0; more < 2; more++) {
        s.next_in = in;
        CHECK(pair_send(pair, "stream_run", ARGUMENTS(ADDRESS(&s))) == FAR_CALL_DONE);
        char *bits = pair->area + pair->caller.object[0].changes, *now = pair->area + pair->caller.object[0].offset;
        memset(bits, 0, sizeof s / 8);
        bits[0] = (char)0xff; /* next_in */
        bits[1] = 1;          /* avail_in */
        walk_store(now, far_reference(FAR_REFERENCE_SEEN, 1, 2));
        now[8] = (char)(4 + more);
        pair->caller.capacity = AREA_SIZE;
        CHECK(walk_accept(&pair->caller, pair->area, 0) == (more ? FAR_CALL_STATUS_COUNT : FAR_CALL_DONE));
        s.avail_in = 6;
    }
    for (unsigned ends = 0; ends < 2; ends++) {
        strcpy(room, "rest");
        CHECK(pair_send(pair, "again", ARGUMENTS(ADDRESS(room))) == FAR_CALL_DONE);
        memset(pair->area + pair->caller.object[0].offset, 'x', 8);
        pair->area[pair->caller.object[0].offset + 7] = ends ? 0 : 'x';
        pair->area[pair->caller.object[0].changes] = (char)0xff;
        pair->caller.capacity = AREA_SIZE;
        CHECK(walk_accept(&pair->caller, pair->area, far_reference(FAR_REFERENCE_SEEN, 0, 3)) ==
              (ends ? FAR_CALL_DONE : FAR_CALL_STATUS_COUNT));
    }
}

/* As sqlite3_prepare_v2() does with a text whose length is said: the tail begins where the text ends. */
static void check_tail(struct pair *pair)
{
    const char text[6] = {'a', 'b', 'c', 'd', 'e', 'f'}, *tail = NULL;
    for (long n = 3; n <= 6; n += 3) {
        CHECK(pair_send(pair, "parse", ARGUMENTS(ADDRESS(text), (uint64_t)n, ADDRESS(&tail))) == FAR_CALL_DONE);
        walk_store(pair->area + pair->caller.object[1].offset, far_reference(FAR_REFERENCE_SEEN, 0, 3));
        pair->caller.capacity = AREA_SIZE;
        CHECK(walk_accept(&pair->caller, pair->area, 0) == FAR_CALL_DONE && tail == text + 3);
    }
}

static uint64_t read_to_its_size(struct pair *pair, uint64_t *word)
{
    const char *text = AT(const char, word[0]);
    (void)pair;
    CHECK(strcmp(text, "ab") == 0);
    for (uint64_t i = 2; i < word[1] && i <= FAR_STRING_LIMIT; i++)
        CHECK(text[i] == 0);
    *AT(const char *, word[2]) = text;
    return 0;
}

/* A text that ends before its size: who reads on as far as it was told finds zeros, up to what is carried. */
static void check_long_sizes(struct pair *pair)
{
    const char text[] = "ab", *tail;
    static const struct {
        uint64_t size;
        unsigned status;
    } size[] = {{3, FAR_CALL_DONE},
                {5000, FAR_CALL_DONE},
                {FAR_STRING_LIMIT, FAR_CALL_DONE},
                {FAR_STRING_LIMIT + 1, FAR_CALL_TOO_MUCH},
                {INT32_MAX, FAR_CALL_BAD_SIZE}};
    uint64_t result;
    for (unsigned i = 0; i < sizeof size / sizeof *size; i++)
        CHECK(pair_call(pair, "parse", read_to_its_size, ARGUMENTS(ADDRESS(text), size[i].size, ADDRESS(&tail)),
                        &result) == size[i].status);
    /* A caller that does not look. */
    CHECK(pair_send(pair, "parse", ARGUMENTS(ADDRESS(text), 100, ADDRESS(&tail))) == FAR_CALL_DONE);
    pair->callee.line[1] = FAR_STRING_LIMIT + 1;
    CHECK(walk_receive(&pair->callee, pair->area) == FAR_CALL_TOO_MUCH);
    walk_end(&pair->callee, false);
}

int main(void)
{
    static struct pair pair;
    pair_open(&pair, walk_text);
    check_stream(&pair);
    check_memory(&pair);
    check_results(&pair);
    check_below(&pair);
    check_lies(&pair);
    check_promises(&pair);
    check_tail(&pair);
    check_long_sizes(&pair);
    pair_close(&pair);
    return check_result();
}
