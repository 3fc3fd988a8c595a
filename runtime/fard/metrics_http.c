/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * GET /metrics for Prometheus, and nothing else: no other path, no other method, no keep-alive. A request is one packet's
 * worth of bytes and has five seconds; eight may be open at once. Everything here is a stranger's: what is not exactly
 * such a request is answered by an error and closed.
 */
#include "runtime/fard/log.h"
#include "runtime/fard/observe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define REQUEST_MAX     4096
#define REQUEST_MS      5000
#define CONNECTIONS_MAX 8
#define TEXT_MS         1000

struct metrics_http {
    struct fard *fard;
    struct source listener;
    struct list connections;
    unsigned count;
    char *path; /* of a Unix socket that we have made */
    char *text; /* the last answer; NULL: there was none */
    size_t text_size;
    int64_t text_made;
};

struct connection {
    struct source source;
    struct timer timer;
    struct list link;
    struct metrics_http *http;
    size_t got;
    char request[REQUEST_MAX + 1];
    char *answer; /* not NULL: it is being sent */
    size_t size, sent;
};

static void connection_end(struct connection *connection)
{
    loop_forget(&connection->http->fard->loop, &connection->source);
    timer_stop(&connection->timer);
    list_take_out(&connection->link);
    connection->http->count--;
    close(connection->source.fd);
    free(connection->answer);
    free(connection);
}

static void connection_timed_out(struct timer *timer)
{
    connection_end(list_entry(timer, struct connection, timer));
}

/* Ends the connection when all has gone out, or when nobody takes it. */
static void send_answer(struct connection *connection)
{
    while (connection->sent < connection->size) {
        ssize_t sent = send(connection->source.fd, connection->answer + connection->sent,
                            connection->size - connection->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN && !loop_change(&connection->http->fard->loop, &connection->source, EPOLLOUT))
            return;
        if (sent < 0)
            break;
        connection->sent += (size_t)sent;
    }
    shutdown(connection->source.fd, SHUT_WR);
    connection_end(connection);
}

static void answer(struct connection *connection, const char *status, const char *body, size_t body_size)
{
    int length = asprintf(&connection->answer,
                          "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                          "Content-Length: %zu\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n%.*s",
                          status, body_size, (int)body_size, body);
    if (length < 0) {
        connection->answer = NULL;
        connection_end(connection);
        return;
    }
    connection->size = (size_t)length;
    send_answer(connection);
}

/* Nobody's account pays for who asks here, so a text is made once a second at most, however many ask. */
static int find_text(struct metrics_http *http)
{
    char *text;
    size_t size;
    if (http->text && loop_now() - http->text_made < TEXT_MS)
        return 0;
    int result = metrics_text(http->fard, &text, &size);
    if (result)
        return result;
    free(http->text);
    http->text = text;
    http->text_size = size;
    http->text_made = loop_now();
    return 0;
}

static void answer_metrics(struct connection *connection)
{
    struct metrics_http *http = connection->http;
    if (find_text(http) != 0)
        answer(connection, "503 Service Unavailable", "no memory\n", 10);
    else
        answer(connection, "200 OK", http->text, http->text_size);
}

static bool begins_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void answer_request(struct connection *connection)
{
    const char *request = connection->request;
    if (memchr(request, '\0', connection->got) || !strstr(request, " HTTP/1."))
        answer(connection, "400 Bad Request", "no HTTP request\n", 16);
    else if (begins_with(request, "GET /metrics HTTP/1.") || begins_with(request, "GET /metrics?"))
        answer_metrics(connection);
    else if (begins_with(request, "GET "))
        answer(connection, "404 Not Found", "only /metrics is here\n", 22);
    else
        answer(connection, "405 Method Not Allowed", "only GET is understood\n", 23);
}

static void read_request(struct connection *connection)
{
    ssize_t got =
        recv(connection->source.fd, connection->request + connection->got, REQUEST_MAX - connection->got, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        connection_end(connection);
        return;
    }
    connection->got += (size_t)got;
    connection->request[connection->got] = '\0';
    if (strstr(connection->request, "\r\n\r\n"))
        answer_request(connection);
    else if (connection->got == REQUEST_MAX)
        answer(connection, "431 Request Header Fields Too Large", "the request is too long\n", 24);
}

static int connection_ready(struct source *source, uint32_t events)
{
    struct connection *connection = list_entry(source, struct connection, source);
    if (events & (EPOLLHUP | EPOLLERR))
        connection_end(connection);
    else if (connection->answer)
        send_answer(connection);
    else
        read_request(connection);
    return 0;
}

static void connection_begin(struct metrics_http *http, int fd)
{
    struct connection *connection = http->count < CONNECTIONS_MAX ? calloc(1, sizeof *connection) : NULL;
    if (!connection) {
        close(fd);
        return;
    }
    connection->http = http;
    connection->source = (struct source){fd, connection_ready};
    connection->timer.fire = connection_timed_out;
    http->count++;
    list_append(&http->connections, &connection->link);
    timer_start(&http->fard->loop, &connection->timer, REQUEST_MS);
    if (loop_watch(&http->fard->loop, &connection->source, EPOLLIN) != 0)
        connection_end(connection);
}

