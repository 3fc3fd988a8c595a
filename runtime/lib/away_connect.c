/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Connections of a channel to another node. The first one's ticket came with the channel; for each other one fard is asked (REOPEN_CHANNEL).
 * On each both sides say first how far they have come (struct wire_hello): what one has sent and the other has not got is sent again.
 *
 * How long it is tried: as long as the operation's deadline says; without one, as the path's patience, which begins anew whenever the
 * other node has answered. A worker that is in the middle of a long operation says nothing until that is over, but its node does.
 */
#include "runtime/lib/away.h"

#include "runtime/lib/error.h"
#include "runtime/net/wire_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define PAUSE_FIRST_NS (5 * AWAY_NS_PER_MS)
#define PAUSE_MOST_NS  AWAY_NS_PER_S
#define GREET_FIRST_NS (10 * AWAY_NS_PER_S) /* for the transport to begin, and the host's HELLO */
#define GREET_MOST_NS  (60 * AWAY_NS_PER_S)
#define BYE_NS         (50 * AWAY_NS_PER_MS)
#define CLOSE_TRIES    100

/* --- asking fard --- */

static bool is_a_path(const struct far_channel_path *path)
{
    return memchr(path->address, '\0', sizeof path->address) && memchr(path->node, '\0', sizeof path->node) &&
           path->transport > WIRE_TRANSPORT_NONE && path->transport < WIRE_TRANSPORT_COUNT;
}

static int ask_locked(const struct far_channel *channel, struct far_channel_path *path, struct far_error *error)
{
    struct {
        struct far_channel_reply reply;
        struct far_channel_path path;
    } body;
    const struct far_close_channel request = {.channel = channel->id};
    struct iovec part = {(void *)(uintptr_t)&request, sizeof request};
    struct far_answer answer = {.body = &body, .room = sizeof body};
    if (channel->opened_on != far_process.connection_number || far_process.connection.fd < 0)
        return far_fail(error, EHOSTDOWN, EX_UNAVAILABLE, "the fard that had opened the channel is gone");
    int failed = connection_request(&far_process.connection, FAR_MSG_REOPEN_CHANNEL, &part, 1, &answer, error);
    if (failed)
        return failed;
    answer_close_fds(&answer);
    if (answer.size != sizeof body || !is_a_path(&body.path))
        return far_fail(error, EPROTO, EX_PROTOCOL, "fard sent no usable path");
    *path = body.path;
    return 0;
}

static int ask_path(const struct far_channel *channel, struct far_channel_path *path, struct far_error *error)
{
    sigset_t saved;
    process_lock(&saved);
    int failed = ask_locked(channel, path, error);
    process_unlock(&saved);
    return failed;
}

/* --- one connection --- */

static int lost_thread(struct far_channel *channel, const char *what, struct far_error *error)
{
    return far_fail(error, ESTALE, EX_UNAVAILABLE, "the host on node %s %s; whether the call was executed is not known",
                    channel->away->path.node, what);
}

/* What the host has got and what it has not. */
static int go_on_from(struct far_channel *channel, const struct wire_hello *hello, struct far_error *error)
{
    struct far_away *away = channel->away;
    away->generation = hello->generation;
    if (hello->received == channel->sequence)
        return 0; /* all of it; an answer that we have not got comes by itself */
    if (!away_awaits(channel) || hello->received != away->received)
        return lost_thread(channel, "does not know what was said before", error);
    if (away->torn)
        return lost_thread(channel, "has forgotten a call that it was answering", error);
    return away_transmit(channel) ? far_fail(error, ECONNRESET, EX_UNAVAILABLE, "the connection was lost again") : 0;
}

static int greet(struct far_channel *channel, uint64_t deadline, struct far_error *error)
{
    struct far_away *away = channel->away;
    const struct wire_hello ours = {.channel = away->path.channel,
                                    .sent = channel->sequence,
                                    .received = away->received,
                                    .generation = away->generation,
                                    .size = channel->size};
    struct wire_hello theirs;
    struct wire_frame frame;
    char why[128] = "";
    int failed = stream_say(&away->stream, WIRE_HELLO, 0, &ours, sizeof ours, deadline);
    failed = failed ? failed : stream_next(&away->stream, &frame, deadline);
    if (!failed && frame.type != WIRE_HELLO)
        failed = -EPROTO;
    failed = failed ? failed : stream_take(&away->stream, &theirs, sizeof theirs, deadline);
    if (!failed)
        failed = wire_check_hello(&theirs, away->path.channel, channel->size, why, sizeof why);
    if (failed)
        return far_fail(error, -failed, EX_UNAVAILABLE, "the host on node %s does not answer: %s%s%s", away->path.node,
                        strerror(-failed), why[0] ? ": " : "", why);
    return go_on_from(channel, &theirs, error);
}

