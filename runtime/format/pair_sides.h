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

/* pair_contents.c */
void pair_compare_contents(struct pair_sides *sides);
/* Does this address of the one mean the same in the other? */
bool pair_same_address(const struct pair_sides *sides, uint64_t address);
/* For an upgrade: a word of data that leads where the new version has something else. */
void pair_tell_stale(struct pair_sides *sides, const struct address_word *word);
/* For an upgrade: a word of data that the new version begins otherwise, while the old address may still be in it. */
void pair_tell_forgotten(struct pair_sides *sides, const struct address_word *word);

/* pair_upgrade.c: is there room for new variables; then, are the others where they were; then, what they hold. */
void pair_compare_rooms(struct pair_sides *sides);
int pair_compare_versions(struct pair_sides *sides); /* 0 or -ENOMEM */
void pair_compare_kept(struct pair_sides *sides);
/* The length of a name without the number that tells static variables of one name apart. */
size_t pair_stem(const char *name);

#endif
