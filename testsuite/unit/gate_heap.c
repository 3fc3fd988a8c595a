/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Several processes allocate at once in one heap, under the lock that segments have, while others of them are killed at
 * random moments, inside the lock as well: nobody hangs, nobody is given what is somebody else's, and what lived goes on
 * living with its contents. HEAP_KILL_SECONDS: how long, 1 if nothing is said. It prints how many it has survived.
 */
#include "runtime/heap/heap.c" /* the library is for segments: it brings its own malloc, and no sanitizer */
#include "runtime/lib/hostfuncs.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARENA   ((size_t)32 << 20)
#define WORKERS 4
#define BLOCKS  256

/* A block that its owner has said to be its own: its bytes are all `fill`. */
struct kept {
    unsigned char *bytes;
    uint32_t size;
    uint32_t fill;
};

struct shared {
    struct heap heap;
    struct kept kept[WORKERS][BLOCKS]; /* of each worker, dead or alive: whoever comes after it takes them over */
    uint64_t done[WORKERS], recoveries, damaged;
};

_Noreturn void heap_broken(const char *what, const void *pointer)
{
    fprintf(stderr, "heap broken: %s (%p)\n", what, pointer);
    abort();
}

static void *map_shared(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* As malloc of a segment does it. */
static void lock_heap(struct shared *shared)
{
    if (far_host_far_segment_lock(shared->heap.lock) != EOWNERDEAD)
        return;
    heap_recover(&shared->heap);
    shared->recoveries++;
}

static void unlock_heap(struct shared *shared)
{
    far_host_far_segment_unlock(shared->heap.lock);
}

static bool is_whole(const struct kept *kept)
{
    for (uint32_t i = 0; i < kept->size; i++)
        if (kept->bytes[i] != (unsigned char)kept->fill)
            return false;
    return true;
}

/* It is given up before it is released, so that a death in between loses a block and never leaves one to two owners. */
static void drop(struct shared *shared, struct kept *kept)
{
    unsigned char *bytes = kept->bytes;
    if (!is_whole(kept))
        __atomic_fetch_add(&shared->damaged, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&kept->bytes, NULL, __ATOMIC_SEQ_CST);
    lock_heap(shared);
    heap_release(&shared->heap, bytes);
    unlock_heap(shared);
}

static void keep(struct shared *shared, struct kept *kept, uint64_t random)
{
    uint32_t size = (uint32_t)(random >> 33) % (random >> 60 ? 300 : 20000) + 1;
    lock_heap(shared);
    unsigned char *bytes = heap_allocate(&shared->heap, size, 16);
    unlock_heap(shared);
    if (!bytes)
        return;
    kept->size = size;
    kept->fill = (uint32_t)(random >> 20) & 255;
    memset(bytes, (int)kept->fill, size);
    __atomic_store_n(&kept->bytes, bytes, __ATOMIC_SEQ_CST);
}

_Noreturn static void work(struct shared *shared, int self)
{
    uint64_t random = (uint64_t)getpid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        struct kept *kept = &shared->kept[self][random >> 40 & (BLOCKS - 1)];
        if (kept->bytes)
            drop(shared, kept);
        keep(shared, kept, random);
        __atomic_fetch_add(&shared->done[self], 1, __ATOMIC_RELAXED);
    }
}

static pid_t start(struct shared *shared, int self)
{
    pid_t pid = fork();
    if (pid == 0)
        work(shared, self);
    return pid;
}

/* Progress of a worker that was not killed: it must not wait for a dead one. */
static bool goes_on(const struct shared *shared, int self)
{
    uint64_t before = __atomic_load_n(&shared->done[self], __ATOMIC_RELAXED);
    for (int i = 0; i < 10000; i++) {
        if (__atomic_load_n(&shared->done[self], __ATOMIC_RELAXED) != before)
            return true;
        usleep(1000);
    }
    return false;
}

static unsigned kill_for(struct shared *shared, pid_t *worker, long seconds)
{
    unsigned kills = 0;
    struct timespec now, end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    for (end.tv_sec += seconds, now = end; !check_failures; kills++) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec))
            break;
        int who = rand() % WORKERS;
        CHECK(goes_on(shared, who));
        usleep((unsigned)rand() % 300);
        kill(worker[who], SIGKILL);
        waitpid(worker[who], NULL, 0);
        worker[who] = start(shared, who);
    }
    return kills;
}

static void check_all(struct shared *shared)
{
    const char *why = NULL;
    lock_heap(shared);
    heap_recover(&shared->heap);
    bool sound = heap_is_sound(&shared->heap, &why);
    if (!sound)
        fprintf(stderr, "the heap: %s\n", why);
    CHECK(sound);
    unlock_heap(shared);
    for (int i = 0; i < WORKERS * BLOCKS; i++) {
        struct kept *kept = &shared->kept[0][0] + i;
        if (kept->bytes)
            drop(shared, kept);
    }
    CHECK(shared->damaged == 0);
    CHECK(heap_is_sound(&shared->heap, &why));
}

int main(void)
{
    pid_t worker[WORKERS];
    const char *text = getenv("HEAP_KILL_SECONDS");
    struct shared *shared = map_shared(sizeof *shared);
    char *arena = map_shared(ARENA);
    CHECK(shared && arena);
    if (!shared || !arena)
        return check_result();
    heap_start(&shared->heap, arena, arena + ARENA);
    for (int i = 0; i < WORKERS; i++)
        worker[i] = start(shared, i);
    unsigned kills = kill_for(shared, worker, text ? strtol(text, NULL, 10) : 1);
    for (int i = 0; i < WORKERS; i++) {
        kill(worker[i], SIGKILL);
        waitpid(worker[i], NULL, 0);
    }
    check_all(shared);
    CHECK(kills > 0);
    printf("%u processes killed, %llu of them inside the lock; nothing was lost\n", kills + WORKERS,
           (unsigned long long)shared->recoveries);
    return check_result();
}
