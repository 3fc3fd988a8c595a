/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * malloc and its like of a program that was started with `far run --global-heap`: this library is preloaded, so these are
 * the ones that everybody in the process calls. The first call comes from the dynamic linker, before any constructor has
 * run and with one thread; it gets the domain segment from fard. What is allocated under way comes from a little memory
 * that is never given back.
 */
#include "runtime/heap-client/heap.h"

#include <errno.h>
#include <malloc.h>
#include <mimalloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORTED  __attribute__((visibility("default")))
#define EARLY     65536 /* bytes */
#define ALIGNMENT 16
#define PAGE      4096

enum { NOT_BEGUN, BEGINNING, BEGUN };

static int state;
static _Alignas(ALIGNMENT) unsigned char early[EARLY];
static size_t early_used;

static bool is_early(const void *pointer)
{
    return (uintptr_t)pointer - (uintptr_t)early < EARLY;
}

/* In front of each lies its size. */
static void *early_allocate(size_t size, size_t alignment)
{
    size_t step = alignment > ALIGNMENT ? alignment : ALIGNMENT;
    uintptr_t start = ((uintptr_t)early + early_used + ALIGNMENT + step - 1) & ~(uintptr_t)(step - 1);
    size_t used = start - (uintptr_t)early;
    if (used > EARLY || size > EARLY - used) {
        errno = ENOMEM;
        return NULL;
    }
    early_used = used + size;
    ((size_t *)start)[-1] = size;
    return (void *)start;
}

static size_t early_size(const void *pointer)
{
    return ((const size_t *)pointer)[-1];
}

/* Without a heap nothing can go on. No stdio here: it allocates. */
_Noreturn static void give_up(const struct far_error *error)
{
    static const char what[] = "far: --global-heap: ";
    (void)!write(STDERR_FILENO, what, sizeof what - 1);
    (void)!write(STDERR_FILENO, error->text, strnlen(error->text, sizeof error->text));
    (void)!write(STDERR_FILENO, "\n", 1);
    _exit(error->exit);
}

static void begin(void)
{
    struct far_error error = {0};
    int saved = errno;
    __atomic_store_n(&state, BEGINNING, __ATOMIC_RELAXED);
    if (heap_client_begin(true, &error) != 0)
        give_up(&error);
    __atomic_store_n(&state, BEGUN, __ATOMIC_RELEASE);
    errno = saved;
}

/* True if mimalloc is ready; false on the way there, in the one thread that there is. */
static bool ready(void)
{
    int now = __atomic_load_n(&state, __ATOMIC_ACQUIRE);
    if (now == NOT_BEGUN) {
        begin();
        return true;
    }
    return now == BEGUN;
}

/* For a program that allocates nothing before: children of fork must find things settled. */
__attribute__((constructor)) static void begin_at_start(void)
{
    ready();
}

static void *allocate(size_t size, size_t alignment)
{
    return ready() ? heap_client_allocate(size, alignment) : early_allocate(size, alignment);
}

static bool is_power_of_two(size_t alignment)
{
    return alignment && !(alignment & (alignment - 1));
}

EXPORTED void *malloc(size_t size)
{
    return allocate(size, 0);
}

/* What is not ours was allocated before us, by the dynamic linker, and stays. */
EXPORTED void free(void *pointer)
{
    if (heap_client_owns(pointer))
        mi_free(pointer);
}

EXPORTED void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    if (!ready())
        return early_allocate(bytes, 0); /* never used before, so all zeros */
    void *pointer = mi_zalloc(bytes);
    if (!pointer)
        errno = ENOMEM;
    return pointer;
}

static size_t known_size(const void *pointer)
{
    return is_early(pointer) ? early_size(pointer) : heap_client_owns(pointer) ? mi_usable_size(pointer) : 0;
}

static void *move(void *pointer, size_t size)
{
    size_t before = known_size(pointer);
    void *moved = allocate(size, 0);
    if (moved && pointer)
        memcpy(moved, pointer, before < size ? before : size);
    return moved;
}

/* As glibc has it: of size 0, it frees. */
EXPORTED void *realloc(void *pointer, size_t size)
{
    if (!ready() || !heap_client_owns(pointer))
        return move(pointer, size);
    if (size == 0) {
        mi_free(pointer);
        return NULL;
    }
    return far_heap_calls.resize(pointer, size);
}

EXPORTED void *reallocarray(void *pointer, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(pointer, bytes);
}

EXPORTED void *memalign(size_t alignment, size_t size)
{
    if (is_power_of_two(alignment))
        return allocate(size, alignment);
    errno = EINVAL;
    return NULL;
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

EXPORTED int posix_memalign(void **out, size_t alignment, size_t size)
{
    int saved = errno;
    if (!is_power_of_two(alignment) || alignment % sizeof(void *))
        return EINVAL;
    void *pointer = allocate(size, alignment);
    errno = saved;
    if (!pointer)
        return ENOMEM;
    *out = pointer;
    return 0;
}

EXPORTED void *valloc(size_t size)
{
    return allocate(size, PAGE);
}

EXPORTED void *pvalloc(size_t size)
{
    if (size > SIZE_MAX - PAGE) {
        errno = ENOMEM;
        return NULL;
    }
    return allocate((size + PAGE - 1) & ~(size_t)(PAGE - 1), PAGE);
}

EXPORTED size_t malloc_usable_size(void *pointer)
{
    return pointer ? known_size(pointer) : 0;
}
