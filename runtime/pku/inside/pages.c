/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The C library's functions that the walk is built on, in a domain. One thread at a time is there, and none is interrupted
 * here, so locks are none; memory comes from the domain's own range, and guard pages are not there.
 */
#include "runtime/pku/inside/inside.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

static bool is_used(const struct pku_pages *pages, uint32_t page)
{
    return pages->used[page / 64] >> page % 64 & 1;
}

static void mark(struct pku_pages *pages, uint32_t page, uint32_t count, bool used)
{
    for (uint32_t i = page; i < page + count; i++)
        pages->used[i / 64] = (pages->used[i / 64] & ~(1ull << i % 64)) | (uint64_t)used << i % 64;
}

/* The first of `count` free ones between `from` and `end`; PKU_PAGE_COUNT: there are none. */
static uint32_t find(const struct pku_pages *pages, uint32_t from, uint32_t end, uint32_t count)
{
    uint32_t first = from;
    for (uint32_t page = from; page < end && page - first < count; page++)
        if (is_used(pages, page))
            first = page + 1;
    return end >= count && first <= end - count ? first : PKU_PAGE_COUNT;
}

void *mmap(void *where, size_t size, int protection, int flags, int file, off_t offset)
{
    (void)where, (void)protection, (void)flags, (void)file, (void)offset;
    struct pku_pages *pages = &pku_self()->inside->pages;
    if (size == 0 || size > (uint64_t)PKU_PAGE_COUNT * PKU_PAGE)
        return MAP_FAILED;
    uint32_t count = (uint32_t)((size + PKU_PAGE - 1) / PKU_PAGE),
             page = find(pages, pages->next, PKU_PAGE_COUNT, count);
    if (page == PKU_PAGE_COUNT)
        page = find(pages, 0, PKU_PAGE_COUNT, count);
    if (page == PKU_PAGE_COUNT)
        return MAP_FAILED;
    char *memory = pages->begin + (uint64_t)page * PKU_PAGE;
    mark(pages, page, count, true);
    if (page < pages->never)
        far_pku_memset(memory, 0, (uint64_t)count * PKU_PAGE);
    if (page + count > pages->never)
        pages->never = page + count;
    pages->next = page + count;
    return memory;
}

int munmap(void *memory, size_t size)
{
    struct pku_pages *pages = &pku_self()->inside->pages;
    uint32_t page = (uint32_t)(((uint64_t)(uintptr_t)memory - (uint64_t)(uintptr_t)pages->begin) / PKU_PAGE);
    mark(pages, page, (uint32_t)((size + PKU_PAGE - 1) / PKU_PAGE), false);
    if (page < pages->next)
        pages->next = page; /* used again first: what was touched stays little */
    return 0;
}

int mprotect(void *memory, size_t size, int protection)
{
    (void)memory, (void)size, (void)protection;
    return 0;
}

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    (void)mutex, (void)attributes;
    return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    (void)mutex;
    return 0;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    (void)mutex;
    return 0;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    (void)mutex;
    return 0;
}

int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    (void)how, (void)set, (void)old;
    return 0;
}

int sigfillset(sigset_t *set)
{
    (void)set;
    return 0;
}
