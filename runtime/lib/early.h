/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * System calls for code that runs inside IFUNC resolvers, while ld.so is still relocating the program: no libc function
 * may be called, no thread-local variable touched, nothing instrumented. Everything here is inlined; results are
 * -errno as the kernel returns them.
 */
#ifndef FARCALL_EARLY_H
#define FARCALL_EARLY_H

#include "runtime/lib/abi.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

static inline long early_open_for_reading(const char *path)
{
    return early_call(SYS_openat, -100 /* AT_FDCWD */, (long)path, 02000000 /* O_CLOEXEC */, 0, 0, 0);
}

static inline long early_read(long fd, void *buffer, size_t size)
{
    return early_call(SYS_read, fd, (long)buffer, (long)size, 0, 0, 0);
}

static inline void early_close(long fd)
{
    early_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline size_t early_length(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

/* A loop that the compiler may not turn into a call of memcpy: there is none yet. */
static inline void early_copy(void *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((char *)to)[i] = ((const char *)from)[i];
        __asm__ volatile("" ::: "memory");
    }
}

static inline int early_equal(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i])
            return 0;
    return 1;
}

#endif
