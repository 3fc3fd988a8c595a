/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Arguments as people write them in a shell: C's literals and JSON are close enough to each other for one reader. No type
 * is known here; whether a value fits one is call_make.c's.
 */
#include "runtime/far/call.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEVELS_MAX 64         /* lists in lists */
#define FILE_MAX   (64 << 20) /* bytes */

struct call_piece {
    struct call_piece *before;
    _Alignas(16) char memory[];
};

void *call_take(struct call_memory *memory, size_t size)
{
    struct call_piece *piece = calloc(1, sizeof *piece + size);
    if (!piece)
        return NULL;
    piece->before = memory->last;
    memory->last = piece;
    return piece->memory;
}

void call_memory_free(struct call_memory *memory)
{
    for (struct call_piece *piece = memory->last, *before; piece; piece = before) {
        before = piece->before;
        free(piece);
    }
    memory->last = NULL;
}

struct reader {
    struct call_memory *memory;
    const char *text; /* the whole of it */
    const char *at;
    unsigned level;
    char *why;
};

static struct literal *read_value(struct reader *reader);

__attribute__((format(printf, 2, 3))) static struct literal *mistake(struct reader *reader, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(reader->why, CALL_WHY, format, arguments);
    va_end(arguments);
    if (length >= 0 && length < CALL_WHY)
        snprintf(reader->why + length, CALL_WHY - (size_t)length, ", at byte %zu", (size_t)(reader->at - reader->text));
    return NULL;
}

static struct literal *new_literal(struct reader *reader, enum literal_kind kind)
{
    struct literal *literal = call_take(reader->memory, sizeof *literal);
    if (!literal)
        return mistake(reader, "no memory");
    literal->kind = kind;
    return literal;
}

static void skip_space(struct reader *reader)
{
    while (isspace((unsigned char)*reader->at))
        reader->at++;
}

/* --- texts --- */

