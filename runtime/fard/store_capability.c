/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The store's rows of capabilities. */
#include "runtime/fard/capability.h"
#include "runtime/fard/store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int store_add_capability(struct store *store, struct capability *capability, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store,
                               "INSERT INTO capabilities (digest, parent, service, level, ops, uid, expires, note)"
                               " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                               &statement, error);
    if (result)
        return result;
    sqlite3_bind_blob(statement, 1, capability->digest, sizeof capability->digest, SQLITE_STATIC);
    if (capability->parent)
        sqlite3_bind_int64(statement, 2, capability->parent);
    sqlite3_bind_int64(statement, 3, capability->service_id);
    sqlite3_bind_int64(statement, 4, capability->level);
    sqlite3_bind_text(statement, 5, capability->ops, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 6, capability->uid);
    sqlite3_bind_int64(statement, 7, capability->expires);
    sqlite3_bind_text(statement, 8, capability->note, -1, SQLITE_STATIC);
    result = store_finish(store, statement, "granting a capability", error);
    if (!result)
        capability->id = (uint32_t)sqlite3_last_insert_rowid(store->database);
    return result;
}

int store_add_holder(struct store *store, uint32_t capability, uid_t uid, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "INSERT OR IGNORE INTO capability_holders (capability, uid) VALUES (?, ?)",
                               &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, capability);
    sqlite3_bind_int64(statement, 2, uid);
    return store_finish(store, statement, "noting who holds a capability", error);
}

struct ids {
    uint32_t *item;
    size_t count;
};

static int add_id(struct ids *ids, uint32_t id)
{
    if ((ids->count & (ids->count - 1)) == 0) {
        uint32_t *item = reallocarray(ids->item, ids->count ? 2 * ids->count : 1, sizeof *item);
        if (!item)
            return -ENOMEM;
        ids->item = item;
    }
    ids->item[ids->count++] = id;
    return 0;
}

static int collect(struct store *store, const char *sql, uint32_t id, struct ids *ids, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, sql, &statement, error);
    if (!result)
        sqlite3_bind_int64(statement, 1, id);
    while (!result && store_next_row(store, statement, &result, error))
        result = add_id(ids, (uint32_t)sqlite3_column_int64(statement, 0));
    sqlite3_finalize(statement);
    return result;
}

static int remove_one(struct store *store, uint32_t id, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "DELETE FROM capabilities WHERE id = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    return store_finish(store, statement, "revoking a capability", error);
}

/* The youngest first, so that nothing is below the one that goes: the database follows parents no deeper than 1000, and
 * then refuses. */
static int remove_found(struct store *store, const char *youngest_first, uint32_t id, struct far_error *error)
{
    struct ids ids = {0};
    int result = collect(store, youngest_first, id, &ids, error);
    for (size_t i = 0; !result && i < ids.count; i++)
        result = remove_one(store, ids.item[i], error);
    free(ids.item);
    return result;
}

int store_remove_capabilities_of(struct store *store, uint32_t service, struct far_error *error)
{
    return remove_found(store, "SELECT id FROM capabilities WHERE service = ? ORDER BY id DESC", service, error);
}

static int remove_tree(struct store *store, uint32_t id, struct far_error *error)
{
    return remove_found(store,
                        "WITH RECURSIVE tree (id) AS (VALUES (?1) UNION SELECT c.id FROM capabilities c JOIN tree ON"
                        " c.parent = tree.id) SELECT id FROM tree ORDER BY id DESC",
                        id, error);
}

int store_remove_capabilities(struct store *store, const uint32_t *ids, uint32_t count, struct far_error *error)
{
    int result = store_run(store, "BEGIN IMMEDIATE", "revoking capabilities", error);
    if (result)
        return result;
    for (uint32_t i = 0; i < count && !result; i++)
        result = remove_tree(store, ids[i], error);
    result = result ? result : store_run(store, "COMMIT", "revoking capabilities", error);
    if (result)
        store_roll_back(store);
    return result;
}

/* False if it does not fit, as it does in a database that nobody has tampered with. */
static bool column_copy(sqlite3_stmt *statement, int column, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    if (!text || strlen(text) >= size)
        return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

/* A row that makes no sense grants nothing. */
static bool read_row(sqlite3_stmt *statement, struct capability *row)
{
    int64_t id = sqlite3_column_int64(statement, 0), level = sqlite3_column_int64(statement, 4);
    *row = (struct capability){
        .id = (uint32_t)id,
        .parent = (uint32_t)sqlite3_column_int64(statement, 2),
        .service_id = (uint32_t)sqlite3_column_int64(statement, 3),
        .level = (enum far_level)level,
        .uid = (uid_t)sqlite3_column_int64(statement, 6),
        .expires = sqlite3_column_int64(statement, 7),
    };
    if (id <= 0 || id > UINT32_MAX || level <= FAR_LEVEL_UNSET || level >= FAR_LEVEL_COUNT ||
        sqlite3_column_bytes(statement, 1) != sizeof row->digest)
        return false;
    memcpy(row->digest, sqlite3_column_blob(statement, 1), sizeof row->digest);
    return column_copy(statement, 5, row->ops, sizeof row->ops) &&
           column_copy(statement, 8, row->note, sizeof row->note);
}

/* A parent is always older than what was narrowed from it, so by rising id it is there already. */
static bool is_sound(const struct capabilities *table, const struct capability *row)
{
    const struct capability *parent = row->parent ? capability_find(table, row->parent) : NULL;
    return !row->parent || (parent && parent->service_id == row->service_id && row->level <= parent->level);
}

static int load_holders(struct store *store, struct capabilities *table, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "SELECT capability, uid FROM capability_holders", &statement, error);
    while (!result && store_next_row(store, statement, &result, error)) {
        int64_t id = sqlite3_column_int64(statement, 0), uid = sqlite3_column_int64(statement, 1);
        if (id > 0 && id <= UINT32_MAX && uid >= 0 && uid < UINT32_MAX)
            result = capability_add_holder(table, (uint32_t)id, (uid_t)uid);
    }
    sqlite3_finalize(statement);
    return result;
}

int store_load_capabilities(struct store *store, struct capabilities *table, struct far_error *error)
{
    sqlite3_stmt *statement;
    struct capability row;
    int result = store_prepare(store,
                               "SELECT id, digest, parent, service, level, ops, uid, expires, note FROM capabilities"
                               " ORDER BY id",
                               &statement, error);
    while (!result && store_next_row(store, statement, &result, error)) {
        if (read_row(statement, &row) && is_sound(table, &row))
            result = capability_add(table, &row);
        else
            fard_log("a capability in the store makes no sense, and grants nothing");
    }
    sqlite3_finalize(statement);
    return result ? result : load_holders(store, table, error);
}
