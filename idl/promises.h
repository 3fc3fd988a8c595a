/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A header for programs that call operations otherwise than at once: NAME_async for each that is far_async, NAME_queued for each
 * that is far_queued, with the same parameters. The import library has them.
 */
#ifndef FARCALL_IDL_PROMISES_H
#define FARCALL_IDL_PROMISES_H

#include "idl/model.h"

#include <stdio.h>

/* header: as the header was named; the new one includes it by its base name. False: no operation is called so. */
bool promises_write(const struct model *model, const char *header, FILE *out);

#endif
