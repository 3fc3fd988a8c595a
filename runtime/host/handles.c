/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The handles that clients hold. A handle is the service's own pointer; from a client's mouth it is a number, and only a
 * number that this client was given, as what it is used as now, and has not given back, is made a pointer again.
 *
 * A structure and its first member have one address: so the same value may be there once for each type that it was given
 * as, and each of them ends for itself.
 *
 * What was given as ending with another (kin.h) is not accepted from when that one is being released, and is taken out when
 * it has been. To another host all that end with one another go together: none of the two could tell who uses the others.
 */
#include "runtime/host/client.h"
#include "runtime/host/handover.h"
#include "runtime/host/kin.h"

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

static void set_type(struct handle *handle, uint64_t type)
{
    handle->name.type = type;
    if (handle->kin)
        handle->kin->name.type = type;
}

static bool has_used_children(const struct host_client *client, struct kin *kin)
{
    for (struct kin *at = kin ? kin_next(kin, kin) : NULL; at; at = kin_next(kin, at))
        if (find(client, at->name)->users)
            return true;
    return false;
}

static void set_children_leaving(const struct host_client *client, struct kin *kin, bool leaving)
{
    for (struct kin *at = kin ? kin_next(kin, kin) : NULL; at; at = kin_next(kin, at))
        find(client, at->name)->leaving = leaving;
}

