/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The store's rows about clients' domain segments: by them a fard that is started anew knows whose they are. */
#include "runtime/fard/store_internal.h"

int store_put_domain(struct store *store, const struct stored_domain *domain, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result =
        store_prepare(store,
                      "INSERT OR REPLACE INTO domains (id, pid, started, uid, base, size, device, inode, connection,"
                      " trusts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, domain->id);
    sqlite3_bind_int64(statement, 2, domain->pid);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)domain->started);
    sqlite3_bind_int64(statement, 4, domain->uid);
    sqlite3_bind_int64(statement, 5, (sqlite3_int64)domain->range.base);
    sqlite3_bind_int64(statement, 6, (sqlite3_int64)domain->range.size);
    sqlite3_bind_int64(statement, 7, (sqlite3_int64)domain->device);
    sqlite3_bind_int64(statement, 8, (sqlite3_int64)domain->inode);
    sqlite3_bind_int64(statement, 9, (sqlite3_int64)domain->connection);
    sqlite3_bind_text(statement, 10, domain->trusts, -1, SQLITE_STATIC);
    return store_finish_soon(store, statement, "noting a domain segment", error);
}

int store_forget_domain(struct store *store, uint32_t id, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "DELETE FROM domains WHERE id = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    return store_finish_soon(store, statement, "forgetting a domain segment", error);
}

int store_each_domain(struct store *store, int (*each)(void *context, const struct stored_domain *row), void *context,
                      struct far_error *error)
{
    sqlite3_stmt *statement;
    int result =
        store_prepare(store,
                      "SELECT id, pid, started, uid, base, size, device, inode, connection, trusts FROM domains"
                      " ORDER BY id",
                      &statement, error);
    while (!result && store_next_row(store, statement, &result, error)) {
        const char *trusts = (const char *)sqlite3_column_text(statement, 9);
        const struct stored_domain row = {
            .id = (uint32_t)sqlite3_column_int64(statement, 0),
            .pid = (uint32_t)sqlite3_column_int64(statement, 1),
            .started = (uint64_t)sqlite3_column_int64(statement, 2),
            .uid = (uint32_t)sqlite3_column_int64(statement, 3),
            .range = {(uint64_t)sqlite3_column_int64(statement, 4), (uint64_t)sqlite3_column_int64(statement, 5)},
            .device = (uint64_t)sqlite3_column_int64(statement, 6),
            .inode = (uint64_t)sqlite3_column_int64(statement, 7),
            .connection = (uint64_t)sqlite3_column_int64(statement, 8),
            .trusts = trusts ? trusts : "",
        };
        result = each(context, &row);
    }
    sqlite3_finalize(statement);
    return result;
}
