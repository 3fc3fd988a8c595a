/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The segment heap: many random operations with pattern checks, the edges, and what misuse gets. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/heap/heap.c" /* the library is for segments: it brings its own malloc, and no sanitizer */
#include "testsuite/unit/check.h"

#define ARENA ((size_t)4 << 20)
#define LIVE  512

_Noreturn void heap_broken(const char *what, const void *pointer)
{
    fprintf(stderr, "expected if a test says so: %s (%p)\n", what, pointer);
    abort();
}

struct live {
    unsigned char *pointer;
    size_t size;
    unsigned char pattern;
};

static struct heap *new_heap(size_t bytes)
{
    struct heap *heap = calloc(1, sizeof *heap);
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    heap_start(heap, memory, memory + bytes);
    return heap;
}

static void delete_heap(struct heap *heap)
{
    munmap((void *)(uintptr_t)heap->start, heap->end - heap->start);
    free(heap);
}

static void check_sound(const struct heap *heap)
{
    const char *why = NULL;

    if (!heap_is_sound(heap, &why))
        fprintf(stderr, "not sound: %s\n", why);
    CHECK(why == NULL);
}

static unsigned long next_random(unsigned long *state)
{
    *state = *state * 6364136223846793005ul + 1442695040888963407ul;
    return *state >> 33;
}

static size_t random_size(unsigned long *state)
{
    switch (next_random(state) % 8) {
    case 0:
        return next_random(state) % 40000;
    case 1:
        return next_random(state) % 3000;
    default:
        return next_random(state) % 200;
    }
}

static void check_pattern(const struct live *live)
{
    size_t wrong = 0;

    for (size_t i = 0; i < live->size; i++)
        wrong += live->pointer[i] != live->pattern;
    CHECK(wrong == 0);
}

static void allocate_one(struct heap *heap, struct live *live, unsigned long *state)
{
    size_t alignment = next_random(state) % 4 ? 16 : (size_t)16 << next_random(state) % 9;

    live->size = random_size(state);
    live->pattern = (unsigned char)next_random(state);
    live->pointer = heap_allocate(heap, live->size, alignment);
    if (!live->pointer)
        return;
    CHECK((uintptr_t)live->pointer % alignment == 0);
    CHECK(heap_usable_size(heap, live->pointer) >= live->size);
    memset(live->pointer, live->pattern, live->size);
}

static void resize_one(struct heap *heap, struct live *live, unsigned long *state)
{
    size_t size = random_size(state);

    check_pattern(live);
    if (!heap_resize(heap, live->pointer, size))
        return;
    if (size < live->size)
        live->size = size;
    check_pattern(live);
    live->size = size;
    memset(live->pointer, live->pattern, size);
}

static void test_random_operations(void)
{
    static struct live all[LIVE];
    struct heap *heap = new_heap(ARENA);
    unsigned long state = 42;

    for (int step = 0; step < 60000; step++) {
        struct live *live = &all[next_random(&state) % LIVE];

        if (!live->pointer) {
            allocate_one(heap, live, &state);
        } else if (next_random(&state) % 3 == 0) {
            resize_one(heap, live, &state);
        } else {
            check_pattern(live);
            heap_release(heap, live->pointer);
            live->pointer = NULL;
        }
        if (step % 5000 == 0) {
            check_sound(heap);
            heap_recover(heap); /* allowed at any time */
            check_sound(heap);
        }
    }
    for (size_t i = 0; i < LIVE; i++) {
        if (all[i].pointer)
            heap_release(heap, all[i].pointer);
    }
    check_sound(heap);
    CHECK(heap_allocate(heap, heap->top - heap->start - HEAP_HEADER, 16)); /* everything joined again */
    delete_heap(heap);
}

static void test_full(void)
{
    struct heap *heap = new_heap(65536);
    void *all = heap_allocate(heap, 65536 - HEAP_HEADER, 16);

    CHECK(all);
    CHECK(!heap_allocate(heap, 0, 16));
    heap_release(heap, all);
    CHECK(!heap_allocate(heap, 65536, 16));
    CHECK(!heap_allocate(heap, SIZE_MAX, 16));
    CHECK(!heap_allocate(heap, SIZE_MAX - 15, 16));
    CHECK(!heap_allocate(heap, 16, (size_t)1 << 62));
    CHECK(!heap_allocate(heap, 16, (size_t)1 << 40));
    all = heap_allocate(heap, 100, 16);
    CHECK(!heap_resize(heap, all, SIZE_MAX));
    CHECK(!heap_resize(heap, all, 65536));
    CHECK(heap_resize(heap, all, 65536 - HEAP_HEADER));
    check_sound(heap);
    delete_heap(heap);
}

/* Does `misuse` end in abort()? */
static bool aborts(void (*misuse)(struct heap *))
{
    struct heap *heap = new_heap(65536);
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        misuse(heap);
        _exit(0);
    }
    waitpid(child, &status, 0);
    delete_heap(heap);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void release_twice(struct heap *heap)
{
    void *pointer = heap_allocate(heap, 40, 16);

    heap_release(heap, pointer);
    heap_release(heap, pointer);
}

static void release_joined_twice(struct heap *heap)
{
    void *first = heap_allocate(heap, 40, 16), *second = heap_allocate(heap, 40, 16);

    heap_release(heap, first);
    heap_release(heap, second);
    heap_release(heap, second);
}

static void release_inside(struct heap *heap)
{
    char *pointer = heap_allocate(heap, 400, 16);

    memset(pointer, 0, 400);
    heap_release(heap, pointer + 64);
}

static void release_foreign(struct heap *heap)
{
    heap_release(heap, heap);
}

static void overrun(struct heap *heap)
{
    char *first = heap_allocate(heap, 48, 16);

    heap_allocate(heap, 48, 16);
    memset(first, 0x41, 48 + 8);
    heap_release(heap, first);
}

static void write_after_release(struct heap *heap)
{
    char *first = heap_allocate(heap, 48, 16);

    heap_allocate(heap, 48, 16);
    heap_release(heap, first);
    memset(first, 0x41, 16);
    heap_allocate(heap, 48, 16);
}

static void harmless(struct heap *heap)
{
    heap_release(heap, heap_allocate(heap, 1, 16));
}

static void test_misuse(void)
{
    CHECK(!aborts(harmless));
    CHECK(aborts(release_twice));
    CHECK(aborts(release_joined_twice));
    CHECK(aborts(release_inside));
    CHECK(aborts(release_foreign));
    CHECK(aborts(overrun));
    CHECK(aborts(write_after_release));
}

int main(void)
{
    test_random_operations();
    test_full();
    test_misuse();
    return check_result();
}
