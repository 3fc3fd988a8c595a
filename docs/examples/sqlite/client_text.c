/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What of SQLite a client does itself, linked into the import library (far implib --with): a function here stands in the
 * place of the operation of that name, which it calls as far_operation_NAME.
 *
 * Text comes out up to its zero, but SQLite's may hold zeros, and sqlite3_column_bytes() says so. All of it is where
 * sqlite3_column_blob() says: for clients that may read there, and for the others with client_blobs.c.
 */
#include <sqlite3.h>
#include <string.h>

#define OPERATION(name) __asm__("far_operation_" #name) __attribute__((visibility("hidden")))

const unsigned char *service_column_text(sqlite3_stmt *statement, int column) OPERATION(sqlite3_column_text);
const unsigned char *service_value_text(sqlite3_value *value) OPERATION(sqlite3_value_text);

const unsigned char *sqlite3_column_text(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = service_column_text(statement, column);
    if (!text || strlen((const char *)text) == (size_t)sqlite3_column_bytes(statement, column))
        return text;
    const unsigned char *whole = sqlite3_column_blob(statement, column);
    return whole ? whole : text;
}

const unsigned char *sqlite3_value_text(sqlite3_value *value)
{
    const unsigned char *text = service_value_text(value);
    if (!text || strlen((const char *)text) == (size_t)sqlite3_value_bytes(value))
        return text;
    const unsigned char *whole = sqlite3_value_blob(value);
    return whole ? whole : text;
}
