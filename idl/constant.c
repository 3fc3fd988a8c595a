/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Constant expressions: integers of up to 64 bits with C's conversions, and enough of the others for far_fails. */
#include "idl/tree.h"

#include "idl/parser.h"
#include "parse.h"

#include <string.h>

static const struct constant unknown;

static uint64_t extended(uint64_t value, unsigned size, bool is_signed)
{
    if (size >= 8 || size == 0)
        return value;
    uint64_t mask = ((uint64_t)1 << (size * 8)) - 1;
    value &= mask;
    return is_signed && (value >> (size * 8 - 1)) ? value | ~mask : value;
}

static struct constant integer(uint64_t value, unsigned size, bool is_signed)
{
    return (struct constant){
        .known = true, .is_signed = is_signed, .size = size, .value = extended(value, size, is_signed)};
}

static struct constant size_constant(uint64_t value)
{
    return integer(value, 8, false);
}

static struct constant promoted(struct constant c)
{
    return c.known && !c.is_real && c.size < 4 ? integer(c.value, 4, true) : c;
}

static bool is_true(struct constant c)
{
    return c.is_real ? c.real != 0 : c.value != 0;
}

static double real_value(struct constant c)
{
    return c.is_real ? c.real : c.is_signed ? (double)(int64_t)c.value : (double)c.value;
}

static struct constant converted(struct constant c, const struct type *type)
{
    if (!c.known || !type)
        return unknown;
    if (type->kind == TYPE_FLOAT && type->size >= 4 && type->size <= 16)
        return (struct constant){.known = true,
                                 .is_real = true,
                                 .size = (unsigned)type->size,
                                 .real = type->size == 4 ? (double)(float)real_value(c) : real_value(c)};
    if (type->kind == TYPE_BOOL)
        return integer(is_true(c), 1, false);
    bool integral = type->kind == TYPE_INT || type->kind == TYPE_ENUM || type->kind == TYPE_POINTER;
    if (!integral || type->size > 8 || !type->complete)
        return unknown;
    if (c.is_real) {
        if (!(c.real > -9.2e18 && c.real < 1.8e19)) /* outside, the conversion has no meaning */
            return unknown;
        c.value = c.real < 0 ? (uint64_t)(int64_t)c.real : (uint64_t)c.real;
    }
    return integer(c.value, (unsigned)type->size, type->is_signed);
}

static struct constant evaluate_unary(int op, struct constant c)
{
    if (!c.known)
        return unknown;
    if (op == '!')
        return integer(!is_true(c), 4, true);
    c = promoted(c);
    if (c.is_real) {
        c.real = op == '-' ? -c.real : c.real;
        return op == '-' || op == '+' ? c : unknown;
    }
    switch (op) {
    case '+':
        return c;
    case '-':
        return integer(0 - c.value, c.size, c.is_signed);
    case '~':
        return integer(~c.value, c.size, c.is_signed);
    default:
        return unknown;
    }
}

static struct constant evaluate_real(int op, double a, double b, unsigned size)
{
    struct constant result = {.known = true, .is_real = true, .size = size};
    switch (op) {
    case '+':
        result.real = a + b;
        return result;
    case '-':
        result.real = a - b;
        return result;
    case '*':
        result.real = a * b;
        return result;
    case '/':
        if (b == 0)
            return unknown;
        result.real = a / b;
        return result;
    case '<':
        return integer(a < b, 4, true);
    case '>':
        return integer(a > b, 4, true);
    case LESS_EQUAL:
        return integer(a <= b, 4, true);
    case MORE_EQUAL:
        return integer(a >= b, 4, true);
    case EQUAL:
        return integer(a == b, 4, true);
    case UNEQUAL:
        return integer(a != b, 4, true);
    default:
        return unknown;
    }
}

