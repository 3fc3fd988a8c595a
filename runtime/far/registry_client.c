/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/registry_client.h"
#include "runtime/far/load.h"
#include "runtime/format/complain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define NAME_OF(NAME, name, ...) #name,

const char *level_word(uint32_t level)
{
    static const char *const names[] = {"unset", FAR_LEVELS(NAME_OF)};
    return level == FAR_RULE_REFUSED ? "refuse" : level < FAR_LEVEL_COUNT ? names[level] : "?";
}

const char *state_word(uint32_t state)
{
    static const char *const names[] = {FAR_STATES(NAME_OF)};
    return state < FAR_STATE_COUNT ? names[state] : "?";
}

const char *who_word(uint32_t who)
{
    static const char *const names[] = {FAR_WHOS(NAME_OF)};
    return who < FAR_WHO_COUNT ? names[who] : "?";
}

/* As clients look for it (protocol.h): the environment, the user's, the system's. */
static void find_socket(char *path, size_t size, const char *socket)
{
    const char *environment = getenv(FAR_SOCKET_ENV), *runtime = getenv("XDG_RUNTIME_DIR");
    if (!socket && environment && *environment)
        socket = environment;
    if (!socket && runtime && *runtime) {
        snprintf(path, size, "%s" FAR_SOCKET_USER_SUFFIX, runtime);
        if (access(path, F_OK) == 0)
            return;
    }
    snprintf(path, size, "%s", socket ? socket : FAR_SOCKET_SYSTEM);
}

static int cannot_reach(const struct fard_connection *connection)
{
    if (errno == EACCES) {
        fprintf(stderr,
                "far: cannot reach fard at %s: %s; this user may not: look at the modes of the socket and its folder\n",
                connection->path, strerror(errno));
        return EX_UNAVAILABLE;
    }
    fprintf(stderr, "far: cannot reach fard at %s: %s; start it with `fard`, or name its socket by --socket or %s\n",
            connection->path, strerror(errno), FAR_SOCKET_ENV);
    return EX_UNAVAILABLE;
}

/* 0, or an errno. */
static int reach(struct fard_connection *connection, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *connection = (struct fard_connection){.fd = -1};
    find_socket(connection->path, sizeof connection->path, name);
    if (strlen(connection->path) >= sizeof address.sun_path)
        return ENAMETOOLONG;
    strcpy(address.sun_path, connection->path);
    connection->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connection->fd >= 0 && connect(connection->fd, (struct sockaddr *)&address, sizeof address) == 0)
        return 0;
    int code = errno;
    fard_disconnect(connection);
    return code;
}

int fard_connect(struct fard_connection *connection, const char *name)
{
    errno = reach(connection, name);
    return errno ? cannot_reach(connection) : 0;
}

bool fard_reachable(struct fard_connection *connection, const char *name)
{
    return reach(connection, name) == 0;
}

void fard_disconnect(struct fard_connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
}

static int send_request(const struct fard_connection *connection, struct far_message *head, const void *body,
                        size_t size, const int *fds, unsigned fd_count)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int) * FAR_MESSAGE_FDS)];
    } control;
    struct iovec parts[2] = {{head, sizeof *head}, {(void *)(uintptr_t)body, size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (fd_count) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof *fds);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(fd_count * sizeof *fds);
        memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof *fds);
    }
    ssize_t sent;
    do
        sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
        return 0; /* fard has hung up: why may lie there to be read, and if it does not, reading says so */
    return sent < 0 ? cannot_reach(connection) : 0;
}

int fard_broken_reply(const struct fard_connection *connection)
{
    fprintf(stderr, "far: the answer from %s cannot be understood; are far and fard of the same version?\n",
            connection->path);
    return EX_PROTOCOL;
}

const char *fard_text(const char *text, size_t size)
{
    return text_is_printable(text, size) ? text : "?";
}

const char *fard_visible(const char *text, size_t size, char *visible)
{
    char *to = visible;
    for (size_t at = 0; at < size && text[at];) {
        char character[8] = {0};
        memcpy(character, text + at, size - at < 4 ? size - at : 4);
        size_t length = text_is_control(character, 0) ? 0 : text_utf8_length(character);
        if (length)
            to = mempcpy(to, character, length);
        else
            to += sprintf(to, "\\x%02x", (unsigned char)text[at]);
        at += length ? length : 1;
    }
    *to = '\0';
    return visible;
}

static int report_error(const struct fard_connection *connection, const struct fard_reply *reply)
{
    const struct far_error *error = (const void *)(reply->bytes + sizeof(struct far_message));
    if (reply->size != sizeof *error)
        return fard_broken_reply(connection);
    fprintf(stderr, "far: %s\n", fard_text(error->text, sizeof error->text));
    return error->exit > 0 && error->exit < 126 ? error->exit : EX_SOFTWARE;
}

