/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/fault.h"

#include "runtime/lib/binding.h"
#include "runtime/lib/link_unbound.h"
#include "runtime/lib/pending.h"
#include "runtime/pku/signals.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/*
 * Who has SIGSEGV behind us: action[version & 1]. A handler may read it while another thread writes the other one; only if that
 * happens twice under way must it read again.
 */
static struct {
    struct sigaction action[2];
    unsigned version;
    int busy; /* somebody writes */
    bool installed;
} chain;

static struct sigaction chain_read(void)
{
    struct sigaction action;
    unsigned version;
    do {
        version = __atomic_load_n(&chain.version, __ATOMIC_ACQUIRE);
        action = chain.action[version & 1];
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (__atomic_load_n(&chain.version, __ATOMIC_RELAXED) - version > 1);
    return action;
}

/* With all signals blocked, so that no handler waits for its own thread. */
static void chain_lock(sigset_t *saved)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, saved);
    while (__atomic_exchange_n(&chain.busy, 1, __ATOMIC_ACQUIRE))
        ;
}

static void chain_unlock(const sigset_t *saved)
{
    __atomic_store_n(&chain.busy, 0, __ATOMIC_RELEASE);
    pthread_sigmask(SIG_SETMASK, saved, NULL);
}

static void chain_write(const struct sigaction *action)
{
    chain.action[(chain.version + 1) & 1] = *action;
    __atomic_store_n(&chain.version, chain.version + 1, __ATOMIC_RELEASE);
}

static bool from_kernel(const siginfo_t *info)
{
    return info->si_code > 0;
}

/* The kernel's handler; the pku gate's, if it is there, and ours behind it. */
static int set_signal(int number, const struct sigaction *action, struct sigaction *old)
{
    return pku_signals_own(number) ? pku_signals_replace(number, action, old) : __sigaction(number, action, old);
}

/*
 * As if nobody had a handler. A fault that the kernel reported comes again when the instruction is run again; a signal that
 * somebody sent must be sent again, and is delivered when the handler returns.
 */
static void take_default(int number, const siginfo_t *info)
{
    const struct sigaction fresh = {.sa_handler = SIG_DFL};
    set_signal(number, &fresh, NULL);
    if (!from_kernel(info))
        raise(number);
}

/* The signals that are blocked while a handler runs are its owner's choice; returning from ours restores the thread's own. */
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

/* As the kernel does it: the handler is the default again before it runs. */
static void reset(void)
{
    const struct sigaction fresh = {.sa_handler = SIG_DFL};
    sigset_t saved;
    chain_lock(&saved);
    chain_write(&fresh);
    chain_unlock(&saved);
}

static void call_handler(const struct sigaction *action, int number, siginfo_t *info, void *context)
{
    int saved = errno;
    if (action->sa_flags & (int)SA_RESETHAND)
        reset();
    block_as_asked(action, number);
    errno = saved;
    if (action->sa_flags & SA_SIGINFO)
        action->sa_sigaction(number, info, context);
    else
        action->sa_handler(number);
}

/* The kernel does not let anybody ignore a fault, only a signal that was sent. */
static void hand_on(int number, siginfo_t *info, void *context)
{
    const struct sigaction action = chain_read();
    bool plain = !(action.sa_flags & SA_SIGINFO);
    if (plain && action.sa_handler == SIG_IGN && !from_kernel(info))
        return;
    if (plain && (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN))
        take_default(number, info);
    else
        call_handler(&action, number, info, context);
}

/*
 * A call is told from any other access by the program counter: it is the very address that faulted. Where nothing of this process's
 * own is mapped, and only there, fard knows whether it is a stub.
 */
static bool is_call(const siginfo_t *info, uint64_t pc)
{
    if (!from_kernel(info) || (uint64_t)(uintptr_t)info->si_addr != pc)
        return false;
    if (pending_at(pc))
        return pending_is_slot(pc);
    return info->si_code == SEGV_MAPERR && link_is_stub(pc);
}

static fault_filler *filler;

void fault_fill_by(fault_filler *wanted)
{
    filler = wanted;
}

static bool is_filled(const siginfo_t *info, void *context)
{
    return filler && from_kernel(info) && filler(info->si_code, (uint64_t)(uintptr_t)info->si_addr, context);
}

/*
 * Runs on whatever stack the thread has for signals, between any two instructions: it reads and writes nothing but the
 * interrupted registers and tables of ranges that only grow, and calls nothing but the kernel.
 */
static void on_fault(int number, siginfo_t *info, void *context)
{
    uint64_t pc = fault_pc(context);
    if (is_call(info, pc))
        fault_resume(context, far_link_on_fault, pc);
    else if (!is_filled(info, context))
        hand_on(number, info, context);
}

/* What a handler's owner asked of interrupted system calls stays so. On the alternate stack wherever there is one. */
static int take_signal(const struct sigaction *behind)
{
    struct sigaction action = {.sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | (behind->sa_flags & SA_RESTART)};
    sigemptyset(&action.sa_mask);
    return set_signal(SIGSEGV, &action, NULL) == 0 ? 0 : -errno;
}

int fault_install(void)
{
    struct sigaction before;
    if (chain.installed)
        return 0;
    process_settings(); /* read now: the handler cannot */
    fault_prepare();
    if (__sigaction(SIGSEGV, NULL, &before) != 0)
        return -errno;
    chain_write(&before);
    int failed = take_signal(&before);
    __atomic_store_n(&chain.installed, !failed, __ATOMIC_RELEASE);
    return failed;
}

int fault_replace(const struct sigaction *action, struct sigaction *old)
{
    sigset_t saved;
    if (!__atomic_load_n(&chain.installed, __ATOMIC_ACQUIRE))
        return __sigaction(SIGSEGV, action, old);
    chain_lock(&saved);
    const struct sigaction before = chain.action[chain.version & 1], wanted = action ? *action : before;
    int failed = action ? take_signal(&wanted) : 0;
    if (action && !failed)
        chain_write(&wanted);
    chain_unlock(&saved);
    if (old)
        *old = before;
    errno = failed ? -failed : errno;
    return failed ? -1 : 0;
}
