/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/store_queue.h"

#include "runtime/fard/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

static sqlite3_int64 number(uint64_t value)
{
    return (sqlite3_int64)value;
}

static void copy_text(char *to, size_t room, sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    snprintf(to, room, "%s", text ? text : "");
}

int store_queue_usage(struct store *store, uid_t uid, struct queue_usage *usage, struct far_error *error)
{
    sqlite3_stmt *statement;
    *usage = (struct queue_usage){0};
    int result = store_prepare(store, "SELECT COUNT(*), TOTAL(bytes) FROM queued WHERE uid = ?", &statement, error);
    if (!result)
        sqlite3_bind_int64(statement, 1, uid);
    if (!result && store_next_row(store, statement, &result, error)) {
        usage->calls = (uint64_t)sqlite3_column_int64(statement, 0);
        usage->bytes = (uint64_t)sqlite3_column_double(statement, 1);
    }
    sqlite3_finalize(statement);
    return result;
}

int store_queue_find(struct store *store, uid_t uid, const struct far_queue_call *call, uint64_t *ticket,
                     struct far_error *error)
{
    sqlite3_stmt *statement;
    *ticket = 0;
    int result = store_prepare(store, "SELECT ticket FROM queued WHERE uid = ? AND mark = ?", &statement, error);
    if (!result) {
        sqlite3_bind_int64(statement, 1, uid);
        sqlite3_bind_blob(statement, 2, call->mark, sizeof call->mark, SQLITE_STATIC);
    }
    if (!result && store_next_row(store, statement, &result, error))
        *ticket = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result;
}

int store_queue_put(struct store *store, uid_t uid, const struct far_queue_call *call, const void *memory,
                    uint64_t *ticket, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result =
        store_prepare(store,
                      "INSERT INTO queued (uid, service, major, minor, operation, fingerprint, mark, flags,"
                      " params, memory, bytes, queued_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, uid);
    sqlite3_bind_text(statement, 2, call->service, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, call->major);
    sqlite3_bind_int64(statement, 4, call->minor);
    sqlite3_bind_text(statement, 5, call->operation, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 6, number(call->fingerprint));
    sqlite3_bind_blob(statement, 7, call->mark, sizeof call->mark, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 8, call->flags);
    sqlite3_bind_int64(statement, 9, call->param_count);
    sqlite3_bind_blob(statement, 10, call->bytes ? memory : "", (int)call->bytes, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 11, (sqlite3_int64)(call->bytes + sizeof *call));
    sqlite3_bind_int64(statement, 12, time(NULL));
    sqlite3_bind_int64(statement, 13, FAR_TICKET_QUEUED);
    result = store_finish(store, statement, "queueing a call", error);
    *ticket = result ? 0 : (uint64_t)sqlite3_last_insert_rowid(store->database);
    return result;
}

#define ENTRY_COLUMNS "ticket, result, queued_at, state, error, width, uid, bytes, major, service, operation, reason"

static void read_entry(sqlite3_stmt *statement, struct far_queue_entry *entry)
{
    *entry = (struct far_queue_entry){
        .ticket = (uint64_t)sqlite3_column_int64(statement, 0),
        .result = (uint64_t)sqlite3_column_int64(statement, 1),
        .queued_at = sqlite3_column_int64(statement, 2),
        .state = (uint32_t)sqlite3_column_int64(statement, 3),
        .error = (int32_t)sqlite3_column_int64(statement, 4),
        .result_width = (uint32_t)sqlite3_column_int64(statement, 5),
        .uid = (uint32_t)sqlite3_column_int64(statement, 6),
        .bytes = (uint32_t)sqlite3_column_int64(statement, 7),
        .major = (uint16_t)sqlite3_column_int64(statement, 8),
    };
    copy_text(entry->service, sizeof entry->service, statement, 9);
    copy_text(entry->operation, sizeof entry->operation, statement, 10);
    copy_text(entry->reason, sizeof entry->reason, statement, 11);
}

int store_queue_get(struct store *store, uint64_t ticket, int64_t uid, struct far_queue_entry *entry, bool *found,
                    struct far_error *error)
{
    sqlite3_stmt *statement;
    *found = false;
    int result = store_prepare(store, "SELECT " ENTRY_COLUMNS " FROM queued WHERE ticket = ?1 AND (uid = ?2 OR ?2 < 0)",
                               &statement, error);
    if (!result) {
        sqlite3_bind_int64(statement, 1, number(ticket));
        sqlite3_bind_int64(statement, 2, uid);
    }
    if (!result && store_next_row(store, statement, &result, error)) {
        read_entry(statement, entry);
        *found = true;
    }
    sqlite3_finalize(statement);
    return result;
}

int store_queue_list(struct store *store, uint64_t after, int64_t uid, struct far_queue_entry *entry, uint32_t room,
                     uint32_t *count, struct far_error *error)
{
    sqlite3_stmt *statement;
    *count = 0;
    int result = store_prepare(store,
                               "SELECT " ENTRY_COLUMNS " FROM queued WHERE ticket > ?1 AND (uid = ?2 OR ?2 < 0)"
                               " ORDER BY ticket LIMIT ?3",
                               &statement, error);
    if (!result) {
        sqlite3_bind_int64(statement, 1, number(after));
        sqlite3_bind_int64(statement, 2, uid);
        sqlite3_bind_int64(statement, 3, room);
    }
    while (!result && *count < room && store_next_row(store, statement, &result, error))
        read_entry(statement, &entry[(*count)++]);
    sqlite3_finalize(statement);
    return result;
}

int store_queue_remove(struct store *store, uint64_t ticket, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "DELETE FROM queued WHERE ticket = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, number(ticket));
    return store_finish(store, statement, "forgetting a queued call", error);
}

static void read_call(sqlite3_stmt *statement, const struct queue_line_name *line, struct far_queue_call *call,
                      void *memory)
{
    const void *bytes = sqlite3_column_blob(statement, 6), *mark = sqlite3_column_blob(statement, 3);
    size_t size = (size_t)sqlite3_column_bytes(statement, 6), mark_size = (size_t)sqlite3_column_bytes(statement, 3);
    *call = (struct far_queue_call){
        .fingerprint = (uint64_t)sqlite3_column_int64(statement, 2),
        .major = line->major,
        .minor = (uint16_t)sqlite3_column_int64(statement, 7),
        .flags = (uint32_t)sqlite3_column_int64(statement, 4),
        .param_count = (uint32_t)sqlite3_column_int64(statement, 5),
        .bytes = (uint32_t)(size < FAR_QUEUE_BYTES_MAX ? size : FAR_QUEUE_BYTES_MAX),
    };
    memcpy(call->service, line->service, sizeof call->service);
    copy_text(call->operation, sizeof call->operation, statement, 1);
    if (mark_size == sizeof call->mark)
        memcpy(call->mark, mark, sizeof call->mark);
    if (call->bytes)
        memcpy(memory, bytes, call->bytes);
}

int store_queue_next(struct store *store, const struct queue_line_name *line, uint64_t *ticket,
                     struct far_queue_call *call, void *memory, struct far_error *error)
{
    sqlite3_stmt *statement;
    *ticket = 0;
    int result = store_prepare(store,
                               "SELECT ticket, operation, fingerprint, mark, flags, params, memory, minor FROM queued"
                               " WHERE state = ? AND uid = ? AND service = ? AND major = ? ORDER BY ticket LIMIT 1",
                               &statement, error);
    if (!result) {
        sqlite3_bind_int64(statement, 1, FAR_TICKET_QUEUED);
        sqlite3_bind_int64(statement, 2, line->uid);
        sqlite3_bind_text(statement, 3, line->service, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 4, line->major);
    }
    if (!result && store_next_row(store, statement, &result, error)) {
        *ticket = (uint64_t)sqlite3_column_int64(statement, 0);
        if (call)
            read_call(statement, line, call, memory);
    }
    sqlite3_finalize(statement);
    return result;
}

int store_queue_each_line(struct store *store, int (*each)(void *context, const struct queue_line_name *line),
                          void *context, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(
        store, "SELECT DISTINCT uid, service, major FROM queued WHERE state = ? ORDER BY uid, service, major",
        &statement, error);
    if (!result)
        sqlite3_bind_int64(statement, 1, FAR_TICKET_QUEUED);
    while (!result && store_next_row(store, statement, &result, error)) {
        struct queue_line_name line = {
            .uid = (uid_t)sqlite3_column_int64(statement, 0),
            .major = (uint16_t)sqlite3_column_int64(statement, 2),
        };
        copy_text(line.service, sizeof line.service, statement, 1);
        result = each(context, &line);
    }
    sqlite3_finalize(statement);
    return result;
}

/* A statement whose only parameter is the ticket. */
static int change(struct store *store, const char *sql, uint64_t ticket, const char *doing, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, sql, &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, number(ticket));
    return store_finish(store, statement, doing, error);
}

