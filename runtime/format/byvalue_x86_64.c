/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * System V ABI for x86-64, section 3.2.3: a value of at most two eightbytes is passed in registers, each eightbyte in one
 * for integers if anything in it is one, otherwise in one for floating-point numbers; all others, those with members that
 * are packed, and `long double`, are passed on the stack. If there are not registers for all of it, none is used.
 */
#include "runtime/format/byvalue.h"

#include <errno.h>

#define INTEGERS   6
#define FLOATS     8
#define EIGHTBYTES 2
#define VECTOR_MAX 64 /* bytes: what is larger is in memory whatever it is */
#define X87_BYTES  10

/* In the order in which they win: SSE_UP is the upper half of the register that the eightbyte before it is in. */
enum eightbyte { NOTHING, SSE_UP, SSE, INTEGER, X87 };

struct classes {
    enum eightbyte of[EIGHTBYTES];
    bool memory;
};

static void merge(struct classes *classes, uint64_t at, enum eightbyte class)
{
    enum eightbyte before = classes->of[at];
    classes->memory |= before != NOTHING && before != class && (before == X87 || class == X87);
    classes->of[at] = before > class ? before : class;
}

/* The ABI's merger: INTEGER before SSE; a long double that shares its bytes with anything else makes all of it memory. */
static int classify_leaf(void *context, const struct far_leaf *leaf)
{
    struct classes *classes = context;
    bool x87 = leaf->kind == FAR_LEAF_FLOAT && leaf->size == 16;
    bool whole = leaf->kind == FAR_LEAF_QUAD || leaf->kind == FAR_LEAF_VECTOR;
    classes->memory |= leaf->misplaced;
    enum eightbyte class = leaf->kind == FAR_LEAF_INTEGER ? INTEGER : x87 ? X87 : SSE;
    uint64_t first = leaf->offset / 8;
    for (uint64_t at = first; at <= (leaf->offset + leaf->size - 1) / 8 && leaf->size; at++)
        if (at < EIGHTBYTES)
            merge(classes, at, whole && at > first ? SSE_UP : class);
    return 0;
}

static int find_odd_vector(void *context, const struct far_leaf *leaf)
{
    (void)context;
    return leaf->kind == FAR_LEAF_ODD_VECTOR ? -ENOTSUP : 0;
}

static int classify(const struct far_iface *iface, uint32_t type, struct classes *classes)
{
    const struct far_type *what = iface_type(iface, type);
    *classes = (struct classes){.memory = what->size > 8 * EIGHTBYTES};
    int failed = what->size <= VECTOR_MAX ? by_value_leaves(iface, type, find_odd_vector, NULL) : 0;
    if (!failed && !classes->memory)
        by_value_leaves(iface, type, classify_leaf, classes);
    if (classes->of[1] == SSE_UP && classes->of[0] != SSE)
        classes->of[1] = SSE;
    return failed;
}

static unsigned bytes_of(uint64_t size, unsigned eightbyte)
{
    uint64_t left = size - 8 * eightbyte;
    return left < 8 ? (unsigned)left : 8;
}

static struct far_piece put_piece(enum eightbyte class, unsigned i, uint64_t size, struct far_taken *taken)
{
    struct far_piece piece = {.offset = (uint8_t)(8 * i), .bytes = (uint8_t)bytes_of(size, i)};
    piece.place = class == INTEGER ? FAR_PIECE_INTEGER : class == SSE ? FAR_PIECE_FLOAT : FAR_PIECE_FLOAT_HIGH;
    piece.index = (uint8_t)(class == INTEGER ? taken->integers++ : class == SSE ? taken->floats++ : taken->floats - 1);
    return piece;
}

