/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The store's rows about hosts: by them a fard that is started anew knows its predecessor's again. */
#include "runtime/fard/store_internal.h"

#include <string.h>

/*
 * Who kills fard finds these rows; who pulls the plug need not, there being no processes then. So the disk is not waited for:
 * in a write-ahead log that costs nothing but these rows, and the next commit waits for them as well.
 */
int store_finish_soon(struct store *store, sqlite3_stmt *statement, const char *doing, struct far_error *error)
{
    struct far_error ignored;
    int result = store_run(store, "PRAGMA synchronous = NORMAL", doing, error);
    if (result)
        sqlite3_finalize(statement);
    else
        result = store_finish(store, statement, doing, error);
    int back = store_run(store, "PRAGMA synchronous = FULL", doing, &ignored);
    if (back && !result)
        *error = ignored;
    return result ? result : back;
}

static int prepare_host(struct store *store, uint32_t service, const struct stored_host *host, sqlite3_stmt **out,
                        struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store,
                               "INSERT OR REPLACE INTO hosts (service, pid, started, uid, generation, device, inode,"
                               " initialised) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                               &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, service);
    sqlite3_bind_int64(statement, 2, host->pid);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)host->started);
    sqlite3_bind_int64(statement, 4, host->uid);
    sqlite3_bind_int64(statement, 5, host->generation);
    sqlite3_bind_int64(statement, 6, (sqlite3_int64)host->device);
    sqlite3_bind_int64(statement, 7, (sqlite3_int64)host->inode);
    sqlite3_bind_int64(statement, 8, host->initialised);
    *out = statement;
    return 0;
}

int store_put_host(struct store *store, uint32_t service, const struct stored_host *host, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = prepare_host(store, service, host, &statement, error);
    return result ? result : store_finish_soon(store, statement, "noting the host", error);
}

int store_insert_host(struct store *store, uint32_t service, const struct stored_host *host, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = prepare_host(store, service, host, &statement, error);
    return result ? result : store_finish(store, statement, "noting the host", error);
}

int store_get_host(struct store *store, uint32_t service, struct stored_host *host, bool *found,
                   struct far_error *error)
{
    sqlite3_stmt *statement;
    *found = false;
    int result = store_prepare(
        store, "SELECT pid, started, uid, generation, device, inode, initialised FROM hosts WHERE service = ?",
        &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, service);
    *found = store_next_row(store, statement, &result, error);
    if (*found)
        *host = (struct stored_host){
            .pid = (uint32_t)sqlite3_column_int64(statement, 0),
            .started = (uint64_t)sqlite3_column_int64(statement, 1),
            .uid = (uint32_t)sqlite3_column_int64(statement, 2),
            .generation = (uint32_t)sqlite3_column_int64(statement, 3),
            .device = (uint64_t)sqlite3_column_int64(statement, 4),
            .inode = (uint64_t)sqlite3_column_int64(statement, 5),
            .initialised = sqlite3_column_int(statement, 6) != 0,
        };
    sqlite3_finalize(statement);
    return result;
}

int store_forget_hosts(struct store *store, struct far_error *error)
{
    return store_run(store, "DELETE FROM hosts", "ending", error);
}
