/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Clients: who they are, what they ask, and everything that goes when they go. */
#include "runtime/fard/fard.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

static struct account *account_find(struct fard *fard, uid_t uid)
{
    for (struct list *at = fard->accounts.next; at != &fard->accounts; at = at->next) {
        struct account *account = list_entry(at, struct account, link);
        if (account->uid == uid)
            return account;
    }
    struct account *account = calloc(1, sizeof *account);
    if (!account)
        return NULL;
    account->uid = uid;
    list_append(&fard->accounts, &account->link);
    return account;
}

static void account_leave(struct account *account)
{
    if (--account->clients)
        return;
    list_take_out(&account->link);
    free(account);
}

/* Who is at the other end, by the kernel's word: as it was when it connected. */
static int identify(int fd, struct principal *who)
{
    struct ucred credentials;
    socklen_t size = sizeof credentials, groups = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
        return -errno;
    *who = (struct principal){.pid = credentials.pid, .uid = credentials.uid, .gid = credentials.gid};
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &groups) == 0 || errno != ERANGE)
        return 0;
    who->groups = malloc(groups);
    if (!who->groups)
        return -ENOMEM;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, who->groups, &groups) < 0)
        return -errno;
    who->group_count = (uint32_t)(groups / sizeof *who->groups);
    return 0;
}

void client_reply(struct client *client, const struct far_message *request, const void *body, size_t size)
{
    peer_send(&client->peer, request->type | FAR_MSG_REPLY, request->serial, body, size, NULL, 0);
}

void client_refuse(struct client *client, uint32_t serial, int result, struct far_error *error, const char *what)
{
    if (result < 0)
        describe_failure(error, result, what);
    peer_send_error(&client->peer, serial, error);
    if (error->code == EBADMSG)
        peer_lose(&client->peer); /* whoever sends rubbish is told so and sees no more of us */
}

int client_check_manager(const struct client *client, struct far_error *error)
{
    if (client->who.uid == 0 || client->who.uid == client->fard->uid)
        return 0;
    return refuse(error, EACCES, EX_NOPERM,
                  "only uid %u, which runs this fard, or root may register and unregister services", client->fard->uid);
}

static int dispatch(struct client *client, const struct far_message *message, int *fds, unsigned fd_count,
                    struct far_error *error)
{
    switch (message->type) {
    case FAR_MSG_RESOLVE:
        return handle_resolve(client, message, error);
    case FAR_MSG_BIND:
        return handle_bind(client, message, error);
    case FAR_MSG_OPEN_CHANNEL:
        return handle_open_channel(client, message, error);
    case FAR_MSG_CLOSE_CHANNEL:
        return handle_close_channel(client, message, error);
    case FAR_MSG_REGISTER:
        return handle_register(client, message, fds, fd_count, error);
    case FAR_MSG_UNREGISTER:
        return handle_unregister(client, message, error);
    case FAR_MSG_LIST:
        return handle_list(client, message, error);
    case FAR_MSG_MAP:
        return handle_map(client, message, error);
    case FAR_MSG_DESCRIBE:
        return handle_describe(client, message, error);
    case FAR_MSG_SEGMENT:
        return handle_segment(client, message, error);
    case FAR_MSG_STATUS:
        return handle_status(client, message, error);
    default:
        return refuse(error, ENOSYS, EX_PROTOCOL, "this fard knows no request of type %u; is it older than what asks?",
                      message->type);
    }
}

static void client_message(struct peer *peer, const struct far_message *message, int *fds, unsigned fd_count)
{
    struct client *client = list_entry(peer, struct client, peer);
    struct far_error error = {0};
    int result = dispatch(client, message, fds, fd_count, &error);
    if (result < 0 || result == FARD_REFUSED)
        client_refuse(client, message->serial, result, &error, "fard");
}

static void client_lost(struct peer *peer)
{
    struct client *client = list_entry(peer, struct client, peer);
    client->fard->has_lost_clients = true;
}

static int client_new(struct fard *fard, int fd)
{
    static const struct peer_calls calls = {client_message, client_lost};
    struct client *client = calloc(1, sizeof *client);
    int result = client ? identify(fd, &client->who) : -ENOMEM;
    if (!result && !(client->account = account_find(fard, client->who.uid)))
        result = -ENOMEM;
    if (result) {
        if (client)
            free(client->who.groups);
        free(client);
        close(fd);
        return result;
    }
    client->fard = fard;
    client->account->clients++;
    fard->client_count++;
    list_init(&client->channels);
    list_init(&client->waiters);
    list_init(&client->registrations);
    list_append(&fard->clients, &client->link);
    result = peer_init(&client->peer, &fard->loop, fd, &calls);
    client->peer.takes_rights = client->who.uid == 0 || client->who.uid == fard->uid;
    if (!result && client->account->clients > UID_CLIENTS_MAX) {
        struct far_error error;
        refuse(&error, EUSERS, EX_TEMPFAIL, "uid %u has %u connections open already", client->who.uid, UID_CLIENTS_MAX);
        peer_send_error(&client->peer, 0, &error);
        peer_lose(&client->peer);
    }
    if (result)
        client_free(client);
    return result;
}

/* No descriptor is left for one more client: let it in by the spare one, so that it is refused and not left to wait. */
static void refuse_one(struct fard *fard, int listener)
{
    close(fard->spare);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        close(fd);
    fard->spare = dup(STDERR_FILENO);
}

int client_accept(struct fard *fard, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE))
        refuse_one(fard, listener);
    if (fd < 0)
        return 0; /* gone again, or refused: nothing that the loop must know */
    int result = client_new(fard, fd);
    if (result)
        fard_log("a client was turned away: %s", strerror(-result));
    return 0;
}

static void forget_registrations(struct client *client)
{
    while (!list_is_empty(&client->registrations)) {
        struct registration *registration = list_entry(client->registrations.next, struct registration, of_client);
        list_take_out(&registration->of_client);
        registration->client = NULL;
    }
}

void client_free(struct client *client)
{
    forget_registrations(client);
    while (!list_is_empty(&client->channels))
        channel_end(list_entry(client->channels.next, struct channel, of_client), CHANNEL_CLIENT_GONE);
    while (!list_is_empty(&client->waiters)) {
        struct waiter *waiter = list_entry(client->waiters.next, struct waiter, of_client);
        channel_count_down(client, waiter->size);
        waiter_free(waiter);
    }
    list_take_out(&client->link);
    client->fard->client_count--;
    account_leave(client->account);
    peer_free(&client->peer);
    free(client->bound);
    free(client->who.groups);
    free(client);
}

void clients_free_lost(struct fard *fard)
{
    if (!fard->has_lost_clients)
        return;
    fard->has_lost_clients = false;
    for (struct list *at = fard->clients.next, *next; at != &fard->clients; at = next) {
        struct client *client = list_entry(at, struct client, link);
        next = at->next;
        if (client->peer.lost)
            client_free(client);
    }
}
