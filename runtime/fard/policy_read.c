/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The policy file on the disk, and the names that it uses. */
#include "runtime/fard/policy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static int find_user(void *context, const char *name, uint32_t *uid)
{
    const struct passwd *user;
    (void)context;
    FILE *users = fopen("/etc/passwd", "re");
    if (!users)
        return -errno;
    while ((user = fgetpwent(users)) && strcmp(user->pw_name, name) != 0)
        ;
    if (user)
        *uid = user->pw_uid;
    fclose(users);
    return user ? 0 : -ENOENT;
}

static int find_group(void *context, const char *name, uint32_t *gid)
{
    const struct group *group;
    (void)context;
    FILE *groups = fopen("/etc/group", "re");
    if (!groups)
        return -errno;
    while ((group = fgetgrent(groups)) && strcmp(group->gr_name, name) != 0)
        ;
    if (group)
        *gid = group->gr_gid;
    fclose(groups);
    return group ? 0 : -ENOENT;
}

static int find_program(void *context, const char *path, char *real)
{
    char found[PATH_MAX];
    (void)context;
    if (!realpath(path, found))
        return -errno;
    if (strlen(found) >= FAR_SUBJECT_MAX)
        return -ENAMETOOLONG;
    strcpy(real, found);
    return 0;
}

const struct policy_lookup policy_lookup_system = {find_user, find_group, find_program, NULL};

/* The folder counts as well: whoever may write there puts another file in its place. */
static int check_folder(const char *path, uid_t uid, struct far_error *error)
{
    char folder[PATH_MAX];
    struct stat status;
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    if (stat(folder, &status) < 0)
        return refuse(error, errno, EX_NOINPUT, "policy file %s: %s: %s", path, folder, strerror(errno));
    bool shared = status.st_mode & 022 && !(status.st_mode & S_ISVTX);
    if (!shared && (status.st_uid == 0 || status.st_uid == uid))
        return 0;
    return refuse(error, EPERM, EX_NOPERM,
                  "policy file %s: others can change the folder %s (uid %u, mode %03o); it must belong to root or to "
                  "fard's user, and be writable by nobody else",
                  path, folder, status.st_uid, status.st_mode & 07777);
}

static int check_file(const char *path, const struct stat *status, uid_t uid, struct far_error *error)
{
    if (!S_ISREG(status->st_mode))
        return refuse(error, EINVAL, EX_DATAERR, "policy file %s: it is no file", path);
    if ((status->st_uid != 0 && status->st_uid != uid) || status->st_mode & 022)
        return refuse(error, EPERM, EX_NOPERM,
                      "policy file %s: others can change it (uid %u, mode %03o); it must belong to root or to fard's "
                      "user, and be writable by nobody else",
                      path, status->st_uid, status->st_mode & 07777);
    if (status->st_size > (off_t)POLICY_SIZE_MAX)
        return refuse(error, EFBIG, EX_DATAERR, "policy file %s: it is larger than %u bytes", path, POLICY_SIZE_MAX);
    return 0;
}

/* It may grow under way: what was looked at is what is read. */
static int read_bytes(int fd, const char *path, char **text, size_t *size, struct far_error *error)
{
    *text = malloc(POLICY_SIZE_MAX);
    if (!*text)
        return -ENOMEM;
    for (*size = 0; *size < POLICY_SIZE_MAX;) {
        ssize_t got = read(fd, *text + *size, POLICY_SIZE_MAX - *size);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR) {
            free(*text);
            return refuse(error, errno, EX_IOERR, "policy file %s: %s", path, strerror(errno));
        }
        *size += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

int policy_read(const char *path, uid_t uid, char **text, size_t *size, struct far_error *error)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return refuse(error, errno, errno == EACCES ? EX_NOPERM : EX_NOINPUT, "policy file %s: %s", path,
                      strerror(errno));
    int result = fstat(fd, &status) < 0 ? -errno : check_file(path, &status, uid, error);
    result = result ? result : check_folder(path, uid, error);
    result = result ? result : read_bytes(fd, path, text, size, error);
    close(fd);
    return result;
}

bool policy_default_path(char *path, size_t size)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int length = 0;
    if (geteuid() == 0)
        length = snprintf(path, size, "/etc/farcall/policy");
    else if (config && *config)
        length = snprintf(path, size, "%s/farcall/policy", config);
    else if (home && *home)
        length = snprintf(path, size, "%s/.config/farcall/policy", home);
    return length > 0 && (size_t)length < size;
}
