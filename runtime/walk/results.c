/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Blocks in sizes of powers of two, cut from larger pieces and never joined again; what is large has a mapping of its own.
 * Found by address, and by content. Signals wait while it is locked: their handlers may call.
 */
#include "runtime/walk/results.h"

#include "runtime/iface.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#define CLASS_FIRST 6  /* 64 bytes, the block's head included */
#define CLASS_LAST  16 /* above: a mapping of its own */
#define PIECE       (1u << 18)
#define BUCKETS     4096

struct block {
    struct block *next; /* in its bucket, or among the free */
    struct block *same; /* in its bucket by content */
    uint64_t bytes;
    uint64_t mapped; /* 0: it is of a class */
    uint64_t digest; /* 0: it is not looked for by content */
    uint64_t handle, token;
    uint64_t given; /* when, as walk_store_given() counts */
    uint8_t size_class;
    uint8_t lifetime;
    char memory[] __attribute__((aligned(16)));
};

struct walk_store {
    pthread_mutex_t lock;
    struct block *free[CLASS_LAST + 1];
    char *piece, *piece_end;
    uint64_t taken;
    uint64_t given;
    uint32_t tied; /* blocks with a handle: nothing need be looked for where there are none */
    struct block *by_address[BUCKETS], *by_content[BUCKETS];
};

struct walk_store *walk_store_new(void)
{
    struct walk_store *store = mmap(NULL, sizeof *store, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (store == MAP_FAILED)
        return NULL;
    pthread_mutex_init(&store->lock, NULL);
    return store;
}

/* Pieces stay: programs have pointers into them. */
void walk_store_free(struct walk_store *store)
{
    if (store)
        munmap(store, sizeof *store);
}

static void lock(struct walk_store *store, sigset_t *saved)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, saved);
    pthread_mutex_lock(&store->lock);
}

static void unlock(struct walk_store *store, const sigset_t *saved)
{
    pthread_mutex_unlock(&store->lock);
    pthread_sigmask(SIG_SETMASK, saved, NULL);
}

static uint64_t mix(uint64_t digest, uint64_t word)
{
    digest = (digest ^ word) * 0x9e3779b97f4a7c15u;
    return digest ^ digest >> 32;
}

/* Not of what strangers choose to make collide: chains are only as long as what is alive. */
static uint64_t digest_of(const char *bytes, uint64_t count, const struct walk_life *life)
{
    uint64_t digest = mix(mix(count + 1, life->lifetime), life->handle), word;
    for (; count >= 8; bytes += 8, count -= 8) {
        memcpy(&word, bytes, 8);
        digest = mix(digest, word);
    }
    word = 0;
    memcpy(&word, bytes, count);
    digest = mix(digest, word);
    return digest ? digest : 1;
}

static struct block **address_bucket(struct walk_store *store, uint64_t address)
{
    return &store->by_address[mix(0, address) % BUCKETS];
}

static struct block **content_bucket(struct walk_store *store, uint64_t digest)
{
    return &store->by_content[digest % BUCKETS];
}

static void *map(struct walk_store *store, uint64_t size)
{
    if (size > WALK_STORE_MAX - store->taken)
        return NULL;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    store->taken += size;
    return memory;
}

static struct block *large_block(struct walk_store *store, uint64_t size)
{
    size = (size + 4095) & ~(uint64_t)4095;
    struct block *block = map(store, size);
    if (block)
        *block = (struct block){.mapped = size};
    return block;
}

static struct block *small_block(struct walk_store *store, unsigned size_class)
{
    struct block *block = store->free[size_class];
    uint64_t size = 1ull << size_class;
    if (block) {
        store->free[size_class] = block->next;
    } else {
        if ((uint64_t)(store->piece_end - store->piece) < size) {
            char *piece = map(store, PIECE);
            if (!piece)
                return NULL;
            store->piece = piece;
            store->piece_end = piece + PIECE;
        }
        block = (struct block *)store->piece;
        store->piece += size;
    }
    *block = (struct block){.size_class = (uint8_t)size_class};
    return block;
}

static void note_given(struct walk_store *store, struct block *block)
{
    block->given = __atomic_add_fetch(&store->given, 1, __ATOMIC_RELAXED);
}

uint64_t walk_store_given(const struct walk_store *store)
{
    return __atomic_load_n(&store->given, __ATOMIC_RELAXED);
}

static struct block *new_block(struct walk_store *store, uint64_t bytes, const struct walk_life *life)
{
    uint64_t size = sizeof(struct block) + bytes + 1; /* its end is its own */
    unsigned size_class = CLASS_FIRST;
    while (size_class <= CLASS_LAST && 1ull << size_class < size)
        size_class++;
    struct block *block = size_class > CLASS_LAST ? large_block(store, size) : small_block(store, size_class);
    if (!block)
        return NULL;
    block->bytes = bytes;
    block->lifetime = life->lifetime;
    block->handle = life->handle;
    block->token = life->token;
    note_given(store, block);
    store->tied += life->handle != 0;
    struct block **bucket = address_bucket(store, (uint64_t)(uintptr_t)block->memory);
    block->next = *bucket;
    return *bucket = block;
}

