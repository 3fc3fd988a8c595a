/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far gdb: gdb with the script that shows it segments; on a program, or on the host of a service. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct debugging {
    const char *socket;
    const char *service;
};

#define SCRIPT "share/farcall/gdb/farcall.py"

/* PREFIX, from where this program lies: PREFIX/bin/far. */
static int find_prefix(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0)
        return -1;
    path[length] = '\0';
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(path, '/');
        if (!slash)
            return -1;
        *slash = '\0';
    }
    return 0;
}

static const struct option_row rows[] = {
    OPTION_ROW_SOCKET(struct debugging),
    {.name = "host",
     .value = "NAME",
     .kind = OPTION_TEXT,
     .at = offsetof(struct debugging, service),
     .help = "attach to the process in which this service, NAME or NAME@MAJOR, runs"},
    {0}};

static const struct command_line line = {
    .name = "gdb",
    .usage = "far gdb [--socket PATH] [GDB-OPTIONS…] PROGRAM ARGS…\n"
             "far gdb [--socket PATH] --host NAME[@MAJOR] [GDB-OPTIONS…]",
    .about = "Runs gdb so that it knows segments: their functions have names, lines and breakpoints, `step` goes "
             "through a stub into the operation, and backtraces go through stubs and gates. With --host it is attached "
             "to the process in which the service runs: that is where a call ends that traps.\n"
             "\n"
             "    far gdb ./client                              break kv_find, run, step, backtrace, …\n"
             "    far gdb -batch -ex 'break kv_put' -ex run -ex bt ./client\n"
             "    far gdb --host kv                             break kv_put, continue\n"
             "\n"
             "In gdb, `far-services` lists the services that the process is bound to. The code of a service that does "
             "not trust you stays hidden: its stubs have names, and that is all. GDB names another gdb.\n",
    .rows = rows,
    .notes = "Exit codes: gdb's own; 64 usage; 69 fard is not running, no such service or host, or no gdb.\n",
    .order = OPTIONS_OURS,
    .most = -1,
};

static int find_host(const struct debugging *debugging, uint32_t *pid)
{
    static struct fard_reply reply;
    struct fard_connection connection;
    struct far_name_request request = {0};
    int code = far_take_service("gdb", debugging->service, request.name, &request.version);
    code = code ? code : fard_connect(&connection, debugging->socket);
    if (code)
        return code;
    code = fard_ask(&connection, FAR_MSG_DESCRIBE, &request, sizeof request, -1, &reply);
    const struct far_describe_reply *body =
        code ? NULL : fard_body(&connection, &reply, sizeof(struct far_describe_reply));
    fard_disconnect(&connection);
    if (!body)
        return code ? code : EX_PROTOCOL;
    *pid = body->entry.host_pid;
    if (*pid)
        return 0;
    fprintf(stderr, "far: gdb: the host of %s is down; far describe %s says why\n", debugging->service,
            debugging->service);
    return EX_UNAVAILABLE;
}

/* What the script runs to ask fard. */
static int tell_script(const char *prefix, const char *socket)
{
    char far[4200];
    snprintf(far, sizeof far, "%s/bin/far", prefix);
    return setenv("FARCALL_FAR", far, 1) != 0 || (socket && setenv(FAR_SOCKET_ENV, socket, 1) != 0) ? EX_OSERR : 0;
}

/* gdb's options whose value is the next word, without their dashes. */
static bool takes_value(const char *option)
{
    static const char *const names[] = {"b",
                                        "c",
                                        "cd",
                                        "command",
                                        "core",
                                        "d",
                                        "D",
                                        "data-directory",
                                        "directory",
                                        "e",
                                        "eval-command",
                                        "ex",
                                        "exec",
                                        "i",
                                        "iex",
                                        "init-command",
                                        "init-eval-command",
                                        "interpreter",
                                        "ix",
                                        "l",
                                        "p",
                                        "pid",
                                        "s",
                                        "se",
                                        "symbols",
                                        "t",
                                        "tty",
                                        "ui",
                                        "x"};
    option += strspn(option, "-");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(option, names[i]) == 0)
            return true;
    return false;
}

/* Where the program stands among gdb's arguments: what follows it is its own. count: nowhere, or gdb was told already. */
static int find_program(char **rest, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(rest[i], "--args") == 0 || strcmp(rest[i], "-args") == 0)
            return count;
        if (rest[i][0] != '-')
            return i;
        i += takes_value(rest[i]);
    }
    return count;
}

static int run_gdb(const char *script, uint32_t pid, char **rest, int count)
{
    char process[32];
    const char *gdb = getenv("GDB");
    const char **arguments = calloc((size_t)count + 8, sizeof *arguments);
    int n = 0;
    if (!arguments)
        return EX_OSERR;
    arguments[n++] = gdb && *gdb ? gdb : "gdb";
    arguments[n++] = "-iex";
    arguments[n++] = script;
    if (pid) {
        snprintf(process, sizeof process, "%u", pid);
        arguments[n++] = "-p";
        arguments[n++] = process;
    }
    int program = pid ? count : find_program(rest, count);
    for (int i = 0; i < count; i++) {
        if (i == program)
            arguments[n++] = "--args";
        arguments[n++] = rest[i];
    }
    execvp(arguments[0], (char **)(uintptr_t)arguments);
    fprintf(stderr, "far: gdb: %s: %s; install gdb, or name another in GDB\n", arguments[0], strerror(errno));
    return EX_UNAVAILABLE;
}

int far_gdb_main(int argc, char **argv)
{
    char prefix[4096], script[4200];
    struct debugging debugging = {0};
    uint32_t pid = 0;
    struct operands rest;
    int code = options_read(&line, argc, argv, &debugging, &rest);
    if (code >= 0)
        return code;
    if (!rest.count && !debugging.service)
        return options_mistake(&line, "which program?", NULL);
    if (find_prefix(prefix, sizeof prefix) != 0)
        return EX_OSERR;
    snprintf(script, sizeof script, "source %s/" SCRIPT, prefix);
    code = debugging.service ? find_host(&debugging, &pid) : 0;
    code = code ? code : tell_script(prefix, debugging.socket);
    return code ? code : run_gdb(script, pid, rest.word, rest.count);
}
