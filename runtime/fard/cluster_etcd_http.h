/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * POST requests to etcd's members, by libcurl's multi interface in the loop: nothing blocks, there is no thread. Names in URLs are
 * resolved once, when fard starts, and never again.
 */
#ifndef FARCALL_CLUSTER_ETCD_HTTP_H
#define FARCALL_CLUSTER_ETCD_HTTP_H

#include "runtime/fard/cluster_etcd_text.h"
#include "runtime/fard/error.h"
#include "runtime/fard/list.h"
#include "runtime/fard/loop.h"

#include <curl/curl.h>

#define ETCD_URLS_MAX 16
#define ETCD_URL_MAX  300 /* bytes, NUL included */

struct etcd_urls {
    unsigned count;
    char url[ETCD_URLS_MAX][ETCD_URL_MAX]; /* scheme, host and port, nothing behind them */
    struct curl_slist *addresses;          /* of their hosts, as CURLOPT_RESOLVE has them */
    bool secure;                           /* one of them is https */
};
/* 0, or FARD_REFUSED. What is in *urls is to be freed either way. */
int etcd_urls_read(struct etcd_urls *urls, const char *where, struct far_error *error);
void etcd_urls_free(struct etcd_urls *urls);

struct etcd_http {
    struct loop *loop;
    struct etcd_urls urls;
    char *authority, *certificate, *key; /* files, for https; NULL: none was said */
    CURLM *multi;
    struct timer timer;
    struct list sockets;
};
/* tls: a folder with ca.pem, node.pem and node.key; NULL or empty: none. 0, FARD_REFUSED or a negative errno; to be
 * closed either way. */
int etcd_http_open(struct etcd_http *http, struct loop *loop, const char *where, const char *tls,
                   struct far_error *error);
void etcd_http_close(struct etcd_http *http); /* all transfers have ended, or were cancelled */

/* One request. Who starts it owns it until `done` is called, which is once, from the loop, never from etcd_http_post(). */
struct etcd_transfer {
    struct etcd_http *http;
    CURL *easy;
    struct curl_slist *headers;
    bool too_large;
    size_t size;
    char *body;                         /* size bytes */
    char trouble[CURL_ERROR_SIZE + 32]; /* empty: there is a response */
    long status;                        /* of HTTP */
    bool timed_out;
    void (*done)(struct etcd_transfer *transfer);
};
/* body must stay until it is done. 0 or -ENOMEM: then it was not started. */
int etcd_http_post(struct etcd_http *http, unsigned url, const char *path, const char *body, int64_t timeout_ms,
                   struct etcd_transfer *transfer);
/* Takes it back, whether it runs, is done, or was never started (zeroed); frees the response. */
void etcd_http_cancel(struct etcd_transfer *transfer);

#endif
