/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What relocation commands can only be asked with the whole segment at hand. */
#include "runtime/format/segment_walk.h"
#include "runtime/iface.h"

#include <string.h>

/* File bytes of a part from which on words are read; what lies beyond is zero. */
struct content {
    uint64_t address, size;
    const uint8_t *bytes;
};

/* Parts start on multiples of what a bitmap word covers, so that all its words lie in one. */
static struct content content_at(const struct far_segment *segment, uint64_t address)
{
    enum far_part part = FAR_PART_CONST;
    while (part < FAR_PART_DATA && address >= segment->part[part + 1].address)
        part++;
    return (struct content){segment->part[part].address, segment->content_size[part], segment->content[part]};
}

static uint64_t word_value(const struct content *content, uint64_t where)
{
    uint64_t value = 0;
    if (range_inside(where - content->address, sizeof value, content->size))
        memcpy(&value, content->bytes + (where - content->address), sizeof value);
    return value;
}

static int check_rebase(struct segment_walk *walk, const struct far_reloc *command)
{
    const struct far_segment *segment = walk->segment;
    const uint64_t *words = segment_reloc_words(command), limit = segment->note->image_size;
    for (uint32_t j = 1; j < command->count; j++) {
        uint64_t first = words[0] + (uint64_t)(j - 1) * FAR_REBASE_SPAN;
        struct content content = content_at(segment, first);
        for (uint64_t left = words[j]; left; left &= left - 1) {
            uint64_t where = first + 8 * (uint64_t)__builtin_ctzll(left);
            uint64_t value = word_value(&content, where);
            if (value > limit) /* an address one past the end is one that C lets a program have */
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
