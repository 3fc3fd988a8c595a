/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * AAPCS64, section 6.8.2: one to four floating-point numbers or vectors of one kind and nothing else (a homogeneous aggregate) are passed in
 * as many floating-point registers; what has at most 16 bytes otherwise, in one or two for integers; what has more, as the
 * address of a copy. What does not find registers enough is passed on the stack, and ends that kind of register for all
 * later parameters.
 */
#include "runtime/format/byvalue.h"

#include <errno.h>

#define INTEGERS 8
#define FLOATS   8
#define SMALL    16 /* bytes that travel in registers */
#define NUMBERS  4  /* of a homogeneous aggregate */

struct homogeneous {
    uint64_t size; /* of each number; 0: none seen yet */
    enum far_leaf_kind kind;
    bool broken;
    bool odd;
    uint64_t largest;
};

static int look_at_leaf(void *context, const struct far_leaf *leaf)
{
    struct homogeneous *numbers = context;
    enum far_leaf_kind kind = leaf->kind == FAR_LEAF_QUAD ? FAR_LEAF_FLOAT : leaf->kind;
    numbers->odd |= kind == FAR_LEAF_ODD_VECTOR;
    numbers->largest = leaf->size > numbers->largest ? leaf->size : numbers->largest;
    numbers->broken |= kind == FAR_LEAF_INTEGER || leaf->misplaced ||
                       (numbers->size && (numbers->size != leaf->size || numbers->kind != kind));
    numbers->size = leaf->size;
    numbers->kind = kind;
    return 0;
}

/* How many numbers a homogeneous aggregate is made of; 0: it is none; or -ENOTSUP. */
static int count_numbers(const struct far_iface *iface, uint32_t type, uint64_t *size)
{
    struct homogeneous numbers = {0};
    const struct far_type *what = iface_type(iface, type);
    if (what->size > 16 * NUMBERS)
        return 0;
    by_value_leaves(iface, type, look_at_leaf, &numbers);
    *size = numbers.size;
    if (numbers.odd || (what->align >= 16 && numbers.largest < 16 && what->size <= SMALL))
        return -ENOTSUP; /* aligned by a word on the structure, which does not count, or on a member, which does */
    if (numbers.broken || !numbers.size || what->size % numbers.size || what->size / numbers.size > NUMBERS)
        return 0;
    return (int)(what->size / numbers.size);
}

static void put_numbers(struct far_by_value *where, unsigned count, uint64_t size, unsigned first)
{
    *where = (struct far_by_value){.how = FAR_BY_VALUE_REGISTERS};
    for (unsigned i = 0; i < count; i++) {
        uint8_t index = (uint8_t)(first + i), offset = (uint8_t)(i * size);
        where->piece[where->count++] = (struct far_piece){FAR_PIECE_FLOAT, index, offset, size < 8 ? (uint8_t)size : 8};
        if (size > 8)
            where->piece[where->count++] = (struct far_piece){FAR_PIECE_FLOAT_HIGH, index, offset + 8, 8};
    }
}

static void put_integers(struct far_by_value *where, uint64_t size, unsigned first)
{
    *where = (struct far_by_value){.how = FAR_BY_VALUE_REGISTERS, .count = (uint8_t)((size + 7) / 8)};
    for (unsigned i = 0; i < where->count; i++)
        where->piece[i] = (struct far_piece){FAR_PIECE_INTEGER, (uint8_t)(first + i), (uint8_t)(8 * i),
                                             (uint8_t)(size - 8 * i < 8 ? size - 8 * i : 8)};
}

static int put_on_stack(const struct far_type *type, struct far_taken *taken, struct far_by_value *where)
{
    unsigned words = type->align >= 16 ? (taken->words + 1) & ~1u : taken->words;
    if (words + (type->size + 7) / 8 > FAR_STACK_WORDS_MAX)
        return -ENOTSUP;
    *where = (struct far_by_value){.how = FAR_BY_VALUE_STACK, .word = (uint16_t)words};
    taken->words = words + (unsigned)((type->size + 7) / 8);
    return 0;
}

static int put_pointer(struct far_taken *taken, struct far_by_value *where)
{
    *where = (struct far_by_value){.how = FAR_BY_VALUE_POINTER};
    if (taken->integers < INTEGERS) {
        where->count = 1;
        where->piece[0] = (struct far_piece){FAR_PIECE_INTEGER, (uint8_t)taken->integers++, 0, 8};
    } else if (taken->words < FAR_STACK_WORDS_MAX) {
        where->word = (uint16_t)taken->words++;
    } else {
        return -ENOTSUP;
    }
    return 0;
}

static int place_numbers(const struct far_type *type, unsigned count, uint64_t size, struct far_taken *taken,
                         struct far_by_value *where)
{
    if (taken->floats + count > FLOATS) {
        taken->floats = FLOATS;
        return put_on_stack(type, taken, where);
    }
    put_numbers(where, count, size, taken->floats);
    taken->floats += count;
    return 0;
}

static int place_small(const struct far_type *type, struct far_taken *taken, struct far_by_value *where)
{
    unsigned first = type->align >= 16 ? (taken->integers + 1) & ~1u : taken->integers;
    unsigned registers = (unsigned)((type->size + 7) / 8);
    if (first + registers > INTEGERS) {
        taken->integers = INTEGERS;
        return put_on_stack(type, taken, where);
    }
    put_integers(where, type->size, first);
    taken->integers = first + registers;
    return 0;
}

int by_value_param_aarch64(const struct far_iface *iface, uint32_t type, struct far_taken *taken,
                           struct far_by_value *where)
{
    uint64_t size = 0;
    const struct far_type *what = iface_type(iface, type);
    int count = count_numbers(iface, type, &size);
    *where = (struct far_by_value){0};
    if (count < 0 || what->size == 0)
        return count < 0 ? count : 0;
    if (count)
        return place_numbers(what, (unsigned)count, size, taken, where);
    return what->size <= SMALL ? place_small(what, taken, where) : put_pointer(taken, where);
}

int by_value_result_aarch64(const struct far_iface *iface, uint32_t type, struct far_by_value *where)
{
    uint64_t size = 0;
    const struct far_type *what = iface_type(iface, type);
    int count = count_numbers(iface, type, &size);
    *where = (struct far_by_value){0};
    if (count < 0 || what->size == 0)
        return count < 0 ? count : 0;
    if (count)
        put_numbers(where, (unsigned)count, size, 0);
    else if (what->size <= SMALL)
        put_integers(where, what->size, 0);
    else
        where->how = FAR_BY_VALUE_HIDDEN;
    return 0;
}
