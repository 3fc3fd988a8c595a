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
    if (expr->depth > EXPR_DEPTH_LIMIT) {
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
    if (expr->depth > EXPR_DEPTH_LIMIT) /* said already, of the third one */
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

static struct expr *build_int(struct parser *parser, uint64_t value, enum basic_type basic, struct place place)
{
    struct typeref type = {.type = unit_basic(parser->unit, basic)};
    struct expr *expr = build_typed(parser, EXPR_INT, place, type, NULL);
    expr->value = value;
    return expr;
}

/* true, false, and 2: nullptr */
struct expr *build_truth(struct parser *parser, unsigned value, struct place place)
{
    if (value < 2)
        return build_int(parser, value, BASIC_BOOL, place);
    struct typeref type = {.type = unit_basic(parser->unit, BASIC_NULLPTR)};
    return build_typed(parser, EXPR_UNKNOWN, place, type, NULL);
}

struct expr *build_step(struct parser *parser, struct expr *operand, struct place place)
{
    return build_typed(parser, EXPR_UNKNOWN, place, expr_type(parser->unit, operand), NULL);
}

struct expr *build_comma(struct parser *parser, struct expr *last, struct place place)
{
    return parser->fixed_place ? build_step(parser, last, place) : last;
}

struct expr *build_name(struct parser *parser, const char *name, struct place place)
{
    struct expr *expr = build_named(parser, EXPR_NAME, place, name, NULL);
    const struct parameter *hiding = parser->shadowing;
    while (hiding && !(hiding->name && strcmp(hiding->name, name) == 0))
        hiding = hiding->next;
    expr->shadows = hiding != NULL;
    expr->type = hiding ? hiding->type : (struct typeref){0};
    return expr;
}

struct expr *build_generic(struct parser *parser, const struct expr *operand, struct expr *choices, struct place place)
{
    struct unit *unit = parser->unit;
    struct typeref type = operand->kind == EXPR_TYPE ? operand->type : expr_value_type(unit, operand);
    struct expr *otherwise = NULL;
    for (struct expr *choice = choices; choice; choice = choice->next) {
        if (!choice->type.type)
            otherwise = choice->left;
        else if (type.type && types_compatible(type, choice->type))
            return choice->left;
    }
    return type.type && otherwise ? otherwise : build_expr(parser, EXPR_UNKNOWN, place, NULL, NULL);
}

static enum basic_type real_type(const char *suffix)
{
    if (strstr(suffix, "16"))
        return strpbrk(suffix, "bB") ? BASIC_BFLOAT : BASIC_HALF;
    if (strpbrk(suffix, "lL"))
        return BASIC_LDOUBLE;
    if (strpbrk(suffix, "qQ") || strstr(suffix, "128"))
        return BASIC_FLOAT128;
    return strpbrk(suffix, "fF") && !strpbrk(suffix, "0123456789") ? BASIC_FLOAT : BASIC_DOUBLE;
}

static struct type *imaginary_type(struct parser *parser, const char *suffix)
{
    enum basic_type real = real_type(suffix);
    return unit_basic(parser->unit, real == BASIC_FLOAT     ? BASIC_CFLOAT
                                    : real == BASIC_LDOUBLE ? BASIC_CLDOUBLE
                                                            : BASIC_CDOUBLE);
}

static struct expr *build_real(struct parser *parser, const char *digits, struct place place)
{
    char *end = NULL;
    double real = strtod(digits, &end);
    if (end == digits || strspn(end, "fFlLqQdDwWbB0123456789iIjJxX") != strlen(end))
        parse_error(parser, place, FC_BAD_CONSTANT, "this is not a number");
    if (strpbrk(end, "iIjJ"))
        return build_typed(parser, EXPR_UNKNOWN, place, (struct typeref){.type = imaginary_type(parser, end)}, NULL);
    struct typeref type = {.type = unit_basic(parser->unit, real_type(end))};
    struct expr *expr = build_typed(parser, EXPR_FLOAT, place, type, NULL);
    expr->real = type.type->size == 4 ? (double)strtof(digits, NULL) : real; /* rounded once */
    return expr;
}

/* 5wb: the least width that holds the value; a signed one has a sign bit, and none is narrower than two. */
static struct expr *build_bit_precise(struct parser *parser, uint64_t value, bool is_unsigned, struct place place)
{
    unsigned width = is_unsigned ? 0 : 1;
    for (uint64_t rest = value; rest; rest >>= 1)
        width++;
    unsigned least = is_unsigned ? 1 : 2;
    struct typeref type = bit_int_type(parser->unit, width < least ? least : width, !is_unsigned, place);
    struct expr *expr = build_typed(parser, EXPR_INT, place, type, NULL);
    expr->value = value;
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
    if (strpbrk(suffix, "zZ"))
        return is_unsigned ? BASIC_ULONG : BASIC_LONG;
    if (!is_unsigned && value <= INT64_MAX)
        return is_long_long ? BASIC_LLONG : BASIC_LONG;
    return is_long_long ? BASIC_ULLONG : BASIC_ULONG;
}

struct expr *build_number(struct parser *parser, struct word token, struct place place)
{
    char *digits = arena_copy(parser->unit->arena, token.text, token.code);
    size_t length = 0;
    for (const char *c = digits; *c; c++) /* C23's separators */
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
    if (errno == ERANGE || end == digits || strspn(end, "uUlLzZwbWBiIjJ") != strlen(end))
        parse_error(parser, place, FC_BAD_CONSTANT, "this is not a number that fits 64 bits");
    if (strpbrk(end, "iIjJ"))
        return build_typed(parser, EXPR_UNKNOWN, place, (struct typeref){0}, NULL);
    if (strpbrk(end, "wW"))
        return build_bit_precise(parser, value, strpbrk(end, "uU") != NULL, place);
    return build_int(parser, value, int_type(value, end, digits[0] != '0'), place);
}
