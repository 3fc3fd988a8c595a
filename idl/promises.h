/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A header for programs that call far_async operations asynchronously: for each, NAME_async with the same parameters, which
 * the import library has.
 */
#ifndef FARCALL_IDL_PROMISES_H
#define FARCALL_IDL_PROMISES_H

#include "idl/model.h"

#include <stdio.h>

/* header: as the header was named; the new one includes it by its base name. False: no operation is asynchronous. */
bool promises_write(const struct model *model, const char *header, FILE *out);

#endif
