/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* client WHO: what it calls arrives, and comes back, as if it had been called here. */
#include "v.h"

#include <farcall/farcall.h>
#include <stdio.h>
#include <string.h>

#include "v_body.h"

static int wrong;

static void fill(void *value, size_t bytes, int seed)
{
    unsigned char *byte = value;
    for (size_t i = 0; i < bytes; i++)
        byte[i] = (unsigned char)((size_t)seed * 41 + i * 7 + 1);
}

static void compare(const char *name, int which, const void *got, const void *wanted, size_t bytes)
{
    if (memcmp(got, wanted, bytes) == 0)
        return;
    printf("%s, %d: wrong\n", name, which);
    wrong++;
}

/* What means something of so many long doubles. */
#if defined(__x86_64__)
#define LONG_DOUBLE_BYTES 10
#else
#define LONG_DOUBLE_BYTES 16
#endif
static void compare_long(const char *name, int which, const void *got, const void *wanted, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += sizeof(long double))
        compare(name, which, (const char *)got + at, (const char *)wanted + at, LONG_DOUBLE_BYTES);
}

#define BODY(name, type) static V_BODY(here_, name, type)
#define BODY_SIZE(size)  BODY(bytes_##size, struct v_bytes_##size)
V_SIZES(BODY_SIZE)
V_KINDS(BODY)
V_LONG_KINDS(BODY)

#define TRY_BY(compare, name, type)                                                                             \
    static void try_##name(void)                                                                                \
    {                                                                                                           \
        type a, b, c, d;                                                                                        \
        fill(&a, sizeof a, 1), fill(&b, sizeof b, 2), fill(&c, sizeof c, 3), fill(&d, sizeof d, 4);             \
        for (int which = 1; which <= 4; which++) {                                                              \
            type got = v_##name(which, a, 2.5, -3, b, 4000000000000, 5, c, 6.25f, -7, d);                       \
            type wanted = here_##name(which, a, 2.5, -3, b, 4000000000000, 5, c, 6.25f, -7, d);                 \
            compare(#name, which, &got, &wanted, sizeof got);                                                   \
            compare(#name, -which, &got, which == 1 ? &a : which == 2 ? &b : which == 3 ? &c : &d, sizeof got); \
        }                                                                                                       \
    }
#define TRY(name, type)      TRY_BY(compare, name, type)
#define TRY_LONG(name, type) TRY_BY(compare_long, name, type)
#define TRY_SIZE(size)       TRY(bytes_##size, struct v_bytes_##size)
V_SIZES(TRY_SIZE)
V_KINDS(TRY)
V_LONG_KINDS(TRY_LONG)

static void try_all(void)
{
#define CALL(name, type) try_##name();
#define CALL_SIZE(size)  try_bytes_##size();
    V_SIZES(CALL_SIZE)
    V_KINDS(CALL)
    V_LONG_KINDS(CALL)
}

static void with_strings(void)
{
    struct v_names names = {"bb", {{"ccc", 2}, {"dddd", 3}}};
    char bytes[] = "some text";
    printf("lengths %ld\n", v_lengths((struct v_name){"a", 1}, 0.5, names, (struct v_name){"eeeee", 4}));
    int upper = v_upper(2, (struct v_slice){7, bytes});
    printf("upper %d %s\n", upper, bytes);
    struct v_answer one = v_answer(42);
    printf("%s, %ld\n", one.text, one.n);
    struct v_answers two = v_answers("two");
    printf("%ld: %s, %ld, %s, %ld\n", two.n, two.more[0].text, two.more[0].n, two.more[1].text, two.more[1].n);
}

static void with_handles(void)
{
    struct v_thing *thing = v_open(40), *other = v_open(1);
    printf("value %d\n", v_value((struct v_owner){thing, 2}));
    v_close(thing);
    v_close(other);
}

static void with_unions(void)
{
    struct v_variant number = {.kind = 0, .as.number = 7}, text = {.kind = 1, .as.text = "three"};
    printf("variant %ld\n", v_variant(text, number));
}

static struct v_doubles back(struct v_doubles p, struct v_name n, struct v_bytes_40 much, v_wide w, long a, long b,
                             long c, struct v_bytes_3 last)
{
    int right = !strcmp(n.text, "name") && n.n == 4 && much.at[39] == 39 && w == (v_wide)1 << 100 && a == 5 && b == 6 &&
                c == 7 && last.at[2] == 3;
    return (struct v_doubles){p.b, right ? p.a : -1};
}

static v_complex_long through(v_floats_vector p, long double x, double a, double b, double c, double d, double e,
                              double g, struct v_one_vector q, v_bytes_vector last)
{
    int right = a + b + c + d + e + g == 21 && q.a[3] == 8.5f && last[15] == 15;
    return (right ? p[0] + p[3] : -1) + x * 1.0iL;
}

static v_floats_vector turned(v_floats_vector p)
{
    return (v_floats_vector){p[3], p[2], p[1], p[0]};
}

static void with_whole_registers(void)
{
    v_floats_vector p = {1.5f, 2, 3, 4.25f}, back = v_turned(turned, p);
    printf("through %Lg\n", v_through(through, p, 0.0625L));
    printf("turned %g %g %g %g\n", back[0], back[1], back[2], back[3]);
}

static void with_callback(void)
{
    struct v_bytes_40 much;
    for (unsigned i = 0; i < sizeof much.at; i++)
        much.at[i] = (unsigned char)i;
    printf("back %g\n", v_back(back, much));
}

static void ignore(const struct far_failure *failure)
{
    printf("%s: %s\n", failure->operation, failure->reason);
}

/* A call that is refused, and a client that goes on all the same: the result is zero, and where it belongs. */
static void refused(void)
{
    struct v_answers answers;
    memset(&answers, 0xff, sizeof answers);
    far_set_failure_handler(ignore);
    answers = v_answers(NULL);
    printf("refused %ld, %p\n", answers.n, (const void *)answers.more[1].text);
}

int main(int argc, char **argv)
{
    struct v_small small;
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("%s\n", argc > 1 ? argv[1] : "client");
    try_all();
    printf("wrong %d\n", wrong);
    printf("long double %ld\n", v_long_double(1, 2.25L, 3, 4.5L));
    memset(&small, 0xff, sizeof small);
    small.a = 1;
    small.b = 2;
    small = v_padded(small);
    printf("padded %g %d\n", small.a, small.b);
    with_strings();
    with_handles();
    with_unions();
    with_callback();
    with_whole_registers();
    if (argc > 2)
        refused();
    return wrong != 0;
}
