/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Clients: who they are, what they ask, and everything that goes when they go. */
#include "runtime/fard/cluster.h"
#include "runtime/fard/confined.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/grant.h"
#include "runtime/fard/log.h"
#include "runtime/fard/node_guest.h"
#include "runtime/fard/observe.h"
#include "runtime/fard/principal.h"
#include "runtime/fard/queue.h"
#include "runtime/fard/request.h"
#include "runtime/fard/revoke.h"
#include "runtime/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

struct account *account_get(struct list *accounts, uid_t uid)
{
    for (struct list *at = accounts->next; at != accounts; at = at->next) {
        struct account *account = list_entry(at, struct account, link);
        if (account->uid == uid) {
            account->users++;
            return account;
        }
    }
    struct account *account = calloc(1, sizeof *account);
    if (!account)
        return NULL;
    account->uid = uid;
    account->users = 1;
    list_init(&account->parked);
    list_append(accounts, &account->link);
    return account;
}

void account_put(struct account *account)
{
    if (--account->users)
        return;
    list_take_out(&account->link);
    list_take_out(&account->of_fard);
    free(account);
}

static int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void client_reply(struct client *client, const struct far_message *request, const void *body, size_t size)
{
    peer_send(&client->peer, request->type | FAR_MSG_REPLY, request->serial, body, size, NULL, 0);
}

/* What came of it was said to the client; here it is for whoever looks after the machine. */
static void say_nuisance(struct client *client, const char *event, const struct far_error *error)
{
    nuisance_say(&client->fard->nuisances, event, client->who.uid, client->who.pid, error->text);
}

void client_send_error(struct client *client, uint32_t serial, const struct far_error *error)
{
    if (client->guest)
        guest_refuse(client->guest, serial, error);
    else
        peer_send_error(&client->peer, serial, error);
}

void client_refuse(struct client *client, uint32_t serial, int result, struct far_error *error, const char *what)
{
    if (result < 0)
        describe_failure(error, result, what);
    metrics_count_refusal(&client->fard->metrics, error->code);
    client_send_error(client, serial, error);
    if (error->code != EBADMSG || client->guest)
        return;
    say_nuisance(client, "client-rubbish", error);
    peer_lose(&client->peer); /* whoever sends rubbish is told so and sees no more of us */
}

/* Does a host run under this manager's uid, or what one has left behind? */
static bool may_be_host(const struct client *client)
{
    const struct registry *registry = &client->fard->registry;
    if (client->who.uid != 0 && client->who.uid != client->fard->uid)
        return false;
    if (client->fard->uid != 0)
        return client->who.uid == client->fard->uid;
    for (uint32_t i = 0; i < registry->count; i++)
        if (registry->service[i]->host && registry->service[i]->host->uid == client->who.uid)
            return true;
    for (const struct list *at = client->fard->leaving.next; at != &client->fard->leaving; at = at->next)
        if (list_entry(at, struct host, link)->uid == client->who.uid)
            return true;
    return false;
}

int client_check_manager(const struct client *client, struct far_error *error)
{
    bool sandboxed = may_be_host(client) && peer_is_confined(client->peer.source.fd);
    if (!sandboxed && (client->who.uid == 0 || client->who.uid == client->fard->uid))
        return 0;
    if (sandboxed)
        return refuse(error, EACCES, EX_NOPERM,
                      "process %d runs in a sandbox (under seccomp filters that fard does not have), as hosts of this "
                      "uid do: it may not manage fard",
                      (int)client->who.pid);
    return refuse(error, EACCES, EX_NOPERM, "only uid %u, which runs this fard, or root may do that",
                  client->fard->uid);
}

/* What each user may ask for, and is kept on the disk at once. What a queued call writes later must not be refused: its result
 * would be lost. */
static bool writes(uint16_t type)
{
    return type == FAR_MSG_CAPABILITY_NARROW || type == FAR_MSG_CAPABILITY_REVOKE || type == FAR_MSG_QUEUE_PUT;
}

