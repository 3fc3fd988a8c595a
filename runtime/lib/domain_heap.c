/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far_alloc and its like: the allocator is a library of its own, loaded when it is first wanted. */
#include "runtime/lib/binding.h"
#include "runtime/lib/domain_api.h"

#include <dlfcn.h>
#include <errno.h>
#include <farcall/farcall.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define HEAP_LIBRARY "libfarcall-heap.so"

static pthread_mutex_t heap_lock = PTHREAD_MUTEX_INITIALIZER;

/* Beside us: a search path could lead to another version's. */
static void *open_library(void)
{
    Dl_info here;
    char path[PATH_MAX];
    const char *end = dladdr((const void *)far_version, &here) && here.dli_fname ? strrchr(here.dli_fname, '/') : NULL;
    int length = end ? (int)(end + 1 - here.dli_fname) : 0;
    if (snprintf(path, sizeof path, "%.*s" HEAP_LIBRARY, length, length ? here.dli_fname : "") >= (int)sizeof path)
        return NULL;
    return dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

static const struct far_heap_calls *load(int *code)
{
    struct far_error error;
    void *library = open_library();
    const struct far_heap_calls *heap = library ? dlsym(library, "far_heap_calls") : NULL;
    if (!heap)
        *code = ENOTSUP;
    else if (heap->begin(&error) != 0)
        *code = error.code;
    else
        return heap;
    return NULL;
}

static const struct far_heap_calls *heap_calls(void)
{
    const struct far_heap_calls *heap = __atomic_load_n(&far_process.domain.heap, __ATOMIC_ACQUIRE);
    int code = 0;
    if (heap)
        return heap;
    pthread_mutex_lock(&heap_lock);
    heap = far_process.domain.heap;
    if (!heap && (heap = load(&code)))
        __atomic_store_n(&far_process.domain.heap, heap, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&heap_lock);
    if (!heap)
        errno = code;
    return heap;
}

void *far_alloc(size_t size)
{
    const struct far_heap_calls *heap = heap_calls();
    return heap ? heap->allocate(size, 0) : NULL;
}

void *far_alloc_aligned(size_t alignment, size_t size)
{
    if (alignment == 0 || alignment & (alignment - 1)) {
        errno = EINVAL;
        return NULL;
    }
    const struct far_heap_calls *heap = heap_calls();
    return heap ? heap->allocate(size, alignment) : NULL;
}

void *far_realloc(void *pointer, size_t size)
{
    const struct far_heap_calls *heap = heap_calls();
    return heap ? heap->resize(pointer, size) : NULL;
}

void far_free(void *pointer)
{
    const struct far_heap_calls *heap = pointer ? heap_calls() : NULL;
    if (heap)
        heap->release(pointer);
}

size_t far_usable_size(const void *pointer)
{
    const struct far_heap_calls *heap = pointer ? heap_calls() : NULL;
    return heap ? heap->usable(pointer) : 0;
}