_Static_assert(FAR_TICKET_QUEUED == 0 && FAR_TICKET_BEGUN == 1 && FAR_TICKET_NOT_KNOWN == 4, "numbers in statements");

int store_queue_begin(struct store *store, uint64_t ticket, struct far_error *error)
{
    return change(store, "UPDATE queued SET state = 1, begun = begun + 1 WHERE ticket = ? AND state = 0", ticket,
                  "beginning a queued call", error);
}

int store_queue_return(struct store *store, uint64_t ticket, struct far_error *error)
{
    return change(store, "UPDATE queued SET state = 0, begun = begun - 1 WHERE ticket = ? AND state = 1", ticket,
                  "putting a queued call back", error);
}

int store_queue_end(struct store *store, const struct far_queue_mark *mark, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store,
                               "UPDATE queued SET state = ?, result = ?, width = ?, error = ?, reason = ?, memory = x''"
                               " WHERE ticket = ?",
                               &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, mark->kind == FAR_QUEUE_MARK_DONE ? FAR_TICKET_DONE : FAR_TICKET_FAILED);
    sqlite3_bind_int64(statement, 2, number(mark->result));
    sqlite3_bind_int64(statement, 3, mark->result_width);
    sqlite3_bind_int64(statement, 4, mark->error);
    sqlite3_bind_text(statement, 5, mark->reason, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 6, number(mark->ticket));
    return store_finish(store, statement, "keeping a queued call's result", error);
}

int store_queue_interrupt(struct store *store, const struct far_queue_mark *mark, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store,
                               "UPDATE queued SET state = CASE WHEN flags & 1 AND begun < ?4 THEN 0 ELSE 4 END,"
                               " error = ?1, reason = ?2, memory = CASE WHEN flags & 1 AND begun < ?4 THEN memory"
                               " ELSE x'' END WHERE state = 1 AND (ticket = ?3 OR ?3 = 0)",
                               &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, mark->error);
    sqlite3_bind_text(statement, 2, mark->reason, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, number(mark->ticket));
    sqlite3_bind_int64(statement, 4, FAR_QUEUE_TRIES);
    return store_finish(store, statement, "noting that a queued call was interrupted", error);
}
