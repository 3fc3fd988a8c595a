/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/holding.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A whole file of /proc into holding->text; its size, or -errno. */
static ssize_t read_text(struct holding *holding, const char *path)
{
    size_t used = 0;
    ssize_t got = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    while (got > 0) {
        if (holding->room - used < 65536) {
            char *grown = realloc(holding->text, holding->room + (1 << 20));
            if (!grown) {
                got = -1;
                errno = ENOMEM;
                break;
            }
            holding->text = grown;
            holding->room += 1 << 20;
        }
        got = read(fd, holding->text + used, holding->room - used - 1);
        used += got > 0 ? (size_t)got : 0;
    }
    int code = errno;
    close(fd);
    if (got < 0)
        return -code;
    holding->text[used] = '\0';
    return (ssize_t)used;
}

static bool is_image(const struct held_memory *memory, ino_t inode)
{
    for (unsigned i = 0; i < EXECUTABLES_MAX; i++)
        if (memory->image[i] && memory->image[i] == inode)
            return true;
    for (uint32_t i = 0; i < memory->retired_count; i++)
        if (memory->retired[i] == inode)
            return true;
    return false;
}

static enum far_level higher(enum far_level a, enum far_level b)
{
    return a > b ? a : b;
}

/* A mapping's first line: "from-to rights offset major:minor inode path". False: it is another kind of line. */
static bool parse_mapping(const char *line, dev_t *device, ino_t *inode)
{
    unsigned major, minor;
    unsigned long number;
    if (sscanf(line, "%*x-%*x %*s %*x %x:%x %lu", &major, &minor, &number) != 3)
        return false;
    *device = makedev(major, minor);
    *inode = number;
    return true;
}

/* What right the mappings need. In smaps, which say as well what mprotect() could make of one ("mw"). */
static enum far_level need_of_smaps(const struct held_memory *memory, const char *text)
{
    enum far_level need = FAR_LEVEL_UNSET;
    bool of_data = false;
    for (const char *line = text; *line; line = strchrnul(line, '\n'), line += *line == '\n') {
        dev_t device;
        ino_t inode;
        if (parse_mapping(line, &device, &inode)) {
            of_data = device == memory->device && inode == memory->data;
            if (of_data)
                need = higher(need, FAR_LEVEL_READ);
            if (device == memory->device && is_image(memory, inode))
                need = FAR_LEVEL_TRUSTED;
        } else if (of_data && strncmp(line, "VmFlags:", 8) == 0) {
            const char *end = strchrnul(line, '\n'), *may_write = strstr(line, " mw");
            if (may_write && may_write < end)
                need = FAR_LEVEL_TRUSTED;
        }
    }
    return need;
}

static bool names_memory(const struct held_memory *memory, const char *text)
{
    for (const char *line = text; *line; line = strchrnul(line, '\n'), line += *line == '\n') {
        dev_t device;
        ino_t inode;
        if (parse_mapping(line, &device, &inode) && device == memory->device &&
            (inode == memory->data || is_image(memory, inode)))
            return true;
    }
    return false;
}

/* The cheap file first: most processes have none of it. */
static int mappings_of(struct holding *holding, pid_t pid, pid_t thread, enum far_level *need)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/maps", pid, thread);
    ssize_t size = read_text(holding, path);
    if (size <= 0 || !names_memory(&holding->memory, holding->text))
        return (int)size;
    *need = higher(*need, FAR_LEVEL_READ);
    snprintf(path, sizeof path, "/proc/%d/task/%d/smaps", pid, thread);
    *need = read_text(holding, path) > 0 ? higher(*need, need_of_smaps(&holding->memory, holding->text))
                                         : FAR_LEVEL_TRUSTED;
    return 1;
}