static struct constant evaluate_quotient(int op, struct constant a, struct constant b, unsigned size, bool is_signed)
{
    if (b.value == 0 || (is_signed && (int64_t)b.value == -1 && a.value == (uint64_t)INT64_MIN))
        return unknown;
    if (is_signed) {
        int64_t x = (int64_t)a.value, y = (int64_t)b.value;
        return integer((uint64_t)(op == '/' ? x / y : x % y), size, true);
    }
    return integer(op == '/' ? a.value / b.value : a.value % b.value, size, false);
}

static struct constant evaluate_shift(int op, struct constant a, struct constant b)
{
    if (b.value >= a.size * 8)
        return unknown;
    if (op == LEFT)
        return integer(a.value << b.value, a.size, a.is_signed);
    uint64_t value = a.value >> b.value;
    if (a.is_signed && (int64_t)a.value < 0 && b.value)
        value |= ~(UINT64_MAX >> b.value);
    return integer(value, a.size, a.is_signed);
}

static struct constant evaluate_binary(int op, struct constant a, struct constant b)
{
    a = promoted(a);
    b = promoted(b);
    if (a.is_real || b.is_real)
        return evaluate_real(op, real_value(a), real_value(b), a.is_real && a.size > b.size ? a.size : b.size);
    if (op == LEFT || op == RIGHT)
        return evaluate_shift(op, a, b);
    unsigned size = a.size > b.size ? a.size : b.size;
    /* The usual conversions: unsigned wins among equals; a wider signed type holds every narrower unsigned value. */
    bool is_signed = a.size == b.size ? a.is_signed && b.is_signed : a.size > b.size ? a.is_signed : b.is_signed;
    a = integer(a.value, size, is_signed);
    b = integer(b.value, size, is_signed);
    bool less = is_signed ? (int64_t)a.value < (int64_t)b.value : a.value < b.value;
    switch (op) {
    case '+':
        return integer(a.value + b.value, size, is_signed);
    case '-':
        return integer(a.value - b.value, size, is_signed);
    case '*':
        return integer(a.value * b.value, size, is_signed);
    case '/':
    case '%':
        return evaluate_quotient(op, a, b, size, is_signed);
    case '&':
        return integer(a.value & b.value, size, is_signed);
    case '|':
        return integer(a.value | b.value, size, is_signed);
    case '^':
        return integer(a.value ^ b.value, size, is_signed);
    case '<':
        return integer(less, 4, true);
    case '>':
        return integer(!less && a.value != b.value, 4, true);
    case LESS_EQUAL:
        return integer(less || a.value == b.value, 4, true);
    case MORE_EQUAL:
        return integer(!less, 4, true);
    case EQUAL:
        return integer(a.value == b.value, 4, true);
    case UNEQUAL:
        return integer(a.value != b.value, 4, true);
    default:
        return unknown;
    }
}

/* && and || do not look at their right side when the left one decides. */
static struct constant evaluate_logic(struct unit *unit, const struct expr *expr)
{
    struct constant left = constant_evaluate(unit, expr->left);
    if (!left.known)
        return unknown;
    if (is_true(left) == (expr->op == OR))
        return integer(expr->op == OR, 4, true);
    struct constant right = constant_evaluate(unit, expr->right);
    return right.known ? integer(is_true(right), 4, true) : unknown;
}

/* Offset that a designator names inside a type; false if it names nothing constant. */
static bool designated(struct unit *unit, const struct type *type, const struct expr *expr, uint64_t *offset,
                       struct typeref *found)
{
    if (expr->kind == EXPR_INDEX) {
        struct constant index = constant_evaluate(unit, expr->right);
        if (!index.known || !designated(unit, type, expr->left, offset, found) || found->type->kind != TYPE_ARRAY)
            return false;
        *found = found->type->target;
        *offset += index.value * found->type->size;
        return true;
    }
    if (expr->kind == EXPR_MEMBER) {
        if (!designated(unit, type, expr->left, offset, found))
            return false;
        type = found->type;
    }
    uint64_t inside = 0;
    const struct member *member = type->complete ? type_member(type, expr->name, &inside) : NULL;
    if (!member)
        return false;
    *offset += inside;
    *found = member->type;
    return true;
}

