/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Waiting for promises: far_ready(), far_wait(). */
#include "runtime/lib/away.h"
#include "runtime/lib/batch.h"
#include "runtime/lib/hostfuncs.h"
#include "runtime/lib/promise.h"
#include "runtime/lib/wait.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
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

/* 0: it has none. */
static long deadline_of(const struct far_promise *promise)
{
    if (promise->batched)
        return batch_deadline(promise) * 1000000;
    return promise->sent_at ? (promise->sent_at + (long)promise->plan->op->deadline_ms) * 1000000 : 0;
}

/* The nearest deadline of a call is one of the wait. */
static long until_of(struct far_promise *const *promises, size_t count, long until)
{
    for (size_t i = 0; i < count; i++) {
        long end = promises[i] ? deadline_of(promises[i]) : 0;
        until = end && end < until ? end : until;
    }
    return until;
}

/* What may change when something happens to the promises. */
struct words {
    struct batch_word item[FUTEX_WAITV_MAX];
    struct pollfd fd[FUTEX_WAITV_MAX]; /* of channels to other nodes: no word changes by itself there */
    unsigned count, fd_count;
    bool moved; /* something has happened already */
};

static void add_away(struct words *words, const struct far_channel *channel)
{
    int fd = away_poll_fd(channel);
    words->fd[words->fd_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    words->moved |= fd < 0;
}

static void add_word(struct words *words, struct far_promise *promise)
{
    struct batch_word *word = &words->item[words->count];
    struct far_astack *astack = promise->channel.astack;
    if (promise->batched) {
        bool held = batch_hold(promise, word, &words->moved);
        words->count += held;
        if (held && word->away)
            add_away(words, word->away);
    } else if (astack) {
        if (promise->channel.away)
            add_away(words, &promise->channel);
        *word = (struct batch_word){.word = &astack->reply.sequence, .sleeping = &astack->call.sleeping};
        word->value = far_load(word->word);
        words->count++;
        words->moved |= promise_is_ready(promise);
    }
}

static void say_sleeping(const struct words *words, uint32_t sleeping)
{
    for (unsigned i = 0; i < words->count; i++)
        if (words->item[i].sleeping)
            __atomic_store_n(words->item[i].sleeping, sleeping, __ATOMIC_RELAXED);
}

static void let_words(const struct words *words)
{
    for (unsigned i = 0; i < words->count; i++)
        if (words->item[i].batch)
            batch_let(&words->item[i]);
}

/* Words and descriptors cannot be waited for at once: with both, the words are looked at often. */
static void sleep_for_descriptors(struct words *words, long ns)
{
    bool only = words->fd_count == words->count;
    long most = only || ns < LOOK_AGAIN_NS ? ns : LOOK_AGAIN_NS;
    const struct timespec slice = {most / 1000000000, most % 1000000000};
    ppoll(words->fd, words->fd_count, &slice, NULL);
}

static void sleep_for(struct words *words, long ns)
{
    if (words->fd_count) {
        sleep_for_descriptors(words, ns);
        return;
    }
    struct futex_waitv waitv[FUTEX_WAITV_MAX] = {0};
    long end = nanoseconds() + ns;
    struct timespec until = {end / 1000000000, end % 1000000000};
    for (unsigned i = 0; i < words->count; i++)
        waitv[i] = (struct futex_waitv){
            .val = words->item[i].value, .uaddr = (uintptr_t)words->item[i].word, .flags = FUTEX_32};
    if (words->count && (syscall(SYS_futex_waitv, waitv, words->count, 0, &until, CLOCK_MONOTONIC) >= 0 ||
                         errno == EAGAIN || errno == ETIMEDOUT || errno == EINTR))
        return;
    const struct timespec pause = {0, ns < LOOK_AGAIN_NS ? ns : LOOK_AGAIN_NS};
    nanosleep(&pause, NULL);
}

/* A word that has moved on already ends the wait at once: it is read before the last look. */
static void sleep_for_any(struct far_promise *const *promises, size_t count, long ns)
{
    struct words words;
    words.count = words.fd_count = 0;
    words.moved = false;
    for (size_t i = 0; i < count && words.count < FUTEX_WAITV_MAX; i++)
        if (promises[i])
            add_word(&words, promises[i]);
    say_sleeping(&words, 1);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!words.moved)
        sleep_for(&words, ns);
    say_sleeping(&words, 0);
    let_words(&words);
}

static bool is_lost(struct far_promise *promise)
{
    if (promise->batched)
        return batch_host_gone(promise);
    return promise->channel.astack && channel_host_gone(&promise->channel);
}

/* As any waiting call does from time to time: nobody may be left who could wake us. */
static int find_lost(struct far_promise *const *promises, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (promises[i] && is_lost(promises[i]))
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
    batch_flush();
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
