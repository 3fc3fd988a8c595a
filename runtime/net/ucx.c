/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * UCX (openucx.org), for fabrics: a stream of bytes between two endpoints, over whatever UCX finds best between the two machines. Neither
 * encrypted nor authenticated beyond the ticket: for networks that are trusted, if the node says so.
 */
#include "runtime/net/ucx.h"

#include "runtime/net/fail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define MEETING_NS   10000000000ull
#define ARMING_LOOKS 4096u

extern const struct transport_kind farcall_transport;

static int ucx_send(struct transport *transport, const struct iovec *part, int count, uint64_t deadline)
{
    _Static_assert(sizeof(ucp_dt_iov_t) == sizeof(struct iovec) &&
                       offsetof(ucp_dt_iov_t, length) == offsetof(struct iovec, iov_len),
                   "UCX's parts are ours");
    const ucp_request_param_t parts = {.op_attr_mask = UCP_OP_ATTR_FIELD_DATATYPE, .datatype = ucp_dt_make_iov()};
    struct ucx *ucx = (struct ucx *)transport;
    int result = ucx->failed;
    if (!result && count)
        result = ucx_finish(ucx, ucp_stream_send_nbx(ucx->endpoint, part, (size_t)count, &parts), deadline);
    return result;
}

/* 1: there is content. 0: nothing yet. */
static int look(struct ucx *ucx)
{
    size_t size;
    if (ucx->content_size)
        return 1;
    if (!ucx->endpoint)
        return ucx->failed;
    ucx_release(ucx);
    ucs_status_ptr_t piece = ucp_stream_recv_data_nb(ucx->endpoint, &size);
    if (!piece)
        return ucx->failed;
    if (UCS_PTR_IS_ERR(piece))
        return ucx->failed = -ECONNRESET;
    ucx->piece = piece;
    ucx->content = piece;
    ucx->content_size = size;
    return size != 0;
}

static size_t take(struct ucx *ucx, void *to, size_t most)
{
    const size_t some = ucx->content_size < most ? ucx->content_size : most;
    memcpy(to, ucx->content, some);
    ucx->content += some;
    ucx->content_size -= some;
    return some;
}

static int ucx_receive(struct transport *transport, void *to, size_t least, size_t most, size_t *got, uint64_t deadline)
{
    struct ucx *ucx = (struct ucx *)transport;
    uint32_t looks = transport->spin;
    size_t all = 0;
    int result = 0;
    for (;;) {
        const int found = look(ucx);
        if (found > 0)
            all += take(ucx, (char *)to + all, most - all);
        else if (found < 0)
            result = found;
        if (result || all == most || (found <= 0 && all >= least && all))
            break;
        if (found > 0)
            continue;
        if (!least && !ucp_worker_progress(ucx->worker)) {
            result = socket_is_readable(transport->fd) ? -ECONNRESET : 0;
            break;
        }
        if (least && (result = ucx_wait(ucx, &looks, deadline)) != 0)
            break;
    }
    *got = all;
    return all >= least && all ? 0 : result;
}

static bool ucx_is_readable(struct transport *transport)
{
    struct ucx *ucx = (struct ucx *)transport;
    int found = look(ucx);
    /* Armed, so that poll() will say what comes from now on. */
    for (uint32_t looks = 0; !found && looks < ARMING_LOOKS; looks++) {
        if (!ucp_worker_progress(ucx->worker) && ucp_worker_arm(ucx->worker) == UCS_OK)
            break;
        found = look(ucx);
    }
    return found || socket_is_readable(transport->fd);
}

static void ucx_end(struct transport *transport)
{
    ucx_free((struct ucx *)transport);
}

/* Finds the way in both directions, so that later a message needs nobody's help but the network's. */
static int greet(struct ucx *ucx, uint64_t deadline, struct far_error *error)
{
    char byte = 'F', came = 0;
    size_t got;
    const struct iovec part = {&byte, 1};
    int result = ucx_send(&ucx->transport, &part, 1, deadline);
    if (!result)
        result = ucx_receive(&ucx->transport, &came, 1, 1, &got, deadline);
    if (!result && came != byte)
        result = -EPROTO;
    if (!result)
        return 0;
    return net_fail(error, -result, EX_UNAVAILABLE, "transport ucx: the other side does not answer over it: %s",
                    strerror(-result));
}

static int ucx_begin(int fd, bool is_client, const uint8_t ticket[WIRE_TICKET_SIZE],
                     const uint8_t secret[WIRE_SECRET_SIZE], uint64_t deadline, struct transport **out,
                     struct far_error *error)
{
    (void)is_client, (void)ticket, (void)secret;
    const uint64_t most = net_now() + MEETING_NS;
    struct ucx *ucx = calloc(1, sizeof *ucx);
    if (!ucx) {
        close(fd);
        return net_fail(error, ENOMEM, EX_OSERR, "no memory for transport ucx");
    }
    if (!deadline || deadline > most)
        deadline = most;
    ucx->transport = (struct transport){.kind = &farcall_transport, .fd = fd, .poll_fd = -1};
    ucx->process = getpid();
    socket_prepare(&ucx->socket, fd);
    int result = ucx_prepare(error);
    if (!result)
        result = ucx_meet(ucx, deadline, error);
    if (!result)
        result = greet(ucx, deadline, error);
    if (result)
        ucx_free(ucx);
    else
        *out = &ucx->transport;
    return result;
}

const struct transport_kind farcall_transport = {
    .number = WIRE_UCX,
    .version = TRANSPORT_VERSION,
    .prepare = ucx_prepare,
    .begin = ucx_begin,
    .send = ucx_send,
    .receive = ucx_receive,
    .is_readable = ucx_is_readable,
    .end = ucx_end,
};
