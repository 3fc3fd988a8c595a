/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* ONC RPC by libtirpc over a Unix socket: what rpcgen makes of crossing.x, and svc_run(). */
#include "crossing_rpc.h"
#include "testsuite/bench/peers/peer.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define BUFFER (1u << 16) /* of the transport; it is the record's size that this is not a limit of */

extern void crossing_program_1(struct svc_req *request, SVCXPRT *transport);

void *crossing_null_1_svc(void *arguments, struct svc_req *request)
{
    static char nothing;
    (void)arguments, (void)request;
    return &nothing;
}

void *crossing_in_1_svc(crossing_bytes *bytes, struct svc_req *request)
{
    static char nothing;
    (void)request;
    peer_look((unsigned char *)bytes->crossing_bytes_val, bytes->crossing_bytes_len);
    return &nothing;
}

/* The arguments stay until the answer has been sent. */
crossing_bytes *crossing_inout_1_svc(crossing_bytes *bytes, struct svc_req *request)
{
    static crossing_bytes answer;
    (void)request;
    peer_change((unsigned char *)bytes->crossing_bytes_val, bytes->crossing_bytes_len);
    answer = *bytes;
    return &answer;
}

static void serve(const struct peer_run *run)
{
    char path[108];
    strncpy(path, run->socket, sizeof path - 1)[sizeof path - 1] = '\0';
    SVCXPRT *transport = svcunix_create(RPC_ANYSOCK, BUFFER, BUFFER, path);
    if (!transport || !svc_register(transport, CROSSING_PROGRAM, CROSSING_VERSION, crossing_program_1, 0))
        peer_broken("the server does not start");
    peer_ready();
    svc_run();
    peer_broken("svc_run returned");
}

static void *connect_to(const struct peer_run *run)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int socket_fd = RPC_ANYSOCK;
    strncpy(address.sun_path, run->socket, sizeof address.sun_path - 1);
    CLIENT *client = clntunix_create(&address, CROSSING_PROGRAM, CROSSING_VERSION, &socket_fd, BUFFER, BUFFER);
    if (!client)
        peer_broken("no connection:%s", clnt_spcreateerror(""));
    return client;
}

static void call_once(CLIENT *client, const struct peer_run *run)
{
    static char nothing;
    crossing_bytes bytes = {run->amount, (char *)run->bytes};
    if (peer_is(run, "in")) {
        peer_expect(crossing_in_1(&bytes, client) != NULL, "a call failed");
    } else if (peer_is(run, "inout")) {
        crossing_bytes *answer = crossing_inout_1(&bytes, client);
        peer_expect(answer && answer->crossing_bytes_len == run->amount, "a call failed");
        memcpy(run->bytes, answer->crossing_bytes_val, run->amount);
        clnt_freeres(client, (xdrproc_t)xdr_crossing_bytes, (char *)answer);
    } else {
        peer_expect(crossing_null_1(&nothing, client) != NULL, "a call failed");
    }
}

static void call(void *connection, const struct peer_run *run, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        call_once(connection, run);
}

int main(int argc, char **argv)
{
    const struct peer peer = {"oncrpc", "null in inout clients", serve, connect_to, call, 0};
    return peer_main(argc, argv, &peer);
}