static uint32_t spin_limit(void)
{
    int32_t wished = process_settings()->spin;
    return wished > 0 ? (uint32_t)wished : 0;
}

static uint64_t sooner(uint64_t until, uint64_t patience_ns)
{
    uint64_t end = away_now() + patience_ns;
    return until && until < end ? until : end;
}

static int connect_once(struct far_channel *channel, uint64_t until, uint64_t greet_ns, struct far_error *error)
{
    struct far_away *away = channel->away;
    const struct far_channel_path *path = &away->path;
    struct transport *transport;
    int fd;
    away->is_dialled = false;
    const struct transport_kind *kind = transport_load(path->transport, error);
    int failed = kind ? transport_dial(path->address, path->transport, path->ticket, until, &fd, error) : -EOPNOTSUPP;
    if (failed)
        return failed;
    away->is_dialled = true;
    uint64_t deadline = sooner(until, greet_ns);
    failed = kind->begin(fd, true, path->ticket, path->secret, deadline, &transport, error);
    if (failed)
        return failed;
    stream_open(&away->stream, transport, spin_limit());
    failed = greet(channel, deadline, error);
    if (failed)
        stream_close(&away->stream);
    away->heard = away_now();
    away->pinged = 0;
    return failed;
}

/* --- as long as it takes --- */

/* How a row of tries stands. */
struct tries {
    uint64_t until;    /* of who waits; 0: none */
    uint64_t patience; /* nanoseconds */
    uint64_t end;      /* of that, since the node was last heard of */
    uint64_t pause, greet;
    bool has_path;
};

static struct tries tries_begin(const struct far_away *away, uint64_t until)
{
    uint64_t patience = (away->path.patience_ms ? away->path.patience_ms : AWAY_PATIENCE_MS) * AWAY_NS_PER_MS;
    return (struct tries){.until = until,
                          .patience = patience,
                          .end = away_now() + patience,
                          .pause = PAUSE_FIRST_NS,
                          .greet = GREET_FIRST_NS};
}

/* What fard says, and what it may be as well that will be better soon. */
static bool may_pass(int code)
{
    switch (code) {
    case EAGAIN:
    case EBUSY:
    case EINTR:
    case EPIPE:
    case ENOTCONN:
    case ETIMEDOUT:
    case ECONNRESET:
    case ECONNABORTED:
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        return true;
    default:
        return false;
    }
}

/* 0; -errno: try again; errno: it is of no use. */
static int try_once(struct far_channel *channel, struct tries *tries, struct far_error *error)
{
    struct far_away *away = channel->away;
    int failed = tries->has_path ? 0 : ask_path(channel, &away->path, error);
    if (failed)
        return may_pass(-failed) ? failed : -failed;
    tries->has_path = false; /* a ticket is good for one connection */
    failed = connect_once(channel, tries->until, tries->greet, error);
    if (away->is_dialled) {
        tries->end = away_now() + tries->patience;
        tries->greet = tries->greet * 2 < GREET_MOST_NS ? tries->greet * 2 : GREET_MOST_NS;
    }
    bool useless = failed == -ESTALE || failed == -EOPNOTSUPP || failed == -EPROTONOSUPPORT || failed == -EINVAL ||
                   failed == -EFAULT; /* another thread has unmapped what a call refers to */
    return useless ? -failed : failed;
}

static void pause_between(struct tries *tries)
{
    uint64_t now = away_now(), end = now + tries->pause;
    end = tries->until && tries->until < end ? tries->until : end;
    uint64_t ns = end > now ? end - now : 0;
    const struct timespec pause = {(time_t)(ns / AWAY_NS_PER_S), (long)(ns % AWAY_NS_PER_S)};
    nanosleep(&pause, NULL);
    tries->pause = tries->pause * 2 < PAUSE_MOST_NS ? tries->pause * 2 : PAUSE_MOST_NS;
}

/* 0; ETIMEDOUT: `until` has passed; any other errno: given up. */
static int connect_patiently(struct far_channel *channel, struct tries *tries, struct far_error *error)
{
    for (;;) {
        int failed = try_once(channel, tries, error);
        if (failed >= 0)
            return failed;
        uint64_t now = away_now();
        if (tries->until && now >= tries->until)
            return ETIMEDOUT;
        if (now >= tries->end)
            return EHOSTDOWN;
        pause_between(tries);
    }
}

