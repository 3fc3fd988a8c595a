/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/run_program.h"
#include "runtime/machine.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <sysexits.h>
#include <unistd.h>

#define SCRIPTS_MAX 4   /* interpreters that are scripts themselves */
#define HEAD_SIZE   256 /* of a script's first line, as the kernel reads it */

struct program {
    char path[PATH_MAX];
    char interpreter[PATH_MAX]; /* the dynamic linker; "" without one */
    bool elf, native;
};

/* As execvp() finds it. False: it will say why. */
static bool find_in_path(const char *name, char path[PATH_MAX])
{
    const char *list = getenv("PATH");
    if (strchr(name, '/'))
        return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX && access(path, X_OK) == 0;
    for (list = list ? list : "/bin:/usr/bin"; *list;) {
        int length = (int)strcspn(list, ":");
        struct stat status;
        if (snprintf(path, PATH_MAX, "%.*s%s%s", length, list, length ? "/" : "", name) < PATH_MAX &&
            access(path, X_OK) == 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode))
            return true;
        list += length + (list[length] == ':');
    }
    return false;
}

/* What a script's first line starts, `env` looked through. `line` has no "#!" any more. */
static bool follow_script(struct program *program, char *line)
{
    char *rest;
    char *word = strtok_r(line, " \t\n", &rest);
    const char *base = word ? strrchr(word, '/') : NULL;
    if (!word)
        return false;
    if (strcmp(base ? base + 1 : word, "env") != 0)
        return find_in_path(word, program->path);
    while ((word = strtok_r(NULL, " \t\n", &rest)) && (*word == '-' || strchr(word, '=')))
        ;
    return word && find_in_path(word, program->path);
}

static void read_interpreter(struct program *program, int fd, const Elf64_Ehdr *header)
{
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr part;
        if (pread(fd, &part, sizeof part, (off_t)(header->e_phoff + i * sizeof part)) != sizeof part)
            return;
        if (part.p_type != PT_INTERP || part.p_filesz == 0 || part.p_filesz >= PATH_MAX)
            continue;
        ssize_t got = pread(fd, program->interpreter, part.p_filesz, (off_t)part.p_offset);
        program->interpreter[got > 0 ? got : 0] = 0;
    }
}

