/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/source.h"

#include "idl/annotation.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_LIMIT ((size_t)256 << 20)

/* A text while it is cut. */
struct cutter {
    struct arena *arena;
    const char *text;
    size_t size;
    size_t at;
    uint32_t line;
    bool line_begins; /* nothing but blanks since the line began: a # is a directive's */
    bool annotations;
    struct pieces pieces;
    struct source *source; /* for directives; NULL: a preprocessed line, which has none */
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool comes(const struct cutter *cutter, size_t at, const char *what)
{
    size_t length = strlen(what);
    return cutter->size - at >= length && memcmp(cutter->text + at, what, length) == 0;
}

/* A backslash and a newline (with or without a carriage return): its length, otherwise 0. */
static size_t joined_line(const struct cutter *cutter, size_t at)
{
    return comes(cutter, at, "\\\n") ? 2 : comes(cutter, at, "\\\r\n") ? 3 : 0;
}

static size_t comment_end(const struct cutter *cutter, size_t at)
{
    bool line_comment = cutter->text[at + 1] == '/';
    for (at += 2; at < cutter->size; at++) {
        if (line_comment && cutter->text[at] == '\n')
            return at;
        if (line_comment && joined_line(cutter, at))
            at += joined_line(cutter, at) - 1;
        else if (!line_comment && comes(cutter, at, "*/"))
            return at + 2;
    }
    return cutter->size;
}

/* Over blanks, comments and joined lines. Stops at a newline only if told to. */
static void skip_blanks(struct cutter *cutter, bool stop_at_newline)
{
    while (cutter->at < cutter->size) {
        size_t begin = cutter->at;
        char c = cutter->text[begin];
        if (comes(cutter, begin, "/*") || comes(cutter, begin, "//"))
            cutter->at = comment_end(cutter, begin);
        else if (joined_line(cutter, begin))
            cutter->at += joined_line(cutter, begin);
        else if (!isspace((unsigned char)c) || (c == '\n' && stop_at_newline))
            return;
        else
            cutter->at++;
        cutter->line_begins |= c == '\n';
        for (size_t i = begin; i < cutter->at; i++)
            cutter->line += cutter->text[i] == '\n';
    }
}

static size_t quoted_end(const struct cutter *cutter, size_t at)
{
    char quote = cutter->text[at++];
    while (at < cutter->size && cutter->text[at] != quote && cutter->text[at] != '\n')
        at += cutter->text[at] == '\\' && at + 1 < cutter->size ? 2 : 1;
    return at < cutter->size && cutter->text[at] == quote ? at + 1 : at < cutter->size ? at : cutter->size;
}

/* A preprocessing number: 0x1p-3 and 1'000 are one. */
static size_t number_end(const struct cutter *cutter, size_t at)
{
    for (; at < cutter->size; at++) {
        char c = cutter->text[at], before = at ? cutter->text[at - 1] : ' ';
        bool exponent = (c == '+' || c == '-') && strchr("eEpP", before);
        bool separator = c == '\'' && at + 1 < cutter->size && is_word(cutter->text[at + 1]);
        if (!is_word(c) && c != '.' && !exponent && !separator)
            break;
    }
    return at;
}

static size_t token_end(const struct cutter *cutter, size_t at)
{
    char c = cutter->text[at];
    if (c == '"' || c == '\'')
        return quoted_end(cutter, at);
    if (isdigit((unsigned char)c))
        return number_end(cutter, at);
    size_t end = at;
    while (end < cutter->size && is_word(cutter->text[end]))
        end++;
    return end > at ? end : at + 1;
}

/* The end of a bracketed text that begins at `at`; 0 if it is not closed. */
static size_t brackets_end(const struct cutter *cutter, size_t at)
{
    for (unsigned depth = 0; at < cutter->size; at = token_end(cutter, at)) {
        depth += cutter->text[at] == '(';
        if (cutter->text[at] == ')' && --depth == 0)
            return at + 1;
    }
    return 0;
}

/* `__attribute__((__annotate__("farcall." "name" …)))` of annotate.h becomes one piece, spelled as its macro. */
static bool take_annotation(const struct cutter *cutter, struct piece *piece)
{
    static const char head[] = "__attribute__((__annotate__(\"farcall.\" \"";
    if (!cutter->annotations || !comes(cutter, piece->begin, head))
        return false;
    size_t name = piece->begin + sizeof head - 1, name_end = name;
    while (name_end < cutter->size && is_word(cutter->text[name_end]))
        name_end++;
    const char *macro = annotation_macro(cutter->text + name, name_end - name);
    size_t end = brackets_end(cutter, piece->begin + strlen("__attribute__"));
    if (!macro || !end)
        return false;
    piece->text = macro;
    piece->length = strlen(macro);
    piece->end = end;
    piece->is_name = piece->is_annotation = true;
    return true;
}

static void pieces_add(struct arena *arena, struct pieces *pieces, struct piece piece)
{
    size_t count = pieces->count;
    if (count == 0 || (count >= 8 && (count & (count - 1)) == 0)) /* rooms of 8, 16, 32 … */
        pieces->list = arena_grow(arena, pieces->list, count, sizeof *pieces->list);
    pieces->list[pieces->count++] = piece;
}

static struct piece next_piece(struct cutter *cutter)
{
    size_t at = cutter->at, end = token_end(cutter, at);
    struct piece piece = {
        .text = cutter->text + at,
        .length = end - at,
        .begin = at,
        .end = end,
        .line = cutter->line,
        .is_name = is_word(cutter->text[at]) && !isdigit((unsigned char)cutter->text[at]),
    };
    take_annotation(cutter, &piece);
    for (size_t i = at; i < piece.end; i++) /* a string may hold a joined line */
        cutter->line += cutter->text[i] == '\n';
    cutter->at = piece.end;
    return piece;
}

static bool spelled(const struct piece *piece, const char *text)
{
    return piece->length == strlen(text) && memcmp(piece->text, text, piece->length) == 0;
}

/* `#line 7 "file"` and `# 7 "file"`; the words after # are given. */
static void take_renumbering(struct cutter *cutter, const struct pieces *words)
{
    struct source *source = cutter->source;
    size_t first = words->count && spelled(&words->list[0], "line");
    if (first >= words->count || !isdigit((unsigned char)words->list[first].text[0]))
        return;
    size_t count = source->renumbering_count;
    const char *file = source->renumberings[count - 1].file;
    if (first + 1 < words->count && words->list[first + 1].length >= 2) {
        const struct piece *name = &words->list[first + 1];
        file = arena_copy(cutter->arena, name->text + 1, name->length - 2);
    }
    if ((count & (count - 1)) == 0) /* 1, 2, 4 … */
        source->renumberings = arena_grow(cutter->arena, source->renumberings, count, sizeof *source->renumberings);
    source->renumberings[source->renumbering_count++] =
        (struct renumbering){cutter->line + 1, (uint32_t)strtoul(words->list[first].text, NULL, 10), file};
}

static void take_directive(struct cutter *cutter)
{
    struct pieces words = {0};
    cutter->at++;
    for (;;) {
        skip_blanks(cutter, true);
        if (cutter->at >= cutter->size || cutter->text[cutter->at] == '\n')
            break;
        struct piece piece = next_piece(cutter);
        if (words.count < 4)
            pieces_add(cutter->arena, &words, piece);
    }
    if (words.count > 1 && spelled(&words.list[0], "define"))
        pieces_add(cutter->arena, &cutter->source->defines, words.list[1]);
    take_renumbering(cutter, &words);
}

static void cut(struct cutter *cutter)
{
    cutter->line = 1;
    cutter->line_begins = true;
    for (;;) {
        skip_blanks(cutter, false);
        if (cutter->at >= cutter->size)
            return;
        if (cutter->source && cutter->line_begins && cutter->text[cutter->at] == '#')
            take_directive(cutter);
        else
            pieces_add(cutter->arena, &cutter->pieces, next_piece(cutter));
        cutter->line_begins = false;
    }
}

struct pieces pieces_of(struct arena *arena, const char *text, size_t size, bool annotations)
{
    struct cutter cutter = {.arena = arena, .text = text, .size = size, .annotations = annotations};
    cut(&cutter);
    return cutter.pieces;
}

/* --- files --- */

/* Only a plain file is read: a line marker may name a terminal or a pipe. */
static char *read_file(struct arena *arena, const char *name, size_t *size)
{
    struct stat status;
    int file = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char *text = NULL;
    *size = 0;
    if (file < 0)
        return NULL;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && (size_t)status.st_size <= SIZE_LIMIT) {
        text = arena_alloc(arena, (size_t)status.st_size + 1);
        ssize_t got = 0;
        while (*size < (size_t)status.st_size && (got = read(file, text + *size, (size_t)status.st_size - *size)) > 0)
            *size += (size_t)got;
    }
    close(file);
    return text;
}