/*
 * offsetof as programs without the builtin spell it: (size_t)&((struct s *)0)->member. The operand of & is followed
 * down to a constant pointer.
 */
static bool address_of(struct unit *unit, const struct expr *expr, uint64_t *address)
{
    if (expr->kind == EXPR_ARROW || expr->kind == EXPR_MEMBER) {
        struct typeref left = expr_type(unit, expr->left);
        if (expr->kind == EXPR_ARROW && left.type && left.type->kind == TYPE_POINTER)
            left = left.type->target;
        uint64_t offset = 0;
        if (!left.type || !left.type->complete || !type_member(left.type, expr->name, &offset))
            return false;
        if (expr->kind == EXPR_MEMBER && !address_of(unit, expr->left, address))
            return false;
        struct constant base = expr->kind == EXPR_ARROW ? constant_evaluate(unit, expr->left) : unknown;
        if (expr->kind == EXPR_ARROW && !base.known)
            return false;
        *address += base.value + offset;
        return true;
    }
    if (expr->kind != EXPR_UNARY || expr->op != '*')
        return false;
    struct constant base = constant_evaluate(unit, expr->left);
    *address += base.value;
    return base.known;
}

static struct constant evaluate_size(struct unit *unit, const struct expr *expr)
{
    struct typeref type = expr->type.type ? expr->type : expr_type(unit, expr->left);
    if (!expr->type.type && expr->left && expr->left->kind == EXPR_STRING)
        return expr->kind == EXPR_SIZEOF ? size_constant(strlen(expr->left->name) + 1) : size_constant(1);
    if (!type.type)
        return unknown;
    if (type.type->kind == TYPE_VOID || type.type->kind == TYPE_FUNCTION) /* GNU: 1 */
        return size_constant(1);
    if (!type.type->complete)
        return unknown;
    return size_constant(expr->kind == EXPR_SIZEOF ? type.type->size : type.type->align);
}

struct constant constant_evaluate(struct unit *unit, const struct expr *expr)
{
    struct constant c;
    uint64_t offset = 0;
    struct typeref found = {0};
    const struct symbol *symbol;
    if (!expr)
        return unknown;
    switch (expr->kind) {
    case EXPR_INT:
        return integer(expr->value, (unsigned)expr->type.type->size, expr->type.type->is_signed);
    case EXPR_FLOAT:
        return (struct constant){
            .known = true, .is_real = true, .size = (unsigned)expr->type.type->size, .real = expr->real};
    case EXPR_NAME:
        symbol = unit_symbol(unit, expr->name);
        if (!symbol || symbol->kind != SYMBOL_ENUMERATOR || !symbol->type.type)
            return unknown;
        return integer(symbol->value, (unsigned)symbol->type.type->size, symbol->type.type->is_signed);
    case EXPR_UNARY:
        if (expr->op == '&')
            return address_of(unit, expr->left, &offset) ? size_constant(offset) : unknown;
        return evaluate_unary(expr->op, constant_evaluate(unit, expr->left));
    case EXPR_BINARY:
        if (expr->op == AND || expr->op == OR)
            return evaluate_logic(unit, expr);
        c = constant_evaluate(unit, expr->left);
        if (!c.known)
            return unknown;
        struct constant right = constant_evaluate(unit, expr->right);
        return right.known ? evaluate_binary(expr->op, c, right) : unknown;
    case EXPR_CONDITIONAL:
        c = constant_evaluate(unit, expr->left);
        return c.known ? constant_evaluate(unit, is_true(c) ? expr->right : expr->third) : unknown;
    case EXPR_CAST:
        return converted(constant_evaluate(unit, expr->left), expr->type.type);
    case EXPR_SIZEOF:
    case EXPR_ALIGNOF:
        return evaluate_size(unit, expr);
    case EXPR_OFFSETOF:
        return designated(unit, expr->type.type, expr->left, &offset, &found) ? size_constant(offset) : unknown;
    default:
        return unknown;
    }
}

