/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Services that a segment is bound to: where its code runs, they must be bound as well. */
#ifndef FARCALL_DEPEND_H
#define FARCALL_DEPEND_H

#include "runtime/lib/map.h"

/* The relocation commands that came with a segment, checked; NULL and *error if they are not valid. Never unmapped. */
const struct far_reloc_header *depend_read_stream(const struct far_mapping *mapping, struct far_error *error);

/*
 * Bind every service that the stream's CHECK commands name and that is not bound yet, with import tables made of them. With the process's lock held.
 */
int depend_bind(const struct far_reloc_header *stream, const char *self, struct far_error *error);

#endif
