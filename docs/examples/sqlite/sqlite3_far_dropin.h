/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * SQLite as a service in the place of libsqlite3.so.0: sqlite3_far.h, and an operation of our own that client_memory.c needs.
 */
#ifndef SQLITE3_FAR_DROPIN_H
#define SQLITE3_FAR_DROPIN_H

#include "sqlite3_far.h"

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
/* sqlite3_deserialize() of a copy, which the database owns: bytes of `size`, in room for `room`. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_far_deserialize(sqlite3 *far_handle db, const char *__null_terminated far_nullable schema,
                                const unsigned char *far_in __sized_by_or_null(size) bytes, sqlite3_int64 size,
                                sqlite3_int64 room, unsigned flags);
/* clang-format on */

#ifdef __cplusplus
}
#endif

#endif
