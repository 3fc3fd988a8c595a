/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Executable parts without a way round the gates, unless the segment says itself that it has one. */
#include "runtime/format/segment_walk.h"
#include "runtime/format/stray.h"

int segment_check_strays(struct segment_walk *walk)
{
    const struct far_segment *segment = walk->segment;
    struct stray stray;
    if (segment->note->flags & FAR_NOTE_STRAY)
        return 0;
    for (enum far_part part = FAR_PART_FSTUBS; part <= FAR_PART_CODE; part++) {
        if (!stray_find(segment->note->machine, segment->content[part], segment->content_size[part], 0, &stray))
            continue;
        return complain(&walk->to,
                        "part %s holds the bytes of %s at 0x%llx: code that may change protection keys; link it again, "
                        "farld names the function",
                        far_part_name(part), stray.name,
                        (unsigned long long)(segment->part[part].address + stray.offset));
    }
    return 0;
}
