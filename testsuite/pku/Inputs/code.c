/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "code.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>
static long counter = 40;
static const uint32_t weights[4] = {1, 3, 5, 7};
uint32_t code_sum(const void *bytes, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i % 4] * ((const uint8_t *)bytes)[i];
    return sum;
}
int code_flip(const char *text, char *out, size_t room)
{
    size_t length = strlen(text);
    if (length + 1 > room) {
        errno = ERANGE;
        return -1;
    }
    for (size_t i = 0; i < length; i++)
        out[i] = text[length - 1 - i];
    out[length] = 0;
    return (int)length;
}
double code_scale(double x, double y, float z)
{
    return x * 2.5 + y * z;
}
long code_count(long more)
{
    return counter += more;
}
long code_many(int a, long b, short c, long d, long e, long f, long g, signed char h)
{
    return a + b + c + d + e + f * 10 + g * 100 + h;
}
long code_peek(uint64_t address)
{
    return *(volatile long *)address;
}
long code_poke(uint64_t address, long value)
{
    *(volatile long *)address = value;
    return value;
}
int code_pid(void)
{
    return (int)getpid();
}
