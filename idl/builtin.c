/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The compiler's own functions that headers call in constant expressions and in typeof. */
#include "idl/parser.h"

#include <math.h>
#include <string.h>

enum builtin {
#define BUILTINS(X)                      \
    X(CONSTANT_P, "constant_p", INT)     \
    X(CHOOSE_EXPR, "choose_expr", COUNT) \
    X(TYPES, "types_compatible_p", INT)  \
    X(EXPECT, "expect", LONG)            \
    X(BSWAP16, "bswap16", USHORT)        \
    X(BSWAP32, "bswap32", UINT)          \
    X(BSWAP64, "bswap64", ULONG)         \
    X(CLZ, "clz", INT)                   \
    X(CLZL, "clzl", INT)                 \
    X(CLZLL, "clzll", INT)               \
    X(CTZ, "ctz", INT)                   \
    X(CTZL, "ctzl", INT)                 \
    X(CTZLL, "ctzll", INT)               \
    X(FFS, "ffs", INT)                   \
    X(FFSL, "ffsl", INT)                 \
    X(FFSLL, "ffsll", INT)               \
    X(POPCOUNT, "popcount", INT)         \
    X(POPCOUNTL, "popcountl", INT)       \
    X(POPCOUNTLL, "popcountll", INT)     \
    X(PARITY, "parity", INT)             \
    X(PARITYLL, "parityll", INT)         \
    X(ABS, "abs", INT)                   \
    X(LABS, "labs", LONG)                \
    X(LLABS, "llabs", LLONG)             \
    X(STRLEN, "strlen", ULONG)           \
    X(OBJECT_SIZE, "object_size", ULONG) \
    X(INF, "inf", DOUBLE)                \
    X(INFF, "inff", FLOAT)               \
    X(HUGE_VAL, "huge_val", DOUBLE)      \
    X(HUGE_VALF, "huge_valf", FLOAT)     \
    X(NAN, "nan", DOUBLE)                \
    X(NANF, "nanf", FLOAT)
#define X(NAME, text, type) BUILTIN_##NAME,
    BUILTINS(X)
#undef X
        BUILTIN_COUNT
};

static const struct {
    const char *name;
    enum basic_type type;
} builtins[BUILTIN_COUNT] = {
#define X(NAME, text, type) {text, BASIC_##type},
    BUILTINS(X)
#undef X
};

static enum builtin which(const struct expr *call)
{
    static const char prefix[] = "__builtin_";
    const struct expr *callee = call->left;
    if (callee->kind != EXPR_NAME || strncmp(callee->name, prefix, sizeof prefix - 1) != 0)
        return BUILTIN_COUNT;
    unsigned i = 0;
    while (i < BUILTIN_COUNT && strcmp(builtins[i].name, callee->name + sizeof prefix - 1) != 0)
        i++;
    return i;
}

static const struct expr *argument(const struct expr *call, unsigned index)
{
    const struct expr *expr = call->right;
    for (; expr && index; index--)
        expr = expr->next;
    return expr;
}

static const struct expr *chosen(struct unit *unit, const struct expr *call)
{
    struct constant c = constant_evaluate(unit, argument(call, 0));
    return c.known ? argument(call, c.is_real ? (c.real != 0 ? 1 : 2) : c.value ? 1 : 2) : NULL;
}

struct typeref builtin_type(struct unit *unit, const struct expr *call)
{
    enum builtin builtin = which(call);
    if (builtin == BUILTIN_CHOOSE_EXPR)
        return expr_type(unit, chosen(unit, call));
    if (builtin == BUILTIN_COUNT)
        return (struct typeref){0};
    return (struct typeref){.type = unit_basic(unit, builtins[builtin].type)};
}

/* c as the type that the function returns. */
static struct constant result(struct unit *unit, enum builtin builtin, uint64_t value)
{
    struct constant c = {.known = true, .size = 8, .value = value};
    return constant_converted(c, unit_basic(unit, builtins[builtin].type));
}

static struct constant real_result(struct unit *unit, enum builtin builtin, double real)
{
    struct constant c = {.known = true, .is_real = true, .size = 8, .real = real};
    return constant_converted(c, unit_basic(unit, builtins[builtin].type));
}

