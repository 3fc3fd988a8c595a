/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/dependencies.h"

#include "idl/output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* A pipe or /dev/null is written to, not replaced by a file. */
static bool is_replaced(const char *place)
{
    struct stat there;
    return stat(place, &there) != 0 || S_ISREG(there.st_mode);
}

const char *dependencies_draft(struct arena *arena, const char *place)
{
    if (is_replaced(place))
        return arena_format(arena, "%s.%d", place, (int)getpid());
    const char *parent = getenv("TMPDIR");
    char *draft = arena_format(arena, "%s/faridl.XXXXXX", parent && *parent ? parent : "/tmp");
    int file = mkstemp(draft);
    if (file < 0) {
        fprintf(stderr, "faridl: %s: cannot create: %s\n", draft, strerror(errno));
        return NULL;
    }
    close(file);
    return draft;
}

/* As compilers write a name into a rule for make. */
static const char *escaped(struct arena *arena, const char *path)
{
    char *text = arena_alloc(arena, strlen(path) * 2 + 1), *end = text;
    for (; *path; path++) {
        if (*path == ' ' || *path == '#')
            *end++ = '\\';
        if (*path == '$')
            *end++ = '$';
        *end++ = *path;
    }
    return text;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Take one name out of the list, with the blanks and the folded line before it. */
static void remove_name(char *text, const char *name)
{
    size_t length = strlen(name);
    for (char *at = text; (at = strstr(at, name)); at += length) {
        char *begin = at, *end = at + length;
        if (at == text || !is_blank(at[-1]) || (*end && !is_blank(*end)))
            continue;
        while (begin > text && (is_blank(begin[-1]) || (begin[-1] == '\\' && *begin == '\n')))
            begin--;
        memmove(begin, end, strlen(end) + 1);
        return;
    }
}

static char *read_draft(struct arena *arena, const char *draft)
{
    struct stat about;
    FILE *file = fopen(draft, "re");
    char *text = file && fstat(fileno(file), &about) == 0 ? arena_alloc(arena, (size_t)about.st_size + 1) : NULL;
    if (text && fread(text, 1, (size_t)about.st_size, file) != (size_t)about.st_size)
        text = NULL;
    if (!text)
        fprintf(stderr, "faridl: %s: cannot read: %s\n", draft, strerror(errno));
    if (file)
        fclose(file);
    return text;
}

int dependencies_keep(struct arena *arena, const char *draft, const char *place, const char *probe)
{
    char *text = read_draft(arena, draft);
    if (!text)
        return EX_IOERR;
    remove_name(text, escaped(arena, probe));
    int code = output_bytes(place, text, strlen(text));
    unlink(draft);
    return code;
}
