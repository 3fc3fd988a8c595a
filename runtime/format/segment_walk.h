/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the files of segment_check() share: each step fills in more of *segment and may rely on the steps before it. */
#ifndef FARCALL_SEGMENT_WALK_H
#define FARCALL_SEGMENT_WALK_H

#include "runtime/format/elf.h"
#include "runtime/segment.h"

struct segment_walk {
    struct elf_view elf;
    struct far_segment *segment;
    struct complaint to;
};

int segment_check_note(struct segment_walk *walk);   /* segment_parts.c: note, its facts about the file */
int segment_check_parts(struct segment_walk *walk);  /* the six PT_LOADs and the heap */
int segment_check_arrays(struct segment_walk *walk); /* .init_array, .fini_array */
int segment_check_stubs(struct segment_walk *walk);  /* segment_stubs.c: both parts, both variants, slots */
int segment_check_strays(struct segment_walk *walk); /* segment_stray.c: no instruction that changes protection keys */
int segment_check_words(
    struct segment_walk *walk); /* segment_words.c: REBASE words' values, STUB commands' operations */

#endif
