/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The handles that clients hold. A handle is the service's own pointer; from a client's mouth it is a number, and only a
 * number that this client was given, as what it is used as now, and has not given back, is made a pointer again.
 *
 * A structure and its first member have one address: so the same value may be there once for each type that it was given
 * as, and each of them ends for itself.
 */
#include "runtime/host/client.h"
#include "runtime/host/handover.h"

#include <errno.h>
#include <stdlib.h>

#define HANDLES_MAX (1u << 20) /* of one client */

static uint32_t place_of(const struct host_client *client, uint64_t value)
{
    return (uint32_t)(value * 0x9e3779b97f4a7c15u >> 32) & (client->room - 1);
}

static bool is_named(const struct handle *handle, struct handle_name name)
{
    return handle->name.value == name.value &&
           (handle->name.type == name.type || handle->name.type == HANDLE_TYPE_UNKNOWN);
}

/* The handle's place, or the empty one where it would go. There is always an empty one. */
static struct handle *find(const struct host_client *client, struct handle_name name)
{
    uint32_t i = place_of(client, name.value);
    while (client->handle[i].name.value && !is_named(&client->handle[i], name))
        i = (i + 1) & (client->room - 1);
    return &client->handle[i];
}

static struct handle *find_given(const struct host_client *client, struct handle_name name)
{
    struct handle *handle = client->room && name.value ? find(client, name) : NULL;
    return handle && handle->name.value ? handle : NULL;
}

static unsigned look_at(const struct handle *handle, bool release)
{
    if (!handle || handle->leaving)
        return FAR_CALL_BAD_HANDLE;
    return release && handle->users ? FAR_CALL_HANDLE_IN_USE : FAR_CALL_DONE;
}

unsigned handle_begin(struct host_client *client, struct handle_name name, bool release)
{
    pthread_mutex_lock(&client->lock);
    struct handle *handle = find_given(client, name);
    unsigned status = look_at(handle, release);
    if (status == FAR_CALL_DONE) {
        handle->name.type = name.type;
        handle->users++;
        handle->leaving = release;
    }
    pthread_mutex_unlock(&client->lock);
    return status;
}

/* Close the gap, so that whoever was pushed on by this one is found again. */
static void take_out(struct host_client *client, struct handle *handle)
{
    uint32_t mask = client->room - 1, gap = (uint32_t)(handle - client->handle);
    client->count--;
    for (uint32_t i = (gap + 1) & mask; client->handle[i].name.value; i = (i + 1) & mask) {
        uint32_t home = place_of(client, client->handle[i].name.value);
        if (((i - home) & mask) < ((i - gap) & mask))
            continue;
        client->handle[gap] = client->handle[i];
        gap = i;
    }
    client->handle[gap] = (struct handle){.users = 0};
}

/* With the lock held. Nobody uses it, and it stays the client's. */
static bool is_idle(const struct handle *handle)
{
    return handle->name.value && handle->users == 0 && !handle->leaving && !handle->gone;
}

static struct handover_record record_of(const struct host_client *client, struct handle_name name)
{
    return (struct handover_record){.pid = client->pid, .uid = client->uid, .name = name, .node = client->node};
}

/* When another host takes over: a handle that is free belongs there, before its client hears of this call's end. */
static void unlock_and_hand_over(struct host_client *client, struct handle_name name)
{
    const struct handover_record record = record_of(client, name);
    struct handle *handle = handover_is_on() ? find_given(client, name) : NULL;
    bool goes = handle && is_idle(handle);
    if (goes)
        take_out(client, handle);
    pthread_mutex_unlock(&client->lock);
    if (goes)
        handover_one(&record);
}

void handle_end(struct host_client *client, struct handle_name name, bool release)
{
    pthread_mutex_lock(&client->lock);
    struct handle *handle = find_given(client, name);
    if (handle && release && handle->gone)
        handle->gone--; /* which of them ends first makes no difference */
    else if (handle && release)
        take_out(client, handle);
    else if (handle)
        handle->users--;
    unlock_and_hand_over(client, name);
}

void handle_put_down(struct host_client *client, struct handle_name name)
{
    pthread_mutex_lock(&client->lock);
    struct handle *handle = find_given(client, name);
    if (handle && !handle->users && handle->gone) {
        handle->gone--;
    } else if (handle) {
        handle->users--;
        handle->leaving = false;
    }
    unlock_and_hand_over(client, name);
}

static void move_all(struct host_client *client, const struct handle *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t to = from[i].name.value ? place_of(client, from[i].name.value) : 0;
        if (!from[i].name.value)
            continue;
        while (client->handle[to].name.value)
            to = (to + 1) & (client->room - 1);
        client->handle[to] = from[i];
    }
}

static int grow(struct host_client *client)
{
    uint32_t before = client->room, room = before ? 2 * before : 64;
    uint64_t more = (room - before) * sizeof(struct handle);
    if (client->count >= HANDLES_MAX || user_charge(client->user, more) != 0)
        return -ENOMEM;
    struct handle *old = client->handle, *handle = calloc(room, sizeof *handle);
    if (!handle) {
        user_discharge(client->user, more);
        return -ENOMEM;
    }
    client->handle = handle;
    client->room = room;
    move_all(client, old, before);
    free(old);
    return 0;
}

int handle_give(struct host_client *client, struct handle_name name)
{
    int failed = 0;
    pthread_mutex_lock(&client->lock);
    struct handle *there = find_given(client, name);
    if (there && there->leaving) {
        *there = (struct handle){.name = name, .gone = there->gone + 1};
    } else if (there) {
        there->name.type = name.type;
    } else {
        if (2 * (client->count + 1) > client->room)
            failed = grow(client);
        if (!failed) {
            *find(client, name) = (struct handle){.name = name};
            client->count++;
        }
    }
    unlock_and_hand_over(client, name);
    return failed;
}

/* Others may move into a place that was made free: it is looked at again. */
void handles_take_idle(struct host_client *client, void (*take)(void *context, const struct handover_record *record),
                       void *context)
{
    pthread_mutex_lock(&client->lock);
    for (uint32_t i = 0; i < client->room;) {
        const struct handover_record record = record_of(client, client->handle[i].name);
        if (!is_idle(&client->handle[i])) {
            i++;
            continue;
        }
        take_out(client, &client->handle[i]);
        take(context, &record);
    }
    pthread_mutex_unlock(&client->lock);
}
