/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The store's rows of pending addresses: a range, a name, the operations by slot. */
#include "runtime/fard/store_internal.h"

#include "runtime/fard/pending.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#define DOING "giving pending addresses"

static int insert_pending(struct store *store, struct pending *pending, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_take_range(store, pending->name, FAR_PENDING_SIZE, &pending->id, &pending->range, error);
    result = result ? result
                    : store_prepare(store, "INSERT INTO pending (id, name, major, uid) VALUES (?, ?, ?, ?)", &statement,
                                    error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, pending->id);
    sqlite3_bind_text(statement, 2, pending->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, pending->major);
    sqlite3_bind_int64(statement, 4, pending->uid);
    return store_finish(store, statement, DOING, error);
}

static int insert_op(struct store *store, uint32_t id, uint32_t slot, const char *op, uid_t uid,
                     struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "INSERT INTO pending_ops VALUES (?, ?, ?, ?)", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_int64(statement, 2, slot);
    sqlite3_bind_text(statement, 3, op, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, uid);
    return store_finish(store, statement, DOING, error);
}

int store_add_pending(struct store *store, struct pending *pending, const struct pending_wish *wish,
                      struct far_error *error)
{
    const struct pending before = *pending;
    uint64_t cursor = store->cursor;
    int result = store_run(store, "BEGIN IMMEDIATE", DOING, error);
    if (!result && !pending->id)
        result = insert_pending(store, pending, error);
    for (uint32_t i = 0; !result && i < wish->op_count; i++)
        result = insert_op(store, pending->id, pending->count + i + 1, wish->op[i], wish->uid, error);
    result = result ? result : store_run(store, "COMMIT", DOING, error);
    if (!result)
        return 0;
    sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    store->cursor = cursor;
    *pending = before;
    return result;
}

int store_set_pending_major(struct store *store, struct pending *pending, uint16_t major, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "UPDATE pending SET major = ? WHERE id = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, major);
    sqlite3_bind_int64(statement, 2, pending->id);
    result = store_finish(store, statement, DOING, error);
    if (!result)
        pending->major = major;
    return result;
}

int store_remove_pending(struct store *store, uint32_t id, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "DELETE FROM pending WHERE id = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    return store_finish(store, statement, "giving up pending addresses", error);
}

static int damaged(const struct store *store, int result, uint32_t id, struct far_error *error)
{
    if (result != -EINVAL)
        return result;
    return refuse(error, EUCLEAN, EX_DATAERR,
                  "%s/names.db is damaged: the pending addresses of range %u are impossible; restore it, or move the "
                  "folder away",
                  store->path, id);
}

static int load_name(struct store *store, sqlite3_stmt *statement, struct pendings *pendings, struct far_error *error)
{
    const char *name = (const char *)sqlite3_column_text(statement, 3);
    struct pending row = {
        .id = (uint32_t)sqlite3_column_int64(statement, 0),
        .range = {(uint64_t)sqlite3_column_int64(statement, 1), (uint64_t)sqlite3_column_int64(statement, 2)},
        .uid = (uid_t)sqlite3_column_int64(statement, 4),
        .major = sqlite3_column_int(statement, 5),
    };
    bool sound = name && service_name_is_sound(name, strlen(name) + 1) && strlen(name) < sizeof row.name;
    if (sound)
        memcpy(row.name, name, strlen(name));
    return damaged(store, sound ? pending_restore(pendings, &row) : -EINVAL, row.id, error);
}

static int load_ops(struct store *store, struct pendings *pendings, uint32_t id, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "SELECT slot, op, uid FROM pending_ops WHERE pending = ? ORDER BY slot",
                               &statement, error);
    if (!result)
        sqlite3_bind_int64(statement, 1, id);
    while (!result && store_next_row(store, statement, &result, error)) {
        const char *op = (const char *)sqlite3_column_text(statement, 1);
        uint32_t slot = (uint32_t)sqlite3_column_int64(statement, 0);
        uid_t uid = (uid_t)sqlite3_column_int64(statement, 2);
        result = damaged(store, op ? pending_restore_op(pendings, id, slot, op, uid) : -EINVAL, id, error);
    }
    sqlite3_finalize(statement);
    return result;
}

int store_load_pending(struct store *store, struct pendings *pendings, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store,
                               "SELECT p.id, r.base, r.size, p.name, p.uid, p.major FROM pending p"
                               " JOIN ranges r ON r.id = p.id ORDER BY p.id",
                               &statement, error);
    while (!result && store_next_row(store, statement, &result, error)) {
        result = load_name(store, statement, pendings, error);
        result = result ? result : load_ops(store, pendings, (uint32_t)sqlite3_column_int64(statement, 0), error);
    }
    sqlite3_finalize(statement);
    return result;
}
