/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The clients of a service and the handles they hold. A handle is the service's own pointer; from a client's mouth it
 * is a number, and only a number that this client was given, and has not given back, is made a pointer again.
 *
 * A client is known by its process: its record lives as long as the process (its pidfd tells), not as long as its
 * channels, since a thread that ends closes its channel and its handles may be another thread's.
 */
#include "runtime/host/handover.h"
#include "runtime/host/host.h"
#include "runtime/host/thunk.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HANDLES_MAX      (1u << 20) /* of one client */
#define DESCRIPTORS_KEPT 8

struct handle {
    uint64_t value; /* 0: an empty place */
    uint32_t users; /* calls that use it now */
    bool leaving;   /* the one user is releasing it */
    bool again;     /* and the service has given the same value anew, before we heard that it is free */
};

struct host_client {
    uint32_t pid, uid;
    struct host_user *user;
    int pidfd; /* -1: unknown; then the record ends with its last channel */
    uint32_t channels;
    pthread_mutex_t lock;  /* guards the handles */
    struct handle *handle; /* open addressing, `room` places, a power of two */
    uint32_t count, room;
    struct walk_kept *kept; /* NULL: none yet. Under the lock */
    bool gives_functions;   /* which the service may have kept. Written atomically */
    struct host_client *next;
};

static pthread_mutex_t clients_lock = PTHREAD_MUTEX_INITIALIZER;
static struct host_client *clients;

void client_identity(const struct host_client *client, struct far_host_channel *channel)
{
    channel->pid = client->pid;
    channel->uid = client->uid;
}

bool client_has_ended(const struct host_client *client)
{
    struct pollfd process = {.fd = client->pidfd, .events = POLLIN};
    return client->pidfd >= 0 && poll(&process, 1, 0) > 0;
}

static bool client_gone(const struct host_client *client)
{
    struct pollfd process = {.fd = client->pidfd, .events = POLLIN};
    return client->pidfd < 0 || poll(&process, 1, 0) != 0;
}

static void client_free(struct host_client *client)
{
    if (client->pidfd >= 0)
        close(client->pidfd);
    pthread_mutex_destroy(&client->lock);
    thunks_forget(client);
    user_discharge(client->user, client->room * sizeof *client->handle);
    walk_kept_free(client->kept);
    user_put(client->user);
    free(client->handle);
    free(client);
}

static bool has_something(const struct host_client *client)
{
    return client->count || (client->kept && walk_kept_count(client->kept)) ||
           __atomic_load_n(&client->gives_functions, __ATOMIC_RELAXED);
}

/* Forget who has no channel and does not live any more. */
static void sweep(void)
{
    for (struct host_client **link = &clients; *link;) {
        struct host_client *client = *link;
        /* Without handles there is nothing to remember, and a pidfd to save: clients may be many, and live long. */
        if (client->channels || (has_something(client) && !client_gone(client))) {
            link = &client->next;
            continue;
        }
        *link = client->next;
        client_free(client);
    }
}

/* The last descriptors stay free for what fard sends: many processes of one user must not use them up. */
static int open_process(uint32_t pid)
{
    struct rlimit limit;
    int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (pidfd < 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0 || (rlim_t)pidfd + DESCRIPTORS_KEPT < limit.rlim_cur)
        return pidfd;
    close(pidfd);
    return -1;
}

static struct host_client *client_new(uint32_t pid, uint32_t uid)
{
    struct host_client *client = calloc(1, sizeof *client);
    if (client)
        client->user = user_get(uid);
    if (!client || !client->user) {
        free(client);
        return NULL;
    }
    client->pid = pid;
    client->uid = uid;
    client->pidfd = open_process(pid);
    pthread_mutex_init(&client->lock, NULL);
    client->next = clients;
    return clients = client;
}

struct host_client *client_get(uint32_t pid, uint32_t uid)
{
    pthread_mutex_lock(&clients_lock);
    sweep();
    struct host_client *client = clients;
    /* The same number may be another process by now. */
    while (client && (client->pid != pid || client->uid != uid || (client->pidfd >= 0 && client_gone(client))))
        client = client->next;
    if (!client)
        client = client_new(pid, uid);
    if (client)
        client->channels++;
    pthread_mutex_unlock(&clients_lock);
    return client;
}

void client_gives_function(struct host_client *client)
{
    if (!__atomic_load_n(&client->gives_functions, __ATOMIC_RELAXED))
        __atomic_store_n(&client->gives_functions, true, __ATOMIC_RELAXED);
}

struct host_user *client_user(const struct host_client *client)
{
    return client->user;
}

bool client_pays(void *user, int64_t bytes)
{
    if (bytes > 0)
        return user_charge(user, (uint64_t)bytes) == 0;
    user_discharge(user, (uint64_t)-bytes);
    return true;
}

struct walk_kept *client_kept(struct host_client *client)
{
    pthread_mutex_lock(&client->lock);
    if (!client->kept)
        client->kept = walk_kept_new((struct walk_charge){client_pays, client->user});
    struct walk_kept *kept = client->kept;
    pthread_mutex_unlock(&client->lock);
    return kept;
}

