/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far run: the client's own word about trust, as the environment that libfarcall reads, and then the program. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/registry_client.h"
#include "runtime/format/complain.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const char help[] =
    "usage: far run [OPTIONS] PROGRAM ARGS…\n"
    "\n"
    "Runs a program with less trust than the name server would grant it, or towards it. The program is any that is "
    "linked\n"
    "against an import library; it is not changed.\n"
    "\n"
    "  --level LEVEL        ask for no more than none, read or trusted, from all services\n"
    "  --untrusted SERVICE  do not let this service's code run in the program: calls trap to its host; several times\n"
    "  --gate process       the gate for calls that trap (the only one in this version)\n"
    "  --bind-now           a service that nobody has registered yet is an error at start, not at its first call\n"
    "  --perf               write the names of services' functions to /tmp/perf-PID.map, where perf report looks for "
    "them\n"
    "  --socket PATH        fard's socket\n"
    "\n"
    "    far run --level none ./client\n"
    "    far run --untrusted zlib ./viewer picture.png\n"
    "\n"
    "FARCALL_LEVEL, FARCALL_UNTRUSTED (a comma list), FARCALL_BIND_NOW, FARCALL_PERF, FARCALL_SOCKET and FARCALL_SPIN "
    "(looks before "
    "a\n"
    "caller sleeps) do the same without it. A client that cannot be bound ends with 69 (no fard; --bind-now and no "
    "such\n"
    "service), 76 (another interface) or 77.\n"
    "\n"
    "Exit codes: the program's own; 64 usage; 66 no such program; 69 not in this version; 77 it may not be run.\n";

struct settings {
    const char *level;
    const char *socket;
    const char *perf;
    const char *bind_now;
    char untrusted[4096]; /* comma list */
};

static int take_level(struct settings *settings, const char *name)
{
    for (enum far_level level = FAR_LEVEL_NONE; level < FAR_LEVEL_COUNT; level++) {
        if (strcmp(name, level_word(level)) == 0) {
            settings->level = name;
            return -1;
        }
    }
    fprintf(stderr, "far: run: there is no level `%s`: none, read, trusted\n", name);
    return EX_USAGE;
}

static int take_untrusted(struct settings *settings, const char *service)
{
    char name[FAR_SERVICE_MAX];
    size_t used = strlen(settings->untrusted);
    if (far_take_name("run", service, name))
        return EX_USAGE;
    if (used + strlen(name) + 2 > sizeof settings->untrusted) {
        fprintf(stderr, "far: run: too many services after --untrusted; --level read distrusts all of them\n");
        return EX_USAGE;
    }
    snprintf(settings->untrusted + used, sizeof settings->untrusted - used, "%s%s", used ? "," : "", name);
    return -1;
}

static int take_gate(const char *gate)
{
    if (strcmp(gate, "process") == 0)
        return -1;
    fprintf(stderr, "far: run: --gate %s: this version has one gate for calls that trap: process\n", gate);
    return EX_UNAVAILABLE;
}

static int not_yet(const char *option, const char *what)
{
    fprintf(stderr, "far: run: --%s: this version cannot %s\n", option, what);
    return EX_UNAVAILABLE;
}

static int take_option(struct settings *settings, int option, char **argv)
{
    switch (option) {
    case 'l':
        return take_level(settings, optarg);
    case 'u':
        return take_untrusted(settings, optarg);
    case 'g':
        return take_gate(optarg);
    case 's':
        settings->socket = optarg;
        return -1;
    case 'p':
        settings->perf = "1";
        return -1;
    case 'b':
        settings->bind_now = "1";
        return -1;
    case 'i':
        return not_yet("isolate", "put an ordinary shared library behind a gate; link it into a segment with farld");
    case 't':
        return not_yet("trust-server",
                       "let a server follow pointers into the client; it gets what its parameters name");
    case 'H':
        return not_yet("global-heap",
                       "give a client a heap in the address window; its memory is copied through A-stacks");
    case 'h':
        fputs(help, stdout);
        return finish_output(0);
    default:
        return bad_option(argv[0], argv);
    }
}

static int parse(int argc, char **argv, struct settings *settings)
{
    static const struct option long_options[] = {
        {"level", required_argument, NULL, 'l'},
        {"untrusted", required_argument, NULL, 'u'},
        {"gate", required_argument, NULL, 'g'},
        {"bind-now", no_argument, NULL, 'b'},
        {"socket", required_argument, NULL, 's'},
        {"perf", no_argument, NULL, 'p'},
        {"isolate", required_argument, NULL, 'i'},
        {"trust-server", required_argument, NULL, 't'},
        {"global-heap", no_argument, NULL, 'H'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option, end = -1;
    while (end < 0 && (option = getopt_long(argc, argv, "+:", long_options, NULL)) != -1)
        end = take_option(settings, option, argv);
    if (end < 0 && optind == argc) {
        fputs("far: run: which program? far run --help says more\n", stderr);
        return EX_USAGE;
    }
    return end;
}

static int set(const char *name, const char *value)
{
    return !value || !*value || setenv(name, value, 1) == 0 ? 0 : EX_OSERR;
}

int far_run_main(int argc, char **argv)
{
    static struct settings settings;
    int code = parse(argc, argv, &settings);
    if (code >= 0)
        return code;
    code = set(FAR_ENV_LEVEL, settings.level);
    code = code ? code : set(FAR_ENV_UNTRUSTED, settings.untrusted);
    code = code ? code : set(FAR_ENV_BIND_NOW, settings.bind_now);
    code = code ? code : set(FAR_SOCKET_ENV, settings.socket);
    code = code ? code : set(FAR_ENV_PERF, settings.perf);
    if (code)
        return code;
    execvp(argv[optind], argv + optind);
    fprintf(stderr, "far: run: %s: %s\n", argv[optind], strerror(errno));
    return errno == ENOENT ? EX_NOINPUT : EX_NOPERM;
}
