/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/registry_top.h"
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

static void print_service(const struct top_service *service, unsigned columns)
{
    const struct far_top_service *entry = &service->entry;
    char version[16], host[16] = "-";
    snprintf(version, sizeof version, "%u.%u", entry->major, entry->minor);
    if (entry->host_pid)
        snprintf(host, sizeof host, "%u", entry->host_pid);
    printf("%-16.*s %-6s %-8s %10.1f %8u %5.1f %8.1f", columns && columns < 100 ? 16 : 40, entry->name, version,
           state_word(entry->state), service->calls_rate, entry->channels, service->cpu,
           (double)service->resident / 1048576);
    if (!columns || columns >= 100)
        printf(" %7u %8s %8u %14llu", entry->in_progress, host, entry->restarts, (unsigned long long)entry->calls);
    putchar('\n');
}

static void print_user(const struct far_top_user *user)
{
    const struct passwd *who = getpwuid(user->uid);
    printf("%-10u %-16.16s %8u %8u %10llu %10llu %10llu\n", user->uid, who ? who->pw_name : "-", user->clients,
           user->channels, (unsigned long long)user->bytes >> 20, (unsigned long long)user->requests,
           (unsigned long long)user->deferred);
}

void top_print(const struct top_look *look, unsigned columns, unsigned lines)
{
    unsigned users = look->user_count, services = look->service_count;
    if (lines) { /* two headings and a line between; users get a third at most */
        unsigned room = lines > 5 ? lines - 4 : 1;
        users = users > room / 3 ? room / 3 : users;
        services = services > room - users ? room - users : services;
    }
    printf("%-16s %-6s %-8s %10s %8s %5s %8s", "SERVICE", "VER", "STATE", "CALLS/S", "CHANNELS", "CPU%", "RSS MiB");
    if (!columns || columns >= 100)
        printf(" %7s %8s %8s %14s", "RUNNING", "HOST", "RESTARTS", "CALLS");
    putchar('\n');
    for (unsigned i = 0; i < services; i++)
        print_service(&look->service[i], columns);
    printf("\n%-10s %-16s %8s %8s %10s %10s %10s\n", "UID", "USER", "CLIENTS", "CHANNELS", "STACKS MiB", "REQUESTS",
           "DEFERRED");
    for (unsigned i = 0; i < users; i++)
        print_user(&look->user[i]);
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
