/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A process dies in the middle of the heap: after each single instruction of a few operations (ptrace), and at random
 * moments under load (SIGKILL). Whoever takes the lock next must find a heap that can be made sound, and the blocks
 * that were live must be live still, with their contents.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/heap/heap.c" /* the library is for segments: it brings its own malloc, and no sanitizer */
#include "testsuite/unit/check.h"

#define ARENA ((size_t)64 << 10)
#define KEPT  16

/* Shared between the process that dies and the one that goes on. */
struct shared {
    struct heap heap;
    void *kept[KEPT];
    unsigned char *kept_bytes;
    volatile int at_work;
};

_Noreturn void heap_broken(const char *what, const void *pointer)
{
    fprintf(stderr, "heap broken: %s (%p)\n", what, pointer);
    abort();
}

static void *map_shared(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

/* A heap with live blocks, every other one released: neighbours to join on both sides. */
static struct shared *prepare(char *arena)
{
    struct shared *shared = map_shared(sizeof *shared);

    memset(arena, 0, ARENA);
    heap_start(&shared->heap, arena, arena + ARENA);
    for (int i = 0; i < KEPT; i++) {
        void *gap = heap_allocate(&shared->heap, 64u * (unsigned)(i + 1), 16);

        shared->kept[i] = heap_allocate(&shared->heap, 100, 16);
        memset(shared->kept[i], i + 1, 100);
        if (i % 2)
            heap_release(&shared->heap, gap);
    }
    return shared;
}

/* What the dying process does. `which` chooses. */
static void operate(struct shared *shared, int which)
{
    struct heap *heap = &shared->heap;

    switch (which) {
    case 0: /* cut a listed block, then join again */
        heap_release(heap, heap_allocate(heap, 48, 16));
        break;
    case 1: /* the row grows; an aligned block leaves a gap */
        heap_allocate(heap, 3000, 1024);
        break;
    case 2: /* join with both neighbours */
        heap_release(heap, shared->kept[3]);
        break;
    case 3: /* longer in place, then shorter */
        heap_resize(heap, shared->kept[2], 220);
        heap_resize(heap, shared->kept[2], 100);
        break;
    case 4: /* longer at the end of the row */
        heap_resize(heap, shared->kept[KEPT - 1], 5000);
        break;
    default: /* the next owner's work is interrupted as well */
        heap_recover(heap);
        break;
    }
}

/* Does all that was kept hold its bytes? Block `gone` may have been released. */
static bool survivors_are_whole(struct shared *shared, int gone)
{
    for (int i = 0; i < KEPT; i++) {
        const unsigned char *bytes = shared->kept[i];

        if (i == gone)
            continue;
        for (int at = 0; at < 100; at++) {
            if (bytes[at] != i + 1)
                return false;
        }
        heap_release(&shared->heap, shared->kept[i]);
    }
    return true;
}

static bool check_after_death(struct shared *shared, int gone, int which, long step)
{
    const char *why = NULL;
    bool good;

    heap_recover(&shared->heap);
    good = heap_is_sound(&shared->heap, &why) && survivors_are_whole(shared, gone);
    good = good && heap_is_sound(&shared->heap, &why) && heap_allocate(&shared->heap, 20000, 16);
    if (!good)
        fprintf(stderr, "operation %d, dead after %ld instructions: %s\n", which, step, why ? why : "a block was lost");
    return good;
}

/* As if the process that is stopped now were dead: look, then put everything back for its next instruction. */
static bool check_and_restore(struct shared *shared, char *arena, int which, long step)
{
    static char saved_arena[ARENA];
    static struct shared saved;
    bool good;

    memcpy(saved_arena, arena, ARENA);
    saved = *shared;
    good = check_after_death(shared, which == 2 ? 3 : -1, which, step);
    *shared = saved;
    memcpy(arena, saved_arena, ARENA);
    return good;
}

/* A child does the operation, and after each of its instructions the parent looks. */
static void test_every_instruction(struct shared *shared, char *arena, int which)
{
    int status = 0;
    long step = 0;
    pid_t child = fork();

    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
            _exit(2);
        raise(SIGSTOP);
        operate(shared, which);
        _exit(0);
    }
    waitpid(child, &status, 0);
    CHECK(WIFSTOPPED(status)); /* without ptrace nothing is tried, and that is no success */
    while (WIFSTOPPED(status)) {
        CHECK(check_and_restore(shared, arena, which, step++));
        if (check_failures || ptrace(PTRACE_SINGLESTEP, child, NULL, NULL))
            break;
        waitpid(child, &status, 0);
    }
    kill(child, SIGKILL);
}

static void work_until_killed(struct shared *shared)
{
    unsigned long state = (unsigned long)getpid();
    void *live[64] = {0};

    for (;;) {
        state = state * 6364136223846793005ul + 1442695040888963407ul;
        void **one = &live[state >> 40 & 63];

        if (*one)
            heap_release(&shared->heap, *one);
        *one = heap_allocate(&shared->heap, state >> 33 & 1023, 16);
        shared->at_work = 1;
    }
}

static void test_random_moments(char *arena)
{
    struct shared *shared = prepare(arena);

    for (int round = 0; round < 60; round++) {
        const char *why = NULL;
        pid_t child;

        shared->at_work = 0;
        child = fork();
        if (child == 0)
            work_until_killed(shared);
        while (!shared->at_work)
            usleep(50);
        usleep((unsigned)(round * 37 % 500));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        heap_recover(&shared->heap);
        CHECK(heap_is_sound(&shared->heap, &why));
    }
    CHECK(survivors_are_whole(shared, -1));
}

int main(void)
{
    char *arena = map_shared(ARENA);

    CHECK(arena != NULL);
    if (arena) {
        for (int which = 0; which <= 5; which++) {
            struct shared *shared = prepare(arena);

            test_every_instruction(shared, arena, which);
            munmap(shared, sizeof *shared);
        }
        test_random_moments(arena);
    }
    return check_result();
}
