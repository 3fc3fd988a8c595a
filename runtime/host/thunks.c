/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/thunk.h"

#include "runtime/host/host.h"
#include "runtime/room.h"

#include <pthread.h>

struct thunk {
    struct thunk_target target; /* client NULL: dead, or never used */
    uint16_t next;              /* 1 + index: in its bucket while it lives, among the dead after */
};

/* Those that are called in one way, or in one of some ways: chains are searched for what fits. */
struct way {
    uint16_t made;                  /* alive or dead */
    uint16_t first_dead, last_dead; /* the longest dead first */
};

_Static_assert(FAR_THUNKS_MAX < UINT16_MAX, "indices and their ends fit");

#define BUCKETS 4096
#define WAYS    256
#define ROOM    (FAR_THUNKS_MAX / 4 * 3) /* for one way, and for all users together */
#define FEW     (FAR_THUNKS_MAX / 16)

static pthread_mutex_t thunks_lock = PTHREAD_MUTEX_INITIALIZER; /* guards all of this */
static struct thunk thunks[FAR_THUNKS_MAX];
static uint16_t bucket[BUCKETS];
static uint16_t fresh; /* those from here on were never used */
static struct way ways[WAYS];

static uint16_t *bucket_of(const struct thunk_target *target)
{
    uint64_t mixed = (uint64_t)(uintptr_t)target->client ^ (uint64_t)target->function << 32 ^ target->callback;
    return &bucket[mixed * 0x9e3779b97f4a7c15u >> 52];
}

static uint16_t find(const struct thunk_target *target)
{
    for (uint16_t at = *bucket_of(target); at; at = thunks[at - 1].next) {
        const struct thunk_target *there = &thunks[at - 1].target;
        if (there->client == target->client && there->function == target->function &&
            there->callback == target->callback)
            return at;
    }
    return 0;
}

static struct way *way_of(uint32_t callback)
{
    return &ways[callback % WAYS];
}

static uint16_t take_dead(struct way *way, uint32_t callback)
{
    uint16_t before = 0, at = way->first_dead;
    for (; at && thunks[at - 1].target.callback != callback; at = thunks[at - 1].next)
        before = at;
    if (!at)
        return 0;
    *(before ? &thunks[before - 1].next : &way->first_dead) = thunks[at - 1].next;
    if (way->last_dead == at)
        way->last_dead = before;
    return at;
}

static uint16_t take_unused(uint32_t callback)
{
    struct way *way = way_of(callback);
    if (fresh >= FAR_THUNKS_MAX || (fresh >= ROOM && way->made >= FEW))
        return take_dead(way, callback);
    way->made++;
    return ++fresh;
}

static uint16_t make(const struct thunk_target *target)
{
    if (target->user && !user_begin_function(target->user, ROOM))
        return 0;
    uint16_t at = take_unused(target->callback), *chain = bucket_of(target);
    if (at) {
        thunks[at - 1] = (struct thunk){*target, *chain};
        *chain = at;
    } else if (target->user) {
        user_end_function(target->user);
    }
    return at;
}

uint64_t thunk_get(const struct thunk_target *target)
{
    pthread_mutex_lock(&thunks_lock);
    uint16_t at = find(target);
    at = at ? at : make(target);
    pthread_mutex_unlock(&thunks_lock);
    return at ? (uint64_t)(uintptr_t)far_thunks + (at - 1u) * (uint64_t)FAR_THUNK_SIZE : 0;
}

bool thunk_target(uint32_t number, struct thunk_target *target)
{
    if (number >= FAR_THUNKS_MAX)
        return false;
    pthread_mutex_lock(&thunks_lock);
    *target = thunks[number].target;
    pthread_mutex_unlock(&thunks_lock);
    return target->client != NULL;
}

bool thunk_at(uint64_t address, struct thunk_target *target)
{
    uint64_t offset = address - (uint64_t)(uintptr_t)far_thunks;
    *target = (struct thunk_target){0};
    if (offset >= (uint64_t)FAR_THUNKS_MAX * FAR_THUNK_SIZE || offset % FAR_THUNK_SIZE)
        return false;
    thunk_target((uint32_t)(offset / FAR_THUNK_SIZE), target);
    return true;
}

static void bury(uint16_t at)
{
    struct thunk_target *target = &thunks[at - 1].target;
    struct way *way = way_of(target->callback);
    if (target->user)
        user_end_function(target->user);
    thunks[at - 1] = (struct thunk){.target = {.callback = target->callback}};
    *(way->last_dead ? &thunks[way->last_dead - 1].next : &way->first_dead) = at;
    way->last_dead = at;
}

void thunks_forget(const struct host_client *client)
{
    pthread_mutex_lock(&thunks_lock);
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (uint16_t *link = &bucket[i]; *link;) {
            uint16_t at = *link;
            if (thunks[at - 1].target.client != client) {
                link = &thunks[at - 1].next;
                continue;
            }
            *link = thunks[at - 1].next;
            bury(at);
        }
    }
    pthread_mutex_unlock(&thunks_lock);
}