/* At most one descriptor comes with an answer; the kernel closes what there is no room for. */
static ssize_t receive_packet(int socket, struct fard_reply *reply)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {reply->bytes, sizeof reply->bytes};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.bytes};
    reply->fd = -1;
    ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&reply->fd, CMSG_DATA(header), sizeof reply->fd);
    return got;
}

static int receive_reply(const struct fard_connection *connection, uint16_t type, struct fard_reply *reply)
{
    const struct far_message *head = (const void *)reply->bytes;
    ssize_t got;
    do
        got = receive_packet(connection->fd, reply);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == ECONNRESET) /* said once, ahead of fard's last words */
        got = receive_packet(connection->fd, reply);
    if (got <= 0) {
        fprintf(stderr, "far: fard at %s hung up%s%s\n", connection->path, got < 0 ? ": " : "",
                got < 0 ? strerror(errno) : "");
        return EX_UNAVAILABLE;
    }
    if ((size_t)got < sizeof *head || head->magic != FAR_PROTOCOL_MAGIC || head->size != (size_t)got ||
        head->version != 1)
        return fard_broken_reply(connection);
    reply->size = (size_t)got - sizeof *head;
    if (head->type == (FAR_MSG_ERROR | FAR_MSG_REPLY))
        return report_error(connection, reply);
    return head->type == (type | FAR_MSG_REPLY) && head->serial == connection->serial ? 0
                                                                                      : fard_broken_reply(connection);
}

int fard_ask(struct fard_connection *connection, uint16_t type, const void *body, size_t size, int fd,
             struct fard_reply *reply)
{
    return fard_ask_with(connection, type, body, size, &fd, fd >= 0, reply);
}

int fard_ask_with(struct fard_connection *connection, uint16_t type, const void *body, size_t size, const int *fds,
                  unsigned fd_count, struct fard_reply *reply)
{
    struct far_message head = {FAR_PROTOCOL_MAGIC, (uint32_t)(sizeof head + size), type, 1, ++connection->serial};
    int code = send_request(connection, &head, body, size, fds, fd_count);
    return code ? code : receive_reply(connection, type, reply);
}

const void *fard_body(const struct fard_connection *connection, const struct fard_reply *reply, size_t size)
{
    if (reply->size >= size)
        return reply->bytes + sizeof(struct far_message);
    fard_broken_reply(connection);
    return NULL;
}

int fard_status(struct fard_connection *connection, struct far_status_reply *status)
{
    static struct fard_reply reply;
    int code = fard_ask(connection, FAR_MSG_STATUS, NULL, 0, -1, &reply);
    const struct far_status_reply *body = code ? NULL : fard_body(connection, &reply, sizeof *body);
    if (!body)
        return code ? code : EX_PROTOCOL;
    *status = *body;
    status->version[sizeof status->version - 1] = '\0';
    return 0;
}

int far_take_name(const char *command, const char *text, char name[FAR_SERVICE_MAX])
{
    if (!text_is_identifier(text, FAR_SERVICE_MAX)) {
        fprintf(stderr, "far: %s: `%s` is no service's name: names are C identifiers of at most %d bytes\n", command,
                text, FAR_NAME_MAX);
        return EX_USAGE;
    }
    memset(name, 0, FAR_SERVICE_MAX);
    memcpy(name, text, strlen(text));
    return 0;
}

int far_take_service(const char *command, const char *text, char name[FAR_SERVICE_MAX], uint32_t *version)
{
    char copy[FAR_SERVICE_MAX + 16], *end = NULL;
    const char *at = strchr(text, '@');
    *version = 0;
    if (!at || (size_t)(at - text) >= sizeof copy)
        return far_take_name(command, text, name);
    unsigned long major = at[1] >= '0' && at[1] <= '9' ? strtoul(at + 1, &end, 10) : 0;
    if (!end || *end || major > UINT16_MAX) {
        fprintf(stderr, "far: %s: `%s`: behind @ stands a major version, as in kv@1\n", command, text);
        return EX_USAGE;
    }
    memcpy(copy, text, (size_t)(at - text));
    copy[at - text] = '\0';
    *version = FAR_VERSION_OF(major);
    return far_take_name(command, copy, name);
}

int query_read(const struct command_line *line, int argc, char **argv, struct query_options *options)
{
    struct operands operands;
    *options = (struct query_options){0};
    int code = options_read(line, argc, argv, options, &operands);
    options->name = operands.word[0];
    return code;
}
