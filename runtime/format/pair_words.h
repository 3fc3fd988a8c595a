/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The words of part data that hold addresses, as the relocation commands say. */
#ifndef FARCALL_PAIR_WORDS_H
#define FARCALL_PAIR_WORDS_H

#include "runtime/segment.h"

struct address_word {
    uint64_t at;
    enum far_reloc_code code;        /* REBASE, STUB or BIND */
    uint64_t value;                  /* REBASE: the address in it; else the addend */
    const char *service, *operation; /* "" where it does not apply */
};

struct address_words {
    struct address_word *list; /* by address */
    size_t count, room;
};

/* Returns 0 or -ENOMEM; free with address_words_free() in both cases. */
int address_words_load(struct address_words *words, const struct far_segment *segment);
void address_words_free(struct address_words *words);
/* The one at an address, or NULL. */
const struct address_word *address_words_at(const struct address_words *words, uint64_t address);

/* A word of part data as it stands in the file; what the file does not hold is zero. */
uint64_t data_word(const struct far_segment *segment, uint64_t address);

#endif
