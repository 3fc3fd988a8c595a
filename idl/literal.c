/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Character constants and strings: escapes, prefixes, several characters in one constant. */
#include "idl/parser.h"

#include <string.h>

/* A literal's text between its quotes, and the bytes of one element: 1, 2 (u) or 4 (U, L). */
struct literal {
    const char *at, *end;
    unsigned width;
    enum basic_type element;
};

static struct literal literal_from_token(const struct unit *unit, struct word token)
{
    const char *text = token.text, *end = token.text + token.code - 1;
    struct literal literal = {.end = end, .width = 1, .element = BASIC_CHAR};
    const char *quote = text;
    while (*quote != *end)
        quote++;
    literal.at = quote + 1;
    if (quote - text == 2)
        literal.element = BASIC_UCHAR; /* u8 */
    else if (quote != text) {
        literal.width = *text == 'u' ? 2 : 4;
        literal.element = *text == 'u' ? BASIC_USHORT : *text == 'U' || unit->unsigned_wchar ? BASIC_UINT : BASIC_INT;
    }
    return literal;
}

static int digit_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : 99;
}

static uint32_t read_digits(struct literal *literal, int base, unsigned most)
{
    uint32_t value = 0;
    for (; most && literal->at < literal->end && digit_value(*literal->at) < base; most--)
        value = value * (uint32_t)base + (uint32_t)digit_value(*literal->at++);
    return value;
}

/* UTF-8; a byte that begins no character stands for itself. */
static uint32_t read_character(struct literal *literal)
{
    unsigned char first = (unsigned char)*literal->at++;
    unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    if (!more || (size_t)(literal->end - literal->at) < more)
        return first;
    uint32_t value = first & (0x3fu >> more);
    for (; more; more--)
        value = value << 6 | ((unsigned char)*literal->at++ & 0x3f);
    return value;
}

/* One character or escape; *whole: a character, to be encoded, rather than the value of one element. */
static uint32_t read_element(struct literal *literal, bool *whole)
{
    static const char plain[] = "abfnrtv", meant[] = "\a\b\f\n\r\t\v";
    *whole = true;
    if (*literal->at != '\\' || literal->at + 1 == literal->end)
        return read_character(literal);
    literal->at++;
    char c = *literal->at;
    *whole = c == 'u' || c == 'U' || c == 'N';
    if (c >= '0' && c <= '7')
        return read_digits(literal, 8, 3);
    literal->at++;
    if (c == 'x')
        return read_digits(literal, 16, 64);
    if (c == 'u' || c == 'U')
        return read_digits(literal, 16, c == 'u' ? 4 : 8);
    const char *letter = c ? strchr(plain, c) : NULL;
    return letter ? (uint32_t)meant[letter - plain] : c == 'e' || c == 'E' ? 27 : (unsigned char)c;
}

static size_t put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
    to[0] = (char)(first[more] | (c >> (6 * more)));
    for (unsigned i = 1; i <= more; i++)
        to[i] = (char)(0x80 | ((c >> (6 * (more - i))) & 0x3f));
    return more + 1;
}

/* Characters that UTF-8 text holds, in elements of a wider string. */
static uint64_t widened_length(const char *bytes, uint64_t length, unsigned width)
{
    struct literal text = {.at = bytes, .end = bytes + length};
    uint64_t count = 0;
    while (text.at < text.end) {
        bool pair = read_character(&text) > 0xffff && width == 2;
        count += pair ? 2 : 1;
    }
    return count;
}

/* value: elements, without the zero at the end; name: the bytes, of a string of bytes; type: an element's. */
struct expr *build_string(struct parser *parser, struct word token, struct place place)
{
    struct literal literal = literal_from_token(parser->unit, token);
    char *bytes = arena_alloc(parser->unit->arena, (size_t)(literal.end - literal.at) + 4);
    size_t length = 0;
    uint64_t count = 0;
    bool whole;
    while (literal.at < literal.end) {
        if (literal.at[0] == '\\' && literal.at + 1 < literal.end && literal.at[1] == '\n') {
            literal.at += 2;
            continue;
        }
        const char *begin = literal.at;
        uint32_t c = read_element(&literal, &whole);
        if (whole && *begin != '\\') {
            memcpy(bytes + length, begin, (size_t)(literal.at - begin));
            length += (size_t)(literal.at - begin);
        } else if (whole) {
            length += put_utf8(bytes + length, c);
        } else {
            bytes[length++] = (char)c;
        }
        count += literal.width == 2 && whole && c > 0xffff ? 2 : 1;
    }
    struct typeref element = {.type = unit_basic(parser->unit, literal.element)};
    struct expr *expr = build_typed(parser, EXPR_STRING, place, element, NULL);
    expr->name = bytes;
    expr->value = literal.width == 1 ? length : count;
    return expr;
}

struct expr *string_join(struct parser *parser, struct expr *string, struct word token)
{
    struct expr *last = build_string(parser, token, string->place);
    uint64_t width = string->type.type->size, last_width = last->type.type->size;
    if (width == 1 && last_width == 1) {
        char *bytes = arena_alloc(parser->unit->arena, string->value + last->value + 1);
        memcpy(bytes, string->name, string->value);
        memcpy(bytes + string->value, last->name, last->value);
        string->name = bytes;
    } else if (width < last_width) {
        string->value = widened_length(string->name, string->value, (unsigned)last_width);
        string->type = last->type;
    } else if (last_width < width) {
        last->value = widened_length(last->name, last->value, (unsigned)width);
    }
    string->value += last->value;
    return string;
}

/* 'ab' is 'a' * 256 + 'b'; one character alone has its type's sign. */
struct expr *build_character(struct parser *parser, struct word token, struct place place)
{
    struct literal literal = literal_from_token(parser->unit, token);
    char bytes[4];
    uint32_t value = 0;
    unsigned count = 0;
    bool whole;
    while (literal.at < literal.end) {
        uint32_t c = read_element(&literal, &whole);
        size_t length = literal.width == 1 && whole && c > 0x7f ? put_utf8(bytes, c) : 0;
        if (literal.width > 1 || !length) {
            value = literal.width > 1 ? c : value << 8 | (c & 0xff);
            count++;
        }
        for (size_t i = 0; i < length; i++, count++)
            value = value << 8 | (unsigned char)bytes[i];
    }
    bool is_char = literal.element == BASIC_CHAR;
    bool narrow = is_char && count == 1;
    int64_t extended = value;
    if (narrow && !parser->unit->unsigned_char)
        extended = (int8_t)value;
    else if (is_char || literal.element == BASIC_INT)
        extended = (int32_t)value;
    struct typeref type = {.type = unit_basic(parser->unit, is_char ? BASIC_INT : literal.element)};
    struct expr *expr = build_typed(parser, EXPR_INT, place, type, NULL);
    expr->value = (uint64_t)extended;
    return expr;
}