static struct block *find(struct walk_store *store, uint64_t address)
{
    struct block *block = *address_bucket(store, address);
    while (block && (uint64_t)(uintptr_t)block->memory != address)
        block = block->next;
    return block;
}

static struct block *find_content(struct walk_store *store, const char *bytes, uint64_t count, uint64_t digest,
                                  const struct walk_life *life)
{
    struct block *block = *content_bucket(store, digest);
    while (block && (block->digest != digest || block->bytes != count || block->lifetime != life->lifetime ||
                     block->handle != life->handle || memcmp(block->memory, bytes, count) != 0))
        block = block->same;
    return block;
}

static void end(struct walk_store *store, struct block *block)
{
    store->tied -= block->handle != 0;
    struct block **link = address_bucket(store, (uint64_t)(uintptr_t)block->memory);
    while (*link != block)
        link = &(*link)->next;
    *link = block->next;
    if (block->digest) {
        for (link = content_bucket(store, block->digest); *link != block;)
            link = &(*link)->same;
        *link = block->same;
    }
    if (block->mapped) {
        store->taken -= block->mapped;
        munmap(block, block->mapped);
        return;
    }
    block->next = store->free[block->size_class];
    store->free[block->size_class] = block;
}

static bool is_for_the_call(const struct walk_life *life)
{
    return life->lifetime == FAR_LIFETIME_CALL || life->lifetime == FAR_LIFETIME_NONE;
}

char *walk_result_take(const struct walk_results *results, uint64_t bytes, const struct walk_life *life)
{
    sigset_t saved;
    if (is_for_the_call(life))
        return results->call ? walk_take(results->call, bytes) : NULL;
    if (!results->store)
        return NULL;
    lock(results->store, &saved);
    struct block *block = new_block(results->store, bytes, life);
    unlock(results->store, &saved);
    return block ? block->memory : NULL;
}

static char *copy(struct walk_store *store, const char *bytes, uint64_t count, const struct walk_life *life)
{
    uint64_t digest = digest_of(bytes, count, life);
    struct block *block = find_content(store, bytes, count, digest, life);
    if (block) {
        note_given(store, block);
        return block->memory;
    }
    block = new_block(store, count, life);
    if (!block)
        return NULL;
    memcpy(block->memory, bytes, count);
    struct block **bucket = content_bucket(store, digest);
    block->digest = digest;
    block->same = *bucket;
    *bucket = block;
    return block->memory;
}

char *walk_result_copy(const struct walk_results *results, const char *bytes, uint64_t count,
                       const struct walk_life *life)
{
    sigset_t saved;
    char *memory;
    if (life->lifetime != FAR_LIFETIME_SERVICE && life->lifetime != FAR_LIFETIME_HANDLE) {
        memory = walk_result_take(results, count, life);
        return memory ? memcpy(memory, bytes, count) : NULL;
    }
    if (!results->store)
        return NULL;
    lock(results->store, &saved);
    memory = copy(results->store, bytes, count, life);
    unlock(results->store, &saved);
    return memory;
}

/* What is found by content may be others' too: it stays. */
void walk_result_drop(const struct walk_results *results, char *memory)
{
    sigset_t saved;
    if (!results->store)
        return;
    lock(results->store, &saved);
    struct block *block = find(results->store, (uint64_t)(uintptr_t)memory);
    if (block && !block->digest)
        end(results->store, block);
    unlock(results->store, &saved);
}

uint64_t walk_store_token(struct walk_store *store, uint64_t address)
{
    sigset_t saved;
    if (!store || !address)
        return 0;
    lock(store, &saved);
    const struct block *block = find(store, address);
    uint64_t token = block && block->lifetime == FAR_LIFETIME_RELEASED ? block->token : 0;
    unlock(store, &saved);
    return token;
}

/* With the lock held. */
static void end_tied(struct walk_store *store, unsigned lifetime, uint64_t handle, uint64_t until)
{
    for (uint32_t i = 0; i < BUCKETS && store->tied; i++)
        for (struct block *block = store->by_address[i], *next; block; block = next) {
            next = block->next;
            if (block->lifetime == lifetime && block->handle == handle && block->given <= until)
                end(store, block);
        }
}

void walk_store_released(struct walk_store *store, uint64_t address)
{
    sigset_t saved;
    lock(store, &saved);
    struct block *block = find(store, address);
    uint64_t token = block && block->lifetime == FAR_LIFETIME_RELEASED ? block->token : 0;
    if (token) {
        end(store, block);
        end_tied(store, FAR_LIFETIME_RELEASED, address, UINT64_MAX);
    }
    unlock(store, &saved);
}

void walk_store_handle_gone(struct walk_store *store, uint64_t handle, uint64_t until)
{
    sigset_t saved;
    lock(store, &saved);
    end_tied(store, FAR_LIFETIME_HANDLE, handle, until);
    unlock(store, &saved);
}
