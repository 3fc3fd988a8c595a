/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Waiting for promises: far_ready(), far_wait(). */
#include "runtime/lib/hostfuncs.h"
#include "runtime/lib/promise.h"
#include "runtime/lib/wait.h"

#include <errno.h>
#include <linux/futex.h>
#include <time.h>

#define LOOK_AGAIN_NS 1000000 /* where the kernel cannot wait for several words */

static long nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

int far_ready(struct far_promise *promise)
{
    return promise && promise_is_ready(promise);
}

/* The first that is ready; -1: none. *any: there is one at all. */
static int find_ready(struct far_promise *const *promises, size_t count, bool *any)
{
    *any = false;
    for (size_t i = 0; i < count; i++) {
        *any |= promises[i] != NULL;
        if (promises[i] && promise_is_ready(promises[i]))
            return (int)i;
    }
    return -1;
}

/* The nearest deadline of a call is one of the wait. */
static long until_of(struct far_promise *const *promises, size_t count, long until)
{
    for (size_t i = 0; i < count; i++) {
        if (!promises[i] || !promises[i]->sent_at)
            continue;
        long end = (promises[i]->sent_at + (long)promises[i]->plan->op->deadline_ms) * 1000000;
        until = end < until ? end : until;
    }
    return until;
}

static void say_sleeping(struct far_promise *const *promises, size_t count, uint32_t sleeping)
{
    for (size_t i = 0; i < count; i++)
        if (promises[i] && promises[i]->channel.astack)
            __atomic_store_n(&promises[i]->channel.astack->call.sleeping, sleeping, __ATOMIC_RELAXED);
}

/* A word that has moved on already ends the wait at once: it is read before the last look. */
static void sleep_for_any(struct far_promise *const *promises, size_t count, long ns)
{
    struct futex_waitv word[FUTEX_WAITV_MAX] = {0};
    uint32_t value[FUTEX_WAITV_MAX];
    unsigned words = 0;
    bool any;
    say_sleeping(promises, count, 1);
    for (size_t i = 0; i < count && words < FUTEX_WAITV_MAX; i++) {
        struct far_astack *astack = promises[i] ? promises[i]->channel.astack : NULL;
        if (!astack)
            continue;
        value[words] = far_load(&astack->reply.sequence);
        word[words] =
            (struct futex_waitv){.val = value[words], .uaddr = (uintptr_t)&astack->reply.sequence, .flags = FUTEX_32};
        words++;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (find_ready(promises, count, &any) < 0) {
        long now = nanoseconds() + ns;
        struct timespec until = {now / 1000000000, now % 1000000000};
        if (syscall(SYS_futex_waitv, word, words, 0, &until, CLOCK_MONOTONIC) < 0 && errno != EAGAIN &&
            errno != ETIMEDOUT && errno != EINTR) {
            const struct timespec pause = {0, ns < LOOK_AGAIN_NS ? ns : LOOK_AGAIN_NS};
            nanosleep(&pause, NULL);
        }
    }
    say_sleeping(promises, count, 0);
}

/* As any waiting call does from time to time: nobody may be left who could wake us. */
static int find_lost(struct far_promise *const *promises, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (promises[i] && promises[i]->channel.astack && channel_host_gone(&promises[i]->channel))
            return (int)i;
    return -1;
}

static int wait_until(struct far_promise *const *promises, size_t count, long until)
{
    for (;;) {
        bool any;
        int found = find_ready(promises, count, &any);
        long now = nanoseconds(), end = until_of(promises, count, until);
        if (found >= 0)
            return found;
        if (!any || now >= until) {
            errno = any ? ETIMEDOUT : EINVAL;
            return -1;
        }
        long ns = end - now;
        sleep_for_any(promises, count, ns < 1 ? 1 : ns < FAR_WAIT_SLICE_NS ? ns : FAR_WAIT_SLICE_NS);
        if (ns >= FAR_WAIT_SLICE_NS && find_ready(promises, count, &any) < 0 &&
            (found = find_lost(promises, count)) >= 0)
            return found;
    }
}

int far_wait(struct far_promise *const *promises, size_t count, int timeout_ms)
{
    int saved = errno;
    long until = timeout_ms < 0 ? INT64_MAX : nanoseconds() + timeout_ms * 1000000L;
    int found = wait_until(promises, count, until);
    if (found >= 0)
        errno = saved;
    return found;
}

/* Who asks here runs on its caller's own thread; a host has another answer (runtime/host/cancel.c). */
int far_cancelled(void)
{
    return far_host_far_cancelled();
}
