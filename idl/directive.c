/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the preprocessor leaves besides tokens: line markers, and the pragmas that change a layout. */
#include "idl/parser.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A position in a directive's text. */
struct reader {
    const char *at, *end;
};

static void pass_blanks(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\f\v", *reader->at) && *reader->at)
        reader->at++;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The next word or number, NULL if none stands here. */
static const char *take_word(struct reader *reader, size_t *length)
{
    pass_blanks(reader);
    const char *begin = reader->at;
    while (reader->at < reader->end && is_word(*reader->at))
        reader->at++;
    *length = (size_t)(reader->at - begin);
    return *length ? begin : NULL;
}

static bool take(struct reader *reader, char wanted)
{
    pass_blanks(reader);
    if (reader->at == reader->end || *reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

static bool word_is(const char *word, size_t length, const char *wanted)
{
    return word && strlen(wanted) == length && memcmp(word, wanted, length) == 0;
}

/* `12 "file" flags`: the next line is line 12 of that file. */
static void read_marker(struct parser *parser, struct reader *reader)
{
    uint64_t line = 0;
    for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++)
        line = line < UINT_MAX ? line * 10 + (uint64_t)(*reader->at - '0') : line;
    if (parser->fixed_place)
        return;
    parser->place.line = line > 0 && line <= UINT_MAX ? (uint32_t)line - 1 : 0;
    if (!take(reader, '"'))
        return;
    const char *close = reader->end;
    while (close > reader->at && close[-1] != '"')
        close--;
    if (close == reader->at)
        return;
    char *file = arena_alloc(parser->unit->arena, (size_t)(close - reader->at));
    size_t length = 0;
    for (const char *c = reader->at; c < close - 1; c++) {
        if (*c == '\\' && c + 1 < close - 1)
            c++;
        file[length++] = *c;
    }
    parser->place.file = unit_name(parser->unit, file, length)->text;
}

/* --- #pragma pack --- */

static void pack_push(struct parser *parser, const char *label)
{
    if (parser->pack_depth >= PACK_DEPTH) {
        parse_error(parser, parser->place, FC_TOO_COMPLEX, "#pragma pack(push) is nested too deeply");
        return;
    }
    struct pack_entry *entry = ARENA_NEW(parser->unit->arena, struct pack_entry);
    *entry = (struct pack_entry){.pack = parser->pack, .label = label, .below = parser->pack_stack};
    parser->pack_stack = entry;
    parser->pack_depth++;
}

/* Down to the entry of that name; an unknown name changes nothing, an empty stack the default, as clang has it. */
static void pack_pop(struct parser *parser, const char *label)
{
    struct pack_entry *entry = parser->pack_stack;
    unsigned depth = parser->pack_depth;
    while (label && entry && entry->label != label) {
        entry = entry->below;
        depth--;
    }
    if (!entry)
        return;
    parser->pack = entry->pack;
    parser->pack_stack = entry->below;
    parser->pack_depth = depth - 1;
}

static bool pack_value(struct parser *parser, const char *word, size_t length, uint32_t *value)
{
    *value = 0;
    for (size_t i = 0; i < length && *value <= 16; i++) {
        if (word[i] < '0' || word[i] > '9')
            return false;
        *value = *value * 10 + (uint32_t)(word[i] - '0');
    }
    if (*value > 16 || (*value & (*value - 1))) {
        parse_error(parser, parser->place, FC_BAD_CONSTANT, "#pragma pack takes 1, 2, 4, 8 or 16");
        return false;
    }
    return length != 0;
}

/* (), (n), (push), (push, n), (push, name), (push, name, n), (pop), (pop, name), (pop, n), (show) */
static void read_pack(struct parser *parser, struct reader *reader)
{
    size_t length = 0;
    uint32_t value = 0;
    if (!take(reader, '('))
        return;
    const char *word = take_word(reader, &length);
    bool push = word_is(word, length, "push"), pop = word_is(word, length, "pop");
    if (word_is(word, length, "show"))
        return;
    if (!push && !pop) {
        if (!word || pack_value(parser, word, length, &value))
            parser->pack = value;
        return;
    }
    const char *label = NULL;
    bool has_value = false;
    while (take(reader, ',')) {
        word = take_word(reader, &length);
        if (word && *word >= '0' && *word <= '9')
            has_value = pack_value(parser, word, length, &value);
        else if (word)
            label = unit_name(parser->unit, word, length)->text;
    }
    if (push)
        pack_push(parser, label);
    else
        pack_pop(parser, label);
    if (has_value)
        parser->pack = value;
}

/* redefine_extname name symbol */
static void read_renaming(struct parser *parser, struct reader *reader)
{
    size_t name_length = 0, symbol_length = 0;
    const char *name = take_word(reader, &name_length), *symbol = take_word(reader, &symbol_length);
    if (!name || !symbol)
        return;
    struct renaming *renaming = ARENA_NEW(parser->unit->arena, struct renaming);
    *renaming = (struct renaming){
        .name = unit_name(parser->unit, name, name_length)->text,
        .symbol = unit_name(parser->unit, symbol, symbol_length)->text,
        .place = parser->place,
        .next = parser->unit->renamings,
    };
    parser->unit->renamings = renaming;
}

/* `#pragma clang attribute push (__attribute__((annotate("…"))), apply_to = …)`: which declarations it reaches is clang's
 * to know. */
static void refuse_attributes_for_many(struct parser *parser, struct reader *reader)
{
    static const char ours[] = "\"farcall.";
    size_t length = 0;
    const char *word = take_word(reader, &length);
    if (word_is(word, length, "attribute") &&
        memmem(reader->at, (size_t)(reader->end - reader->at), ours, sizeof ours - 1))
        parse_error(parser, parser->place, FC_MISPLACED_ANNOTATION,
                    "#pragma clang attribute cannot carry annotations; write them at each declaration");
}

static void read_pragma(struct parser *parser, struct reader *reader)
{
    size_t length = 0;
    const char *word = take_word(reader, &length);
    if (word_is(word, length, "clang"))
        refuse_attributes_for_many(parser, reader);
    if (word_is(word, length, "pack"))
        read_pack(parser, reader);
    if (word_is(word, length, "redefine_extname"))
        read_renaming(parser, reader);
    if (word_is(word, length, "ms_struct")) { /* on, off, reset */
        word = take_word(reader, &length);
        parser->ms_struct = word_is(word, length, "on");
    }
}

void directive_read(struct parser *parser, const char *text, const char *end)
{
    struct reader reader = {text, end};
    size_t length = 0;
    pass_blanks(&reader);
    if (reader.at < end && *reader.at >= '0' && *reader.at <= '9') {
        read_marker(parser, &reader);
        return;
    }
    const char *word = take_word(&reader, &length);
    pass_blanks(&reader);
    if (word_is(word, length, "line"))
        read_marker(parser, &reader);
    else if (word_is(word, length, "pragma"))
        read_pragma(parser, &reader);
}

void pragma_operator(struct parser *parser, const char *text, const char *end)
{
    const char *open = memchr(text, '"', (size_t)(end - text));
    if (!open)
        return;
    struct reader reader = {open + 1, end};
    read_pragma(parser, &reader);
}
