/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Memory of one compilation: handed out in pieces, given back all at once. */
#ifndef FARCALL_IDL_ARENA_H
#define FARCALL_IDL_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
    void (*exhausted)(void); /* called when memory runs out; must not return. NULL: abort() */
};

/* Zeroed, aligned for anything. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_copy(struct arena *arena, const char *text, size_t length); /* adds a NUL */
char *arena_string(struct arena *arena, const char *text);
__attribute__((format(printf, 2, 3))) char *arena_format(struct arena *arena, const char *format, ...);
/* Twice the room for an array that is full: `count` elements of `size` bytes are kept. */
void *arena_grow(struct arena *arena, const void *old, size_t count, size_t size);
void arena_clear(struct arena *arena); /* everything in it is given back, some room is kept for what follows */
void arena_free(struct arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
