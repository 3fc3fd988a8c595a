/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Names of code addresses, from a segment file's .symtab where it has one. Informative only: nothing relies on them. */
#ifndef FARCALL_FAR_SYMBOLS_H
#define FARCALL_FAR_SYMBOLS_H

#include "runtime/segment.h"

struct symbol {
    uint64_t address;
    uint64_t size;
    const char *name; /* in the segment's bytes; printable */
};

struct symbols {
    struct symbol *list; /* functions inside the code part, by address, then name */
    size_t count;
};

/* Never fails: a file without a sound symbol table has no symbols. */
void symbols_load(struct symbols *symbols, const struct far_segment *segment);
void symbols_free(struct symbols *symbols);

/* The function that starts at an address, or NULL. */
const char *symbols_at(const struct symbols *symbols, uint64_t address);

#endif
