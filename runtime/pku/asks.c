/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What code in a domain asks for, since it makes no system calls itself. The words are its own, and are believed only as far as
 * they are about its own memory:
 *
 *     WAIT     word 0 address of a word of 4 bytes, 1 what stands there, 2 clock or -1: for ever, 3 seconds, 4 nanoseconds, absolute
 *     WAKE     word 0 address, 1 how many
 *     TIME     word 0 clock; answered in words 1 and 2
 *     RANDOM   word 0 bytes; answered in the text
 *
 * The answer is 0 or more, or -errno.
 */
#include "runtime/pku/domain.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FOR_EVER UINT64_MAX

bool pku_writes(const struct pku_domain *domain, uint64_t address, uint64_t size)
{
    for (uint32_t i = 0; i < domain->keyed.range_count; i++) {
        const struct pku_range *range = &domain->keyed.range[i];
        if (range->protection & PROT_WRITE && address >= range->address && size <= range->size &&
            address - range->address <= range->size - size)
            return true;
    }
    return false;
}

static void set_rights(uint32_t rights)
{
    far_pku_state.opened = rights;
    far_pku_state.opening = 1;
    far_pku_set_rights(rights);
    far_pku_state.opening = 0;
}

void pku_open(struct pku_domain *domain)
{
    if (pku_key_give(&domain->keyed))
        set_rights(pku_rights_opened(&domain->keyed));
}

void pku_shut(void)
{
    set_rights(pku_rights_outside());
}

bool pku_asks_for_memory(uint32_t asked)
{
    return asked == PKU_ASKED_WAIT || asked == PKU_ASKED_WAKE;
}

static int64_t wait(const uint64_t word[PKU_ASKED_WORDS])
{
    const struct timespec until = {(time_t)word[3], (long)word[4]};
    bool real = word[2] == CLOCK_REALTIME;
    long result = syscall(SYS_futex, word[0], FUTEX_WAIT_BITSET | (real ? FUTEX_CLOCK_REALTIME : 0), word[1],
                          word[2] == FOR_EVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
    return result < 0 ? -errno : 0;
}

static int64_t wake(const uint64_t word[PKU_ASKED_WORDS])
{
    long result = syscall(SYS_futex, word[0], FUTEX_WAKE, word[1], NULL, NULL, 0);
    return result < 0 ? -errno : result;
}

static int64_t tell_time(struct pku_arguments *area, uint64_t clock)
{
    struct timespec now;
    if ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) || clock_gettime((clockid_t)clock, &now) != 0)
        return -EINVAL;
    area->word[1] = (uint64_t)now.tv_sec;
    area->word[2] = (uint64_t)now.tv_nsec;
    return 0;
}

int64_t pku_answer(const struct pku_domain *domain, struct pku_arguments *area, uint32_t asked)
{
    uint64_t word[PKU_ASKED_WORDS];
    for (unsigned i = 0; i < PKU_ASKED_WORDS; i++)
        word[i] = __atomic_load_n(&area->word[i], __ATOMIC_RELAXED);
    if (pku_asks_for_memory(asked) && !pku_writes(domain, word[0], sizeof(uint32_t)))
        return -EFAULT;
    switch (asked) {
    case PKU_ASKED_WAIT:
        return wait(word);
    case PKU_ASKED_WAKE:
        return wake(word);
    case PKU_ASKED_TIME:
        return tell_time(area, word[0]);
    case PKU_ASKED_RANDOM:
        return word[0] <= PKU_ASKED_TEXT ? getrandom(area->text, word[0], 0) : -EINVAL;
    default:
        return -ENOSYS;
    }
}
