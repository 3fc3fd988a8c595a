/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * How a segment's data part is divided, and where a later version puts variables that this one has not:
 *
 *     data.address  valued_end      zeroed       zeroed_end       end
 *     ├─ first values ─┼── room ──────┼─ zero, .bss ─┼── room ──────┤ heap …
 *
 * Both rooms are addresses that no variable has (farld --data-room). Each upgrade takes from their start, and nothing that was
 * ever taken is given back: who runs an old version may still write there.
 */
#ifndef FARCALL_DATA_LAYOUT_H
#define FARCALL_DATA_LAYOUT_H

#include "runtime/segment.h"

struct data_layout {
    uint64_t valued_end; /* behind the last byte that the file has */
    uint64_t zeroed;     /* where variables without a first value begin */
    uint64_t zeroed_end; /* behind the last of them */
    uint64_t end;        /* where the heap begins */
};

/* Of a checked segment. Without rooms, as other linkers' output has none, they are empty, but for what alignment leaves. */
void segment_data_layout(const struct far_segment *segment, struct data_layout *layout);

/* What `later` has and `earlier` has not: relative to the segment's start; sizes may be 0. Only for segments whose pair check for an upgrade has found nothing. */
void segment_data_added(const struct far_segment *earlier, const struct far_segment *later, struct far_extent added[2]);

#endif
