/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Most sources have nothing to do with any service, and clang alone should compile those. This look at a source and all
 * that it may include finds them without a compiler. It errs on one side only: conditions are not evaluated, and
 * whatever is not understood (an include by macro, a header that is in none of the places known here) means that the
 * source may be part of a service. Then faridl decides.
 */
#include "clang-pass/farcc.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK "farcall" /* stands in <farcall/annotate.h>, in what its macros become, and in how it is included */

/* Names and files seen, so that each is looked for and read once. */
struct seen {
    const char **names;
    size_t room, count;
};

struct scan {
    const struct list *directories;
    size_t own;        /* the first so many are the user's */
    struct seen names; /* "<stdio.h>", or the path of a quoted one */
    struct seen files;
    struct list waiting; /* files to read */
    struct list texts;   /* names made up here */
    char *buffer;        /* the text of one file */
    size_t buffer_room;
    bool found;
};

static uint64_t hash(const char *text)
{
    uint64_t value = 0xcbf29ce484222325;

    for (; *text; text++)
        value = (value ^ (unsigned char)*text) * 0x100000001b3;
    return value;
}

static const char **seen_slot(const struct seen *seen, const char *name)
{
    size_t at = hash(name) & (seen->room - 1);

    while (seen->names[at] && strcmp(seen->names[at], name))
        at = (at + 1) & (seen->room - 1);
    return &seen->names[at];
}

static void seen_grow(struct seen *seen)
{
    struct seen larger = {.room = seen->room ? 2 * seen->room : 256, .count = seen->count};

    larger.names = calloc(larger.room, sizeof *larger.names);
    if (!larger.names)
        abort();
    for (size_t i = 0; i < seen->room; i++) {
        if (seen->names[i])
            *seen_slot(&larger, seen->names[i]) = seen->names[i];
    }
    free(seen->names);
    *seen = larger;
}

/* Whether it is new. The name must stay. */
static bool seen_add(struct seen *seen, const char *name)
{
    const char **slot;

    if (2 * seen->count >= seen->room)
        seen_grow(seen);
    slot = seen_slot(seen, name);
    if (*slot)
        return false;
    *slot = name;
    seen->count++;
    return true;
}

/* directory/name, kept until the end of the scan; directory may be empty. */
static const char *join(struct scan *scan, const char *directory, size_t directory_length, const char *name,
                        size_t name_length)
{
    char *path = malloc(directory_length + name_length + 2), *to = path;

    if (!path)
        abort();
    if (directory_length) {
        memcpy(to, directory, directory_length);
        to += directory_length;
        *to++ = '/';
    }
    memcpy(to, name, name_length);
    to[name_length] = '\0';
    list_add(&scan->texts, path);
    return path;
}

