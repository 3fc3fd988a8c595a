/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * far_resolve: where will this operation's stub be? Asked from IFUNC resolvers, while ld.so is still relocating the
 * program, so by raw system calls alone. One round trip to the name server serves all symbols of an import library; the
 * answer is kept for far_bind (resolve.h). Mapping is far_bind's work, later, when libc can be used; so is complaining.
 *
 * Compiled with FAR_EARLY_OPTIONS: no libc symbol may be left over (testsuite/runtime/call-early.test looks).
 */
#include "runtime/lib/resolve.h"

#include "runtime/import.h"
#include "runtime/lib/binding.h"
#include "runtime/lib/early.h"

#include <sys/socket.h>

#define PATIENCE 15 /* seconds that the name server has for its answer */

struct far_early far_early = {.fd = -1};

/* What a program reaches that calls through an address which was never bound: not before far_bind, which reports first.
 */
static void unresolved(void)
{
    static const char text[] = "far: a call to a service that is not bound: its import library was not initialised\n";
    early_call(SYS_write, 2, (long)text, sizeof text - 1, 0, 0, 0);
    for (;;)
        early_call(SYS_exit_group, 69 /* EX_UNAVAILABLE */, 0, 0, 0, 0, 0);
}

/* Too large for a small stack: a resolver may run in any thread that calls dlopen. */
static struct far_resolved *resolved_new(void)
{
    long address = early_call(SYS_mmap, 0, sizeof(struct far_resolved), 3 /* READ | WRITE */,
                              0x22 /* PRIVATE | ANONYMOUS */, -1, 0);
    return address < 0 && address > -4096 ? NULL : (struct far_resolved *)address;
}

static void resolved_free(struct far_resolved *resolved)
{
    early_call(SYS_munmap, (long)resolved, sizeof *resolved, 0, 0, 0, 0);
}

/* The program may have closed its standard streams, and open others in their place. */
static long move_up(long fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    long moved = early_call(SYS_fcntl, fd, 1030 /* F_DUPFD_CLOEXEC */, 3, 0, 0, 0);
    early_close(fd);
    return moved;
}

static long connect_to_fard(struct far_resolved *resolved)
{
    const int64_t patience[2] = {PATIENCE, 0};
    long fd = move_up(early_call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, 0, 0, 0));
    if (fd < 0)
        return fd;
    resolved->address.sun_family = AF_UNIX;
    early_copy(resolved->address.sun_path, resolved->settings.socket, sizeof resolved->address.sun_path);
    early_call(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, (long)patience, sizeof patience, 0);
    if (early_call(SYS_connect, fd, (long)&resolved->address, sizeof resolved->address, 0, 0, 0) == 0)
        return fd;
    early_close(fd);
    return -1;
}

/* Authenticating once is enough for all import libraries of a program. */
static int find_connection(struct far_resolved *resolved)
{
    if (far_early.fd < 0) {
        far_early.fd = (int)connect_to_fard(resolved);
        far_early.number++;
        far_early.serial = 0;
    }
    resolved->connection = far_early.number;
    return far_early.fd >= 0;
}

static void give_up_connection(void)
{
    early_close(far_early.fd);
    far_early.fd = -1;
}

/*
 * A process that has a connection already (this library came by dlopen) binds over that one, which lasts; so does one that
 * has capabilities to present first. Then only addresses are asked for.
 */
static uint16_t kind_of_request(const struct far_resolved *resolved)
{
    return far_process.connection.fd >= 0 || resolved->settings.capable ? FAR_MSG_RESOLVE : FAR_MSG_BIND;
}

static int send_request(struct far_resolved *resolved, const struct far_import_table *table)
{
    struct far_message *message = &resolved->message;
    struct far_bind_request *request = (struct far_bind_request *)(message + 1);
    if (table->size > FAR_IMPORT_MAX)
        return 0;
    message->magic = FAR_PROTOCOL_MAGIC;
    message->size = (uint32_t)(sizeof *message + sizeof *request + table->size);
    message->type = kind_of_request(resolved);
    message->version = 1;
    message->serial = ++far_early.serial;
    request->want = far_settings_want(&resolved->settings, table->service);
    request->machine = FAR_ABI_MACHINE;
    early_copy(request + 1, table, table->size);
    return early_call(SYS_sendto, far_early.fd, (long)message, message->size, MSG_NOSIGNAL, 0, 0) ==
           (long)message->size;
}

