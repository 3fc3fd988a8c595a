/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The C library of protection domains: memory, strings, the ends of a program. Part of what inside/inside.h is about. */
#include "runtime/pku/library.h"

#include "runtime/pku/layout.h"

#ifndef __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns") /* into calls of memset and the like */
#endif

/* The call ends, and the domain with it. */
static _Noreturn void end(void)
{
    __builtin_trap();
}

void far_pku_abort(void)
{
    end();
}

void far_pku___stack_chk_fail(void)
{
    end();
}

void far_pku___chk_fail(void)
{
    end();
}

int *far_pku___errno_location(void)
{
    char *thread;
    __asm__("movq %%fs:0, %0" : "=r"(thread));
    return (int *)(void *)(thread + PKU_THREAD_ERRNO);
}

int far_pku_abs(int number)
{
    return number < 0 ? -number : number;
}

long far_pku_labs(long number)
{
    return number < 0 ? -number : number;
}

long long far_pku_llabs(long long number)
{
    return number < 0 ? -number : number;
}

void *far_pku_mempcpy(void *to, const void *from, size_t size)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return to;
}

void *far_pku_memcpy(void *to, const void *from, size_t size)
{
    far_pku_mempcpy(to, from, size);
    return to;
}

void *far_pku_memmove(void *to, const void *from, size_t size)
{
    char *target = to;
    const char *source = from;
    if ((uintptr_t)to - (uintptr_t)from >= size)
        return far_pku_memcpy(to, from, size);
    while (size--)
        target[size] = source[size];
    return to;
}

void far_pku_bcopy(const void *from, void *to, size_t size)
{
    far_pku_memmove(to, from, size);
}

void *far_pku_memset(void *memory, int byte, size_t size)
{
    void *to = memory;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
    return memory;
}

void far_pku_bzero(void *memory, size_t size)
{
    far_pku_memset(memory, 0, size);
}

void far_pku_explicit_bzero(void *memory, size_t size)
{
    far_pku_memset(memory, 0, size);
}

void *far_pku___memcpy_chk(void *to, const void *from, size_t size, size_t room)
{
    if (size > room)
        end();
    return far_pku_memcpy(to, from, size);
}

void *far_pku___memmove_chk(void *to, const void *from, size_t size, size_t room)
{
    if (size > room)
        end();
    return far_pku_memmove(to, from, size);
}

void *far_pku___memset_chk(void *memory, int byte, size_t size, size_t room)
{
    if (size > room)
        end();
    return far_pku_memset(memory, byte, size);
}

int far_pku_memcmp(const void *left, const void *right, size_t size)
{
    const unsigned char *a = left, *b = right;
    for (; size; size--, a++, b++)
        if (*a != *b)
            return *a - *b;
    return 0;
}

int far_pku_bcmp(const void *left, const void *right, size_t size)
{
    return far_pku_memcmp(left, right, size);
}

void *far_pku_memchr(const void *memory, int byte, size_t size)
{
    const unsigned char *at = memory;
    for (; size; size--, at++)
        if (*at == (unsigned char)byte)
            return (void *)(uintptr_t)at;
    return NULL;
}

void *far_pku_memrchr(const void *memory, int byte, size_t size)
{
    const unsigned char *at = memory;
    while (size--)
        if (at[size] == (unsigned char)byte)
            return (void *)(uintptr_t)(at + size);
    return NULL;
}

size_t far_pku_strnlen(const char *text, size_t most)
{
    size_t length = 0;
    while (length < most && text[length])
        length++;
    return length;
}

size_t far_pku_strlen(const char *text)
{
    return far_pku_strnlen(text, SIZE_MAX);
}

int far_pku_strncmp(const char *left, const char *right, size_t most)
{
    for (; most; most--, left++, right++)
        if (*left != *right || !*left)
            return (unsigned char)*left - (unsigned char)*right;
    return 0;
}

int far_pku_strcmp(const char *left, const char *right)
{
    return far_pku_strncmp(left, right, SIZE_MAX);
}

char *far_pku_stpcpy(char *to, const char *from)
{
    size_t length = far_pku_strlen(from);
    far_pku_memcpy(to, from, length + 1);
    return to + length;
}

char *far_pku_strcpy(char *to, const char *from)
{
    far_pku_stpcpy(to, from);
    return to;
}

char *far_pku_strncpy(char *to, const char *from, size_t size)
{
    size_t length = far_pku_strnlen(from, size);
    far_pku_memcpy(to, from, length);
    far_pku_memset(to + length, 0, size - length);
    return to;
}

char *far_pku_strchrnul(const char *text, int byte)
{
    while (*text && *text != (char)byte)
        text++;
    return (char *)(uintptr_t)text;
}

char *far_pku_strchr(const char *text, int byte)
{
    char *at = far_pku_strchrnul(text, byte);
    return *at == (char)byte ? at : NULL;
}

char *far_pku_strrchr(const char *text, int byte)
{
    return far_pku_memrchr(text, byte, far_pku_strlen(text) + 1);
}

size_t far_pku_strspn(const char *text, const char *accepted)
{
    size_t length = 0;
    while (text[length] && *far_pku_strchrnul(accepted, text[length]))
        length++;
    return length;
}

size_t far_pku_strcspn(const char *text, const char *refused)
{
    size_t length = 0;
    while (text[length] && !*far_pku_strchrnul(refused, text[length]))
        length++;
    return length;
}

char *far_pku_strpbrk(const char *text, const char *wanted)
{
    const char *at = text + far_pku_strcspn(text, wanted);
    return *at ? (char *)(uintptr_t)at : NULL;
}

char *far_pku_strstr(const char *text, const char *wanted)
{
    size_t length = far_pku_strlen(wanted);
    for (; far_pku_strncmp(text, wanted, length) != 0; text++)
        if (!*text)
            return NULL;
    return (char *)(uintptr_t)text;
}
