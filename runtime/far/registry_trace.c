/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far trace: the calls that hosts answer, as they are answered. */
#include "runtime/far/registry_trace.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 50

static const char help[] =
    "usage: far trace [SERVICE] [--op OPERATION] [--count N] [--duration SECONDS] [--json] [--socket PATH]\n"
    "\n"
    "Shows each call that a host answers, when it has been answered: since the start, in seconds; service and "
    "operation;\n"
    "the client's process and user; how long it took in the host, in microseconds; and what became of it. Without "
    "SERVICE,\n"
    "of all services that are registered when it starts. Ends with Ctrl-C. A call by branch runs in its client, past\n"
    "everybody, and cannot be seen here (perf and USDT probes can: docs/observing.md). Only fard's user and root may.\n"
    "\n"
    "While nobody traces, this costs a call one test of a word that does not change. Records lie in a ring of 16384 a\n"
    "service: what is written over before it was read is counted, and said at the end.\n"
    "\n"
    "  --op OPERATION      only this one\n"
    "  --count N           end after so many calls\n"
    "  --duration SECONDS  end after that time\n"
    "  --json              one JSON object a line\n"
    "  --socket PATH       fard's socket\n"
    "\n"
    "Exit codes: 0; 64 usage; 69 fard is not running, or no such service; 77 not allowed.\n";

static int mistake(const char *what)
{
    fprintf(stderr, "far trace: %s; far trace --help shows how it goes\n", what);
    return EX_USAGE;
}

static int take_count(struct trace_options *options)
{
    char *end;
    errno = 0;
    options->count = strtoull(optarg, &end, 10);
    return *end || end == optarg || errno || !options->count ? mistake("--count is a number of calls, 1 or more") : -1;
}

static int take_duration(struct trace_options *options)
{
    char *end;
    options->duration = strtod(optarg, &end);
    return *end || end == optarg || !(options->duration > 0 && options->duration <= 1e6)
               ? mistake("--duration is a number of seconds")
               : -1;
}

static int take_option(int option, struct trace_options *options)
{
    switch (option) {
    case 'o':
        options->operation = optarg;
        return -1;
    case 'c':
        return take_count(options);
    case 'd':
        return take_duration(options);
    case 'j':
        options->json = true;
        return -1;
    case 's':
        options->socket = optarg;
        return -1;
    case 'h':
        fputs(help, stdout);
        return finish_output(0);
    default:
        return mistake("there is no such option, or its value is missing");
    }
}

static int parse(int argc, char **argv, struct trace_options *options)
{
    static const struct option long_options[] = {{"op", required_argument, NULL, 'o'},
                                                 {"count", required_argument, NULL, 'c'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"duration", required_argument, NULL, 'd'},
                                                 {"socket", required_argument, NULL, 's'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    int option, end = -1;
    *options = (struct trace_options){0};
    while (end < 0 && (option = getopt_long(argc, argv, ":", long_options, NULL)) != -1)
        end = take_option(option, options);
    if (end >= 0)
        return end;
    if (argc - optind > 1)
        return mistake("name one service, or none");
    options->service = argv[optind];
    return -1;
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
