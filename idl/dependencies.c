/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/dependencies.h"

#include "idl/output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* Said before anything is made: a pipe or /dev/null is written to, any other place gets a new file. */
static bool can_create(struct arena *arena, const char *place)
{
    struct stat there;
    const char *slash = strrchr(place, '/');
    const char *folder = slash ? arena_copy(arena, place, (size_t)(slash - place) + 1) : ".";
    bool exists = stat(place, &there) == 0;
    if (exists && S_ISDIR(there.st_mode)) {
        errno = EISDIR;
        return false;
    }
    return exists && !S_ISREG(there.st_mode) ? access(place, W_OK) == 0 : access(folder, W_OK | X_OK) == 0;
}

const char *dependencies_draft(struct arena *arena, const char *place)
{
    if (!can_create(arena, place)) {
        fprintf(stderr, "faridl: %s: cannot create: %s\n", place, strerror(errno));
        return NULL;
    }
    int file = memfd_create("faridl", 0); /* the compiler inherits it */
    if (file < 0)
        fprintf(stderr, "faridl: %s: cannot create a draft: %s\n", place, strerror(errno));
    return file < 0 ? NULL : arena_format(arena, "/dev/fd/%d", file);
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
    return output_bytes(place, text, strlen(text));
}