/* An eightbyte of padding alone has no register. */
static void put_pieces(const struct classes *classes, uint64_t size, struct far_taken *taken,
                       struct far_by_value *where)
{
    for (unsigned i = 0; i < EIGHTBYTES && 8 * i < size; i++) {
        if (classes->of[i] == NOTHING)
            continue;
        where->piece[where->count++] = put_piece(classes->of[i], i, size, taken);
    }
    where->how = where->count ? FAR_BY_VALUE_REGISTERS : FAR_BY_VALUE_NOTHING;
}

static bool fits_registers(const struct classes *classes, const struct far_taken *taken)
{
    unsigned integers = taken->integers, floats = taken->floats;
    for (unsigned i = 0; i < EIGHTBYTES; i++) {
        if (classes->of[i] == X87)
            return false;
        integers += classes->of[i] == INTEGER;
        floats += classes->of[i] == SSE;
    }
    return !classes->memory && integers <= INTEGERS && floats <= FLOATS;
}

static int put_on_stack(const struct far_type *type, struct far_taken *taken, struct far_by_value *where)
{
    unsigned words = taken->words;
    if (type->align >= 16)
        words = (words + 1) & ~1u;
    if (type->align > 16 || type->size > 8 * FAR_STACK_WORDS_MAX || words + (type->size + 7) / 8 > FAR_STACK_WORDS_MAX)
        return -ENOTSUP;
    *where = (struct far_by_value){.how = FAR_BY_VALUE_STACK, .word = (uint16_t)words};
    taken->words = words + (unsigned)((type->size + 7) / 8);
    return 0;
}

/*
 * __int128 where one register for integers is left: it goes on the stack. Whether the next integer takes that register is
 * answered one way by gcc, as the ABI has it, and the other way by clang up to 19.
 */
static bool compilers_disagree(const struct far_type *type, const struct far_taken *taken)
{
    return type->kind == FAR_TYPE_INT && type->size == 16 && taken->integers == INTEGERS - 1;
}

int by_value_param_x86_64(const struct far_iface *iface, uint32_t type, struct far_taken *taken,
                          struct far_by_value *where)
{
    struct classes classes;
    const struct far_type *what = iface_type(iface, type);
    int failed = compilers_disagree(what, taken) ? -ENOTSUP : classify(iface, type, &classes);
    *where = (struct far_by_value){0};
    if (failed || what->size == 0)
        return failed;
    if (!fits_registers(&classes, taken))
        return put_on_stack(what, taken, where);
    put_pieces(&classes, what->size, taken, where);
    return 0;
}

/* `long double` alone, or a complex one: st(0), st(1). */
static void put_x87(const struct far_iface *iface, uint32_t type, struct far_by_value *where)
{
    const struct far_type *what = iface_type(iface, type);
    unsigned count = what->kind == FAR_TYPE_COMPLEX && what->size == 32 ? 2 : 1;
    *where = (struct far_by_value){.how = FAR_BY_VALUE_REGISTERS, .count = (uint8_t)count};
    for (unsigned i = 0; i < count; i++)
        where->piece[i] = (struct far_piece){FAR_PIECE_X87, (uint8_t)i, (uint8_t)(16 * i), X87_BYTES};
}

static bool is_x87(const struct far_iface *iface, uint32_t type, const struct classes *classes)
{
    const struct far_type *what = iface_type(iface, type);
    if (what->kind == FAR_TYPE_COMPLEX && what->size == 32)
        return true;
    return !classes->memory && classes->of[0] == X87 && classes->of[1] == X87;
}

int by_value_result_x86_64(const struct far_iface *iface, uint32_t type, struct far_by_value *where)
{
    struct classes classes;
    struct far_taken taken = {0};
    int failed = classify(iface, type, &classes);
    *where = (struct far_by_value){0};
    if (failed || iface_type(iface, type)->size == 0)
        return failed;
    if (is_x87(iface, type, &classes))
        put_x87(iface, type, where);
    else if (fits_registers(&classes, &taken))
        put_pieces(&classes, iface_type(iface, type)->size, &taken, where);
    else
        where->how = FAR_BY_VALUE_HIDDEN;
    return 0;
}
