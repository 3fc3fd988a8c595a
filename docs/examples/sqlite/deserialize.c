/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The service's side of client_memory.c and client_config.c. */
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

int sqlite3_far_db_config(sqlite3 *db, int option, int value, int *now)
{
    int is = 0;
    if (option < SQLITE_DBCONFIG_ENABLE_FKEY || option > SQLITE_DBCONFIG_MAX)
        return SQLITE_MISUSE;
    int result = sqlite3_db_config(db, option, value, &is);
    if (now)
        *now = is;
    return result;
}

static int copy_out(const void *bytes, int size, unsigned char *to, int room)
{
    if (bytes && size > 0 && room > 0)
        memcpy(to, bytes, (size_t)(size < room ? size : room));
    return bytes ? size : 0;
}

int sqlite3_far_column_blob(sqlite3_stmt *stmt, int column, unsigned char *to, int room)
{
    const void *bytes = sqlite3_column_blob(stmt, column);
    return copy_out(bytes, sqlite3_column_bytes(stmt, column), to, room);
}

int sqlite3_far_value_blob(sqlite3_value *value, unsigned char *to, int room)
{
    const void *bytes = sqlite3_value_blob(value);
    return copy_out(bytes, sqlite3_value_bytes(value), to, room);
}
