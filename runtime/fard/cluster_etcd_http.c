/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * libcurl's multi interface in fard's loop: curl says which sockets it waits for and when it wants to be called, the loop says what has
 * happened. Nothing of the environment counts (no proxy, no netrc), nothing is followed, and a response has a size that it cannot exceed.
 */
#include "runtime/fard/cluster_etcd_http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define CONNECTIONS_MAX 8L /* to one member; further requests wait for one of these */

/* A socket of curl's, while it waits for it. */
struct etcd_socket {
    struct source source;
    struct list link;
    struct etcd_http *http;
};

static struct etcd_transfer *transfer_of(CURL *easy)
{
    char *transfer = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    return (struct etcd_transfer *)(void *)transfer;
}

static void finish(struct etcd_transfer *transfer, CURLcode code)
{
    const char *words = transfer->trouble[0] ? transfer->trouble : curl_easy_strerror(code);
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &transfer->status);
    transfer->timed_out = code == CURLE_OPERATION_TIMEDOUT;
    if (transfer->too_large)
        snprintf(transfer->trouble, sizeof transfer->trouble, "its answer has more than %u bytes", ETCD_RESPONSE_MAX);
    else if (code == CURLE_OK)
        transfer->trouble[0] = 0;
    else if (words != transfer->trouble)
        snprintf(transfer->trouble, sizeof transfer->trouble, "%s", words);
    curl_multi_remove_handle(transfer->http->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
    transfer->done(transfer);
}

/* Whoever hears of it may start and cancel others, so the next one is asked for each time. */
static void deal_with_done(struct etcd_http *http)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            finish(transfer_of(message->easy_handle), message->data.result);
}

static void act(struct etcd_http *http, curl_socket_t fd, int what)
{
    int running;
    curl_multi_socket_action(http->multi, fd, what, &running);
    deal_with_done(http);
}

