/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * UCX active messages over shared memory, both sides polling. Small messages arrive in the handler's own memory; large ones
 * are announced, and received into a buffer of the server's. Its signal handlers and memory hooks are off: nothing here
 * needs them, and they would take part in what is measured.
 */
#include "testsuite/bench/peers/peer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucp/api/ucp.h>
#include <unistd.h>

enum { ASK = 1, ANSWER = 2 };
#define ADDRESS_MAX 4096

struct published { /* the server's address, in memory that both have */
    size_t size;
    unsigned char address[ADDRESS_MAX];
};

struct side {
    ucp_worker_h worker;
    ucp_ep_h partner;
    unsigned char *bytes; /* the server's: what it received, the client's: what it sends and gets back */
    uint32_t amount;
    uint32_t inout;         /* the server answers with the bytes */
    volatile bool answered; /* the client's */
};

static struct published *published;

static void must(ucs_status_t status, const char *what)
{
    if (status != UCS_OK)
        peer_broken("%s: %s", what, ucs_status_string(status));
}

static ucp_worker_h make_worker(void)
{
    ucp_config_t *config;
    ucp_context_h context;
    ucp_worker_h worker;
    const ucp_params_t wanted = {.field_mask = UCP_PARAM_FIELD_FEATURES, .features = UCP_FEATURE_AM};
    const ucp_worker_params_t single = {.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE,
                                        .thread_mode = UCS_THREAD_MODE_SINGLE};
    must(ucp_config_read(NULL, NULL, &config), "its configuration");
    if (ucp_init(&wanted, config, &context) != UCS_OK)
        peer_unavailable("has no shared memory here");
    ucp_config_release(config);
    must(ucp_worker_create(context, &single, &worker), "a worker");
    return worker;
}

static void finish(struct side *side, ucs_status_ptr_t request, const char *what)
{
    if (request == NULL)
        return;
    if (UCS_PTR_IS_ERR(request))
        peer_broken("%s: %s", what, ucs_status_string(UCS_PTR_STATUS(request)));
    while (ucp_request_check_status(request) == UCS_INPROGRESS)
        ucp_worker_progress(side->worker);
    ucp_request_free(request);
}

static void handle(struct side *side, unsigned id, ucp_am_recv_callback_t handler)
{
    const ucp_am_handler_param_t how = {.field_mask = UCP_AM_HANDLER_PARAM_FIELD_ID | UCP_AM_HANDLER_PARAM_FIELD_CB |
                                                      UCP_AM_HANDLER_PARAM_FIELD_ARG,
                                        .id = id,
                                        .cb = handler,
                                        .arg = side};
    must(ucp_worker_set_am_recv_handler(side->worker, &how), "a handler");
}

static void release(void *request, ucs_status_t status, void *argument)
{
    (void)argument;
    must(status, "an answer");
    ucp_request_free(request);
}

/* From within a handler: whoever progresses the worker sends the rest. */
static void answer(struct side *side, const unsigned char *bytes, size_t size)
{
    const ucp_request_param_t how = {.op_attr_mask = UCP_OP_ATTR_FIELD_CALLBACK, .cb = {.send = release}};
    ucs_status_ptr_t request = ucp_am_send_nbx(side->partner, ANSWER, NULL, 0, bytes, size, &how);
    if (UCS_PTR_IS_ERR(request))
        peer_broken("an answer: %s", ucs_status_string(UCS_PTR_STATUS(request)));
}

static void asked(struct side *side, const unsigned char *bytes, size_t size)
{
    if (!side->inout) {
        peer_look(bytes, size);
        answer(side, NULL, 0);
        return;
    }
    if (bytes != side->bytes)
        memcpy(side->bytes, bytes, size); /* UCX's own memory is gone after this */
    peer_change(side->bytes, size);
    answer(side, side->bytes, size);
}

static void received(void *request, ucs_status_t status, size_t size, void *argument)
{
    must(status, "receiving");
    asked(argument, ((struct side *)argument)->bytes, size);
    ucp_request_free(request);
}

