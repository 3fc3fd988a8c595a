/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* -MD: what the compiler wrote down becomes the dependency file, without the header that only faridl included. */
#ifndef FARCALL_IDL_DEPENDENCIES_H
#define FARCALL_IDL_DEPENDENCIES_H

#include "idl/arena.h"

/*
 * Where the compiler may write while it is not known whether all goes well: a file without a name, which lasts as long
 * as this process, so that no signal leaves it behind. NULL after a message: what is there cannot be written.
 */
const char *dependencies_draft(struct arena *arena, const char *place);
/* Copy the draft to its place, without `probe`. Returns 0, or an exit code after a message. */
int dependencies_keep(struct arena *arena, const char *draft, const char *place, const char *probe);

#endif
