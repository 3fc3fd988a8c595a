/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * An ordinary user of SQLite: runs SQL in a database in memory and prints the rows. It includes SQLite's own header and
 * knows nothing of farcall; linked against the import library of a sqlite3 segment, its calls go wherever this process was
 * bound to, and SQLite's calls of the functions below come back from there.
 *
 * usage: query SQL…
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* What SQLite carries for us from sqlite3_exec to every row. */
struct printer {
    long rows;
};

static int print_row(void *data, int count, char **values, char **names)
{
    struct printer *printer = data;

    for (int i = 0; i < count; i++)
        printf("%s%s=%s", i ? " " : "", names[i], values[i] ? values[i] : "NULL");
    putchar('\n');
    printer->rows++;
    return 0;
}

/* SQL's reverse(text), here in the client. */
static void reverse(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    const char *text = (const char *)sqlite3_value_text(arguments[0]);
    size_t length = text ? strlen(text) : 0;
    char reversed[64];

    (void)count;
    if (length > sizeof reversed) {
        sqlite3_result_error_toobig(context);
        return;
    }
    for (size_t i = 0; i < length; i++)
        reversed[i] = text[length - 1 - i];
    sqlite3_result_text(context, reversed, (int)length, SQLITE_TRANSIENT);
}

static int run_all(sqlite3 *db, char **sql, struct printer *printer)
{
    for (; *sql; sql++) {
        char *message = NULL;
        if (sqlite3_exec(db, *sql, print_row, printer, &message) != SQLITE_OK) {
            fprintf(stderr, "query: %s\n", message ? message : sqlite3_errmsg(db));
            sqlite3_free(message);
            return EX_DATAERR;
        }
    }
    return EX_OK;
}

int main(int argc, char **argv)
{
    struct printer printer = {0};
    sqlite3 *db = NULL;
    int status = EX_UNAVAILABLE;

    (void)argc;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_create_function_v2(db, "reverse", 1, SQLITE_UTF8, NULL, reverse, NULL, NULL, NULL) != SQLITE_OK)
        fprintf(stderr, "query: cannot open a database: %s\n", sqlite3_errmsg(db));
    else
        status = run_all(db, argv + 1, &printer);
    sqlite3_close_v2(db);
    if (status == EX_OK)
        printf("SQLite %s: %ld rows\n", sqlite3_libversion(), printer.rows);
    return status;
}
