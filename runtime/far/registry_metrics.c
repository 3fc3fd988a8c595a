/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far metrics: what fard counts, as Prometheus reads it. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_client.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static const struct option_row rows[] = {OPTION_ROW_SOCKET(struct query_options), {0}};

static const struct command_line line = {
    .name = "metrics",
    .usage = "far metrics [--socket PATH]",
    .about =
        "Prints what fard counts, in the text format of Prometheus: requests, binds, refusals, channels, hosts, and "
        "for each service its calls. `fard --metrics` answers the same over HTTP. Only fard's user and root may ask.\n",
    .rows = rows,
    .notes = "Exit codes: 0; 64 usage; 69 fard is not running; 77 not allowed.\n",
    .least = 0,
    .most = 0,
    .operands = "it takes no names",
};

static int print_file(const struct fard_connection *connection, int fd, uint64_t size)
{
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0 || (uint64_t)status.st_size != size || size == 0)
        return fard_broken_reply(connection);
    void *text = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (text == MAP_FAILED)
        return fard_broken_reply(connection);
    fwrite(text, 1, size, stdout);
    munmap(text, size);
    return 0;
}

int far_metrics_main(int argc, char **argv)
{
    static struct fard_reply reply;
    struct query_options options;
    struct fard_connection connection;
    int code = query_read(&line, argc, argv, &options);
    if (code >= 0)
        return code;
    code = fard_connect(&connection, options.socket);
    if (code)
        return code;
    code = fard_ask(&connection, FAR_MSG_METRICS, NULL, 0, -1, &reply);
    if (!code) {
        const struct far_metrics_reply *body = fard_body(&connection, &reply, sizeof *body);
        code = body ? print_file(&connection, reply.fd, body->size) : EX_PROTOCOL;
        if (reply.fd >= 0)
            close(reply.fd);
    }
    fard_disconnect(&connection);
    return finish_output(code);
}
