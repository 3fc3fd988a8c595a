/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * One table for both roles: entries with numbers, found by a key, which is the caller's address or, with the callee, the
 * number itself. Signals wait while it is locked: their handlers may call.
 */
#include "runtime/walk/kept.h"

#include "runtime/astack.h"
#include "runtime/iface.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

struct entry {
    uint64_t key; /* 0: free */
    char *memory; /* callee */
    uint64_t bytes;
    uint32_t type;
    uint32_t next; /* in its bucket, or among the free: 1 + index */
    bool used;     /* by a call, now */
    bool leaving;  /* goes when that call ends */
    struct walk_until until;
    struct walk_memory *below; /* callee: in front of its memory, since entries move */
};

struct walk_kept {
    pthread_mutex_t lock;
    struct walk_charge charge;
    struct entry *entry;
    uint32_t *bucket;
    uint32_t room, top, free, count;
    uint64_t types; /* a bit for each type that may be among them: most pointers need not be looked for */
    uint64_t bytes;
};

#define ROOM_FIRST 32

struct walk_kept *walk_kept_new(struct walk_charge charge)
{
    struct walk_kept *kept = mmap(NULL, sizeof *kept, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (kept == MAP_FAILED)
        return NULL;
    pthread_mutex_init(&kept->lock, NULL);
    kept->charge = charge;
    return kept;
}

uint32_t walk_kept_count(const struct walk_kept *kept)
{
    return __atomic_load_n(&kept->count, __ATOMIC_RELAXED);
}

static void lock(struct walk_kept *kept, sigset_t *saved)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, saved);
    pthread_mutex_lock(&kept->lock);
}

static void unlock(struct walk_kept *kept, const sigset_t *saved)
{
    pthread_mutex_unlock(&kept->lock);
    pthread_sigmask(SIG_SETMASK, saved, NULL);
}

static uint64_t tables_size(uint32_t room)
{
    return room * (sizeof(struct entry) + sizeof(uint32_t));
}

static uint32_t *bucket_of(struct walk_kept *kept, uint64_t key)
{
    return &kept->bucket[(uint32_t)(key * 0x9e3779b97f4a7c15u >> 32) & (kept->room - 1)];
}

static void into_bucket(struct walk_kept *kept, uint32_t index)
{
    uint32_t *bucket = bucket_of(kept, kept->entry[index].key);
    kept->entry[index].next = *bucket;
    *bucket = index + 1;
}

