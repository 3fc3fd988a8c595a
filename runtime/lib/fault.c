/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/fault.h"

#include "runtime/lib/pending.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

/* Who had SIGSEGV before us. Written before the handler can run, but for SA_RESETHAND, which changes it as the kernel would. */
static struct sigaction before;
static bool installed;

static bool from_kernel(const siginfo_t *info)
{
    return info->si_code > 0;
}

/*
 * As if nobody had a handler. A fault that the kernel reported comes again when the instruction is run again; a signal that
 * somebody sent must be sent again, and is delivered when the handler returns.
 */
static void take_default(int number, const siginfo_t *info)
{
    const struct sigaction fresh = {.sa_handler = SIG_DFL};
    sigaction(number, &fresh, NULL);
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

static void call_handler(const struct sigaction *action, int number, siginfo_t *info, void *context)
{
    int saved = errno;
    block_as_asked(action, number);
    if (action->sa_flags & (int)SA_RESETHAND)
        before = (struct sigaction){.sa_handler = SIG_DFL};
    errno = saved;
    if (action->sa_flags & SA_SIGINFO)
        action->sa_sigaction(number, info, context);
    else
        action->sa_handler(number);
}

/* The kernel does not let anybody ignore a fault, only a signal that was sent. */
static void hand_on(int number, siginfo_t *info, void *context)
{
    const struct sigaction action = before;
    bool plain = !(action.sa_flags & SA_SIGINFO);
    if (plain && action.sa_handler == SIG_IGN && !from_kernel(info))
        return;
    if (plain && (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN))
        take_default(number, info);
    else
        call_handler(&action, number, info, context);
}

/*
 * Runs on whatever stack the thread has for signals, between any two instructions: it reads and writes nothing but the
 * interrupted registers and a table of ranges that only grows. A call is told from any other access by the program
 * counter: it is the very address that faulted.
 */
static void on_fault(int number, siginfo_t *info, void *context)
{
    uint64_t pc = fault_pc(context);
    if (from_kernel(info) && (uint64_t)(uintptr_t)info->si_addr == pc && pending_is_slot(pc))
        fault_resume(context, far_link_on_fault, pc);
    else
        hand_on(number, info, context);
}

int fault_install(void)
{
    struct sigaction action = {.sa_sigaction = on_fault};
    if (installed)
        return 0;
    if (sigaction(SIGSEGV, NULL, &before) != 0)
        return -errno;
    fault_prepare();
    /* What a handler's owner asked of interrupted system calls stays so. On the alternate stack wherever there is one. */
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | (before.sa_flags & SA_RESTART);
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGSEGV, &action, NULL) != 0)
        return -errno;
    installed = true;
    return 0;
}
