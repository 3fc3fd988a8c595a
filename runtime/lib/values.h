/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a function takes and returns, between a call's registers and stack words and the walk, which knows a value by value
 * as memory of its own: an object that goes in, and as result one that comes out. For operations and callbacks, at both ends.
 */
#ifndef FARCALL_VALUES_H
#define FARCALL_VALUES_H

#include "runtime/format/calling.h"
#include "runtime/lib/gate.h"
#include "runtime/lib/invoke.h"
#include "runtime/walk/walk.h"

/* --- a call that has arrived --- */

/* Its parameters into walk->word, and where its result by value goes: memory of the walk's, or of the caller's. An enum
 * far_call_status. */
unsigned values_take(const struct far_placement *placement, const struct far_frame *frame, struct walk *walk);
/* The result by value into registers, once it is where values_take() said. */
void values_give_result(const struct far_placement *placement, const struct walk *walk, struct far_frame *frame);
/* A result by value that there is not: all zero. */
void values_give_nothing(const struct far_placement *placement, uint64_t bytes, struct far_frame *frame);

/* --- a call that is about to be made --- */

/* From walk->word, as walk_receive() has left it. `registers` is all 0; its stack is of the walk's memory. */
unsigned values_put(const struct far_placement *placement, struct walk *walk, struct far_registers *registers);
void values_invoke(uint64_t function, const struct far_placement *placement, struct far_registers *registers);
/* What the function returned, for walk_reply(). */
void values_take_result(const struct far_placement *placement, const struct far_registers *registers,
                        struct walk *walk);

#endif
