/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/registry_top.h"
#include "runtime/far/table.h"
#include "runtime/far/terminal.h"
#include "runtime/format/json.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const struct top_service *a, const struct top_service *b)
{
    int order = strcmp(a->entry.name, b->entry.name);
    return order ? order : (a->entry.major > b->entry.major) - (a->entry.major < b->entry.major);
}

static int more_first(double a, double b)
{
    return (a < b) - (a > b);
}

static int compare(const struct top_service *a, const struct top_service *b, enum top_sort by)
{
    switch (by) {
    case TOP_SORT_CALLS:
        return more_first(a->calls_rate, b->calls_rate);
    case TOP_SORT_CPU:
        return more_first(a->cpu, b->cpu);
    case TOP_SORT_RSS:
        return more_first((double)a->resident, (double)b->resident);
    case TOP_SORT_CHANNELS:
        return more_first(a->entry.channels, b->entry.channels);
    case TOP_SORT_RESTARTS:
        return more_first(a->entry.restarts, b->entry.restarts);
    default:
        return 0;
    }
}

static int compare_services(const void *a, const void *b, void *by)
{
    int order = compare(a, b, *(const enum top_sort *)by);
    return order ? order : by_name(a, b); /* a table that stays in its place is easier to read */
}

void top_sort(struct top_look *look, enum top_sort by)
{
    if (look->service_count)
        qsort_r(look->service, look->service_count, sizeof *look->service, compare_services, &by);
}

static const struct table_column service_columns[] = {
    {"SERVICE", -16, 0}, {"VER", -6, 5},    {"STATE", -8, 1}, {"CALLS/S", 10, 0}, {"CHANNELS", 8, 2}, {"CPU%", 5, 3},
    {"RSS MiB", 8, 4},   {"RUNNING", 7, 6}, {"HOST", 8, 7},   {"RESTARTS", 8, 8}, {"CALLS", 14, 9},
};
#define SERVICE_COLUMNS (sizeof service_columns / sizeof *service_columns)

static void print_service(const struct table *table, const struct top_service *service)
{
    const struct far_top_service *entry = &service->entry;
    char text[SERVICE_COLUMNS][24] = {""};
    const char *cells[SERVICE_COLUMNS] = {entry->name};
    for (unsigned i = 1; i < SERVICE_COLUMNS; i++)
        cells[i] = text[i];
    cells[2] = state_word(entry->state);
    snprintf(text[1], sizeof *text, "%u.%u", entry->major, entry->minor);
    snprintf(text[3], sizeof *text, "%.1f", service->calls_rate);
    snprintf(text[4], sizeof *text, "%u", entry->channels);
    snprintf(text[5], sizeof *text, "%.1f", service->cpu);
    snprintf(text[6], sizeof *text, "%.1f", (double)service->resident / 1048576);
    snprintf(text[7], sizeof *text, "%u", entry->in_progress);
    snprintf(text[8], sizeof *text, entry->host_pid ? "%u" : "-", entry->host_pid);
    snprintf(text[9], sizeof *text, "%u", entry->restarts);
    snprintf(text[10], sizeof *text, "%llu", (unsigned long long)entry->calls);
    table_row(table, cells);
}

static const struct table_column user_columns[] = {
    {"UID", -10, 0},       {"USER", -16, 1},    {"CLIENTS", 8, 3},   {"CHANNELS", 8, 2},
    {"STACKS MiB", 10, 4}, {"REQUESTS", 10, 0}, {"DEFERRED", 10, 5},
};
#define USER_COLUMNS (sizeof user_columns / sizeof *user_columns)

static void print_user(const struct table *table, const struct far_top_user *user)
{
    const struct passwd *who = getpwuid(user->uid);
    const uint64_t numbers[USER_COLUMNS] = {
        user->uid, 0, user->clients, user->channels, user->bytes >> 20, user->requests, user->deferred};
    char text[USER_COLUMNS][24];
    const char *cells[USER_COLUMNS];
    for (unsigned i = 0; i < USER_COLUMNS; i++) {
        snprintf(text[i], sizeof *text, "%llu", (unsigned long long)numbers[i]);
        cells[i] = text[i];
    }
    cells[1] = who ? who->pw_name : "-";
    table_row(table, cells);
}

void top_print(const struct top_look *look, unsigned columns, unsigned lines)
{
    const struct far_status_reply *fard = &look->fard;
    struct table table;
    unsigned users = look->user_count, services = look->service_count;
    if (lines) { /* fard, two headings and two lines between; users get a third at most */
        unsigned room = lines > 7 ? lines - 6 : 1;
        users = users > room / 3 ? room / 3 : users;
        services = services > room - users ? room - users : services;
    }
    text_line(stdout, columns, 5, "fard %s, pid %u, uid %u: %u service%s, %u client%s, %u channel%s", fard->version,
              fard->pid, fard->uid, fard->services, fard->services == 1 ? "" : "s", fard->clients,
              fard->clients == 1 ? "" : "s", fard->channels, fard->channels == 1 ? "" : "s");
    putchar('\n');
    table_begin(&table, stdout, service_columns, SERVICE_COLUMNS, columns);
    for (unsigned i = 0; i < services; i++)
        print_service(&table, &look->service[i]);
    putchar('\n');
    table_begin(&table, stdout, user_columns, USER_COLUMNS, columns);
    for (unsigned i = 0; i < users; i++)
        print_user(&table, &look->user[i]);
}

static void json_thousandths(struct json *json, const char *name, double value)
{
    json_number(json, name, value > 0 ? (uint64_t)(value * 1000 + 0.5) : 0);
}

static void service_json(struct json *json, const struct top_service *service)
{
    const struct far_top_service *entry = &service->entry;
    json_open(json, NULL, '{');
    json_string(json, "name", entry->name);
    json_number(json, "major", entry->major);
    json_number(json, "minor", entry->minor);
    json_string(json, "state", state_word(entry->state));
    json_number(json, "calls", entry->calls);
    json_thousandths(json, "millicalls_per_second", service->calls_rate);
    json_number(json, "calls_in_progress", entry->in_progress);
    json_number(json, "channels", entry->channels);
    json_number(json, "restarts", entry->restarts);
    json_number(json, "output_lost_lines", entry->output_lost);
    json_open(json, "host", '{');
    json_number(json, "pid", entry->host_pid);
    json_number(json, "uid", entry->host_uid);
    json_thousandths(json, "cpu_millipercent", service->cpu);
    json_number(json, "resident_bytes", service->resident);
    json_close(json, '}');
    json_close(json, '}');
}

void top_print_json(const struct top_look *look)
{
    struct json json = {.out = stdout};
    json_open(&json, NULL, '{');
    json_number(&json, "fard_pid", look->fard.pid);
    json_number(&json, "fard_uid", look->fard.uid);
    json_string(&json, "fard_version", look->fard.version);
    json_open(&json, "services", '[');
    for (uint32_t i = 0; i < look->service_count; i++)
        service_json(&json, &look->service[i]);
    json_close(&json, ']');
    json_open(&json, "users", '[');
    for (uint32_t i = 0; i < look->user_count; i++) {
        const struct far_top_user *user = &look->user[i];
        json_open(&json, NULL, '{');
        json_number(&json, "uid", user->uid);
        json_number(&json, "clients", user->clients);
        json_number(&json, "channels", user->channels);
        json_number(&json, "stack_bytes", user->bytes);
        json_number(&json, "requests", user->requests);
        json_number(&json, "deferred", user->deferred);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
}
