/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/connection.h"

#include "runtime/lib/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* Not one of the first three: a program that closed its standard streams opens others there. */
static int move_up(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    close(fd);
    return moved;
}

int connection_open(struct far_connection *connection, const char *path, struct far_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strnlen(path, sizeof address.sun_path);
    connection->fd = -1;
    if (length >= sizeof address.sun_path)
        return far_fail(error, ENAMETOOLONG, EX_USAGE,
                        "cannot reach fard: the path of its socket is longer than %zu bytes",
                        sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, length + 1);
    int fd = move_up(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (fd < 0)
        return far_fail(error, errno, EX_OSERR, "cannot make a socket: %s", strerror(errno));
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        connection->fd = fd;
        return 0;
    }
    int code = errno;
    close(fd);
    if (code == EACCES)
        return far_fail(
            error, code, EX_UNAVAILABLE,
            "cannot reach fard at %s: %s; this user may not: look at the modes of the socket and its folder", path,
            strerror(code));
    return far_fail(error, code, EX_UNAVAILABLE,
                    "cannot reach fard at %s: %s; start it with `fard`, or name its socket in %s", path, strerror(code),
                    FAR_SOCKET_ENV);
}

void connection_close(struct far_connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
}

static int lost(struct far_connection *connection, int code, struct far_error *error)
{
    connection_close(connection);
    return far_fail(error, code, EX_UNAVAILABLE, "the connection to fard is lost: %s", strerror(code));
}

static int send_packet(int fd, struct far_message *message, const struct iovec *body, int count)
{
    struct iovec vector[4] = {{message, sizeof *message}};
    size_t size = sizeof *message;
    for (int i = 0; i < count; i++) {
        vector[i + 1] = body[i];
        size += body[i].iov_len;
    }
    if (size > FAR_MESSAGE_MAX)
        return -EMSGSIZE;
    message->size = (uint32_t)size;
    struct msghdr header = {.msg_iov = vector, .msg_iovlen = (size_t)count + 1};
    ssize_t sent;
    do
        sent = sendmsg(fd, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
        return 0; /* fard has hung up; why it did may lie there to be read, and if not, reading says so */
    return sent == (ssize_t)size ? 0 : sent < 0 ? -errno : -EPIPE;
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_readable(int fd, long deadline)
{
    for (;;) {
        long left = deadline - now_ms();
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll(&poll_fd, 1, (int)left) : 0;
        if (ready > 0)
            return 0;
        if (ready == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

static void take_fds(struct msghdr *header, struct far_answer *answer)
{
    answer->fd_count = 0;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(control) + i * sizeof fd, sizeof fd);
            if (answer->fd_count < FAR_MESSAGE_FDS)
                answer->fd[answer->fd_count++] = fd;
            else
                close(fd);
        }
    }
}

/* One packet, whatever it is. Returns 0, or -errno. */
static int receive_packet(int fd, int flags, struct far_message *message, struct far_answer *answer,
                          struct far_error *scratch)
{
    /* Too small a buffer for an error's text must not lose it: the body goes to two places, one after the other. */
    struct iovec vector[3] = {{message, sizeof *message}, {answer->body, answer->room}, {scratch, sizeof *scratch}};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(FAR_MESSAGE_FDS * sizeof(int))];
    } control;
    struct msghdr header = {
        .msg_iov = vector, .msg_iovlen = 3, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got;
    do
        got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC | flags);
    while (got < 0 && errno == EINTR);
    /* An end with something unread is said once, ahead of fard's last words. */
    if (got < 0 && errno == ECONNRESET && (got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)) < 0)
        return -ECONNRESET;
    if (got < 0)
        return -errno;
    take_fds(&header, answer);
    if (got == 0)
        return -ECONNRESET;
    if ((size_t)got < sizeof *message || message->magic != FAR_PROTOCOL_MAGIC || message->size != (size_t)got ||
        header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
        return -EPROTO;
    answer->size = (size_t)got - sizeof *message;
    return 0;
}

