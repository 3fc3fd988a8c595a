/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "v.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "v_body.h"

#define BODY(name, type) V_BODY(v_, name, type)
#define BODY_SIZE(size)  V_BODY(v_, bytes_##size, struct v_bytes_##size)
V_SIZES(BODY_SIZE)
V_KINDS(BODY)
V_LONG_KINDS(BODY)

long v_long_double(int n, long double a, double b, long double c)
{
    return n + (long)(a * 8) + (long)b + (long)(c * 16);
}

struct v_small v_padded(struct v_small p)
{
    const unsigned char *byte = (const unsigned char *)&p;
    int stray = byte[12] | byte[13] | byte[14] | byte[15];
    return (struct v_small){p.a + stray, p.b + 1};
}

long v_lengths(struct v_name a, double x, struct v_names b, struct v_name c)
{
    return (long)(strlen(a.text) + 10 * strlen(b.first) + 100 * strlen(b.more[0].text) + 1000 * strlen(b.more[1].text) +
                  10000 * strlen(c.text)) +
           100000 * (a.n + b.more[0].n + b.more[1].n + c.n) + (x == 0.5 ? 0 : 1);
}

int v_upper(int from, struct v_slice slice)
{
    for (size_t i = (size_t)from; i < slice.size; i++)
        slice.bytes[i] = (char)toupper(slice.bytes[i]);
    return (int)slice.size;
}

static char text[3][32];

struct v_answer v_answer(int n)
{
    snprintf(text[0], sizeof text[0], "answer %d", n);
    return (struct v_answer){text[0], n};
}

struct v_answers v_answers(const char *of)
{
    for (int i = 0; i < 2; i++)
        snprintf(text[1 + i], sizeof text[1], "%s %d", of, i);
    return (struct v_answers){2, {{text[1], 10}, {text[2], 20}}};
}

struct v_thing {
    int value;
};

struct v_thing *v_open(int value)
{
    struct v_thing *thing = malloc(sizeof *thing);
    if (thing)
        thing->value = value;
    return thing;
}

int v_value(struct v_owner owner)
{
    return owner.thing->value + owner.n;
}

int v_close(struct v_thing *thing)
{
    free(thing);
    return 0;
}

static long of_variant(struct v_variant v)
{
    return v.kind == 1 ? (long)strlen(v.as.text) : v.as.number;
}

long v_variant(struct v_variant a, struct v_variant b)
{
    return 100 * of_variant(a) + of_variant(b);
}

double v_back(struct v_doubles (*f)(struct v_doubles p, struct v_name n, struct v_bytes_40 much, v_wide w, long a,
                                    long b, long c, struct v_bytes_3 last),
              struct v_bytes_40 much)
{
    struct v_doubles got = f((struct v_doubles){1.5, 2.5}, (struct v_name){"name", 4}, much, (v_wide)1 << 100, 5, 6, 7,
                             (struct v_bytes_3){{1, 2, 3}});
    return got.a * 1000 + got.b;
}

long double v_through(v_complex_long (*f)(v_floats_vector p, long double x, double a, double b, double c, double d,
                                          double e, double g, struct v_one_vector q, v_bytes_vector last),
                      v_floats_vector p, long double x)
{
    v_bytes_vector last;
    for (int i = 0; i < 16; i++)
        last[i] = (char)i;
    v_complex_long got = f(p, x, 1, 2, 3, 4, 5, 6, (struct v_one_vector){{5.5f, 6.5f, 7.5f, 8.5f}}, last);
    return __real__ got + __imag__ got;
}

v_floats_vector v_turned(v_floats_vector (*f)(v_floats_vector p), v_floats_vector p)
{
    return f(p);
}
