/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The rest of strings and memory, for code in a domain. Letters are ASCII's: the locale in a domain is C. */
#include "runtime/pku/inside/inside.h"

int far_pku_tolower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

int far_pku_toupper(int c)
{
    return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
}

int far_pku_isdigit(int c)
{
    return c >= '0' && c <= '9';
}

int far_pku_isxdigit(int c)
{
    return far_pku_isdigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

int far_pku_islower(int c)
{
    return c >= 'a' && c <= 'z';
}

int far_pku_isupper(int c)
{
    return c >= 'A' && c <= 'Z';
}

int far_pku_isalpha(int c)
{
    return far_pku_islower(c) || far_pku_isupper(c);
}

int far_pku_isalnum(int c)
{
    return far_pku_isalpha(c) || far_pku_isdigit(c);
}

int far_pku_isblank(int c)
{
    return c == ' ' || c == '\t';
}

int far_pku_isspace(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int far_pku_iscntrl(int c)
{
    return (c >= 0 && c < ' ') || c == 0x7f;
}

int far_pku_isprint(int c)
{
    return c >= ' ' && c < 0x7f;
}

int far_pku_isgraph(int c)
{
    return c > ' ' && c < 0x7f;
}

int far_pku_ispunct(int c)
{
    return far_pku_isgraph(c) && !far_pku_isalnum(c);
}

int far_pku_strncasecmp(const char *left, const char *right, size_t most)
{
    for (; most; most--, left++, right++) {
        int order = far_pku_tolower((unsigned char)*left) - far_pku_tolower((unsigned char)*right);
        if (order || !*left)
            return order;
    }
    return 0;
}

int far_pku_strcasecmp(const char *left, const char *right)
{
    return far_pku_strncasecmp(left, right, SIZE_MAX);
}

char *far_pku_strcasestr(const char *text, const char *wanted)
{
    size_t length = far_pku_strlen(wanted);
    for (; far_pku_strncasecmp(text, wanted, length) != 0; text++)
        if (!*text)
            return NULL;
    return (char *)(uintptr_t)text;
}

char *far_pku_strcat(char *to, const char *from)
{
    far_pku_strcpy(to + far_pku_strlen(to), from);
    return to;
}

char *far_pku_strncat(char *to, const char *from, size_t most)
{
    char *end = to + far_pku_strlen(to);
    size_t length = far_pku_strnlen(from, most);
    far_pku_memcpy(end, from, length);
    end[length] = '\0';
    return to;
}

char *far_pku_stpncpy(char *to, const char *from, size_t size)
{
    far_pku_strncpy(to, from, size);
    return to + far_pku_strnlen(to, size);
}

size_t far_pku_strlcpy(char *to, const char *from, size_t size)
{
    size_t length = far_pku_strlen(from), copied = length < size ? length : size - 1;
    if (size == 0)
        return length;
    far_pku_memcpy(to, from, copied);
    to[copied] = '\0';
    return length;
}

size_t far_pku_strlcat(char *to, const char *from, size_t size)
{
    size_t before = far_pku_strnlen(to, size);
    return before + (before == size ? far_pku_strlen(from) : far_pku_strlcpy(to + before, from, size - before));
}

char *far_pku_strsep(char **text, const char *separators)
{
    char *begin = *text;
    if (!begin)
        return NULL;
    char *end = begin + far_pku_strcspn(begin, separators);
    *text = *end ? end + 1 : NULL;
    *end = '\0';
    return begin;
}

char *far_pku_strtok_r(char *text, const char *separators, char **rest)
{
    char *begin = text ? text : *rest;
    begin += far_pku_strspn(begin, separators);
    char *end = begin + far_pku_strcspn(begin, separators);
    *rest = *end ? end + 1 : end;
    if (*end)
        *end = '\0';
    return end == begin ? NULL : begin;
}

void *far_pku_memccpy(void *to, const void *from, int byte, size_t size)
{
    const char *end = far_pku_memchr(from, byte, size);
    size_t copied = end ? (size_t)(end + 1 - (const char *)from) : size;
    far_pku_memcpy(to, from, copied);
    return end ? (char *)to + copied : NULL;
}

void *far_pku_memmem(const void *memory, size_t size, const void *wanted, size_t length)
{
    const char *at = memory;
    for (size_t left = size; left >= length; left--, at++)
        if (far_pku_memcmp(at, wanted, length) == 0)
            return (void *)(uintptr_t)at;
    return NULL;
}

void *far_pku_rawmemchr(const void *memory, int byte)
{
    return far_pku_memchr(memory, byte, SIZE_MAX);
}

int far_pku_ffs(int bits)
{
    return bits ? __builtin_ctz((unsigned)bits) + 1 : 0;
}

int far_pku_ffsl(long bits)
{
    return bits ? __builtin_ctzl((unsigned long)bits) + 1 : 0;
}

int far_pku_ffsll(long long bits)
{
    return bits ? __builtin_ctzll((unsigned long long)bits) + 1 : 0;
}

/* --- as compilers call them with -D_FORTIFY_SOURCE: `room` is what the compiler knows of `to` --- */

static void must_fit(size_t size, size_t room)
{
    if (size > room)
        far_pku___chk_fail();
}

void *far_pku___mempcpy_chk(void *to, const void *from, size_t size, size_t room)
{
    must_fit(size, room);
    return far_pku_mempcpy(to, from, size);
}

void far_pku___explicit_bzero_chk(void *memory, size_t size, size_t room)
{
    must_fit(size, room);
    far_pku_memset(memory, 0, size);
}

char *far_pku___strcpy_chk(char *to, const char *from, size_t room)
{
    must_fit(far_pku_strlen(from) + 1, room);
    return far_pku_strcpy(to, from);
}

char *far_pku___stpcpy_chk(char *to, const char *from, size_t room)
{
    must_fit(far_pku_strlen(from) + 1, room);
    return far_pku_stpcpy(to, from);
}

char *far_pku___strncpy_chk(char *to, const char *from, size_t size, size_t room)
{
    must_fit(size, room);
    return far_pku_strncpy(to, from, size);
}

char *far_pku___strcat_chk(char *to, const char *from, size_t room)
{
    must_fit(far_pku_strlen(to) + far_pku_strlen(from) + 1, room);
    return far_pku_strcat(to, from);
}

char *far_pku___strncat_chk(char *to, const char *from, size_t most, size_t room)
{
    must_fit(far_pku_strlen(to) + far_pku_strnlen(from, most) + 1, room);
    return far_pku_strncat(to, from, most);
}
