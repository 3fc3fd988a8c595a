/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Where ranges come from: the window, or, in a cluster, the chunks of it that were leased to this node; and the leases themselves. */
#include "runtime/fard/store_cluster.h"
#include "runtime/fard/store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static uint64_t end_of(const struct range *range)
{
    return range->base + range->size;
}

static void raise_cursor(struct store *store, uint64_t cursor)
{
    store->cursor = cursor > store->cursor ? cursor : store->cursor;
}

static int keep_chunk(struct store *store, const struct range *chunk)
{
    struct store_chunk *grown = reallocarray(store->chunk, store->chunk_count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    store->chunk = grown;
    store->chunk[store->chunk_count++] = (struct store_chunk){*chunk, chunk->base};
    return 0;
}

static int refuse_damaged(const struct store *store, uint64_t base, struct far_error *error)
{
    return refuse(
        error, EUCLEAN, EX_DATAERR,
        "%s/names.db is damaged: the addresses leased at 0x%llx are impossible; restore it, or move the folder "
        "away",
        store->path, (unsigned long long)base);
}

static struct range column_range(sqlite3_stmt *statement)
{
    return (struct range){(uint64_t)sqlite3_column_int64(statement, 0), (uint64_t)sqlite3_column_int64(statement, 1)};
}

int store_load_chunks(struct store *store, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "SELECT base, size FROM chunks ORDER BY base", &statement, error);
    while (!result && store_next_row(store, statement, &result, error)) {
        struct range chunk = column_range(statement);
        result = range_is_sound(&chunk) ? keep_chunk(store, &chunk) : refuse_damaged(store, chunk.base, error);
    }
    sqlite3_finalize(statement);
    return result;
}

int store_load_leases(struct store *store, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "SELECT base, size FROM leases ORDER BY base", &statement, error);
    while (!result && store_next_row(store, statement, &result, error)) {
        struct range lease = column_range(statement);
        result = range_is_sound(&lease) ? 0 : refuse_damaged(store, lease.base, error);
        raise_cursor(store, end_of(&lease));
    }
    sqlite3_finalize(statement);
    for (size_t i = 0; i < store->chunk_count; i++)
        raise_cursor(store, end_of(&store->chunk[i].range));
    return result;
}

void store_note_taken(struct store *store, const struct range *range)
{
    uint64_t after = range_after(range);
    raise_cursor(store, after);
    for (size_t i = 0; i < store->chunk_count; i++) {
        struct store_chunk *chunk = &store->chunk[i];
        if (range->base - chunk->range.base < chunk->range.size && after > chunk->cursor)
            chunk->cursor = after;
    }
}

static bool is_keeper(struct store *store)
{
    struct far_error ignored;
    sqlite3_stmt *statement;
    int result = store_prepare(store, "SELECT 1 FROM leases LIMIT 1", &statement, &ignored);
    bool found = !result && sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return found;
}

static int refuse_no_chunk(struct store *store, uint64_t bytes, struct far_error *error)
{
    store->wanted_in_vain = bytes > store->wanted_in_vain ? bytes : store->wanted_in_vain;
    if (store->clustered && store->no_room.code)
        return refuse(error, store->no_room.code, store->no_room.exit, "there are no addresses for this node: %.900s",
                      store->no_room.text);
    if (!store->clustered)
        return refuse(error, ENOMEM, EX_UNAVAILABLE,
                      "no room for %llu bytes in the addresses that a cluster has leased to this node; start fard with "
                      "--peer or --etcd, as before, to get more",
                      (unsigned long long)bytes);
    return refuse(error, EAGAIN, EX_TEMPFAIL,
                  "no room for %llu bytes in the addresses that are leased to this node; more are asked for from "
                  "whoever keeps the cluster's names: try again",
                  (unsigned long long)bytes);
}

/* The guard granule behind a range lies in its chunk as well: the next chunk is another node's. */
static bool choose_from_chunks(const struct store *store, uint64_t bytes, struct range *range)
{
    for (size_t i = 0; i < store->chunk_count; i++) {
        const struct store_chunk *chunk = &store->chunk[i];
        uint64_t next;
        if (chunk->cursor < end_of(&chunk->range) && range_take(chunk->cursor, bytes, range, &next) == 0 &&
            next <= end_of(&chunk->range))
            return true;
    }
    return false;
}

int store_choose_range(struct store *store, uint64_t bytes, struct range *range, struct far_error *error)
{
    uint64_t next;
    if (choose_from_chunks(store, bytes, range))
        return 0;
    if (store->clustered || (store->chunk_count && !is_keeper(store)))
        return refuse_no_chunk(store, bytes, error);
    int result = range_take(store->cursor, bytes, range, &next);
    if (result == RANGE_EXHAUSTED)
        return refuse(error, ENOMEM, EX_UNAVAILABLE,
                      "the address window has no room for %llu bytes more; `far map` shows it",
                      (unsigned long long)bytes);
    return result;
}

