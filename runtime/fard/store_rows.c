/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The store's rows: ranges, services and what belongs to them. */
#include "runtime/fard/store_cluster.h"
#include "runtime/fard/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static int insert_range(struct store *store, const char *name, const struct range *range, uint32_t *id,
                        struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "INSERT INTO ranges (base, size, name) VALUES (?, ?, ?)", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)range->base);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)range->size);
    sqlite3_bind_text(statement, 3, name, -1, SQLITE_STATIC);
    result = store_finish(store, statement, "taking a range", error);
    if (!result)
        *id = (uint32_t)sqlite3_last_insert_rowid(store->database);
    return result;
}

int store_take_range(struct store *store, const char *name, uint64_t bytes, uint32_t *id, struct range *range,
                     struct far_error *error)
{
    int result = store_choose_range(store, bytes, range, error);
    result = result ? result : insert_range(store, name, range, id, error);
    if (!result)
        store_note_taken(store, range);
    return result;
}

/* Its row, if it has been taken under this name before: with the same number, which clients may know. 0: there is none. */
static int find_same_range(struct store *store, const char *name, const struct range *range, uint32_t *id,
                           struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(
        store, "SELECT id, base, size, name FROM ranges WHERE base < ? AND base + size > ? LIMIT 1", &statement, error);
    *id = 0;
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)(range->base + range->size));
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)range->base);
    if (store_next_row(store, statement, &result, error)) {
        const char *whose = (const char *)sqlite3_column_text(statement, 3);
        if ((uint64_t)sqlite3_column_int64(statement, 1) == range->base &&
            (uint64_t)sqlite3_column_int64(statement, 2) == range->size && whose && strcmp(whose, name) == 0)
            *id = (uint32_t)sqlite3_column_int64(statement, 0);
        else
            result =
                refuse(error, EADDRINUSE, EX_UNAVAILABLE,
                       "the range 0x%llx of service '%s' on another node lies where this node has '%s'; one of the "
                       "two was used outside the cluster before",
                       (unsigned long long)range->base, name, whose ? whose : "something else");
    }
    sqlite3_finalize(statement);
    return result;
}

int store_take_given_range(struct store *store, const char *name, const struct range *range, uint32_t *id,
                           struct far_error *error)
{
    if (!range_is_sound(range))
        return refuse(error, EINVAL, EX_PROTOCOL,
                      "service '%s': another node says that it lies at 0x%llx, where no "
                      "service can be",
                      name, (unsigned long long)range->base);
    int result = find_same_range(store, name, range, id, error);
    if (result || *id)
        return result;
    result = insert_range(store, name, range, id, error);
    if (!result)
        store_note_taken(store, range);
    return result;
}

static int insert_service(struct store *store, const struct service *service, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(
        store, "INSERT INTO services (id, name, major, build_id, host_uid) VALUES (?, ?, ?, ?, ?)", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, service->id);
    sqlite3_bind_text(statement, 2, service->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, service_iface(service)->major);
    sqlite3_bind_blob(statement, 4, service->executable[0].build_id, sizeof service->executable[0].build_id,
                      SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, service->host_uid_wanted);
    return store_finish(store, statement, "registering", error);
}

static int insert_rule(struct store *store, const struct service *service, const struct far_rule *rule,
                       struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "INSERT INTO rules (service, who, whose, level, subject) VALUES (?, ?, ?, ?, ?)",
                               &statement, error);
    if (result)
        return result;
    sqlite3_bind_text(statement, 5, rule->subject ? service->subjects + rule->subject - 1 : "", -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 1, service->id);
    sqlite3_bind_int64(statement, 2, rule->who);
    sqlite3_bind_int64(statement, 3, rule->id);
    sqlite3_bind_int64(statement, 4, rule->level);
    return store_finish(store, statement, "registering", error);
}

static int insert_shipping(struct store *store, const struct service *service, const struct shipping *shipping,
                           struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "INSERT INTO shippings VALUES (?, ?, ?)", &statement, error);
    if (result)
        return result;
    const char *op = iface_string(service_iface(service), iface_op(service_iface(service), shipping->op)->name);
    sqlite3_bind_int64(statement, 1, service->id);
    sqlite3_bind_text(statement, 2, op, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, shipping->data_shipped);
    return store_finish(store, statement, "registering", error);
}

void store_roll_back(struct store *store)
{
    sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
}

int store_add_service(struct store *store, const struct service *service, struct far_error *error)
{
    int result = store_run(store, "BEGIN IMMEDIATE", "registering", error);
    result = result ? result : insert_service(store, service, error);
    for (uint32_t i = 0; !result && i < service->rule_count; i++)
        result = insert_rule(store, service, &service->rules[i], error);
    for (uint32_t i = 0; !result && i < service->shipping_count; i++)
        result = insert_shipping(store, service, &service->shippings[i], error);
    result = result ? result : store_insert_settings(store, service->id, &service->settings, error);
    result = result ? result : store_run(store, "COMMIT", "registering", error);
    if (result)
        store_roll_back(store);
    return result;
}