/* The error's body lies in two pieces if the caller's buffer was smaller than it. */
static int refused(const struct far_answer *answer, const struct far_error *rest, struct far_error *error)
{
    size_t first = answer->size < answer->room ? answer->size : answer->room;
    if (answer->size != sizeof *error)
        return far_fail(error, EPROTO, EX_PROTOCOL, "fard sent an error that is no error message");
    first = first < sizeof *error ? first : sizeof *error;
    if (first) /* who expects no answer has no room for one */
        memcpy(error, answer->body, first);
    memcpy((char *)error + first, rest, sizeof *error - first);
    error->text[sizeof error->text - 1] = '\0';
    if (error->code <= 0 || error->code > 4095)
        error->code = EPROTO;
    if (error->exit <= 0 || error->exit > 255)
        error->exit = EX_SOFTWARE;
    return -error->code;
}

/* Its body, too, lies in two pieces. */
static void hand_out(const struct far_connection *connection, const struct far_message *message,
                     struct far_answer *answer, const struct far_error *rest)
{
    struct far_revoked body;
    size_t first = answer->room < sizeof body ? answer->room : sizeof body;
    if (answer->size != sizeof body || !connection->unasked)
        return;
    memcpy(&body, answer->body, first);
    memcpy((char *)&body + first, rest, sizeof body - first);
    connection->unasked(message, &body, answer->fd, answer->fd_count);
}

void connection_take_unasked(struct far_connection *connection)
{
    struct far_message message;
    struct far_error scratch;
    struct far_revoked body;
    struct far_answer answer = {.body = &body, .room = sizeof body};
    int failed = 0;
    while (!failed) {
        answer.fd_count = 0;
        failed = receive_packet(connection->fd, MSG_DONTWAIT, &message, &answer, &scratch);
        if (!failed && message.serial == 0)
            hand_out(connection, &message, &answer, &scratch);
        answer_close_fds(&answer);
    }
    if (failed != -EAGAIN)
        connection_close(connection);
}

/* An error that answers nothing: why fard has hung up. */
static bool is_last_word(const struct far_message *message)
{
    return message->serial == 0 && message->type == (FAR_MSG_ERROR | FAR_MSG_REPLY);
}

int connection_request(struct far_connection *connection, enum far_message_type type, const struct iovec *body,
                       int count, struct far_answer *answer, struct far_error *error)
{
    struct far_message message = {
        .magic = FAR_PROTOCOL_MAGIC, .type = (uint16_t)type, .version = 1, .serial = ++connection->serial};
    struct far_error scratch;
    long deadline = now_ms() + FAR_PATIENCE_MS;
    uint32_t serial = message.serial;
    answer->fd_count = 0;
    int failed = send_packet(connection->fd, &message, body, count);
    while (!failed) {
        failed = wait_readable(connection->fd, deadline);
        if (!failed)
            failed = receive_packet(connection->fd, 0, &message, answer, &scratch);
        if (!failed && (message.serial == serial || is_last_word(&message)))
            break;
        if (!failed && message.serial == 0)
            hand_out(connection, &message, answer, &scratch);
        answer_close_fds(answer); /* an answer that came too late for its request */
    }
    if (failed)
        return lost(connection, -failed, error);
    if (is_last_word(&message))
        connection_close(connection);
    if (message.type == (FAR_MSG_ERROR | FAR_MSG_REPLY)) {
        answer_close_fds(answer);
        return refused(answer, &scratch, error);
    }
    if (message.type == (type | FAR_MSG_REPLY) && answer->size <= answer->room)
        return 0;
    answer_close_fds(answer);
    return lost(connection, EPROTO, error);
}

void connection_tell(struct far_connection *connection, enum far_message_type type, const void *body, size_t size)
{
    struct far_message message = {
        .magic = FAR_PROTOCOL_MAGIC, .type = (uint16_t)type, .version = 1, .serial = ++connection->serial};
    struct iovec vector = {(void *)(uintptr_t)body, size};
    if (connection->fd >= 0)
        send_packet(connection->fd, &message, &vector, 1);
}

void answer_close_fds(struct far_answer *answer)
{
    for (int i = 0; i < answer->fd_count; i++)
        if (answer->fd[i] >= 0)
            close(answer->fd[i]);
    answer->fd_count = 0;
}
