/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_client.h"

#include <stdio.h>

static const struct option_row rows[] = {OPTION_ROW_SOCKET(struct query_options), {0}};

static const struct command_line line = {
    .name = "unregister",
    .usage = "far unregister NAME[@MAJOR] [--socket PATH]",
    .about = "Takes a service away: its host ends, calls in progress fail, its data is gone. Its addresses are never "
             "given to another service.\n",
    .rows = rows,
    .notes = "Exit codes: 0 done; 64 usage; 69 fard is not running, no such service, or another service needs it; 74 "
             "the store cannot be written; 77 only fard's user and root may.\n",
    .least = 1,
    .most = 1,
    .operands = "name one service",
};

int far_unregister_main(int argc, char **argv)
{
    static struct fard_reply reply;
    struct query_options options;
    struct far_name_request request = {0};
    struct fard_connection connection;
    int code = query_read(&line, argc, argv, &options);
    if (code >= 0)
        return code;
    code = far_take_service("unregister", options.name, request.name, &request.version);
    code = code ? code : fard_connect(&connection, options.socket);
    if (code)
        return code;
    code = fard_ask(&connection, FAR_MSG_UNREGISTER, &request, sizeof request, -1, &reply);
    fard_disconnect(&connection);
    return code;
}
