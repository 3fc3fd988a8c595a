/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Constant expressions: integers of up to 64 bits with C's conversions, and enough of the others for far_fails. */
#include "idl/tree.h"

#include "idl/parser.h"
#include "parse.h"

#include <string.h>

static const struct constant unknown;

/*
 * A conditional's type is looked at to evaluate it, and its value to know its type: nested ones can be written so that
 * each level doubles the work. No real text comes near this limit.
 */
bool evaluation_step(struct unit *unit)
{
    return ++unit->steps < 10000000 + 100 * (uint64_t)unit->size;
}

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

/* As a value of a real type of that size, rounded to its precision. */
static double real_value(struct constant c, unsigned size)
{
    if (size == 4)
        return c.is_real ? (float)c.real : c.is_signed ? (float)(int64_t)c.value : (float)c.value;
    return c.is_real ? c.real : c.is_signed ? (double)(int64_t)c.value : (double)c.value;
}

/* A value in as many bits as a _BitInt has. */
static struct constant bit_precise(uint64_t value, const struct type *type)
{
    unsigned unused = 64 - type->bit_width;
    bool negative = type->is_signed && (value >> (type->bit_width - 1) & 1);
    value = value << unused >> unused;
    if (negative && unused)
        value |= ~(UINT64_MAX >> unused);
    return integer(value, (unsigned)type->size, type->is_signed);
}

