/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a segment's symbol table says about its variables, constants and functions. */
#ifndef FARCALL_PAIR_SYMBOLS_H
#define FARCALL_PAIR_SYMBOLS_H

#include "runtime/segment.h"

#include <stdbool.h>

struct named_place {
    uint64_t address, size;
    const char *name;   /* in the segment's bytes; printable */
    const char *source; /* the file it was compiled from, "" if the table does not say; of local symbols only */
    size_t order;       /* in the symbol table */
};

struct named_places {
    struct named_place *list; /* objects and functions, by address; of one address by name */
    size_t count;
};

/* A file without a sound symbol table has none. Returns 0 or -ENOMEM. */
int named_places_load(struct named_places *places, const struct far_segment *segment);
void named_places_free(struct named_places *places);

/* The one that an address lies in, or NULL. */
const struct named_place *named_places_at(const struct named_places *places, uint64_t address);

/* The part that an address lies in; FAR_PART_COUNT for none. */
enum far_part segment_part_at(const struct far_segment *segment, uint64_t address);

#endif
