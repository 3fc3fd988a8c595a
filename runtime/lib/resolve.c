/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * far_resolve: where will this operation's stub be? Asked from IFUNC resolvers, while ld.so is still relocating the
 * program, so by raw system calls alone. One round trip to the name server serves all symbols of an import library; the
 * answer is kept in its struct far_import. Mapping is far_bind's work, later, when libc can be used; so is complaining.
 *
 * Compiled with FAR_EARLY_OPTIONS: no libc symbol may be left over (testsuite/runtime/call-early.test looks).
 */
#include "runtime/import.h"
#include "runtime/lib/early.h"
#include "runtime/lib/settings.h"
#include "runtime/protocol.h"

#define AF_UNIX        1
#define SOCK_SEQPACKET 5
#define SOCK_CLOEXEC   02000000
#define SOL_SOCKET     1
#define SO_RCVTIMEO    20
#define MSG_NOSIGNAL   0x4000
#define PATIENCE       15 /* seconds that the name server has for its answer */

struct address {
    uint16_t family;
    char path[FAR_SOCKET_PATH_MAX];
};

/* Too large for a small stack: a resolver may run in any thread that calls dlopen. */
struct work {
    struct far_settings settings;
    struct address address;
    union {
        unsigned char packet[FAR_MESSAGE_MAX];
        struct far_message message;
    };
};

/* What a program reaches that calls through an address which was never bound: not before far_bind, which reports first.
 */
static void unresolved(void)
{
    static const char text[] = "far: a call to a service that is not bound: its import library was not initialised\n";
    early_call(SYS_write, 2, (long)text, sizeof text - 1, 0, 0, 0);
    for (;;)
        early_call(SYS_exit_group, 69 /* EX_UNAVAILABLE */, 0, 0, 0, 0, 0);
}

static struct work *work_new(void)
{
    long address =
        early_call(SYS_mmap, 0, sizeof(struct work), 3 /* READ | WRITE */, 0x22 /* PRIVATE | ANONYMOUS */, -1, 0);
    return address < 0 && address > -4096 ? NULL : (struct work *)address;
}

static void work_free(struct work *work)
{
    early_call(SYS_munmap, (long)work, sizeof *work, 0, 0, 0, 0);
}

static long connect_to_fard(struct work *work)
{
    const int64_t patience[2] = {PATIENCE, 0};
    long fd = early_call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, 0, 0, 0);
    if (fd < 0)
        return fd;
    work->address.family = AF_UNIX;
    early_copy(work->address.path, work->settings.socket, sizeof work->address.path);
    early_call(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, (long)patience, sizeof patience, 0);
    if (early_call(SYS_connect, fd, (long)&work->address, sizeof work->address, 0, 0, 0) == 0)
        return fd;
    early_close(fd);
    return -1;
}

static int send_request(long fd, struct work *work, const struct far_import_table *table)
{
    struct far_message *message = &work->message;
    struct far_bind_request *request = (struct far_bind_request *)(message + 1);
    if (table->size > FAR_IMPORT_MAX)
        return 0;
    message->magic = FAR_PROTOCOL_MAGIC;
    message->size = (uint32_t)(sizeof *message + sizeof *request + table->size);
    message->type = FAR_MSG_RESOLVE;
    message->version = 1;
    message->serial = 1;
    request->want = far_settings_want(&work->settings, table->service);
    request->machine = FAR_ABI_MACHINE;
    early_copy(request + 1, table, table->size);
    return early_call(SYS_sendto, fd, (long)message, message->size, MSG_NOSIGNAL, 0, 0) == (long)message->size;
}

static const struct far_bind_reply *receive_reply(long fd, struct work *work, uint32_t op_count)
{
    const struct far_message *message = &work->message;
    const struct far_bind_reply *reply = (const struct far_bind_reply *)(message + 1);
    long got = early_call(SYS_recvfrom, fd, (long)work->packet, sizeof work->packet, 0, 0, 0);
    size_t expected = sizeof *message + sizeof *reply + op_count * sizeof(uint64_t);
    if (got < (long)sizeof *message || message->magic != FAR_PROTOCOL_MAGIC || message->serial != 1 ||
        message->type != (FAR_MSG_RESOLVE | FAR_MSG_REPLY) || (size_t)got != expected || message->size != expected ||
        reply->op_count != op_count)
        return NULL;
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

/* The connection stays open for far_bind: its number + 1 in `reserved`. Authenticating once is enough. */
static int ask(struct far_import *import, struct work *work)
{
    far_settings_read(&work->settings);
    long fd = connect_to_fard(work);
    if (fd < 0)
        return 0;
    const struct far_bind_reply *reply = NULL;
    if (send_request(fd, work, import->table))
        reply = receive_reply(fd, work, import->table->op_count);
    if (reply && take_answer(import, reply)) {
        import->reserved = (uint32_t)fd + 1;
        return 1;
    }
    early_close(fd);
    return 0;
}

void *far_resolve(struct far_import *import, uint32_t op_index)
{
    if (import->state == FAR_IMPORT_UNBOUND) {
        struct work *work = work_new();
        int answered = work && ask(import, work);
        if (work)
            work_free(work);
        import->state = answered ? FAR_IMPORT_RESOLVED : FAR_IMPORT_FAILED;
    }
    if (import->state == FAR_IMPORT_FAILED || op_index >= import->table->op_count || !import->stub[op_index])
        return (void *)unresolved;
    return (void *)import->stub[op_index];
}
