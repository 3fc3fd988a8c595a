/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/domain.h"

#include "runtime/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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
static struct host_domain *domains;   /* under the lock; looked at without it only to see whether there is any */
static struct domain_holder *holders; /* under the lock */
static uint32_t version = 1;          /* of who may be given what; written under the lock */
static bool fences_for_all;           /* changed() can see to the workers' order; else each fences for itself */

void domains_prepare(void)
{
    fences_for_all = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/* A worker writes what it uses, then reads the version; changed() does it the other way round. One of them sees the other. */
static inline void order_use(void)
{
    if (__builtin_expect(fences_for_all, 1))
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    else
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* With the lock held. From here on no worker finds what it found before without looking anew. */
static void changed(void)
{
    uint32_t next = version + 1 ? version + 1 : 1;
    __atomic_store_n(&version, next, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (fences_for_all)
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

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
    changed();
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

/* With the lock held. */
static void put_kept(struct domain_holder *holder)
{
    struct host_domain *domain = holder->kept;
    __atomic_store_n(&holder->kept, NULL, __ATOMIC_RELAXED);
    if (!domain)
        return;
    domain->users--;
    remove_if_free(domain);
}

/* With the lock held. Takes it from all workers that do not use it; the others see that it has changed when they leave. */
static void withdraw(struct host_domain *domain)
{
    domain->leaving = true;
    domain->users++; /* it must not go before the last holder was looked at */
    changed();
    for (struct domain_holder *holder = holders; holder; holder = holder->next)
        if (holder->kept == domain && !__atomic_load_n(&holder->in_use, __ATOMIC_ACQUIRE))
            put_kept(holder);
    domain->users--;
    remove_if_free(domain);
}

void domain_unmap(const struct far_host_unmap *what)
{
    pthread_mutex_lock(&domains_lock);
    struct host_domain *domain = find(what->domain);
    if (domain) {
        withdraw(domain);
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
        withdraw(domain);
    }
    pthread_mutex_unlock(&domains_lock);
}

bool domain_any(void)
{
    return __atomic_load_n(&domains, __ATOMIC_RELAXED) != NULL;
}

void domain_join(struct domain_holder *holder)
{
    pthread_mutex_lock(&domains_lock);
    holder->next = holders;
    holders = holder;
    pthread_mutex_unlock(&domains_lock);
}

void domain_part(struct domain_holder *holder)
{
    pthread_mutex_lock(&domains_lock);
    struct domain_holder **link = &holders;
    while (*link && *link != holder)
        link = &(*link)->next;
    if (*link)
        *link = holder->next;
    put_kept(holder);
    pthread_mutex_unlock(&domains_lock);
}

/* With the lock held. */
static struct host_domain *take(uint64_t connection)
{
    struct host_domain *domain = domains;
    while (domain && (domain->connection != connection || domain->leaving))
        domain = domain->next;
    if (domain)
        domain->users++;
    return domain;
}

/* Something has changed since the last call, or this is a nested one, which counts for itself. */
static __attribute__((noinline)) struct host_domain *enter_anew(struct domain_holder *holder, uint64_t connection)
{
    pthread_mutex_lock(&domains_lock);
    struct host_domain *domain;
    if (holder->calls > 1) {
        domain = take(connection);
    } else {
        put_kept(holder);
        domain = take(connection);
        __atomic_store_n(&holder->kept, domain, __ATOMIC_RELAXED);
        __atomic_store_n(&holder->in_use, domain, __ATOMIC_RELAXED);
        holder->version = version;
    }
    pthread_mutex_unlock(&domains_lock);
    return domain;
}

struct host_domain *domain_enter(struct domain_holder *holder, uint64_t connection)
{
    if (holder->calls++)
        return domain_any() ? enter_anew(holder, connection) : NULL;
    struct host_domain *domain = __atomic_load_n(&holder->kept, __ATOMIC_RELAXED);
    __atomic_store_n(&holder->in_use, domain, __ATOMIC_RELAXED);
    order_use();
    bool known = __atomic_load_n(&version, __ATOMIC_ACQUIRE) == holder->version;
    return __builtin_expect(known, 1) ? domain : enter_anew(holder, connection);
}

static __attribute__((noinline)) void leave_anew(struct domain_holder *holder, struct host_domain *domain)
{
    pthread_mutex_lock(&domains_lock);
    if (holder->calls && domain) {
        domain->users--;
        remove_if_free(domain);
    } else if (!holder->calls && holder->kept && holder->kept->leaving) {
        put_kept(holder);
    }
    pthread_mutex_unlock(&domains_lock);
}

void domain_leave(struct domain_holder *holder, struct host_domain *domain)
{
    if (--holder->calls) {
        if (domain)
            leave_anew(holder, domain);
        return;
    }
    __atomic_store_n(&holder->in_use, NULL, __ATOMIC_RELEASE);
    order_use();
    if (__builtin_expect(__atomic_load_n(&version, __ATOMIC_ACQUIRE) != holder->version, 0))
        leave_anew(holder, domain);
}

bool domain_covers(const struct host_domain *domain, uint64_t address, uint64_t size)
{
    return domain && far_inside(&domain->range, address, size);
}

uint64_t domain_room(const struct host_domain *domain, uint64_t address)
{
    return domain->range.size - (address - domain->range.address);
}
