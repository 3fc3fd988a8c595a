/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Run the compiler on the assembly text; its output becomes the library only if it succeeds. */
#include "runtime/far/implib_like.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define ARGUMENTS_MAX (48 + IMPLIB_WITH_MAX)
#define SCRIPT_FD     3 /* in the compiler */
#define SCRIPT_PATH   "/proc/self/fd/3"

struct command {
    char target[64];
    const char *argument[ARGUMENTS_MAX];
    size_t count;
};

static void add(struct command *command, const char *argument)
{
    if (command->count < ARGUMENTS_MAX - 1)
        command->argument[command->count++] = argument;
}

/* Not -Wl: a name may have commas in it. */
static void add_linker(struct command *command, const char *first, const char *second)
{
    add(command, "-Xlinker");
    add(command, first);
    if (!second)
        return;
    add(command, "-Xlinker");
    add(command, second);
}

static void add_objects(struct command *command, const struct implib_with *with)
{
    add(command, "-x");
    add(command, "none");
    for (size_t i = 0; i < with->count; i++)
        add(command, with->file[i]);
    add(command, "-lc");
}

static void fill_command(struct command *command, const struct implib_options *options, bool script, const char *output)
{
    snprintf(command->target, sizeof command->target, "--target=%s", options->triplet);
    add(command, FAR_IMPLIB_COMPILER);
    add(command, command->target);
    add(command, "-shared");
    add(command, "-nostdlib");
    add(command, "-fuse-ld=lld");
    add_linker(command, "-z", "defs");
    add_linker(command, "-z", "now");
    add_linker(command, "--build-id=none", NULL);
    add_linker(command, "-soname", options->soname);
    add_linker(command, "--enable-new-dtags", NULL);
    /*
     * The dynamic linker looks for symbols in libfarcall.so before it looks here, and so before the C library, if the program
     * was linked with this library: its sigaction() keeps our handler in front of others (runtime/lib/sigaction.c).
     */
    add_linker(command, "--auxiliary", "libfarcall.so.0");
    if (script)
        add_linker(command, "--version-script", SCRIPT_PATH);
    if (options->rpath)
        add_linker(command, "-rpath", options->rpath);
    add(command, "-o");
    add(command, output);
    add(command, "-x");
    add(command, "assembler");
    add(command, "-");
    if (options->with.count)
        add_objects(command, &options->with);
    add(command, "-L");
    add(command, options->library_folder);
    add(command, "-l:libfarcall.so");
}

/* Returns 0, -errno if it cannot be started, or its exit code. */
static int run(struct command *command, int input, int script)
{
    extern char **environ;
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return -ENOMEM;
    int err = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (!err && script >= 0)
        err = posix_spawn_file_actions_adddup2(&actions, script, SCRIPT_FD);
    if (!err) /* the cast is what every caller of exec does: arguments are not written to */
        err =
            posix_spawnp(&child, command->argument[0], &actions, NULL, (char **)(uintptr_t)command->argument, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (err)
        return -err;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}

static int cannot_create(const char *file, int error)
{
    fprintf(stderr, "far: %s: cannot create it: %s\n", file, strerror(error));
    return EX_CANTCREAT;
}

static bool same_bytes(FILE *one, FILE *other)
{
    char here[4096], there[sizeof here];
    size_t count;
    do {
        count = fread(here, 1, sizeof here, one);
        if (fread(there, 1, sizeof there, other) != count || memcmp(here, there, count) != 0)
            return false;
    } while (count == sizeof here);
    return !ferror(one) && !ferror(other);
}

static bool same_file(const char *one, const char *other)
{
    FILE *here = fopen(one, "re"), *there = fopen(other, "re");
    bool same = here && there && same_bytes(here, there);
    if (here)
        fclose(here);
    if (there)
        fclose(there);
    return same;
}

/*
 * A library that is there and would not change is left alone, its time too: the clients of a service whose code changed
 * but whose interface did not are not linked again.
 */
static int keep_or_replace(const struct implib_options *options, const char *temporary)
{
    if (same_file(temporary, options->output))
        return unlink(temporary) == 0 ? 0 : cannot_create(options->output, errno);
    return rename(temporary, options->output) == 0 ? 0 : cannot_create(options->output, errno);
}

static int finish_versions(const struct implib_options *options, const struct implib_like *like, const char *temporary)
{
    int err = like ? like_finish_versions(like, temporary) : 0;
    if (!err)
        return 0;
    fprintf(stderr, "far: %s: cannot create it: what the linker made has no versions as asked for (%s)\n",
            options->output, strerror(-err));
    return EX_CANTCREAT;
}

static int link_to(const struct implib_options *options, const struct implib_like *like, int source, int script,
                   const char *temporary)
{
    struct command command = {.count = 0};
    fill_command(&command, options, script >= 0, temporary);
    int code = run(&command, source, script);
    if (code < 0) {
        fprintf(stderr, "far: implib: cannot run %s: %s; install clang 19 and lld 19\n", FAR_IMPLIB_COMPILER,
                strerror(-code));
        return EX_UNAVAILABLE;
    }
    if (code) {
        fprintf(stderr, "far: %s: cannot create it: %s -shared ended with %d, see above\n", options->output,
                FAR_IMPLIB_COMPILER, code);
        return EX_CANTCREAT;
    }
    code = finish_versions(options, like, temporary);
    return code ? code : keep_or_replace(options, temporary);
}

int implib_link(const struct implib_options *options, const struct implib_like *like, int source, int script)
{
    struct stat status;
    char *temporary = NULL;
    /* Renaming would put the library in the place of a device or a folder. */
    if (stat(options->output, &status) == 0 && !S_ISREG(status.st_mode)) {
        fprintf(stderr, "far: %s: cannot create it: there is something that is no regular file\n", options->output);
        return EX_CANTCREAT;
    }
    if (asprintf(&temporary, "%s.XXXXXX", options->output) < 0)
        return EX_OSERR;
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        int code = cannot_create(options->output, errno);
        free(temporary);
        return code;
    }
    close(fd);
    int code = link_to(options, like, source, script, temporary);
    if (code)
        unlink(temporary);
    free(temporary);
    return code;
}
