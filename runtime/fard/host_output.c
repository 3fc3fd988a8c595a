/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/host_output.h"
#include "runtime/fard/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An empty bucket is full again after that. */
#define OUTPUT_FULL_MS (OUTPUT_BURST * 1000 / OUTPUT_RATE)

void output_limit_init(struct output_limit *limit, int64_t now_ms)
{
    *limit = (struct output_limit){.left = OUTPUT_BURST, .filled_at = now_ms};
}

bool output_limit_take(struct output_limit *limit, size_t size, int64_t now_ms)
{
    int64_t passed = now_ms - limit->filled_at;
    if (passed > OUTPUT_FULL_MS)
        passed = OUTPUT_FULL_MS;
    uint64_t more = passed > 0 ? (uint64_t)passed * OUTPUT_RATE / 1000 : 0;
    if (more) { /* otherwise the time counts on: many short moments must fill as one long one does */
        limit->left = more > OUTPUT_BURST - limit->left ? OUTPUT_BURST : limit->left + more;
        limit->filled_at = now_ms;
    }
    if (limit->left < size) {
        limit->lost_lines++;
        return false;
    }
    limit->left -= size;
    return true;
}

static void say_lost(struct host_output *output)
{
    struct log_field fields[] = {{"service", output->service, 0},
                                 {"pid", NULL, (uint64_t)output->pid},
                                 {"lines", NULL, output->limit.lost_lines}};
    log_event(LOG_LEVEL_WARNING, "host-output-lost", fields, 3,
              "service '%s' (pid %d): %llu lines of its output left out: more than %u KiB, and then %u KiB a second",
              output->service, output->pid, (unsigned long long)output->limit.lost_lines, OUTPUT_BURST >> 10,
              OUTPUT_RATE >> 10);
    output->limit.lost_lines = 0;
}

static void log_line(struct host_output *output)
{
    struct log_field fields[] = {{"service", output->service, 0}, {"pid", NULL, (uint64_t)output->pid}};
    uint64_t lost = output->limit.lost_lines;
    size_t size = output->used;
    output->line[size] = '\0';
    output->used = 0;
    if (!output_limit_take(&output->limit, size + 64, loop_now())) { /* what stands around the line counts too */
        output->lost_lines++;
        return;
    }
    if (lost)
        say_lost(output);
    log_event(LOG_LEVEL_INFO, "host-output", fields, 2, "service '%s' (pid %d): %s", output->service, output->pid,
              output->line);
}

static void take(struct host_output *output, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            log_line(output);
            continue;
        }
        output->line[output->used++] = bytes[i] ? bytes[i] : ' ';
        if (output->used == OUTPUT_LINE_MAX - 1)
            log_line(output);
    }
}

/* Not more than so much in a turn: other sources are waiting. False at the end. */
static bool read_some(struct host_output *output, size_t most)
{
    char bytes[4096];
    while (most) {
        ssize_t got = read(output->source.fd, bytes, sizeof bytes);
        if (got < 0)
            return errno == EAGAIN || errno == EINTR;
        if (got == 0)
            return false;
        take(output, bytes, (size_t)got);
        most -= (size_t)got < most ? (size_t)got : most;
    }
    return true;
}

static void stop_reading(struct host_output *output)
{
    if (output->source.fd < 0)
        return;
    loop_forget(output->loop, &output->source);
    close(output->source.fd);
    output->source.fd = -1;
}

static int output_ready(struct source *source, uint32_t events)
{
    struct host_output *output = list_entry(source, struct host_output, source);
    (void)events;
    if (!read_some(output, OUTPUT_TURN))
        stop_reading(output);
    return 0;
}

int host_output_adopt(struct loop *loop, const char *service, int read_end, struct host_output **out)
{
    struct host_output *output = calloc(1, sizeof *output);
    if (!output) {
        close(read_end);
        return -ENOMEM;
    }
    output->loop = loop;
    output->source = (struct source){read_end, output_ready};
    snprintf(output->service, sizeof output->service, "%s", service);
    output_limit_init(&output->limit, loop_now());
    int result = fcntl(read_end, F_SETFL, O_NONBLOCK) < 0 ? -errno : loop_watch(loop, &output->source, EPOLLIN);
    if (result) {
        close(read_end);
        free(output);
        return result;
    }
    *out = output;
    return 0;
}

int host_output_open(struct loop *loop, const char *service, struct host_output **out, int *write_end)
{
    int ends[2];
    char path[32];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[1]);
    int both = open(path, O_RDWR | O_CLOEXEC);
    int result = both < 0 ? -errno : 0;
    close(ends[1]);
    if (result) {
        close(ends[0]);
        return result;
    }
    result = host_output_adopt(loop, service, ends[0], out);
    if (result)
        close(both);
    else
        *write_end = both;
    return result;
}

uint64_t host_output_close(struct host_output *output)
{
    uint64_t lost;
    if (!output)
        return 0;
    if (output->source.fd >= 0)
        read_some(output, 1u << 20); /* last words; children of the host may write for ever */
    stop_reading(output);
    if (output->used)
        log_line(output);
    if (output->limit.lost_lines)
        say_lost(output);
    lost = output->lost_lines;
    free(output);
    return lost;
}
