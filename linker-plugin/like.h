/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * farld --like=OTHER.seg: the executable of a service for another machine, over the same data.
 *
 *     like.c         read OTHER; afterwards, whether the segment linked is a pair with it
 *     like_layout.c  which input section must lie where, so that variables get OTHER's addresses
 *
 * Variables get their addresses by construction: each input section of data that holds a variable that OTHER has is placed
 * where OTHER's lies. Whether that came out right is asked of the finished segment (segment_pair_check).
 */
#ifndef FARLD_LIKE_H
#define FARLD_LIKE_H

#include "linker-plugin/farld.h"
#include "runtime/format/data_layout.h"
#include "runtime/format/pair_symbols.h"
#include "runtime/format/pair_words.h"

struct like {
    const char *path;
    struct far_segment segment;
    struct named_place *by_name; /* its variables and constants; those of one name in the order of its symbol table */
    size_t count;
    bool upgrade; /* it is an earlier version for the same machine, not the same one for another */
    struct data_layout layout;
    struct address_word *words; /* of its data, that hold addresses; by address */
    size_t word_count;
    const char *misaligned;             /* a section whose place does not fit its alignment; NULL: none */
    const char *data, *bss, *constants; /* lines of the linker script: sections at their places */
};

int like_read(struct link *link);
int like_lay_out(struct link *link);

/* For the linker script; without --like what is there anyhow. */
const char *like_part_start(struct link *link, enum far_part part);
const char *like_lines(const struct link *link, enum far_part part, bool zeroed);
/* Where sections with variables that OTHER has not may begin; "" where there are none. */
const char *like_new_start(struct link *link, bool zeroed);
/* The end of OTHER's room of this name. */
uint64_t like_room_end(const struct link *link, const char *section);

/* The address of OTHER's thunk for a function; 0: it has none. */
uint64_t like_thunk(const struct link *link, const char *name);
bool like_has_thunk_at(const struct link *link, uint64_t code);
size_t like_thunk_count(const struct link *link);

/* The segment as written; errors name what differs. */
int like_verify(struct link *link, const struct far_segment *segment);

#endif
