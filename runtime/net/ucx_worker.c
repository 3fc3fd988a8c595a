/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A worker of UCX's a connection, and how its one user waits: on what UCX listens to and on the TCP connection at once. */
#include "runtime/net/fail.h"
#include "runtime/net/ucx.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* While the other side's last words may still be on their way past the end of its TCP connection. */
#define LAST_WORDS_NS 20000000ull
/* Looks without sleeping; and without a look at the clock and the TCP connection. */
#define BUSY_LOOKS      4096u
#define LOOKS_UNCHECKED 256u
/* How long the end of a connection waits for what has been sent to be taken: only if the other side is waiting, too, will it be. */
#define PARTING_NS 50000000ull

static struct {
    pthread_once_t once;
    ucp_context_h context;
    ucs_status_t status;
} process = {.once = PTHREAD_ONCE_INIT, .status = UCS_ERR_UNSUPPORTED};

ucp_context_h ucx_context(void)
{
    return process.context;
}

static void make_context(void)
{
    const ucp_params_t wanted = {.field_mask = UCP_PARAM_FIELD_FEATURES | UCP_PARAM_FIELD_MT_WORKERS_SHARED,
                                 .features = UCP_FEATURE_STREAM | UCP_FEATURE_WAKEUP,
                                 .mt_workers_shared = 1};
    ucp_config_t *config;
    process.status = ucp_config_read(NULL, NULL, &config);
    if (process.status != UCS_OK)
        return;
    process.status = ucp_init(&wanted, config, &process.context);
    ucp_config_release(config);
}

int ucx_prepare(struct far_error *error)
{
    pthread_once(&process.once, make_context);
    if (process.status == UCS_OK)
        return 0;
    return net_fail(error, EOPNOTSUPP, EX_UNAVAILABLE, "transport ucx: %s", ucs_status_string(process.status));
}

static void remember_failure(void *argument, ucp_ep_h endpoint, ucs_status_t status)
{
    struct ucx *ucx = argument;
    (void)endpoint, (void)status;
    if (!ucx->failed)
        ucx->failed = -ECONNRESET;
}

static int unlucky(struct far_error *error, const char *what, ucs_status_t status)
{
    return net_fail(error, EOPNOTSUPP, EX_UNAVAILABLE, "transport ucx: %s: %s", what, ucs_status_string(status));
}

/* For who waits for other things besides: one descriptor for UCX's and the TCP connection's. */
static bool watch_both(struct ucx *ucx)
{
    struct epoll_event readable = {.events = EPOLLIN};
    ucx->transport.poll_fd = epoll_create1(EPOLL_CLOEXEC);
    return ucx->transport.poll_fd >= 0 &&
           epoll_ctl(ucx->transport.poll_fd, EPOLL_CTL_ADD, ucx->worker_fd, &readable) == 0 &&
           epoll_ctl(ucx->transport.poll_fd, EPOLL_CTL_ADD, ucx->transport.fd, &readable) == 0;
}

static int make_worker(struct ucx *ucx, struct far_error *error)
{
    const ucp_worker_params_t one_thread = {.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE,
                                            .thread_mode = UCS_THREAD_MODE_SERIALIZED};
    ucs_status_t status = ucp_worker_create(ucx_context(), &one_thread, &ucx->worker);
    if (status != UCS_OK) {
        ucx->worker = NULL;
        return unlucky(error, "no worker (a host needs --sandbox off for it)", status);
    }
    status = ucp_worker_get_efd(ucx->worker, &ucx->worker_fd);
    if (status != UCS_OK)
        return unlucky(error, "nothing to wait on", status);
    return watch_both(ucx) ? 0 : net_fail(error, errno, EX_OSERR, "transport ucx: epoll: %s", strerror(errno));
}

#define ADDRESS_MAX (64u << 10)

