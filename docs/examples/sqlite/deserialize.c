/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The service's side of client_memory.c. */
#include "sqlite3_far_dropin.h"

#include <string.h>

int sqlite3_far_deserialize(sqlite3 *db, const char *schema, const unsigned char *bytes, sqlite3_int64 size,
                            sqlite3_int64 room, unsigned flags)
{
    if (size < 0 || room < size || !bytes)
        return SQLITE_MISUSE;
    unsigned char *copy = sqlite3_malloc64(room ? (sqlite3_uint64)room : 1);
    if (!copy)
        return SQLITE_NOMEM;
    memcpy(copy, bytes, (size_t)size);
    return sqlite3_deserialize(db, schema, copy, size, room, flags | SQLITE_DESERIALIZE_FREEONCLOSE);
}