static int listener_ready(struct source *source, uint32_t events)
{
    (void)events;
    struct metrics_http *http = list_entry(source, struct metrics_http, listener);
    int fd = fard_accept(http->fard, source->fd);
    if (fd >= 0)
        connection_begin(http, fd);
    return 0;
}

int metrics_http_adopt(struct fard *fard, int fd)
{
    struct metrics_http *http = calloc(1, sizeof *http);
    int result = http ? 0 : -ENOMEM;
    if (!result) {
        http->fard = fard;
        http->listener = (struct source){fd, listener_ready};
        list_init(&http->connections);
        result = loop_watch(&fard->loop, &http->listener, EPOLLIN);
    }
    if (result) {
        close(fd);
        free(http);
        return result;
    }
    fard->http = http;
    return 0;
}

void metrics_http_close(struct fard *fard)
{
    struct metrics_http *http = fard->http;
    if (!http)
        return;
    while (!list_is_empty(&http->connections))
        connection_end(list_entry(http->connections.next, struct connection, link));
    loop_forget(&fard->loop, &http->listener);
    close(http->listener.fd);
    if (http->path)
        unlink(http->path);
    free(http->path);
    free(http->text);
    free(http);
    fard->http = NULL;
}

static int cannot(struct far_error *error, const char *where, const char *what)
{
    int code = errno;
    return refuse(error, code, EX_CANTCREAT, "--metrics %s: %s: %s", where, what, strerror(code));
}

static int listen_at(const struct sockaddr *address, socklen_t size, int *out)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
    if (fd < 0)
        return -errno;
    if (address->sa_family != AF_UNIX)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, address, size) < 0 || listen(fd, CONNECTIONS_MAX) < 0) {
        int result = -errno;
        close(fd);
        errno = -result;
        return result;
    }
    *out = fd;
    return 0;
}

/* Readable by its owner and group alone: who else may know, the folder's owner says. What is left of a fard that died is
 * replaced, anything else stays. */
static int listen_unix(const char *where, const char *path, int *fd, struct far_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!*path || strlen(path) >= sizeof address.sun_path)
        return refuse(error, EINVAL, EX_USAGE, "--metrics %s: the path is empty or too long", where);
    strcpy(address.sun_path, path);
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool stale = probe >= 0 && connect(probe, (struct sockaddr *)&address, sizeof address) < 0 && errno == ECONNREFUSED;
    if (probe >= 0)
        close(probe);
    if (stale)
        unlink(path);
    mode_t mask = umask(0117);
    int result = listen_at((struct sockaddr *)&address, sizeof address, fd);
    umask(mask);
    return result ? cannot(error, where, "cannot be listened on") : 0;
}

static bool port_is_sound(const char *text)
{
    char *end;
    unsigned long port = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
    return port > 0 && port <= UINT16_MAX && !*end;
}

static int listen_inet(const char *where, const char *colon, int *fd, struct far_error *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found;
    char host[128];
    size_t length = (size_t)(colon - where);
    bool brackets = length > 2 && where[0] == '[' && colon[-1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(brackets ? length - 2 : length), where + brackets);
    if (strcmp(host, "localhost") == 0)
        strcpy(host, "127.0.0.1");
    if (!port_is_sound(colon + 1))
        return refuse(error, EINVAL, EX_USAGE, "--metrics %s: a port is a number from 1 to 65535", where);
    if (getaddrinfo(*host ? host : "127.0.0.1", colon + 1, &hints, &found) != 0)
        return refuse(error, EINVAL, EX_USAGE,
                      "--metrics %s: that is no address: a number like 127.0.0.1:9117 or [::1]:9117, or unix:PATH",
                      where);
    int result = listen_at(found->ai_addr, found->ai_addrlen, fd);
    freeaddrinfo(found);
    return result ? cannot(error, where, "cannot be listened on") : 0;
}

int metrics_http_open(struct fard *fard, const char *where, struct far_error *error)
{
    const char *colon = strrchr(where, ':');
    bool local = begins_with(where, "unix:");
    int fd = -1;
    if (!colon)
        return refuse(error, EINVAL, EX_USAGE, "--metrics %s: say HOST:PORT, :PORT (of 127.0.0.1) or unix:PATH", where);
    int result = local ? listen_unix(where, where + 5, &fd, error) : listen_inet(where, colon, &fd, error);
    result = result ? result : metrics_http_adopt(fard, fd);
    if (!result && local)
        fard->http->path = realpath(where + 5, NULL);
    const struct log_field field = {"metrics", where, 0};
    if (!result)
        log_event(LOG_LEVEL_INFO, "metrics-listening", &field, 1, "metrics at %s%s", *where == ':' ? "127.0.0.1" : "",
                  where);
    return result;
}
