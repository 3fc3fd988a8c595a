/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/emulator.h"
#include "runtime/fard/fard.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static struct emulator *place_for(struct fard *fard, uint32_t machine)
{
    for (uint32_t i = 0; i < EXECUTABLES_MAX; i++) {
        if (fard->emulator[i].machine == machine || !fard->emulator[i].machine)
            return &fard->emulator[i];
    }
    return NULL;
}

int emulator_take(struct fard *fard, const char *option, struct far_error *error)
{
    char name[32];
    const char *equals = strchr(option, '=');
    size_t length = equals ? (size_t)(equals - option) : 0;
    if (length == 0 || length >= sizeof name || !equals[1])
        return refuse(error, EINVAL, EX_USAGE, "--emulator takes MACHINE=COMMAND, not '%s'", option);
    memcpy(name, option, length);
    name[length] = '\0';
    const struct far_machine *machine = far_machine_by_name(name);
    if (!machine)
        return refuse(error, EINVAL, EX_USAGE, "--emulator %s: there is no machine '%s'; there are x86-64 and aarch64",
                      option, name);
    struct emulator *emulator = place_for(fard, machine->number);
    char *command = strdup(equals + 1);
    if (!emulator || !command) {
        free(command);
        return -ENOMEM;
    }
    free(emulator->command);
    *emulator = (struct emulator){machine->number, command};
    return 0;
}

void emulators_free(struct fard *fard)
{
    for (uint32_t i = 0; i < EXECUTABLES_MAX; i++)
        free(fard->emulator[i].command);
}

/* PREFIX/bin/far-host is this node's own; others lie in PREFIX/lib/farcall/TRIPLET. */
static int find_program(const struct fard *fard, const struct far_machine *machine, struct host_command *command,
                        struct far_error *error)
{
    const char *slash = strrchr(fard->host_program, '/');
    int result = 0;
    if (machine->number == FAR_MACHINE_NATIVE)
        command->program = strdup(fard->host_program);
    else if (asprintf(&command->program, "%.*s/../lib/farcall/%s/far-host", (int)(slash - fard->host_program),
                      fard->host_program, machine->multiarch) < 0)
        command->program = NULL;
    if (!command->program)
        result = -ENOMEM;
    else if (access(command->program, R_OK) != 0 && machine->number != FAR_MACHINE_NATIVE)
        result = refuse(error, errno, EX_UNAVAILABLE,
                        "far-host for %s is not installed: %s: %s; build farcall with -DFARCALL_CROSS=ON",
                        machine->name, command->program, strerror(errno));
    return result;
}

/* Words are separated by blanks, and nothing quotes them. */
static int split(struct host_command *command, const char *text, struct far_error *error)
{
    char *rest;
    unsigned count = 0;
    free(command->text);
    command->text = strdup(text);
    if (!command->text)
        return -ENOMEM;
    for (char *word = strtok_r(command->text, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        if (count == HOST_COMMAND_WORDS - 1)
            return refuse(error, E2BIG, EX_USAGE, "the emulator's command has more than %d words: %s",
                          HOST_COMMAND_WORDS - 1, text);
        command->word[count++] = word;
    }
    command->word[count] = NULL;
    return count ? 0 : refuse(error, EINVAL, EX_USAGE, "the emulator's command is empty");
}

static bool find_in_path(const char *name, char *path, size_t size)
{
    const char *at = getenv("PATH");
    while (at && *at) {
        size_t length = strcspn(at, ":");
        int written = snprintf(path, size, "%.*s/%s", (int)length, at, name);
        if (length && written > 0 && (size_t)written < size && access(path, X_OK) == 0)
            return true;
        at += length + (at[length] == ':');
    }
    return false;
}

static bool find_qemu(const struct far_machine *machine, char *text, size_t size)
{
    char name[64], path[2048], root[64];
    struct stat status;
    snprintf(name, sizeof name, "qemu-%s", machine->processor);
    bool found = find_in_path(name, path, sizeof path);
    if (!found) {
        snprintf(name, sizeof name, "qemu-%s-static", machine->processor);
        found = find_in_path(name, path, sizeof path);
    }
    snprintf(root, sizeof root, "/usr/%s", machine->multiarch); /* where Debian's cross C library lies */
    bool has_root = stat(root, &status) == 0 && S_ISDIR(status.st_mode);
    snprintf(text, size, "%s%s%s", path, has_root ? " -L " : "", has_root ? root : "");
    return found;
}

/* Does the kernel know how to run such programs? */
static bool kernel_runs(const struct far_machine *machine)
{
    char path[128], line[16] = "";
    snprintf(path, sizeof path, "/proc/sys/fs/binfmt_misc/qemu-%s", machine->processor);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool enabled = fgets(line, sizeof line, file) && strncmp(line, "enabled", 7) == 0;
    fclose(file);
    return enabled;
}

static int find_emulator(const struct fard *fard, const struct far_machine *machine, struct host_command *command,
                         struct far_error *error)
{
    char text[4096];
    for (uint32_t i = 0; i < EXECUTABLES_MAX; i++) {
        if (fard->emulator[i].machine == machine->number)
            return split(command, fard->emulator[i].command, error);
    }
    if (machine->number == FAR_MACHINE_NATIVE)
        return 0;
    if (find_qemu(machine, text, sizeof text))
        return split(command, text, error);
    if (kernel_runs(machine))
        return 0;
    return refuse(error, ENOEXEC, EX_UNAVAILABLE,
                  "this node is %s and has no emulator for %s: install qemu-user, or start fard with --emulator "
                  "%s=COMMAND",
                  far_machine_name(FAR_MACHINE_NATIVE), machine->name, machine->name);
}

int host_command_find(const struct fard *fard, uint32_t machine, struct host_command *command, struct far_error *error)
{
    const struct far_machine *known = far_machine_find(machine);
    memset(command, 0, sizeof *command);
    if (!known)
        return refuse(error, ENOEXEC, EX_DATAERR, "ELF machine %u is not known", machine);
    int result = find_program(fard, known, command, error);
    result = result ? result : find_emulator(fard, known, command, error);
    if (result)
        host_command_free(command);
    return result;
}

void host_command_free(struct host_command *command)
{
    free(command->program);
    free(command->text);
    memset(command, 0, sizeof *command);
}
