/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A worker's private memory. A page that nobody may touch lies behind it: an operation that writes on faults there. */
#include "runtime/host/host.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_GRANULE 65536
#define ARENA_GUARD   4096
/* Below this, faulting pages in one by one is as good. */
#define ARENA_POPULATE (256u << 10)

/*
 * What all workers hold together, in bytes. A client claims sizes without having to fill them, so there is a limit to
 * what its claims can make this process take from the machine: a quarter of the memory. Over that, a call gets ENOMEM.
 */
static uint64_t arenas_held;

static uint64_t arenas_limit(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 4;
}

static int charge(uint64_t bytes)
{
    if (__atomic_add_fetch(&arenas_held, bytes, __ATOMIC_RELAXED) <= arenas_limit())
        return 0;
    __atomic_sub_fetch(&arenas_held, bytes, __ATOMIC_RELAXED);
    return -ENOMEM;
}

int arena_reserve(struct arena *arena, uint64_t size, uint64_t keep)
{
    if (size <= arena->size)
        return 0;
    uint64_t room = ARENA_GRANULE;
    while (room < size)
        room *= 2;
    if (charge(room) != 0)
        return -ENOMEM;
    char *base = mmap(NULL, room + ARENA_GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        __atomic_sub_fetch(&arenas_held, room, __ATOMIC_RELAXED);
        return -ENOMEM;
    }
    mprotect(base + room, ARENA_GUARD, PROT_NONE);
#ifdef MADV_POPULATE_WRITE
    if (size >= ARENA_POPULATE)
        madvise(base, (size + 4095) & ~(uint64_t)4095,
                MADV_POPULATE_WRITE); /* one call for what would be many faults */
#endif
    if (keep)
        memcpy(base, arena->base, keep);
    arena_free(arena);
    *arena = (struct arena){base, room};
    return 0;
}

void arena_free(struct arena *arena)
{
    if (arena->base)
        munmap(arena->base, arena->size + ARENA_GUARD);
    __atomic_sub_fetch(&arenas_held, arena->size, __ATOMIC_RELAXED);
    *arena = (struct arena){0};
}
