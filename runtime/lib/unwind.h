/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Unwinding through segments: exceptions that a client's callback throws through code that runs by branch, and
 * backtrace(). An unwinder finds a frame's description by the object that the dynamic linker loaded there, and it loaded
 * no segment; so it is told of each. Nothing is loaded for that: a process without an unwinder has nobody to tell.
 */
#ifndef FARCALL_UNWIND_H
#define FARCALL_UNWIND_H

#include "runtime/segment.h"

#include <stdbool.h>
#include <stdint.h>

/* What an unwinder is told of one segment. Never freed: it keeps pointers into it. */
struct far_unwind {
    const void *frames; /* .eh_frame, ended by a zero word; NULL: there is none */
    bool told_gcc;
    bool told_llvm;
    uint32_t own[32]; /* where only stubs are mapped: our own .eh_frame for them */
};

/*
 * Find the frames of a segment whose parts are mapped. has_code: the code is among them (trusted domains, hosts);
 * otherwise only trap stubs are, which leave the stack as they found it. False if its linkage header names a place
 * where no frames can be.
 */
bool unwind_find(struct far_unwind *unwind, const struct far_extent part[FAR_PART_COUNT], bool has_code);

/* Tell each unwinder that is loaded by now, once. Takes the dynamic linker's lock: not with ours held. */
void unwind_tell(struct far_unwind *unwind);
/* The same for every binding of the process. */
void unwind_tell_all(void);

/* Those that were told forget it: its memory is about to go. Takes the dynamic linker's lock as well. */
void unwind_forget(struct far_unwind *unwind);

/* Load libgcc_s, so that there is an unwinder. Without one in the system nothing happens. */
void unwind_load(void);

#endif
