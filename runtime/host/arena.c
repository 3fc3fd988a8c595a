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
 * A client claims sizes without having to fill them, so there is a limit to what its claims can make this process take from
 * the machine, and to what its user may have of that (users.c). Over it, a call gets ENOMEM.
 */
int arena_reserve(struct arena *arena, uint64_t size, uint64_t keep)
{
    if (size <= arena->size)
        return 0;
    uint64_t room = ARENA_GRANULE;
    while (room < size)
        room *= 2;
    if (user_charge(arena->user, room) != 0)
        return -ENOMEM;
    char *base = mmap(NULL, room + ARENA_GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        user_discharge(arena->user, room);
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
    arena->base = base;
    arena->size = room;
    return 0;
}

void arena_free(struct arena *arena)
{
    if (!arena->base)
        return;
    munmap(arena->base, arena->size + ARENA_GUARD);
    user_discharge(arena->user, arena->size);
    arena->base = NULL;
    arena->size = 0;
}
