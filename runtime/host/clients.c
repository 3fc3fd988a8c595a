/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The clients of a service. A client is known by its process: its record lives as long as the process (its pidfd
 * tells), not as long as its channels, since a thread that ends closes its channel and its handles may be another
 * thread's.
 */
#include "runtime/callback.h"
#include "runtime/host/client.h"
#include "runtime/host/thunk.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS_KEPT   8
#define AWAY_REMEMBERED_MS 30000 /* between two channels of a client on another node */

static pthread_mutex_t clients_lock = PTHREAD_MUTEX_INITIALIZER;
static struct host_client *clients;

void client_identity(const struct host_client *client, struct far_host_channel *channel)
{
    channel->pid = client->pid;
    channel->uid = client->uid;
    channel->node = client->node;
}

bool client_has_ended(const struct host_client *client)
{
    struct pollfd process = {.fd = client->pidfd, .events = POLLIN};
    return client->pidfd >= 0 && poll(&process, 1, 0) > 0;
}

static uint64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Of a process on another node nobody here knows: one that has no channel for so long does not come back. */
static bool client_gone_away(const struct host_client *client)
{
    return milliseconds() - client->left_at >= AWAY_REMEMBERED_MS;
}

static bool client_gone(const struct host_client *client)
{
    if (client->node)
        return client_gone_away(client);
    struct pollfd process = {.fd = client->pidfd, .events = POLLIN};
    return client->pidfd < 0 || poll(&process, 1, 0) != 0;
}

static void client_free(struct host_client *client)
{
    if (client->pidfd >= 0)
        close(client->pidfd);
    pthread_mutex_destroy(&client->lock);
    thunks_forget(client);
    handles_free(client);
    walk_kept_free(client->kept);
    user_put(client->user);
    free(client->given);
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

static struct host_client *client_new(struct client_name name)
{
    struct host_client *client = calloc(1, sizeof *client);
    if (client)
        client->user = user_get_of(name.node, name.uid);
    if (!client || !client->user) {
        free(client);
        return NULL;
    }
    client->pid = name.pid;
    client->uid = name.uid;
    client->node = name.node;
    client->pidfd = name.node ? -1 : open_process(name.pid);
    pthread_mutex_init(&client->lock, NULL);
    client->next = clients;
    return clients = client;
}

static bool is_named(const struct host_client *client, struct client_name name)
{
    return client->pid == name.pid && client->uid == name.uid && client->node == name.node;
}

struct host_client *client_get_by_name(struct client_name name)
{
    pthread_mutex_lock(&clients_lock);
    sweep();
    struct host_client *client = clients;
    /* The same number may be another process by now. */
    while (client && (!is_named(client, name) || (client->pidfd >= 0 && client_gone(client))))
        client = client->next;
    if (!client)
        client = client_new(name);
    if (client)
        client->channels++;
    pthread_mutex_unlock(&clients_lock);
    return client;
}

struct host_client *client_get(uint32_t pid, uint32_t uid)
{
    return client_get_by_name((struct client_name){.pid = pid, .uid = uid});
}

void client_gives_function(struct host_client *client)
{
    if (!__atomic_load_n(&client->gives_functions, __ATOMIC_RELAXED))
        __atomic_store_n(&client->gives_functions, true, __ATOMIC_RELAXED);
}

bool client_note_function(struct host_client *client, uint32_t number)
{
    uint64_t *given = __atomic_load_n(&client->given, __ATOMIC_ACQUIRE), *none = NULL;
    if (!given) {
        given = calloc(FAR_GIVEN_MAX / 64 + 1, sizeof *given);
        if (given &&
            !__atomic_compare_exchange_n(&client->given, &none, given, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            free(given);
            given = none;
        }
    }
    if (given)
        __atomic_or_fetch(&given[number / 64], 1ull << number % 64, __ATOMIC_RELEASE);
    client_gives_function(client);
    return given != NULL;
}

bool client_has_function(const struct host_client *client, uint32_t number)
{
    const uint64_t *given = __atomic_load_n(&client->given, __ATOMIC_ACQUIRE);
    return given && number <= FAR_GIVEN_MAX &&
           __atomic_load_n(&given[number / 64], __ATOMIC_ACQUIRE) >> number % 64 & 1;
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
    if (--client->channels == 0)
        client->left_at = milliseconds();
    sweep();
    pthread_mutex_unlock(&clients_lock);
}

void clients_take_handles(void (*take)(void *context, const struct handover_record *record), void *context)
{
    pthread_mutex_lock(&clients_lock);
    for (struct host_client *client = clients; client; client = client->next)
        handles_take_idle(client, take, context);
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