static int send_address(struct ucx *ucx, uint64_t deadline, struct far_error *error)
{
    ucp_address_t *address;
    size_t size;
    const ucs_status_t status = ucp_worker_get_address(ucx->worker, &address, &size);
    if (status != UCS_OK)
        return unlucky(error, "no address", status);
    const uint32_t said = (uint32_t)size;
    const struct iovec part[2] = {{(void *)&said, sizeof said}, {address, size}};
    int result = size <= ADDRESS_MAX ? socket_send(&ucx->socket, part, 2, deadline) : -EMSGSIZE;
    ucp_worker_release_address(ucx->worker, address);
    return result ? net_fail(error, -result, EX_UNAVAILABLE, "transport ucx: the other side has gone") : 0;
}

static int receive_all(struct ucx *ucx, void *to, size_t size, uint64_t deadline)
{
    size_t got;
    int result = 0;
    for (size_t all = 0; all < size && !result; all += got)
        result = socket_receive(&ucx->socket, (char *)to + all, size - all, 0, deadline, &got);
    return result;
}

static int connect_address(struct ucx *ucx, const void *address, struct far_error *error)
{
    const ucp_ep_params_t to = {.field_mask = UCP_EP_PARAM_FIELD_REMOTE_ADDRESS | UCP_EP_PARAM_FIELD_ERR_HANDLING_MODE |
                                              UCP_EP_PARAM_FIELD_ERR_HANDLER,
                                .address = address,
                                .err_mode = UCP_ERR_HANDLING_MODE_PEER,
                                .err_handler = {remember_failure, ucx}};
    const ucs_status_t status = ucp_ep_create(ucx->worker, &to, &ucx->endpoint);
    if (status == UCS_OK)
        return 0;
    ucx->endpoint = NULL;
    return unlucky(error, "no way to the other side", status);
}

static int receive_address(struct ucx *ucx, uint64_t deadline, struct far_error *error)
{
    uint32_t size;
    int result = receive_all(ucx, &size, sizeof size, deadline);
    if (!result && (!size || size > ADDRESS_MAX))
        return net_fail(error, EPROTO, EX_PROTOCOL, "transport ucx: an address of UCX's has no %u bytes", size);
    void *address = result ? NULL : malloc(size);
    if (!result && !address)
        return net_fail(error, ENOMEM, EX_OSERR, "no memory for transport ucx");
    if (!result)
        result = receive_all(ucx, address, size, deadline);
    result = result ? net_fail(error, -result, EX_UNAVAILABLE, "transport ucx: the other side has gone")
                    : connect_address(ucx, address, error);
    free(address);
    return result;
}

int ucx_meet(struct ucx *ucx, uint64_t deadline, struct far_error *error)
{
    int result = make_worker(ucx, error);
    if (!result)
        result = send_address(ucx, deadline, error);
    return result ? result : receive_address(ucx, deadline, error);
}

/* The TCP connection carries nothing more: that there is something to read means that it has ended. */
static int sleep_on_both(struct ucx *ucx, uint64_t deadline)
{
    struct pollfd wanted[2] = {{.fd = ucx->worker_fd, .events = POLLIN}, {.fd = ucx->transport.fd, .events = POLLIN}};
    const uint64_t now = deadline ? net_now() : 0;
    const uint64_t left = deadline > now ? deadline - now : 0;
    const struct timespec limit = {(time_t)(left / 1000000000), (long)(left % 1000000000)};
    const int ready = ppoll(wanted, 2, deadline ? &limit : NULL, NULL);
    if (ready < 0)
        return errno == EINTR ? 0 : -errno;
    if (!ready)
        return -ETIMEDOUT;
    return wanted[1].revents && !wanted[0].revents ? -ECONNRESET : 0;
}

/* What UCX has not shown yet may still come. */
static bool has_last_words(struct ucx *ucx)
{
    const uint64_t end = net_now() + LAST_WORDS_NS;
    struct pollfd wanted = {.fd = ucx->worker_fd, .events = POLLIN};
    const struct timespec moment = {0, 1000000};
    do {
        if (ucp_worker_progress(ucx->worker))
            return true;
        if (ucp_worker_arm(ucx->worker) == UCS_OK)
            ppoll(&wanted, 1, &moment, NULL);
    } while (net_now() < end);
    return false;
}

