/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A right that this process was given by a capability is taken away. It may be computing and not call anything for hours, so a
 * thread of the library's own listens for it; only processes that have presented a capability have that thread.
 *
 * What happens then, in this order: stubs trap (a call that comes now fails with EACCES), code, constants, data and heap
 * become inaccessible where they are (nothing else is ever mapped there, so a stale pointer is a SIGSEGV and nothing
 * worse), the linkage loses its file, fard is told. A thread that is in the service's code at that moment dies of SIGSEGV,
 * and the process with it unless it handles that: what it was running is no longer its to run.
 */
#include "runtime/lib/capability.h"

#include "runtime/lib/binding.h"
#include "runtime/lib/error.h"
#include "runtime/lib/map.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WATCH_STACK    (256u << 10)
#define WATCH_LOOK_MS  5000      /* should another thread have closed the connection under us */
#define WATCH_PAUSE_NS 200000000 /* between two looks for a fard that is gone */

/* There is one thread, and one event for it. Under the process's lock but for `wake`. */
static struct {
    int wake; /* eventfd; -1: no thread */
    bool running;
} watcher = {.wake = -1};

static void tell_done(uint32_t number)
{
    const struct far_revoke_done done = {.revocation = number};
    connection_tell(&far_process.connection, FAR_MSG_REVOKE_DONE, &done, sizeof done);
}

void revoked_wake(void)
{
    const uint64_t one = 1;
    if (watcher.wake >= 0 && write(watcher.wake, &one, sizeof one) < 0)
        return; /* it is awake */
}

void revoked_take(const struct far_message *message, const struct far_revoked *revoked, int *fd, int fd_count)
{
    if (message->type != FAR_MSG_REVOKED)
        return; /* whatever a later fard may want to say */
    struct far_binding *binding = process_find_base(revoked->base);
    if (!binding || revoked_progress(&binding->revoked) == FAR_REVOKED_DONE || binding == far_process.hosted) {
        tell_done(revoked->revocation);
        return;
    }
    binding->revoked.number = revoked->revocation;
    binding->revoked.trap_stubs = fd_count ? fd[0] : -1;
    if (fd_count)
        fd[0] = -1;
    __atomic_store_n(&binding->revoked.progress, FAR_REVOKED_TOLD, __ATOMIC_RELEASE);
    revoked_wake();
}

static uint64_t page_end(uint64_t size)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) & ~(page - 1);
}

/* In one step: there is no moment at which something else could be mapped there. */
static bool make_inaccessible(const struct far_extent *part)
{
    if (part->size == 0)
        return true;
    return mmap((void *)part->address, page_end(part->size), PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}

/* The same words, but no longer the image's pages: trap stubs and whoever looks at the header read it still. */
static bool detach_linkage(const struct far_extent *part)
{
    size_t size = (size_t)page_end(part->size);
    void *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED)
        return make_inaccessible(part);
    memcpy(copy, (const void *)part->address, part->size);
    return mprotect(copy, size, PROT_READ) == 0 &&
           mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)part->address) != MAP_FAILED;
}

static bool trap_from_now_on(const struct far_binding *binding, enum far_part which)
{
    const struct far_extent *part = &binding->part[which];
    int fd = binding->revoked.trap_stubs;
    if (part->size == 0)
        return true;
    if (fd >= 0 && mmap((void *)part->address, part->size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd,
                        (off_t)(part->address - binding->base)) != MAP_FAILED)
        return true;
    return make_inaccessible(part);
}

/* Its stubs are traps already, which look at what was revoked. */
static bool unmap_domain(const struct far_extent *part)
{
    bool fine = true;
    for (enum far_part which = FAR_PART_CODE; which < FAR_PART_COUNT; which++)
        fine &= make_inaccessible(&part[which]);
    return fine;
}

static bool unmap_binding(const struct far_binding *binding)
{
    const struct far_extent *part = binding->part;
    bool fine = true;
    if (binding->pku)
        return unmap_domain(part);
    if (binding->level == FAR_LEVEL_TRUSTED)
        fine = trap_from_now_on(binding, FAR_PART_FSTUBS) && trap_from_now_on(binding, FAR_PART_DSTUBS) &&
               make_inaccessible(&part[FAR_PART_CODE]) && make_inaccessible(&part[FAR_PART_CONST]) &&
               detach_linkage(&part[FAR_PART_LINKAGE]);
    if (fine && binding->level >= FAR_LEVEL_READ)
        fine = make_inaccessible(&part[FAR_PART_DATA]) && make_inaccessible(&part[FAR_PART_HEAP]);
    return fine;
}