static bool grow(struct walk_kept *kept)
{
    uint32_t room = kept->room ? 2 * kept->room : ROOM_FIRST;
    struct entry *entries = mmap(NULL, tables_size(room), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (entries == MAP_FAILED)
        return false;
    if (kept->room) {
        memcpy(entries, kept->entry, kept->room * sizeof *entries);
        munmap(kept->entry, tables_size(kept->room));
    }
    kept->entry = entries;
    kept->bucket = (uint32_t *)(entries + room);
    kept->room = room;
    for (uint32_t i = 0; i < kept->top; i++)
        if (entries[i].key)
            into_bucket(kept, i);
    return true;
}

static struct entry *find(struct walk_kept *kept, uint64_t key, uint32_t type)
{
    if (!kept->room)
        return NULL;
    for (uint32_t i = *bucket_of(kept, key); i; i = kept->entry[i - 1].next)
        if (kept->entry[i - 1].key == key && (type == UINT32_MAX || kept->entry[i - 1].type == type))
            return &kept->entry[i - 1];
    return NULL;
}

static struct entry *add(struct walk_kept *kept, uint64_t key, uint32_t type)
{
    uint32_t index = kept->free ? kept->free - 1 : kept->top;
    if (kept->count == WALK_KEPT_MAX || (!kept->free && kept->top == kept->room && !grow(kept)))
        return NULL;
    if (kept->free)
        kept->free = kept->entry[index].next;
    else
        kept->top++;
    kept->entry[index] = (struct entry){.key = key, .type = type};
    into_bucket(kept, index);
    __atomic_or_fetch(&kept->types, 1ull << type % 64, __ATOMIC_RELAXED);
    __atomic_add_fetch(&kept->count, 1, __ATOMIC_RELAXED);
    return &kept->entry[index];
}

#define FRONT 64
_Static_assert(sizeof(struct walk_memory) <= FRONT, "there is room in front of the memory");

static uint64_t pages(uint64_t bytes)
{
    return (FRONT + bytes + 4096) & ~(uint64_t)4095; /* one byte more at least: its end is inside */
}

static bool charge(const struct walk_kept *kept, uint64_t bytes)
{
    return !kept->charge.ask || kept->charge.ask(kept->charge.owner, (int64_t)bytes);
}

static void give_back(const struct walk_kept *kept, uint64_t bytes)
{
    if (kept->charge.ask)
        kept->charge.ask(kept->charge.owner, -(int64_t)bytes);
}

static void free_memory(struct walk_kept *kept, struct entry *entry)
{
    if (!entry->memory)
        return;
    walk_memory_free(entry->below);
    munmap(entry->memory - FRONT, pages(entry->bytes));
    kept->bytes -= pages(entry->bytes);
    give_back(kept, pages(entry->bytes));
    entry->memory = NULL;
}

static void drop(struct walk_kept *kept, struct entry *entry)
{
    uint32_t index = (uint32_t)(entry - kept->entry), *link = bucket_of(kept, entry->key);
    free_memory(kept, entry);
    while (*link != index + 1)
        link = &kept->entry[*link - 1].next;
    *link = entry->next;
    *entry = (struct entry){.next = kept->free};
    kept->free = index + 1;
    __atomic_sub_fetch(&kept->count, 1, __ATOMIC_RELAXED);
}

/* What is in use goes when that ends. */
static void drop_or_wait(struct walk_kept *kept, struct entry *entry)
{
    if (entry->used)
        entry->leaving = true;
    else
        drop(kept, entry);
}

static void drop_tied_to(struct walk_kept *kept, uint32_t number, uint64_t handle)
{
    for (uint32_t i = 0; i < kept->top; i++) {
        struct entry *entry = &kept->entry[i];
        if (entry->key && ((number && entry->until.kept == number) || (handle && entry->until.handle == handle)))
            drop_or_wait(kept, entry);
    }
}

void walk_kept_free(struct walk_kept *kept)
{
    if (!kept)
        return;
    for (uint32_t i = 0; i < kept->top; i++)
        if (kept->entry[i].key)
            free_memory(kept, &kept->entry[i]);
    if (kept->room)
        munmap(kept->entry, tables_size(kept->room));
    pthread_mutex_destroy(&kept->lock);
    munmap(kept, sizeof *kept);
}

void walk_kept_handle_gone(struct walk_kept *kept, uint64_t handle)
{
    sigset_t saved;
    if (!walk_kept_count(kept) || !handle)
        return;
    lock(kept, &saved);
    drop_tied_to(kept, 0, handle);
    unlock(kept, &saved);
}

/* --- the caller's --- */

static uint32_t number_of(const struct walk_kept *kept, const struct entry *entry)
{
    return entry ? (uint32_t)(entry - kept->entry) + 1 : 0;
}

uint32_t walk_kept_find(struct walk_kept *kept, uint64_t address, uint32_t type, uint64_t bytes)
{
    sigset_t saved;
    if (!walk_kept_count(kept) || !(__atomic_load_n(&kept->types, __ATOMIC_RELAXED) >> type % 64 & 1))
        return 0;
    lock(kept, &saved);
    const struct entry *entry = find(kept, address, type);
    uint32_t number = entry && bytes <= entry->bytes ? number_of(kept, entry) : 0;
    unlock(kept, &saved);
    return number;
}

uint32_t walk_kept_enter(struct walk_kept *kept, uint64_t address, uint32_t type, uint64_t bytes,
                         const struct walk_until *until)
{
    sigset_t saved;
    lock(kept, &saved);
    struct entry *entry = find(kept, address, type);
    entry = entry ? entry : add(kept, address, type);
    if (entry) {
        entry->until = *until;
        entry->bytes = bytes;
    }
    uint32_t number = number_of(kept, entry);
    unlock(kept, &saved);
    return number;
}

uint64_t walk_kept_address(struct walk_kept *kept, uint32_t number, uint32_t type, uint64_t offset)
{
    sigset_t saved;
    uint64_t address = 0;
    lock(kept, &saved);
    if (number && number <= kept->top) {
        const struct entry *entry = &kept->entry[number - 1];
        address = entry->key && entry->type == type && offset <= entry->bytes ? entry->key + offset : 0;
    }
    unlock(kept, &saved);
    return address;
}

void walk_kept_leave(struct walk_kept *kept, uint32_t number)
{
    sigset_t saved;
    lock(kept, &saved);
    if (number && number <= kept->top && kept->entry[number - 1].key)
        drop(kept, &kept->entry[number - 1]);
    drop_tied_to(kept, number, 0);
    unlock(kept, &saved);
}

/* --- the callee's --- */

static bool give_memory(struct walk_kept *kept, struct entry *entry, uint64_t bytes)
{
    uint64_t size = pages(bytes);
    if (entry->memory && pages(entry->bytes) == size) {
        memset(entry->memory, 0, size - FRONT);
        entry->bytes = bytes;
        return true;
    }
    free_memory(kept, entry);
    if (kept->bytes + size > WALK_KEPT_BYTES_MAX || !charge(kept, size))
        return false;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        give_back(kept, size);
        return false;
    }
    kept->bytes += size;
    entry->below = (struct walk_memory *)memory;
    entry->below->charge = kept->charge;
    entry->memory = memory + FRONT;
    entry->bytes = bytes;
    return true;
}

