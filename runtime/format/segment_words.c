/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What relocation commands can only be asked with the whole segment at hand. */
#include "runtime/format/segment_walk.h"
#include "runtime/iface.h"

#include <string.h>

/* The value of a word as it stands in the file; what lies beyond the part's file bytes is zero. */
static uint64_t word_value(const struct far_segment *segment, uint64_t where)
{
    for (enum far_part part = FAR_PART_CONST; part <= FAR_PART_DATA; part++) {
        const struct far_extent *extent = &segment->part[part];
        uint64_t value = 0;
        if (where < extent->address || !range_inside(where - extent->address, 8, extent->size))
            continue;
        if (range_inside(where - extent->address, 8, segment->content_size[part]))
            memcpy(&value, segment->content[part] + (where - extent->address), sizeof value);
        return value;
    }
    return 0;
}

/* An address one past the end is one that C lets a program have. */
static int check_rebase(struct segment_walk *walk, const struct far_reloc *command)
{
    const struct far_segment *segment = walk->segment;
    const uint64_t *bitmap = (const uint64_t *)(command + 1);
    for (uint32_t j = 0; j < command->count; j++) {
        for (uint64_t left = bitmap[j]; left; left &= left - 1) {
            uint64_t where = command->where + 8 * (64 * (uint64_t)j + (unsigned)__builtin_ctzll(left));
            uint64_t value = word_value(segment, where);
            if (value > segment->note->image_size)
                return complain(&walk->to,
                                "relocation commands: the word at 0x%llx holds 0x%llx, which is no address inside "
                                "the image; link the segment again",
                                (unsigned long long)where, (unsigned long long)value);
        }
    }
    return 0;
}

static int check_stub(struct segment_walk *walk, const struct far_reloc *command)
{
    const char *name = segment_reloc_string(walk->segment->reloc, command->name);
    if (iface_op_by_name(walk->segment->iface, name))
        return 0;
    return complain(&walk->to,
                    "relocation commands: STUB names %s, which is no operation of this segment; link it again", name);
}

int segment_check_words(struct segment_walk *walk)
{
    const struct far_reloc_header *stream = walk->segment->reloc;
    int err = 0;
    for (const struct far_reloc *at = segment_next_reloc(stream, NULL); !err && at;
         at = segment_next_reloc(stream, at)) {
        if (at->code == FAR_RELOC_REBASE)
            err = check_rebase(walk, at);
        else if (at->code == FAR_RELOC_STUB)
            err = check_stub(walk, at);
    }
    return err;
}