/* Not with the lock held: forgetting what unwinders know takes the dynamic linker's. */
static void let_go(struct far_binding *binding)
{
    sigset_t saved;
    if (binding->level == FAR_LEVEL_TRUSTED)
        unwind_forget(&binding->unwind);
    bool fine = unmap_binding(binding);
    process_lock(&saved);
    if (binding->revoked.trap_stubs >= 0)
        close(binding->revoked.trap_stubs);
    binding->revoked.trap_stubs = -1;
    __atomic_store_n(&binding->revoked.progress, FAR_REVOKED_DONE, __ATOMIC_RELEASE);
    if (fine) /* otherwise fard does what it does to those that do not let go */
        tell_done(binding->revoked.number);
    process_unlock(&saved);
}

static void let_go_of_all(void)
{
    for (uint32_t i = 0, count = __atomic_load_n(&far_process.binding_count, __ATOMIC_ACQUIRE); i < count; i++) {
        struct far_binding *binding = far_process.binding[i];
        if (revoked_progress(&binding->revoked) == FAR_REVOKED_TOLD)
            let_go(binding);
    }
}

/* fard knows again whose memory this process holds, and can say when it has to go. */
static void bind_all_again(void)
{
    struct far_error ignored;
    for (uint32_t i = 0; i < far_process.binding_count; i++) {
        struct far_binding *binding = far_process.binding[i];
        if (binding->known_on != far_process.connection_number &&
            revoked_progress(&binding->revoked) == FAR_REVOKED_NOT)
            binding_renew(binding, &ignored);
    }
}

/* A child has none yet; or fard was gone. Nobody waits for us, so we do not wait for it with the lock held. */
static void connect_again(void)
{
    sigset_t saved;
    struct far_error ignored;
    process_lock(&saved);
    bool given_up = far_process.fard_given_up;
    far_process.fard_given_up = true;
    if (process_connect(&ignored) == 0)
        bind_all_again();
    else
        far_process.fard_given_up = given_up;
    process_unlock(&saved);
}

static int watched_connection(void)
{
    sigset_t saved;
    process_lock(&saved);
    int fd = far_process.connection.fd;
    process_unlock(&saved);
    return fd;
}

static void take_what_came(void)
{
    sigset_t saved;
    process_lock(&saved);
    if (far_process.connection.fd >= 0)
        connection_take_unasked(&far_process.connection);
    process_unlock(&saved);
}

static void *watch(void *argument)
{
    const struct timespec pause = {.tv_nsec = WATCH_PAUSE_NS};
    uint64_t count;
    for (;;) {
        struct pollfd fds[2] = {{.fd = watched_connection(), .events = POLLIN}, {.fd = watcher.wake, .events = POLLIN}};
        if (fds[0].fd < 0) {
            connect_again();
            if (watched_connection() < 0)
                nanosleep(&pause, NULL);
            continue;
        }
        poll(fds, 2, WATCH_LOOK_MS);
        if (fds[1].revents && read(watcher.wake, &count, sizeof count) < 0)
            continue;
        if (fds[0].revents)
            take_what_came();
        let_go_of_all();
    }
    return argument;
}

void revoked_watch(void)
{
    pthread_t thread;
    pthread_attr_t attributes;
    if (watcher.running)
        return;
    if (watcher.wake < 0)
        watcher.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, WATCH_STACK);
    /* Without it the process works all the same, and is killed when a right is taken away. All signals are blocked now, and
     * are so in it. */
    watcher.running = watcher.wake >= 0 && pthread_create(&thread, &attributes, watch, NULL) == 0;
    pthread_attr_destroy(&attributes);
}

void revoked_after_fork(void)
{
    sigset_t saved;
    if (!watcher.running)
        return;
    close(watcher.wake);
    watcher.wake = -1;
    watcher.running = false;
    process_lock(&saved);
    revoked_watch();
    process_unlock(&saved);
}
