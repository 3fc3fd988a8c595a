/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far run: the client's own word about trust, as the environment that libfarcall reads, and then the program. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_cap.h"
#include "runtime/far/registry_client.h"
#include "runtime/far/run_isolate.h"
#include "runtime/format/complain.h"

#include <errno.h>
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

struct settings {
    const char *level;
    const char *gate;
    const char *socket;
    const char *perf;
    const char *bind_now;
    uint64_t heap_size; /* 0: nothing was said */
    bool global_heap;
    char untrusted[4096]; /* comma list */
    char trusted[FAR_LIST_MAX];
    char capabilities[FAR_CAPABILITIES_MAX];
    struct isolation isolation;
};

static int take_level(void *to, const struct option_row *row, const char *name)
{
    struct settings *settings = to;
    (void)row;
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

static int take_untrusted(void *to, const struct option_row *row, const char *service)
{
    struct settings *settings = to;
    (void)row;
    return take_service(service, "--untrusted", settings->untrusted, sizeof settings->untrusted);
}

static int take_trusted(void *to, const struct option_row *row, const char *service)
{
    struct settings *settings = to;
    (void)row;
    return take_service(service, "--trust-server", settings->trusted, sizeof settings->trusted);
}

static int take_capability(void *to, const struct option_row *row, const char *text)
{
    struct settings *settings = to;
    (void)row;
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

static int take_gate(void *to, const struct option_row *row, const char *gate)
{
    (void)row;
    ((struct settings *)to)->gate = gate;
    if (strcmp(gate, "process") == 0 || strcmp(gate, "pku") == 0 || strcmp(gate, "auto") == 0)
        return -1;
    fprintf(stderr, "far: run: there is no gate `%s`: process, pku, auto\n", gate);
    return EX_USAGE;
}

static int take_isolate(void *to, const struct option_row *row, const char *library)
{
    struct isolation *isolation = &((struct settings *)to)->isolation;
    (void)row;
    if (isolation->count == ISOLATE_MAX) {
        fprintf(stderr, "far: run: --isolate: %d libraries at most\n", ISOLATE_MAX);
        return EX_USAGE;
    }
    isolation->name[isolation->count++] = library;
    return -1;
}

static int take_flag(void *to, const struct option_row *row, const char *value)
{
    const char *yes = "1";
    (void)value;
    memcpy((uint8_t *)to + row->at, &yes, sizeof yes);
    return -1;
}

static const struct option_row rows[] = {
    {.name = "isolate",
     .value = "LIBRARY",
     .kind = OPTION_TAKE,
     .take = take_isolate,
     .help = "a service in the place of this shared library (libz.so.1, libz, z, or the service's name), for a program "
             "that was linked against the library. Its calls trap, unless --level says otherwise; several times"},
    {.name = "level",
     .value = "LEVEL",
     .kind = OPTION_TAKE,
     .take = take_level,
     .help = "ask for no more than none, read or trusted, from all services"},
    {.name = "untrusted",
     .value = "SERVICE",
     .kind = OPTION_TAKE,
     .take = take_untrusted,
     .help = "do not let this service's code run in the program: calls trap to its host; several times"},
    {.name = "global-heap",
     .kind = OPTION_FLAG,
     .at = offsetof(struct settings, global_heap),
     .help = "malloc and its like from a segment of the program's own, at addresses that nobody else has"},
    {.name = "heap-size",
     .value = "SIZE",
     .kind = OPTION_SIZE,
     .at = offsetof(struct settings, heap_size),
     .least = 1,
     .most = HEAP_SIZE_MOST,
     .what = "a number of bytes, M or G may follow it, 256G at most",
     .help = "bytes of addresses of that segment, 4G if nothing is said; M and G may follow the number"},
    {.name = "trust-server",
     .value = "SERVICE",
     .kind = OPTION_TAKE,
     .take = take_trusted,
     .help = "let this service reach that segment, reading and writing; several times"},
    {.name = "capability",
     .value = "TOKEN",
     .kind = OPTION_TAKE,
     .take = take_capability,
     .help = "present this capability before anything is bound; @FILE: the file holds it; several times"},
    {.name = "gate",
     .value = "GATE",
     .kind = OPTION_TAKE,
     .take = take_gate,
     .help = "how calls cross to a service whose code is not to run unprotected: process (default), pku, auto"},
    {.name = "bind-now",
     .kind = OPTION_TAKE,
     .take = take_flag,
     .at = offsetof(struct settings, bind_now),
     .help = "a service that nobody has registered yet is an error at start, not at its first call"},
    {.name = "perf",
     .kind = OPTION_TAKE,
     .take = take_flag,
     .at = offsetof(struct settings, perf),
     .help = "write the names of services' functions to /tmp/perf-PID.map, where perf report looks for them"},
    OPTION_ROW_SOCKET(struct settings),
    {0}};

static const struct command_line line = {
    .name = "run",
    .usage = "far run [OPTIONS] PROGRAM ARGS…",
    .about = "Runs a program with less trust than the name server would grant it, or towards it. The program is any "
             "that is linked against an import library, or against a library in whose place a service stands; it is "
             "not changed.\n",
    .rows = rows,
    .notes =
        "    far run --isolate libz python3 unpack.py\n"
        "    far run --level none ./client\n"
        "    far run --untrusted zlib ./viewer picture.png\n"
        "\n"
        "FARCALL_LEVEL, FARCALL_UNTRUSTED, FARCALL_TRUST_SERVERS and FARCALL_CAPABILITIES (comma lists), "
        "FARCALL_GATE, FARCALL_HEAP_SIZE, FARCALL_BIND_NOW, FARCALL_PERF, FARCALL_SOCKET and FARCALL_SPIN (looks "
        "before a caller "
        "sleeps) do the same without it. A client that cannot be bound ends with 69 (no fard; --bind-now and no such "
        "service), 76 (another interface) or 77.\n"
        "\n"
        "Exit codes: the program's own; 64 usage; 66 no such program; 69 not in this version, or nothing can be put in "
        "that library's place; 76 the program needs a newer one; 77 it may not be run.\n",
    .order = OPTIONS_FIRST,
    .least = 1,
    .most = -1,
    .operands = "which program?",
};

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

/* Who asks for less trust should know where that keeps nobody out. */
static void warn_of_one_uid(const struct settings *settings)
{
    struct fard_connection connection;
    struct far_status_reply status;
    if ((!settings->level && !settings->untrusted[0]) || !fard_reachable(&connection, settings->socket))
        return;
    if (fard_status(&connection, &status) == 0 && status.uid == geteuid() && status.uid != 0)
        fprintf(stderr,
                "far: run: fard and its hosts run as uid %u, as the program will: that keeps faults apart, but is no "
                "protection of one from the other (docs/trust.md)\n",
                status.uid);
    fard_disconnect(&connection);
}

/* Unless a level was asked for, calls of what stands in a library's place trap. */
static int isolate(struct settings *settings)
{
    struct isolation *isolation = &settings->isolation;
    int code = isolation->count ? isolation_find(isolation, settings->socket) : 0;
    for (size_t i = 0; !code && !settings->level && i < isolation->found; i++) {
        code =
            take_service(isolation->library[i].service, "--isolate", settings->untrusted, sizeof settings->untrusted);
        code = code < 0 ? 0 : code;
    }
    return code;
}

/* A gate is for calls that trap: where none is asked to, it would protect nobody, and nobody would notice. */
static int gate_has_services(const struct settings *settings)
{
    bool none = !settings->level && !settings->untrusted[0] && !getenv(FAR_ENV_LEVEL) && !getenv(FAR_ENV_UNTRUSTED);
    if (!settings->gate || strcmp(settings->gate, "process") == 0 || !none)
        return 0;
    fprintf(stderr, "far: run: --gate %s: for which service? --untrusted SERVICE names it, --level none means all\n",
            settings->gate);
    return EX_USAGE;
}

int far_run_main(int argc, char **argv)
{
    char heap_size[24];
    static struct settings settings;
    struct operands operands;
    int code = options_read(&line, argc, argv, &settings, &operands);
    if (code >= 0)
        return code;
    code = isolate(&settings);
    code = code ? code : set(FAR_ENV_LEVEL, settings.level);
    code = code ? code : set(FAR_ENV_UNTRUSTED, settings.untrusted);
    code = code ? code : set(FAR_ENV_GATE, settings.gate);
    code = code ? code : gate_has_services(&settings);
    code = code ? code : set(FAR_ENV_BIND_NOW, settings.bind_now);
    code = code ? code : set(FAR_SOCKET_ENV, settings.socket);
    code = code ? code : set(FAR_ENV_PERF, settings.perf);
    code = code ? code : set(FAR_ENV_CAPABILITIES, settings.capabilities);
    code = code ? code : set(FAR_ENV_TRUST_SERVERS, settings.trusted);
    snprintf(heap_size, sizeof heap_size, "%llu", (unsigned long long)settings.heap_size);
    code = code ? code : set(FAR_ENV_HEAP_SIZE, settings.heap_size ? heap_size : NULL);
    if (!code && settings.global_heap)
        code = preload_heap();
    if (!code && settings.isolation.count)
        code = isolation_apply(&settings.isolation, operands.word[0]);
    isolation_free(&settings.isolation);
    if (code)
        return code;
    warn_of_one_uid(&settings);
    execvp(operands.word[0], operands.word);
    fprintf(stderr, "far: run: %s: %s\n", operands.word[0], strerror(errno));
    return errno == ENOENT ? EX_NOINPUT : EX_NOPERM;
}