int store_set_major(struct store *store, uint32_t id, uint16_t major, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "UPDATE services SET major = ? WHERE id = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, major);
    sqlite3_bind_int64(statement, 2, id);
    return store_finish(store, statement, "loading a service", error);
}

int store_set_host_uid(struct store *store, uint32_t id, uint32_t uid, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "UPDATE services SET host_uid = ? WHERE id = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, uid);
    sqlite3_bind_int64(statement, 2, id);
    return store_finish(store, statement, "loading a service", error);
}

int store_add_executable(struct store *store, uint32_t id, const uint8_t build_id[32], struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "INSERT INTO executables VALUES (?, ?)", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_blob(statement, 2, build_id, 32, SQLITE_STATIC);
    return store_finish(store, statement, "registering", error);
}

static int remove_rows(struct store *store, uint32_t id, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_remove_capabilities_of(store, id, error);
    result = result ? result : store_prepare(store, "DELETE FROM services WHERE id = ?", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    return store_finish(store, statement, "unregistering", error);
}

int store_remove_service(struct store *store, const struct service *service, struct far_error *error)
{
    int result = store_run(store, "BEGIN IMMEDIATE", "unregistering", error);
    if (result)
        return result;
    result = remove_rows(store, service->id, error);
    result = result ? result : store_run(store, "COMMIT", "unregistering", error);
    if (result)
        store_roll_back(store);
    for (uint32_t i = 0; !result && i < service->executable_count; i++)
        store_drop_segment(store, service->executable[i].build_id);
    return result;
}

/* A service must not be lost because a page could not be read. */
bool store_next_row(struct store *store, sqlite3_stmt *statement, int *result, struct far_error *error)
{
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        *result = store_refuse(store, error, "reading the store");
    return code == SQLITE_ROW;
}

/* Text that is always there: a column of another type in a damaged database is an empty string. */
static const char *column_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? text : "";
}

struct loaded_rules {
    struct far_rule rule[FAR_RULE_MAX];
    uint32_t count;
    char subjects[FAR_SUBJECTS_MAX];
    uint32_t subject_bytes;
};

/* A number that fits: one of another type, or cut to 32 bits, would be somebody else's. */
static bool column_number(sqlite3_stmt *statement, int column, uint32_t *number)
{
    sqlite3_int64 value = sqlite3_column_int64(statement, column);
    *number = (uint32_t)value;
    return sqlite3_column_type(statement, column) == SQLITE_INTEGER && value >= 0 && value <= UINT32_MAX;
}

/* A rule whose executable's name is damaged must not become a rule for all executables. */
static bool keep_subject(struct loaded_rules *rules, sqlite3_stmt *statement, int column, uint32_t *subject)
{
    const char *text = column_text(statement, column);
    size_t length = strlen(text) + 1;
    *subject = 0;
    if (sqlite3_column_type(statement, column) != SQLITE_TEXT ||
        (size_t)sqlite3_column_bytes(statement, column) + 1 != length)
        return false;
    if (length == 1)
        return true;
    if (length > sizeof rules->subjects - rules->subject_bytes)
        return false;
    *subject = rules->subject_bytes + 1;
    memcpy(rules->subjects + rules->subject_bytes, text, length);
    rules->subject_bytes += (uint32_t)length;
    return true;
}

static bool take_rule(struct loaded_rules *rules, sqlite3_stmt *statement)
{
    struct far_rule rule;
    if (rules->count == FAR_RULE_MAX || !column_number(statement, 0, &rule.who) ||
        !column_number(statement, 1, &rule.id) || !column_number(statement, 2, &rule.level) ||
        !keep_subject(rules, statement, 3, &rule.subject) ||
        !policy_rule_is_sound(&rule, rules->subjects, rules->subject_bytes))
        return false;
    rules->rule[rules->count++] = rule;
    return true;
}

/* A rule that cannot be understood may be one that keeps somebody out: without it the others must not count either. */
static int load_rules(struct store *store, uint32_t id, struct loaded_rules *rules, char trouble[STORE_TROUBLE],
                      struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store, "SELECT who, whose, level, subject FROM rules WHERE service = ? ORDER BY rowid",
                               &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    while (store_next_row(store, statement, &result, error)) {
        if (take_rule(rules, statement))
            continue;
        snprintf(trouble, STORE_TROUBLE, "a rule of its registration in the store is damaged, or a newer version's");
        break;
    }
    sqlite3_finalize(statement);
    return result;
}

static int append_shipping(char **strings, size_t *size, const char *op, bool data_shipped)
{
    size_t length = strlen(op) + 2;
    char *grown = realloc(*strings, *size + length);
    if (!grown)
        return -ENOMEM;
    grown[*size] = data_shipped ? 'd' : 'f';
    strcpy(grown + *size + 1, op);
    *strings = grown;
    *size += length;
    return 0;
}