static void examine(struct client *client, const struct service *service)
{
    struct program *program = &client->who.program;
    if (program->path && !program->examined && policy_names_program(&client->fard->registry, service, program->path))
        principal_examine(program, client->fard->uid);
}

enum far_level client_grant(struct client *client, const struct service *service, struct policy_reason *why)
{
    examine(client, service);
    return policy_grant(&client->fard->registry, service, &client->who, why);
}

static int dispatch(struct client *client, const struct far_message *message, int *fds, unsigned fd_count,
                    struct far_error *error)
{
    int asked = cluster_ask_first(client, message, fds, fd_count, error);
    if (asked)
        return asked;
    switch (message->type) {
    case FAR_MSG_RESOLVE:
        return handle_resolve(client, message, error);
    case FAR_MSG_BIND:
        return handle_bind(client, message, error);
    case FAR_MSG_LINK:
        return handle_link(client, message, error);
    case FAR_MSG_OPEN_CHANNEL:
        return handle_open_channel(client, message, error);
    case FAR_MSG_CLOSE_CHANNEL:
        return handle_close_channel(client, message, error);
    case FAR_MSG_REOPEN_CHANNEL:
        return handle_reopen_channel(client, message, error);
    case FAR_MSG_DOMAIN:
        return handle_domain(client, message, error);
    case FAR_MSG_TRUST:
        return handle_trust(client, message, error);
    case FAR_MSG_REGION:
        return handle_region(client, message, error);
    case FAR_MSG_GRANT:
        return handle_grant(client, message, error);
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
    case FAR_MSG_EXPLAIN:
        return handle_explain(client, message, error);
    case FAR_MSG_POLICY:
        return handle_policy(client, message, error);
    case FAR_MSG_SEGMENT:
        return handle_segment(client, message, error);
    case FAR_MSG_SETTINGS:
        return handle_settings(client, message, error);
    case FAR_MSG_NODES:
        return handle_nodes(client, message, error);
    case FAR_MSG_METRICS:
        return handle_metrics(client, message, error);
    case FAR_MSG_TOP:
        return handle_top(client, message, error);
    case FAR_MSG_TRACE:
        return handle_trace(client, message, error);
    case FAR_MSG_STATUS:
        return handle_status(client, message, error);
    case FAR_MSG_PRESENT:
        return handle_present(client, message, error);
    case FAR_MSG_REVOKE_DONE:
        return handle_revoke_done(client, message, error);
    case FAR_MSG_CAPABILITY_GRANT:
        return handle_capability_grant(client, message, error);
    case FAR_MSG_CAPABILITY_NARROW:
        return handle_capability_narrow(client, message, error);
    case FAR_MSG_CAPABILITY_REVOKE:
        return handle_capability_revoke(client, message, error);
    case FAR_MSG_CAPABILITY_LIST:
        return handle_capability_list(client, message, error);
    case FAR_MSG_QUEUE_PUT:
        return handle_queue_put(client, message, error);
    case FAR_MSG_QUEUE_LOOK:
        return handle_queue_look(client, message, error);
    case FAR_MSG_QUEUE_DROP:
        return handle_queue_drop(client, message, error);
    case FAR_MSG_QUEUE_NEXT:
        return handle_queue_next(client, message, error);
    case FAR_MSG_QUEUE_MARK:
        return handle_queue_mark(client, message, error);
    default:
        return refuse(error, ENOSYS, EX_PROTOCOL, "this fard knows no request of type %u; is it older than what asks?",
                      message->type);
    }
}

static void count_request(struct client *client, uint16_t type, int64_t ns)
{
    struct metrics *metrics = &client->fard->metrics;
    metrics_count_request(metrics, type);
    if (type == FAR_MSG_BIND)
        metric_observe(&metrics->bind_time, (uint64_t)ns);
    client->account->requests++;
    fair_spend(&client->account->share, client->fard->turn, ns + FAIR_REQUEST_NS);
}

