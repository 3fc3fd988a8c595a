/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The SIGSEGV handler: a call to a pending address (pending.h), or to the stub of a service that this process was never bound
 * to (link_unbound.h), goes on in far_link_on_fault, as if the caller had called that; any other fault goes to whoever has the
 * signal behind us, with the same siginfo and registers.
 *
 * Handlers of others (docs/gates.md says what a program may count on):
 *
 *     installed before ours      called as the kernel would, for what is not ours
 *     installed after ours       the same, where sigaction.c stands before the C library; elsewhere the kernel calls it
 *                                instead of us: then it must hand on what it does not know to what was there before
 *     SIGSEGV blocked            a fault kills, as any fault does
 */
#ifndef FARCALL_FAULT_H
#define FARCALL_FAULT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Install it, once a process. With the process's lock held. 0 or -errno. */
int fault_install(void);

/* sigaction(SIGSEGV, action, old) as whoever is behind us sees it. 0, or -1 and errno. */
int fault_replace(const struct sigaction *action, struct sigaction *old);

/*
 * Who may have memory where nothing is yet: asked about a fault that is no call, with the kernel's si_code, the address and the interrupted
 * registers. True: the thread goes on. Said once, before there are threads that could fault there.
 */
typedef bool fault_filler(int code, uint64_t address, void *context);
void fault_fill_by(fault_filler *filler);

/* The C library's, which nobody has replaced. */
int __sigaction(int number, const struct sigaction *action, struct sigaction *old);

/* fault_MACHINE.c: what link_on_fault_MACHINE.S must know of the machine; where the interrupted thread was; where it is to
 * go on, with `address` in the register that far_link_on_fault expects it in. */
void fault_prepare(void);
uint64_t fault_pc(const void *context);
void fault_resume(void *context, void (*entry)(void), uint64_t address);

/* link_on_fault_MACHINE.S */
void far_link_on_fault(void);

#endif
