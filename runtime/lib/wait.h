/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Waiting for a word of an A-stack to change, and changing one: the protocol of astack.h, once for both sides.
 * testsuite/model/astack.pml models these functions; change them together.
 */
#ifndef FARCALL_WAIT_H
#define FARCALL_WAIT_H

#include "runtime/astack.h"
#include "runtime/lib/abi.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Iterations of one pause each before sleeping; some tens of microseconds, about what waking another core costs. */
#define FAR_SPIN_DEFAULT 1500

/* How long a sleeper may overlook that nobody is left to wake it. */
#define FAR_WAIT_SLICE_NS 200000000

static inline uint32_t far_load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/*
 * The core this thread runs on, plus one, so that a fresh A-stack's zero is nobody's core. From the thread's rseq area
 * (kept by the kernel, one load); where glibc has not registered one, by asking.
 */
static inline uint32_t far_this_cpu(void)
{
    if (__rseq_size == 0)
        return (uint32_t)sched_getcpu() + 1;
    const struct rseq *area = (const struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
    return __atomic_load_n(&area->cpu_id, __ATOMIC_RELAXED) + 1;
}

/* Wait until *word is not `old`, at most `spin` looks. Returns what it is. */
static inline uint32_t far_spin_while(const uint32_t *word, uint32_t old, uint32_t spin)
{
    uint32_t now = far_load(word);
    for (; now == old && spin; spin--) {
        far_pause();
        now = far_load(word);
    }
    return now;
}

/*
 * Sleep until *word is not `old`, somebody wakes us, a signal comes, or `ns` passed (0: however long): the caller looks again. Saying so
 * in *sleeping comes first, then the fence, then the last look (futex_wait's own), so that far_publish cannot miss us.
 */
static inline void far_sleep_while(uint32_t *word, uint32_t old, uint32_t *sleeping, long ns)
{
    const struct timespec slice = {ns / 1000000000, ns % 1000000000};
    __atomic_store_n(sleeping, 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (far_load(word) == old)
        syscall(SYS_futex, word, FUTEX_WAIT, old, ns ? &slice : NULL, NULL, 0);
    __atomic_store_n(sleeping, 0, __ATOMIC_RELAXED);
}

static inline void far_wake(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Write the word that the partner waits for, after everything it announces; wake the partner if it sleeps. */
static inline void far_publish(uint32_t *word, uint32_t value, const uint32_t *partner_sleeping)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(partner_sleeping, __ATOMIC_SEQ_CST))
        far_wake(word);
}

/* Sequence numbers go round, but never through FAR_SEQUENCE_DEAD. */
static inline uint32_t far_next_sequence(uint32_t sequence)
{
    return sequence + 1 == FAR_SEQUENCE_DEAD ? 1 : sequence + 1;
}

#endif
