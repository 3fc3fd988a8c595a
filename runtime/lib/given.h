/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Functions of a service's that it has given to this process: addresses here that stand for them. What is called there goes
 * to the service's host as an operation does, under a slot that names the function (runtime/callback.h), with a plan of its own.
 * A thunk is for one function of one host, as long as the process: the program may keep it anywhere.
 */
#ifndef FARCALL_GIVEN_H
#define FARCALL_GIVEN_H

#define FAR_GIVEN_THUNKS_MAX 4096 /* of all services together */
#define FAR_GIVEN_THUNK_SIZE 16

#ifndef __ASSEMBLER__

#include "runtime/iface.h"

#include <stdint.h>

struct far_binding;
struct far_frame;

/* A word that has come, as something that can be called: a function of ours, an operation, or a thunk. A status. */
unsigned given_address(struct far_binding *binding, uint64_t word, const struct far_callback *callback,
                       uint64_t *address);
/* The word of one that goes back to the service which gave it; 0: it is none. */
uint64_t given_word(const struct far_binding *binding, uint64_t address, uint32_t callback);

void far_given_thunks(void); /* given_MACHINE.S */
/* What they lead to. */
void far_given_called(struct far_frame *frame, uint32_t number);

#endif
#endif
