/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Expressions and literals. */
#include "idl/parser.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void parse_error(struct parser *parser, struct place place, enum fc_number number, const char *format, ...)
{
    char message[512];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    const char *where = parser->fixed_place ? "in this annotation's argument: " : "";
    diag_error(parser->unit->diagnostics, place, number, arena_format(parser->unit->arena, "%s%s", where, message),
               NULL);
}

static unsigned depth_of(const struct expr *expr)
{
    return expr ? expr->depth : 0;
}

struct expr *build_expr(struct parser *parser, enum expr_kind kind, struct place place, struct expr *left,
                        struct expr *right)
{
    struct expr *expr = ARENA_NEW(parser->unit->arena, struct expr);
    expr->kind = kind;
    expr->place = place;
    expr->left = left;
    expr->right = right;
    expr->depth = 1 + (depth_of(left) > depth_of(right) ? depth_of(left) : depth_of(right));
    if (expr->depth > DEPTH_LIMIT) {
        parse_error(parser, place, FC_TOO_COMPLEX, "this expression is nested too deeply");
        *expr = (struct expr){.kind = EXPR_UNKNOWN, .place = place};
    }
    return expr;
}

struct expr *build_operation(struct parser *parser, enum expr_kind kind, int op, struct place place, struct expr *left,
                             struct expr *right)
{
    struct expr *expr = build_expr(parser, kind, place, left, right);
    expr->op = op;
    return expr;
}

void expr_set_third(struct expr *expr, struct expr *third)
{
    expr->third = third;
    if (third->depth >= expr->depth)
        expr->depth = third->depth + 1;
    if (expr->depth > DEPTH_LIMIT) /* said already, of the third one */
        *expr = (struct expr){.kind = EXPR_UNKNOWN, .place = expr->place};
}

struct expr *build_typed(struct parser *parser, enum expr_kind kind, struct place place, struct typeref type,
                         struct expr *left)
{
    struct expr *expr = build_expr(parser, kind, place, left, NULL);
    expr->type = type;
    return expr;
}

struct expr *build_named(struct parser *parser, enum expr_kind kind, struct place place, const char *name,
                         struct expr *left)
{
    struct expr *expr = build_expr(parser, kind, place, left, NULL);
    expr->name = name;
    return expr;
}

struct expr *arguments_join(struct expr *first, struct expr *last)
{
    struct expr *end = first;
    while (end->next)
        end = end->next;
    end->next = last;
    return first;
}

static struct expr *build_int(struct parser *parser, uint64_t value, enum basic_type basic, struct place place)
{
    struct typeref type = {.type = unit_basic(parser->unit, basic)};
    struct expr *expr = build_typed(parser, EXPR_INT, place, type, NULL);
    expr->value = value;
    return expr;
}

struct expr *build_truth(struct parser *parser, unsigned value, struct place place)
{
    return build_int(parser, value, BASIC_BOOL, place);
}

static struct expr *build_real(struct parser *parser, const char *digits, struct place place)
{
    char *end = NULL;
    double real = strtod(digits, &end);
    if (end == digits || strspn(end, "fFlLqQdDwWbB0123456789ijxX") != strlen(end))
        parse_error(parser, place, FC_BAD_CONSTANT, "this is not a number");
    bool is_float = *end == 'f' || *end == 'F';
    struct typeref type = {.type = unit_basic(parser->unit, is_float ? BASIC_FLOAT : BASIC_DOUBLE)};
    struct expr *expr = build_typed(parser, EXPR_FLOAT, place, type, NULL);
    expr->real = real;
    return expr;
}

/* The first type that holds the value, as C lists them; octal and hexadecimal ones may be unsigned without saying so.
 */
static enum basic_type int_type(uint64_t value, const char *suffix, bool decimal)
{
    bool is_unsigned = strpbrk(suffix, "uU") != NULL;
    bool is_long = strpbrk(suffix, "lLzZ") != NULL;
    if (!is_long && !is_unsigned && value <= INT32_MAX)
        return BASIC_INT;
    if (!is_long && (is_unsigned || !decimal) && value <= UINT32_MAX)
        return BASIC_UINT;
    bool is_long_long = strstr(suffix, "ll") || strstr(suffix, "LL");
    if (!is_unsigned && value <= INT64_MAX)
        return is_long_long ? BASIC_LLONG : BASIC_LONG;
    return is_long_long ? BASIC_ULLONG : BASIC_ULONG;
}

struct expr *build_number(struct parser *parser, const char *text, struct place place)
{
    char *digits = arena_string(parser->unit->arena, text);
    size_t length = 0;
    for (const char *c = text; *c; c++) /* C23's separators */
        if (*c != '\'')
            digits[length++] = *c;
    digits[length] = 0;
    bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    bool binary = digits[0] == '0' && (digits[1] == 'b' || digits[1] == 'B');
    if (strpbrk(digits, hex ? ".pP" : ".eE") && !binary)
        return build_real(parser, digits, place);
    char *end = NULL;
    errno = 0;
    uint64_t value = strtoull(binary ? digits + 2 : digits, &end, hex ? 16 : binary ? 2 : digits[0] == '0' ? 8 : 10);
    if (errno == ERANGE || end == digits || strspn(end, "uUlLzZwbWB") != strlen(end))
        parse_error(parser, place, FC_BAD_CONSTANT, "this is not a number that fits 64 bits");
    return build_int(parser, value, int_type(value, end, digits[0] != '0'), place);
}

/* One character of a literal, escapes undone; *c moves past it. */
static uint32_t unescaped(const char **c)
{
    static const char plain[] = "abfnrtv", meant[] = "\a\b\f\n\r\t\v";
    uint32_t value = (unsigned char)*(*c)++;
    if (value != '\\' || !**c)
        return value;
    value = (unsigned char)*(*c)++;
    if (value >= '0' && value <= '7') {
        value -= '0';
        for (int i = 0; i < 2 && **c >= '0' && **c <= '7'; i++)
            value = value * 8 + (uint32_t)(*(*c)++ - '0');
        return value;
    }
    if (value == 'x') {
        char *end = NULL;
        value = isxdigit((unsigned char)**c) ? (uint32_t)strtoul(*c, &end, 16) : 0;
        *c = end ? end : *c;
        return value;
    }
    const char *letter = strchr(plain, (int)value);
    return letter ? (uint32_t)meant[letter - plain] : value == 'e' ? 27 : value;
}

struct expr *build_character(struct parser *parser, const char *text, struct place place)
{
    const char *c = strchr(text, '\'') + 1, *end = text + strlen(text) - 1;
    bool wide = text[0] != '\'';
    uint32_t value = 0;
    while (c < end)
        value = value << 8 | (wide ? unescaped(&c) : unescaped(&c) & 0xff);
    bool single = strlen(text) == 3 || (text[1] == '\\' && value < 0x100);
    int64_t extended = single && !wide && !parser->unit->unsigned_char ? (int8_t)value : (int32_t)value;
    return build_int(parser, (uint64_t)extended, BASIC_INT, place);
}

const char *build_text(struct parser *parser, const char *before, const char *token)
{
    size_t kept = strlen(before), length = kept;
    char *bytes = arena_alloc(parser->unit->arena, kept + strlen(token) + 1);
    memcpy(bytes, before, kept);
    const char *c = strchr(token, '"') + 1, *end = token + strlen(token) - 1;
    while (c < end)
        bytes[length++] = (char)unescaped(&c);
    return bytes;
}
