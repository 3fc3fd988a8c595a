/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * sqlite3_config() and sqlite3_db_config(), which are variadic: a client's own part of SQLite, linked into the import library
 * (far implib --with). The options of the service are everybody's, so a client may only say how its own threads behave. Most
 * options of a database are a number, and one comes back. Those that hand over memory or a name to keep are refused.
 */
#include "sqlite3_far_dropin.h"

#include <stdarg.h>

/* SQLite in a service is made for many threads, so programs with fewer are right as well. */
int sqlite3_config(int option, ...)
{
    int is_about_threads = option == SQLITE_CONFIG_SINGLETHREAD || option == SQLITE_CONFIG_MULTITHREAD ||
                           option == SQLITE_CONFIG_SERIALIZED;
    return is_about_threads ? SQLITE_OK : SQLITE_ERROR;
}

int sqlite3_db_config(sqlite3 *db, int option, ...)
{
    va_list list;
    if (option < SQLITE_DBCONFIG_ENABLE_FKEY || option > SQLITE_DBCONFIG_MAX)
        return SQLITE_MISUSE;
    va_start(list, option);
    int value = va_arg(list, int), *now = va_arg(list, int *);
    va_end(list);
    return sqlite3_far_db_config(db, option, value, now);
}