static struct constant compatible(struct unit *unit, const struct expr *call)
{
    const struct expr *a = argument(call, 0), *b = argument(call, 1);
    if (!a || !b || a->kind != EXPR_TYPE || b->kind != EXPR_TYPE)
        return (struct constant){0};
    if (a->type.type->kind == TYPE_UNKNOWN || b->type.type->kind == TYPE_UNKNOWN)
        return (struct constant){0};
    struct typeref left = a->type, right = b->type;
    left.qualifiers = right.qualifiers = 0;
    return result(unit, BUILTIN_TYPES, types_compatible(left, right));
}

/* Functions of one integer argument. Counting zeros in zero means nothing. */
static struct constant of_integer(struct unit *unit, enum builtin builtin, uint64_t value)
{
    uint32_t low = (uint32_t)value;
    bool counts_zeros = builtin >= BUILTIN_CLZ && builtin <= BUILTIN_CTZLL;
    bool narrow = builtin == BUILTIN_CLZ || builtin == BUILTIN_CTZ;
    if (counts_zeros && (narrow ? low == 0 : value == 0))
        return (struct constant){0};
    switch (builtin) {
    case BUILTIN_BSWAP16:
        return result(unit, builtin, __builtin_bswap16((uint16_t)value));
    case BUILTIN_BSWAP32:
        return result(unit, builtin, __builtin_bswap32(low));
    case BUILTIN_BSWAP64:
        return result(unit, builtin, __builtin_bswap64(value));
    case BUILTIN_CLZ:
        return result(unit, builtin, (uint64_t)__builtin_clz(low));
    case BUILTIN_CLZL:
    case BUILTIN_CLZLL:
        return result(unit, builtin, (uint64_t)__builtin_clzll(value));
    case BUILTIN_CTZ:
        return result(unit, builtin, (uint64_t)__builtin_ctz(low));
    case BUILTIN_CTZL:
    case BUILTIN_CTZLL:
        return result(unit, builtin, (uint64_t)__builtin_ctzll(value));
    case BUILTIN_FFS:
        return result(unit, builtin, (uint64_t)__builtin_ffs((int)low));
    case BUILTIN_FFSL:
    case BUILTIN_FFSLL:
        return result(unit, builtin, (uint64_t)__builtin_ffsll((long long)value));
    case BUILTIN_POPCOUNT:
        return result(unit, builtin, (uint64_t)__builtin_popcount(low));
    case BUILTIN_POPCOUNTL:
    case BUILTIN_POPCOUNTLL:
        return result(unit, builtin, (uint64_t)__builtin_popcountll(value));
    case BUILTIN_PARITY:
        return result(unit, builtin, (uint64_t)__builtin_parity(low));
    case BUILTIN_PARITYLL:
        return result(unit, builtin, (uint64_t)__builtin_parityll(value));
    case BUILTIN_ABS:
        return result(unit, builtin, (int32_t)low < 0 ? 0 - value : value);
    case BUILTIN_LABS:
    case BUILTIN_LLABS:
        return result(unit, builtin, (int64_t)value < 0 ? 0 - value : value);
    default:
        return (struct constant){0};
    }
}

struct constant builtin_evaluate(struct unit *unit, const struct expr *call)
{
    enum builtin builtin = which(call);
    const struct expr *first = call->right;
    struct constant c = {0};
    switch (builtin) {
    case BUILTIN_COUNT:
    case BUILTIN_OBJECT_SIZE:
        return c;
    case BUILTIN_CONSTANT_P:
        return result(unit, builtin, (first && first->kind == EXPR_STRING) || constant_evaluate(unit, first).known);
    case BUILTIN_CHOOSE_EXPR:
        return constant_evaluate(unit, chosen(unit, call));
    case BUILTIN_TYPES:
        return compatible(unit, call);
    case BUILTIN_EXPECT:
        return constant_evaluate(unit, first);
    case BUILTIN_STRLEN:
        return first && first->kind == EXPR_STRING ? result(unit, builtin, strlen(first->name)) : c;
    case BUILTIN_INF:
    case BUILTIN_INFF:
    case BUILTIN_HUGE_VAL:
    case BUILTIN_HUGE_VALF:
        return real_result(unit, builtin, (double)INFINITY);
    case BUILTIN_NAN:
    case BUILTIN_NANF:
        return real_result(unit, builtin, (double)NAN);
    default:
        c = constant_evaluate(unit, first);
        return c.known && !c.is_real ? of_integer(unit, builtin, c.value) : (struct constant){0};
    }
}
