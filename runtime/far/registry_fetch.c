/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far fetch: the segment file of a registered service, from fard's store. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_client.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sysexits.h>
#include <unistd.h>

struct fetch {
    const char *socket;
    const char *output;
    struct far_segment_request request;
};

static int take_machine(void *to, const struct option_row *row, const char *name)
{
    const struct far_machine *machine = far_machine_by_name(name);
    struct fetch *fetch = to;
    (void)row;
    if (!machine) {
        fprintf(stderr, "far: fetch: there is no machine `%s`: x86-64, aarch64\n", name);
        return EX_USAGE;
    }
    fetch->request.machine = machine->number;
    return -1;
}

static const struct option_row rows[] = {
    {.letter = 'o',
     .value = "FILE",
     .kind = OPTION_TEXT,
     .at = offsetof(struct fetch, output),
     .help = "where to; default: NAME.seg"},
    {.name = "machine",
     .value = "MACHINE",
     .kind = OPTION_TAKE,
     .take = take_machine,
     .help = "of a service with several executables: x86-64 or aarch64; default: this node's"},
    OPTION_ROW_SOCKET(struct fetch),
    {0}};

static const struct command_line line = {
    .name = "fetch",
    .usage = "far fetch NAME[@MAJOR] [-o FILE] [--machine MACHINE] [--socket PATH]",
    .about =
        "Writes the segment file that was registered under NAME: for debuggers, disassemblers, and to see what runs.\n",
    .rows = rows,
    .notes = "Exit codes: 0 written; 64 usage; 69 fard is not running, no such service, none for that machine; 73 the "
             "file cannot be created; 74 it cannot be written; 77 the service does not trust you: its code is not "
             "yours to see.\n",
    .least = 1,
    .most = 1,
    .operands = "name one service",
};

static int parse(int argc, char **argv, struct fetch *fetch)
{
    struct operands operands;
    int end = options_read(&line, argc, argv, fetch, &operands);
    if (end >= 0)
        return end;
    end = far_take_service("fetch", operands.word[0], fetch->request.name, &fetch->request.version);
    return end ? end : -1;
}

static int copy_file(int from, int to, uint64_t size)
{
    while (size) {
        ssize_t copied = sendfile(to, from, NULL, size);
        if (copied < 0 && errno == EINTR)
            continue;
        if (copied <= 0)
            return copied < 0 ? errno : EIO;
        size -= (uint64_t)copied;
    }
    return 0;
}

static int report(const char *path, int error, int code)
{
    fprintf(stderr, "far: fetch: %s: %s\n", path, strerror(error));
    return code;
}

/* A file appears whole or not at all. */
static int write_segment(int from, uint64_t size, const char *output)
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", output) >= (int)sizeof temporary)
        return report(output, ENAMETOOLONG, EX_CANTCREAT);
    int to = mkstemp(temporary);
    if (to < 0)
        return report(output, errno, EX_CANTCREAT);
    int error = copy_file(from, to, size);
    if (close(to) != 0 && !error)
        error = errno;
    if (error) {
        unlink(temporary);
        return report(output, error, EX_IOERR);
    }
    if (rename(temporary, output) == 0)
        return 0;
    error = errno;
    unlink(temporary);
    return report(output, error, EX_CANTCREAT);
}

static int ask(const struct fetch *fetch, struct fard_reply *reply)
{
    struct fard_connection connection;
    int code = fard_connect(&connection, fetch->socket);
    if (code)
        return code;
    code = fard_ask(&connection, FAR_MSG_SEGMENT, &fetch->request, sizeof fetch->request, -1, reply);
    if (!code && (!fard_body(&connection, reply, sizeof(struct far_segment_reply)) || reply->fd < 0))
        code = fard_broken_reply(&connection);
    fard_disconnect(&connection);
    return code;
}

int far_fetch_main(int argc, char **argv)
{
    static struct fard_reply reply;
    static struct fetch fetch;
    char output[FAR_SERVICE_MAX + sizeof ".seg"];
    int code = parse(argc, argv, &fetch);
    if (code >= 0)
        return code;
    code = ask(&fetch, &reply);
    if (code)
        return code;
    const struct far_segment_reply *body = (const void *)(reply.bytes + sizeof(struct far_message));
    snprintf(output, sizeof output, "%s.seg", fetch.request.name);
    code = write_segment(reply.fd, body->size, fetch.output ? fetch.output : output);
    close(reply.fd);
    return code;
}
