/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far trace: the calls that hosts answer, as they are answered. */
#include "runtime/far/registry_trace.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 50

static const struct option_row rows[] = {
    {.name = "op",
     .value = "OPERATION",
     .kind = OPTION_TEXT,
     .at = offsetof(struct trace_options, operation),
     .help = "only this one"},
    {.name = "count",
     .value = "N",
     .kind = OPTION_NUMBER,
     .at = offsetof(struct trace_options, count),
     .least = 1,
     .most = UINT64_MAX,
     .what = "it is a number of calls, 1 or more",
     .help = "end after so many calls"},
    {.name = "duration",
     .value = "SECONDS",
     .kind = OPTION_SECONDS,
     .at = offsetof(struct trace_options, duration),
     .least = 1,
     .most = 1000000000,
     .what = "it is a number of seconds, 0.001 to 1000000",
     .help = "end after that time"},
    {.name = "json", .kind = OPTION_FLAG, .at = offsetof(struct trace_options, json), .help = "one JSON object a line"},
    OPTION_ROW_SOCKET(struct trace_options),
    {0}};

static const struct command_line line = {
    .name = "trace",
    .usage = "far trace [SERVICE] [--op OPERATION] [--count N] [--duration SECONDS] [--json] [--socket PATH]",
    .about = "Shows each call that a host answers, when it has been answered: since the start, in seconds; service and "
             "operation; the client's process and user; how long it took in the host, in microseconds; and what became "
             "of it. Without SERVICE, of all services that are registered when it starts. Ends with Ctrl-C. A call by "
             "branch runs in its client, past everybody, and cannot be seen here (perf and USDT probes can: "
             "docs/observing.md). Only fard's user and root may.\n"
             "\n"
             "While nobody traces, this costs a call one test of a word that does not change. Records lie in a ring of "
             "16384 a service: what is written over before it was read is counted, and said at the end.\n",
    .rows = rows,
    .notes = "Exit codes: 0; 64 usage; 69 fard is not running, or no such service; 77 not allowed.\n",
    .most = 1,
    .operands = "name one service, or none",
};

static int parse(int argc, char **argv, struct trace_options *options)
{
    struct operands operands;
    *options = (struct trace_options){0};
    int end = options_read(&line, argc, argv, options, &operands);
    options->service = operands.word[0];
    return end;
}

/* Signals that end it are held back, and looked for between two looks: what was seen is always printed whole. */
static void hold_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigprocmask(SIG_BLOCK, set, NULL);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* 0: look on; 1: it is the end; else an exit code. fard says nothing by itself: whatever comes is its end. */
static int wait_a_little(const struct fard_connection *connection, const sigset_t *set)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000};
    struct pollfd fard = {.fd = connection->fd, .events = POLLIN};
    if (sigtimedwait(set, NULL, &pause) > 0)
        return 1;
    if (poll(&fard, 1, 0) <= 0)
        return 0;
    fprintf(stderr, "far trace: fard at %s has gone\n", connection->path);
    return EX_UNAVAILABLE;
}

static int follow(struct fard_connection *connection, struct tracing *tracing)
{
    const struct trace_options *options = tracing->options;
    double begin = seconds_now();
    sigset_t set;
    hold_signals(&set);
    tracing->begin_ns = (uint64_t)(begin * 1e9);
    for (;;) {
        int code = wait_a_little(connection, &set);
        trace_show(tracing);
        if (ferror(stdout) || code || tracing->done)
            return code == 1 ? 0 : code;
        if (options->duration > 0 && seconds_now() - begin >= options->duration)
            return 0;
    }
}

int far_trace_main(int argc, char **argv)
{
    struct trace_options options;
    struct fard_connection connection;
    struct tracing tracing = {.options = &options};
    int code = parse(argc, argv, &options);
    if (code >= 0)
        return code;
    code = fard_connect(&connection, options.socket);
    if (code)
        return code;
    code = trace_open(&connection, &tracing);
    if (!code) {
        fprintf(stderr, "far trace: tracing %u service%s\n", tracing.count, tracing.count == 1 ? "" : "s");
        code = follow(&connection, &tracing);
    }
    if (tracing.lost)
        fprintf(stderr, "far trace: %llu calls were too many to be shown\n", (unsigned long long)tracing.lost);
    trace_close(&tracing);
    fard_disconnect(&connection);
    return finish_output(code);
}
