/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/domain.h"

#include "runtime/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct host_domain {
    struct far_extent range;
    uint64_t connection;
    uint32_t domain;
    uint32_t users; /* calls that were given it */
    bool leaving;   /* nobody is given it any more */
    bool said;      /* by the fard that there is now */
    struct host_domain *next;
};

static pthread_mutex_t domains_lock = PTHREAD_MUTEX_INITIALIZER;
static struct host_domain *domains; /* under the lock; looked at without it only to see whether there is any */

static void answer(enum far_message_type type, uint32_t domain, int code)
{
    const struct far_host_domain_reply reply = {domain, code};
    tell_fard(type | FAR_MSG_REPLY, &reply, sizeof reply);
}

/* Memory that ends early would be a SIGBUS waiting to happen; so would memory that can be cut short. */
static int check_memory(const struct far_host_domain *what, int memory)
{
    struct stat status;
    int seals = fcntl(memory, F_GET_SEALS);
    bool sound = what->base >= FAR_WINDOW_BEGIN && what->base < FAR_WINDOW_END && what->size > 0 &&
                 what->size <= FAR_WINDOW_END - what->base;
    return sound && seals >= 0 && seals & F_SEAL_SHRINK && fstat(memory, &status) == 0 &&
                   (uint64_t)status.st_size >= what->size
               ? 0
               : EPROTO;
}

static int map_at(const struct far_host_domain *what, int memory)
{
    void *want = (void *)what->base;
    void *got =
        mmap(want, what->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, memory, 0);
    if (got == MAP_FAILED)
        return errno;
    if (got == want)
        return 0;
    munmap(got, what->size); /* a kernel that takes the address for a mere wish */
    return EEXIST;
}

static struct host_domain *find(uint32_t id)
{
    struct host_domain *domain = domains;
    while (domain && domain->domain != id)
        domain = domain->next;
    return domain;
}

static int domain_add(const struct far_host_domain *what, int memory)
{
    struct host_domain *domain = calloc(1, sizeof *domain);
    if (!domain)
        return ENOMEM;
    int failed = check_memory(what, memory);
    failed = failed ? failed : map_at(what, memory);
    if (failed) {
        free(domain);
        return failed;
    }
    domain->range = (struct far_extent){what->base, what->size};
    domain->domain = what->domain;
    domain->connection = what->connection;
    domain->said = true;
    domain->next = domains;
    __atomic_store_n(&domains, domain, __ATOMIC_RELEASE);
    return 0;
}

void domain_map(const struct far_host_domain *what, int memory)
{
    int failed = 0;
    pthread_mutex_lock(&domains_lock);
    struct host_domain *known = find(what->domain);
    if (known) {
        known->connection = what->connection; /* the client came again, or has changed its mind */
        known->leaving = false;
        known->said = true;
    } else {
        failed = domain_add(what, memory);
    }
    pthread_mutex_unlock(&domains_lock);
    answer(FAR_MSG_HOST_MAP, what->domain, failed);
}

/* With the lock held. */
static void remove_if_free(struct host_domain *domain)
{
    if (!domain->leaving || domain->users)
        return;
    struct host_domain **link = &domains;
    while (*link != domain)
        link = &(*link)->next;
    __atomic_store_n(link, domain->next, __ATOMIC_RELEASE);
    munmap((void *)domain->range.address, domain->range.size);
    answer(FAR_MSG_HOST_UNMAP, domain->domain, 0);
    free(domain);
}

void domain_unmap(const struct far_host_unmap *what)
{
    pthread_mutex_lock(&domains_lock);
    struct host_domain *domain = find(what->domain);
    if (domain) {
        domain->leaving = true;
        remove_if_free(domain);
    } else {
        answer(FAR_MSG_HOST_UNMAP, what->domain, 0); /* it could not be mapped */
    }
    pthread_mutex_unlock(&domains_lock);
}

void domains_doubt(void)
{
    pthread_mutex_lock(&domains_lock);
    for (struct host_domain *domain = domains; domain; domain = domain->next)
        domain->said = false;
    pthread_mutex_unlock(&domains_lock);
}

/* Its number may come again: a segment that a call still holds must not be taken for one of the new fard's. */
void domains_forget(void)
{
    pthread_mutex_lock(&domains_lock);
    for (struct host_domain *domain = domains, *next; domain; domain = next) {
        next = domain->next;
        if (domain->said)
            continue;
        domain->domain = 0;
        domain->leaving = true;
        remove_if_free(domain);
    }
    pthread_mutex_unlock(&domains_lock);
}

bool domain_any(void)
{
    return __atomic_load_n(&domains, __ATOMIC_RELAXED) != NULL;
}

struct host_domain *domain_hold(uint64_t connection)
{
    if (!domain_any())
        return NULL;
    pthread_mutex_lock(&domains_lock);
    struct host_domain *domain = domains;
    while (domain && (domain->connection != connection || domain->leaving))
        domain = domain->next;
    if (domain)
        domain->users++;
    pthread_mutex_unlock(&domains_lock);
    return domain;
}

void domain_let_go(struct host_domain *domain)
{
    if (!domain)
        return;
    pthread_mutex_lock(&domains_lock);
    domain->users--;
    remove_if_free(domain);
    pthread_mutex_unlock(&domains_lock);
}

bool domain_covers(const struct host_domain *domain, uint64_t address, uint64_t size)
{
    return domain && far_inside(&domain->range, address, size);
}

uint64_t domain_room(const struct host_domain *domain, uint64_t address)
{
    return domain->range.size - (address - domain->range.address);
}