static void give_up(struct far_channel *channel, int failed, const struct far_error *error)
{
    struct far_away *away = channel->away;
    bool knows = failed == EACCES || failed == ESTALE || !away_awaits(channel);
    snprintf(away->why, sizeof away->why, "%.400s%s", error->text,
             knows ? "" : "; whether the call was executed is not known");
    away_mark_dead(channel, failed == EACCES ? FAR_FATE_REVOKED : 1);
}

int away_resume(struct far_channel *channel, uint64_t until)
{
    struct far_error error = {0};
    struct tries tries = tries_begin(channel->away, until);
    int saved = errno, failed = connect_patiently(channel, &tries, &error);
    if (failed && failed != ETIMEDOUT)
        give_up(channel, failed, &error);
    errno = saved;
    return !failed || failed == ETIMEDOUT || failed == EACCES ? failed : EHOSTDOWN;
}

/* --- a channel's beginning and end --- */

static struct far_away *all; /* under the process's lock */

static void away_free(struct far_away *away)
{
    *away->link = away->next;
    if (away->next)
        away->next->link = away->link;
    bundle_body_free(&away->out);
    bundle_body_free(&away->in);
    free(away);
}

static struct far_away *away_new(const struct far_channel_path *path)
{
    struct far_away *away = calloc(1, sizeof *away);
    sigset_t saved;
    if (!away)
        return NULL;
    away->path = *path;
    process_lock(&saved);
    away->link = &all;
    away->next = all;
    if (all)
        all->link = &away->next;
    all = away;
    process_unlock(&saved);
    return away;
}

static int make_memory(struct far_channel *channel, const struct far_channel_path *path, struct far_error *error)
{
    void *astack =
        mmap(NULL, channel->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct far_away *away = astack == MAP_FAILED ? NULL : away_new(path);
    if (!away && astack != MAP_FAILED)
        munmap(astack, channel->size);
    if (!away)
        return far_fail(error, ENOMEM, EX_OSERR, "no memory for an A-stack of %llu bytes",
                        (unsigned long long)channel->size);
    channel->astack = astack;
    channel->astack->reply.cpu = UINT32_MAX; /* served, on none of our cores */
    channel->away = away;
    return 0;
}

int away_open(struct far_channel *channel, const struct far_channel_path *path, struct far_error *error)
{
    if (!is_a_path(path))
        return far_fail(error, EPROTO, EX_PROTOCOL, "fard sent no usable path to another node");
    int failed = make_memory(channel, path, error);
    if (failed)
        return failed;
    struct tries tries = tries_begin(channel->away, 0);
    tries.has_path = true;
    failed = connect_patiently(channel, &tries, error);
    if (!failed)
        return 0;
    error->code = error->code ? error->code : failed;
    return -error->code;
}

/* A jump out of the middle of it has left the connection as nobody knows: it is not touched any more, but for its end. */
static bool is_torn(struct far_away *away)
{
    const struct timespec moment = {0, 1000000};
    bool busy = __atomic_load_n(&away->busy, __ATOMIC_ACQUIRE);
    for (int tries = 0; busy && away->owner != far_thread && tries < CLOSE_TRIES; tries++) {
        nanosleep(&moment, NULL);
        busy = __atomic_load_n(&away->busy, __ATOMIC_ACQUIRE);
    }
    return busy;
}

void away_close(struct far_channel *channel)
{
    struct far_away *away = channel->away;
    struct transport *transport = away->stream.transport;
    int saved = errno;
    bool torn = is_torn(away);
    if (torn && transport) {
        shutdown(transport->fd, SHUT_RDWR);
        close(transport->fd);
    } else if (transport) {
        stream_say(&away->stream, WIRE_BYE, 0, NULL, 0, away_now() + BYE_NS);
        stream_close(&away->stream);
    }
    away_free(away);
    channel->away = NULL;
    errno = saved;
}

/* Nothing that the transport still has to say may reach the parent's connection: it goes to a socket that leads nowhere. */
void away_forget(struct far_channel *channel, bool in_use)
{
    struct transport *transport = channel->away->stream.transport;
    int nowhere = transport ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    bool led = nowhere >= 0 && dup3(nowhere, transport->fd, O_CLOEXEC) >= 0;
    if (nowhere >= 0)
        close(nowhere);
    if (transport && !led)
        close(transport->fd);
    if (in_use) /* the child's copy of that call still looks at it */
        return;
    if (led && !channel->away->busy)
        transport_end(transport);
    away_free(channel->away);
    channel->away = NULL;
}
