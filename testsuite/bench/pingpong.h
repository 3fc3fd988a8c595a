/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The least that two processes can do to tell each other something and back: what the process gate is measured against. */
#ifndef FARCALL_BENCH_PINGPONG_H
#define FARCALL_BENCH_PINGPONG_H

#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In memory that both sides share: two words on lines of their own, each written by one side, both zero at first. */
struct pingpong {
    _Alignas(128) uint32_t ping;
    _Alignas(128) uint32_t pong;
};

static inline void futex_wake(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static inline void sleep_until(uint32_t *word, uint32_t value)
{
    for (uint32_t now; (now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != value;)
        syscall(SYS_futex, word, FUTEX_WAIT, now, NULL, NULL, 0);
}

static inline void spin_until(const uint32_t *word, uint32_t value)
{
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value) {
#ifdef __x86_64__
        __builtin_ia32_pause();
#endif
    }
}

static inline void pingpong_say(uint32_t *word, uint32_t value, bool sleeping)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
    if (sleeping)
        futex_wake(word);
}

static inline void pingpong_hear(uint32_t *word, uint32_t value, bool sleeping)
{
    if (sleeping)
        sleep_until(word, value);
    else
        spin_until(word, value);
}

/* `count` rounds after the `last` one, on the side that begins. */
static inline void pingpong_ask(struct pingpong *table, bool sleeping, uint32_t last, uint32_t count)
{
    for (uint32_t i = last + 1; i != last + count + 1; i++) {
        pingpong_say(&table->ping, i, sleeping);
        pingpong_hear(&table->pong, i, sleeping);
    }
}

/* The same on the side that answers. */
static inline void pingpong_answer(struct pingpong *table, bool sleeping, uint32_t last, uint32_t count)
{
    for (uint32_t i = last + 1; i != last + count + 1; i++) {
        pingpong_hear(&table->ping, i, sleeping);
        pingpong_say(&table->pong, i, sleeping);
    }
}

#endif