static int socket_ready(struct source *source, uint32_t events)
{
    struct etcd_socket *socket = list_entry(source, struct etcd_socket, source);
    int what = (events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (events & EPOLLERR ? CURL_CSELECT_ERR : 0);
    act(socket->http, source->fd, what);
    return 0;
}

static void timer_fired(struct timer *timer)
{
    act(list_entry(timer, struct etcd_http, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long after_ms, void *context)
{
    struct etcd_http *http = context;
    (void)multi;
    if (after_ms < 0)
        timer_stop(&http->timer);
    else
        timer_start(http->loop, &http->timer, after_ms);
    return 0;
}

static void forget_socket(struct etcd_socket *socket)
{
    loop_forget(socket->http->loop, &socket->source);
    list_take_out(&socket->link);
    free(socket);
}

static struct etcd_socket *add_socket(struct etcd_http *http, int fd, uint32_t events)
{
    struct etcd_socket *socket = calloc(1, sizeof *socket);
    if (!socket)
        return NULL;
    socket->http = http;
    socket->source = (struct source){fd, socket_ready};
    list_append(&http->sockets, &socket->link);
    if (loop_watch(http->loop, &socket->source, events) == 0 && curl_multi_assign(http->multi, fd, socket) == CURLM_OK)
        return socket;
    forget_socket(socket);
    return NULL;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *its)
{
    struct etcd_http *http = context;
    struct etcd_socket *socket = its;
    uint32_t events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) | (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (socket)
            forget_socket(socket);
        return 0;
    }
    if (!socket)
        return add_socket(http, fd, events) ? 0 : -1;
    return loop_change(http->loop, &socket->source, events) == 0 ? 0 : -1;
}

/* No other program that fard starts shall have it. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)context, (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct etcd_transfer *transfer = context;
    transfer->too_large |= count > ETCD_RESPONSE_MAX || transfer->size > ETCD_RESPONSE_MAX - count;
    char *body = transfer->too_large ? NULL : realloc(transfer->body, transfer->size + count + 1);
    if (!body)
        return 0;
    memcpy(body + transfer->size, bytes, size * count);
    transfer->body = body;
    transfer->size += size * count;
    return size * count;
}

static bool set_words(const struct etcd_http *http, CURL *easy, const char *url)
{
    bool set = curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_RESOLVE, http->urls.addresses) == CURLE_OK;
    if (set && http->authority)
        set = curl_easy_setopt(easy, CURLOPT_CAINFO, http->authority) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_SSLCERT, http->certificate) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_SSLKEY, http->key) == CURLE_OK;
    return set;
}

static bool set_behaviour(CURL *easy, struct etcd_transfer *transfer, int64_t timeout_ms)
{
    return curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_bytes) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->trouble) == CURLE_OK;
}

static bool set_body(CURL *easy, const struct curl_slist *headers, const char *body)
{
    return headers && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(body)) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body) == CURLE_OK;
}

int etcd_http_post(struct etcd_http *http, unsigned url, const char *path, const char *body, int64_t timeout_ms,
                   struct etcd_transfer *transfer)
{
    char text[ETCD_URL_MAX + 64];
    void (*done)(struct etcd_transfer *) = transfer->done;
    etcd_http_cancel(transfer);
    *transfer = (struct etcd_transfer){.http = http, .done = done, .easy = curl_easy_init()};
    transfer->headers = curl_slist_append(NULL, "Content-Type: application/json");
    snprintf(text, sizeof text, "%s/v3/%s", http->urls.url[url], path);
    if (transfer->easy && set_words(http, transfer->easy, text) &&
        set_behaviour(transfer->easy, transfer, timeout_ms) && set_body(transfer->easy, transfer->headers, body) &&
        curl_multi_add_handle(http->multi, transfer->easy) == CURLM_OK)
        return 0;
    etcd_http_cancel(transfer);
    return -ENOMEM;
}

void etcd_http_cancel(struct etcd_transfer *transfer)
{
    if (transfer->easy) {
        curl_multi_remove_handle(transfer->http->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->headers);
    free(transfer->body);
    transfer->easy = NULL;
    transfer->headers = NULL;
    transfer->body = NULL;
    transfer->size = 0;
}

static int find_files(struct etcd_http *http, const char *tls, struct far_error *error)
{
    const struct {
        char **path;
        const char *name;
    } file[] = {{&http->authority, "ca.pem"}, {&http->certificate, "node.pem"}, {&http->key, "node.key"}};
    if (!tls || !*tls)
        return refuse(error, EINVAL, EX_USAGE,
                      "--etcd with https needs --tls DIR, where this node's certificate and its CA's are");
    for (unsigned i = 0; i < 3; i++) {
        if (asprintf(file[i].path, "%s/%s", tls, file[i].name) < 0) {
            *file[i].path = NULL;
            return -ENOMEM;
        }
        if (access(*file[i].path, R_OK) != 0)
            return refuse(error, errno, EX_NOINPUT, "--etcd with https: %s: %s; `far cert` makes such files",
                          *file[i].path, strerror(errno));
    }
    return 0;
}

int etcd_http_open(struct etcd_http *http, struct loop *loop, const char *where, const char *tls,
                   struct far_error *error)
{
    memset(http, 0, sizeof *http);
    http->loop = loop;
    http->timer.fire = timer_fired;
    list_init(&http->sockets);
    int result = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -ENOMEM;
    result = result ? result : etcd_urls_read(&http->urls, where, error);
    if (!result && http->urls.secure)
        result = find_files(http, tls, error);
    http->multi = result ? NULL : curl_multi_init();
    if (!http->multi)
        return result ? result : -ENOMEM;
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, CONNECTIONS_MAX);
    return 0;
}

void etcd_http_close(struct etcd_http *http)
{
    curl_multi_cleanup(http->multi);
    http->multi = NULL;
    timer_stop(&http->timer);
    while (!list_is_empty(&http->sockets))
        forget_socket(list_entry(http->sockets.next, struct etcd_socket, link));
    etcd_urls_free(&http->urls);
    free(http->authority);
    free(http->certificate);
    free(http->key);
    http->authority = http->certificate = http->key = NULL;
    curl_global_cleanup();
}