/* paid_ns: for what it writes, already. */
static void serve(struct client *client, const struct far_message *message, int *fds, unsigned fd_count,
                  int64_t paid_ns)
{
    struct far_error error = {0};
    int64_t begin = nanoseconds();
    FAR_PROBE(request__begin, message->type, client->who.uid, client->who.pid);
    int result = dispatch(client, message, fds, fd_count, &error);
    FAR_PROBE(request__end, message->type, client->who.uid, client->who.pid, error.code);
    if (result < 0 || result == FARD_REFUSED)
        client_refuse(client, message->serial, result, &error, "fard");
    if (result == FARD_REFUSED)
        audit_refusal(client, message, &error);
    if (message->type == FAR_MSG_BIND && (result < 0 || result == FARD_REFUSED))
        metrics_count_bind(&client->fard->metrics, METRIC_BIND_REFUSED);
    int64_t end = nanoseconds();
    if (writes(message->type) && result != FARD_REFUSED) /* who asks in vain does not wait the longer for it */
        fair_write(&client->fard->writers, client->who.uid, end, end - begin - paid_ns);
    count_request(client, message->type, end - begin);
}

void client_serve_again(struct client *client, const struct far_message *message, int *fds, unsigned fd_count,
                        bool asked, const struct far_error *error)
{
    if (client->peer.lost)
        return;
    client->asked = asked;
    client->asked_in_vain = error;
    serve(client, message, fds, fd_count, 0);
    client->asked = false;
    client->asked_in_vain = NULL;
}

static void forget_held(struct client *client)
{
    timer_stop(&client->held_timer);
    if (client->held)
        explicit_bzero(client->held, client->held->size); /* there may be a token in it */
    free(client->held);
    client->held = NULL;
}

static void serve_held(struct timer *timer)
{
    struct client *client = list_entry(timer, struct client, held_timer);
    struct far_message *message = client->held;
    client->held = NULL;
    if (!client->peer.lost)
        serve(client, message, NULL, 0, FAIR_WRITE_NS);
    explicit_bzero(message, message->size);
    free(message);
}

/*
 * Such a request waits, and nothing else does: whoever asks may be told meanwhile to give up memory, and has to say that it
 * has. Its place in time is kept from now on: what it will take is taken for something already. False: it cannot wait.
 */
static bool hold(struct client *client, const struct far_message *message, int64_t wait_ns)
{
    struct fard *fard = client->fard;
    if (client->held || wait_ns > FAIR_WRITE_WAIT_MS * (int64_t)1000000)
        return false;
    client->held = malloc(message->size);
    if (!client->held)
        return false;
    memcpy(client->held, message, message->size);
    explicit_bzero((void *)(uintptr_t)(message + 1), message->size - sizeof *message);
    fair_write(&fard->writers, client->who.uid, nanoseconds(), FAIR_WRITE_NS);
    client->held_timer.fire = serve_held;
    timer_start(&fard->loop, &client->held_timer, wait_ns / 1000000 + 1);
    fard->metrics.deferred++;
    client->account->deferred++;
    return true;
}

static int64_t write_wait(struct client *client, const struct far_message *message)
{
    struct far_error ignored;
    if (!writes(message->type) || client_check_manager(client, &ignored) == 0)
        return 0;
    return fair_write_wait(&client->fard->writers, client->who.uid, nanoseconds());
}

static void client_message(struct peer *peer, const struct far_message *message, int *fds, unsigned fd_count)
{
    struct client *client = list_entry(peer, struct client, peer);
    struct far_error error;
    int64_t wait = write_wait(client, message);
    if (!wait) {
        serve(client, message, fds, fd_count, 0);
        return;
    }
    if (hold(client, message, wait))
        return;
    refuse(&error, EAGAIN, EX_TEMPFAIL,
           "uid %u has had fard write to its store for as long as one user may; try again in %lld ms", client->who.uid,
           (long long)(wait / 1000000 + 1));
    client_refuse(client, message->serial, FARD_REFUSED, &error, "fard");
}

