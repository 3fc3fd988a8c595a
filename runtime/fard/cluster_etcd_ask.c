/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/cluster_etcd_ask.h"

#include "runtime/fard/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* gRPC's codes that another member, or another time, would not change. */
enum grpc_code {
    GRPC_INVALID = 3,
    GRPC_NOT_FOUND = 5,
    GRPC_DENIED = 7,
    GRPC_EXHAUSTED = 8,
    GRPC_PRECONDITION = 9,
    GRPC_UNAUTHENTICATED = 16
};

int etcd_asking_open(struct etcd_asking *asking, struct loop *loop, const char *where, const char *tls,
                     struct far_error *error)
{
    memset(asking, 0, sizeof *asking);
    return etcd_http_open(&asking->http, loop, where, tls, error);
}

void etcd_asking_close(struct etcd_asking *asking)
{
    etcd_http_close(&asking->http);
}

static void end(struct etcd_ask *ask)
{
    timer_stop(&ask->timer);
    etcd_http_cancel(&ask->transfer);
    free(ask->body);
    ask->body = NULL;
}

static void answer(struct etcd_ask *ask, int result, const json_t *response, const struct far_error *error)
{
    end(ask);
    ask->answered(ask, result, response, error);
}

static const char *url_of(const struct etcd_ask *ask)
{
    return ask->asking->http.urls.url[ask->url];
}

/* Said once when it goes and once when it is there again. */
static void note_lost(struct etcd_asking *asking, bool lost)
{
    const struct log_field field = {"trouble", asking->trouble, 0};
    if (asking->lost == lost)
        return;
    asking->lost = lost;
    if (lost)
        log_event(LOG_LEVEL_WARNING, "etcd-lost", &field, 1, "etcd: %s; names stay as they are", asking->trouble);
    else
        log_event(LOG_LEVEL_NOTICE, "etcd-found", NULL, 0, "etcd answers again");
}

