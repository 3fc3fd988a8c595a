/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Binding against a name server played here: what a good answer leads to, and that each thing that can be wrong with
 * one is an error with its own words, never a crash and never a binding.
 */
#include "runtime/import.h"
#include "runtime/lib/binding.h"
#include "runtime/lib/channel.h"
#include "runtime/lib/error.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static struct far_segment segment;
static struct far_import_table *table;

/* What the answer of the next request has wrong with it. */
enum fault {
    FINE,
    CLOSED,
    BAD_MAGIC,
    BAD_SIZE,
    BAD_TYPE,
    TOO_SHORT,
    REFUSED,
    ERROR_SHORT,
    OTHER_SERVICE,
    LEVEL_HIGH,
    LEVEL_NONE,
    FEW_FDS,
    MANY_FDS,
    OUTSIDE_WINDOW,
    PARTS_OVERLAP,
    OTHER_COUNT,
    WRONG_STUB,
    BAD_IFACE,
    EMPTY_IFACE,
    SHORT_STUBS,
    NO_TRAP,
    OTHER_INTERFACE,
    PENDING_FDS,
    PENDING_OUTSIDE,
    LATE_ANSWER,
    FAULT_COUNT
};
static enum fault fault;

static uint64_t base = FAR_WINDOW_BEGIN;

static int file_with(const void *bytes, size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    return fd;
}

/* Both stub parts in their trap variant, as fard composes them for a client that is not trusted. */
static int stubs_file(void)
{
    uint64_t end = segment.part[FAR_PART_DSTUBS].address + segment.part[FAR_PART_DSTUBS].size;
    uint8_t *bytes = calloc(1, end);
    size_t size = segment.note->slot_count * FAR_STUB_SIZE;
    memset(bytes, 0xcc, end);
    memcpy(bytes, segment.traps[0], size);
    memcpy(bytes + segment.part[FAR_PART_DSTUBS].address, segment.traps[1], size);
    if (fault == NO_TRAP)
        bytes[FAR_STUB_SIZE] = 0x90;
    int fd = file_with(bytes, fault == SHORT_STUBS ? 16 : end);
    free(bytes);
    return fd;
}

static int iface_file(void)
{
    uint8_t *bytes = malloc(segment.iface_size);
    memcpy(bytes, segment.iface, segment.iface_size);
    if (fault == BAD_IFACE)
        bytes[12] ^= 0xff; /* its size */
    int fd = file_with(bytes, fault == EMPTY_IFACE ? 0 : segment.iface_size);
    free(bytes);
    return fd;
}

struct answer {
    struct far_message message;
    union {
        struct {
            struct far_bind_reply reply;
            uint64_t stub[16];
        };
        struct far_error error;
    };
};

static size_t fill_reply(struct answer *answer)
{
    struct far_bind_reply *reply = &answer->reply;
    reply->base = base;
    reply->level = fault == LEVEL_HIGH ? FAR_LEVEL_TRUSTED : fault == LEVEL_NONE ? FAR_LEVEL_UNSET : FAR_LEVEL_NONE;
    reply->fds = 1u << FAR_FD_STUBS | 1u << FAR_FD_IFACE;
    reply->op_count = table->op_count + (fault == OTHER_COUNT);
    reply->service_id = 1;
    reply->fingerprint = ((const struct far_iface *)segment.iface)->fingerprint + (fault == OTHER_INTERFACE);
    strcpy(reply->service, fault == OTHER_SERVICE ? "vk" : table->service);
    for (int i = 0; i < FAR_PART_COUNT; i++)
        reply->part[i] = (struct far_extent){base + segment.part[i].address, segment.part[i].size};
    if (fault == PENDING_FDS || fault == PENDING_OUTSIDE)
        reply->flags = FAR_BIND_PENDING;
    if (fault == PENDING_OUTSIDE) {
        reply->base += FAR_GRANULE;
        reply->fds = 0;
    }
    if (fault == OUTSIDE_WINDOW)
        reply->base -= FAR_GRANULE;
    if (fault == PARTS_OVERLAP)
        reply->part[FAR_PART_DATA].address = reply->part[FAR_PART_CODE].address;
    for (uint32_t i = 0; i < table->op_count; i++) {
        const struct far_op *op = iface_op_by_name(segment.iface, import_op_name(table, i));
        answer->stub[i] = reply->part[FAR_PART_FSTUBS].address + op->slot * FAR_STUB_SIZE + (fault == WRONG_STUB);
    }
    return sizeof *reply + reply->op_count * sizeof(uint64_t);
}