void client_put(struct host_client *client)
{
    pthread_mutex_lock(&clients_lock);
    client->channels--;
    sweep();
    pthread_mutex_unlock(&clients_lock);
}

static uint32_t place_of(const struct host_client *client, uint64_t value)
{
    return (uint32_t)(value * 0x9e3779b97f4a7c15u >> 32) & (client->room - 1);
}

/* The handle's place, or the empty one where it would go. There is always an empty one. */
static struct handle *find(const struct host_client *client, uint64_t value)
{
    uint32_t i = place_of(client, value);
    while (client->handle[i].value && client->handle[i].value != value)
        i = (i + 1) & (client->room - 1);
    return &client->handle[i];
}

static struct handle *find_given(const struct host_client *client, uint64_t value)
{
    struct handle *handle = client->room && value ? find(client, value) : NULL;
    return handle && handle->value ? handle : NULL;
}

bool handle_begin(struct host_client *client, uint64_t value, bool release)
{
    pthread_mutex_lock(&client->lock);
    struct handle *handle = find_given(client, value);
    bool fine = handle && !handle->leaving && !(release && handle->users);
    if (fine) {
        handle->users++;
        handle->leaving = release;
    }
    pthread_mutex_unlock(&client->lock);
    return fine;
}

/* Close the gap, so that whoever was pushed on by this one is found again. */
static void take_out(struct host_client *client, struct handle *handle)
{
    uint32_t mask = client->room - 1, gap = (uint32_t)(handle - client->handle);
    client->count--;
    for (uint32_t i = (gap + 1) & mask; client->handle[i].value; i = (i + 1) & mask) {
        uint32_t home = place_of(client, client->handle[i].value);
        if (((i - home) & mask) < ((i - gap) & mask))
            continue;
        client->handle[gap] = client->handle[i];
        gap = i;
    }
    client->handle[gap] = (struct handle){0};
}

/* With the lock held. Nobody uses it, and it stays the client's. */
static bool is_idle(const struct handle *handle)
{
    return handle->value && handle->users == 0 && !handle->leaving;
}

/* When another host takes over: a handle that is free belongs there, before its client hears of this call's end. */
static void unlock_and_hand_over(struct host_client *client, uint64_t value)
{
    const struct handover_record record = {client->pid, client->uid, value};
    struct handle *handle = handover_is_on() ? find_given(client, value) : NULL;
    bool goes = handle && is_idle(handle);
    if (goes)
        take_out(client, handle);
    pthread_mutex_unlock(&client->lock);
    if (goes)
        handover_one(&record);
}

void handle_end(struct host_client *client, uint64_t value, bool release)
{
    pthread_mutex_lock(&client->lock);
    struct handle *handle = find_given(client, value);
    if (handle && release && handle->again)
        *handle = (struct handle){.value = value};
    else if (handle && release)
        take_out(client, handle);
    else if (handle)
        handle->users--;
    unlock_and_hand_over(client, value);
}

void handle_put_down(struct host_client *client, uint64_t value)
{
    pthread_mutex_lock(&client->lock);
    struct handle *handle = find_given(client, value);
    if (handle) {
        handle->users--;
        handle->leaving = false;
    }
    unlock_and_hand_over(client, value);
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
    for (uint32_t i = 0; i < before; i++)
        if (old[i].value)
            *find(client, old[i].value) = old[i];
    free(old);
    return 0;
}

int handle_give(struct host_client *client, uint64_t value)
{
    int failed = 0;
    pthread_mutex_lock(&client->lock);
    struct handle *there = find_given(client, value);
    if (there) {
        there->again = there->leaving;
    } else {
        if (2 * (client->count + 1) > client->room)
            failed = grow(client);
        if (!failed) {
            *find(client, value) = (struct handle){.value = value};
            client->count++;
        }
    }
    unlock_and_hand_over(client, value);
    return failed;
}

/* Others may move into a place that was made free: it is looked at again. */
static void take_idle(struct host_client *client, void (*take)(void *context, const struct handover_record *record),
                      void *context)
{
    pthread_mutex_lock(&client->lock);
    for (uint32_t i = 0; i < client->room;) {
        const struct handover_record record = {client->pid, client->uid, client->handle[i].value};
        if (!is_idle(&client->handle[i])) {
            i++;
            continue;
        }
        take_out(client, &client->handle[i]);
        take(context, &record);
    }
    pthread_mutex_unlock(&client->lock);
}

void clients_take_handles(void (*take)(void *context, const struct handover_record *record), void *context)
{
    pthread_mutex_lock(&clients_lock);
    for (struct host_client *client = clients; client; client = client->next)
        take_idle(client, take, context);
    pthread_mutex_unlock(&clients_lock);
}

bool clients_hold_handles(void)
{
    pthread_mutex_lock(&clients_lock);
    sweep();
    bool any = false;
    for (const struct host_client *client = clients; client; client = client->next)
        any |= client->count != 0;
    pthread_mutex_unlock(&clients_lock);
    return any;
}