struct constant constant_converted(struct constant c, const struct type *type)
{
    if (!c.known || !type)
        return unknown;
    if (type->kind == TYPE_FLOAT && type->size >= 4 && type->size <= 16)
        return (struct constant){
            .known = true, .is_real = true, .size = (unsigned)type->size, .real = real_value(c, (unsigned)type->size)};
    if (type->kind == TYPE_BOOL)
        return integer(is_true(c), 1, false);
    bool integral = type->kind == TYPE_INT || type->kind == TYPE_ENUM || type->kind == TYPE_POINTER;
    if (type->bit_width && type->bit_width <= 64 && !c.is_real)
        return bit_precise(c.value, type);
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

static struct constant real(double value, unsigned size)
{
    struct constant c = {.known = true, .is_real = true, .size = size, .real = value};
    c.real = real_value(c, size);
    return c;
}

static struct constant evaluate_real(int op, struct constant left, struct constant right)
{
    unsigned left_size = left.is_real ? left.size : 0, right_size = right.is_real ? right.size : 0;
    unsigned size = left_size > right_size ? left_size : right_size;
    double a = real_value(left, size), b = real_value(right, size);
    switch (op) {
    case '+':
        return real(a + b, size);
    case '-':
        return real(a - b, size);
    case '*':
        return real(a * b, size);
    case '/':
        return b == 0 ? unknown : real(a / b, size);
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
        return evaluate_real(op, a, b);
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
 * offsetof as programs without the builtin spell it: (size_t)&((struct s *)0)->member[1]. The operand of & is followed
 * down to a constant pointer.
 */
static bool address_of(struct unit *unit, const struct expr *expr, uint64_t *address);

/* A pointer's value, or where the array lies that stands for its first element. */
static bool pointer_value(struct unit *unit, const struct expr *expr, uint64_t *address)
{
    struct typeref type = expr_type(unit, expr);
    if (type.type && type.type->kind == TYPE_ARRAY)
        return address_of(unit, expr, address);
    struct constant base = constant_evaluate(unit, expr);
    *address += base.value;
    return base.known && !base.is_real;
}

static bool member_address(struct unit *unit, const struct expr *expr, uint64_t *address)
{
    struct typeref whole = expr_type(unit, expr->left);
    if (expr->kind == EXPR_ARROW && whole.type && whole.type->kind == TYPE_POINTER)
        whole = whole.type->target;
    uint64_t offset = 0;
    if (!whole.type || !whole.type->complete || !type_member(whole.type, expr->name, &offset))
        return false;
    *address += offset;
    return expr->kind == EXPR_ARROW ? pointer_value(unit, expr->left, address) : address_of(unit, expr->left, address);
}

static bool address_of(struct unit *unit, const struct expr *expr, uint64_t *address)
{
    if (expr->kind == EXPR_ARROW || expr->kind == EXPR_MEMBER)
        return member_address(unit, expr, address);
    if (expr->kind == EXPR_INDEX) {
        struct constant index = constant_evaluate(unit, expr->right);
        struct typeref element = expr_type(unit, expr);
        if (!index.known || index.is_real || !element.type || !element.type->complete)
            return false;
        *address += index.value * layout_size(element);
        return pointer_value(unit, expr->left, address);
    }
    return expr->kind == EXPR_UNARY && expr->op == '*' && pointer_value(unit, expr->left, address);
}

/* Of a type, of an object: what an attribute of a member or of an object's declaration says counts too. */
static struct constant evaluate_alignment(struct unit *unit, const struct expr *expr, struct typeref ref)
{
    const struct type *type = ref.type;
    uint32_t align = layout_align(ref);
    uint64_t offset = 0;
    while (type->kind == TYPE_ARRAY)
        type = type->target.type;
    bool has_align = type->complete || type->kind == TYPE_VOID || type->kind == TYPE_FUNCTION;
    const struct expr *operand = expr->type.type ? NULL : expr->left;
    if (operand && (operand->kind == EXPR_MEMBER || operand->kind == EXPR_ARROW)) {
        struct typeref whole = expr_type(unit, operand->left);
        if (operand->kind == EXPR_ARROW && whole.type)
            whole = whole.type->target;
        const struct member *member = whole.type ? type_member(whole.type, operand->name, &offset) : NULL;
        if (member && member->min_align > align)
            align = member->min_align;
    }
    bool object = operand && operand->kind == EXPR_NAME && !operand->shadows;
    const struct symbol *symbol = object ? unit_symbol(unit, operand->name) : NULL;
    if (symbol && symbol->min_align > align)
        align = symbol->min_align;
    return has_align ? size_constant(align) : unknown;
}

static struct constant evaluate_size(struct unit *unit, const struct expr *expr)
{
    struct typeref type = expr->type.type ? expr->type : expr_type(unit, expr->left);
    if (!type.type)
        return unknown;
    if (expr->kind == EXPR_ALIGNOF)
        return evaluate_alignment(unit, expr, type);
    if (type.type->kind == TYPE_VOID || type.type->kind == TYPE_FUNCTION) /* GNU: 1 */
        return size_constant(1);
    return type.type->complete ? size_constant(layout_size(type)) : unknown;
}

static struct constant evaluate_name(struct unit *unit, const struct expr *expr)
{
    struct symbol *symbol = expr->shadows ? NULL : unit_symbol(unit, expr->name);
    if (!symbol || !symbol->type.type || symbol->kind == SYMBOL_TYPEDEF)
        return unknown;
    if (symbol->kind == SYMBOL_OBJECT)
        return symbol_constant(unit, symbol, expr->place);
    return integer(symbol->value, (unsigned)symbol->type.type->size, symbol->type.type->is_signed);
}

/* "text"[1] */
static struct constant evaluate_index(struct unit *unit, const struct expr *expr)
{
    const struct expr *string = expr->left;
    struct constant index = constant_evaluate(unit, expr->right);
    if (string->kind != EXPR_STRING || string->type.type->size != 1 || !index.known || index.value > string->value)
        return unknown;
    return integer((unsigned char)string->name[index.value], 1, string->type.type->is_signed);
}

/* A conditional's value has the type of both its sides. */
static struct constant evaluate_conditional(struct unit *unit, const struct expr *expr)
{
    struct constant c = constant_evaluate(unit, expr->left);
    if (!c.known)
        return unknown;
    if (expr->right != expr->left || !is_true(c)) /* `a ?: b`: a is evaluated once */
        c = constant_evaluate(unit, is_true(c) ? expr->right : expr->third);
    struct typeref type = expr_type(unit, expr);
    bool converted = type.type && (type.type->kind == TYPE_INT || type.type->kind == TYPE_FLOAT);
    return converted ? constant_converted(c, type.type) : c;
}

static struct constant evaluate_cast(struct unit *unit, const struct expr *expr)
{
    return constant_converted(constant_evaluate(unit, expr->left), expr->type.type);
}

static struct constant evaluate_chain(struct unit *unit, const struct expr *expr)
{
    struct constant left, right;
    if (expr->op == AND || expr->op == OR)
        return evaluate_logic(unit, expr);
    left = constant_evaluate(unit, expr->left);
    if (!left.known)
        return unknown;
    right = constant_evaluate(unit, expr->right);
    return right.known ? evaluate_binary(expr->op, left, right) : unknown;
}

struct constant constant_evaluate(struct unit *unit, const struct expr *expr)
{
    uint64_t offset = 0;
    struct typeref found = {0};
    if (!expr || !evaluation_step(unit))
        return unknown;
    switch (expr->kind) {
    case EXPR_INT:
        return integer(expr->value, (unsigned)expr->type.type->size, expr->type.type->is_signed);
    case EXPR_FLOAT:
        return real(expr->real, (unsigned)expr->type.type->size);
    case EXPR_NAME:
        return evaluate_name(unit, expr);
    case EXPR_UNARY:
        if (expr->op == '&')
            return address_of(unit, expr->left, &offset) ? size_constant(offset) : unknown;
        return evaluate_unary(expr->op, constant_evaluate(unit, expr->left));
    case EXPR_BINARY:
        return evaluate_chain(unit, expr);
    case EXPR_CONDITIONAL:
        return evaluate_conditional(unit, expr);
    case EXPR_CAST:
        return evaluate_cast(unit, expr);
    case EXPR_SIZEOF:
    case EXPR_ALIGNOF:
        return evaluate_size(unit, expr);
    case EXPR_OFFSETOF:
        return designated(unit, expr->type.type, expr->left, &offset, &found) ? size_constant(offset) : unknown;
    case EXPR_INDEX:
        return evaluate_index(unit, expr);
    case EXPR_CALL:
        return builtin_evaluate(unit, expr);
    default:
        return unknown;
    }
}
