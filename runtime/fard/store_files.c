/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The store's folders, its lock, and the copies of segment files. */
#include "runtime/fard/store_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define SEGMENT_NAME_SIZE (64 + sizeof ".seg.new")

/* mkdir -p, for fard's user alone. */
static int create_folders(const char *path)
{
    char part[PATH_MAX];
    if (strlen(path) >= sizeof part)
        return -ENAMETOOLONG;
    strcpy(part, path);
    for (char *at = part + 1;; at++) {
        char c = *at;
        if (c && c != '/')
            continue;
        *at = '\0';
        if (mkdir(part, 0700) < 0 && errno != EEXIST)
            return -errno;
        *at = c;
        if (!c)
            return 0;
    }
}

static int refuse_path(struct far_error *error, int code, const char *path)
{
    return refuse(error, code, EX_CANTCREAT, "the store %s: %s; choose another --store", path, strerror(code));
}

static int take_lock(struct store *store, struct far_error *error)
{
    store->lock = openat(store->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store->lock < 0)
        return refuse_path(error, errno, store->path);
    /* Not flock(): a child that was forked a moment before fard was killed would hold it as well. */
    const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(store->lock, F_SETLK, &whole) == 0)
        return 0;
    struct flock who = whole;
    fcntl(store->lock, F_GETLK, &who);
    return refuse(error, EBUSY, EX_UNAVAILABLE,
                  "the store %s is in use by another fard: process %d; stop it, or choose another --store", store->path,
                  who.l_pid);
}

/* Whoever can write here says who is trusted, and what runs as fard's user. */
static int check_owner(int fd, const char *path, struct far_error *error)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return refuse_path(error, errno, path);
    if ((status.st_uid == 0 || status.st_uid == geteuid()) && !(status.st_mode & 022))
        return 0;
    return refuse(
        error, EPERM, EX_NOPERM,
        "the store %s: others can change it (uid %u, mode %03o); it must belong to root or to fard's user, and "
        "be writable by nobody else",
        path, status.st_uid, status.st_mode & 07777);
}

static const char *const file_names[STORE_FILES] = {"names.db", "names.db-wal", "names.db-shm"};

/*
 * The database's files are fard's alone, whatever the folder's mode is: a lock on one of them that others may open would
 * keep fard from writing. SQLite gives the log and its index the database's mode; those that are there have theirs. Before
 * SQLite opens them: its locks go when any descriptor of the file is closed.
 */
int store_own_database(struct store *store, struct far_error *error)
{
    int result = 0;
    for (size_t i = 0; !result && i < STORE_FILES; i++) {
        int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (i == 0 ? O_CREAT : 0);
        int fd = openat(store->folder, file_names[i], flags, 0600);
        if (fd < 0 && i > 0 && errno == ENOENT)
            continue;
        result = fd < 0 ? refuse_path(error, errno, store->path) : check_owner(fd, store->path, error);
        if (!result && fchmod(fd, 0600) < 0)
            result = refuse_path(error, errno, store->path);
        if (fd >= 0)
            close(fd);
    }
    return result;
}