static void send_with_fds(int socket, const void *bytes, size_t size, const int *fd, int count)
{
    char control[CMSG_SPACE(8 * sizeof(int))] = {0};
    struct iovec vector = {(void *)(uintptr_t)bytes, size};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        *rights = (struct cmsghdr){
            .cmsg_len = CMSG_LEN((size_t)count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(rights), fd, (size_t)count * sizeof(int));
    }
    sendmsg(socket, &header, MSG_NOSIGNAL);
    for (int i = 0; i < count; i++)
        close(fd[i]);
}

static void answer_request(int socket, const struct far_message *request)
{
    struct answer answer = {.message = *request};
    size_t size = fill_reply(&answer);
    int fd[3] = {stubs_file(), iface_file(), stubs_file()};
    int count = fault == PENDING_OUTSIDE ? 0 : fault == FEW_FDS ? 1 : fault == MANY_FDS ? 3 : 2;
    answer.message.type = (uint16_t)(request->type | FAR_MSG_REPLY);
    if (fault == REFUSED || fault == ERROR_SHORT) {
        answer.message.type = FAR_MSG_ERROR | FAR_MSG_REPLY;
        answer.error = (struct far_error){.code = EACCES, .exit = 77, .text = "not for you"};
        size = fault == REFUSED ? sizeof answer.error : 4;
        close(fd[0]);
        close(fd[1]);
        count = 0;
    }
    if (fault == TOO_SHORT)
        size = 20;
    if (fault == BAD_TYPE)
        answer.message.type = FAR_MSG_LIST | FAR_MSG_REPLY;
    if (fault == BAD_MAGIC)
        answer.message.magic ^= 1;
    answer.message.size = (uint32_t)(sizeof answer.message + size + (fault == BAD_SIZE));
    if (fault == LATE_ANSWER) { /* to a request that was given up; its descriptors must not be left open */
        struct far_message late = {FAR_PROTOCOL_MAGIC, sizeof late, request->type | FAR_MSG_REPLY, 1,
                                   request->serial - 1};
        int unwanted = file_with("x", 1);
        send_with_fds(socket, &late, sizeof late, &unwanted, 1);
    }
    if (fault == PENDING_OUTSIDE)
        close(fd[0]);
    if (count < 3)
        close(fd[2]);
    if (count == 1 || fault == PENDING_OUTSIDE)
        close(fd[1]);
    send_with_fds(socket, &answer, sizeof answer.message + size, fd, count);
}

static void *serve(void *argument)
{
    int socket = (int)(intptr_t)argument;
    static _Alignas(16) char buffer[FAR_MESSAGE_MAX];
    while (recv(socket, buffer, sizeof buffer, 0) > 0 && fault != CLOSED)
        answer_request(socket, (const struct far_message *)buffer);
    close(socket);
    return NULL;
}

static int open_fds(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* One attempt on a connection of its own. */
static int try_binding(enum fault next, struct far_error *error)
{
    int ends[2];
    pthread_t thread;
    sigset_t saved;
    struct far_binding *binding = NULL;
    uint64_t stub[16] = {0};
    fault = next;
    int before = open_fds();
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    CHECK(pthread_create(&thread, NULL, serve, (void *)(intptr_t)ends[1]) == 0);
    process_lock(&saved);
    far_process.connection = (struct far_connection){.fd = ends[0], .serial = 1};
    int failed = binding_make(table, stub, &binding, error);
    connection_close(&far_process.connection);
    process_unlock(&saved);
    pthread_join(thread, NULL);
    CHECK(open_fds() == before);
    CHECK(failed || (binding && stub[0]));
    return failed;
}

static struct far_import_table *make_table(const struct far_iface *iface)
{
    struct far_import_table *made = calloc(1, 4096);
    struct far_import_op *op = (struct far_import_op *)(made + 1);
    uint32_t at = (uint32_t)(sizeof *made + iface->ops.count * sizeof *op);
    memcpy(made->magic, FAR_IMPORT_MAGIC, 8);
    made->version = FAR_IMPORT_VERSION;
    strcpy(made->service, iface_string(iface, iface->service));
    made->major = iface->major;
    made->minor = iface->minor;
    made->op_count = iface->ops.count;
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        op[i] = (struct far_import_op){.fingerprint = iface_op(iface, i)->fingerprint, .name = at};
        at = (uint32_t)(stpcpy((char *)made + at, iface_string(iface, iface_op(iface, i)->name)) + 1 - (char *)made);
    }
    made->size = (at + 7) & ~7u;
    return made;
}

