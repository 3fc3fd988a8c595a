/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/net/bundle.h"

#include <stdlib.h>

static bool have_room(struct bundle_set *set, uint64_t more)
{
    if (more > BUNDLE_PAGES_MAX - set->count)
        return false;
    if (set->count + more <= set->room)
        return true;
    uint32_t room = set->room ? set->room : 512;
    while (room < set->count + more)
        room *= 2;
    uint64_t *page = bundle_resize(set->page, set->room * sizeof *page, room * sizeof *page);
    if (!page)
        return false;
    set->page = page;
    set->room = room;
    return true;
}

bool bundle_set_add(struct bundle_set *set, uint64_t address, uint64_t bytes)
{
    const uint64_t first = bundle_page_of(address), last = bundle_page_of(address + (bytes ? bytes - 1 : 0));
    if (last < first)
        return false;
    if (set->count && set->page[set->count - 1] == first && first == last)
        return true; /* neighbours of a heap: the most frequent case */
    uint64_t more = (last - first) / BUNDLE_PAGE + 1;
    if (more > BUNDLE_PAGES_MAX - set->count)
        bundle_set_order(set); /* perhaps it has some twice */
    if (!have_room(set, more))
        return false;
    for (uint64_t page = first; more; more--, page += BUNDLE_PAGE)
        set->page[set->count++] = page;
    return true;
}

static int by_address(const void *one, const void *other)
{
    const uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return a < b ? -1 : a > b;
}

void bundle_set_order(struct bundle_set *set)
{
    bool ascending = true;
    for (uint32_t i = 1; i < set->count && ascending; i++)
        ascending = set->page[i - 1] < set->page[i];
    if (ascending)
        return;
    qsort(set->page, set->count, sizeof *set->page, by_address);
    uint32_t count = 1;
    for (uint32_t i = 1; i < set->count; i++)
        if (set->page[i] != set->page[count - 1])
            set->page[count++] = set->page[i];
    set->count = count;
}

bool bundle_set_has(const struct bundle_set *set, uint64_t page)
{
    return set->count && bsearch(&page, set->page, set->count, sizeof *set->page, by_address);
}

void bundle_set_free(struct bundle_set *set)
{
    bundle_release(set->page, set->room * sizeof *set->page);
    *set = (struct bundle_set){0};
}
