/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Signals and domains. Faults in a domain end its call; faults elsewhere go to whoever had the signal before. All other
 * signals wait until the thread has left the domain: the kernel could not even write their frames.
 */
#ifndef FARCALL_PKU_SIGNALS_H
#define FARCALL_PKU_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* What the thread had before it entered a domain. */
struct pku_signals {
    uint64_t mask; /* the kernel's 64 bits: the C library keeps two signals for itself, and they wait too */
    stack_t stack;
};

/* Take over the signals of faults. 0 or -errno. */
int pku_signals_install(void);
/* Is this one of them, and taken? Then `action` is who has it behind us from now on. As sigaction(). */
bool pku_signals_own(int number);
int pku_signals_replace(int number, const struct sigaction *action, struct sigaction *old);

/* All but the faults. */
bool pku_signals_block(uint64_t *saved);
void pku_signals_unblock(const uint64_t *saved);
/* Before a domain is entered, and after. `stack`: memory of the domain's, PKU_SIGNAL_STACK bytes. false: it cannot be now. */
bool pku_signals_hold(struct pku_signals *saved, uint64_t stack);
void pku_signals_back(const struct pku_signals *saved);

#endif