/* With the lock held. */
static unsigned use(struct walk_kept *kept, uint32_t number, uint32_t type, uint64_t bytes, bool fresh,
                    struct walk_keeping *keeping)
{
    struct entry *entry = find(kept, number, UINT32_MAX);
    if (entry && entry->used)
        return FAR_CALL_NOT_KEPT;
    if (!fresh && (!entry || entry->type != type || bytes > entry->bytes))
        return FAR_CALL_NOT_KEPT;
    entry = entry ? entry : add(kept, number, type);
    if (!entry)
        return FAR_CALL_NO_MEMORY;
    if (fresh && !give_memory(kept, entry, bytes)) {
        drop(kept, entry);
        return FAR_CALL_NO_MEMORY;
    }
    entry->type = type;
    entry->used = true;
    walk_memory_reset(entry->below);
    *keeping = (struct walk_keeping){entry->memory, entry->below};
    return FAR_CALL_DONE;
}

unsigned walk_keep_use(struct walk_kept *kept, uint32_t number, uint32_t type, uint64_t bytes, bool fresh,
                       struct walk_keeping *keeping)
{
    sigset_t saved;
    lock(kept, &saved);
    unsigned status = use(kept, number, type, bytes, fresh, keeping);
    unlock(kept, &saved);
    return status;
}

void walk_keep_until(struct walk_kept *kept, uint32_t number, const struct walk_until *until)
{
    sigset_t saved;
    lock(kept, &saved);
    struct entry *entry = find(kept, number, UINT32_MAX);
    if (entry)
        entry->until = *until;
    unlock(kept, &saved);
}

void walk_keep_done(struct walk_kept *kept, uint32_t number, bool released)
{
    sigset_t saved;
    lock(kept, &saved);
    struct entry *entry = find(kept, number, UINT32_MAX);
    if (entry) {
        entry->used = false;
        if (released || entry->leaving)
            drop(kept, entry);
    }
    if (released)
        drop_tied_to(kept, number, 0);
    unlock(kept, &saved);
}

uint32_t walk_keep_at(struct walk_kept *kept, uint64_t address, uint32_t type, uint64_t *offset)
{
    sigset_t saved;
    uint32_t number = 0;
    if (!walk_kept_count(kept))
        return 0;
    lock(kept, &saved);
    for (uint32_t i = 0; i < kept->top && !number; i++) {
        const struct entry *entry = &kept->entry[i];
        uint64_t begin = (uint64_t)(uintptr_t)entry->memory;
        if (entry->key && entry->type == type && begin && address >= begin && address - begin <= entry->bytes) {
            *offset = address - begin;
            number = (uint32_t)entry->key;
        }
    }
    unlock(kept, &saved);
    return number;
}
