/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/host.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

void tell_fard(enum far_message_type type, const void *body, size_t size)
{
    struct far_message head = {
        .magic = FAR_PROTOCOL_MAGIC, .size = (uint32_t)(sizeof head + size), .type = (uint16_t)type, .version = 1};
    struct iovec part[] = {{&head, sizeof head}, {(void *)(uintptr_t)body, size}};
    struct msghdr packet = {.msg_iov = part, .msg_iovlen = 2};
    ssize_t sent;
    do
        sent = sendmsg(FAR_HOST_FD, &packet, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
}
