/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The rows of table settings: what was said at registration about a service's host. */
#include "runtime/fard/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int insert_setting(struct store *store, uint32_t id, const char *name, const char *value,
                          struct far_error *error)
{
    sqlite3_stmt *statement;
    int result =
        store_prepare(store, "INSERT INTO settings (service, name, value) VALUES (?, ?, ?)", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, value, -1, SQLITE_STATIC);
    return store_finish(store, statement, "registering", error);
}

int store_insert_settings(struct store *store, uint32_t id, const struct host_settings *settings,
                          struct far_error *error)
{
    int result = 0;
    for (enum host_setting i = 0; !result && i < HOST_SETTING_COUNT; i++) {
        if (settings->value[i])
            result = insert_setting(store, id, host_setting_word(i), settings->value[i], error);
    }
    return result;
}

int store_delete_settings(struct store *store, uint32_t id, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "DELETE FROM settings WHERE service = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    return store_finish(store, statement, "registering", error);
}

/* Without one of its limits a host must not run: such a row is the service's trouble, not the store's. */
static int take_setting(struct host_settings *settings, const char *name, const char *value,
                        char trouble[STORE_TROUBLE])
{
    struct far_error why;
    int result = host_settings_add(settings, name ? name : "", value ? value : "", &why);
    if (result != FARD_REFUSED)
        return result;
    snprintf(trouble, STORE_TROUBLE, "its setting '%.40s' in the store is damaged, or a newer version's: %.250s",
             name ? name : "", why.text);
    return 0;
}

int store_load_settings(struct store *store, uint32_t id, struct host_settings *settings, char trouble[STORE_TROUBLE],
                        struct far_error *error)
{
    sqlite3_stmt *statement;
    int result =
        store_prepare(store, "SELECT name, value FROM settings WHERE service = ? ORDER BY name", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    while (!result && store_next_row(store, statement, &result, error))
        result = take_setting(settings, (const char *)sqlite3_column_text(statement, 0),
                              (const char *)sqlite3_column_text(statement, 1), trouble);
    sqlite3_finalize(statement);
    return result;
}

static int update_build_id(struct store *store, uint32_t id, const uint8_t build_id[32], struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "UPDATE services SET build_id = ? WHERE id = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_blob(statement, 1, build_id, 32, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, id);
    return store_finish(store, statement, "upgrading", error);
}

static int delete_executables(struct store *store, uint32_t id, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "DELETE FROM executables WHERE service = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    return store_finish(store, statement, "upgrading", error);
}

/* The first in the service's own row, the others in their order. */
static int update_executables(struct store *store, uint32_t id, const uint8_t (*build_id)[32], uint32_t count,
                              struct far_error *error)
{
    int result = update_build_id(store, id, build_id[0], error);
    result = result ? result : delete_executables(store, id, error);
    for (uint32_t i = 1; i < count && !result; i++)
        result = store_add_executable(store, id, build_id[i], error);
    return result;
}

int store_upgrade_service(struct store *store, const struct service *service, const uint8_t (*build_id)[32],
                          uint32_t count, const struct host_settings *settings, const struct stored_host *host,
                          struct far_error *error)
{
    int result = store_run(store, "BEGIN IMMEDIATE", "upgrading", error);
    result = result ? result : update_executables(store, service->id, build_id, count, error);
    result = result ? result : store_delete_settings(store, service->id, error);
    result = result ? result : store_insert_settings(store, service->id, settings, error);
    if (!result && host)
        result = store_insert_host(store, service->id, host, error);
    result = result ? result : store_run(store, "COMMIT", "upgrading", error);
    if (result)
        store_roll_back(store);
    return result;
}
