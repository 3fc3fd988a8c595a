/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far-host's conversation with fard. The end of the socket is the end of the host. */
#include "runtime/host/descriptors.h"
#include "runtime/host/domain.h"
#include "runtime/host/grant.h"
#include "runtime/host/handover.h"
#include "runtime/host/host.h"
#include "runtime/host/trace.h"

#include "runtime/lib/error.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define STOP_MS 500 /* for calls that are under way when fard says goodbye */

static const char help[] = "usage: far-host\n"
                           "\n"
                           "The process in which a service runs. fard starts one for each registered service, with its "
                           "socket as descriptor 3,\n"
                           "and again when it dies; there is nothing to be gained from starting it by hand.\n"
                           "\n"
                           "See also: fard --help, far register --help\n";

/* One packet from fard. */
struct packet {
    union {
        struct far_message message;
        unsigned char bytes[4096];
    };
    int fd[FAR_MESSAGE_FDS];
    int fd_count;
};

static void packet_take_fds(struct packet *packet, struct msghdr *header)
{
    packet->fd_count = 0;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
            continue;
        int count = (int)((control->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(packet->fd, CMSG_DATA(control), (size_t)count * sizeof(int));
        packet->fd_count = count;
    }
}

/* False at the end of the socket, or when what comes is no message. Without room for its descriptors it comes without. */
static bool packet_receive(struct packet *packet)
{
    struct iovec vector = {packet->bytes, sizeof packet->bytes};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(FAR_MESSAGE_FDS * sizeof(int))];
    } control;
    struct msghdr header = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got;
    do
        got = recvmsg(FAR_HOST_FD, &header, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    packet_take_fds(packet, &header);
    return (size_t)got >= sizeof packet->message && packet->message.magic == FAR_PROTOCOL_MAGIC &&
           packet->message.size == (size_t)got && !(header.msg_flags & MSG_TRUNC);
}

static const void *packet_body(const struct packet *packet, size_t size)
{
    return packet->message.size == sizeof packet->message + size ? &packet->message + 1 : NULL;
}

/* It ends with as many slots as it says. */
static const struct far_host_channel *packet_channel(const struct packet *packet)
{
    const struct far_host_channel *channel = (const void *)(&packet->message + 1);
    bool fine = packet->message.type == FAR_MSG_HOST_CHANNEL &&
                packet->message.size >= sizeof packet->message + sizeof *channel &&
                channel->slot_count <= FAR_HOST_SLOTS_MAX;
    return fine ? packet_body(packet, sizeof *channel + channel->slot_count * sizeof(uint32_t)) : NULL;
}

static void packet_close_fds(struct packet *packet)
{
    for (int i = 0; i < packet->fd_count; i++)
        close(packet->fd[i]);
    packet->fd_count = 0;
}

static int start_by_message(struct host *host, struct packet *packet, struct far_error *error)
{
    struct far_fds fds;
    const struct far_host_start *start = packet_body(packet, sizeof *start);
    if (packet->message.type != FAR_MSG_HOST_START || !start)
        return far_fail(error, EPROTO, EX_PROTOCOL, "far-host expected to be told its service, not message type %u",
                        packet->message.type);
    if (start->fds != (1u << FAR_FD_COUNT) - 1)
        return far_fail(error, EPROTO, EX_PROTOCOL, "far-host was not given all of its service's files");
    int failed = fds_take(&fds, start->fds, packet->fd, packet->fd_count, error);
    packet->fd_count = 0;
    if (failed)
        return failed;
    failed = host_start(host, start, &fds, error);
    fds_close(&fds);
    return failed;
}

/* Whoever must have no more answers has none from here on, and fard may say so. */
static void close_channel(const struct far_close_channel *gone)
{
    const struct far_close_channel closed = {.channel = gone->channel};
    bool deliver = gone->reserved != FAR_FATE_REVOKED;
    int failed = worker_stop(gone->channel, deliver);
    if (failed && !deliver) {
        fprintf(stderr, "far-host: no memory to keep an answer back from whom it must not reach: %s\n",
                strerror(-failed));
        _exit(EX_OSERR);
    }
    if (!deliver)
        tell_fard(FAR_MSG_HOST_CLOSE, &closed, sizeof closed);
}

/* Domain segments and regions have numbers of one row; none: all that this fard has not named. */
static void unmap(const struct far_host_unmap *what)
{
    if (!what->domain) {
        domains_forget();
        grants_forget();
    } else if (!grant_unmap(what)) {
        domain_unmap(what);
    }
}

static void open_channel(struct host *host, const struct far_host_channel *channel, struct packet *packet)
{
    const struct far_close_channel full = {.channel = channel->channel, .reserved = FAR_FATE_FULL};
    int failed = -EMFILE, socket = packet->fd_count > 1 ? packet->fd[1] : -1;
    host->beside = false;
    if (packet->fd_count)
        failed = worker_start(host, channel, packet->fd[0], socket);
    else
        tell_fard(FAR_MSG_HOST_CLOSE, &full, sizeof full);
    if (packet->fd_count > 1)
        packet->fd_count = 1;
    if (failed)
        fprintf(stderr, "far-host: %s: cannot serve channel %u: %s\n", host->service, channel->channel,
                strerror(-failed));
}

