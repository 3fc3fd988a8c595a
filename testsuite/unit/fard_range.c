/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The allocator: whole granules, a guard between ranges, never back, never beyond the window. */
#include "runtime/fard/range.h"
#include "runtime/segment.h"
#include "testsuite/unit/check.h"

#include <errno.h>

static void ranges_follow_each_other(void)
{
    uint64_t cursor = FAR_WINDOW_BEGIN;
    for (uint64_t bytes = 1; bytes < (FAR_WINDOW_END - FAR_WINDOW_BEGIN) / 4; bytes = bytes * 3 + 1) {
        struct range range;
        uint64_t next;
        CHECK(range_take(cursor, bytes, &range, &next) == 0);
        CHECK(range.base == cursor && range.size >= bytes && range.size - bytes < FAR_GRANULE);
        CHECK(next == range.base + range.size + FAR_GRANULE);
        CHECK(range_is_sound(&range) && range_after(&range) == next);
        cursor = next;
    }
}

static void the_window_ends(void)
{
    struct range range = {1, 2};
    uint64_t next = 3, window = FAR_WINDOW_END - FAR_WINDOW_BEGIN;
    CHECK(range_take(FAR_WINDOW_BEGIN, window, &range, &next) == 0);
    CHECK(range_take(next, 1, &range, &next) == RANGE_EXHAUSTED);
    CHECK(range_take(FAR_WINDOW_BEGIN, window + 1, &range, &next) == RANGE_EXHAUSTED);
    CHECK(range_take(FAR_WINDOW_BEGIN, UINT64_MAX, &range, &next) == RANGE_EXHAUSTED);
    CHECK(range_take(FAR_WINDOW_END - FAR_GRANULE, FAR_GRANULE, &range, &next) == 0);
    CHECK(range_take(FAR_WINDOW_END - FAR_GRANULE, FAR_GRANULE + 1, &range, &next) == RANGE_EXHAUSTED);
    CHECK(range_take(FAR_WINDOW_END, 1, &range, &next) == RANGE_EXHAUSTED);
    CHECK(range_take(FAR_WINDOW_BEGIN + 1, 1, &range, &next) == -EINVAL);
    CHECK(range_take(0, 1, &range, &next) == -EINVAL);
    CHECK(range_take(FAR_WINDOW_BEGIN, 0, &range, &next) == -EINVAL);
}

static void stored_ranges_are_doubted(void)
{
    static const struct range unsound[] = {
        {0, FAR_GRANULE},
        {FAR_WINDOW_BEGIN, 0},
        {FAR_WINDOW_BEGIN + 4096, FAR_GRANULE},
        {FAR_WINDOW_BEGIN, FAR_GRANULE + 1},
        {FAR_WINDOW_END, FAR_GRANULE},
        {FAR_WINDOW_END - FAR_GRANULE, 2 * FAR_GRANULE},
        {FAR_WINDOW_BEGIN, UINT64_MAX / FAR_GRANULE * FAR_GRANULE},
    };
    for (size_t i = 0; i < sizeof unsound / sizeof *unsound; i++)
        CHECK(!range_is_sound(&unsound[i]));
}

int main(void)
{
    ranges_follow_each_other();
    the_window_ends();
    stored_ranges_are_doubted();
    return check_result();
}
