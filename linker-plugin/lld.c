/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Start ld.lld. Its output goes to a file, read to the end: lld can hang when the reader of a pipe goes away. */
#include "linker-plugin/farld.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

extern char **environ;

#define GATE_MOST (1 << 20) /* what the kernel lets anyone have in a pipe */

struct arguments {
    struct arena *arena;
    const char **list;
    size_t count;
};

static void add(struct arguments *to, const char *argument)
{
    *LIST_ADD(to->arena, to->list, to->count) = argument;
}

const char *lld_place(struct link *link, const char *name)
{
    return arena_format(&link->arena, "%s/%s", link->workplace, name);
}

/*
 * -Bsymbolic and the version script: inside a segment nothing is interposed. --no-relax: a load of an operation's
 * address from the GOT stays one, so that the word can be made the stub's address. No RELRO: protection follows the
 * parts.
 */
static void add_options(struct link *link, struct arguments *to)
{
    static const char *const fixed[] = {
        "-shared",
        "-Bsymbolic",
        "--no-relax",
        "--gc-sections",
        "--pack-dyn-relocs=relr",
        "--build-id=none",
        "--hash-style=gnu",
        "--undefined-version",
        "--color-diagnostics=never",
        "--trace",
        "-z",
        "max-page-size=4096",
        "-z",
        "norelro",
        "-z",
        "text",
        "-z",
        "nognustack",
        "-z",
        "nostart-stop-gc", /* a section whose __start_ and __stop_ are used is used: as with GNU ld */
        /* Debug information of what was dropped points nowhere: address 0, lld's choice, is a stub's here. */
        "-z",
        "dead-reloc-in-nonalloc=.debug_*=0xffffffffffffffff",
        "-z",
        "dead-reloc-in-nonalloc=.debug_loc=0xfffffffffffffffe",
        "-z",
        "dead-reloc-in-nonalloc=.debug_ranges=0xfffffffffffffffe",
    };

    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        add(to, fixed[i]);
    add(to, "--version-script=/proc/self/fd/0"); /* the first that lld reads: the gate at which it waits */
    add(to, arena_format(to->arena, "--script=%s", lld_place(link, "script")));
    if (link->options.soname)
        add(to, arena_format(to->arena, "--soname=%s", link->options.soname));
    if (link->options.map || link->options.dump_plan)
        add(to, arena_format(to->arena, "--Map=%s", lld_place(link, "map")));
    if (link->has_bitcode)
        add(to, arena_format(to->arena, "--lto-obj-path=%s", lld_place(link, "compiled.o")));
    if (link->has_bitcode)
        add(to, arena_format(to->arena, "--load-pass-plugin=%s/lib/FarcallPass.so", link->prefix));
    add(to, "-o");
    add(to, link->drawn);
}

static void add_inputs(struct link *link, struct arguments *to)
{
    add(to, lld_place(link, "glue.o"));
    for (size_t i = 0; i < link->input_count; i++) {
        if (link->inputs[i].passed_to_lld)
            add(to, link->inputs[i].path);
    }
    add(to, machine_farseg(link));
    if (machine_libgcc(link))
        add(to, machine_libgcc(link)); /* arithmetic that compilers leave to calls: 128-bit division and the like */
}

/* What lld says goes to one file, what it was told to say (--trace) to another. */
static int spawn(struct link *link, struct arguments *arguments, int gate)
{
    posix_spawn_file_actions_t actions;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, gate, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, lld_place(link, "trace"), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, lld_place(link, "log"), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    error = posix_spawnp(&link->lld, arguments->list[0], &actions, NULL, (char **)(uintptr_t)arguments->list, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (!error)
        return 0;
    link->lld = 0;
    return error_add(&link->errors, EX_UNAVAILABLE, "cannot run %s: %s; install lld-19, or name another in FARCALL_LLD",
                     arguments->list[0], strerror(error));
}

static void print_command(const struct arguments *arguments)
{
    for (size_t i = 0; arguments->list[i]; i++)
        fprintf(stderr, "%s%s", i ? " " : "farld: ", arguments->list[i]);
    fputc('\n', stderr);
}

const char *lld_name(void)
{
    return getenv("FARCALL_LLD") ? getenv("FARCALL_LLD") : FAR_LLD;
}

static int spawn_before_gate(struct link *link, struct arguments *arguments)
{
    int ends[2], status;

    if (pipe2(ends, O_CLOEXEC))
        return error_add(&link->errors, EX_OSERR, "cannot make a pipe to ld.lld: %s", strerror(errno));
    status = spawn(link, arguments, ends[0]);
    close(ends[0]);
    if (status)
        close(ends[1]);
    else
        link->lld_gate = ends[1];
    return status;
}

int lld_start(struct link *link)
{
    struct arguments arguments = {.arena = &link->arena};

    add(&arguments, lld_name());
    add_options(link, &arguments);
    add_inputs(link, &arguments);
    add(&arguments, NULL);
    if (link->has_bitcode && !link->bitcode_prepared && bitcode_prepare(link))
        return link->errors.status;
    if (link->options.verbose)
        print_command(&arguments);
    return spawn_before_gate(link, &arguments);
}

void lld_close_gate(struct link *link)
{
    if (link->lld_gate)
        close(link->lld_gate);
    link->lld_gate = 0;
}

/* If lld has ended already, lld_finish() will say why. */
int lld_feed(struct link *link)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    size_t size;
    const char *text = exports_text(link, &size);

    fcntl(link->lld_gate, F_SETPIPE_SZ, size < GATE_MOST ? (int)size : GATE_MOST); /* so that nobody waits for lld */
    sigaction(SIGPIPE, &ignore, &before);
    while (size) {
        ssize_t put = write(link->lld_gate, text, size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            break;
        text += put;
        size -= (size_t)put;
    }
    sigaction(SIGPIPE, &before, NULL);
    lld_close_gate(link);
    return 0;
}