static int load_shippings(struct store *store, uint32_t id, char **strings, uint32_t *count, struct far_error *error)
{
    sqlite3_stmt *statement;
    size_t size = 0;
    int result = store_prepare(store, "SELECT op, data_shipped FROM shippings WHERE service = ? ORDER BY rowid",
                               &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    for (*count = 0; !result && *count < FAR_SHIPPING_MAX && store_next_row(store, statement, &result, error); ++*count)
        result = append_shipping(strings, &size, column_text(statement, 0), sqlite3_column_int(statement, 1) != 0);
    sqlite3_finalize(statement);
    return result;
}

static int load_executables(struct store *store, uint32_t id, uint8_t more[EXECUTABLES_MAX][32], uint32_t *count,
                            struct far_error *error)
{
    sqlite3_stmt *statement;
    int result =
        store_prepare(store, "SELECT build_id FROM executables WHERE service = ? ORDER BY rowid", &statement, error);
    if (result)
        return result;
    sqlite3_bind_int64(statement, 1, id);
    for (*count = 0; *count < EXECUTABLES_MAX && store_next_row(store, statement, &result, error);) {
        if (sqlite3_column_bytes(statement, 0) == 32)
            memcpy(more[(*count)++], sqlite3_column_blob(statement, 0), 32);
    }
    sqlite3_finalize(statement);
    return result;
}

static int load_service(struct store *store, sqlite3_stmt *statement,
                        int (*each)(void *context, const struct stored_service *row), void *context,
                        struct far_error *error)
{
    struct loaded_rules rules = {.count = 0};
    uint8_t more[EXECUTABLES_MAX][32];
    char *shippings = NULL;
    struct host_settings settings;
    char trouble[STORE_TROUBLE] = "";
    struct stored_service row = {
        .id = (uint32_t)sqlite3_column_int64(statement, 0),
        .name = column_text(statement, 1),
        .range = {(uint64_t)sqlite3_column_int64(statement, 4), (uint64_t)sqlite3_column_int64(statement, 5)},
        .major = sqlite3_column_int(statement, 6),
        .rules = rules.rule,
        .subjects = rules.subjects,
        .more = (const uint8_t(*)[32])more,
        .settings = &settings,
        .trouble = trouble,
    };
    if (!column_number(statement, 3, &row.host_uid))
        snprintf(trouble, sizeof trouble, "the uid of its host in the store is damaged");
    host_settings_init(&settings);
    const void *build_id = sqlite3_column_blob(statement, 2);
    if (build_id && sqlite3_column_bytes(statement, 2) == sizeof row.build_id)
        memcpy(row.build_id, build_id, sizeof row.build_id);
    int result = load_rules(store, row.id, &rules, trouble, error);
    row.rule_count = rules.count;
    row.subject_bytes = rules.subject_bytes;
    result = result ? result : load_shippings(store, row.id, &shippings, &row.shipping_count, error);
    result = result ? result : load_executables(store, row.id, more, &row.more_count, error);
    result = result ? result : store_load_settings(store, row.id, &settings, trouble, error);
    row.shippings = shippings;
    result = result ? result : each(context, &row);
    free(shippings);
    host_settings_free(&settings);
    return result;
}

int store_each_service(struct store *store, int (*each)(void *context, const struct stored_service *row), void *context,
                       struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store,
                               "SELECT s.id, s.name, s.build_id, s.host_uid, r.base, r.size, s.major FROM services s"
                               " JOIN ranges r ON r.id = s.id ORDER BY s.id",
                               &statement, error);
    while (!result && store_next_row(store, statement, &result, error))
        result = load_service(store, statement, each, context, error);
    sqlite3_finalize(statement);
    return result;
}

int store_each_range(struct store *store, uint32_t after, int (*each)(void *context, const struct stored_range *row),
                     void *context, struct far_error *error)
{
    sqlite3_stmt *statement;
    int result = store_prepare(store,
                               "SELECT r.id, r.base, r.size, r.name, s.id IS NOT NULL, p.id IS NOT NULL, a.id IS NOT"
                               " NULL FROM ranges r LEFT JOIN services s ON s.id = r.id LEFT JOIN pending p ON p.id ="
                               " r.id LEFT JOIN away a ON a.id = r.id WHERE r.id > ? ORDER BY r.id",
                               &statement, error);
    if (!result)
        sqlite3_bind_int64(statement, 1, after);
    while (!result && store_next_row(store, statement, &result, error)) {
        struct stored_range row = {
            .id = (uint32_t)sqlite3_column_int64(statement, 0),
            .range = {(uint64_t)sqlite3_column_int64(statement, 1), (uint64_t)sqlite3_column_int64(statement, 2)},
            .name = column_text(statement, 3),
            .in_use = sqlite3_column_int(statement, 4) != 0,
            .pending = sqlite3_column_int(statement, 5) != 0,
            .away = sqlite3_column_int(statement, 6) != 0,
        };
        result = each(context, &row);
    }
    sqlite3_finalize(statement);
    return result;
}
