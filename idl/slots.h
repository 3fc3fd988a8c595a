/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* --previous=FILE: operations keep the slots that an earlier version of the service gave them. */
#ifndef FARCALL_IDL_SLOTS_H
#define FARCALL_IDL_SLOTS_H

#include "idl/model.h"

/* Renumber the model's operations by the record in that file. 0, or an exit code after everything was said. */
int slots_from_file(struct model *model, struct arena *arena, const char *path);

#endif
