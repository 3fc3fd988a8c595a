/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "clang-pass/farcc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

extern char **environ;

static volatile sig_atomic_t interrupted_by;

/* What must be cleared up however the program ends. */
static struct {
    char directory[4096];
    struct list files;
    struct list texts;
} held;

void list_add(struct list *list, const char *item)
{
    const char **longer = reallocarray(list->items, list->count + 2, sizeof *longer);

    if (!longer)
        abort();
    list->items = longer;
    list->items[list->count++] = item;
    list->items[list->count] = NULL;
}

void list_add_all(struct list *list, const struct list *from)
{
    for (size_t i = 0; i < from->count; i++)
        list_add(list, from->items[i]);
}

void list_free(struct list *list)
{
    free(list->items);
    *list = (struct list){0};
}

const char *text_format(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    list_add(&held.texts, text);
    return text;
}

void memory_release(void)
{
    for (size_t i = 0; i < held.texts.count; i++)
        free((char *)(uintptr_t)held.texts.items[i]);
    list_free(&held.texts);
}

static void note_interruption(int signal)
{
    interrupted_by = signal;
}

/* No SA_RESTART: waiting must end, so that the child is told and the temporary files go. */
void process_catch_interruptions(void)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = note_interruption};

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
}

int process_interrupted(void)
{
    return interrupted_by;
}

static void print_command(const struct list *arguments, const struct list *settings)
{
    fputs("farcc:", stderr);
    for (size_t i = 0; settings && i < settings->count; i++)
        fprintf(stderr, " %s", settings->items[i]);
    for (size_t i = 0; i < arguments->count; i++)
        fprintf(stderr, " %s", arguments->items[i]);
    fputc('\n', stderr);
}

static void prepare_files(posix_spawn_file_actions_t *actions, const struct child *child)
{
    posix_spawn_file_actions_init(actions);
    if (child->errors)
        posix_spawn_file_actions_addopen(actions, STDERR_FILENO, child->errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (child->inherited >= 0)
        posix_spawn_file_actions_adddup2(actions, child->inherited, FARCC_VERDICT);
}

static int cannot_run(const struct list *arguments, int error)
{
    fprintf(stderr, "farcc: cannot run %s: %s\n", arguments->items[0], strerror(error));
    return EX_UNAVAILABLE;
}

static struct list environment_for(const struct child *child)
{
    struct list environment = {0};

    if (child->settings)
        list_add_all(&environment, child->settings);
    for (char **entry = environ; *entry; entry++)
        list_add(&environment, *entry);
    return environment;
}

int process_start(const struct child *child, bool verbose, pid_t *id)
{
    const struct list *arguments = child->arguments;
    struct list environment;
    posix_spawn_file_actions_t actions;
    int error;

    if (interrupted_by)
        return 128 + interrupted_by;
    if (verbose)
        print_command(arguments, child->settings);
    prepare_files(&actions, child);
    environment = environment_for(child);
    error = posix_spawnp(id, arguments->items[0], &actions, NULL, (char **)(uintptr_t)arguments->items,
                         (char **)(uintptr_t)environment.items);
    posix_spawn_file_actions_destroy(&actions);
    list_free(&environment);
    return error ? cannot_run(arguments, error) : 0;
}

int process_become(const struct list *arguments, bool verbose)
{
    if (verbose)
        print_command(arguments, NULL);
    execvp(arguments->items[0], (char **)(uintptr_t)arguments->items);
    return cannot_run(arguments, errno);
}

int process_wait(pid_t child)
{
    int status = 0;

    if (interrupted_by)
        kill(child, interrupted_by);
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return EX_OSERR;
        if (interrupted_by)
            kill(child, interrupted_by);
    }
    if (interrupted_by)
        return 128 + interrupted_by;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int process_run(const struct list *arguments, bool verbose)
{
    const struct child child = {.arguments = arguments, .inherited = -1};
    pid_t id;
    int status = process_start(&child, verbose, &id);

    return status ? status : process_wait(id);
}

const char *workplace_file(const char *name)
{
    const char *parent = getenv("TMPDIR"), *path;

    if (!*held.directory) {
        snprintf(held.directory, sizeof held.directory, "%s/farcc.XXXXXX", parent && *parent ? parent : "/tmp");
        if (!mkdtemp(held.directory)) {
            fprintf(stderr, "farcc: cannot create a temporary directory '%s': %s\n", held.directory, strerror(errno));
            *held.directory = '\0';
            return NULL;
        }
    }
    path = text_format("%s/%s", held.directory, name);
    list_add(&held.files, path);
    return path;
}

void workplace_clear(void)
{
    for (size_t i = 0; i < held.files.count; i++)
        unlink(held.files.items[i]);
    list_free(&held.files);
    if (*held.directory)
        rmdir(held.directory);
    *held.directory = '\0';
}
