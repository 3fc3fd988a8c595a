/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The SIGSEGV handler: a call to a pending address (pending.h) goes on in far_link_on_fault, as if the caller had called
 * that; any other fault goes to whoever had the signal before.
 *
 * What a program must know (docs/gates.md): one that installs a handler of its own later must hand on what it does not
 * know, as any library's guest; one that blocks SIGSEGV is killed by the fault, as by any other.
 */
#ifndef FARCALL_FAULT_H
#define FARCALL_FAULT_H

#include <stdint.h>

/* Install it, once a process. With the process's lock held. 0 or -errno. */
int fault_install(void);

/* fault_MACHINE.c: what link_on_fault_MACHINE.S must know of the machine; where the interrupted thread was; where it is to
 * go on, with `address` in the register that far_link_on_fault expects it in. */
void fault_prepare(void);
uint64_t fault_pc(const void *context);
void fault_resume(void *context, void (*entry)(void), uint64_t address);

/* link_on_fault_MACHINE.S */
void far_link_on_fault(void);

#endif
