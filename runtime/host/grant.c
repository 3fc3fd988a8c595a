/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/grant.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct host_grant {
    struct far_extent range;
    uint64_t connection;
    uint32_t number;
    uint32_t access; /* FAR_GRANT_… */
    uint32_t users;  /* calls that hold it */
    bool leaving;    /* no call gets it any more */
    bool said;       /* by the fard that there is now */
};

/* By address: fard gives none twice. The count is looked at without the lock, to see whether there are any. */
static struct {
    pthread_mutex_t lock;
    struct host_grant **at;
    size_t count, room;
} grants = {.lock = PTHREAD_MUTEX_INITIALIZER};

static __thread struct worker *serving;

void grants_of(struct worker *worker)
{
    serving = worker;
}

static void answer(enum far_message_type type, uint32_t number, int code)
{
    const struct far_host_domain_reply reply = {number, code};
    tell_fard(type | FAR_MSG_REPLY, &reply, sizeof reply);
}

/* --- the table, with the lock held --- */

/* How many lie below that address, or at it. */
static size_t count_up_to(uint64_t address)
{
    size_t low = 0, high = grants.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (grants.at[middle]->range.address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct host_grant *find_address(uint64_t address)
{
    size_t below = count_up_to(address);
    return below && far_inside(&grants.at[below - 1]->range, address, 1) ? grants.at[below - 1] : NULL;
}

static struct host_grant *find_number(uint32_t number)
{
    for (size_t i = 0; number && i < grants.count; i++)
        if (grants.at[i]->number == number)
            return grants.at[i];
    return NULL;
}

static int have_room(void)
{
    if (grants.count < grants.room)
        return 0;
    size_t room = grants.room ? 2 * grants.room : 16;
    struct host_grant **grown = reallocarray(grants.at, room, sizeof(struct host_grant *));
    if (!grown)
        return ENOMEM;
    grants.at = grown;
    grants.room = room;
    return 0;
}

static void insert(struct host_grant *grant)
{
    size_t place = count_up_to(grant->range.address);
    memmove(grants.at + place + 1, grants.at + place, (grants.count - place) * sizeof(struct host_grant *));
    grants.at[place] = grant;
    __atomic_store_n(&grants.count, grants.count + 1, __ATOMIC_RELAXED);
}

static void take_out(const struct host_grant *grant)
{
    size_t place = count_up_to(grant->range.address) - 1;
    __atomic_store_n(&grants.count, grants.count - 1, __ATOMIC_RELAXED);
    memmove(grants.at + place, grants.at + place + 1, (grants.count - place) * sizeof(struct host_grant *));
}

/* --- what fard says --- */

/* Memory that ends early would be a SIGBUS waiting to happen; so would memory that can be cut short. */
static int check_memory(const struct far_host_domain *what, int memory)
{
    struct stat status;
    int seals = fcntl(memory, F_GET_SEALS);
    bool sound = what->base >= FAR_WINDOW_BEGIN && what->base < FAR_WINDOW_END && what->size > 0 &&
                 what->size <= FAR_WINDOW_END - what->base &&
                 (what->access == FAR_GRANT_READ || what->access == FAR_GRANT_WRITE);
    return sound && seals >= 0 && seals & F_SEAL_SHRINK && fstat(memory, &status) == 0 &&
                   (uint64_t)status.st_size >= what->size
               ? 0
               : EPROTO;
}

static int map_memory(const struct far_host_domain *what, int memory, int where)
{
    void *want = (void *)what->base;
    int rights = what->access == FAR_GRANT_WRITE ? PROT_READ | PROT_WRITE : PROT_READ;
    void *got = mmap(want, what->size, rights, MAP_SHARED | MAP_NORESERVE | where, memory, 0);
    if (got == MAP_FAILED)
        return errno;
    if (got == want)
        return 0;
    munmap(got, what->size); /* a kernel that takes the address for a mere wish */
    return EEXIST;
}

static int grant_new(const struct far_host_domain *what, int memory)
{
    struct host_grant *grant = calloc(1, sizeof *grant);
    int failed = grant ? have_room() : ENOMEM;
    failed = failed ? failed : map_memory(what, memory, MAP_FIXED_NOREPLACE);
    if (failed) {
        free(grant);
        return failed;
    }
    *grant = (struct host_grant){.range = {what->base, what->size},
                                 .connection = what->connection,
                                 .number = what->domain,
                                 .access = what->access,
                                 .said = true};
    insert(grant);
    return 0;
}

/* The client came again, has changed its mind, or grants more. Never less: that is taken back first. */
static int grant_again(struct host_grant *grant, const struct far_host_domain *what, int memory)
{
    if (grant->range.address != what->base || grant->range.size != what->size)
        return EPROTO;
    if (grant->access & ~what->access)
        return EBUSY; /* a call may be writing there */
    int failed = what->access == grant->access ? 0 : map_memory(what, memory, MAP_FIXED);
    if (failed)
        return failed;
    grant->access = what->access;
    grant->connection = what->connection;
    grant->leaving = false;
    grant->said = true;
    return 0;
}

void grant_map(const struct far_host_domain *what, int memory)
{
    int failed = check_memory(what, memory);
    pthread_mutex_lock(&grants.lock);
    struct host_grant *known = find_number(what->domain);
    if (!failed)
        failed = known ? grant_again(known, what, memory) : grant_new(what, memory);
    pthread_mutex_unlock(&grants.lock);
    answer(FAR_MSG_HOST_MAP, what->domain, failed);
}

/* With the lock held. */
static void remove_if_free(struct host_grant *grant)
{
    if (!grant->leaving || grant->users)
        return;
    take_out(grant);
    munmap((void *)grant->range.address, grant->range.size);
    if (grant->number)
        answer(FAR_MSG_HOST_UNMAP, grant->number, 0);
    free(grant);
}

bool grant_unmap(const struct far_host_unmap *what)
{
    pthread_mutex_lock(&grants.lock);
    struct host_grant *grant = find_number(what->domain);
    if (grant) {
        grant->leaving = true;
        remove_if_free(grant);
    }
    pthread_mutex_unlock(&grants.lock);
    return grant != NULL;
}

void grants_doubt(void)
{
    pthread_mutex_lock(&grants.lock);
    for (size_t i = 0; i < grants.count; i++)
        grants.at[i]->said = false;
    pthread_mutex_unlock(&grants.lock);
}

/* Its number may come again: one that a call still holds must not be taken for one of the new fard's. */
void grants_forget(void)
{
    pthread_mutex_lock(&grants.lock);
    for (size_t i = grants.count; i-- > 0;) {
        struct host_grant *grant = grants.at[i];
        if (grant->said)
            continue;
        grant->number = 0;
        grant->leaving = true;
        remove_if_free(grant);
    }
    pthread_mutex_unlock(&grants.lock);
}

/* --- what calls ask --- */

static bool allows(const struct host_grant *grant, uint64_t address, uint64_t size, bool written)
{
    return far_inside(&grant->range, address, size) && (!written || grant->access == FAR_GRANT_WRITE);
}

/* With the lock held. Is it this client's, and can it be held? */
static bool hold(struct worker *worker, struct host_grant *grant)
{
    struct worker_grants *held = &worker->grants;
    if (!grant || grant->leaving || grant->connection != worker->connection || held->count == FAR_REGIONS_MAX)
        return false;
    grant->users++;
    held->grant[held->count++] = grant;
    return true;
}

bool grant_take(struct worker *worker, uint64_t address, uint64_t size, bool written)
{
    const struct worker_grants *held = &worker->grants;
    size = size ? size : 1;
    for (uint32_t i = 0; i < held->count; i++)
        if (far_inside(&held->grant[i]->range, address, 1))
            return allows(held->grant[i], address, size, written);
    if (!__atomic_load_n(&grants.count, __ATOMIC_RELAXED))
        return false;
    pthread_mutex_lock(&grants.lock);
    struct host_grant *grant = find_address(address);
    bool fine = hold(worker, grant) && allows(grant, address, size, written);
    pthread_mutex_unlock(&grants.lock);
    return fine;
}

void grants_let_go(struct worker *worker)
{
    struct worker_grants *held = &worker->grants;
    if (held->count == held->outer)
        return;
    pthread_mutex_lock(&grants.lock);
    while (held->count > held->outer) {
        struct host_grant *grant = held->grant[--held->count];
        grant->users--;
        remove_if_free(grant);
    }
    pthread_mutex_unlock(&grants.lock);
}

/* An operation that takes nothing but plain values may ask too: then the worker lets go of it. */
int grant_is_there(const void *address, size_t size, enum far_access access)
{
    if (!serving)
        return 0;
    serving->more_to_do = true;
    return grant_take(serving, (uint64_t)(uintptr_t)address, size, access == FAR_GRANT_WRITE);
}
