/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * sigaction and signal as programs see them. A handler for SIGSEGV that is installed after ours takes its place behind it, and
 * nobody sees ours: so a library that was never told of farcall may have a handler of its own. That works where this library is
 * found before the C library, as it is in programs that are linked with an import library; fault.h says what happens elsewhere.
 */
#include "runtime/lib/fault.h"
#include "runtime/pku/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

PUBLIC int sigaction(int number, const struct sigaction *restrict action, struct sigaction *restrict old)
{
    if (number == SIGSEGV)
        return fault_replace(action, old);
    return pku_signals_own(number) ? pku_signals_replace(number, action, old) : __sigaction(number, action, old);
}

/* As signal() is on Linux: system calls are started again, the handler stays, its signal is blocked while it runs. */
PUBLIC __sighandler_t signal(int number, __sighandler_t handler)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
    if (handler == SIG_ERR) {
        errno = EINVAL;
        return SIG_ERR;
    }
    sigemptyset(&action.sa_mask);
    if (number > 0 && number < NSIG)
        sigaddset(&action.sa_mask, number);
    return sigaction(number, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}