unsigned handle_begin(struct host_client *client, struct handle_name name, bool release)
{
    pthread_mutex_lock(&client->lock);
    struct handle *handle = find_given(client, name);
    unsigned status = look_at(handle, release);
    if (status == FAR_CALL_DONE && release && has_used_children(client, handle->kin))
        status = FAR_CALL_HANDLE_IN_USE;
    if (status == FAR_CALL_DONE) {
        set_type(handle, name.type);
        handle->users++;
        handle->leaving = release;
        if (release)
            set_children_leaving(client, handle->kin, true);
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

/* It, and all that ends with it. Others have moved afterwards. */
static void end_family(struct host_client *client, struct handle *handle)
{
    struct kin *kin = handle->kin;
    take_out(client, handle);
    for (struct kin *at = kin ? kin_next(kin, kin) : NULL; at; at = kin_next(kin, at))
        take_out(client, find(client, at->name));
    kin_free(client->user, kin);
}

/* --- to another host --- */

/* With the lock held. Nobody uses it, and it stays the client's. */
static bool is_idle(const struct handle *handle)
{
    return handle->name.value && handle->users == 0 && !handle->leaving && !handle->gone && !handle->handed_over;
}

/* One that ends with no other, and of all that end with it none is used. */
static bool is_idle_family(const struct host_client *client, const struct handle *handle)
{
    struct kin *kin = handle->kin;
    bool idle = is_idle(handle) && !(kin && kin->parent);
    for (struct kin *at = kin && idle ? kin_next(kin, kin) : NULL; at && idle; at = kin_next(kin, at))
        idle = is_idle(find(client, at->name));
    return idle;
}

typedef void take_record(void *context, const struct handover_record *record);

/* A parent before its children, which name it. */
static void take_family(struct host_client *client, struct handle *first, take_record *take, void *context)
{
    struct kin *kin = first->kin;
    struct handover_record record = {
        .pid = client->pid, .uid = client->uid, .name = first->name, .node = client->node, .more = kin && kin->first};
    take(context, &record);
    first->kin = NULL;
    first->handed_over = true;
    for (struct kin *at = kin ? kin_next(kin, kin) : NULL, *next; at; at = next) {
        struct handle *handle = find(client, at->name);
        next = kin_next(kin, at);
        record.name = handle->name;
        record.parent = at->parent->name;
        record.more = next != NULL;
        take(context, &record);
        handle->kin = NULL;
        handle->handed_over = true;
    }
    kin_free(client->user, kin);
}

/* Others may move into a place that was made free: it is looked at again. */
static void take_out_handed_over(struct host_client *client)
{
    for (uint32_t i = 0; i < client->room;)
        if (client->handle[i].handed_over)
            take_out(client, &client->handle[i]);
        else
            i++;
}

void handles_take_idle(struct host_client *client, take_record *take, void *context)
{
    pthread_mutex_lock(&client->lock);
    for (uint32_t i = 0; i < client->room; i++)
        if (is_idle_family(client, &client->handle[i]))
            take_family(client, &client->handle[i], take, context);
    take_out_handed_over(client);
    pthread_mutex_unlock(&client->lock);
}

/* What goes once the lock is free. Most that go are alone. */
struct going {
    struct handover_record one, *record;
    uint32_t count, room;
};

static void add_going(void *context, const struct handover_record *record)
{
    struct going *going = context;
    if (going->count < going->room)
        going->record[going->count++] = *record;
}

static uint32_t family_size(struct kin *kin)
{
    uint32_t size = kin ? 0 : 1;
    for (struct kin *at = kin; at; at = kin_next(kin, at))
        size++;
    return size;
}

/* Without memory for all of them they stay here: nobody is given a part. */
static struct handle *going_begin(struct host_client *client, struct handle_name name, struct going *going)
{
    struct handle *handle = handover_is_on() ? find_given(client, name) : NULL;
    if (handle && handle->kin && handle->kin->parent)
        handle = find(client, kin_root(handle->kin)->name);
    if (!handle || !is_idle_family(client, handle))
        return NULL;
    going->room = family_size(handle->kin);
    going->record = going->room > 1 ? calloc(going->room, sizeof *going->record) : &going->one;
    return going->record ? handle : NULL;
}

/* When another host takes over: a handle that is free belongs there, before its client hears of this call's end. */
static void unlock_and_hand_over(struct host_client *client, struct handle_name name)
{
    struct going going = {.count = 0};
    struct handle *first = going_begin(client, name, &going);
    if (first)
        take_family(client, first, add_going, &going);
    if (first && going.count == 1)
        take_out(client, first);
    else if (first)
        take_out_handed_over(client);
    pthread_mutex_unlock(&client->lock);
    for (uint32_t i = 0; i < going.count; i++)
        handover_one(&going.record[i]);
    if (going.record != &going.one)
        free(going.record);
}

void handle_end(struct host_client *client, struct handle_name name, bool release)
{
    pthread_mutex_lock(&client->lock);
    struct handle *handle = find_given(client, name);
    const struct handle_name first = handle && handle->kin ? kin_root(handle->kin)->name : name;
    if (handle && release && handle->gone)
        handle->gone--; /* which of them ends first makes no difference */
    else if (handle && release)
        end_family(client, handle);
    else if (handle)
        handle->users--;
    unlock_and_hand_over(client, first); /* those that it has ended with may be free now */
}

void handle_put_down(struct host_client *client, struct handle_name name)
{
    pthread_mutex_lock(&client->lock);
    struct handle *handle = find_given(client, name);
    if (handle && !handle->users && handle->gone) {
        handle->gone--;
    } else if (handle) {
        handle->users--;
        if (handle->leaving)
            set_children_leaving(client, handle->kin, false);
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

/* The service has given the name anew: what had it is gone, and with it what ended with it. */
static struct handle *begin_anew(struct host_client *client, struct handle *there, struct handle_name name)
{
    uint32_t gone = there->gone + (there->users ? 1 : 0);
    end_family(client, there);
    struct handle *handle = find(client, name);
    *handle = (struct handle){.name = name, .gone = gone};
    client->count++;
    return handle;
}

static struct handle *add(struct host_client *client, struct handle_name name)
{
    if (2 * (client->count + 1) > client->room && grow(client) != 0)
        return NULL;
    struct handle *handle = find(client, name);
    *handle = (struct handle){.name = name};
    client->count++;
    return handle;
}

/* With the lock held. NULL: no memory. */
static struct handle *give(struct host_client *client, struct handle_name name)
{
    struct handle *there = find_given(client, name);
    if (!there)
        return add(client, name);
    if (there->leaving)
        return begin_anew(client, there, name);
    set_type(there, name.type);
    return there;
}

static struct kin *kin_of(struct host_client *client, struct handle *handle)
{
    if (!handle->kin)
        handle->kin = kin_new(client->user, handle->name);
    return handle->kin;
}

/* Without a parent that the client has there is nothing to end with. */
static int tie(struct host_client *client, struct handle *handle, struct handle *parent)
{
    if (!parent || parent == handle)
        return 0;
    struct kin *kin = kin_of(client, handle), *of = kin_of(client, parent);
    if (!kin || !of)
        return -ENOMEM;
    kin_join(kin, of);
    return 0;
}

int handle_give(struct host_client *client, struct handle_name name)
{
    pthread_mutex_lock(&client->lock);
    struct handle *handle = give(client, name);
    unlock_and_hand_over(client, name);
    return handle ? 0 : -ENOMEM;
}

int handle_give_of(struct host_client *client, struct handle_name name, struct handle_name parent)
{
    pthread_mutex_lock(&client->lock);
    struct handle *handle = give(client, name);
    int failed = handle ? tie(client, handle, find_given(client, parent)) : -ENOMEM;
    if (failed && handle)
        end_family(client, handle); /* rather nobody's than one that outlives its parent */
    unlock_and_hand_over(client, name);
    return failed;
}

/* With the lock held: of a family the last one is here. */
static void end_arriving(struct host_client *client, struct kin *kin)
{
    struct kin *root = kin ? kin_root(kin) : NULL;
    if (!root)
        return;
    find(client, root->name)->leaving = false;
    set_children_leaving(client, root, false);
}

/* What ends with one that is not here any more has ended. Until all of them are here, none is used: nor released. */
void handle_take_over(struct host_client *client, const struct handover_record *record)
{
    pthread_mutex_lock(&client->lock);
    struct handle *parent = find_given(client, record->parent), *handle = NULL;
    bool begins = record->more && !record->parent.value;
    if (parent || !record->parent.value)
        handle = give(client, record->name);
    parent = find_given(client, record->parent); /* the table may have grown */
    if (handle && parent && tie(client, handle, parent) != 0)
        end_family(client, handle);
    else if (handle)
        handle->leaving = begins || parent;
    if (parent && !record->more)
        end_arriving(client, parent->kin);
    unlock_and_hand_over(client, record->name);
}

void handles_free(struct host_client *client)
{
    for (uint32_t i = 0; i < client->room; i++)
        if (client->handle[i].kin && client->handle[i].kin->parent)
            client->handle[i].kin = NULL; /* the first of them frees it */
    for (uint32_t i = 0; i < client->room; i++)
        kin_free(client->user, client->handle[i].kin);
    user_discharge(client->user, client->room * sizeof *client->handle);
    free(client->handle);
}
