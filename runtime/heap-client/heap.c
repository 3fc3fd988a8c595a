/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/heap-client/heap.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <mimalloc.h>
#include <sysexits.h>

#define ARENA_ALIGN ((uint64_t)32 << 20) /* mimalloc finds a block's descriptor by clearing bits of its address */

static pthread_mutex_t begin_lock = PTHREAD_MUTEX_INITIALIZER;

/* Written once, before anybody allocates. */
static struct {
    bool begun;
    bool whole;
    mi_arena_id_t arena;
    uint64_t base, size;
} heap;

/* With far_alloc only: this thread's heap in the arena. mimalloc takes it back when the thread ends. */
static __thread mi_heap_t *thread_heap;

/* Committed, so that it never takes rights from pages; memory that was freed stays ours, to be used again. */
static int make_arena(bool whole, struct far_error *error)
{
    struct far_range range = far_domain();
    if ((uint64_t)range.base % ARENA_ALIGN == 0 &&
        mi_manage_os_memory_ex(range.base, range.size, true, false, true, -1, !whole, &heap.arena)) {
        heap.base = (uint64_t)range.base;
        heap.size = range.size;
        return 0;
    }
    *error = (struct far_error){.code = ENOMEM, .exit = EX_OSERR, .text = "mimalloc cannot use the domain segment"};
    return -ENOMEM;
}

static int begin(bool whole, struct far_error *error)
{
    int failed = heap.begun ? 0 : far_domain_make(error);
    if (failed || heap.begun)
        return failed;
    if (whole) {
        mi_option_enable(mi_option_limit_os_alloc);
        mi_option_disable(mi_option_show_errors);
    }
    failed = make_arena(whole, error);
    heap.whole = whole;
    __atomic_store_n(&heap.begun, failed == 0, __ATOMIC_RELEASE);
    return failed;
}

int heap_client_begin(bool whole, struct far_error *error)
{
    pthread_mutex_lock(&begin_lock);
    int failed = begin(whole, error);
    pthread_mutex_unlock(&begin_lock);
    return failed;
}

bool heap_client_owns(const void *pointer)
{
    return (uint64_t)pointer - heap.base < heap.size;
}

static mi_heap_t *my_heap(void)
{
    if (!thread_heap)
        thread_heap = mi_heap_new_in_arena(heap.arena);
    return thread_heap;
}

static void *allocate_apart(size_t size, size_t alignment)
{
    mi_heap_t *mine = my_heap();
    if (!mine)
        return NULL;
    return alignment ? mi_heap_malloc_aligned(mine, size, alignment) : mi_heap_malloc(mine, size);
}

void *heap_client_allocate(size_t size, size_t alignment)
{
    void *pointer = !heap.whole ? allocate_apart(size, alignment)
                    : alignment ? mi_malloc_aligned(size, alignment)
                                : mi_malloc(size);
    if (!pointer)
        errno = ENOMEM;
    return pointer;
}

static void *resize(void *pointer, size_t size)
{
    mi_heap_t *mine = heap.whole ? NULL : my_heap();
    void *moved = heap.whole ? mi_realloc(pointer, size) : mine ? mi_heap_realloc(mine, pointer, size) : NULL;
    if (!moved)
        errno = ENOMEM;
    return moved;
}

static int begin_apart(struct far_error *error)
{
    return heap_client_begin(false, error);
}

__attribute__((visibility("default"))) const struct far_heap_calls far_heap_calls = {
    .begin = begin_apart,
    .allocate = heap_client_allocate,
    .resize = resize,
    .release = mi_free,
    .usable = mi_usable_size,
};
