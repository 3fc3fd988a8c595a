/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Mutexes that a thread has locked in a domain. The kernel lets go of what a thread holds when it dies; it finds that by a list
 * in the thread's memory, with the rights that the thread has just then. So each context has a list of its own, in the
 * domain's memory, and the thread has that one instead of the C library's while it is in there.
 */
#include "runtime/pku/domain.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIST_MOST 2048 /* mutexes that are looked at, as many as the kernel does */

/* The C library's list, of this thread. */
static _Thread_local struct {
    void *head;
    size_t size;
} own;

static uint64_t list_of(const struct pku_context *context)
{
    return context->thread + offsetof(struct pku_thread, robust);
}

void pku_locks_begin(const struct pku_domain *domain, const struct pku_context *context)
{
    if (!domain->locks)
        return;
    if (!own.size)
        syscall(SYS_get_robust_list, 0, &own.head, &own.size);
    syscall(SYS_set_robust_list, list_of(context), sizeof(struct pku_robust));
}

void pku_locks_end(const struct pku_domain *domain)
{
    if (domain->locks)
        syscall(SYS_set_robust_list, own.head, own.size);
}

/* What the kernel does: whoever waits next is told. */
static void let_go(uint64_t link, uint32_t thread)
{
    uint32_t *word = (uint32_t *)(uintptr_t)(link + PKU_ROBUST_TO_WORD);
    uint32_t now = __atomic_load_n(word, __ATOMIC_RELAXED), dead;
    do {
        if ((now & FUTEX_TID_MASK) != thread)
            return;
        dead = (now & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
    } while (!__atomic_compare_exchange_n(word, &now, dead, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    if (now & FUTEX_WAITERS)
        syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Is it a mutex's, in the domain's own memory? The links are the domain's word. */
static bool is_link(const struct pku_domain *domain, uint64_t link)
{
    uint64_t mutex = link + PKU_ROBUST_TO_WORD;
    return link % 8 == 0 && link > mutex && pku_writes(domain, mutex, link + sizeof link - mutex);
}

void pku_locks_abandon(const struct pku_domain *domain, const struct pku_context *context)
{
    uint64_t head = list_of(context);
    uint32_t thread = (uint32_t)syscall(SYS_gettid);
    const struct pku_robust *list = (const struct pku_robust *)(uintptr_t)head;
    uint64_t pending = (uint64_t)(uintptr_t)list->pending, link = (uint64_t)(uintptr_t)list->first;
    for (unsigned i = 0; i < LIST_MOST && link != head && is_link(domain, link); i++) {
        uint64_t next = *(const volatile uint64_t *)(uintptr_t)link;
        let_go(link, thread);
        link = next;
    }
    if (is_link(domain, pending))
        let_go(pending, thread);
}
