/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What has changed, where an operation is not the one that a client was linked against. No I/O. */
#ifndef FARCALL_BIND_EXPLAIN_H
#define FARCALL_BIND_EXPLAIN_H

#include "runtime/iface.h"
#include "runtime/import.h"

#define BIND_EXPLAIN_TEXT 300

/*
 * "member 'len' of struct node is another one", or "" if the import library does not know enough, or nothing that it knows has
 * changed. op is the registered operation that the table's entry `index` names; the table was checked by import_check().
 */
const char *bind_explain(const struct far_import_table *table, uint32_t index, const struct far_iface *iface,
                         const struct far_op *op, char text[BIND_EXPLAIN_TEXT]);

#endif
