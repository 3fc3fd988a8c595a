/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/preprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define TEXT_LIMIT \
    ((size_t)1 << 30) /* bytes, a power of two: a compiler that never stops printing must not take all memory */

extern char **environ;

/* PREFIX/include, from where this program lies: PREFIX/bin/faridl. */
static const char *own_include(struct arena *arena)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    for (int up = 0; length > 0 && up < 2; up++)
        while (length > 0 && path[--length] != '/')
            ;
    if (length < 0)
        length = 0;
    return arena_format(arena, "%.*s/include", (int)length, path);
}

const char *preprocess_probe(struct arena *arena)
{
    return arena_format(arena, "%s/farcall/probe.h", own_include(arena));
}

struct command {
    char **argv;
    size_t count;
};

static void add(struct command *command, struct arena *arena, const char *argument)
{
    command->argv[command->count++] = arena_string(arena, argument);
}

static void add_dependencies(struct command *command, const struct options *options, struct arena *arena,
                             const char *file)
{
    add(command, arena, "-MD");
    add(command, arena, "-MF");
    add(command, arena, file);
    add(command, arena, "-MQ");
    add(command, arena, options->object ? options->object : options->record ? options->record : options->input);
}

/* The probe comes first, so that its answers stand at the top of the text. */
static char **command_line(const struct options *options, struct arena *arena, const char *dependency_file,
                           const char *input)
{
    struct command command = {.argv = arena_alloc(arena, (options->flag_count + 18) * sizeof(char *))};
    add(&command, arena, options->compiler);
    add(&command, arena, "-E");
    add(&command, arena, "-D__FARCALL_IDL__=1");
    add(&command, arena, "-include");
    add(&command, arena, preprocess_probe(arena));
    for (size_t i = 0; i < options->flag_count; i++)
        add(&command, arena, options->flags[i]);
    add(&command, arena, "-idirafter");
    add(&command, arena, own_include(arena));
    if (dependency_file)
        add_dependencies(&command, options, arena, dependency_file);
    add(&command, arena, "-xc");
    add(&command, arena, input);
    return command.argv;
}

static int start(char **argv, pid_t *child, int *from)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    int error = posix_spawnp(child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (error)
        close(ends[0]);
    *from = ends[0];
    return error;
}

/* Twice as much room for the text, which is freed if that cannot be. */
static char *grow(char *text, size_t *room, int *error)
{
    bool is_full = *room >= TEXT_LIMIT;
    char *bigger = is_full ? NULL : realloc(text, *room *= 2);
    if (!bigger) {
        *error = is_full ? EFBIG : ENOMEM;
        free(text);
    }
    return bigger;
}

/* Everything that comes; NULL if it is too much. One more byte is kept for the NUL. */
static char *read_all(int from, size_t *size, int *error)
{
    size_t room = 1 << 20;
    char *text = malloc(room);
    *size = 0;
    *error = text ? 0 : ENOMEM;
    while (text) {
        ssize_t count = read(from, text + *size, room - *size - 1);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            *error = errno;
        if (count <= 0)
            break;
        *size += (size_t)count;
        if (room - *size == 1)
            text = grow(text, &room, error);
    }
    if (text)
        text[*size] = 0;
    return text;
}

/* The text of a file that is preprocessed already. */
static int read_preprocessed(const struct options *options, char **text, size_t *size)
{
    int from = open(options->input, O_RDONLY | O_CLOEXEC);
    int error = from < 0 ? errno : 0;
    *text = from < 0 ? NULL : read_all(from, size, &error);
    if (from >= 0)
        close(from);
    if (*text && !error)
        return 0;
    fprintf(stderr, "faridl: %s: cannot read: %s\n", options->input, strerror(error));
    return error == ENOMEM ? EX_OSERR : EX_NOINPUT;
}

static int reading_failed(const struct options *options, int error)
{
    if (error == EFBIG) {
        fprintf(stderr, "faridl: %s: %s was ended: what it made of this is longer than %zu MiB\n", options->input,
                options->compiler, TEXT_LIMIT >> 20);
        return EX_UNAVAILABLE;
    }
    fprintf(stderr, "faridl: %s: cannot read what the compiler made of it: %s\n", options->input, strerror(error));
    return EX_OSERR;
}

static int run(const struct options *options, char **argv, char **text, size_t *size)
{
    pid_t child;
    int from = -1, status = 0;
    int error = start(argv, &child, &from);
    if (error) {
        fprintf(stderr, "faridl: cannot run %s: %s; install it or name another compiler with --cc=\n", argv[0],
                strerror(error));
        return EX_UNAVAILABLE;
    }
    *text = read_all(from, size, &error);
    close(from);
    if (error)
        kill(child, SIGKILL); /* it may go on although nobody reads */
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (error)
        return reading_failed(options, error);
    /* It has said why; FC-0009 says what that means. */
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? EX_UNAVAILABLE : EX_DATAERR;
    return 0;
}

static int take_facts(struct options *options, const char *text, size_t size)
{
    const char *refusal = facts_read(&options->facts, text, size);
    if (!refusal)
        return 0;
    fprintf(stderr, "faridl: %s: %s %s; interfaces are for 64-bit Linux on x86-64 and aarch64\n", options->input,
            options->compiler, refusal);
    return EX_USAGE;
}

/* Text that came from elsewhere has no answers in it: the compiler is asked alone. */
static int ask_compiler(struct options *options, struct arena *arena)
{
    char *text = NULL;
    size_t size = 0;
    int code = run(options, command_line(options, arena, NULL, "/dev/null"), &text, &size);
    if (!code)
        code = take_facts(options, text, size);
    free(text);
    return code;
}

int preprocess(struct options *options, struct arena *arena, const char *dependency_file, char **text, size_t *size)
{
    if (!options->preprocessed) {
        int code = run(options, command_line(options, arena, dependency_file, options->input), text, size);
        return code ? code : take_facts(options, *text, *size);
    }
    int code = read_preprocessed(options, text, size);
    if (code)
        return code;
    return memmem(*text, *size, FACTS_PRAGMA, sizeof FACTS_PRAGMA - 1) ? take_facts(options, *text, *size)
                                                                       : ask_compiler(options, arena);
}