/* Opened for reading only, or for more? What cannot be told is more. */
static enum far_level need_of_descriptor(int folder, const char *number)
{
    char path[300], line[256];
    unsigned flags = O_RDWR;
    snprintf(path, sizeof path, "../fdinfo/%s", number);
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    FILE *info = fd < 0 ? NULL : fdopen(fd, "r");
    while (info && fgets(line, sizeof line, info))
        if (sscanf(line, "flags: %o", &flags) == 1)
            break;
    if (info)
        fclose(info);
    else if (fd >= 0)
        close(fd);
    return (flags & O_ACCMODE) == O_RDONLY && !(flags & O_PATH) ? FAR_LEVEL_READ : FAR_LEVEL_TRUSTED;
}

/*
 * What a link of /proc/PID/fd leads to is asked only where its name says that it may be a memfd: any other file may lie on a
 * file system that does not answer, and nobody could wait for it in vain but we. A memfd's name can be feigned, and costs a
 * look; but it is there whenever it is one, for no file of another kind gets it to lose it again.
 */
static bool may_be_memfd(int folder, const char *number)
{
    char target[16];
    ssize_t length = readlinkat(folder, number, target, sizeof target);
    return length >= 7 && memcmp(target, "/memfd:", 7) == 0;
}

static bool descriptor_inode(int folder, const char *number, struct statx *status)
{
    return may_be_memfd(folder, number) && statx(folder, number, AT_STATX_DONT_SYNC, STATX_INO, status) == 0;
}

static int descriptors_of(const struct holding *holding, pid_t pid, pid_t thread, enum far_level *need)
{
    char path[64];
    struct statx status;
    const struct held_memory *memory = &holding->memory;
    snprintf(path, sizeof path, "/proc/%d/task/%d/fd", pid, thread);
    DIR *folder = opendir(path);
    if (!folder)
        return -errno;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!isdigit((unsigned char)entry->d_name[0]) || !descriptor_inode(dirfd(folder), entry->d_name, &status) ||
            makedev(status.stx_dev_major, status.stx_dev_minor) != memory->device)
            continue;
        if (is_image(memory, status.stx_ino))
            *need = FAR_LEVEL_TRUSTED;
        else if (status.stx_ino == memory->data)
            *need = higher(*need, need_of_descriptor(dirfd(folder), entry->d_name));
    }
    closedir(folder);
    return 0;
}

static bool same_descriptors(pid_t a, pid_t b)
{
    return syscall(SYS_kcmp, a, b, KCMP_FILES, 0, 0) == 0;
}

int holding_need(struct holding *holding, pid_t pid, enum far_level *need)
{
    char path[64];
    bool mapped = false;
    pid_t first = 0;
    int result = 0;
    *need = FAR_LEVEL_UNSET;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? 0 : -errno;
    for (struct dirent *entry; (entry = readdir(folder)) && !result;) {
        pid_t thread = (pid_t)atoi(entry->d_name);
        if (thread <= 0)
            continue;
        if (!mapped) { /* all threads have the same, but one that has ended has none */
            result = mappings_of(holding, pid, thread, need);
            mapped = result > 0;
            result = result > 0 || result == -ENOENT || result == -ESRCH ? 0 : result;
        }
        if (!result && (!first || !same_descriptors(first, thread)))
            result = descriptors_of(holding, pid, thread, need);
        result = result == -ENOENT || result == -ESRCH ? 0 : result;
        first = first ? first : thread;
    }
    closedir(folder);
    return result;
}

static long number_after(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

bool holding_uids(struct holding *holding, pid_t pid, unsigned uid[4], pid_t *parent)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    const char *line = read_text(holding, path) > 0 ? strstr(holding->text, "\nUid:") : NULL;
    if (!line || sscanf(line, "\nUid: %u %u %u %u", &uid[0], &uid[1], &uid[2], &uid[3]) != 4)
        return false;
    *parent = (pid_t)number_after(holding->text, "\nPPid:");
    return true;
}

bool holding_wait_for_death(int pidfd)
{
    struct pollfd process = {.fd = pidfd, .events = POLLIN};
    return poll(&process, 1, HOLDING_DEATH_MS) > 0;
}
