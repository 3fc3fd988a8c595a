/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far metrics: what fard counts, as Prometheus reads it. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/registry_client.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static const char help[] =
    "usage: far metrics [--socket PATH]\n"
    "\n"
    "Prints what fard counts, in the text format of Prometheus: requests, binds, refusals, channels, hosts, and for "
    "each\n"
    "service its calls. `fard --metrics` answers the same over HTTP. Only fard's user and root may ask.\n"
    "\n"
    "Exit codes: 0; 64 usage; 69 fard is not running; 77 not allowed.\n";

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
    int code = query_parse(argc, argv, help, 0, &options);
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
