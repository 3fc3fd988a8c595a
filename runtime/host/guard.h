/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What an operation may not do to the thread that serves it: leave it in any other way than by returning. Exceptions,
 * jumps to a frame outside the call and the thread's own end stop at a guard; the client's call fails with a status
 * that says so, and the thread serves the next one. What the operation had half done to the service's own data stays
 * half done, as when a C function is left by longjmp.
 */
#ifndef FARCALL_GUARD_H
#define FARCALL_GUARD_H

#include "runtime/lib/map.h"

#include <setjmp.h>
#include <stdint.h>

/*
 * Runs body(argument). FAR_CALL_DONE when it returned; FAR_CALL_THREW or FAR_CALL_JUMPED when it was left otherwise, the
 * cleanups of an exception's frames having run. Guards nest; the innermost one of the thread stops what comes.
 */
unsigned guard_run(void (*body)(void *), void *argument);

/*
 * longjmp for code of the segment: inside the call that the thread is serving it is the C library's; a target outside,
 * be it another call's, another thread's or another process's, ends the call with FAR_CALL_JUMPED. A thread that serves
 * nothing (one of the service's own) jumps as it likes.
 */
_Noreturn void guard_longjmp(struct __jmp_buf_tag *target, int value);

/* far_host_linker, but what jumps is bound to guard_longjmp. */
extern const struct far_linker guard_linker;

/* guard_<machine>.S. Calls body(argument); its frame is where an exception's search for a handler ends. */
void guard_call(void (*body)(void *), void *argument);
/* The stack pointer that a filled-in jmp_buf of the C library holds. */
uintptr_t guard_stack_of(const struct __jmp_buf_tag *target);

#endif
