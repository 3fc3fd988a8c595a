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
    uint64_t begun;            /* when, as walk_kept_begun() counts */
    struct walk_memory *below; /* callee: in front of its memory, since entries move */
};

/* Callee: what lies in front of memory that is kept. */
struct front {
    struct walk_memory below;
    struct front *earlier; /* where it lay when it was smaller: the service may still look there */
    uint64_t size;         /* with this */
};

/* Callee: the key of what has ended in the middle of a call; no number that a caller can say. */
#define ENDED (1ull << 63)

struct walk_kept {
    pthread_mutex_t lock;
    struct walk_charge charge;
    struct entry *entry;
    uint32_t *bucket;
    uint32_t room, top, free, count;
    uint64_t types; /* a bit for each type that may be among them: most pointers need not be looked for */
    uint64_t bytes;
    uint64_t begun;
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

static void out_of_bucket(struct walk_kept *kept, uint32_t index)
{
    uint32_t *link = bucket_of(kept, kept->entry[index].key);
    while (*link != index + 1)
        link = &kept->entry[*link - 1].next;
    *link = kept->entry[index].next;
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
#define PAGE  4096u
_Static_assert(sizeof(struct front) <= FRONT, "there is room in front of the memory");

static struct front *front_of(const struct entry *entry)
{
    return (struct front *)(void *)(entry->memory - FRONT);
}

static uint64_t pages(uint64_t bytes)
{
    return (FRONT + bytes + PAGE) & ~(uint64_t)(PAGE - 1); /* one byte more at least: its end is inside */
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
    for (struct front *front = front_of(entry), *earlier; front; front = earlier) {
        uint64_t size = front->size;
        earlier = front->earlier;
        walk_memory_free(&front->below);
        munmap(front, size);
        kept->bytes -= size;
        give_back(kept, size);
    }
    entry->memory = NULL;
}

static void drop(struct walk_kept *kept, struct entry *entry)
{
    uint32_t index = (uint32_t)(entry - kept->entry);
    free_memory(kept, entry);
    out_of_bucket(kept, index);
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

/* The same, but its number is free at once. */
static void end(struct walk_kept *kept, struct entry *entry)
{
    uint32_t index = (uint32_t)(entry - kept->entry);
    if (!entry->used) {
        drop(kept, entry);
        return;
    }
    out_of_bucket(kept, index);
    entry->key = ENDED | index;
    entry->leaving = true;
    into_bucket(kept, index);
}

static void drop_tied_to(struct walk_kept *kept, uint32_t place)
{
    for (uint32_t i = 0; i < kept->top; i++)
        if (kept->entry[i].key && kept->entry[i].until.kept == place)
            drop_or_wait(kept, &kept->entry[i]);
}

static bool ends_with(const struct entry *entry, uint64_t function)
{
    return entry->until.lifetime == FAR_LIFETIME_CALLBACK && function && entry->until.function == function;
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

uint64_t walk_kept_begun(const struct walk_kept *kept)
{
    return __atomic_load_n(&kept->begun, __ATOMIC_RELAXED);
}

static void begins(struct walk_kept *kept, struct entry *entry)
{
    entry->begun = __atomic_add_fetch(&kept->begun, 1, __ATOMIC_RELAXED);
}

void walk_kept_handle_gone(struct walk_kept *kept, uint64_t handle, uint64_t begun)
{
    sigset_t saved;
    if (!walk_kept_count(kept) || !handle)
        return;
    lock(kept, &saved);
    for (uint32_t i = 0; i < kept->top; i++) {
        struct entry *entry = &kept->entry[i];
        if (entry->key && entry->until.handle == handle && entry->begun <= begun)
            drop_or_wait(kept, entry);
    }
    unlock(kept, &saved);
}

/* --- the caller's --- */

static uint32_t number_of(const struct walk_kept *kept, const struct entry *entry)
{
    return entry ? (uint32_t)(entry - kept->entry) + 1 : 0;
}

/* By its address: not what ends with a function, unless that is asked for. */
static struct entry *find_own(struct walk_kept *kept, uint64_t address, uint32_t type, bool with_function)
{
    if (!kept->room)
        return NULL;
    for (uint32_t i = *bucket_of(kept, address); i; i = kept->entry[i - 1].next) {
        struct entry *entry = &kept->entry[i - 1];
        if (entry->key == address && entry->type == type && (with_function || !entry->until.function))
            return entry;
    }
    return NULL;
}

uint32_t walk_kept_find(struct walk_kept *kept, uint64_t address, uint32_t type, uint64_t bytes, bool plain)
{
    sigset_t saved;
    if (!walk_kept_count(kept) || !(__atomic_load_n(&kept->types, __ATOMIC_RELAXED) >> type % 64 & 1))
        return 0;
    lock(kept, &saved);
    const struct entry *entry = find_own(kept, address, type, !plain);
    uint32_t number = entry && bytes <= entry->bytes ? number_of(kept, entry) : 0;
    unlock(kept, &saved);
    return number;
}

uint32_t walk_kept_enter(struct walk_kept *kept, uint64_t address, uint32_t type, uint64_t bytes,
                         const struct walk_until *until, bool *added)
{
    sigset_t saved;
    lock(kept, &saved);
    struct entry *entry = until->function ? NULL : find_own(kept, address, type, false);
    *added = !entry;
    entry = entry ? entry : add(kept, address, type);
    if (entry) {
        entry->until = *until;
        entry->bytes = bytes;
        begins(kept, entry);
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

static void leave(struct walk_kept *kept, uint32_t number)
{
    if (number && number <= kept->top && kept->entry[number - 1].key) {
        drop(kept, &kept->entry[number - 1]);
        drop_tied_to(kept, number);
    }
}

void walk_kept_leave(struct walk_kept *kept, uint32_t number)
{
    sigset_t saved;
    lock(kept, &saved);
    leave(kept, number);
    unlock(kept, &saved);
}

uint64_t walk_kept_back(struct walk_kept *kept, uint32_t number, uint64_t function)
{
    sigset_t saved;
    lock(kept, &saved);
    bool is = number && number <= kept->top;
    uint64_t address = is ? kept->entry[number - 1].key : 0;
    if (address && ends_with(&kept->entry[number - 1], function))
        leave(kept, number);
    unlock(kept, &saved);
    return address;
}

/* --- the callee's --- */

static struct front *map_front(struct walk_kept *kept, uint64_t size)
{
    if (kept->bytes + size > WALK_KEPT_BYTES_MAX || !charge(kept, size))
        return NULL;
    struct front *front = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (front == MAP_FAILED) {
        give_back(kept, size);
        return NULL;
    }
    kept->bytes += size;
    front->below.charge = kept->charge;
    front->size = size;
    return front;
}

/*
 * What begins anew and is larger lies elsewhere, and what was before stays until both end: only the service knows whether it is
 * done with that. Each time twice as large, so all together take no more than twice the last.
 */
static bool give_memory(struct walk_kept *kept, struct entry *entry, uint64_t bytes)
{
    uint64_t size = pages(bytes), before = entry->memory ? front_of(entry)->size : 0;
    if (before >= size) {
        memset(entry->memory, 0, before - FRONT);
        entry->bytes = bytes;
        return true;
    }
    struct front *front = map_front(kept, size > 2 * before ? size : 2 * before);
    if (!front)
        return false;
    front->earlier = entry->memory ? front_of(entry) : NULL;
    entry->below = &front->below;
    entry->memory = (char *)front + FRONT;
    entry->bytes = bytes;
    return true;
}

/* With the lock held. */
static unsigned use(struct walk_kept *kept, uint32_t number, uint32_t type, uint64_t bytes, bool fresh,
                    struct walk_keeping *keeping)
{
    struct entry *entry = find(kept, number, UINT32_MAX);
    bool added = !entry;
    if (entry && entry->used)
        return FAR_CALL_NOT_KEPT;
    if (!fresh && (!entry || entry->type != type || bytes > entry->bytes))
        return FAR_CALL_NOT_KEPT;
    entry = entry ? entry : add(kept, number, type);
    if (!entry)
        return FAR_CALL_NO_MEMORY;
    if (fresh && !give_memory(kept, entry, bytes)) {
        if (added)
            drop(kept, entry);
        return FAR_CALL_NO_MEMORY;
    }
    if (fresh)
        begins(kept, entry);
    entry->type = type;
    entry->used = true;
    walk_memory_reset(entry->below);
    *keeping = (struct walk_keeping){entry->memory, entry->below, number_of(kept, entry), added};
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

void walk_keep_until(struct walk_kept *kept, uint32_t place, const struct walk_until *until)
{
    sigset_t saved;
    lock(kept, &saved);
    kept->entry[place - 1].until = *until;
    unlock(kept, &saved);
}

void walk_keep_done(struct walk_kept *kept, uint32_t place, bool released)
{
    sigset_t saved;
    lock(kept, &saved);
    struct entry *entry = &kept->entry[place - 1];
    entry->used = false;
    if (released || entry->leaving)
        drop(kept, entry);
    if (released)
        drop_tied_to(kept, place);
    unlock(kept, &saved);
}

/* Any bits may be asked about, so most are sorted out without a look: such memory begins behind what lies in front of it. */
uint32_t walk_keep_back(struct walk_kept *kept, uint64_t address, uint64_t function)
{
    sigset_t saved;
    uint32_t number = 0;
    if (address % PAGE != FRONT || !walk_kept_count(kept))
        return 0;
    lock(kept, &saved);
    for (uint32_t i = 0; i < kept->top && !number; i++) {
        struct entry *entry = &kept->entry[i];
        if (!entry->key || entry->leaving || (uint64_t)(uintptr_t)entry->memory != address)
            continue;
        number = (uint32_t)entry->key;
        if (ends_with(entry, function))
            end(kept, entry);
    }
    unlock(kept, &saved);
    return number;
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
        if (entry->key && !entry->leaving && entry->type == type && begin && address >= begin &&
            address - begin <= entry->bytes) {
            *offset = address - begin;
            number = (uint32_t)entry->key;
        }
    }
    unlock(kept, &saved);
    return number;
}