static void find_lines(struct source *source, struct arena *arena)
{
    uint32_t count = 1;
    for (size_t i = 0; i < source->size; i++)
        count += source->text[i] == '\n';
    source->lines = arena_alloc(arena, (count + 1) * sizeof *source->lines);
    for (size_t i = 0; i < source->size; i++)
        if (source->text[i] == '\n')
            source->lines[++source->line_count] = i + 1;
    source->lines[++source->line_count] = source->size;
}

struct source *source_of(struct source **list, struct arena *arena, const char *name)
{
    for (struct source *known = *list; known; known = known->next)
        if (strcmp(known->name, name) == 0)
            return known;
    struct source *source = ARENA_NEW(arena, struct source);
    source->name = name;
    source->text = read_file(arena, name, &source->size);
    source->renumberings = ARENA_NEW(arena, struct renumbering);
    source->renumberings[source->renumbering_count++] = (struct renumbering){1, 1, NULL};
    source->next = *list;
    *list = source;
    if (!source->text)
        return source;
    find_lines(source, arena);
    struct cutter cutter = {.arena = arena, .text = source->text, .size = source->size, .source = source};
    cut(&cutter);
    source->pieces = cutter.pieces;
    return source;
}

const char *source_line(const struct source *source, uint32_t line, size_t *length)
{
    if (!source->text || line == 0 || line > source->line_count)
        return NULL;
    const char *begin = source->text + source->lines[line - 1], *end = source->text + source->lines[line];
    while (end > begin && (end[-1] == '\n' || end[-1] == '\r'))
        end--;
    *length = (size_t)(end - begin);
    return begin;
}

static bool names_file(const struct renumbering *renumbering, const struct source *source, const char *file)
{
    return strcmp(renumbering->file ? renumbering->file : source->name, file) == 0;
}

uint32_t source_physical(const struct source *source, const char *file, uint32_t wanted, size_t *at)
{
    for (; source->text && *at < source->renumbering_count; ++*at) {
        const struct renumbering *here = &source->renumberings[*at];
        uint32_t end = *at + 1 < source->renumbering_count ? here[1].physical : source->line_count + 1;
        if (wanted < here->presumed || wanted - here->presumed >= end - here->physical ||
            !names_file(here, source, file))
            continue;
        ++*at;
        return here->physical + (wanted - here->presumed);
    }
    return 0;
}
