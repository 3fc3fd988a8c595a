/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/column.h"

#include "idl/annotation.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_LIMIT 600 /* a line: the alignment takes their product in memory */

struct piece {
    const char *text;
    size_t length;
    size_t at;  /* bytes from the start of the line */
    size_t end; /* the same; an annotation's piece covers its whole attribute */
};

struct pieces {
    struct piece list[TOKEN_LIMIT];
    size_t count;
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static size_t quoted_length(const char *line, size_t length, size_t at)
{
    size_t end = at + 1;
    while (end < length && line[end] != line[at])
        end += line[end] == '\\' && end + 1 < length ? 2 : 1;
    return (end < length ? end + 1 : length) - at;
}

static size_t piece_length(const char *line, size_t length, size_t at)
{
    if (line[at] == '"' || line[at] == '\'')
        return quoted_length(line, length, at);
    size_t end = at;
    while (end < length && is_word(line[end]))
        end++;
    return end > at ? end - at : 1;
}

/* `__attribute__((__annotate__("farcall." "name" …)))` of annotate.h: its whole length, and the macro it came from. */
static size_t annotation_length(const char *line, size_t length, size_t at, const char **macro)
{
    static const char head[] = "__attribute__((__annotate__(\"farcall.\" \"";
    if (length - at < sizeof head || memcmp(line + at, head, sizeof head - 1) != 0)
        return 0;
    size_t name = at + sizeof head - 1;
    size_t end = name;
    while (end < length && is_word(line[end]))
        end++;
    *macro = annotation_macro(line + name, end - name);
    unsigned depth = 0;
    for (size_t i = at + strlen("__attribute__"); i < length; i += piece_length(line, length, i)) {
        depth += line[i] == '(';
        if (line[i] == ')' && --depth == 0)
            return *macro ? i + 1 - at : 0;
    }
    return 0;
}

static void split(struct pieces *pieces, const char *line, size_t length)
{
    pieces->count = 0;
    for (size_t at = 0; at < length && pieces->count < TOKEN_LIMIT;) {
        if (isspace((unsigned char)line[at])) {
            at++;
            continue;
        }
        struct piece piece = {.at = at};
        const char *macro = NULL;
        size_t whole = annotation_length(line, length, at, &macro);
        size_t plain = piece_length(line, length, at);
        piece.text = whole ? macro : line + at;
        piece.length = whole ? strlen(macro) : plain;
        at += whole ? whole : plain;
        piece.end = at;
        pieces->list[pieces->count++] = piece;
    }
}

static bool same_piece(const struct piece *a, const struct piece *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* lcs[i][j]: length of the longest common subsequence of a[i…] and b[j…]. */
static uint16_t *common_lengths(const struct pieces *a, const struct pieces *b)
{
    size_t width = b->count + 1;
    uint16_t *lcs = calloc((a->count + 1) * width, sizeof *lcs);
    if (!lcs)
        return NULL;
    for (size_t i = a->count; i-- > 0;) {
        for (size_t j = b->count; j-- > 0;) {
            uint16_t skip_a = lcs[(i + 1) * width + j], skip_b = lcs[i * width + j + 1];
            uint16_t best = skip_a > skip_b ? skip_a : skip_b;
            if (same_piece(&a->list[i], &b->list[j]) && lcs[(i + 1) * width + j + 1] + 1 > best)
                best = (uint16_t)(lcs[(i + 1) * width + j + 1] + 1);
            lcs[i * width + j] = best;
        }
    }
    return lcs;
}

/* Walk the alignment up to piece `wanted` of a; the last piece of b that stands for it or for one before it. */
static const struct piece *aligned(const struct pieces *a, const struct pieces *b, size_t wanted)
{
    const struct piece *found = b->count ? &b->list[0] : NULL;
    uint16_t *lcs = common_lengths(a, b);
    size_t width = b->count + 1;
    for (size_t i = 0, j = 0; lcs && i <= wanted && j < b->count;) {
        if (same_piece(&a->list[i], &b->list[j]) && lcs[i * width + j] == lcs[(i + 1) * width + j + 1] + 1) {
            found = &b->list[j++];
            i++;
        } else if (lcs[(i + 1) * width + j] >= lcs[i * width + j + 1]) {
            i++;
        } else {
            j++;
        }
    }
    free(lcs);
    return found;
}

struct span column_in_source(const char *text, size_t size, size_t offset, const char *line, size_t length)
{
    struct span span = {0, 1};
    size_t begin = offset < size ? offset : size, end = begin;
    while (begin > 0 && text[begin - 1] != '\n')
        begin--;
    while (end < size && text[end] != '\n')
        end++;
    struct pieces *pieces = malloc(2 * sizeof *pieces);
    if (!pieces)
        return span;
    split(&pieces[0], text + begin, end - begin);
    split(&pieces[1], line, length);
    size_t wanted = 0;
    while (wanted < pieces[0].count && pieces[0].list[wanted].end <= offset - begin)
        wanted++;
    if (wanted < pieces[0].count) {
        const struct piece *found = aligned(&pieces[0], &pieces[1], wanted);
        if (found)
            span = (struct span){found->at, found->end - found->at};
    } else {
        span = (struct span){length, 1};
    }
    free(pieces);
    return span;
}
