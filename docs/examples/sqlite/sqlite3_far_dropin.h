/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * SQLite as a service in the place of libsqlite3.so.0: sqlite3_far.h, and operations of our own that client_memory.c,
 * client_config.c and client_blobs.c need.
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

/* sqlite3_db_config() with an option that is a number, from SQLITE_DBCONFIG_ENABLE_FKEY on; `now` is what it is then. */
far_op far_fails(SQLITE_IOERR)
    int sqlite3_far_db_config(sqlite3 *far_handle db, int option, int value, int *far_out far_nullable now);

/* What sqlite3_column_blob() and sqlite3_value_blob() lead to, as far as there is room; the result says how large it is. */
far_op far_fails(-1)
    int sqlite3_far_column_blob(sqlite3_stmt *far_handle stmt, int column, unsigned char *far_out __sized_by(room) to, int room);
far_op far_fails(-1)
    int sqlite3_far_value_blob(sqlite3_value *far_handle value, unsigned char *far_out __sized_by(room) to, int room);
/* clang-format on */

#ifdef __cplusplus
}
#endif

#endif
