/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The types of expressions, for typeof, sizeof, _Generic and auto. What is not followed has none. */
#include "idl/parser.h"
#include "parse.h"

static const struct typeref none;

static struct typeref basic(struct unit *unit, enum basic_type type)
{
    return (struct typeref){.type = unit_basic(unit, type)};
}

struct typeref expr_value_type(struct unit *unit, const struct expr *expr)
{
    struct typeref type = expr_type(unit, expr);
    if (!type.type)
        return none;
    if (type.type->kind == TYPE_ARRAY)
        return type_pointer_to(unit, type.type->target, expr->place);
    if (type.type->kind == TYPE_FUNCTION)
        return type_pointer_to(unit, type, expr->place);
    type.qualifiers = 0;
    return type;
}

/* Types as narrow as int or narrower become int, or unsigned int where int cannot hold their values. */
static struct typeref promoted(struct unit *unit, struct typeref type)
{
    const struct type *integer = type.type;
    if (integer->kind == TYPE_BOOL || ((integer->kind == TYPE_INT || integer->kind == TYPE_ENUM) && integer->size < 4))
        return basic(unit, BASIC_INT);
    if (integer->kind == TYPE_ENUM)
        return integer->target.type ? integer->target : none;
    type.qualifiers = 0;
    return type;
}

/* How far up in the usual arithmetic conversions; 0: not an arithmetic type. */
static unsigned real_rank(const struct type *type)
{
    return type->kind == TYPE_FLOAT || type->kind == TYPE_COMPLEX || type->kind == TYPE_VECTOR
               ? (unsigned)type->size + (type->kind == TYPE_FLOAT ? 0 : 1000)
               : 0;
}

/* long long ranks above long, though both have eight bytes. */
static unsigned integer_rank(struct unit *unit, const struct type *type)
{
    bool long_long = type == unit_basic(unit, BASIC_LLONG) || type == unit_basic(unit, BASIC_ULLONG);
    return (unsigned)type->size * 2 + long_long;
}

static struct typeref unsigned_twin(struct unit *unit, struct typeref type)
{
    static const enum basic_type twins[][2] = {
        {BASIC_INT, BASIC_UINT}, {BASIC_LONG, BASIC_ULONG}, {BASIC_LLONG, BASIC_ULLONG}, {BASIC_INT128, BASIC_UINT128}};
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
        if (type.type == unit_basic(unit, twins[i][0]))
            return basic(unit, twins[i][1]);
    return type;
}

/* The usual arithmetic conversions. */
static struct typeref common_type(struct unit *unit, struct typeref left, struct typeref right)
{
    if (real_rank(left.type) || real_rank(right.type))
        return real_rank(left.type) >= real_rank(right.type) ? left : right;
    left = promoted(unit, left);
    right = promoted(unit, right);
    if (!left.type || !right.type)
        return none;
    unsigned left_rank = integer_rank(unit, left.type), right_rank = integer_rank(unit, right.type);
    if (left.type->is_signed == right.type->is_signed)
        return left_rank >= right_rank ? left : right;
    struct typeref with_sign = left.type->is_signed ? left : right, without = left.type->is_signed ? right : left;
    unsigned sign_rank = left.type->is_signed ? left_rank : right_rank;
    if ((left.type->is_signed ? right_rank : left_rank) >= sign_rank)
        return without;
    return with_sign.type->size > without.type->size ? with_sign : unsigned_twin(unit, with_sign);
}

static bool is_pointer(struct typeref type)
{
    return type.type->kind == TYPE_POINTER;
}

static struct typeref arithmetic_type(struct unit *unit, const struct expr *expr)
{
    struct typeref left = expr_value_type(unit, expr->left), right = expr_value_type(unit, expr->right);
    if (!left.type || !right.type)
        return none;
    if (is_pointer(left))
        return is_pointer(right) && expr->op == '-' ? basic(unit, BASIC_LONG) : left;
    if (is_pointer(right))
        return right;
    return expr->op == LEFT || expr->op == RIGHT ? promoted(unit, left) : common_type(unit, left, right);
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
        return basic(unit, BASIC_INT);
    default:
        return arithmetic_type(unit, expr);
    }
}

static bool is_null_constant(struct unit *unit, const struct expr *expr, struct typeref type)
{
    bool to_void = is_pointer(type) && type.type->target.type->kind == TYPE_VOID && !type.type->target.qualifiers;
    if (to_void && expr->kind != EXPR_CAST)
        return false;
    struct constant c = constant_evaluate(unit, to_void ? expr->left : expr);
    return c.known && !c.is_real && c.value == 0 && (to_void || !is_pointer(type));
}

