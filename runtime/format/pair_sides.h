/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Between the files of pair.c's check. */
#ifndef FARCALL_PAIR_SIDES_H
#define FARCALL_PAIR_SIDES_H

#include "runtime/format/pair.h"
#include "runtime/format/pair_symbols.h"
#include "runtime/format/pair_words.h"
#include "runtime/machine.h"

struct pair_side {
    const struct far_segment *segment;
    const char *machine; /* what messages call it */
    struct named_places places;
    const struct named_place **variables;
    size_t variable_count;
    struct address_words words;
};

struct pair_sides {
    struct pair_side one, other;
    struct pair *pair;
};

void pair_differs(struct pair_sides *sides, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* " (kv.c)", or "" where the symbol table does not say. */
const char *pair_source(const struct named_place *place, char text[128]);

void pair_compare_contents(struct pair_sides *sides);

#endif