/* As `far register` does, whoever runs it. */
static void client_sent_rights(struct peer *peer, const struct far_error *error)
{
    const struct far_message unread = {.type = FAR_MSG_REGISTER};
    audit_refusal(list_entry(peer, struct client, peer), &unread, error);
}

static void client_sent_rubbish(struct peer *peer, const struct far_error *error)
{
    struct client *client = list_entry(peer, struct client, peer);
    metrics_count_refusal(&client->fard->metrics, error->code);
    say_nuisance(client, "client-rubbish", error);
}

/* A uid that has used its share up waits for the next turn, behind its other clients that wait already. */
static bool client_may_receive(struct peer *peer)
{
    struct client *client = list_entry(peer, struct client, peer);
    struct account *account = client->account;
    if (list_is_empty(&account->parked) && fair_may_spend(&account->share, client->fard->turn))
        return true;
    if (!client->parked.next) {
        list_append(&account->parked, &client->parked);
        account->deferred++;
        client->fard->metrics.deferred++;
    }
    if (!account->of_fard.next)
        list_append(&client->fard->parked, &account->of_fard);
    peer_pause(peer);
    return false;
}

static void serve_account(struct account *account, uint64_t turn)
{
    while (!list_is_empty(&account->parked) && fair_may_spend(&account->share, turn)) {
        struct client *client = list_entry(account->parked.next, struct client, parked);
        list_take_out(&client->parked);
        peer_resume(&client->peer);
    }
    if (list_is_empty(&account->parked))
        list_take_out(&account->of_fard);
}

/* Turns in which nobody asks, and nobody who waits may be served, need not be gone through one by one. */
static uint64_t turns_to_go(struct fard *fard)
{
    uint64_t least = UINT64_MAX;
    if (!fard->loop.quiet)
        return 1;
    for (struct list *at = fard->accounts.next; at != &fard->accounts; at = at->next) {
        uint64_t wait = fair_turns_to_wait(&list_entry(at, struct account, link)->share, fard->turn);
        if (wait && wait < least)
            least = wait;
    }
    return least == UINT64_MAX ? 1 : least;
}

bool clients_serve_parked(struct fard *fard)
{
    fard->turn += turns_to_go(fard);
    for (struct list *at = fard->parked.next, *next; at != &fard->parked; at = next) {
        next = at->next;
        serve_account(list_entry(at, struct account, of_fard), fard->turn);
    }
    return !list_is_empty(&fard->parked) || fard->has_lost_clients;
}

static void client_lost(struct peer *peer)
{
    struct client *client = list_entry(peer, struct client, peer);
    client->fard->has_lost_clients = true;
}

/* It takes time too (channels, threads that close), and who connects and goes all day long pays for it. */
static void free_lost(struct client *client)
{
    struct account *account = client->account;
    uint64_t turn = client->fard->turn;
    int64_t begin = nanoseconds();
    account->users++; /* it must outlive its last client */
    client_free(client);
    fair_spend(&account->share, turn, nanoseconds() - begin);
    account_put(account);
}

bool client_has_room(const struct client *client)
{
    const struct fard *fard = client->fard;
    const struct quota_use use = {
        .descriptors = fard->descriptors,
        .clients = fard->client_count - 1,
        .uid_clients = client->account->clients - 1,
        .others = DOMAIN_DESCRIPTORS * fard->domains.live + node_descriptors(fard),
        .uid_others = DOMAIN_DESCRIPTORS * client->account->domains,
        .manager = client->who.uid == 0 || client->who.uid == fard->uid,
    };
    return quota_admits(&use);
}