/* Of two pointers: the one beside a null pointer; else void's, with the qualifiers of both; else either. */
static struct typeref pointer_choice(struct unit *unit, const struct expr *expr, struct typeref left,
                                     struct typeref right)
{
    if (!is_pointer(right) || is_null_constant(unit, expr->third, right))
        return left;
    if (!is_pointer(left) || is_null_constant(unit, expr->right, left))
        return right;
    struct typeref target = left.type->target, other = right.type->target;
    if (other.type->kind == TYPE_VOID)
        target.type = other.type;
    if (target.qualifiers == (target.qualifiers | other.qualifiers) && target.type == left.type->target.type)
        return left;
    target.qualifiers |= other.qualifiers;
    return type_pointer_to(unit, target, expr->place);
}

static struct typeref conditional_type(struct unit *unit, const struct expr *expr)
{
    struct typeref left = expr_value_type(unit, expr->right), right = expr_value_type(unit, expr->third);
    if (!left.type || !right.type)
        return left.type ? left : right;
    if (is_pointer(left) || is_pointer(right))
        return pointer_choice(unit, expr, left, right);
    bool arithmetic = left.type->kind <= TYPE_ENUM && right.type->kind <= TYPE_ENUM && left.type->kind != TYPE_VOID &&
                      right.type->kind != TYPE_VOID;
    return arithmetic ? common_type(unit, left, right) : left;
}

static struct typeref pointed_to(struct typeref pointer)
{
    bool points = pointer.type && (pointer.type->kind == TYPE_POINTER || pointer.type->kind == TYPE_ARRAY ||
                                   pointer.type->kind == TYPE_VECTOR);
    return points ? pointer.type->target : none;
}

static struct typeref dereferenced(struct typeref type)
{
    return type.type && type.type->kind == TYPE_FUNCTION ? type : pointed_to(type);
}

/* a[i], and i[a] too */
static struct typeref element_type(struct unit *unit, const struct expr *expr)
{
    struct typeref left = pointed_to(expr_type(unit, expr->left));
    return left.type ? left : pointed_to(expr_type(unit, expr->right));
}

static struct typeref member_type(struct unit *unit, const struct expr *expr)
{
    struct typeref whole = expr_type(unit, expr->left);
    if (expr->kind == EXPR_ARROW)
        whole = pointed_to(whole);
    uint64_t offset = 0;
    bool has_members = whole.type && (whole.type->kind == TYPE_STRUCT || whole.type->kind == TYPE_UNION);
    const struct member *member = has_members ? type_member(whole.type, expr->name, &offset) : NULL;
    if (!member)
        return none;
    struct typeref type = member->type;
    type.qualifiers |= whole.qualifiers & (QUALIFIER_CONST | QUALIFIER_VOLATILE);
    return type;
}

static struct typeref unary_type(struct unit *unit, const struct expr *expr)
{
    struct typeref type = expr_type(unit, expr->left);
    switch (expr->op) {
    case '*':
        return dereferenced(type);
    case '&':
        return type.type ? type_pointer_to(unit, type, expr->place) : none;
    case '!':
        return basic(unit, BASIC_INT);
    case REAL_PART:
        return none;
    default:
        return type.type ? promoted(unit, type) : none;
    }
}

static struct typeref call_type(struct unit *unit, const struct expr *expr)
{
    struct typeref built_in = builtin_type(unit, expr);
    if (built_in.type)
        return built_in;
    struct typeref type = expr_type(unit, expr->left);
    if (type.type && type.type->kind == TYPE_POINTER)
        type = type.type->target;
    return type.type && type.type->kind == TYPE_FUNCTION ? type.type->target : none;
}

static struct typeref string_type(struct unit *unit, const struct expr *expr)
{
    struct type *array = type_new(unit, TYPE_ARRAY, expr->type, expr->place);
    array->has_count = true;
    array->count = expr->value + 1;
    layout_array(array);
    return (struct typeref){.type = array};
}

struct typeref expr_type(struct unit *unit, const struct expr *expr)
{
    const struct symbol *symbol;
    if (!expr || !evaluation_step(unit))
        return none;
    switch (expr->kind) {
    case EXPR_INT:
    case EXPR_FLOAT:
    case EXPR_CAST:
    case EXPR_TYPE:
    case EXPR_UNKNOWN:
        return expr->type;
    case EXPR_SIZEOF:
    case EXPR_ALIGNOF:
    case EXPR_OFFSETOF:
        return basic(unit, BASIC_ULONG);
    case EXPR_STRING:
        return string_type(unit, expr);
    case EXPR_NAME:
        if (expr->shadows)
            return expr->type;
        symbol = unit_symbol(unit, expr->name);
        return symbol ? symbol->type : none;
    case EXPR_UNARY:
        return unary_type(unit, expr);
    case EXPR_BINARY:
        return binary_type(unit, expr);
    case EXPR_CONDITIONAL:
        return conditional_type(unit, expr);
    case EXPR_MEMBER:
    case EXPR_ARROW:
        return member_type(unit, expr);
    case EXPR_INDEX:
        return element_type(unit, expr);
    case EXPR_CALL:
        return call_type(unit, expr);
    }
    return none;
}