static struct typeref arithmetic_type(struct unit *unit, const struct expr *expr)
{
    struct typeref left = expr_type(unit, expr->left), right = expr_type(unit, expr->right);
    if (!left.type || !right.type)
        return (struct typeref){0};
    if (left.type->kind == TYPE_POINTER || left.type->kind == TYPE_ARRAY)
        return left;
    if (right.type->kind == TYPE_POINTER || right.type->kind == TYPE_ARRAY)
        return right;
    if (left.type->kind == TYPE_FLOAT || right.type->kind == TYPE_FLOAT)
        return left.type->kind != TYPE_FLOAT || (right.type->kind == TYPE_FLOAT && right.type->size > left.type->size)
                   ? right
                   : left;
    struct typeref wider = right.type->size > left.type->size ? right : left;
    if (wider.type->size < 4)
        return (struct typeref){.type = unit_basic(unit, BASIC_INT)};
    if (left.type->size == right.type->size && !right.type->is_signed)
        return right;
    return wider;
}

static struct typeref binary_type(struct unit *unit, const struct expr *expr)
{
    switch (expr->op) {
    case '<':
    case '>':
    case LESS_EQUAL:
    case MORE_EQUAL:
    case EQUAL:
    case UNEQUAL:
    case AND:
    case OR:
        return (struct typeref){.type = unit_basic(unit, BASIC_INT)};
    default:
        return arithmetic_type(unit, expr);
    }
}

static struct typeref pointed_to(struct typeref pointer)
{
    bool points = pointer.type && (pointer.type->kind == TYPE_POINTER || pointer.type->kind == TYPE_ARRAY);
    return points ? pointer.type->target : (struct typeref){0};
}

static struct typeref member_type(struct unit *unit, const struct expr *expr)
{
    struct typeref whole = expr_type(unit, expr->left);
    if (expr->kind == EXPR_ARROW)
        whole = pointed_to(whole);
    uint64_t offset = 0;
    const struct member *member = whole.type ? type_member(whole.type, expr->name, &offset) : NULL;
    return member ? member->type : (struct typeref){0};
}

struct typeref expr_type(struct unit *unit, const struct expr *expr)
{
    const struct symbol *symbol;
    struct typeref type;
    if (!expr)
        return (struct typeref){0};
    switch (expr->kind) {
    case EXPR_INT:
    case EXPR_FLOAT:
    case EXPR_CAST:
    case EXPR_TYPE:
        return expr->type;
    case EXPR_SIZEOF:
    case EXPR_ALIGNOF:
    case EXPR_OFFSETOF:
        return (struct typeref){.type = unit_basic(unit, BASIC_ULONG)};
    case EXPR_STRING:
        return type_pointer_to(unit, (struct typeref){.type = unit_basic(unit, BASIC_CHAR)}, expr->place);
    case EXPR_NAME:
        symbol = unit_symbol(unit, expr->name);
        return symbol ? symbol->type : (struct typeref){0};
    case EXPR_UNARY:
        type = expr_type(unit, expr->left);
        if (expr->op == '*')
            return pointed_to(type);
        if (expr->op == '&')
            return type.type ? type_pointer_to(unit, type, expr->place) : type;
        return expr->op == '!' ? (struct typeref){.type = unit_basic(unit, BASIC_INT)} : type;
    case EXPR_BINARY:
        return binary_type(unit, expr);
    case EXPR_CONDITIONAL:
        type = expr_type(unit, expr->right);
        return type.type ? type : expr_type(unit, expr->third);
    case EXPR_MEMBER:
    case EXPR_ARROW:
        return member_type(unit, expr);
    case EXPR_INDEX:
        return pointed_to(expr_type(unit, expr->left));
    case EXPR_CALL:
        type = expr_type(unit, expr->left);
        if (type.type && type.type->kind == TYPE_POINTER)
            type = type.type->target;
        return type.type && type.type->kind == TYPE_FUNCTION ? type.type->target : (struct typeref){0};
    case EXPR_UNKNOWN:
        return (struct typeref){0};
    }
    return (struct typeref){0};
}
