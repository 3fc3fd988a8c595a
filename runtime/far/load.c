/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/load.h"
#include "runtime/format/elf.h"
#include "runtime/format/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define FILE_MAX ((size_t)1 << 32) /* bytes; more than any segment, less than what would only be found out slowly */

static int say(const char *file, int code, const char *what)
{
    fprintf(stderr, "far: %s: %s\n", file, what);
    return code;
}

/* Make room for more; files whose size is not known beforehand (pipes) are read the same way. */
static int grow(struct loaded *loaded, size_t *room)
{
    size_t larger = *room ? *room * 2 : 65536;
    uint8_t *bytes = larger <= FILE_MAX ? realloc(loaded->bytes, larger) : NULL;
    if (!bytes)
        return -ENOMEM;
    loaded->bytes = bytes;
    *room = larger;
    return 0;
}

static int read_all(struct loaded *loaded, int fd, size_t room)
{
    if (room && !(loaded->bytes = malloc(room)))
        return -ENOMEM;
    for (;;) {
        if (loaded->size == room && grow(loaded, &room) != 0)
            return -ENOMEM;
        ssize_t got = read(fd, loaded->bytes + loaded->size, room - loaded->size);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR)
            return -errno;
        loaded->size += got > 0 ? (size_t)got : 0;
    }
}

static int read_file(struct loaded *loaded)
{
    struct stat status;
    int fd = open(loaded->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        int code = say(loaded->file, EX_NOINPUT, strerror(errno));
        if (fd >= 0)
            close(fd);
        return code;
    }
    int err = S_ISDIR(status.st_mode) ? -EISDIR : 0;
    if (!err && S_ISREG(status.st_mode) && (uint64_t)status.st_size >= FILE_MAX)
        err = -EFBIG;
    /* One byte more than the file has: the last read then finds the end without growing. */
    err = err ? err : read_all(loaded, fd, S_ISREG(status.st_mode) ? (size_t)status.st_size + 1 : 0);
    close(fd);
    if (err == -EISDIR)
        return say(loaded->file, EX_NOINPUT, "it is a directory; name a segment file (farld -o NAME.seg)");
    if (err == -EFBIG)
        return say(loaded->file, EX_DATAERR, "it is larger than 4 GiB; segments are not");
    return err ? say(loaded->file, err == -ENOMEM ? EX_OSERR : EX_IOERR, strerror(-err)) : 0;
}

int load_segment(struct loaded *loaded, const char *file)
{
    char why[512] = "";
    *loaded = (struct loaded){.file = file};
    int code = read_file(loaded);
    if (!code && segment_check(loaded->bytes, loaded->size, 0, &loaded->segment, why, sizeof why) != 0)
        code = say(file, EX_DATAERR, why);
    if (code)
        unload_segment(loaded);
    else
        loaded->iface = loaded->segment.iface;
    return code;
}

static bool is_segment(const struct loaded *loaded)
{
    struct elf_view elf;
    char why[256];
    const struct complaint to = {why, sizeof why};
    return elf_open(&elf, loaded->bytes, loaded->size, &to) == 0 && elf_section(&elf, FAR_SECTION_NOTE);
}

int load_interface(struct loaded *loaded, const char *file)
{
    char why[512] = "";
    const struct complaint to = {why, sizeof why};
    *loaded = (struct loaded){.file = file};
    int code = read_file(loaded);
    int err = 0;
    if (!code && is_segment(loaded))
        err = segment_check(loaded->bytes, loaded->size, 0, &loaded->segment, why, sizeof why);
    else if (!code)
        err = iface_in_file(loaded->bytes, loaded->size, &loaded->iface, &to);
    if (err)
        code = say(file, EX_DATAERR, why);
    if (code)
        unload_segment(loaded);
    else if (loaded->segment.iface)
        loaded->iface = loaded->segment.iface;
    return code;
}

void unload_segment(struct loaded *loaded)
{
    free(loaded->bytes);
    loaded->bytes = NULL;
}

int finish_output(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "far: standard output: %s\n", strerror(errno));
    return EX_IOERR;
}
