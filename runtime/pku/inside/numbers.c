/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Text to whole numbers, for code in a domain, as C has it. */
#include "runtime/pku/inside/inside.h"

#include <errno.h>
#include <limits.h>

struct parsed {
    unsigned long long magnitude;
    bool negative, overflows, any;
    const char *end;
};

static int digit_of(char c)
{
    return far_pku_isdigit(c) ? c - '0' : far_pku_isalpha(c) ? far_pku_tolower(c) - 'a' + 10 : INT_MAX;
}

/* The base that the text says, behind what says it. */
static const char *take_base(const char *text, int *base)
{
    bool hexadecimal = text[0] == '0' && far_pku_tolower(text[1]) == 'x' && far_pku_isxdigit(text[2]);
    if (*base == 0)
        *base = hexadecimal ? 16 : text[0] == '0' ? 8 : 10;
    return hexadecimal && *base == 16 ? text + 2 : text;
}

static struct parsed parse(const char *text, int base)
{
    struct parsed parsed = {.end = text};
    const char *at = text;
    while (far_pku_isspace(*at))
        at++;
    parsed.negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    at = take_base(at, &base);
    for (int digit; (digit = digit_of(*at)) < base; at++) {
        parsed.overflows |= __builtin_mul_overflow(parsed.magnitude, (unsigned)base, &parsed.magnitude);
        parsed.overflows |= __builtin_add_overflow(parsed.magnitude, (unsigned)digit, &parsed.magnitude);
        parsed.any = true;
    }
    if (parsed.any)
        parsed.end = at;
    return parsed;
}

static bool is_base(int base)
{
    if (base == 0 || (base >= 2 && base <= 36))
        return true;
    errno = EINVAL;
    return false;
}

long long far_pku_strtoll(const char *text, char **end, int base)
{
    struct parsed parsed = {.end = text};
    if (is_base(base))
        parsed = parse(text, base);
    unsigned long long most = (unsigned long long)LLONG_MAX + parsed.negative;
    if (end)
        *end = (char *)(uintptr_t)parsed.end;
    if (parsed.overflows || parsed.magnitude > most) {
        errno = ERANGE;
        return parsed.negative ? LLONG_MIN : LLONG_MAX;
    }
    return (long long)(parsed.negative ? 0 - parsed.magnitude : parsed.magnitude);
}

unsigned long long far_pku_strtoull(const char *text, char **end, int base)
{
    struct parsed parsed = {.end = text};
    if (is_base(base))
        parsed = parse(text, base);
    if (end)
        *end = (char *)(uintptr_t)parsed.end;
    if (parsed.overflows) {
        errno = ERANGE;
        return ULLONG_MAX;
    }
    return parsed.negative ? 0 - parsed.magnitude : parsed.magnitude;
}

/* The others are of the same size. */
#define SAME(name, type, as)                                    \
    type far_pku_##name(const char *text, char **end, int base) \
    {                                                           \
        return (type)far_pku_##as(text, end, base);             \
    }
SAME(strtol, long, strtoll)
SAME(strtoul, unsigned long, strtoull)
SAME(strtoimax, intmax_t, strtoll)
SAME(strtoumax, uintmax_t, strtoull)
SAME(__isoc23_strtol, long, strtoll)
SAME(__isoc23_strtoll, long long, strtoll)
SAME(__isoc23_strtoul, unsigned long, strtoull)
SAME(__isoc23_strtoull, unsigned long long, strtoull)
SAME(__isoc23_strtoimax, intmax_t, strtoll)
SAME(__isoc23_strtoumax, uintmax_t, strtoull)

int far_pku_atoi(const char *text)
{
    return (int)far_pku_strtoll(text, NULL, 10);
}

long far_pku_atol(const char *text)
{
    return (long)far_pku_strtoll(text, NULL, 10);
}

long long far_pku_atoll(const char *text)
{
    return far_pku_strtoll(text, NULL, 10);
}
