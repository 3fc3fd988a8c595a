/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/preprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

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

static char **command_line(const struct options *options, struct arena *arena, const char *dependency_file)
{
    char **argv = arena_alloc(arena, (options->flag_count + 16) * sizeof *argv);
    size_t count = 0;
    argv[count++] = arena_string(arena, options->compiler);
    argv[count++] = arena_string(arena, "-E");
    argv[count++] = arena_string(arena, "-D__FARCALL_IDL__=1");
    for (size_t i = 0; i < options->flag_count; i++)
        argv[count++] = arena_string(arena, options->flags[i]);
    argv[count++] = arena_string(arena, "-idirafter");
    argv[count++] = arena_string(arena, own_include(arena));
    if (dependency_file) {
        argv[count++] = arena_string(arena, "-MD");
        argv[count++] = arena_string(arena, "-MF");
        argv[count++] = arena_string(arena, dependency_file);
        argv[count++] = arena_string(arena, "-MT");
        argv[count++] = arena_string(arena, options->object   ? options->object
                                            : options->record ? options->record
                                                              : options->input);
    }
    argv[count++] = arena_string(arena, "-xc");
    argv[count++] = arena_string(arena, options->input);
    return argv;
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

/* Everything that comes; NULL for want of memory. One more byte is kept for the NUL. */
static char *read_all(int from, size_t *size)
{
    size_t room = 1 << 20;
    char *text = malloc(room);
    *size = 0;
    while (text) {
        ssize_t count = read(from, text + *size, room - *size - 1);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        *size += (size_t)count;
        if (room - *size > 1)
            continue;
        char *bigger = realloc(text, room *= 2);
        if (!bigger)
            free(text);
        text = bigger;
    }
    if (text)
        text[*size] = 0;
    return text;
}

int preprocess(const struct options *options, struct arena *arena, const char *dependency_file, char **text,
               size_t *size)
{
    char **argv = command_line(options, arena, dependency_file);
    pid_t child;
    int from, status = 0;
    int error = start(argv, &child, &from);
    if (error) {
        fprintf(stderr, "faridl: cannot run %s: %s; install it or name another compiler with --cc=\n", argv[0],
                strerror(error));
        return EX_UNAVAILABLE;
    }
    *text = read_all(from, size);
    close(from);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!*text) {
        fprintf(stderr, "faridl: out of memory reading %s\n", options->input);
        return EX_OSERR;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "faridl: %s: the compiler could not preprocess it (%s)\n", options->input, argv[0]);
        return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? EX_UNAVAILABLE : EX_DATAERR;
    }
    return 0;
}
