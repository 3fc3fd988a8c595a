/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "geo.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counter {
    int value;
};

int geo_add(int a, int b)
{
    return (int)((unsigned)a + (unsigned)b);
}

double geo_length(struct point p)
{
    return p.x * p.x + p.y * p.y;
}

struct point geo_scale(struct point p, double by)
{
    return (struct point){p.x * by, p.y * by};
}

long geo_sum(const int *values, size_t count)
{
    long sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

int geo_describe(const struct figure *figure, char *text, size_t room)
{
    const char *name = figure->name;
    return snprintf(text, room, "%s %u %d %g", name ? name : "-", figure->kind, figure->delta, figure->corner[1].y);
}

struct counter *geo_counter(int from)
{
    struct counter *counter = malloc(sizeof *counter);
    if (counter)
        counter->value = from;
    return counter;
}

int geo_open(int from, struct counter **counter)
{
    *counter = geo_counter(from);
    return 0;
}

int geo_next(struct counter *counter)
{
    return counter->value++;
}

void geo_end(struct counter *counter)
{
    free(counter);
}

int geo_words(const char *text, void *to, size_t *room)
{
    size_t length = strlen(text);
    if (length > *room) {
        errno = ENOSPC;
        return -1;
    }
    memcpy(to, text, length);
    *room = length;
    return 0;
}

_Bool geo_die(unsigned char code)
{
    if (code > 200)
        abort();
    return code;
}

signed char geo_lower(signed char value)
{
    return (signed char)tolower(value);
}

float geo_half(float value)
{
    return value / 2;
}

int geo_narrow(struct narrow *narrow)
{
    int value = narrow->value;
    narrow->before ^= 0x3f;
    narrow->value = -value;
    return value;
}

short geo_halve(short value, short *half)
{
    *half = (short)(value / 2);
    return value;
}

int geo_flags(struct flags flags)
{
    return (int)flags.a;
}

int geo_call(int (*function)(int value))
{
    return function ? function(1) : 0;
}

int geo_count(const char *const *words)
{
    int count = 0;
    while (words[count])
        count++;
    return count;
}
