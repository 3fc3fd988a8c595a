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
 * cleanups of an exception's frames having run. *call is the number of the call that is being served, and may change
 * meanwhile. Guards nest; the innermost one of the thread stops what comes.
 */
unsigned guard_run(void (*body)(void *), void *argument, const uint32_t *call);

/* Ends the call that this thread is serving, with that status. For a thread that serves one. */
_Noreturn void guard_leave(unsigned status);

/*
 * setjmp and longjmp for code of the segment: inside the call that the thread is serving they are the C library's. To jump
 * to what another call has set, in this thread, in another, or in another process, ends the call with FAR_CALL_JUMPED. A
 * thread that serves nothing (one of the service's own) jumps as it likes.
 */
_Noreturn void guard_longjmp(struct __jmp_buf_tag *target, int value);
void guard_mark(struct __jmp_buf_tag *target);

/* far_host_linker, but jumps are bound to those above. */
extern const struct far_linker guard_linker;

/* guard_<machine>.S. Calls body(argument); its frame is where an exception's search for a handler ends. */
void guard_call(void (*body)(void *), void *argument);
/* The C library's functions of these names, after guard_mark(). They return twice, so no C can stand between. */
int guard__setjmp(struct __jmp_buf_tag *target);
int guard_setjmp(struct __jmp_buf_tag *target);
int guard___sigsetjmp(struct __jmp_buf_tag *target, int save_mask);

#endif
