/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/walk/memory.h"

#include <stddef.h>
#include <sys/mman.h>

#define CHUNK_LEAST 65536
#define GUARD       4096 /* nobody may touch it: who writes on faults */
#define GAP         16

struct walk_chunk {
    struct walk_chunk *next;
    uint64_t size, used; /* this header included */
};

#define HEADER ((sizeof(struct walk_chunk) + 15) & ~(uint64_t)15)

static bool charge(struct walk_memory *memory, uint64_t bytes)
{
    if (memory->limit && bytes > memory->limit - memory->taken)
        return false;
    if (memory->charge.ask && !memory->charge.ask(memory->charge.owner, (int64_t)bytes))
        return false;
    memory->taken += bytes;
    return true;
}

static void give_back(struct walk_memory *memory, struct walk_chunk *chunk)
{
    uint64_t size = chunk->size;
    munmap(chunk, size + GUARD);
    memory->taken -= size;
    if (memory->charge.ask)
        memory->charge.ask(memory->charge.owner, -(int64_t)size);
}

static struct walk_chunk *new_chunk(struct walk_memory *memory, uint64_t least)
{
    uint64_t size = CHUNK_LEAST;
    while (size < least)
        size *= 2;
    if (!charge(memory, size))
        return NULL;
    struct walk_chunk *chunk =
        mmap(NULL, size + GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (chunk == MAP_FAILED) {
        memory->taken -= size;
        if (memory->charge.ask)
            memory->charge.ask(memory->charge.owner, -(int64_t)size);
        return NULL;
    }
    mprotect((char *)chunk + size, GUARD, PROT_NONE);
    *chunk = (struct walk_chunk){memory->chunk, size, HEADER};
    return memory->chunk = chunk;
}

void *walk_take(struct walk_memory *memory, uint64_t bytes)
{
    if (bytes > UINT64_MAX / 4)
        return NULL;
    uint64_t size = ((bytes + 15) & ~(uint64_t)15) + GAP;
    struct walk_chunk *chunk = memory->chunk;
    if (!chunk || size > chunk->size - chunk->used)
        chunk = new_chunk(memory, HEADER + size);
    if (!chunk)
        return NULL;
    char *place = (char *)chunk + chunk->used;
    chunk->used += size;
    return place;
}

void walk_memory_free(struct walk_memory *memory)
{
    while (memory->chunk) {
        struct walk_chunk *chunk = memory->chunk;
        memory->chunk = chunk->next;
        give_back(memory, chunk);
    }
}

void walk_memory_reset(struct walk_memory *memory)
{
    uint64_t used = 0, keep = memory->keep ? memory->keep : WALK_MEMORY_KEEP;
    for (const struct walk_chunk *chunk = memory->chunk; chunk; chunk = chunk->next)
        used += chunk->used;
    if (memory->chunk && !memory->chunk->next && memory->chunk->size <= keep) {
        memory->chunk->used = HEADER;
        return;
    }
    walk_memory_free(memory);
    if (used && used <= keep / 2)
        new_chunk(memory, used);
}