static int hexadecimal(struct reader *reader, unsigned most, unsigned *value)
{
    unsigned digits = 0;
    for (*value = 0; digits < most && isxdigit((unsigned char)*reader->at); digits++, reader->at++) {
        const char digit = (char)tolower((unsigned char)*reader->at);
        *value = *value * 16 + (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return (int)digits;
}

static size_t put_utf8(char *to, unsigned point)
{
    if (point < 0x80)
        return to[0] = (char)point, 1;
    if (point < 0x800) {
        to[0] = (char)(0xC0 | point >> 6);
        to[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xE0 | point >> 12);
        to[1] = (char)(0x80 | (point >> 6 & 0x3F));
        to[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | point >> 18);
    to[1] = (char)(0x80 | (point >> 12 & 0x3F));
    to[2] = (char)(0x80 | (point >> 6 & 0x3F));
    to[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}

/* \u as JSON has it: two of them for what lies beyond 16 bits. 0: none. */
static size_t read_point(struct reader *reader, char *to)
{
    unsigned point, low;
    if (hexadecimal(reader, 4, &point) != 4)
        return 0;
    if (point >= 0xD800 && point < 0xDC00) {
        if (reader->at[0] != '\\' || reader->at[1] != 'u')
            return 0;
        reader->at += 2;
        if (hexadecimal(reader, 4, &low) != 4 || low < 0xDC00 || low > 0xDFFF)
            return 0;
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    } else if (point >= 0xDC00 && point < 0xE000) {
        return 0;
    }
    return put_utf8(to, point);
}

static size_t read_octal(struct reader *reader, char *to)
{
    unsigned value = 0;
    for (unsigned digits = 0; digits < 3 && *reader->at >= '0' && *reader->at <= '7'; digits++)
        value = value * 8 + (unsigned)(*reader->at++ - '0');
    *to = (char)value;
    return value < 256;
}

/* Behind a backslash. Bytes written; 0: no such escape. */
static size_t read_escape(struct reader *reader, char *to)
{
    static const char names[] = "abfnrtve\"\\'/?", meant[] = "\a\b\f\n\r\t\v\033\"\\'/?";
    unsigned value;
    const char *known = *reader->at ? strchr(names, *reader->at) : NULL;
    if (known) {
        reader->at++;
        *to = meant[known - names];
        return 1;
    }
    if (*reader->at >= '0' && *reader->at <= '7')
        return read_octal(reader, to);
    if (*reader->at == 'u') {
        reader->at++;
        return read_point(reader, to);
    }
    if (*reader->at != 'x')
        return 0;
    reader->at++;
    if (!hexadecimal(reader, 2, &value))
        return 0;
    *to = (char)value;
    return 1;
}

/* Up to the quote that it began with. */
static struct literal *read_quoted(struct reader *reader, char quote)
{
    struct literal *literal = new_literal(reader, LITERAL_TEXT);
    char *to = literal ? call_take(reader->memory, strlen(reader->at) + 1) : NULL;
    if (!to)
        return mistake(reader, "no memory");
    literal->text = to;
    for (reader->at++; *reader->at != quote;) {
        size_t bytes = 1;
        if (!*reader->at)
            return mistake(reader, "the %c that ends the text is missing", quote);
        if (*reader->at == '\\') {
            reader->at++;
            bytes = read_escape(reader, to);
            if (!bytes)
                return mistake(reader, "neither C nor JSON has such an escape");
        } else {
            *to = *reader->at++;
        }
        to += bytes;
    }
    reader->at++;
    literal->size = (size_t)(to - literal->text);
    return literal;
}

/* 'a' */
static struct literal *read_character(struct reader *reader)
{
    struct literal *literal = read_quoted(reader, '\'');
    if (!literal)
        return NULL;
    if (literal->size != 1)
        return mistake(reader, "a character is one byte");
    literal->kind = LITERAL_NUMBER;
    literal->negative = *literal->text < 0;
    literal->number = (uint64_t)(literal->negative ? -(int64_t)*literal->text : *literal->text);
    literal->real = *literal->text;
    return literal;
}

/* --- numbers and words --- */

static bool is_word(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_';
}

/* What C writes behind a number. */
static void skip_suffix(struct reader *reader, const char *letters)
{
    while (*reader->at && strchr(letters, *reader->at))
        reader->at++;
}

static struct literal *read_number(struct reader *reader)
{
    struct literal *literal = new_literal(reader, LITERAL_NUMBER);
    char *end, *real_end;
    if (!literal)
        return NULL;
    literal->negative = *reader->at == '-';
    const char *digits = reader->at + (*reader->at == '-' || *reader->at == '+');
    if (!isdigit((unsigned char)*digits) && *digits != '.')
        return mistake(reader, "no value");
    errno = 0;
    literal->number = strtoull(digits, &end, 0);
    const int overflow = errno;
    literal->real = strtod(reader->at, &real_end);
    if (real_end > end) {
        literal->kind = LITERAL_REAL;
        reader->at = real_end;
        skip_suffix(reader, "fFlL");
    } else {
        if (overflow)
            return mistake(reader, "a number of more than 64 bits");
        reader->at = end;
        skip_suffix(reader, "uUlL");
    }
    return is_word(*reader->at) ? mistake(reader, "no number") : literal;
}

static bool take_word(struct reader *reader, const char *word)
{
    const size_t length = strlen(word);
    if (strncmp(reader->at, word, length) != 0 || is_word(reader->at[length]))
        return false;
    reader->at += length;
    return true;
}

static struct literal *read_word(struct reader *reader)
{
    struct literal *literal = NULL;
    if (take_word(reader, "NULL") || take_word(reader, "null") || take_word(reader, "nullptr"))
        return new_literal(reader, LITERAL_NULL);
    const bool yes = take_word(reader, "true");
    if (yes || take_word(reader, "false")) {
        literal = new_literal(reader, LITERAL_NUMBER);
        if (literal)
            literal->real = (double)(literal->number = yes);
        return literal;
    }
    for (unsigned i = 0; i < 3; i++) {
        static const char *const word[] = {"nan", "inf", "-inf"};
        if (!take_word(reader, word[i]))
            continue;
        literal = new_literal(reader, LITERAL_REAL);
        if (literal)
            literal->real = strtod(word[i], NULL);
        return literal;
    }
    return read_number(reader);
}

static char *copy_name(struct reader *reader)
{
    size_t length = 0;
    while (is_word(reader->at[length]))
        length++;
    char *name = length ? call_take(reader->memory, length + 1) : NULL;
    if (name)
        memcpy(name, reader->at, length);
    reader->at += length;
    return name;
}

/* $1, $2.name */
static struct literal *read_earlier(struct reader *reader)
{
    struct literal *literal = new_literal(reader, LITERAL_EARLIER);
    char *end;
    if (!literal)
        return NULL;
    const unsigned long call = isdigit((unsigned char)reader->at[1]) ? strtoul(reader->at + 1, &end, 10) : 0;
    if (!call || call > UINT32_MAX)
        return mistake(reader, "behind $ stands a call's number, from 1");
    literal->count = (uint32_t)call;
    reader->at = end;
    if (*reader->at != '.')
        return literal;
    reader->at++;
    literal->text = copy_name(reader);
    return literal->text ? literal : mistake(reader, "behind $%lu. stands a parameter's name", call);
}

/* --- lists and records --- */

/* "x": or .x = or x: before a value. True if there is one; name is NULL then only if there is no memory. */
static bool read_name(struct reader *reader, char **name)
{
    const char *begin = reader->at;
    if (*reader->at == '.') {
        reader->at++;
        *name = copy_name(reader);
    } else if (*reader->at == '"') {
        struct literal *quoted = read_quoted(reader, '"');
        *name = quoted ? quoted->text : NULL;
    } else {
        *name = copy_name(reader);
    }
    skip_space(reader);
    if (*name && (*reader->at == ':' || *reader->at == '=')) {
        reader->at++;
        return true;
    }
    reader->at = begin;
    *name = NULL;
    return false;
}

static struct literal *read_entry(struct reader *reader, bool may_be_named)
{
    char *name = NULL;
    skip_space(reader);
    if (may_be_named)
        read_name(reader, &name);
    struct literal *entry = read_value(reader);
    if (entry)
        entry->name = name;
    skip_space(reader);
    return entry;
}

static struct literal *read_list(struct reader *reader, char end)
{
    struct literal *list = new_literal(reader, LITERAL_LIST), **last = list ? &list->first : NULL;
    if (!list)
        return NULL;
    reader->at++;
    skip_space(reader);
    while (*reader->at != end) {
        struct literal *entry = read_entry(reader, end == '}');
        if (!entry)
            return NULL;
        if (list->count && !entry->name != (list->kind == LITERAL_LIST))
            return mistake(reader, "members with and without names");
        list->kind = entry->name ? LITERAL_RECORD : LITERAL_LIST;
        list->count++;
        *last = entry;
        last = &entry->next;
        if (*reader->at != ',' && *reader->at != end)
            return mistake(reader, "a comma or %c is missing", end);
        if (*reader->at == ',')
            reader->at++;
        skip_space(reader);
    }
    reader->at++;
    return list;
}

static struct literal *read_value(struct reader *reader)
{
    struct literal *value;
    skip_space(reader);
    if (reader->level == LEVELS_MAX)
        return mistake(reader, "lists in more than %d lists", LEVELS_MAX);
    reader->level++;
    switch (*reader->at) {
    case '"':
        value = read_quoted(reader, '"');
        break;
    case '\'':
        value = read_character(reader);
        break;
    case '[':
        value = read_list(reader, ']');
        break;
    case '{':
        value = read_list(reader, '}');
        break;
    case '$':
        value = read_earlier(reader);
        break;
    default:
        value = read_word(reader);
    }
    reader->level--;
    return value;
}

struct literal *literal_parse(struct call_memory *memory, const char *text, char why[CALL_WHY])
{
    struct reader reader = {.memory = memory, .text = text, .at = text, .why = why};
    *why = '\0';
    struct literal *literal = read_value(&reader);
    skip_space(&reader);
    if (literal && *reader.at)
        return mistake(&reader, "something behind the value");
    return literal;
}

struct literal *literal_text(struct call_memory *memory, const char *text, size_t size)
{
    struct literal *literal = call_take(memory, sizeof *literal + size + 1);
    if (!literal)
        return NULL;
    *literal = (struct literal){.kind = LITERAL_TEXT, .text = (char *)(literal + 1), .size = size};
    memcpy(literal->text, text, size);
    return literal;
}

/* --- files --- */

static ssize_t read_whole(int fd, char **bytes)
{
    size_t size = 0, room = 0;
    ssize_t got;
    *bytes = NULL;
    do {
        if (size + 1 >= room) {
            room = room ? 2 * room : 65536;
            char *grown = realloc(*bytes, room);
            if (!grown)
                return -ENOMEM;
            *bytes = grown;
        }
        got = read(fd, *bytes + size, room - size);
        if (got < 0 && errno != EINTR)
            return -errno;
        size += got > 0 ? (size_t)got : 0;
    } while (got && size <= FILE_MAX);
    return size > FILE_MAX ? -EFBIG : (ssize_t)size;
}

struct literal *literal_file(struct call_memory *memory, const char *path, char why[CALL_WHY])
{
    const bool standard = strcmp(path, "-") == 0;
    struct literal *literal = NULL;
    char *bytes = NULL;
    const int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t size = fd < 0 ? -errno : read_whole(fd, &bytes);
    if (size >= 0)
        literal = literal_text(memory, bytes, (size_t)size);
    if (!literal)
        snprintf(why, CALL_WHY, "%s: %s", path, strerror(size < 0 ? (int)-size : ENOMEM));
    if (fd >= 0 && !standard)
        close(fd);
    free(bytes);
    return literal;
}
