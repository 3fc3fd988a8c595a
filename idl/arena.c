/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_BLOCK_BYTES ((size_t)64 << 10)
#define MOST_BLOCK_BYTES  ((size_t)1 << 20)

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

static _Noreturn void give_up(const struct arena *arena)
{
    if (arena->exhausted)
        arena->exhausted();
    abort();
}

/*
 * Blocks grow with what is needed: a small header stays small, a large one takes few. A large block's pages are asked
 * for at once, which costs a third of touching them one by one; a kernel that cannot leaves it as it is.
 */
static size_t block_room(const struct arena *arena, size_t size)
{
    size_t last = arena->blocks ? arena->blocks->size : FIRST_BLOCK_BYTES / 2;
    size_t room = last < MOST_BLOCK_BYTES ? last * 2 : MOST_BLOCK_BYTES;
    return size > room ? size : room;
}

static void populate(const struct arena_block *block)
{
    const uintptr_t page = 4096;
    uintptr_t start = ((uintptr_t)block->bytes + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)block->bytes + block->size) / page * page;
    if (block->size == MOST_BLOCK_BYTES && end > start)
        (void)madvise((void *)start, end - start, MADV_POPULATE_WRITE);
}

static struct arena_block *add_block(struct arena *arena, size_t size)
{
    size_t room = block_room(arena, size);
    if (room > SIZE_MAX - sizeof(struct arena_block))
        give_up(arena);
    struct arena_block *block = calloc(1, sizeof *block + room);
    if (!block)
        give_up(arena);
    block->size = room;
    populate(block);
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t unit = alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        give_up(arena);
    size = (size + unit - 1) / unit * unit;
    struct arena_block *block = arena->blocks;
    if (!block || block->size - block->used < size)
        block = add_block(arena, size);
    void *piece = block->bytes + block->used;
    block->used += size;
    return piece;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    if (length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_string(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, list);
    char *text = arena_alloc(arena, length < 0 ? 1 : (size_t)length + 1);
    if (length > 0)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(list);
    return text;
}

void *arena_grow(struct arena *arena, const void *old, size_t count, size_t size)
{
    size_t room = count ? count * 2 : 8;
    if (room > SIZE_MAX / 4 / size)
        give_up(arena);
    void *array = arena_alloc(arena, room * size);
    if (count)
        memcpy(array, old, count * size);
    return array;
}

void arena_clear(struct arena *arena)
{
    struct arena_block *kept = arena->blocks;
    if (!kept)
        return;
    arena->blocks = kept->next;
    arena_free(arena);
    memset(kept->bytes, 0, kept->used);
    kept->used = 0;
    kept->next = NULL;
    arena->blocks = kept;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}