void store_join_cluster(struct store *store)
{
    store->clustered = true;
}

bool store_has_chunks(const struct store *store)
{
    return store->chunk_count != 0;
}

uint64_t store_chunk_room(const struct store *store)
{
    uint64_t room = 0;
    for (size_t i = 0; i < store->chunk_count; i++) {
        uint64_t cursor = store->chunk[i].cursor, end = end_of(&store->chunk[i].range);
        if (end > cursor + FAR_GRANULE && end - cursor - FAR_GRANULE > room)
            room = end - cursor - FAR_GRANULE;
    }
    return room;
}

uint64_t store_wanted_in_vain(struct store *store)
{
    uint64_t bytes = store->wanted_in_vain;
    store->wanted_in_vain = 0;
    return bytes;
}

void store_say_no_room(struct store *store, const struct far_error *why)
{
    store->no_room = why ? *why : (struct far_error){0};
}

uint64_t store_claimed(const struct store *store)
{
    return store->chunk_count || store->cursor == FAR_WINDOW_BEGIN ? 0 : store->cursor;
}

int store_add_chunk(struct store *store, const struct range *chunk, struct far_error *error)
{
    sqlite3_stmt *statement;
    if (!range_is_sound(chunk))
        return refuse(error, EINVAL, EX_PROTOCOL, "the addresses leased to this node, from 0x%llx on, are none",
                      (unsigned long long)chunk->base);
    int result = store_prepare(store, "INSERT INTO chunks VALUES (?, ?)", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)chunk->base);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)chunk->size);
    result = store_finish(store, statement, "keeping leased addresses", error);
    result = result ? result : keep_chunk(store, chunk);
    if (!result)
        raise_cursor(store, end_of(chunk));
    return result;
}

/* ---- Leases to others ---- */

static int insert_lease(struct store *store, const char *node, const struct range *lease, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "INSERT INTO leases VALUES (?, ?, ?)", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)lease->base);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)lease->size);
    sqlite3_bind_text(statement, 3, node, -1, SQLITE_STATIC);
    result = store_finish(store, statement, "leasing addresses", error);
    if (!result)
        raise_cursor(store, end_of(lease));
    return result;
}

/* What a node had by itself before: it may keep it if nobody else has any of it. */
static int admit_claim(struct store *store, const char *node, uint64_t claimed, struct far_error *error)
{
    const struct range claim = {FAR_WINDOW_BEGIN, claimed - FAR_WINDOW_BEGIN};
    if (claimed <= FAR_WINDOW_BEGIN || claimed > FAR_WINDOW_END || !range_is_sound(&claim))
        return refuse(error, EINVAL, EX_PROTOCOL, "0x%llx is no end of addresses in use", (unsigned long long)claimed);
    if (store_lease_covers(store, node, &claim))
        return 0;
    if (store->cursor > FAR_WINDOW_BEGIN)
        return refuse(error, EEXIST, EX_CONFIG,
                      "node '%s' has given out addresses up to 0x%llx by itself before it joined, and so have others: "
                      "services there could have the same ones; start its fard with an empty --store, and register its "
                      "services again",
                      node, (unsigned long long)claimed);
    return insert_lease(store, node, &claim, error);
}

int store_lease(struct store *store, const char *node, uint64_t bytes, uint64_t claimed, struct range *chunk,
                struct far_error *error)
{
    uint64_t next;
    int result = claimed ? admit_claim(store, node, claimed, error) : 0;
    if (result)
        return result;
    result = range_take(store->cursor, bytes, chunk, &next);
    if (result == RANGE_EXHAUSTED)
        return refuse(error, ENOMEM, EX_UNAVAILABLE,
                      "the cluster's address window has no %llu bytes left for node '%s'; a range is never given out "
                      "twice",
                      (unsigned long long)bytes, node);
    if (result)
        return refuse(error, EINVAL, EX_PROTOCOL, "%llu bytes of addresses cannot be leased",
                      (unsigned long long)bytes);
    return insert_lease(store, node, chunk, error);
}

bool store_lease_covers(struct store *store, const char *node, const struct range *range)
{
    struct far_error ignored;
    sqlite3_stmt *statement;
    if (store_prepare(store, "SELECT 1 FROM leases WHERE node = ? AND base <= ? AND base + size >= ?", &statement,
                      &ignored))
        return false;
    sqlite3_bind_text(statement, 1, node, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)range->base);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)end_of(range));
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return found;
}
