/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Whose the channels are, and the private memory that calls take. A service's limits are everybody's: what one user may have
 * of them is his share (room.h), however many processes and connections he has.
 */
#include "runtime/host/host.h"
#include "runtime/room.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct host_user {
    uint32_t node, uid; /* of that node; 0: this one */
    uint32_t references;
    uint32_t channels;
    uint32_t functions; /* of its clients' that the service can call */
    uint32_t descriptors;
    uint64_t bytes;
    struct host_user *next;
};

/* Rooms of 0: not said yet. */
static struct {
    pthread_mutex_t lock;
    struct host_user *first;
    uint64_t channel_room, byte_room;
    uint64_t channels, functions, descriptors, bytes; /* of all */
} users = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t machine_memory(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* fard counts a channel out when it tells us to close it, and we when its thread has ended: hence a little more. */
static uint64_t with_those_that_end(uint64_t channels)
{
    return channels + (channels + 3) / 4;
}

void users_limit(const struct far_host_rights *rights)
{
    pthread_mutex_lock(&users.lock);
    users.channel_room = with_those_that_end(room_channels(rights));
    users.byte_room = room_call_bytes(rights, machine_memory());
    pthread_mutex_unlock(&users.lock);
}

static void limit_if_never_said(void)
{
    static const struct far_host_rights none;
    if (!users.channel_room)
        users.channel_room = with_those_that_end(room_channels(&none));
    if (!users.byte_room)
        users.byte_room = room_call_bytes(&none, machine_memory());
}

struct host_user *user_get_of(uint32_t node, uint32_t uid)
{
    pthread_mutex_lock(&users.lock);
    struct host_user *user = users.first;
    while (user && (user->uid != uid || user->node != node))
        user = user->next;
    if (!user && (user = calloc(1, sizeof *user))) {
        user->node = node;
        user->uid = uid;
        user->next = users.first;
        users.first = user;
    }
    if (user)
        user->references++;
    pthread_mutex_unlock(&users.lock);
    return user;
}

struct host_user *user_get(uint32_t uid)
{
    return user_get_of(0, uid);
}

void user_put(struct host_user *user)
{
    pthread_mutex_lock(&users.lock);
    if (--user->references == 0) {
        struct host_user **link = &users.first;
        while (*link != user)
            link = &(*link)->next;
        *link = user->next;
        free(user);
    }
    pthread_mutex_unlock(&users.lock);
}

int user_begin_channel(struct host_user *user)
{
    pthread_mutex_lock(&users.lock);
    limit_if_never_said();
    bool admitted = room_admits(users.channel_room, users.channels, user->channels, 1);
    if (admitted) {
        users.channels++;
        user->channels++;
    }
    pthread_mutex_unlock(&users.lock);
    return admitted ? 0 : -EAGAIN;
}

void user_end_channel(struct host_user *user)
{
    pthread_mutex_lock(&users.lock);
    users.channels--;
    user->channels--;
    pthread_mutex_unlock(&users.lock);
}

bool user_begin_function(struct host_user *user, uint32_t room)
{
    pthread_mutex_lock(&users.lock);
    bool admitted = room_admits(room, users.functions, user->functions, 1);
    if (admitted) {
        users.functions++;
        user->functions++;
    }
    pthread_mutex_unlock(&users.lock);
    return admitted;
}

void user_end_function(struct host_user *user)
{
    pthread_mutex_lock(&users.lock);
    users.functions--;
    user->functions--;
    pthread_mutex_unlock(&users.lock);
}

static uint64_t descriptor_room(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > UINT32_MAX)
        return UINT32_MAX;
    return limit.rlim_cur > HOST_DESCRIPTORS_KEPT ? limit.rlim_cur - HOST_DESCRIPTORS_KEPT : 1;
}

bool user_begin_descriptors(struct host_user *user, uint32_t count)
{
    uint64_t room = descriptor_room();
    pthread_mutex_lock(&users.lock);
    bool admitted = room_admits(room, users.descriptors, user->descriptors, count);
    if (admitted) {
        users.descriptors += count;
        user->descriptors += count;
    }
    pthread_mutex_unlock(&users.lock);
    return admitted;
}

void user_end_descriptors(struct host_user *user, uint32_t count)
{
    pthread_mutex_lock(&users.lock);
    users.descriptors -= count;
    user->descriptors -= count;
    pthread_mutex_unlock(&users.lock);
}

void user_get_again(struct host_user *user)
{
    pthread_mutex_lock(&users.lock);
    user->references++;
    pthread_mutex_unlock(&users.lock);
}

int user_charge(struct host_user *user, uint64_t bytes)
{
    pthread_mutex_lock(&users.lock);
    limit_if_never_said();
    bool admitted = room_admits(users.byte_room, users.bytes, user->bytes, bytes);
    if (admitted) {
        users.bytes += bytes;
        user->bytes += bytes;
    }
    pthread_mutex_unlock(&users.lock);
    return admitted ? 0 : -ENOMEM;
}

void user_discharge(struct host_user *user, uint64_t bytes)
{
    pthread_mutex_lock(&users.lock);
    users.bytes -= bytes;
    user->bytes -= bytes;
    pthread_mutex_unlock(&users.lock);
}

/* Idle channels keep little of what others could use. */
uint64_t users_keep(void)
{
    pthread_mutex_lock(&users.lock);
    limit_if_never_said();
    uint64_t keep = users.byte_room / 256;
    pthread_mutex_unlock(&users.lock);
    return keep < HOST_ARENA_KEEP_LEAST ? HOST_ARENA_KEEP_LEAST : keep > HOST_ARENA_KEEP ? HOST_ARENA_KEEP : keep;
}
