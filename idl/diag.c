/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/diag.h"

#include "idl/column.h"

#include <stdlib.h>
#include <string.h>

#define ERROR_LIMIT 50

void diag_error(struct diagnostics *all, struct place place, enum fc_number number, const char *message,
                const char *advice)
{
    if (all->count >= ERROR_LIMIT) {
        all->full = true;
        return;
    }
    for (size_t i = 0; i < all->count; i++) {
        const struct diagnostic *other = &all->list[i];
        if (other->number == number && other->place.line == place.line && other->place.offset == place.offset)
            return;
    }
    if (!all->list)
        all->list = arena_alloc(all->arena, ERROR_LIMIT * sizeof *all->list);
    all->list[all->count++] = (struct diagnostic){
        .place = place,
        .number = number,
        .message = arena_string(all->arena, message),
        .advice = advice ? arena_string(all->arena, advice) : NULL,
    };
}

static int compare(const void *a, const void *b)
{
    const struct diagnostic *left = a, *right = b;
    if (left->place.offset != right->place.offset)
        return left->place.offset < right->place.offset ? -1 : 1;
    return (left->number > right->number) - (left->number < right->number);
}

/* The wanted line of a file, malloc'ed, without its newline; NULL if it cannot be had. */
static char *source_line(const char *file, uint32_t wanted, size_t *length)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t got = -1;
    FILE *in = file && wanted ? fopen(file, "re") : NULL;
    for (uint32_t at = 0; in && at < wanted; at++) {
        got = getline(&line, &room, in);
        if (got < 0)
            break;
    }
    if (in)
        fclose(in);
    if (got < 0) {
        free(line);
        return NULL;
    }
    *length = (size_t)got;
    while (*length && (line[*length - 1] == '\n' || line[*length - 1] == '\r'))
        (*length)--;
    return line;
}

/* The line as it is, but nothing that a terminal would obey; then the caret under the token. */
static void print_line(FILE *out, const char *line, size_t length, struct span span)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)line[i];
        fputc((c < 0x20 && c != '\t') || c == 0x7f ? '?' : c, out);
    }
    fputc('\n', out);
    for (size_t i = 0; i < span.column && i < length; i++)
        if (((unsigned char)line[i] & 0xc0) != 0x80) /* one blank for each character, not for each byte of UTF-8 */
            fputc(line[i] == '\t' ? '\t' : ' ', out);
    fputc('^', out);
    for (size_t i = 1; i < span.length && span.column + i < length; i++)
        fputc('~', out);
    fputc('\n', out);
}

static void print_one(FILE *out, const struct diagnostic *diagnostic, const char *text, size_t size)
{
    const struct place *place = &diagnostic->place;
    size_t length = 0;
    struct span span = {0, 1};
    char *line = source_line(place->file, place->line, &length);
    if (line)
        span = column_in_source(text, size, place->offset, line, length);
    if (place->line)
        fprintf(out, "%s:%u:%zu: error: ", place->file, place->line, span.column + 1);
    else
        fprintf(out, "%s: error: ", place->file ? place->file : "faridl");
    fprintf(out, "%s [FC-%04u]\n", diagnostic->message, (unsigned)diagnostic->number);
    if (line)
        print_line(out, line, length, span);
    if (diagnostic->advice)
        fprintf(out, "  cure: %s\n", diagnostic->advice);
    free(line);
}

void diag_print(struct diagnostics *all, FILE *out, const char *text, size_t size)
{
    if (all->count)
        qsort(all->list, all->count, sizeof *all->list, compare);
    for (size_t i = 0; i < all->count; i++)
        print_one(out, &all->list[i], text, size);
    if (all->count)
        fprintf(out, "%zu error%s%s; `faridl --explain FC-%04u` shows the mistake and its cure\n", all->count,
                all->count == 1 ? "" : "s", all->full ? " and more" : "", (unsigned)all->list[0].number);
}

static const struct {
    unsigned number;
    const char *title;
    const char *text;
} catalogue[] = {
#define X(number, NAME, title, text) {number, title, text},
#include "errors.inc"
#undef X
};

const char *diag_explain(unsigned number, const char **title)
{
    for (size_t i = 0; i < sizeof catalogue / sizeof *catalogue; i++) {
        if (catalogue[i].number != number)
            continue;
        if (title)
            *title = catalogue[i].title;
        return catalogue[i].text;
    }
    return NULL;
}