static int has_ended(struct ucx *ucx, long sleep_ns, uint64_t deadline)
{
    struct pollfd ended = {.fd = ucx->transport.fd, .events = POLLIN};
    const struct timespec moment = {0, sleep_ns};
    if (deadline && net_now() >= deadline)
        return -ETIMEDOUT;
    return ppoll(&ended, 1, &moment, NULL) > 0 && !has_last_words(ucx) ? -ECONNRESET : 0;
}

/*
 * UCX has something to do that nothing will wake us for: a queue in shared memory is full, say, and the other side takes nothing off it. So
 * we look at once for a while, then every millisecond.
 */
static int look_again(struct ucx *ucx, uint64_t deadline)
{
    if (++ucx->busy_looks >= BUSY_LOOKS)
        return has_ended(ucx, 1000000, deadline);
    return ucx->busy_looks % LOOKS_UNCHECKED ? 0 : has_ended(ucx, 0, deadline);
}

int ucx_wait(struct ucx *ucx, uint32_t *looks, uint64_t deadline)
{
    if (ucp_worker_progress(ucx->worker)) {
        ucx->busy_looks = 0;
        return 0;
    }
    if (*looks)
        return --*looks % LOOKS_UNCHECKED ? 0 : has_ended(ucx, 0, deadline);
    const ucs_status_t status = ucp_worker_arm(ucx->worker);
    if (status == UCS_ERR_BUSY)
        return look_again(ucx, deadline);
    if (status != UCS_OK)
        return -ECONNRESET;
    ucx->busy_looks = 0;
    const int result = sleep_on_both(ucx, deadline);
    return result == -ECONNRESET && has_last_words(ucx) ? 0 : result;
}

void ucx_release(struct ucx *ucx)
{
    if (ucx->piece)
        ucp_stream_data_release(ucx->endpoint, ucx->piece);
    ucx->piece = NULL;
    ucx->content_size = 0;
}

/* At once, whatever is under way: UCX uses nothing of anybody's behind it. */
int ucx_break(struct ucx *ucx, int why)
{
    const ucp_request_param_t at_once = {.op_attr_mask = UCP_OP_ATTR_FIELD_FLAGS, .flags = UCP_EP_CLOSE_FLAG_FORCE};
    if (!ucx->failed)
        ucx->failed = why == -ETIMEDOUT ? -ECONNRESET : why;
    if (!ucx->endpoint)
        return why;
    ucx_release(ucx);
    ucs_status_ptr_t request = ucp_ep_close_nbx(ucx->endpoint, &at_once);
    ucx->endpoint = NULL;
    if (UCS_PTR_IS_PTR(request)) {
        while (ucp_request_check_status(request) == UCS_INPROGRESS)
            ucp_worker_progress(ucx->worker);
        ucp_request_free(request);
    }
    return why;
}

int ucx_finish(struct ucx *ucx, ucs_status_ptr_t request, uint64_t deadline)
{
    uint32_t looks = ucx->transport.spin;
    int result = 0;
    if (UCS_PTR_IS_ERR(request))
        return ucx_break(ucx, -ECONNRESET);
    if (!request)
        return 0;
    while (!result && !ucx->failed && ucp_request_check_status(request) == UCS_INPROGRESS)
        result = ucx_wait(ucx, &looks, deadline);
    if (result || ucx->failed)
        result = ucx_break(ucx, result ? result : ucx->failed);
    while (ucp_request_check_status(request) == UCS_INPROGRESS)
        ucp_worker_progress(ucx->worker);
    if (!result && ucp_request_check_status(request) != UCS_OK)
        result = ucx_break(ucx, -ECONNRESET);
    ucp_request_free(request);
    return result;
}

void ucx_free(struct ucx *ucx)
{
    const ucp_request_param_t nothing = {0};
    const bool is_ours = ucx->process == getpid();
    if (is_ours && ucx->endpoint && !ucx->failed) /* what has been sent gets there */
        ucx_finish(ucx, ucp_ep_flush_nbx(ucx->endpoint, &nothing), net_now() + PARTING_NS);
    if (is_ours)
        ucx_break(ucx, -ECONNRESET);
    if (is_ours && ucx->worker)
        ucp_worker_destroy(ucx->worker);
    if (ucx->transport.poll_fd >= 0)
        close(ucx->transport.poll_fd);
    close(ucx->transport.fd);
    free(ucx);
}
