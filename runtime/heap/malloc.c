/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * malloc and friends inside a segment (libfarseg.a, linked into each .seg by farld). The state lies in the segment's
 * data, the memory in its heap part; both are the same bytes in every domain that may touch them.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/heap/heap.h"

/* Of libfarcall. Returns 0, or EOWNERDEAD if the lock's owner died holding it. lock: 64 bytes, zero at first. */
extern int far_segment_lock(void *lock);
extern void far_segment_unlock(void *lock);

/* Of farld: where the heap starts and ends. Words, not symbols: it may end more than 2 GiB from here. */
extern char *const volatile far_heap_range[2] __attribute__((visibility("hidden")));

/* Weak: code that brings an allocator of its own, or only its own strdup, keeps it. */
#pragma weak malloc
#pragma weak free
#pragma weak calloc
#pragma weak realloc
#pragma weak reallocarray
#pragma weak aligned_alloc
#pragma weak memalign
#pragma weak posix_memalign
#pragma weak malloc_usable_size
#pragma weak strdup
#pragma weak strndup

static struct heap segment_heap;
static const char *volatile broken_because; /* for whoever debugs the core */

_Noreturn void heap_broken(const char *what, const void *pointer)
{
    (void)pointer;
    broken_because = what;
    abort();
}

static struct heap *lock_heap(void)
{
    switch (far_segment_lock(segment_heap.lock)) {
    case 0:
        break;
    case EOWNERDEAD:
        heap_recover(&segment_heap);
        break;
    default:
        heap_broken("the heap's lock failed", segment_heap.lock);
    }
    heap_start(&segment_heap, far_heap_range[0], far_heap_range[1]);
    return &segment_heap;
}

static void unlock_heap(void)
{
    far_segment_unlock(segment_heap.lock);
}

static void *allocate(size_t size, size_t alignment)
{
    void *pointer = heap_allocate(lock_heap(), size, alignment);

    unlock_heap();
    if (!pointer)
        errno = ENOMEM;
    return pointer;
}

void *malloc(size_t size)
{
    return allocate(size, HEAP_ALIGNMENT);
}

void free(void *pointer)
{
    if (!pointer)
        return;
    heap_release(lock_heap(), pointer);
    unlock_heap();
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    void *pointer;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    pointer = malloc(bytes);
    return pointer ? memset(pointer, 0, bytes) : NULL;
}

void *realloc(void *pointer, size_t size)
{
    bool resized;
    size_t held;
    void *moved;

    if (!pointer)
        return malloc(size);
    if (size == 0) {
        free(pointer);
        return NULL;
    }
    resized = heap_resize(lock_heap(), pointer, size);
    unlock_heap();
    if (resized)
        return pointer;
    moved = malloc(size);
    if (!moved)
        return NULL;
    held = heap_usable_size(&segment_heap, pointer); /* not ours to shrink meanwhile: the caller owns it */
    memcpy(moved, pointer, held < size ? held : size);
    free(pointer);
    return moved;
}

void *reallocarray(void *pointer, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(pointer, bytes);
}

static bool is_power_of_two(size_t number)
{
    return number && !(number & (number - 1));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    if (!is_power_of_two(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    return allocate(size, alignment);
}

void *memalign(size_t alignment, size_t size)
{
    return aligned_alloc(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
    void *pointer;

    if (!is_power_of_two(alignment) || alignment % sizeof(void *))
        return EINVAL;
    pointer = heap_allocate(lock_heap(), size, alignment);
    unlock_heap();
    if (!pointer)
        return ENOMEM;
    *result = pointer;
    return 0;
}

size_t malloc_usable_size(void *pointer)
{
    return pointer ? heap_usable_size(&segment_heap, pointer) : 0;
}

char *strndup(const char *text, size_t limit)
{
    size_t length = strnlen(text, limit);
    char *copy = malloc(length + 1);

    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *strdup(const char *text)
{
    return strndup(text, PTRDIFF_MAX - 1);
}