static ucs_status_t on_ask(void *argument, const void *header, size_t header_size, void *data, size_t size,
                           const ucp_am_recv_param_t *how)
{
    struct side *side = argument;
    const ucp_request_param_t into = {.op_attr_mask = UCP_OP_ATTR_FIELD_CALLBACK | UCP_OP_ATTR_FIELD_USER_DATA,
                                      .cb = {.recv_am = received},
                                      .user_data = side};
    (void)header, (void)header_size;
    side->partner = how->reply_ep;
    if (!(how->recv_attr & UCP_AM_RECV_ATTR_FLAG_RNDV)) {
        asked(side, data, size);
        return UCS_OK;
    }
    ucs_status_ptr_t request = ucp_am_recv_data_nbx(side->worker, data, side->bytes, size, &into);
    if (UCS_PTR_IS_ERR(request))
        peer_broken("receiving: %s", ucs_status_string(UCS_PTR_STATUS(request)));
    if (request == NULL)
        asked(side, side->bytes, size);
    return UCS_OK;
}

static void returned(void *request, ucs_status_t status, size_t size, void *argument)
{
    (void)size;
    must(status, "receiving");
    ((struct side *)argument)->answered = true;
    ucp_request_free(request);
}

static ucs_status_t on_answer(void *argument, const void *header, size_t header_size, void *data, size_t size,
                              const ucp_am_recv_param_t *how)
{
    struct side *side = argument;
    const ucp_request_param_t into = {.op_attr_mask = UCP_OP_ATTR_FIELD_CALLBACK | UCP_OP_ATTR_FIELD_USER_DATA,
                                      .cb = {.recv_am = returned},
                                      .user_data = side};
    (void)header, (void)header_size;
    if (how->recv_attr & UCP_AM_RECV_ATTR_FLAG_RNDV) {
        ucs_status_ptr_t request = ucp_am_recv_data_nbx(side->worker, data, side->bytes, size, &into);
        side->answered = request == NULL;
        return UCS_OK;
    }
    if (size)
        memcpy(side->bytes, data, size);
    side->answered = true;
    return UCS_OK;
}

static void serve(const struct peer_run *run)
{
    struct side side = {.worker = make_worker(), .amount = run->amount, .inout = peer_is(run, "inout")};
    ucp_address_t *address;
    side.bytes = malloc(run->amount);
    handle(&side, ASK, on_ask);
    must(ucp_worker_get_address(side.worker, &address, &published->size), "its address");
    if (!side.bytes || published->size > ADDRESS_MAX)
        peer_broken("no room");
    memcpy(published->address, address, published->size);
    peer_ready();
    for (;;)
        ucp_worker_progress(side.worker);
}

static void *connect_to(const struct peer_run *run)
{
    static struct side side;
    const ucp_ep_params_t to = {.field_mask = UCP_EP_PARAM_FIELD_REMOTE_ADDRESS,
                                .address = (const ucp_address_t *)published->address};
    side =
        (struct side){.worker = make_worker(), .bytes = run->bytes, .amount = peer_is(run, "null") ? 0 : run->amount};
    handle(&side, ANSWER, on_answer);
    must(ucp_ep_create(side.worker, &to, &side.partner), "a connection");
    return &side;
}

static void call(void *connection, const struct peer_run *run, uint32_t count)
{
    struct side *side = connection;
    const ucp_request_param_t reply = {.op_attr_mask = UCP_OP_ATTR_FIELD_FLAGS, .flags = UCP_AM_SEND_FLAG_REPLY};
    (void)run;
    for (uint32_t i = 0; i < count; i++) {
        side->answered = false;
        ucs_status_ptr_t request = ucp_am_send_nbx(side->partner, ASK, NULL, 0, side->bytes, side->amount, &reply);
        while (!side->answered)
            ucp_worker_progress(side->worker);
        finish(side, request, "a request");
    }
}

/* The library reads its settings before main(): so once more, with them. */
static void begin_with_settings(char **argv)
{
    if (getenv("UCX_ERROR_SIGNALS"))
        return;
    setenv("UCX_ERROR_SIGNALS", "", 1);
    setenv("UCX_HANDLE_ERRORS", "none", 1);
    setenv("UCX_MEM_EVENTS", "n", 1);
    setenv("UCX_LOG_LEVEL", "error", 1);
    setenv("UCX_TLS", "posix,sysv,cma,self", 0);
    execv("/proc/self/exe", argv);
    peer_broken("does not start again with its settings");
}

int main(int argc, char **argv)
{
    const struct peer peer = {"ucx", "null in inout", serve, connect_to, call, 0};
    begin_with_settings(argv);
    published = mmap(NULL, sizeof *published, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (published == MAP_FAILED)
        return 70;
    return peer_main(argc, argv, &peer);
}
