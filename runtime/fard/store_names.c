/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The store's rows about services of other nodes, about what others know of this node's, and, at the keeper, all the cluster's names. */
#include "runtime/fard/store_cluster.h"
#include "runtime/fard/store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool text_ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

bool link_service_is_sound(const struct link_service *entry)
{
    const struct range range = {entry->base, entry->size};
    if (!service_name_is_sound(entry->name, sizeof entry->name) || !text_ends(entry->node, sizeof entry->node) ||
        !entry->node[0] || !text_ends(entry->address, sizeof entry->address) || !range_is_sound(&range) ||
        entry->major > UINT16_MAX)
        return false;
    return entry->executable_count > 0 && entry->executable_count <= LINK_EXECUTABLES;
}

bool link_name_is_sound(const struct link_name *name)
{
    return service_name_is_sound(name->name, sizeof name->name) && name->major <= UINT16_MAX + 1u;
}

static bool take_entry(sqlite3_stmt *statement, int column, struct link_service *entry)
{
    const void *bytes = sqlite3_column_blob(statement, column);
    if (!bytes || sqlite3_column_bytes(statement, column) != sizeof *entry)
        return false;
    memcpy(entry, bytes, sizeof *entry);
    return link_service_is_sound(entry);
}

/* The one row that a query returns; finalises it. */
static bool only_entry(sqlite3_stmt *statement, struct link_service *entry)
{
    bool found = sqlite3_step(statement) == SQLITE_ROW && take_entry(statement, 0, entry);
    sqlite3_finalize(statement);
    return found;
}

static int bind_entry(struct store *store, const char *sql, const struct link_service *entry, sqlite3_stmt **statement,
                      struct far_error *error)
{
    int result = store_prepare(store, sql, statement, error);
    if (result)
        return result;
    sqlite3_bind_text(*statement, 1, entry->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(*statement, 2, entry->major);
    sqlite3_bind_blob(*statement, 3, entry, sizeof *entry, SQLITE_STATIC);
    return 0;
}

/* ---- Services of other nodes ---- */

static int insert_away(struct store *store, uint32_t id, const struct link_service *entry, const void *shippings,
                       size_t size, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "INSERT OR REPLACE INTO away VALUES (?, ?, ?)", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_blob(statement, 2, entry, sizeof *entry, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, size ? shippings : "", (int)size, SQLITE_STATIC);
    return store_finish(store, statement, "keeping what is known of another node's service", error);
}

static int insert_away_segment(struct store *store, uint32_t id, const uint8_t build_id[32], struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "INSERT INTO away_segments VALUES (?, ?)", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_blob(statement, 2, build_id, 32, SQLITE_STATIC);
    return store_finish(store, statement, "keeping what is known of another node's service", error);
}

int store_put_away(struct store *store, uint32_t id, const struct link_service *entry, const void *shippings,
                   size_t size, struct far_error *error)
{
    int result = store_run(store, "BEGIN IMMEDIATE", "keeping another node's service", error);
    result = result ? result : insert_away(store, id, entry, shippings, size, error);
    for (uint32_t i = 0; !result && i < entry->executable_count; i++)
        result = insert_away_segment(store, id, entry->executable[i].build_id, error);
    result = result ? result : store_run(store, "COMMIT", "keeping another node's service", error);
    if (result)
        store_roll_back(store);
    return result;
}

static bool find_away(struct store *store, uint32_t id, struct link_service *entry)
{
    struct far_error ignored;
    sqlite3_stmt *statement;
    if (store_prepare(store, "SELECT entry FROM away WHERE id = ?", &statement, &ignored))
        return false;
    sqlite3_bind_int64(statement, 1, id);
    return only_entry(statement, entry);
}

int store_remove_away(struct store *store, uint32_t id, struct far_error *error)
{
    struct link_service entry;
    sqlite3_stmt *statement;
    bool known = find_away(store, id, &entry);
    int result = store_prepare(store, "DELETE FROM away WHERE id = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    result = store_finish(store, statement, "forgetting another node's service", error);
    for (uint32_t i = 0; !result && known && i < entry.executable_count; i++)
        store_drop_segment(store, entry.executable[i].build_id);
    return result;
}

/* A row that makes no sense is left out: it can be asked for again. */
int store_each_away(struct store *store, int (*each)(void *context, const struct stored_away *row), void *context,
                    struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "SELECT id, entry, shippings FROM away ORDER BY id", &statement, error);
    while (!result && store_next_row(store, statement, &result, error)) {
        struct link_service entry;
        const struct stored_away row = {
            .id = (uint32_t)sqlite3_column_int64(statement, 0),
            .entry = &entry,
            .shippings = sqlite3_column_blob(statement, 2),
            .shipping_bytes = (size_t)sqlite3_column_bytes(statement, 2),
        };
        if (take_entry(statement, 1, &entry))
            result = each(context, &row);
    }
    sqlite3_finalize(statement);
    return result;
}

/* ---- This node's own entries ---- */

int store_set_published(struct store *store, uint32_t id, uint64_t revision, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "INSERT OR REPLACE INTO published VALUES (?, ?)", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)revision);
    return store_finish(store, statement, "noting a revision", error);
}

