/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The inside of libfarcall-ucx.so. */
#ifndef FARCALL_NET_UCX_H
#define FARCALL_NET_UCX_H

#include "runtime/net/socket.h"
#include "runtime/net/transport.h"

#include <ucp/api/ucp.h>

struct ucx {
    struct transport transport; /* its descriptor: the TCP connection, which ends when the other side does */
    struct net_socket socket;
    ucp_worker_h worker;
    ucp_ep_h endpoint;
    int worker_fd;
    uint32_t busy_looks; /* one behind the other, at what UCX cannot wait for */
    pid_t process;       /* that has begun it: UCX is of no use to its children */
    int failed;          /* -errno: why it cannot go on */
    char *piece;         /* UCX's own memory: received, and not taken yet */
    const char *content; /* what is left of it */
    size_t content_size;
};

/* Of the process: made once, by ucx_prepare. */
ucp_context_h ucx_context(void);
int ucx_prepare(struct far_error *error);

/* Until something may have happened, after `*looks` without sleeping. 0, -ETIMEDOUT, or -ECONNRESET: the other side has gone. */
int ucx_wait(struct ucx *ucx, uint32_t *looks, uint64_t deadline);
/* 0 when that is done. Otherwise it has failed, and so has the connection: nothing of the caller's is used any more. */
int ucx_finish(struct ucx *ucx, ucs_status_ptr_t request, uint64_t deadline);
int ucx_break(struct ucx *ucx, int why);
void ucx_release(struct ucx *ucx); /* the piece */
void ucx_free(struct ucx *ucx);

/* Each side's worker has an address; the TCP connection carries them. */
int ucx_meet(struct ucx *ucx, uint64_t deadline, struct far_error *error);

#endif
