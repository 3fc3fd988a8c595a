/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* LINK: whose is this address? No I/O. */
#ifndef FARCALL_FARD_LINK_H
#define FARCALL_FARD_LINK_H

#include "runtime/fard/registry.h"
#include "runtime/import.h"

/* Bytes of the reply at most: an import table of one operation. */
#define LINK_REPLY_MAX (sizeof(struct far_import_table) + sizeof(struct far_import_op) + 1024)

/*
 * The operation whose stub, or pending address, this is, as an import table that its caller can bind by; reply has
 * LINK_REPLY_MAX bytes. Returns 0, or FARD_REFUSED: with ENOENT if nothing can be called there, with another code if it is an
 * operation that cannot be linked now.
 */
int link_answer(const struct registry *registry, uint64_t address, void *reply, size_t *used, struct far_error *error);

#endif
