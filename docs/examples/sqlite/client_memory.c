/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Memory that a client asks SQLite for, and writes: a client's own part, linked into the import library (far implib --with).
 * sqlite3_malloc() and its like give memory of the client's; sqlite3_free() and its like know which is whose, since SQLite
 * gives out memory to be freed as well. sqlite3_deserialize() hands over a copy.
 */
#include "sqlite3_far_dropin.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define OPERATION(name) __asm__("far_operation_" #name) __attribute__((visibility("hidden")))
#define BUCKETS         1024

void service_free(void *memory) OPERATION(sqlite3_free);
sqlite3_uint64 service_msize(void *memory) OPERATION(sqlite3_msize);

struct block {
    struct block *next;
    sqlite3_uint64 size;
    _Alignas(16) unsigned char bytes[];
};

static struct block *blocks[BUCKETS]; /* by address */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Where the block hangs whose bytes these are; *it is NULL if it is none of ours. Under the lock. */
static struct block **find(const void *bytes)
{
    struct block **at = &blocks[(size_t)bytes / 16 % BUCKETS];
    while (*at && (*at)->bytes != bytes)
        at = &(*at)->next;
    return at;
}

static struct block *take(const void *bytes)
{
    pthread_mutex_lock(&lock);
    struct block **at = find(bytes), *block = *at;
    if (block)
        *at = block->next;
    pthread_mutex_unlock(&lock);
    return block;
}

static void *keep(struct block *block, sqlite3_uint64 size)
{
    if (!block)
        return NULL;
    block->size = size;
    pthread_mutex_lock(&lock);
    struct block **at = find(block->bytes);
    block->next = NULL;
    *at = block;
    pthread_mutex_unlock(&lock);
    return block->bytes;
}

/* SQLite's own limit, which keeps sums from overflowing as well. */
static int fits(sqlite3_uint64 size)
{
    return size > 0 && size < 0x7fffff00;
}

void *sqlite3_malloc64(sqlite3_uint64 size)
{
    return fits(size) ? keep(malloc(sizeof(struct block) + size), size) : NULL;
}

void *sqlite3_malloc(int size)
{
    return size > 0 ? sqlite3_malloc64((sqlite3_uint64)size) : NULL;
}

void sqlite3_free(void *memory)
{
    struct block *block = memory ? take(memory) : NULL;
    if (memory && !block)
        service_free(memory);
    free(block);
}

sqlite3_uint64 sqlite3_msize(void *memory)
{
    pthread_mutex_lock(&lock);
    struct block *block = memory ? *find(memory) : NULL;
    pthread_mutex_unlock(&lock);
    return block ? block->size : service_msize(memory);
}

/* Of SQLite's memory the client has what it was given, and makes memory of its own of it. */
static void *move(void *memory, sqlite3_uint64 size)
{
    sqlite3_uint64 old = service_msize(memory);
    void *moved = sqlite3_malloc64(size);
    if (moved) {
        memcpy(moved, memory, old < size ? old : size);
        service_free(memory);
    }
    return moved;
}

void *sqlite3_realloc64(void *memory, sqlite3_uint64 size)
{
    if (!memory || size == 0) {
        sqlite3_free(memory);
        return sqlite3_malloc64(size);
    }
    struct block *block = fits(size) ? take(memory) : NULL;
    if (!block)
        return fits(size) ? move(memory, size) : NULL;
    struct block *grown = realloc(block, sizeof *block + size);
    if (grown)
        return keep(grown, size);
    keep(block, block->size);
    return NULL;
}

void *sqlite3_realloc(void *memory, int size)
{
    return sqlite3_realloc64(memory, size > 0 ? (sqlite3_uint64)size : 0);
}

int sqlite3_deserialize(sqlite3 *db, const char *schema, unsigned char *bytes, sqlite3_int64 size, sqlite3_int64 room,
                        unsigned flags)
{
    int result = sqlite3_far_deserialize(db, schema, bytes, size, room, flags);
    /* As SQLite does it, whether it succeeds or not. */
    if (flags & SQLITE_DESERIALIZE_FREEONCLOSE)
        sqlite3_free(bytes);
    return result;
}