/* fard sends all descriptors of a packet in one piece. */
static void take_fds(struct far_resolved *resolved, const struct msghdr *header, const struct cmsghdr *control)
{
    resolved->fd_count = 0;
    if (header->msg_controllen < sizeof *control || control->cmsg_level != SOL_SOCKET ||
        control->cmsg_type != SCM_RIGHTS || control->cmsg_len > header->msg_controllen)
        return;
    resolved->fd_count = (int)((control->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    early_copy(resolved->fd, CMSG_DATA(control), (size_t)resolved->fd_count * sizeof(int));
}

static long receive_packet(struct far_resolved *resolved)
{
    union {
        struct cmsghdr control;
        char bytes[CMSG_SPACE(FAR_MESSAGE_FDS * sizeof(int))];
    } space;
    struct iovec vector;
    struct msghdr header;
    vector.iov_base = resolved->packet;
    vector.iov_len = sizeof resolved->packet;
    header.msg_name = NULL;
    header.msg_namelen = 0;
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = &space;
    header.msg_controllen = sizeof space;
    header.msg_flags = 0;
    long got = early_call(SYS_recvmsg, far_early.fd, (long)&header, MSG_CMSG_CLOEXEC, 0, 0, 0);
    resolved->fd_count = 0;
    if (got > 0)
        take_fds(resolved, &header, &space.control);
    return header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -1 : got;
}

/* What lies behind the addresses is far_bind's to look at: it can say what is wrong. */
static const struct far_bind_reply *receive_reply(struct far_resolved *resolved, uint32_t op_count)
{
    const struct far_message *message = &resolved->message;
    const struct far_bind_reply *reply = (const struct far_bind_reply *)(message + 1);
    uint16_t asked = message->type;
    long got = receive_packet(resolved);
    size_t least = sizeof *message + sizeof *reply + op_count * sizeof(uint64_t);
    if (got < (long)least || message->magic != FAR_PROTOCOL_MAGIC || message->serial != far_early.serial ||
        message->type != (asked | FAR_MSG_REPLY) || (long)message->size != got || reply->op_count != op_count)
        return NULL;
    resolved->size = asked == FAR_MSG_BIND ? (uint32_t)((size_t)got - sizeof *message) : 0;
    return reply;
}

static int take_answer(struct far_import *import, const struct far_bind_reply *reply)
{
    const uint64_t *stub = (const uint64_t *)(reply + 1);
    for (uint32_t i = 0; i < reply->op_count; i++)
        if (stub[i] < FAR_WINDOW_BEGIN || stub[i] >= FAR_WINDOW_END)
            return 0;
    for (uint32_t i = 0; i < reply->op_count; i++)
        import->stub[i] = stub[i];
    import->base = reply->base;
    return 1;
}

static void close_fds(const struct far_resolved *resolved)
{
    for (int i = 0; i < resolved->fd_count; i++)
        early_close(resolved->fd[i]);
}

/* A connection on which something went wrong is nobody's any more: far_bind makes its own, and says what is wrong. */
static int ask(struct far_import *import, struct far_resolved *resolved)
{
    far_settings_read(&resolved->settings);
    if (!find_connection(resolved))
        return 0;
    const struct far_bind_reply *reply = NULL;
    if (send_request(resolved, import->table))
        reply = receive_reply(resolved, import->table->op_count);
    if (reply && take_answer(import, reply))
        return 1;
    close_fds(resolved);
    give_up_connection();
    return 0;
}

static void resolve(struct far_import *import)
{
    struct far_resolved *resolved = resolved_new();
    int answered = resolved && ask(import, resolved);
    if (resolved && !answered)
        resolved_free(resolved);
    import->binding = answered ? resolved : NULL;
    import->state = answered ? FAR_IMPORT_RESOLVED : FAR_IMPORT_FAILED;
}

void *far_resolve(struct far_import *import, uint32_t op_index)
{
    if (import->state == FAR_IMPORT_UNBOUND)
        resolve(import);
    if (import->state == FAR_IMPORT_FAILED || op_index >= import->table->op_count || !import->stub[op_index])
        return (void *)unresolved;
    return (void *)import->stub[op_index];
}
