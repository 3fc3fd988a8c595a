/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A service's data while its constructors have not completed: until then there is a copy of what it began with. Constructors that die
 * half-way have left nobody knows what: it is thrown away, and the next try gets new memory. So they are never run twice on
 * the same data, and what they complete on is what everybody maps.
 */
#include "runtime/fard/adopt.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int service_keep_initial(struct service *service, const void *bytes, size_t size)
{
    service->initial = malloc(size ? size : 1);
    if (!service->initial)
        return -ENOMEM;
    if (size)
        memcpy(service->initial, bytes, size);
    service->initial_size = size;
    return 0;
}

void service_drop_initial(struct service *service)
{
    free(service->initial);
    service->initial = NULL;
    service->initial_size = 0;
}

static int create_again(const struct service *service, int *data, int *read_only)
{
    char name[FAR_SERVICE_MAX + 32];
    struct stat status;
    snprintf(name, sizeof name, "far:%s:data", service->name);
    int result = fstat(service->data, &status) < 0 ? -errno : memory_create(name, (uint64_t)status.st_size, data);
    result = result ? result : memory_write(*data, 0, service->initial, service->initial_size);
    result = result ? result : memory_seal_size(*data);
    return result ? result : memory_reopen_read_only(*data, read_only);
}

static int replace_data(struct service *service)
{
    int data = -1, read_only = -1;
    int result = service->initial ? create_again(service, &data, &read_only) : -ENODATA;
    if (result) {
        if (data >= 0)
            close(data);
        return result;
    }
    close(service->data);
    close(service->data_read_only);
    service->data = data;
    service->data_read_only = read_only;
    return 0;
}

static struct host *find_host(const struct fard *fard, pid_t pid)
{
    for (const struct service *at = registry_after(&fard->registry, 0); at;
         at = registry_after(&fard->registry, at->id))
        if (at->host && pid > 0 && at->host->pid == pid)
            return at->host;
    return NULL;
}

/* It has the old memory mapped. A client binds again when it is cut off, a host when it is started again. */
static void cut_off(struct client *client)
{
    struct host *host = find_host(client->fard, client->who.pid);
    if (host)
        host_kill(host);
    else
        peer_lose(&client->peer);
}

static bool has_data(const struct client *client, uint32_t service_id)
{
    for (uint32_t i = 0; i < client->bound_count; i++)
        if (client->bound[i].service_id == service_id && client->bound[i].handed >= FAR_LEVEL_READ)
            return true;
    return false;
}

int host_fresh_data(struct host *host)
{
    struct fard *fard = host->fard;
    if (host->initialised || !host->data_touched) {
        host->data_touched = true;
        return 0;
    }
    data_unkeep(fard, host->service->id);
    int result = replace_data(host->service);
    if (result)
        return result;
    for (struct list *at = fard->clients.next, *next; at != &fard->clients; at = next) {
        struct client *client = list_entry(at, struct client, link);
        next = at->next;
        if (has_data(client, host->service->id))
            cut_off(client);
    }
    return 0;
}
