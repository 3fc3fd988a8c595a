/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/pku/signals.h"

#include "runtime/lib/fault.h"
#include "runtime/pku/gate.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What code in a domain can cause. */
static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
#define FAULT_COUNT   (sizeof faults / sizeof *faults)
#define SIGNAL_COUNT  65
#define MASK_BYTES    8
#define STACK_DISARMS (1 << 31) /* SS_AUTODISARM: whatever the stack pointer is, the kernel begins at the top */

/* Who has a signal behind us: behind[number].action[version & 1]. As fault.c's chain, for each of them. */
static struct {
    struct sigaction action[2];
    unsigned version;
} behind[SIGNAL_COUNT];
static bool installed;

static struct sigaction behind_read(int number)
{
    struct sigaction action;
    unsigned version;
    do {
        version = __atomic_load_n(&behind[number].version, __ATOMIC_ACQUIRE);
        action = behind[number].action[version & 1];
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (__atomic_load_n(&behind[number].version, __ATOMIC_RELAXED) - version > 1);
    return action;
}

/* One at a time, and with all signals blocked, so that no handler waits for its own thread. */
static void behind_write(int number, const struct sigaction *action)
{
    static int busy;
    sigset_t all, saved;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &saved);
    while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        ;
    behind[number].action[(behind[number].version + 1) & 1] = *action;
    __atomic_store_n(&behind[number].version, behind[number].version + 1, __ATOMIC_RELEASE);
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

/* A fault comes again when its instruction does; a signal that somebody sent must be sent again. */
static void take_default(int number, const siginfo_t *info)
{
    const struct sigaction fresh = {.sa_handler = SIG_DFL};
    __sigaction(number, &fresh, NULL);
    if (info->si_code <= 0)
        raise(number);
}

static void block_as_asked(const struct sigaction *action, int number)
{
    sigset_t own;
    pthread_sigmask(SIG_BLOCK, &action->sa_mask, NULL);
    if (!(action->sa_flags & SA_NODEFER))
        return;
    sigemptyset(&own);
    sigaddset(&own, number);
    pthread_sigmask(SIG_UNBLOCK, &own, NULL);
}

void far_pku_other_fault(int number, void *info, void *context)
{
    const struct sigaction action = behind_read(number);
    const struct sigaction fresh = {.sa_handler = SIG_DFL};
    int saved = errno;
    if (!(action.sa_flags & SA_SIGINFO)) {
        if (action.sa_handler == SIG_IGN && ((siginfo_t *)info)->si_code <= 0)
            return;
        if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) {
            take_default(number, info);
            return;
        }
    }
    if (action.sa_flags & (int)SA_RESETHAND)
        behind_write(number, &fresh);
    block_as_asked(&action, number);
    errno = saved;
    if (action.sa_flags & SA_SIGINFO)
        action.sa_sigaction(number, info, context);
    else
        action.sa_handler(number);
}

/* While the handler runs no other fault is blocked: one in it is its own. */
static int take_signal(int number, const struct sigaction *before)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | (before->sa_flags & SA_RESTART)};
    action.sa_sigaction = (void (*)(int, siginfo_t *, void *))(void (*)(void))far_pku_on_fault;
    sigemptyset(&action.sa_mask);
    return __sigaction(number, &action, NULL) == 0 ? 0 : -errno;
}

int pku_signals_install(void)
{
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        struct sigaction before;
        if (__sigaction(faults[i], NULL, &before) != 0)
            return -errno;
        behind_write(faults[i], &before);
        int failed = take_signal(faults[i], &before);
        if (failed)
            return failed;
    }
    __atomic_store_n(&installed, true, __ATOMIC_RELEASE);
    return 0;
}

bool pku_signals_own(int number)
{
    if (!__atomic_load_n(&installed, __ATOMIC_ACQUIRE))
        return false;
    for (size_t i = 0; i < FAULT_COUNT; i++)
        if (faults[i] == number)
            return true;
    return false;
}

int pku_signals_replace(int number, const struct sigaction *action, struct sigaction *old)
{
    const struct sigaction before = behind_read(number);
    int failed = action ? take_signal(number, action) : 0;
    if (action && !failed)
        behind_write(number, action);
    if (old)
        *old = before;
    errno = failed ? -failed : errno;
    return failed ? -1 : 0;
}

/* Everything but the faults, those that the C library keeps to itself included. */
static uint64_t held(void)
{
    uint64_t mask = ~UINT64_C(0);
    for (size_t i = 0; i < FAULT_COUNT; i++)
        mask &= ~(UINT64_C(1) << (faults[i] - 1));
    return mask;
}

bool pku_signals_block(uint64_t *saved)
{
    const uint64_t mask = held();
    return syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, saved, MASK_BYTES) == 0;
}

void pku_signals_unblock(const uint64_t *saved)
{
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, saved, NULL, MASK_BYTES);
}

bool pku_signals_hold(struct pku_signals *saved, uint64_t stack)
{
    const stack_t own = {.ss_sp = (void *)(uintptr_t)stack, .ss_size = PKU_SIGNAL_STACK, .ss_flags = STACK_DISARMS};
    if (!pku_signals_block(&saved->mask))
        return false;
    if (sigaltstack(&own, &saved->stack) == 0) /* not while a handler runs on the one there is */
        return true;
    pku_signals_unblock(&saved->mask);
    return false;
}

void pku_signals_back(const struct pku_signals *saved)
{
    sigaltstack(&saved->stack, NULL);
    pku_signals_unblock(&saved->mask);
}
