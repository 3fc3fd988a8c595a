/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/slots.h"
#include "runtime/format/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static int complain_of(const char *path, int code, const char *what)
{
    fprintf(stderr, "faridl: --previous=%s: %s\n", path, what);
    return code;
}

static int read_bytes(int file, char *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t got = read(file, bytes + at, size - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? errno : EIO;
        at += (size_t)got;
    }
    return 0;
}

/* *bytes is allocated, aligned as malloc() does. */
static int read_previous(const char *path, char **bytes, size_t *size)
{
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    int error = file < 0 || fstat(file, &about) != 0 ? errno : 0;
    if (!error && !S_ISREG(about.st_mode))
        error = S_ISDIR(about.st_mode) ? EISDIR : ESPIPE;
    *size = error ? 0 : (size_t)about.st_size;
    *bytes = error ? NULL : malloc(*size + 1);
    if (!error)
        error = *bytes ? read_bytes(file, *bytes, *size) : ENOMEM;
    if (file >= 0)
        close(file);
    return error ? complain_of(path, EX_NOINPUT, strerror(error)) : 0;
}

static int renumber(struct model *model, struct arena *arena, const struct far_iface *previous,
                    const struct complaint *to)
{
    const struct slot_service now = {model->service, model->major, model->minor, model->machine};
    struct slot_op *ops = arena_alloc(arena, (model->op_count + 1) * sizeof *ops);
    for (uint32_t i = 0; i < model->op_count; i++)
        ops[i].name = model->ops[i].name;
    if (slots_keep(previous, &now, ops, model->op_count, &model->slot_end, to) != 0)
        return EX_DATAERR;
    for (uint32_t i = 0; i < model->op_count; i++)
        model->ops[i].slot = ops[i].slot;
    return 0;
}

int slots_from_file(struct model *model, struct arena *arena, const char *path)
{
    char why[512] = "", *bytes = NULL;
    const struct complaint to = {why, sizeof why};
    const struct far_iface *previous = NULL;
    size_t size;
    int code = read_previous(path, &bytes, &size);
    if (!code && (iface_in_file(bytes, size, &previous, &to) != 0 || renumber(model, arena, previous, &to) != 0))
        code = complain_of(path, EX_DATAERR, why);
    free(bytes);
    return code;
}
