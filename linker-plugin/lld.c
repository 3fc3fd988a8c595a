/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Run ld.lld. Its output goes to a file, read to the end: lld can hang when the reader of a pipe goes away. */
#include "linker-plugin/farld.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

extern char **environ;

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
static void add_options(struct link *link, struct arguments *to, const char *output)
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
    add(to, arena_format(to->arena, "--version-script=%s", lld_place(link, "exports")));
    add(to, arena_format(to->arena, "--script=%s", lld_place(link, "script")));
    if (link->options.soname)
        add(to, arena_format(to->arena, "--soname=%s", link->options.soname));
    if (link->options.map || link->options.dump_plan)
        add(to, arena_format(to->arena, "--Map=%s", lld_place(link, "map")));
    for (uint32_t i = 0; i < link->iface->ops.count; i++) {
        const struct far_op *op = iface_op(link->iface, i);

        if (!(op->flags & FAR_OP_ABSENT))
            add(to, arena_format(to->arena, "--undefined=%s", iface_string(link->iface, op->name)));
    }
    if (link->has_bitcode)
        add(to, arena_format(to->arena, "--lto-obj-path=%s", lld_place(link, "compiled.o")));
    if (link->has_bitcode)
        add(to, arena_format(to->arena, "--load-pass-plugin=%s/lib/FarcallPass.so", link->prefix));
    add(to, "-o");
    add(to, output);
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

static int wait_for(struct link *link, int *status)
{
    pid_t child = link->lld;

    link->lld = 0;
    while (waitpid(child, status, 0) < 0) {
        if (errno != EINTR)
            return error_add(&link->errors, EX_OSERR, "cannot wait for ld.lld: %s", strerror(errno));
        kill(child, SIGTERM);
    }
    return 0;
}

/* What lld says goes to one file, what it was told to say (--trace) to another. */
static int spawn(struct link *link, struct arguments *arguments)
{
    posix_spawn_file_actions_t actions;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
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

static char *read_text(struct link *link, const char *name, size_t *size)
{
    uint8_t *bytes; /* a zero byte follows them */

    return file_read(&link->arena, &link->errors, lld_place(link, name), &bytes, size) ? NULL : (char *)bytes;
}

static void print_command(const struct arguments *arguments)
{
    for (size_t i = 0; arguments->list[i]; i++)
        fprintf(stderr, "%s%s", i ? " " : "farld: ", arguments->list[i]);
    fputc('\n', stderr);
}

/* What lld said, indented under a line of ours. */
static char *indented(struct link *link, const char *log, size_t size)
{
    size_t lines = 1;
    char *text, *to;

    for (size_t i = 0; i < size; i++)
        lines += log[i] == '\n';
    to = text = arena_allocate(&link->arena, size + 2 * lines + 1);
    for (size_t i = 0; i < size; i++) {
        if (i == 0 || log[i - 1] == '\n') {
            *to++ = ' ';
            *to++ = ' ';
        }
        *to++ = log[i];
    }
    while (to > text && (to[-1] == '\n' || to[-1] == ' '))
        *--to = '\0';
    return text;
}

#define INPUTS_SHOWN 4

const char *lld_inputs(struct link *link)
{
    const char *text = "";
    size_t shown = 0;

    for (size_t i = 0; i < link->input_count; i++) {
        if (link->inputs[i].passed_to_lld && shown++ < INPUTS_SHOWN)
            text = arena_format(&link->arena, "%s%s%s", text, *text ? ", " : "", path_base(link->inputs[i].path));
    }
    return shown > INPUTS_SHOWN ? arena_format(&link->arena, "%s and %zu more", text, shown - INPUTS_SHOWN) : text;
}

/* What lld says of code that it has put together itself names nobody. */
static const char *inputs_unless_named(struct link *link, const char *log)
{
    for (size_t i = 0; i < link->input_count; i++) {
        if (strstr(log, path_base(link->inputs[i].path)))
            return "";
    }
    return arena_format(&link->arena, "\n  of these inputs: %s", lld_inputs(link));
}

/* By what it read; else somebody has ended it, or the system has no memory. */
static bool has_crashed(int status)
{
    int signal = WTERMSIG(status);

    return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGILL || signal == SIGFPE;
}

static const char *lld_name(void)
{
    return getenv("FARCALL_LLD") ? getenv("FARCALL_LLD") : FAR_LLD;
}

int lld_start(struct link *link, const char *output)
{
    struct arguments arguments = {.arena = &link->arena};

    add(&arguments, lld_name());
    add_options(link, &arguments, output);
    add_inputs(link, &arguments);
    add(&arguments, NULL);
    if (link->has_bitcode && !link->bitcode_prepared && bitcode_prepare(link))
        return link->errors.status;
    if (link->options.verbose)
        print_command(&arguments);
    return spawn(link, &arguments);
}

int lld_finish(struct link *link, bool abandon)
{
    const char *log;
    size_t size, traced;
    int status = 0;

    if (abandon)
        kill(link->lld, SIGTERM);
    if (wait_for(link, &status) || abandon || !(log = read_text(link, "log", &size)) ||
        !(link->trace = read_text(link, "trace", &traced)))
        return link->errors.status;
    if (WIFSIGNALED(status))
        return error_add(&link->errors, has_crashed(status) ? EX_DATAERR : EX_SOFTWARE,
                         "%s was killed by signal %d; is one of the inputs damaged? (%s)", lld_name(), WTERMSIG(status),
                         lld_inputs(link));
    if (WEXITSTATUS(status) == 127 && size == 0)
        return error_add(&link->errors, EX_UNAVAILABLE, "cannot run %s; install lld-19", lld_name());
    if (WEXITSTATUS(status) != 0 && (linked_read(link) || refuse_explain(link)))
        return link->errors.status;
    if (WEXITSTATUS(status) != 0)
        return error_add(&link->errors, EX_DATAERR, "ld.lld cannot link this segment:\n%s%s", indented(link, log, size),
                         inputs_unless_named(link, log));
    if (size)
        fprintf(stderr, "farld: ld.lld says:\n%s\n", indented(link, log, size));
    return 0;
}