/* True: it is a script, and program->path is now what runs it. */
static bool look_at(struct program *program)
{
    union {
        char text[HEAD_SIZE];
        Elf64_Ehdr elf;
    } head;
    int fd = open(program->path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? pread(fd, &head, sizeof head - 1, 0) : -1;
    bool script = false;
    if (got > 2 && memcmp(head.text, "#!", 2) == 0) {
        head.text[got] = 0;
        head.text[strcspn(head.text, "\n")] = 0;
        script = follow_script(program, head.text + 2);
    } else if (got >= (ssize_t)sizeof head.elf && memcmp(head.elf.e_ident, ELFMAG, SELFMAG) == 0) {
        program->elf = true;
        program->native = head.elf.e_ident[EI_CLASS] == ELFCLASS64 && head.elf.e_machine == FAR_MACHINE_NATIVE;
        if (program->native && head.elf.e_phentsize == sizeof(Elf64_Phdr))
            read_interpreter(program, fd, &head.elf);
    }
    if (fd >= 0)
        close(fd);
    return script;
}

static bool find_program(const char *name, struct program *program)
{
    *program = (struct program){.elf = false};
    if (!find_in_path(name, program->path))
        return false;
    for (int i = 0; look_at(program); i++) {
        if (i == SCRIPTS_MAX)
            return false;
    }
    return program->elf;
}

/* Started with more rights than the user has, a program gets no libraries from the user's environment. */
static bool gains_rights(const char *path)
{
    struct stat status;
    char capabilities[64];
    if (stat(path, &status) != 0)
        return false;
    return (status.st_mode & S_ISUID && status.st_uid != getuid()) ||
           (status.st_mode & S_ISGID && status.st_mode & S_IXGRP && status.st_gid != getgid()) ||
           (getuid() != 0 && getxattr(path, "security.capability", capabilities, sizeof capabilities) > 0);
}

/* What the dynamic linker would load, a line each, complaints included. NULL: it cannot be asked. */
static FILE *list_libraries(const struct program *program, pid_t *child)
{
    extern char **environ;
    const char *const arguments[] = {program->interpreter, "--list", program->path, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return NULL;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    int error = posix_spawn(child, program->interpreter, &actions, NULL, (char **)(uintptr_t)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *out = error ? NULL : fdopen(ends[0], "r");
    if (!out)
        close(ends[0]);
    return out;
}

static bool same_file(const char *one, const char *other)
{
    struct stat here, there;
    return stat(one, &here) == 0 && stat(other, &there) == 0 && here.st_dev == there.st_dev &&
           here.st_ino == there.st_ino;
}

static int takes_another(const struct program *program, const struct isolated *library, const char *path)
{
    fprintf(stderr,
            "far: run: --isolate %s: %s, or a library of its, takes %s itself: it names that path, or has a DT_RPATH, "
            "which goes before LD_LIBRARY_PATH\n",
            library->soname, program->path, path);
    return EX_UNAVAILABLE;
}

/* "\tlibz.so.1 => /path/libz.so.1 (0x7f…)", or "\t/path/libz.so.1 (0x…)". */
static int look_at_library(const struct program *program, const struct isolated *library, char *line, bool *taken)
{
    char *arrow = strstr(line, " => "), *path = arrow ? arrow + 4 : line, *end = strstr(path, " (0x");
    if (!end)
        return 0;
    size_t name = strlen(library->soname), length = (size_t)(end - path);
    bool named =
        arrow ? (size_t)(arrow - line) == name && memcmp(line, library->soname, name) == 0
              : length > name && path[length - name - 1] == '/' && memcmp(end - name, library->soname, name) == 0;
    if (!named)
        return 0;
    *end = 0;
    *taken = same_file(path, library->file);
    int code = *taken ? 0 : takes_another(program, library, path);
    *end = ' ';
    return code;
}

/* "PROGRAM: /path/libz.so.1: version `ZLIB_9' not found (required by WHO)" */
static int look_for_version(const struct isolated *library, const char *line)
{
    const char *version = strstr(line, ": version `"), *end = version ? strstr(version, "' not found") : NULL;
    const char *by = end ? strstr(end, "(required by ") : NULL;
    if (!by || !strstr(line, library->file))
        return 0;
    version += strlen(": version `");
    by += strlen("(required by ");
    fprintf(stderr,
            "far: run: --isolate %s: %.*s needs version %.*s of it, and service %s stands in the place of a library "
            "without that; make it of a newer release\n",
            library->soname, (int)strcspn(by, ")"), by, (int)(end - version), version, library->service);
    return EX_PROTOCOL;
}

static int read_list(const struct program *program, FILE *list, const struct isolated *libraries, size_t count,
                     bool *taken)
{
    char *line = NULL;
    size_t room = 0;
    int code = 0;
    while (getline(&line, &room, list) > 0) {
        char *text = line + strspn(line, " \t");
        for (size_t i = 0; !code && i < count; i++) {
            code = look_at_library(program, &libraries[i], text, &taken[i]);
            if (!code)
                code = look_for_version(&libraries[i], text);
        }
    }
    free(line);
    return code;
}

static int ask_linker(const struct program *program, const struct isolated *libraries, size_t count, bool *taken)
{
    pid_t child;
    FILE *list = list_libraries(program, &child);
    if (!list)
        return 0; /* execvp() will fail for the same reason, and say it */
    int code = read_list(program, list, libraries, count, taken);
    fclose(list);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return code;
}

static int cannot(const struct isolated *library, const struct program *program, const char *why, int code)
{
    fprintf(stderr, "far: run: --isolate %s: %s %s\n", library->soname, program->path, why);
    return code;
}

int run_program_check(const char *name, const struct isolated *libraries, size_t count)
{
    static struct program program;
    bool taken[ISOLATE_MAX] = {false};
    if (!find_program(name, &program) || !program.native)
        return 0;
    if (!*program.interpreter)
        return cannot(&libraries[0], &program,
                      "is linked statically: it has its own copy of what it uses, and nothing can take its place",
                      EX_UNAVAILABLE);
    if (gains_rights(program.path))
        return cannot(&libraries[0], &program,
                      "is started with other rights than yours (set-user-ID, set-group-ID or capabilities), so the "
                      "dynamic linker takes no libraries from you",
                      EX_NOPERM);
    int code = ask_linker(&program, libraries, count, taken);
    for (size_t i = 0; !code && i < count; i++) {
        if (!taken[i])
            fprintf(stderr,
                    "far: run: note: %s itself does not need %s; what it loads or starts gets service %s in its place, "
                    "but not code that has the library linked in statically\n",
                    program.path, libraries[i].soname, libraries[i].service);
    }
    return code;
}
