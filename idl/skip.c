/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Function bodies, initialisers and attributes' arguments are passed over here: only brackets and quotes count. */
#include "idl/parser.h"

#include <limits.h>
#include <string.h>

void parser_advance(struct parser *parser, size_t length)
{
    parser->next += length;
    if (!parser->fixed_place)
        parser->place.offset += (uint32_t)length;
}

static void new_line(struct parser *parser)
{
    parser_advance(parser, 1);
    if (!parser->fixed_place && parser->place.line < UINT_MAX)
        parser->place.line++;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           (c & 0x80);
}

/* A directive takes the whole line; parser->next stands at its '#'. */
static void skip_directive(struct parser *parser)
{
    const char *end = memchr(parser->next, '\n', (size_t)(parser->end - parser->next));
    end = end ? end : parser->end;
    directive_read(parser, parser->next + 1, end);
    parser_advance(parser, (size_t)(end - parser->next));
}

/* Only blanks between the start of the line (or of the text) and here? */
static bool begins_line(const struct parser *parser, const char *begin)
{
    const char *c = parser->next;
    while (c > begin && (c[-1] == ' ' || c[-1] == '\t'))
        c--;
    return c == begin || c[-1] == '\n';
}

/* The text between two quotes; parser->next stands at the first. A quote that nothing closes ends with its line. */
static void skip_quoted(struct parser *parser)
{
    char quote = *parser->next;
    struct place place = parser->place;
    parser_advance(parser, 1);
    while (parser->next < parser->end && *parser->next != '\n') {
        char c = *parser->next;
        bool continued = c == '\\' && parser->next + 1 < parser->end;
        if (continued && parser->next[1] == '\n') {
            parser_advance(parser, 1);
            new_line(parser);
            continue;
        }
        parser_advance(parser, continued ? 2 : 1);
        if (c == quote)
            return;
    }
    parse_error(parser, place, FC_UNTERMINATED, "this %s is not closed on its line",
                quote == '"' ? "string" : "character constant");
}

/* C23: 1'000 is one number. parser->next stands at the quote; `begin` is where the skipped text began. */
static bool separates_digits(const struct parser *parser, const char *begin)
{
    const char *c = parser->next;
    while (c > begin && (is_word(c[-1]) || c[-1] == '.' || c[-1] == '\''))
        c--;
    return c < parser->next && ((*c >= '0' && *c <= '9') || (*c == '.' && c[1] >= '0' && c[1] <= '9'));
}

/* The rest of a number: all of it at once, so that its other quotes need not look back again. */
static void skip_number(struct parser *parser)
{
    const char *c = parser->next;
    while (c < parser->end && (is_word(*c) || *c == '.' || (*c == '\'' && c + 1 < parser->end && is_word(c[1]))))
        c++;
    parser_advance(parser, c > parser->next ? (size_t)(c - parser->next) : 1);
}

enum stop { STOP_AT_CLOSING, STOP_AT_SEPARATOR };

/* What a character (and for digraphs the one after it) is: +1 opens, -1 closes, else 0; *length: its characters. */
static int bracket(const struct parser *parser, size_t *length)
{
    char c = *parser->next, after = parser->next + 1 < parser->end ? parser->next[1] : 0;
    *length = 1;
    switch (c) {
    case '(':
    case '[':
    case '{':
        return 1;
    case ')':
    case ']':
    case '}':
        return -1;
    case '<':
        *length = after == '%' || after == ':' ? 2 : 1;
        return *length == 2 ? 1 : 0;
    case '%':
    case ':':
        *length = after == '>' ? 2 : 1;
        return *length == 2 ? -1 : 0;
    default:
        return 0;
    }
}

/* 1: a character that skip() must look at. */
static const unsigned char special[256] = {
    [0] = 1,   ['\n'] = 1, ['"'] = 1, ['\''] = 1, ['#'] = 1, ['('] = 1, [')'] = 1, ['['] = 1,
    [']'] = 1, ['{'] = 1,  ['}'] = 1, ['<'] = 1,  ['%'] = 1, [':'] = 1, [','] = 1, [';'] = 1,
};

/* Characters that mean nothing here, at once. */
static void skip_plain(struct parser *parser)
{
    const char *c = parser->next;
    while (c < parser->end && !special[(unsigned char)*c])
        c++;
    parser_advance(parser, (size_t)(c - parser->next));
}

static bool skip_until(struct parser *parser, enum stop stop)
{
    const char *begin = parser->next;
    struct place opened = parser->place;
    size_t depth = 0, length = 0;
    for (skip_plain(parser); parser->next < parser->end; skip_plain(parser)) {
        char c = *parser->next;
        if (c == '\n') {
            new_line(parser);
        } else if (c == '\'' && separates_digits(parser, begin)) {
            skip_number(parser);
        } else if (c == '"' || c == '\'') {
            skip_quoted(parser);
        } else if (c == '#' && begins_line(parser, begin)) {
            skip_directive(parser);
        } else {
            int change = bracket(parser, &length);
            if (depth == 0 && (change < 0 || (stop == STOP_AT_SEPARATOR && (c == ',' || c == ';'))))
                return true;
            depth += (size_t)change;
            parser_advance(parser, length);
        }
    }
    if (stop == STOP_AT_CLOSING && !parser->fixed_place && opened.offset)
        opened.offset--; /* the bracket itself */
    parse_error(parser, opened, FC_UNTERMINATED, "the text ends inside brackets that are never closed");
    return false;
}

bool skip_balanced(struct parser *parser)
{
    return skip_until(parser, STOP_AT_CLOSING);
}

bool skip_initialiser(struct parser *parser)
{
    return skip_until(parser, STOP_AT_SEPARATOR);
}

void skip_blanks(struct parser *parser)
{
    const char *begin = parser->next;
    for (; parser->next<parser->end; begin = begin> parser->next ? parser->next : begin) {
        char c = *parser->next;
        if (c == '\n')
            new_line(parser);
        else if (c == '#' && begins_line(parser, begin))
            skip_directive(parser);
        else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v')
            parser_advance(parser, 1);
        else
            return;
    }
}
