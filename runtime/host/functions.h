/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Functions of the service's that clients have been given (results, far_out members, memory with a life, parameters of their
 * functions). A number stands for each, so that a client can name no other address; it calls them by a slot that says the number
 * (runtime/callback.h), and only those that it was given itself, by this host.
 */
#ifndef FARCALL_HOST_FUNCTIONS_H
#define FARCALL_HOST_FUNCTIONS_H

#include "runtime/host/host.h"
#include "runtime/walk/walk.h"

/* walk_hooks. */
unsigned function_give(void *worker, const struct walk *walk, uint64_t address, const struct far_callback *callback,
                       bool comes_out, uint64_t *word);
/* One comes back: where it is. False: this client has none of that word. */
bool function_given(const struct worker *worker, uint64_t word, uint32_t callback, uint64_t *address);
/* How it is called by a slot. NULL: by none. */
const struct far_plan *function_plan(const struct worker *worker, uint32_t slot, uint64_t *address);

#endif