static void check_faults(void)
{
    static const int expected[FAULT_COUNT] = {
        /* A connection that broke is tried once more, and nobody listens here. */
        [CLOSED] = ENOENT,          [BAD_MAGIC] = ENOENT,     [BAD_SIZE] = ENOENT,        [BAD_TYPE] = ENOENT,
        [TOO_SHORT] = EPROTO,       [REFUSED] = EACCES,       [ERROR_SHORT] = EPROTO,     [OTHER_SERVICE] = EPROTO,
        [LEVEL_HIGH] = EPROTO,      [LEVEL_NONE] = EPROTO,    [FEW_FDS] = EPROTO,         [MANY_FDS] = EPROTO,
        [OUTSIDE_WINDOW] = EPROTO,  [PARTS_OVERLAP] = EPROTO, [OTHER_COUNT] = EPROTO,     [WRONG_STUB] = EPROTO,
        [BAD_IFACE] = EPROTO,       [EMPTY_IFACE] = EPROTO,   [SHORT_STUBS] = EPROTO,     [NO_TRAP] = EPROTO,
        [OTHER_INTERFACE] = EPROTO, [PENDING_FDS] = EPROTO,   [PENDING_OUTSIDE] = EPROTO,
    };
    for (enum fault next = CLOSED; next < LATE_ANSWER; next++) {
        struct far_error error = {0};
        int failed = try_binding(next, &error);
        if (failed != -expected[next])
            fprintf(stderr, "fault %d: %d, %s\n", next, failed, error.text);
        CHECK(failed == -expected[next]);
        CHECK(error.text[0] && error.exit);
        CHECK(far_process.binding_count == 0);
        base += 16 * FAR_GRANULE; /* a binding that failed late leaves its mappings behind */
    }
}

static void check_fine(void)
{
    struct far_error error = {0};
    CHECK(try_binding(LATE_ANSWER, &error) == 0);
    CHECK(far_process.binding_count == 1);
    CHECK(try_binding(FINE, &error) == 0); /* a second import library of the same service shares it */
    CHECK(far_process.binding_count == 1);
    const struct far_binding *binding = process_find_service(table->service);
    CHECK(binding && binding->base == base && binding->level == FAR_LEVEL_NONE);
    CHECK(process_find_address(base) == binding && !process_find_address(base - 1));
    CHECK(((const struct far_linkage *)binding->part[FAR_PART_LINKAGE].address)->binding == (uint64_t)binding);
    CHECK(far_level(table->service) == FAR_LEVEL_NONE);
    CHECK(far_stub_kind((const void *)(base + FAR_STUB_SIZE)) == FAR_STUB_TRAP);
    CHECK(far_stub_kind((const void *)base) == FAR_STUB_UNKNOWN);
    ((struct far_import_op *)(table + 1))->fingerprint ^= 1;
    CHECK(try_binding(FINE, &error) == -EPROTOTYPE); /* fard said yes; what is mapped says no */
    CHECK(strstr(error.text, "is not the one this program was linked against") != NULL);
}

int main(void)
{
    char why[256];
    struct made made = make_segment(MAKE_PLAIN);
    if (segment_check(made.bytes, made.size, 0, &segment, why, sizeof why) != 0)
        return 1;
    process_settings();
    strcpy(far_process.settings.socket, "/nonexistent/socket");
    far_process.settings.level = FAR_LEVEL_READ; /* so that trusted is more than was asked for */
    table = make_table(segment.iface);
    check_faults();
    check_fine();
    free(table);
    free(made.bytes);
    return check_result();
}
