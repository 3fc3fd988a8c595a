/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/audit.h"
#include "runtime/fard/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

void audit_init(struct audit *audit)
{
    *audit = (struct audit){.fd = -1, .limit = AUDIT_LIMIT};
}

/* Nothing but a file: a pipe's reader could make us wait. Nor one that others could rewrite. */
static int open_file(struct audit *audit)
{
    struct stat status;
    int fd = open(audit->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return -EINVAL;
    }
    if ((status.st_uid != 0 && status.st_uid != geteuid()) || status.st_mode & 022) {
        close(fd);
        return -EPERM;
    }
    audit->fd = fd;
    audit->size = (uint64_t)status.st_size;
    return 0;
}

static const char *words_of(int result)
{
    return result == -EINVAL || result == -ENXIO ? "it is no file"
           : result == -EPERM                    ? "it belongs to somebody else, or others may write it"
                                                 : strerror(-result);
}

int audit_open(struct audit *audit, const char *path, struct far_error *error)
{
    if (strcmp(path, "none") == 0)
        return 0;
    audit->path = path_from_root(path);
    if (!audit->path)
        return -errno;
    int result = open_file(audit);
    return result ? refuse(error, -result, EX_CANTCREAT, "audit log %s: %s", path, words_of(result)) : 0;
}

static void close_file(struct audit *audit)
{
    if (audit->fd >= 0)
        close(audit->fd);
    audit->fd = -1;
}

void audit_reopen(struct audit *audit)
{
    if (!audit->path)
        return;
    close_file(audit);
    int result = open_file(audit);
    if (result)
        fard_log("audit log %s: %s; lines are lost until it can be opened", audit->path, words_of(result));
}

void audit_close(struct audit *audit)
{
    close_file(audit);
    free(audit->path);
    audit->path = NULL;
}

/* Full: the file becomes FILE.1, which it replaces. What cannot be moved away is written on. */
static void rotate(struct audit *audit)
{
    char old[PATH_MAX];
    int length = snprintf(old, sizeof old, "%s.1", audit->path);
    if (length >= (int)sizeof old || rename(audit->path, old) < 0) {
        fard_log("audit log %s: it is full and cannot be renamed: %s; it grows beyond %llu bytes", audit->path,
                 length >= (int)sizeof old ? strerror(ENAMETOOLONG) : strerror(errno),
                 (unsigned long long)audit->limit);
        audit->limit *= 2; /* so that this is not said for every line */
        return;
    }
    audit_reopen(audit);
}

/*
 * Half a line is taken back, so that every line of the file is one. Where it ends, the file itself says: others may have
 * truncated it meanwhile.
 */
static bool put_line(struct audit *audit, const char *line, size_t size)
{
    ssize_t written;
    if (audit->fd < 0)
        return false;
    do
        written = write(audit->fd, line, size);
    while (written < 0 && errno == EINTR);
    if (written < 0)
        return false;
    off_t end = lseek(audit->fd, 0, SEEK_CUR); /* O_APPEND: of what was just written */
    audit->size = end < 0 ? audit->size + (uint64_t)written : (uint64_t)end;
    if (written == (ssize_t)size)
        return true;
    if (end >= written && ftruncate(audit->fd, end - written) == 0)
        audit->size = (uint64_t)(end - written);
    errno = ENOSPC;
    return false;
}

static bool put_record(struct audit *audit, struct log_record *record)
{
    char line[LOG_LINE_MAX];
    clock_gettime(CLOCK_REALTIME, &record->time);
    size_t size = log_write_json(line, record);
    if (audit->path && audit->size && audit->size + size > audit->limit)
        rotate(audit);
    return put_line(audit, line, size);
}

/* The first line after some were lost says how many. */
static bool tell_lost(struct audit *audit)
{
    const struct log_field fields[] = {{"number", NULL, audit->number + 1}, {"lines", NULL, audit->lost}};
    struct log_record record = {
        LOG_LEVEL_WARNING, "lost", "lines that could not be written; their numbers are missing", fields, 2, {0}};
    if (!put_record(audit, &record))
        return false;
    fard_log("audit log %s: it can be written again; %llu line%s lost", audit->path, (unsigned long long)audit->lost,
             audit->lost == 1 ? " was" : "s were");
    audit->number++;
    audit->lost = 0;
    return true;
}

void audit_write(struct audit *audit, enum log_level level, const char *event, const struct log_field *fields,
                 unsigned field_count, const char *message)
{
    struct log_field all[AUDIT_FIELDS + 1];
    struct log_record record = {level, event, message, all, field_count + 1, {0}};
    if (!audit->path || field_count > AUDIT_FIELDS)
        return;
    bool heard = audit->lost == 0 || tell_lost(audit);
    all[0] = (struct log_field){"number", NULL, ++audit->number};
    memcpy(all + 1, fields, field_count * sizeof *fields);
    if (heard && put_record(audit, &record))
        return;
    audit->lost_ever++;
    if (audit->lost++ == 0)
        fard_log("audit log %s: %s; lines are lost until it can be written again", audit->path, strerror(errno));
}
