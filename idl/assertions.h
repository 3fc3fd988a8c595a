/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Static assertions in C that make the compiler confirm every layout in the model. They stand behind everything that
 * the interface's header declares, and take from it nothing but the types.
 */
#ifndef FARCALL_IDL_ASSERTIONS_H
#define FARCALL_IDL_ASSERTIONS_H

#include "idl/model.h"

void assertions_write(const struct model *model, const struct unit *unit, FILE *out);

#endif