static void serve_message(struct host *host, struct packet *packet)
{
    const struct far_host_channel *channel = packet_channel(packet);
    const struct far_close_channel *gone = packet_body(packet, sizeof *gone);
    const struct far_host_domain *shared = packet_body(packet, sizeof *shared);
    const struct far_host_unmap *unshared = packet_body(packet, sizeof *unshared);
    const struct far_host_connection *connection = packet_body(packet, sizeof *connection);
    const struct far_host_lends *lends = packet_body(packet, sizeof *lends);
    if (packet->message.type == FAR_MSG_HOST_CHANNEL && channel && packet->fd_count <= 2) {
        open_channel(host, channel, packet);
    } else if (packet->message.type == FAR_MSG_HOST_CONNECTION && connection && packet->fd_count == 1) {
        worker_connection(connection, packet->fd[0]);
        packet->fd_count = 0;
    } else if (packet->message.type == FAR_MSG_HOST_LENDS && lends) {
        worker_lends(lends);
    } else if (packet->message.type == FAR_MSG_HOST_CLOSE && gone) {
        close_channel(gone);
    } else if (packet->message.type == FAR_MSG_HOST_MAP && shared && packet->fd_count == 1) {
        if (shared->access)
            grant_map(shared, packet->fd[0]);
        else
            domain_map(shared, packet->fd[0]);
    } else if (packet->message.type == FAR_MSG_HOST_UNMAP && unshared) {
        unmap(unshared);
    } else if (packet->message.type == FAR_MSG_HOST_TRACE && packet->fd_count == 1) {
        trace_start(host, packet->fd[0]);
        packet->fd_count = 0;
    } else if (packet->message.type == FAR_MSG_HOST_TRACE) {
        trace_stop(host);
    } else if (packet->message.type == FAR_MSG_HOST_HANDLES && packet->fd_count == 1) {
        handover_take(packet->fd[0]);
        packet->fd_count = 0;
    } else if (packet->message.type == FAR_MSG_HOST_CHANNELS) {
        domains_doubt();
        grants_doubt();
        workers_list(host);
    } else {
        fprintf(stderr, "far-host: %s: fard sent a message of type %u that is not understood\n", host->service,
                packet->message.type);
    }
    packet_close_fds(packet);
}

/*
 * Another host goes on with the data, now (then its socket comes along) or when there is one again: which is why destructors
 * are not run. In the second case, clients that hold handles need this one.
 */
static bool retire(struct packet *packet)
{
    if (packet->fd_count == 0 && (clients_hold_handles() || handover_is_taking())) {
        tell_fard(FAR_MSG_HOST_RETIRE, NULL, 0);
        return false;
    }
    if (packet->fd_count)
        handover_begin(packet->fd[0]);
    workers_retire();
    handover_wait_for_old_hosts();
    return true;
}

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The next packet. Until it comes, and should one come after the other, workers that sleep are looked after. */
static bool receive_watching(struct packet *packet, long *look_at)
{
    struct pollfd socket = {.fd = FAR_HOST_FD, .events = POLLIN};
    for (bool came = false; !came;) {
        long left = *look_at - milliseconds();
        if (left <= 0) {
            workers_look_after();
            *look_at = milliseconds() + (left = WORKER_LOOK_MS);
        }
        came = poll(&socket, 1, workers_are_there() ? (int)left : -1) > 0;
    }
    return packet_receive(packet);
}

static int serve(void)
{
    static struct packet packet;
    static struct host host;
    struct far_error error;
    if (!packet_receive(&packet)) {
        fprintf(stderr, "far-host: descriptor %d is no socket of fard's; fard starts this program (far-host --help)\n",
                FAR_HOST_FD);
        return EX_USAGE;
    }
    int failed = start_by_message(&host, &packet, &error);
    packet_close_fds(&packet);
    if (failed) {
        tell_fard(FAR_MSG_HOST_FAILED, &error, sizeof error);
        fprintf(stderr, "far-host: %s\n", error.text);
        return error.exit;
    }
    prctl(PR_SET_NAME, host.service);
    descriptors_prepare(&host);
    tell_fard(FAR_MSG_HOST_READY, NULL, 0);
    long look_at = milliseconds() + WORKER_LOOK_MS;
    host.watched = true;
    while (receive_watching(&packet, &look_at)) {
        if (packet.message.type == FAR_MSG_HOST_RETIRE && retire(&packet))
            return 0;
        if (packet.message.type == FAR_MSG_HOST_RETIRE)
            continue;
        serve_message(&host, &packet);
    }
    workers_stop(STOP_MS);
    if (!host.beside)
        host_finish(&host);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return fputs(help, stdout) == EOF ? EX_IOERR : 0;
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return puts("far-host " FARCALL_VERSION) == EOF ? EX_IOERR : 0;
    if (argc > 1 && argv[1][0] == '-') {
        fprintf(stderr, "far-host: unknown option %s; see far-host --help\n", argv[1]);
        return EX_USAGE;
    }
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int status = serve();
    fflush(NULL);
    _exit(status); /* workers may still be in the service's code: nothing is torn down under them */
}
