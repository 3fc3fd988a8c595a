/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/range.h"
#include "runtime/segment.h"

#include <errno.h>

uint64_t range_after(const struct range *range)
{
    return range->base + range->size + FAR_GRANULE;
}

bool range_is_sound(const struct range *range)
{
    return range->base >= FAR_WINDOW_BEGIN && range->base < FAR_WINDOW_END && range->base % FAR_GRANULE == 0 &&
           range->size > 0 && range->size % FAR_GRANULE == 0 && range->size <= FAR_WINDOW_END - range->base;
}

int range_take(uint64_t cursor, uint64_t bytes, struct range *range, uint64_t *next)
{
    if (cursor < FAR_WINDOW_BEGIN || cursor % FAR_GRANULE || bytes == 0)
        return -EINVAL;
    if (cursor >= FAR_WINDOW_END || bytes > FAR_WINDOW_END - cursor)
        return RANGE_EXHAUSTED;
    range->base = cursor;
    range->size = (bytes + FAR_GRANULE - 1) / FAR_GRANULE * FAR_GRANULE;
    if (range->size > FAR_WINDOW_END - cursor)
        return RANGE_EXHAUSTED;
    *next = range_after(range);
    return 0;
}
