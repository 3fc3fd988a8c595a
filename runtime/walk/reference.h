/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Reference words: what stands for a pointer while it crosses. No address of private memory ever leaves its process. In a
 * word: kind in bits 56 … 63, index in 32 … 55, offset in 0 … 31; of ADDRESS, the address in 0 … 47.
 *
 * Memory that a call leads to is a list of objects, in the order in which they are found: the parameters in order, those
 * whose size needs another's memory after the others; then, breadth first, what the objects' pointers lead to, in order of
 * element and member. Both sides count alike, so a word needs no more than "the next one".
 */
#ifndef FARCALL_WALK_REFERENCE_H
#define FARCALL_WALK_REFERENCE_H

#include <stdint.h>

enum far_reference_kind {
    FAR_REFERENCE_NULL,
    FAR_REFERENCE_NEW,  /* object `index`, which must be the next one. `offset`: bytes, where no expression says them */
    FAR_REFERENCE_SEEN, /* byte `offset` of object `index`, which was named before */
    FAR_REFERENCE_ADDRESS, /* memory that both sides reach at this address */
    FAR_REFERENCE_KEPT,    /* the next object, which the other side keeps as number `index`. `offset` as for NEW */
    FAR_REFERENCE_KIND_COUNT
};

#define FAR_REFERENCE_INDEX_MAX   0xFFFFFFu
#define FAR_REFERENCE_ADDRESS_MAX 0xFFFFFFFFFFFFull

static inline uint64_t far_reference(enum far_reference_kind kind, uint32_t index, uint32_t offset)
{
    return (uint64_t)kind << 56 | (uint64_t)(index & FAR_REFERENCE_INDEX_MAX) << 32 | offset;
}

static inline uint64_t far_reference_address(uint64_t address)
{
    return (uint64_t)FAR_REFERENCE_ADDRESS << 56 | (address & FAR_REFERENCE_ADDRESS_MAX);
}

static inline unsigned far_reference_kind(uint64_t word)
{
    return (unsigned)(word >> 56);
}

static inline uint32_t far_reference_index(uint64_t word)
{
    return (uint32_t)(word >> 32) & FAR_REFERENCE_INDEX_MAX;
}

static inline uint32_t far_reference_offset(uint64_t word)
{
    return (uint32_t)word;
}

#endif
