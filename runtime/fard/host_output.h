/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a host writes to its standard output and error. It goes to fard's log line by line, with the service's name and
 * the process's number, and no faster than a disk can bear: a service that writes without end fills nothing.
 *
 * The pipe's writing end is open for reading too, so that a host whose fard has died gets no SIGPIPE: its output waits
 * in the pipe (64 KiB) for the next fard.
 */
#ifndef FARCALL_HOST_OUTPUT_H
#define FARCALL_HOST_OUTPUT_H

#include "runtime/fard/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define OUTPUT_LINE_MAX 1024u        /* longer ones become several */
#define OUTPUT_BURST    (256u << 10) /* bytes that a host may write at once */
#define OUTPUT_RATE     (16u << 10)  /* bytes that it gets back a second */
#define OUTPUT_TURN     (64u << 10)  /* bytes read from it in one turn of the loop */

/* How much may still be logged: a bucket that runs empty and fills with time. No I/O. */
struct output_limit {
    uint64_t left; /* bytes */
    int64_t filled_at;
    uint64_t lost_lines; /* since the last line that was logged */
};
void output_limit_init(struct output_limit *limit, int64_t now_ms);
/* May a line of so many bytes be logged now? Counts it, or counts it lost. */
bool output_limit_take(struct output_limit *limit, size_t size, int64_t now_ms);

struct host_output {
    struct source source; /* the reading end; -1: none */
    struct loop *loop;
    struct output_limit limit;
    char service[64];
    pid_t pid;
    uint64_t lost_lines; /* ever */
    size_t used;
    char line[OUTPUT_LINE_MAX];
};

/* A pipe for a host about to be started. *out is freed by host_output_close. 0 or a negative errno. */
int host_output_open(struct loop *loop, const char *service, struct host_output **out, int *write_end);
/* One that a fard before this one had. Takes the descriptor over, also when it fails. */
int host_output_adopt(struct loop *loop, const char *service, int read_end, struct host_output **out);
/* Logs what is there, also a line without an end, and closes it. NULL is fine. Returns the lines lost. */
uint64_t host_output_close(struct host_output *output);

#endif
