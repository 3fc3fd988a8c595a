/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The database: opening it, and whether it can be believed. */
#include "runtime/fard/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* What is in a log that has lost its name goes into the database, as long as that has one: the next fard finds it there. */
static int refuse_moved(struct store *store, struct far_error *error, const char *doing)
{
    bool saved = strcmp(store->moved, "names.db") != 0 &&
                 sqlite3_wal_checkpoint_v2(store->database, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) == SQLITE_OK;
    return refuse(
        error, ESTALE, EX_IOERR,
        "%s: somebody has removed or replaced %s/%s while fard was running; nothing was changed%s; start fard "
        "anew",
        doing, store->path, store->moved,
        saved ? ", and what there was before is safe in names.db"
              : ", and what there was before is lost "
                "unless the file comes back");
}

int store_refuse(struct store *store, struct far_error *error, const char *doing)
{
    int code = sqlite3_errcode(store->database);
    if (code == SQLITE_CONSTRAINT && store->moved)
        return refuse_moved(store, error, doing);
    if (code == SQLITE_FULL)
        return refuse(error, ENOSPC, EX_IOERR, "%s: no space left in %s; nothing was changed", doing, store->path);
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return refuse(
            error, EUCLEAN, EX_DATAERR,
            "%s: %s/names.db is damaged (%s); restore it, or move the folder away to start with an empty store", doing,
            store->path, sqlite3_errmsg(store->database));
    return refuse(error, EIO, EX_IOERR, "%s: %s/names.db: %s", doing, store->path, sqlite3_errmsg(store->database));
}

int store_run(struct store *store, const char *sql, const char *doing, struct far_error *error)
{
    return sqlite3_exec(store->database, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_refuse(store, error, doing);
}

int store_prepare(struct store *store, const char *sql, sqlite3_stmt **statement, struct far_error *error)
{
    *statement = NULL;
    int code = sqlite3_prepare_v2(store->database, sql, -1, statement, NULL);
    return code == SQLITE_OK ? 0 : store_refuse(store, error, "the store");
}

int store_finish(struct store *store, sqlite3_stmt *statement, const char *doing, struct far_error *error)
{
    int code = sqlite3_step(statement);
    int result = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : store_refuse(store, error, doing);
    sqlite3_finalize(statement);
    return result;
}

/* One number that a pragma or query returns. */
static int ask_number(struct store *store, const char *sql, int64_t *number, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, sql, &statement, error);
    if (!result && sqlite3_step(statement) != SQLITE_ROW)
        result = store_refuse(store, error, "opening the store");
    if (!result)
        *number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result;
}

static int check_integrity(struct store *store, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "PRAGMA integrity_check(1)", &statement, error);
    if (!result && sqlite3_step(statement) != SQLITE_ROW)
        result = store_refuse(store, error, "opening the store");
    const char *said = result ? NULL : (const char *)sqlite3_column_text(statement, 0);
    if (!result && (!said || strcmp(said, "ok") != 0))
        result = refuse(error, EUCLEAN, EX_DATAERR,
                        "%s/names.db is damaged (%s); restore it, or move the folder away to start with an empty store",
                        store->path, said ? said : "no answer");
    sqlite3_finalize(statement);
    return result;
}

static int check_schema(struct store *store, struct far_error *error)
{
    int64_t application, version, tables;
    int result = ask_number(store, "PRAGMA application_id", &application, error);
    result = result ? result : ask_number(store, "PRAGMA user_version", &version, error);
    result = result ? result : ask_number(store, "SELECT count(*) FROM sqlite_master", &tables, error);
    if (result)
        return result;
    if (application == 0 && version == 0 && tables == 0)
        return store_create_schema(store, error);
    if (application != STORE_APPLICATION)
        return refuse(error, EUCLEAN, EX_DATAERR, "%s/names.db is not fard's; choose another --store", store->path);
    if (version < STORE_SCHEMA_OLDEST || version > STORE_SCHEMA)
        return refuse(
            error, EPROTONOSUPPORT, EX_DATAERR,
            "%s/names.db has schema %lld, but this fard reads schemas %d to %d; use the version that wrote it",
            store->path, (long long)version, STORE_SCHEMA_OLDEST, STORE_SCHEMA);
    result = check_integrity(store, error);
    return result ? result : store_upgrade_schema(store, version, error);
}

/*
 * A write-ahead log with FULL: a commit is on the disk when it returns, and whoever kills fard at any moment finds the last
 * commit. Its log is taken into the database when it has 256 pages (1 MiB), and at an orderly end.
 */
static int open_database(struct store *store, struct far_error *error)
{
    char *path;
    if (asprintf(&path, "%s/names.db", store->path) < 0)
        return -ENOMEM;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(path, &store->database, flags, NULL);
    free(path);
    if (!store->database)
        return -ENOMEM;
    if (code != SQLITE_OK)
        return store_refuse(store, error, "opening the store");
    sqlite3_extended_result_codes(store->database, 0);
    return store_run(store,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 256;"
                     " PRAGMA journal_size_limit = 1048576; PRAGMA foreign_keys = ON;"
                     " PRAGMA trusted_schema = OFF;",
                     "opening the store", error);
}

/* The allocator goes on after the last range ever taken, in the window and in each chunk; a row that it cannot have written means damage. */
static int load_cursor(struct store *store, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_load_chunks(store, error);
    if (result)
        return result;
    result = store_prepare(store, "SELECT base, size FROM ranges ORDER BY base", &statement, error);
    uint64_t cursor = FAR_WINDOW_BEGIN;
    while (!result && sqlite3_step(statement) == SQLITE_ROW) {
        struct range range = {(uint64_t)sqlite3_column_int64(statement, 0),
                              (uint64_t)sqlite3_column_int64(statement, 1)};
        if (!range_is_sound(&range) || range.base < cursor)
            result = refuse(error, EUCLEAN, EX_DATAERR,
                            "%s/names.db is damaged: range 0x%llx is impossible; restore it, or move the folder away",
                            store->path, (unsigned long long)range.base);
        cursor = range_after(&range);
        store_note_taken(store, &range);
    }
    sqlite3_finalize(statement);
    store->cursor = cursor;
    return result ? result : store_load_leases(store, error);
}

int store_open(struct store **out, const char *path, struct far_error *error)
{
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        return -ENOMEM;
    store->folder = store->segments = store->lock = -1;
    int result = store_open_folders(store, path, error);
    result = result ? result : store_own_database(store, error);
    result = result ? result : open_database(store, error);
    result = result ? result : check_schema(store, error);
    result = result ? result : load_cursor(store, error);
    if (!result)
        store_watch_files(store);
    if (result) {
        store_free(store);
        return result;
    }
    *out = store;
    return 0;
}

void store_free(struct store *store)
{
    if (!store)
        return;
    sqlite3_close(store->database);
    store_close_folders(store);
    free(store->chunk);
    free(store->path);
    free(store);
}

const char *store_path(const struct store *store)
{
    return store->path;
}

int store_folder(const struct store *store)
{
    return store->folder;
}

uint64_t store_cursor(const struct store *store)
{
    return store->cursor;
}