uint64_t store_published(struct store *store, uint32_t id)
{
    struct far_error ignored;
    sqlite3_stmt *statement;
    if (store_prepare(store, "SELECT revision FROM published WHERE service = ?", &statement, &ignored))
        return 0;
    sqlite3_bind_int64(statement, 1, id);
    uint64_t revision = sqlite3_step(statement) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return revision;
}

int store_note_withdrawn(struct store *store, const struct link_service *entry, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = bind_entry(store, "INSERT OR REPLACE INTO withdrawn VALUES (?, ?, ?)", entry, &statement, error);
    return result ? result : store_finish(store, statement, "unregistering", error);
}

bool store_first_withdrawn(struct store *store, struct link_service *entry)
{
    struct far_error ignored;
    sqlite3_stmt *statement;
    return !store_prepare(store, "SELECT entry FROM withdrawn LIMIT 1", &statement, &ignored) &&
           only_entry(statement, entry);
}

int store_forget_withdrawn(struct store *store, const char *name, uint16_t major, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "DELETE FROM withdrawn WHERE name = ? AND major = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, major);
    return store_finish(store, statement, "unregistering", error);
}

/* ---- All names, at the keeper ---- */

/* A number that was never there before. */
static int next_revision(struct store *store, uint64_t *revision, struct far_error *error)
{
    int result = store_run(store, "INSERT INTO revisions DEFAULT VALUES", "keeping a name", error);
    if (result)
        return result;
    *revision = (uint64_t)sqlite3_last_insert_rowid(store->database);
    return store_run(store, "DELETE FROM revisions", "keeping a name", error);
}

static int insert_name(struct store *store, const struct link_service *entry, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = bind_entry(store,
                            "INSERT OR REPLACE INTO names (name, major, entry, node, base, size, revision) VALUES (?,"
                            " ?, ?, ?, ?, ?, ?)",
                            entry, &statement, error);
    if (result)
        return result;
    sqlite3_bind_text(statement, 4, entry->node, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, (sqlite3_int64)entry->base);
    sqlite3_bind_int64(statement, 6, (sqlite3_int64)entry->size);
    sqlite3_bind_int64(statement, 7, (sqlite3_int64)entry->revision);
    return store_finish(store, statement, "keeping a name", error);
}

int store_put_name(struct store *store, struct link_service *entry, struct far_error *error)
{
    uint64_t before = entry->revision;
    int result = store_run(store, "BEGIN IMMEDIATE", "keeping a name", error);
    result = result ? result : next_revision(store, &entry->revision, error);
    result = result ? result : insert_name(store, entry, error);
    result = result ? result : store_run(store, "COMMIT", "keeping a name", error);
    if (result) {
        store_roll_back(store);
        entry->revision = before;
    }
    return result;
}

int store_remove_name(struct store *store, const char *name, uint32_t major, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "UPDATE names SET node = '' WHERE name = ? AND major = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, major);
    return store_finish(store, statement, "withdrawing a name", error);
}

bool store_find_name(struct store *store, const char *name, uint32_t version, struct link_service *entry)
{
    struct far_error ignored;
    sqlite3_stmt *statement;
    if (store_prepare(
            store,
            "SELECT entry FROM names WHERE name = ?1 AND (?2 = 0 OR major = ?2 - 1) AND node <> '' ORDER BY major"
            " LIMIT 1",
            &statement, &ignored))
        return false;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, version);
    return only_entry(statement, entry);
}

bool store_former_name(struct store *store, const char *name, uint32_t major, struct link_service *entry)
{
    struct far_error ignored;
    sqlite3_stmt *statement;
    if (store_prepare(store, "SELECT entry FROM names WHERE name = ? AND major = ? AND node = ''", &statement,
                      &ignored))
        return false;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, major);
    return only_entry(statement, entry);
}

bool store_find_range(struct store *store, uint32_t id, struct range *range)
{
    struct far_error ignored;
    sqlite3_stmt *statement;
    if (store_prepare(store, "SELECT base, size FROM ranges WHERE id = ?", &statement, &ignored))
        return false;
    sqlite3_bind_int64(statement, 1, id);
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    if (found)
        *range =
            (struct range){(uint64_t)sqlite3_column_int64(statement, 0), (uint64_t)sqlite3_column_int64(statement, 1)};
    sqlite3_finalize(statement);
    return found && range_is_sound(range);
}

bool store_find_name_over(struct store *store, const struct range *range, struct link_service *entry)
{
    struct far_error ignored;
    sqlite3_stmt *statement;
    if (store_prepare(store, "SELECT entry FROM names WHERE base < ? AND base + size > ? AND node <> '' LIMIT 1",
                      &statement, &ignored))
        return false;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)(range->base + range->size));
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)range->base);
    return only_entry(statement, entry);
}

bool store_find_name_at(struct store *store, uint64_t address, struct link_service *entry)
{
    const struct range range = {address, 1};
    return address <= INT64_MAX && store_find_name_over(store, &range, entry);
}

bool store_next_name(struct store *store, const char *name, uint32_t version, struct link_service *entry)
{
    struct far_error ignored;
    sqlite3_stmt *statement;
    if (store_prepare(
            store,
            "SELECT entry FROM names WHERE (name > ?1 OR (name = ?1 AND major + 1 > ?2)) AND node <> '' ORDER BY name,"
            " major LIMIT 1",
            &statement, &ignored))
        return false;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, version);
    return only_entry(statement, entry);
}
