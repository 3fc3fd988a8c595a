/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Who gets a channel: each is a thread in its host, with a stack, and hosts and the system have only so many. What there is
 * is shared out by uid (room.h); the host looks again, since it knows which threads are still there.
 */
#include "runtime/fard/fard.h"
#include "runtime/fard/upgrade.h"
#include "runtime/room.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* The number in a file, if there is one and it is less. */
static void lower(uint64_t *limit, const char *path)
{
    unsigned long long number;
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    if (fscanf(file, "%llu", &number) == 1 && number && number < *limit)
        *limit = number;
    fclose(file);
}

/* Of the control group that fard is in, and its hosts with it, and of those around it. */
static void lower_by_group(uint64_t *limit)
{
    char group[2048], path[sizeof group + 64];
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && fgets(group, sizeof group, file)) {
        group[strcspn(group, "\n")] = '\0';
        if (strncmp(group, "0::/", 4) != 0)
            continue;
        for (char *end = group + strlen(group); end > group + 3; end = strrchr(group + 3, '/')) {
            *end = '\0';
            snprintf(path, sizeof path, "/sys/fs/cgroup%s/pids.max", group + 3);
            lower(limit, path);
        }
    }
    if (file)
        fclose(file);
}

/* One half: the other is for everybody else's processes. */
uint64_t channel_room_of_node(void)
{
    uint64_t limit = UINT32_MAX;
    lower(&limit, "/proc/sys/kernel/pid_max");
    lower(&limit, "/proc/sys/kernel/threads-max");
    lower_by_group(&limit);
    return limit / 2;
}

static const struct far_host_rights *rights_of(const struct host *host)
{
    return host->upgrade ? &host->upgrade->settings.rights : &host->service->settings.rights;
}

static struct host_use *find_use(const struct host *host, const struct account *account)
{
    for (struct list *at = host->uses.next; at && at != &host->uses; at = at->next) {
        struct host_use *use = list_entry(at, struct host_use, of_host);
        if (use->account == account)
            return use;
    }
    return NULL;
}

/* What to change depends on what the room comes from. */
static const char *remedy(const struct far_host_rights *rights)
{
    if (rights->memory && rights->memory / 2 / room_stack(rights->memory, rights->stack) <= room_channels(rights))
        return "half of its --memory is for their stacks; close some, or register it with more --memory or less "
               "--stack";
    if (rights->processes && rights->processes <= room_channels(rights) + 1)
        return "its --processes counts them; close some, or register it with more";
    return "close some";
}

static int refuse_host(const struct client *client, const struct host *host, uint32_t own, struct far_error *error)
{
    const struct far_host_rights *rights = rights_of(host);
    uint32_t room = room_channels(rights);
    if (own + 1 > room_of_one(room))
        return refuse(
            error, EDQUOT, EX_TEMPFAIL,
            "open channel: uid %u has %u of the %u channels that service '%s' can serve, and one user may have "
            "half of them: %s",
            client->who.uid, own, room, host->service->name, remedy(rights));
    return refuse(
        error, EDQUOT, EX_TEMPFAIL,
        "open channel: service '%s' can serve %u channels, %u are open, %u of them uid %u's, and the last are for "
        "users that have few: %s",
        host->service->name, room, host->channel_count, own, client->who.uid, remedy(rights));
}

static int refuse_node(const struct client *client, struct far_error *error)
{
    return refuse(
        error, EDQUOT, EX_TEMPFAIL,
        "open channel: uid %u has %u channels of %u, and this system has threads for %llu; close some, or raise "
        "kernel.pid_max (in a unit, TasksMax=)",
        client->who.uid, client->account->channels - 1, client->fard->channel_count,
        (unsigned long long)client->fard->channel_room);
}

/* The client's account has this one counted already. */
static bool node_admits(struct fard *fard, const struct account *account)
{
    if (!fard->channel_room)
        fard->channel_room = channel_room_of_node();
    return room_admits(fard->channel_room, fard->channel_count, account->channels - 1, 1);
}

int channel_room_take(const struct client *client, struct host *host, struct host_use **use, struct far_error *error)
{
    *use = find_use(host, client->account);
    uint32_t own = *use ? (*use)->channels : 0;
    if (!node_admits(client->fard, client->account))
        return refuse_node(client, error);
    if (!room_admits(room_channels(rights_of(host)), host->channel_count, own, 1))
        return refuse_host(client, host, own, error);
    if (!*use) {
        *use = calloc(1, sizeof **use);
        if (!*use)
            return -ENOMEM;
        (*use)->account = client->account;
        list_append(&host->uses, &(*use)->of_host);
    }
    (*use)->channels++;
    host->channel_count++;
    return 0;
}

void channel_room_give(struct host *host, struct host_use *use)
{
    host->channel_count--;
    if (--use->channels)
        return;
    list_take_out(&use->of_host);
    free(use);
}
