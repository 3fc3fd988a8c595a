/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/registry_top.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* What the kernel says of the host. A host that has just gone has used nothing. */
static void look_at_host(struct top_service *service)
{
    char path[64], line[1024];
    unsigned long long user, system, pages;
    snprintf(path, sizeof path, "/proc/%u/stat", service->entry.host_pid);
    FILE *file = service->entry.host_pid ? fopen(path, "re") : NULL;
    if (!file)
        return;
    const char *rest = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL; /* names may hold anything */
    if (rest && sscanf(rest,
                       ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d %*u "
                       "%*u %llu",
                       &user, &system, &pages) == 3) {
        service->cpu_ticks = user + system;
        service->resident = pages * (unsigned long long)sysconf(_SC_PAGESIZE);
    }
    fclose(file);
}

static int grow(void **array, uint32_t count, uint32_t more, size_t size)
{
    void *grown = reallocarray(*array, count + more + 1, size);
    if (!grown) {
        fputs("far top: there is no memory\n", stderr);
        return EX_OSERR;
    }
    *array = grown;
    return 0;
}

static int add_services(struct top_look *look, const struct far_top_service *entry, uint32_t count)
{
    void *array = look->service;
    int code = grow(&array, look->service_count, count, sizeof *look->service);
    look->service = code ? look->service : array;
    for (uint32_t i = 0; i < count && !code; i++) {
        struct top_service *service = &look->service[look->service_count++];
        *service = (struct top_service){.entry = entry[i]};
        snprintf(service->entry.name, sizeof service->entry.name, "%s", fard_text(entry[i].name, sizeof entry[i].name));
        look_at_host(service);
    }
    return code;
}

static int add_users(struct top_look *look, const struct far_top_user *entry, uint32_t count)
{
    void *array = look->user;
    int code = grow(&array, look->user_count, count, sizeof *look->user);
    look->user = code ? look->user : array;
    for (uint32_t i = 0; i < count && !code; i++)
        look->user[look->user_count++] = entry[i];
    return code;
}

static int take_page(struct fard_connection *connection, struct top_look *look, struct far_top_request *request,
                     bool *more)
{
    static struct fard_reply reply;
    size_t entry_size =
        request->what == FAR_TOP_SERVICES ? sizeof(struct far_top_service) : sizeof(struct far_top_user);
    int code = fard_ask(connection, FAR_MSG_TOP, request, sizeof *request, -1, &reply);
    const struct far_page_reply *page = code ? NULL : fard_body(connection, &reply, sizeof *page);
    if (!page)
        return code ? code : EX_PROTOCOL;
    if ((reply.size - sizeof *page) / entry_size < page->count || (page->more && page->count == 0))
        return fard_broken_reply(connection);
    const struct far_top_service *service = (const void *)(page + 1);
    const struct far_top_user *user = (const void *)(page + 1);
    *more = page->more;
    if (page->count == 0)
        return 0;
    if (request->what == FAR_TOP_USERS) {
        request->after = user[page->count - 1].next;
        return add_users(look, user, page->count);
    }
    request->after = service[page->count - 1].id;
    return add_services(look, service, page->count);
}

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int top_take(struct fard_connection *connection, struct top_look *look)
{
    *look = (struct top_look){.at = now_seconds()};
    int code = fard_status(connection, &look->fard);
    for (enum far_top_what what = 0; what < FAR_TOP_COUNT; what++) {
        struct far_top_request request = {.what = what};
        for (bool more = true; more && !code;)
            code = take_page(connection, look, &request, &more);
    }
    return code;
}

void top_free(struct top_look *look)
{
    free(look->service);
    free(look->user);
    *look = (struct top_look){0};
}

/* Both are in the order of their ids. */
static const struct top_service *find_before(const struct top_look *before, uint32_t *from, uint32_t id)
{
    while (*from < before->service_count && before->service[*from].entry.id < id)
        ++*from;
    return *from < before->service_count && before->service[*from].entry.id == id ? &before->service[*from] : NULL;
}

void top_compare(const struct top_look *before, struct top_look *now)
{
    double seconds = now->at - before->at, tick = (double)sysconf(_SC_CLK_TCK);
    uint32_t from = 0;
    for (uint32_t i = 0; i < now->service_count; i++) {
        struct top_service *service = &now->service[i];
        const struct top_service *old = find_before(before, &from, service->entry.id);
        if (!old || seconds <= 0)
            continue;
        if (service->entry.calls >= old->entry.calls)
            service->calls_rate = (double)(service->entry.calls - old->entry.calls) / seconds;
        if (service->entry.host_pid == old->entry.host_pid && service->cpu_ticks >= old->cpu_ticks)
            service->cpu = (double)(service->cpu_ticks - old->cpu_ticks) / tick / seconds * 100;
    }
}
