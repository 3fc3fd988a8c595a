/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What compilers call, and the walk, by the C library's names: library.c's functions. */
#include "runtime/pku/inside/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    return far_pku_memcpy(to, from, size);
}

void *memmove(void *to, const void *from, size_t size)
{
    return far_pku_memmove(to, from, size);
}

void *memset(void *memory, int byte, size_t size)
{
    return far_pku_memset(memory, byte, size);
}

int memcmp(const void *left, const void *right, size_t size)
{
    return far_pku_memcmp(left, right, size);
}

int bcmp(const void *left, const void *right, size_t size)
{
    return far_pku_memcmp(left, right, size);
}

size_t strlen(const char *text)
{
    return far_pku_strlen(text);
}

size_t strnlen(const char *text, size_t most)
{
    return far_pku_strnlen(text, most);
}

int strcmp(const char *left, const char *right)
{
    return far_pku_strcmp(left, right);
}

int strncmp(const char *left, const char *right, size_t most)
{
    return far_pku_strncmp(left, right, most);
}

size_t strcspn(const char *text, const char *refused)
{
    return far_pku_strcspn(text, refused);
}

int *__errno_location(void)
{
    return far_pku___errno_location();
}

void qsort_r(void *base, size_t count, size_t size, int (*compare)(const void *, const void *, void *), void *context)
{
    far_pku_qsort_r(base, count, size, compare, context);
}
