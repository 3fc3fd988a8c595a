/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What fard shows of itself while it runs: far metrics and GET /metrics, far top, far trace. */
#ifndef FARCALL_OBSERVE_H
#define FARCALL_OBSERVE_H

#include "runtime/fard/fard.h"

/*
 * Calls are counted by nobody: each has a number, which stands in its A-stack. calls_see() adds what a channel has
 * answered since it was looked at last; it must be looked at before 2^32 calls have passed, and is, once a minute.
 */
void calls_begin(struct channel *channel); /* a channel that is new, or was taken over with calls behind it */
void calls_see(struct channel *channel);
bool calls_in_progress(const struct channel *channel);
void calls_watch(struct fard *fard); /* starts the timer */

/* metrics_collect.c: the text of now, from malloc. 0 or a negative errno. */
int metrics_text(struct fard *fard, char **text, size_t *size);
int handle_metrics(struct client *client, const struct far_message *message, struct far_error *error);

/* metrics_http.c: GET /metrics at HOST:PORT or unix:PATH. */
struct metrics_http;
int metrics_http_open(struct fard *fard, const char *where, struct far_error *error);
/* A listening socket that systemd has opened. Takes it over. */
int metrics_http_adopt(struct fard *fard, int fd);
void metrics_http_close(struct fard *fard);

/* top.c */
int handle_top(struct client *client, const struct far_message *message, struct far_error *error);

/* node_show.c */
int handle_nodes(struct client *client, const struct far_message *message, struct far_error *error);
void nodes_count(const struct fard *fard, struct metric_gauges *gauges);

/* trace.c: who traces which service. */
int handle_trace(struct client *client, const struct far_message *message, struct far_error *error);
void traces_of_client_end(struct client *client);
void trace_tell_host(struct host *host); /* it is ready: if its service is traced, it must know */

#endif