static void client_begin(struct client *client, struct fard *fard)
{
    client->fard = fard;
    client->connection = domains_next_connection(&fard->domains);
    client->account->clients++;
    fard->client_count += !client->guest;
    list_init(&client->channels);
    list_init(&client->waiters);
    list_init(&client->registrations);
    list_init(&client->traces);
    list_init(&client->regions);
    list_init(&client->outgoing);
}

void client_begin_guest(struct client *client, struct fard *fard, struct account *account, const struct principal *who,
                        struct guest *guest)
{
    client->account = account;
    client->who = *who;
    client->guest = guest;
    client->peer.source.fd = -1;
    client->peer.lost = true;
    client_begin(client, fard);
}

static int client_new(struct fard *fard, int fd)
{
    static const struct peer_calls calls = {client_message, client_lost, client_may_receive, client_sent_rights,
                                            client_sent_rubbish};
    int64_t begin = nanoseconds();
    struct client *client = calloc(1, sizeof *client);
    int result = client ? principal_from_socket(fd, &client->who) : -ENOMEM;
    if (!result && !(client->account = account_get(&fard->accounts, client->who.uid)))
        result = -ENOMEM;
    if (result) {
        if (client)
            principal_end(&client->who);
        free(client);
        close(fd);
        return result;
    }
    client_begin(client, fard);
    list_append(&fard->clients, &client->link);
    result = peer_init(&client->peer, &fard->loop, fd, &calls);
    client->peer.takes_rights = client->who.uid == 0 || client->who.uid == fard->uid;
    if (!result)
        fair_spend(&client->account->share, fard->turn, nanoseconds() - begin + FAIR_REQUEST_NS);
    if (!result && !client_has_room(client)) {
        struct far_error error;
        fard->metrics.turned_away++;
        refuse(&error, EUSERS, EX_TEMPFAIL, "uid %u has %u connections open already, and fard has %u of all users",
               client->who.uid, client->account->clients - 1, fard->client_count - 1);
        peer_send_error(&client->peer, 0, &error);
        say_nuisance(client, "client-turned-away", &error);
        peer_lose(&client->peer);
        free_lost(client); /* at once: what waits for its user's turn is never more than the limit */
    }
    if (result)
        client_free(client);
    return result;
}

/* Of nobody's: standard error is the starter's, who may wait for its end. */
int fard_take_spare(struct fard *fard)
{
    fard->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fard->spare < 0 ? -errno : 0;
}

int fard_accept(struct fard *fard, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
        return fd;
    close(fard->spare);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        close(fd);
    fard_take_spare(fard);
    return -1;
}

int client_accept(struct fard *fard, int listener)
{
    int fd = fard_accept(fard, listener);
    if (fd < 0)
        return 0; /* gone again, or refused: nothing that the loop must know */
    int result = client_new(fard, fd);
    if (result)
        log_event(LOG_LEVEL_WARNING, "client-turned-away", NULL, 0, "a client was turned away: %s", strerror(-result));
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
    forget_held(client);
    cluster_client_gone(client);
    forget_registrations(client);
    traces_of_client_end(client);
    revocations_forget_client(client);
    domain_client_gone(client);
    outgoing_client_gone(client);
    while (!list_is_empty(&client->channels))
        channel_end(list_entry(client->channels.next, struct channel, of_client), CHANNEL_CLIENT_GONE);
    while (!list_is_empty(&client->waiters)) {
        struct waiter *waiter = list_entry(client->waiters.next, struct waiter, of_client);
        channel_count_down(client, waiter->size);
        waiter_free(waiter);
    }
    list_take_out(&client->link);
    list_take_out(&client->parked);
    client->fard->client_count -= !client->guest;
    client->account->clients--;
    account_put(client->account);
    peer_free(&client->peer);
    free(client->bound);
    principal_end(&client->who);
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
        if (!client->peer.lost)
            continue;
        if (fair_may_spend(&client->account->share, fard->turn))
            free_lost(client);
        else
            fard->has_lost_clients = true;
    }
}
