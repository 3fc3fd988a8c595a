/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far run: the client's own word about trust, as the environment that libfarcall reads, and then the program. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/registry_cap.h"
#include "runtime/far/registry_client.h"
#include "runtime/format/complain.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define FAR_CAPABILITIES_MAX 2048
#define FAR_LIST_MAX         1024 /* bytes of a list that libfarcall reads from the environment */
#define HEAP_LIBRARY         "lib/libfarcall-heap.so"
#define HEAP_SIZE_MOST       (256ull << 30)

static const char help[] =
    "usage: far run [OPTIONS] PROGRAM ARGS…\n"
    "\n"
    "Runs a program with less trust than the name server would grant it, or towards it. The program is any that is "
    "linked\n"
    "against an import library; it is not changed.\n"
    "\n"
    "  --level LEVEL        ask for no more than none, read or trusted, from all services\n"
    "  --untrusted SERVICE  do not let this service's code run in the program: calls trap to its host; several times\n"
    "  --global-heap        malloc and its like from a segment of the program's own, at addresses that nobody else "
    "has\n"
    "  --heap-size SIZE     bytes of addresses of that segment, 4G if nothing is said; M and G may follow the number\n"
    "  --trust-server SERVICE  let this service reach that segment, reading and writing; several times\n"
    "  --capability TOKEN   present this capability before anything is bound; @FILE: the file holds it; several times\n"
    "  --gate process       the gate for calls that trap (the only one in this version)\n"
    "  --bind-now           a service that nobody has registered yet is an error at start, not at its first call\n"
    "  --perf               write the names of services' functions to /tmp/perf-PID.map, where perf report looks for "
    "them\n"
    "  --socket PATH        fard's socket\n"
    "\n"
    "    far run --level none ./client\n"
    "    far run --untrusted zlib ./viewer picture.png\n"
    "\n"
    "FARCALL_LEVEL, FARCALL_UNTRUSTED, FARCALL_TRUST_SERVERS and FARCALL_CAPABILITIES (comma lists), "
    "FARCALL_HEAP_SIZE,\n"
    "FARCALL_BIND_NOW, FARCALL_PERF, FARCALL_SOCKET and FARCALL_SPIN (looks before a caller sleeps) do the same "
    "without\n"
    "it. A client that cannot be bound ends with 69 (no fard; --bind-now and no such service), 76 (another interface)\n"
    "or 77.\n"
    "\n"
    "Exit codes: the program's own; 64 usage; 66 no such program; 69 not in this version; 77 it may not be run.\n";

struct settings {
    const char *level;
    const char *socket;
    const char *perf;
    const char *bind_now;
    const char *heap_size;
    bool global_heap;
    char untrusted[4096]; /* comma list */
    char trusted[FAR_LIST_MAX];
    char capabilities[FAR_CAPABILITIES_MAX];
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

/* One more service of a comma list. */
static int take_service(const char *service, const char *option, char *list, size_t size)
{
    char name[FAR_SERVICE_MAX];
    size_t used = strlen(list);
    if (far_take_name("run", service, name))
        return EX_USAGE;
    if (used + strlen(name) + 2 > size) {
        fprintf(stderr, "far: run: too many services after %s: their names can be %zu bytes together\n", option,
                size - 1);
        return EX_USAGE;
    }
    snprintf(list + used, size - used, "%s%s", used ? "," : "", name);
    return -1;
}

static int take_untrusted(struct settings *settings, const char *service)
{
    return take_service(service, "--untrusted", settings->untrusted, sizeof settings->untrusted);
}

static int take_capability(struct settings *settings, const char *text)
{
    char token[FAR_TOKEN_MAX];
    size_t used = strlen(settings->capabilities);
    int code = cap_take_token("run", text, token);
    if (code)
        return code;
    if (used + strlen(token) + 2 > sizeof settings->capabilities) {
        fputs("far: run: too many capabilities: a program can have 16\n", stderr);
        return EX_USAGE;
    }
    snprintf(settings->capabilities + used, sizeof settings->capabilities - used, "%s%s", used ? "," : "", token);
    return -1;
}

static int take_heap_size(struct settings *settings, const char *size)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(size, &end, 10);
    unsigned shift = *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    end += shift != 0;
    if (*size < '0' || *size > '9' || *end || errno || number == 0 || number > HEAP_SIZE_MOST >> shift) {
        fprintf(stderr, "far: run: --heap-size %s: a number of bytes, M or G may follow it, 256G at most\n", size);
        return EX_USAGE;
    }
    settings->heap_size = size;
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
        return take_service(optarg, "--trust-server", settings->trusted, sizeof settings->trusted);
    case 'H':
        settings->global_heap = true;
        return -1;
    case 'S':
        return take_heap_size(settings, optarg);
    case 'c':
        return take_capability(settings, optarg);
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
        {"heap-size", required_argument, NULL, 'S'},
        {"capability", required_argument, NULL, 'c'},
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

/* Beside far, where an installation and a build tree have it. */
static int find_heap_library(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    for (int up = 0; up < 2 && length > 0; up++)
        while (length > 0 && path[--length] != '/')
            ;
    if (length > 0 && (size_t)length + sizeof HEAP_LIBRARY + 1 <= size) {
        strcpy(path + length + 1, HEAP_LIBRARY);
        if (strpbrk(path, ": ")) { /* LD_PRELOAD is a list */
            fprintf(stderr, "far: run: --global-heap: the path of %s has a space or a colon in it\n", path);
            return EX_UNAVAILABLE;
        }
        if (access(path, R_OK) == 0)
            return 0;
    }
    fputs("far: run: --global-heap: libfarcall-heap.so is not installed; farcall was built without mimalloc\n", stderr);
    return EX_UNAVAILABLE;
}

/* Before what is preloaded already: the first one's malloc is everybody's. */
static int preload_heap(void)
{
    char path[PATH_MAX], list[2 * PATH_MAX];
    const char *others = getenv("LD_PRELOAD");
    int code = find_heap_library(path, sizeof path);
    if (code)
        return code;
    if (snprintf(list, sizeof list, "%s%s%s", path, others && *others ? ":" : "", others ? others : "") >=
        (int)sizeof list) {
        fputs("far: run: --global-heap: LD_PRELOAD is too long already\n", stderr);
        return EX_USAGE;
    }
    return setenv("LD_PRELOAD", list, 1) == 0 ? 0 : EX_OSERR;
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
    code = code ? code : set(FAR_ENV_CAPABILITIES, settings.capabilities);
    code = code ? code : set(FAR_ENV_TRUST_SERVERS, settings.trusted);
    code = code ? code : set(FAR_ENV_HEAP_SIZE, settings.heap_size);
    if (!code && settings.global_heap)
        code = preload_heap();
    if (code)
        return code;
    execvp(argv[optind], argv + optind);
    fprintf(stderr, "far: run: %s: %s\n", argv[optind], strerror(errno));
    return errno == ENOENT ? EX_NOINPUT : EX_NOPERM;
}
