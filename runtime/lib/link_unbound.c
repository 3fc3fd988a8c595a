/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/link_unbound.h"

#include "runtime/lib/early.h"
#include "runtime/lib/error.h"
#include "runtime/lib/pending.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>

#define PATIENCE 15 /* seconds */

struct link_packet {
    struct far_message message;
    struct far_link_request request;
};

/* How every answer begins. */
struct link_answer {
    struct far_message message;
    int32_t code; /* of an error */
};

static long connect_raw(void)
{
    const int64_t patience[2] = {PATIENCE, 0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    long fd = early_call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, 0, 0, 0);
    if (fd < 0)
        return fd;
    early_copy(address.sun_path, far_process.settings.socket, sizeof address.sun_path);
    early_call(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, (long)patience, sizeof patience, 0);
    if (early_call(SYS_connect, fd, (long)&address, sizeof address, 0, 0, 0) == 0)
        return fd;
    early_close(fd);
    return -1;
}

static long receive_raw(long fd, struct link_answer *answer)
{
    long got;
    do
        got = early_call(SYS_recvfrom, fd, (long)answer, sizeof *answer, 0, 0, 0);
    while (got == -EINTR);
    return got;
}

static bool ask_raw(long fd, uint64_t address)
{
    struct link_packet packet = {.message = {FAR_PROTOCOL_MAGIC, sizeof packet, FAR_MSG_LINK, 1, 1},
                                 .request = {.address = address}};
    struct link_answer answer = {.code = ENOENT};
    if (early_call(SYS_sendto, fd, (long)&packet, sizeof packet, MSG_NOSIGNAL, 0, 0) != (long)sizeof packet ||
        receive_raw(fd, &answer) < (long)sizeof answer || answer.message.magic != FAR_PROTOCOL_MAGIC ||
        answer.message.serial != 1)
        return false;
    return answer.message.type == (FAR_MSG_LINK | FAR_MSG_REPLY) ||
           (answer.message.type == (FAR_MSG_ERROR | FAR_MSG_REPLY) && answer.code != ENOENT && answer.code != ENOSYS);
}

static bool is_mapped(uint64_t address)
{
    unsigned char resident;
    return early_call(SYS_mincore, (long)(address & ~(uint64_t)(FAR_PART_ALIGN - 1)), 1, (long)&resident, 0, 0, 0) == 0;
}

bool link_is_stub(uint64_t address)
{
    if (address < FAR_WINDOW_BEGIN || address >= FAR_WINDOW_END || address % FAR_STUB_SIZE)
        return false;
    if (process_find_address(address)) /* another thread may have bound it between the fault and here */
        return is_mapped(address);
    long fd = connect_raw();
    bool is_stub = fd >= 0 && ask_raw(fd, address);
    if (fd >= 0)
        early_close(fd);
    return is_stub;
}

static int ask(uint64_t address, struct link_found *found, struct far_error *error)
{
    char why[256];
    const struct far_link_request request = {.address = address};
    const struct iovec body = {(void *)(uintptr_t)&request, sizeof request};
    struct far_answer answer = {.body = found->bytes, .room = sizeof found->bytes};
    int failed = process_connect(error);
    if (!failed)
        failed = connection_request(&far_process.connection, FAR_MSG_LINK, &body, 1, &answer, error);
    if (failed)
        return failed;
    answer_close_fds(&answer);
    found->known = import_check(found->bytes, answer.size, why, sizeof why) == 0 && found->table.op_count == 1;
    return found->known ? 0
                        : far_fail(error, EPROTO, EX_PROTOCOL, "fard's answer about the address %#llx does not fit",
                                   (unsigned long long)address);
}

static bool is_bound(uint64_t address)
{
    return process_find_address(address) || pending_target(address) != address;
}

/* What fard says twice about one address must agree: else the caller would run into the same fault for ever. */
static int check_bound(uint64_t address, struct far_error *error)
{
    return is_bound(address) ? 0
                             : far_fail(error, EPROTO, EX_PROTOCOL, "fard bound another service than that of %#llx",
                                        (unsigned long long)address);
}

int link_unbound(uint64_t address, struct link_found *found, struct far_error *error)
{
    struct far_binding *binding = NULL;
    if (is_bound(address))
        return 0; /* another thread was faster */
    int failed = ask(address, found, error);
    if (!failed)
        failed = binding_make(&found->table, NULL, &binding, error);
    if (!failed && !binding)
        failed = far_fail(error, EHOSTDOWN, EX_UNAVAILABLE, "the service is not registered; the next call tries again");
    return failed ? failed : check_bound(address, error);
}