static bool is_still_there(const struct store *store, int which)
{
    const struct stat *then = &store->file[which];
    struct stat now;
    if (!then->st_ino)
        return true;
    return fstatat(store->folder, file_names[which], &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == then->st_dev &&
           now.st_ino == then->st_ino;
}

/* SQLite would go on writing into files that have no name any more. Not 0: the transaction is rolled back. */
static int before_commit(void *context)
{
    struct store *store = context;
    store->moved = NULL;
    for (int i = 0; i < STORE_FILES && !store->moved; i++)
        if (!is_still_there(store, i))
            store->moved = file_names[i];
    return store->moved != NULL;
}

void store_watch_files(struct store *store)
{
    for (int i = 0; i < STORE_FILES; i++)
        if (fstatat(store->folder, file_names[i], &store->file[i], AT_SYMLINK_NOFOLLOW) < 0)
            store->file[i].st_ino = 0;
    sqlite3_commit_hook(store->database, before_commit, store);
}

int store_open_folders(struct store *store, const char *path, struct far_error *error)
{
    int result = create_folders(path);
    if (result)
        return refuse_path(error, -result, path);
    store->path = realpath(path, NULL); /* the daemon leaves the folder it was started in */
    if (!store->path)
        return refuse_path(error, errno, path);
    store->folder = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->folder < 0)
        return refuse_path(error, errno, path);
    result = check_owner(store->folder, path, error);
    if (result)
        return result;
    if (mkdirat(store->folder, "segments", 0700) < 0 && errno != EEXIST)
        return refuse_path(error, errno, path);
    store->segments = openat(store->folder, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (store->segments < 0)
        return refuse_path(error, errno, path);
    return take_lock(store, error);
}

void store_close_folders(struct store *store)
{
    int fds[] = {store->segments, store->folder, store->lock};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

static void segment_name(char name[SEGMENT_NAME_SIZE], const uint8_t build_id[32], const char *suffix)
{
    for (int i = 0; i < 32; i++)
        sprintf(name + 2 * (size_t)i, "%02x", build_id[i]);
    strcat(name, suffix);
}

static int write_file(int fd, const uint8_t *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, bytes + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        done += (size_t)n;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

static int create_file(struct store *store, const char *name, const void *bytes, size_t size)
{
    int fd = openat(store->segments, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    int result = write_file(fd, bytes, size);
    if (close(fd) < 0 && !result)
        result = -errno;
    return result;
}

int store_put_segment(struct store *store, const uint8_t build_id[32], const void *bytes, size_t size,
                      struct far_error *error)
{
    char name[SEGMENT_NAME_SIZE], temporary[SEGMENT_NAME_SIZE];
    segment_name(name, build_id, ".seg");
    segment_name(temporary, build_id, ".seg.new");
    int result = create_file(store, temporary, bytes, size);
    if (!result && renameat(store->segments, temporary, store->segments, name) < 0)
        result = -errno;
    if (!result && fsync(store->segments) < 0)
        result = -errno;
    if (!result)
        return 0;
    unlinkat(store->segments, temporary, 0);
    return refuse(error, -result, EX_IOERR, "keeping a copy of the segment in %s: %s; nothing was changed", store->path,
                  strerror(-result));
}

static bool is_needed(struct store *store, const uint8_t build_id[32])
{
    struct far_error ignored;
    sqlite3_stmt *statement;
    if (store_prepare(store,
                      "SELECT 1 FROM services WHERE build_id = ?1 UNION SELECT 1 FROM executables WHERE build_id = ?1"
                      " UNION SELECT 1 FROM away_segments WHERE build_id = ?1",
                      &statement, &ignored))
        return true;
    sqlite3_bind_blob(statement, 1, build_id, 32, SQLITE_STATIC);
    bool needed = sqlite3_step(statement) != SQLITE_DONE;
    sqlite3_finalize(statement);
    return needed;
}

void store_drop_segment(struct store *store, const uint8_t build_id[32])
{
    char name[SEGMENT_NAME_SIZE];
    segment_name(name, build_id, ".seg");
    if (!is_needed(store, build_id))
        unlinkat(store->segments, name, 0);
}

/* Only names that segment_name() makes, finished or not; anything else in the folder is not ours to remove. */
static bool parse_name(const char *name, uint8_t build_id[32], bool *finished)
{
    char again[SEGMENT_NAME_SIZE];
    for (int i = 0; i < 32; i++) {
        if (sscanf(name + 2 * (size_t)i, "%2hhx", &build_id[i]) != 1 || !name[2 * i + 1])
            return false;
    }
    segment_name(again, build_id, ".seg");
    *finished = strcmp(name, again) == 0;
    return *finished || strcmp(name + 64, ".seg.new") == 0;
}

void store_sweep(struct store *store)
{
    int fd = openat(store->segments, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        uint8_t build_id[32];
        bool finished;
        if (strlen(entry->d_name) < 64 || !parse_name(entry->d_name, build_id, &finished))
            continue;
        if (!finished || !is_needed(store, build_id))
            unlinkat(store->segments, entry->d_name, 0);
    }
    closedir(folder);
}

static int read_file(int fd, void **bytes, size_t *size)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode) || status.st_size <= 0)
        return -EINVAL;
    uint8_t *copy = malloc((size_t)status.st_size);
    if (!copy)
        return -ENOMEM;
    for (size_t done = 0; done < (size_t)status.st_size;) {
        ssize_t n = read(fd, copy + done, (size_t)status.st_size - done);
        if (n <= 0) {
            free(copy);
            return n < 0 ? -errno : -EIO;
        }
        done += (size_t)n;
    }
    *bytes = copy;
    *size = (size_t)status.st_size;
    return 0;
}

int store_open_segment(struct store *store, const uint8_t build_id[32], int *out, struct far_error *error)
{
    char name[SEGMENT_NAME_SIZE];
    segment_name(name, build_id, ".seg");
    *out = openat(store->segments, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*out >= 0)
        return 0;
    return refuse(error, errno, EX_IOERR, "%s/segments/%s: %s; unregister the service and register it again",
                  store->path, name, strerror(errno));
}

int store_get_segment(struct store *store, const uint8_t build_id[32], void **bytes, size_t *size,
                      struct far_error *error)
{
    char name[SEGMENT_NAME_SIZE];
    segment_name(name, build_id, ".seg");
    int fd = openat(store->segments, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int result = fd < 0 ? -errno : read_file(fd, bytes, size);
    if (fd >= 0)
        close(fd);
    if (result)
        return refuse(error, -result, EX_IOERR, "%s/segments/%s: %s", store->path, name, strerror(-result));
    return 0;
}
