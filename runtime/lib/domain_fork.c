/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * fork, where there is a domain segment. Memory that is shared stays shared in a child, and a copy of everything else would
 * come with it: two processes would work on one heap. So the child makes a copy of what is in use, at the same addresses,
 * and the parent's thread waits for it inside fork(), before any lock is released that was taken for the fork. Pages of
 * nobody are left out. It costs what copying costs, where an ordinary fork only marks pages.
 *
 * vfork and posix_spawn need nothing of this. A child of clone or _Fork has nothing mapped there (MADV_DONTFORK): it
 * faults, instead of writing into its parent's heap.
 */
#include "runtime/lib/binding.h"
#include "runtime/lib/domain_api.h"
#include "runtime/lib/domain_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

static void *at(const struct far_own_domain *domain, uint64_t offset)
{
    return (void *)(domain->base + offset);
}

_Noreturn static void give_up(const char *why)
{
    static const char what[] = "far: a child of fork cannot have a copy of its parent's domain segment: ";
    (void)!write(STDERR_FILENO, what, sizeof what - 1);
    (void)!write(STDERR_FILENO, why, strlen(why));
    (void)!write(STDERR_FILENO, "\n", 1);
    _exit(EX_OSERR);
}

static void before_fork(void)
{
    struct far_own_domain *domain = &far_process.domain;
    sigset_t all, saved;
    if (!domain->base || domain->is_private)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &saved); /* a handler that forks would wait for itself */
    pthread_mutex_lock(&domain->fork_lock);
    domain->fork_mask = saved;
    domain->forking = true;
    if (pipe2(domain->fork_pipe, O_CLOEXEC) != 0)
        domain->fork_pipe[0] = domain->fork_pipe[1] = -1;
    madvise(at(domain, 0), domain->size, MADV_DOFORK);
}

static void end_fork(struct far_own_domain *domain)
{
    sigset_t saved = domain->fork_mask;
    domain->forking = false;
    pthread_mutex_unlock(&domain->fork_lock);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

/* The pipe ends when the child has its copy, or is dead. */
static void in_parent(void)
{
    struct far_own_domain *domain = &far_process.domain;
    char none;
    if (!domain->forking)
        return;
    int saved = errno;
    madvise(at(domain, 0), domain->size, MADV_DONTFORK);
    if (domain->fork_pipe[0] >= 0) {
        close(domain->fork_pipe[1]);
        while (read(domain->fork_pipe[0], &none, 1) < 0 && errno == EINTR)
            ;
        close(domain->fork_pipe[0]);
    }
    errno = saved;
    end_fork(domain);
}

/* What was ever written to, and nothing else: the rest is holes. */
static int copy_in_use(const struct far_own_domain *domain, char *copy)
{
    off_t data = 0, hole = 0, end = (off_t)domain->size;
    while ((data = lseek(domain->memory, hole, SEEK_DATA)) >= 0 && data < end) {
        hole = lseek(domain->memory, data, SEEK_HOLE);
        if (hole < 0)
            return -errno;
        hole = hole < end ? hole : end;
        memcpy(copy + data, at(domain, (uint64_t)data), (size_t)(hole - data));
    }
    return data >= 0 || errno == ENXIO ? 0 : -errno;
}

static void make_private(struct far_own_domain *domain)
{
    if (domain->fork_pipe[0] < 0)
        give_up("there were no descriptors left for telling the parent when it is done");
    void *copy = mmap(NULL, domain->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (copy == MAP_FAILED)
        give_up("there is no memory for it");
    int failed = domain_memory_is_ours(domain) ? copy_in_use(domain, copy) : domain_copy_resident(domain, copy);
    if (failed == -ENODATA)
        give_up("the program has closed the descriptor of its memory, and some of that may be swapped out");
    if (failed || mremap(copy, domain->size, domain->size, MREMAP_MAYMOVE | MREMAP_FIXED, at(domain, 0)) == MAP_FAILED)
        give_up("there is no memory for it");
}

static void in_child(void)
{
    struct far_own_domain *domain = &far_process.domain;
    if (!domain->forking)
        return;
    int saved = errno;
    make_private(domain);
    domain->is_private = true;
    domain_tell_all();
    if (domain_memory_is_ours(domain))
        close(domain->memory);
    domain->memory = -1;
    close(domain->fork_pipe[0]);
    close(domain->fork_pipe[1]);
    errno = saved;
    end_fork(domain);
}

/*
 * As early as can be: of all that is done for a fork, the copy must come last before it and first after it, while the
 * locks of everybody else are held.
 */
__attribute__((constructor)) void domain_watch_forks(void)
{
    struct far_own_domain *domain = &far_process.domain;
    if (!domain->fork_watched && pthread_atfork(before_fork, in_parent, in_child) == 0)
        domain->fork_watched = true;
}
