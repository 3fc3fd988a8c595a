/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "pair.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct node *list;
static uint64_t pushed;
static uint64_t (*hook)(uint64_t) = twice;

uint64_t count(void)
{
    return pushed;
}
struct node *push(uint64_t value)
{
    struct node *node = malloc(sizeof *node);
    if (!node)
        return NULL;
    node->value = value;
    node->next = list;
    list = node;
    pushed++;
    return node;
}
const struct node *head(void)
{
    return list;
}
uint64_t sum(void)
{
    uint64_t total = 0;
    for (const struct node *node = list; node; node = node->next)
        total += node->value;
    return total;
}
int churn(int rounds)
{
    unsigned char *block[64] = {NULL};
    int broken = 0;
    for (int i = 0; i < rounds; i++) {
        int place = i * 7 % 64;
        size_t size = 16 + (size_t)(i % 500);
        for (size_t j = 0; block[place] && j < block[place][0]; j++)
            broken += block[place][j] != block[place][0];
        free(block[place]);
        block[place] = malloc(size);
        if (block[place])
            memset(block[place], size < 255 ? (int)size : 255, size);
    }
    for (int i = 0; i < 64; i++)
        free(block[i]);
    return broken;
}
void set_hook(int wanted)
{
    hook = wanted == 3 ? thrice : twice;
}
uint64_t call_hook(uint64_t value)
{
    return hook(value);
}
uint64_t twice(uint64_t value)
{
    return 2 * value;
}
uint64_t thrice(uint64_t value)
{
    return 3 * value;
}
#if defined(__aarch64__)
#define MACHINE "aarch64"
#else
#define MACHINE "x86-64"
#endif
const char *machine(void)
{
    return MACHINE;
}
/* Not neutral, so it runs in the host whoever calls it. */
int where(char *text, size_t n)
{
    return getpid() > 0 ? snprintf(text, n, "%s", MACHINE) : -1;
}

int64_t widths(signed char a, unsigned char b, short c, unsigned short d, int e, unsigned f, int64_t g, uint64_t h)
{
    return a * 1000000ll + b * 1000ll + c * 7 + d * 11 + (int64_t)e * 13 + (int64_t)f * 17 + g * 19 + (int64_t)h * 23;
}
signed char narrow_schar(int v)
{
    return (signed char)v;
}
unsigned char narrow_uchar(int v)
{
    return (unsigned char)v;
}
short narrow_short(int v)
{
    return (short)v;
}
unsigned short narrow_ushort(int v)
{
    return (unsigned short)v;
}
int narrow_int(int64_t v)
{
    return (int)v;
}
unsigned narrow_uint(int64_t v)
{
    return (unsigned)v;
}
_Bool negate(_Bool v)
{
    return !v;
}
float thirds(float v)
{
    return v / 3;
}
double mix(double a, float b, int c, double d, float e, uint64_t f, double g, float h, double i, double j, int k, int l,
           int m, int n)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * (double)f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k + 12 * l +
           13 * m + 14 * n;
}
int64_t many(int8_t a, int16_t b, int32_t c, int64_t d, int8_t e, int16_t f, int32_t g, int64_t h, int8_t i, int16_t j)
{
    return a + 2 * b + 3ll * c + 4 * d + 5 * e + 6 * f + 7ll * g + 8 * h + 9 * i + 10 * j;
}
int join(const char *a, const char *b, char *to, size_t n)
{
    return snprintf(to, n, "%s+%s", a, b);
}
uint64_t total(const uint32_t *values, size_t n)
{
    uint64_t all = 0;
    for (size_t i = 0; i < n; i++)
        all += values[i];
    return all;
}
