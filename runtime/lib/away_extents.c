/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/away_extents.h"

#include <stdbool.h>
#include <string.h>

static uint64_t end_of(const struct wire_extent *extent)
{
    return extent->offset + extent->bytes;
}

static void reach(struct wire_extent *extent, uint64_t end)
{
    if (end > end_of(extent))
        extent->bytes = end - extent->offset;
}

/* Those behind item i that it has come near to become part of it. */
static void join(struct away_extents *extents, uint32_t i)
{
    uint32_t next = i + 1;
    while (next < extents->count && extents->item[next].offset <= end_of(&extents->item[i]) + AWAY_EXTENT_GAP)
        reach(&extents->item[i], end_of(&extents->item[next++]));
    memmove(&extents->item[i + 1], &extents->item[next], (extents->count - next) * sizeof extents->item[0]);
    extents->count -= next - (i + 1);
}

static void insert(struct away_extents *extents, uint32_t i, uint64_t offset, uint64_t bytes)
{
    memmove(&extents->item[i + 1], &extents->item[i], (extents->count - i) * sizeof extents->item[0]);
    extents->item[i] = (struct wire_extent){offset, bytes};
    extents->count++;
    join(extents, i);
}

void extents_add(struct away_extents *extents, uint64_t offset, uint64_t bytes)
{
    uint32_t i = extents->count;
    if (!bytes)
        return;
    while (i && extents->item[i - 1].offset > offset)
        i--;
    struct wire_extent *before = i ? &extents->item[i - 1] : NULL;
    bool near = before && offset <= end_of(before) + AWAY_EXTENT_GAP;
    if (!near && extents->count < AWAY_EXTENTS_MAX) {
        insert(extents, i, offset, bytes);
        return;
    }
    if (!before) { /* full, and in front of all: the first one begins there */
        extents->item[0].bytes += extents->item[0].offset - offset;
        extents->item[0].offset = offset;
        before = &extents->item[0];
    }
    reach(before, offset + bytes);
    join(extents, (uint32_t)(before - extents->item));
}

uint64_t extents_bytes(const struct away_extents *extents)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < extents->count; i++)
        bytes += extents->item[i].bytes;
    return bytes;
}
