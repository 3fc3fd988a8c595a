/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Sizes and selectors of a record's values, worked out from memory of this process: by whoever makes arguments up. */
#ifndef FARCALL_FAR_RECORD_SIZE_H
#define FARCALL_FAR_RECORD_SIZE_H

#include "runtime/iface.h"

/* A structure that lies around a value, or around the pointer to it. */
struct record_place {
    const char *memory;
    const struct record_place *outer;
};

struct record_words {
    const struct far_iface *iface;
    const uint64_t *word;   /* of each parameter; what expressions read through pointers is read there */
    const uint64_t *result; /* NULL: there is none yet */
};

/* False: it cannot be worked out (there is no result, something overflows). */
bool record_evaluate(const struct record_words *words, uint32_t first, uint32_t count,
                     const struct record_place *around, uint64_t *number);
/* The member of a union that its selector names; NULL: none. value NULL or without a selector: the first. */
const struct far_member *record_member_in_use(const struct record_words *words, const struct far_type *type,
                                              const struct far_value *value, const struct record_place *around);
/* A bit-field of at most 64 bits, and nothing beside it: a packed structure may end right behind it. */
uint64_t record_bits(const struct far_member *member, const char *structure);
void record_put_bits(const struct far_member *member, char *structure, uint64_t value);
/* The type of one element of what a pointer or an array leads to. */
uint32_t record_element(const struct far_iface *iface, uint32_t type);

#endif