static void note_trouble(struct etcd_ask *ask, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note_trouble(struct etcd_ask *ask, const char *format, ...)
{
    struct etcd_asking *asking = ask->asking;
    char words[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    snprintf(asking->trouble, sizeof asking->trouble, "%.90s: %s", url_of(ask), words);
}

static void give_up(struct etcd_ask *ask)
{
    struct far_error error;
    unsigned count = ask->asking->http.urls.count;
    char members[32] = "";
    if (count > 1)
        snprintf(members, sizeof members, ", nor any other of %u", count);
    refuse(&error, ask->reached ? ETIMEDOUT : EHOSTUNREACH, EX_UNAVAILABLE,
           "etcd, which keeps the cluster's names, %s: %s%s; what is bound works on, and this can be tried again when "
           "etcd is back",
           ask->reached ? "gives no answer" : "cannot be reached",
           ask->asking->trouble[0] ? ask->asking->trouble : "there was no time left", members);
    if (!ask->reached || loop_now() - ask->begun >= ETCD_ATTEMPT_MS) /* who had no time says nothing about etcd */
        note_lost(ask->asking, true);
    answer(ask, error.code, NULL, &error);
}

static void attempt(struct etcd_ask *ask);

static void try_later(struct etcd_ask *ask, int64_t after_ms)
{
    timer_start(ask->asking->http.loop, &ask->timer, after_ms);
}

static void timer_fired(struct timer *timer)
{
    attempt(list_entry(timer, struct etcd_ask, timer));
}

/* The next member; after all of them, a pause, if there is time for one. */
static void try_next(struct etcd_ask *ask)
{
    int64_t now = loop_now();
    ask->tried++;
    if (now >= ask->deadline - ETCD_LEAST_MS || (!ask->reached && now - ask->begun >= ETCD_REFUSED_MS)) {
        give_up(ask);
        return;
    }
    if (ask->tried % ask->asking->http.urls.count) {
        try_later(ask, 0);
        return;
    }
    if (ask->asking->lost && !ask->reached) {
        give_up(ask);
        return;
    }
    ask->attempt_ms = 2 * ETCD_ATTEMPT_MS;
    try_later(ask, ask->pause_ms);
    if (ask->pause_ms < 10 * ETCD_PAUSE_MS)
        ask->pause_ms *= 2;
}

static void refused_for_good(struct etcd_ask *ask, int code, const char *words)
{
    struct far_error error;
    refuse(&error, code, code == EACCES ? EX_NOPERM : EX_UNAVAILABLE, "etcd at %s refuses: %s", url_of(ask), words);
    answer(ask, code, NULL, &error);
}

static void deal_with_refusal(struct etcd_ask *ask, unsigned code, const char *words)
{
    switch (code) {
    case GRPC_NOT_FOUND:
        refused_for_good(ask, ENOENT, words);
        return;
    case GRPC_DENIED:
    case GRPC_UNAUTHENTICATED:
        refused_for_good(ask, EACCES, words);
        return;
    case GRPC_EXHAUSTED:
        refused_for_good(ask, ENOSPC, words);
        return;
    case GRPC_INVALID:
    case GRPC_PRECONDITION:
        refused_for_good(ask, EPROTO, words);
        return;
    default: /* no leader, a new leader, too slow, … */
        note_trouble(ask, "%s", words);
        try_next(ask);
    }
}

static void deal_with_answer(struct etcd_ask *ask, const json_t *response)
{
    uint64_t cluster, revision;
    struct etcd_asking *asking = ask->asking;
    if (etcd_read_header(response, &cluster, &revision) != 0) {
        note_trouble(ask, "its answer is not etcd's");
        try_next(ask);
    } else if (asking->cluster && asking->cluster != cluster) {
        note_trouble(ask, "this is a member of another etcd than the one that fard began with (%llx, %llx)",
                     (unsigned long long)cluster, (unsigned long long)asking->cluster);
        try_next(ask);
    } else {
        asking->cluster = cluster;
        asking->preferred = ask->url;
        note_lost(asking, false);
        answer(ask, 0, response, NULL);
    }
}

static void deal_with_response(struct etcd_ask *ask, const json_t *response, long status)
{
    unsigned code;
    char words[256];
    if (response && etcd_read_refusal(response, &code, words, sizeof words) == 0) {
        deal_with_refusal(ask, code, words);
    } else if (!response || status != 200) {
        note_trouble(ask, "HTTP status %ld, and its answer is not etcd's; etcd 3.4 or later is needed", status);
        try_next(ask);
    } else {
        deal_with_answer(ask, response);
    }
}

static void transfer_done(struct etcd_transfer *transfer)
{
    struct etcd_ask *ask = list_entry(transfer, struct etcd_ask, transfer);
    ask->reached |= !transfer->trouble[0] || transfer->timed_out || transfer->status != 0;
    if (transfer->trouble[0]) {
        note_trouble(ask, "%s", transfer->trouble);
        try_next(ask);
        return;
    }
    json_t *response = transfer->body ? etcd_parse(transfer->body, transfer->size) : NULL;
    deal_with_response(ask, response, transfer->status);
    json_decref(response);
}

static void attempt(struct etcd_ask *ask)
{
    struct etcd_asking *asking = ask->asking;
    int64_t left = ask->deadline - loop_now();
    ask->url = (ask->first + ask->tried) % asking->http.urls.count;
    ask->transfer.done = transfer_done;
    if (ask->body && left > 0 &&
        etcd_http_post(&asking->http, ask->url, ask->path, ask->body, left < ask->attempt_ms ? left : ask->attempt_ms,
                       &ask->transfer) == 0)
        return;
    if (!ask->body || left > 0)
        snprintf(asking->trouble, sizeof asking->trouble, "there is no memory for the request");
    give_up(ask);
}

/* Known to be away: whoever asks hears so soon, and who keeps this node's presence will find it again. */
static void expect_little(struct etcd_ask *ask)
{
    ask->attempt_ms = ETCD_LOST_MS / 3;
    if (ask->deadline > ask->begun + ETCD_LOST_MS)
        ask->deadline = ask->begun + ETCD_LOST_MS;
}

void etcd_ask(struct etcd_asking *asking, struct etcd_ask *ask, const char *path, json_t *body, int64_t deadline,
              etcd_answered *answered)
{
    int64_t now = loop_now();
    etcd_ask_drop(ask);
    *ask = (struct etcd_ask){.asking = asking,
                             .path = path,
                             .timer.fire = timer_fired,
                             .begun = now,
                             .deadline = deadline,
                             .attempt_ms = ETCD_ATTEMPT_MS,
                             .pause_ms = ETCD_PAUSE_MS,
                             .first = asking->preferred,
                             .answered = answered};
    ask->body = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (asking->lost)
        expect_little(ask);
    try_later(ask, 0);
}

void etcd_ask_drop(struct etcd_ask *ask)
{
    end(ask);
}