static bool is_file(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

static void wait_for_file(struct scan *scan, const char *path)
{
    if (seen_add(&scan->files, path))
        list_add(&scan->waiting, path);
}

/* In all directories, not in the first that has it: #include_next goes on from one to another. */
static bool find_in_directories(struct scan *scan, const char *name, size_t length)
{
    bool found = false;

    for (size_t i = 0; i < scan->directories->count; i++) {
        const char *directory = scan->directories->items[i];
        const char *path = join(scan, directory, strlen(directory), name, length);

        if (!is_file(path))
            continue;
        wait_for_file(scan, path);
        found = true;
    }
    return found;
}

/* The system's headers name others of other systems, but none that only an option could find. */
static bool is_of_system(const struct scan *scan, const char *path)
{
    for (size_t i = scan->own; i < scan->directories->count; i++) {
        const char *directory = scan->directories->items[i];

        if (!strncmp(path, directory, strlen(directory)) && path[strlen(directory)] == '/')
            return true;
    }
    return false;
}

static void include(struct scan *scan, const char *includer, const char *name, size_t length, bool quoted)
{
    const char *slash = strrchr(includer, '/');
    const char *beside = quoted && *name != '/'
                             ? join(scan, includer, slash ? (size_t)(slash - includer) : 0, name, length)
                             : join(scan, "", 0, name, length);
    bool found = false;

    if (*name == '/' || quoted) {
        found = is_file(beside);
        if (found)
            wait_for_file(scan, beside);
    }
    /* Where it lies beside its includer, others of that name are only reached by their own includers. */
    if (!found && seen_add(&scan->names, join(scan, "", 0, name, length)))
        found = *name != '/' && find_in_directories(scan, name, length);
    else
        found = true;
    scan->found |= !found && !is_of_system(scan, includer);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\r';
}

static const char *skip_blanks(const char *text, const char *end)
{
    while (text < end && is_blank(*text))
        text++;
    return text;
}

static size_t word_length(const char *text, const char *end)
{
    size_t length = 0;

    while (text + length < end && ((text[length] >= 'a' && text[length] <= 'z') || text[length] == '_'))
        length++;
    return length;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && !memcmp(text, word, length);
}

/* text: behind the directive's name. Angle brackets, quotes, or something that only a preprocessor reads. */
static void take_header(struct scan *scan, const char *includer, const char *text, const char *end, bool beside)
{
    const char *close = NULL;

    text = skip_blanks(text, end);
    if (text < end && (*text == '<' || *text == '"'))
        close = memchr(text + 1, *text == '<' ? '>' : '"', (size_t)(end - text - 1));
    if (close && !memchr(text, '\n', (size_t)(close - text)))
        include(scan, includer, text + 1, (size_t)(close - text - 1), *text == '"' && beside);
    else
        scan->found = true;
}

/* text: behind a '#'. A comment, or the end of a line, inside a directive is left to the preprocessor. */
static void take_directive(struct scan *scan, const char *includer, const char *text, const char *end)
{
    size_t length;

    text = skip_blanks(text, end);
    length = word_length(text, end);
    if (text + length < end && ((text[length] == '/' && !length) || text[length] == '\\'))
        scan->found = true;
    else if (is_word(text, length, "include") || is_word(text, length, "import"))
        take_header(scan, includer, text + length, end, true);
    else if (is_word(text, length, "include_next")) /* never looks beside its includer */
        take_header(scan, includer, text + length, end, false);
}

/* A directive's '#' stands first on its line, or behind comments, or behind the mark of UTF-8. */
static bool starts_directive(const char *text, const char *at)
{
    while (at > text && is_blank(at[-1]))
        at--;
    return at == text || at[-1] == '\n' || at[-1] == '\xbf' || (at[-1] == '/' && at - text > 1 && at[-2] == '*');
}

/* For words that begin with a rare character: memmem() takes a fifth of all that farcc does, this next to nothing. */
static bool contains(const char *text, size_t size, const char *word)
{
    const char *end = text + size;
    size_t length = strlen(word);

    for (const char *at = text; (size_t)(end - at) >= length; at++) {
        at = memchr(at, *word, (size_t)(end - at) - length + 1);
        if (!at || !memcmp(at, word, length))
            return at;
    }
    return false;
}

/* Other ways to write '#', and the '\' at a line's end: so rare that the preprocessor may read them. */
static bool has_other_spellings(const char *text, size_t size)
{
    return contains(text, size, "%:") || contains(text, size, "\?\?=") || contains(text, size, "\?\?/");
}

static void read_text(struct scan *scan, const char *path, const char *text, size_t size)
{
    const char *end = text + size;

    scan->found |= memmem(text, size, MARK, strlen(MARK)) || has_other_spellings(text, size);
    for (const char *at = text; !scan->found && (at = memchr(at, '#', (size_t)(end - at))); at++) {
        if (starts_directive(text, at))
            take_directive(scan, path, at + 1, end);
    }
}

/* Into one buffer for all: mapping each costs more than copying. Whether it could be read. */
static bool fill_buffer(struct scan *scan, int file, size_t size)
{
    size_t count = 0;
    ssize_t more = 1;

    if (size > scan->buffer_room) {
        free(scan->buffer);
        scan->buffer_room = 2 * size;
        scan->buffer = malloc(scan->buffer_room);
        if (!scan->buffer)
            abort();
    }
    while (count < size && (more = read(file, scan->buffer + count, size - count)) > 0)
        count += (size_t)more;
    return count == size;
}

static void read_file(struct scan *scan, const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;

    if (file < 0)
        return; /* clang will say why */
    if (fstat(file, &about) || !S_ISREG(about.st_mode) || !fill_buffer(scan, file, (size_t)about.st_size))
        scan->found = true;
    else
        read_text(scan, path, scan->buffer, (size_t)about.st_size);
    close(file);
}

static void scan_free(struct scan *scan)
{
    for (size_t i = 0; i < scan->texts.count; i++)
        free((char *)(uintptr_t)scan->texts.items[i]);
    list_free(&scan->texts);
    list_free(&scan->waiting);
    free(scan->buffer);
    free(scan->names.names);
    free(scan->files.names);
}

bool scan_for_service(const char *source, const struct list *directories, size_t own, const struct list *included)
{
    struct scan scan = {.directories = directories, .own = own};

    wait_for_file(&scan, source);
    for (size_t i = 0; i < included->count; i++)
        include(&scan, "", included->items[i], strlen(included->items[i]), true);
    for (size_t i = 0; i < scan.waiting.count && !scan.found; i++)
        read_file(&scan, scan.waiting.items[i]);
    scan_free(&scan);
    return scan.found;
}
