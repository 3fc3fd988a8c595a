/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Structures, unions and wide numbers by value: where a machine's calling convention has their bytes. Pure code; each
 * machine's rules are one file and are compiled everywhere, so that they can be tested everywhere. byvalue_x86_64.c
 * follows the System V ABI's classification of eightbytes, byvalue_aarch64.c the AAPCS64's composite types and homogeneous
 * aggregates.
 */
#ifndef FARCALL_BYVALUE_H
#define FARCALL_BYVALUE_H

#include "runtime/iface.h"

/* A homogeneous aggregate of four, both halves of each: more registers one value never has. */
#define FAR_PIECES_MAX 8

enum far_piece_place {
    FAR_PIECE_INTEGER,    /* the index-th register for integers */
    FAR_PIECE_FLOAT,      /* the low bytes of the index-th floating-point register, which is a vector register */
    FAR_PIECE_FLOAT_HIGH, /* its upper half */
    FAR_PIECE_X87,        /* results on x86-64: st(index) */
};

struct far_piece {
    uint8_t place; /* enum far_piece_place */
    uint8_t index;
    uint8_t offset; /* bytes from the value's start */
    uint8_t bytes;  /* of the value that lie there, at most 8; 10 in FAR_PIECE_X87 */
};

enum far_by_value_how {
    FAR_BY_VALUE_NOTHING,   /* empty: it is not passed at all */
    FAR_BY_VALUE_REGISTERS, /* in `piece` */
    FAR_BY_VALUE_STACK,     /* parameters: the caller's stack words from `word` on */
    FAR_BY_VALUE_POINTER, /* parameters: its address, in a register or stack word as any pointer (`piece` 0, or `word`) */
    FAR_BY_VALUE_HIDDEN, /* results: the caller's memory, whose address it passes */
};

/* A structure, a union or a wide number itself: bytes that need not be one word. */
static inline bool far_is_by_value(const struct far_value *value)
{
    return value->passing == FAR_PASS_STRUCT || value->passing == FAR_PASS_WIDE;
}

struct far_by_value {
    uint8_t how; /* enum far_by_value_how */
    uint8_t count;
    uint16_t word;
    struct far_piece piece[FAR_PIECES_MAX];
};

/* What of the registers and of the stack is taken already. Starts as all 0, or one integer for x86-64's hidden pointer. */
struct far_taken {
    unsigned integers, floats, words;
};

/* More words of stack no gate carries. */
#define FAR_STACK_WORDS_MAX 512

/*
 * Place the next parameter, which is of `type` (an index of the record's types: STRUCT, UNION, COMPLEX, VECTOR, wide INT
 * or FLOAT), and take its registers or words; or say where a result of that type is. 0; or -ENOTSUP: no gate carries it
 * (vectors that are not of 8 or 16 bytes, more stack than FAR_STACK_WORDS_MAX, what compilers do not agree on).
 */
typedef int far_place_by_value(const struct far_iface *iface, uint32_t type, struct far_taken *taken,
                               struct far_by_value *where);
far_place_by_value by_value_param_x86_64, by_value_param_aarch64;

typedef int far_result_by_value(const struct far_iface *iface, uint32_t type, struct far_by_value *where);
far_result_by_value by_value_result_x86_64, by_value_result_aarch64;

/* --- for the machines' files --- */

enum far_leaf_kind {
    FAR_LEAF_INTEGER,
    FAR_LEAF_FLOAT,
    FAR_LEAF_QUAD,       /* IEEE's binary128 by name; aarch64's `long double` is a FLOAT of 16 bytes */
    FAR_LEAF_VECTOR,     /* of 8 or 16 bytes */
    FAR_LEAF_ODD_VECTOR, /* where it is depends on the compiler, or on what the machine has */
};

/* A scalar somewhere in a value. */
struct far_leaf {
    enum far_leaf_kind kind;
    uint64_t offset, size; /* bytes; of a bit-field those it lies in */
    bool misplaced;        /* not at a multiple of its alignment: packed */
};

/* Calls `each` for each scalar, arrays and complex numbers taken apart. Stops at the first that does not return 0. */
int by_value_leaves(const struct far_iface *iface, uint32_t type,
                    int (*each)(void *context, const struct far_leaf *leaf), void *context);

#endif
