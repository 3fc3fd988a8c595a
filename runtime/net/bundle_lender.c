/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/net/bundle_lender.h"

#include <string.h>

void lender_begin(struct bundle_lender *lender, const struct bundle_range *range)
{
    *lender = (struct bundle_lender){.range = *range, .pages.twins_most = LENDER_TWINS};
}

void lender_end(struct bundle_lender *lender)
{
    bundle_pages_free(&lender->pages);
}

/* Versions go on: a frame that is still on its way to the old host must not be taken for a newer one. */
void lender_forget(struct bundle_lender *lender)
{
    for (uint32_t i = 0; i < lender->pages.room; i++) {
        struct bundle_page *page = lender->pages.place[i];
        if (!page)
            continue;
        page->version = 0;
    }
}

static bool put_against_twin(struct bundle_lender *lender, struct bundle_body *body, struct bundle_page *page,
                             const void *now)
{
    struct wire_page head = {
        .address = page->address, .version = page->version, .before = page->version, .heard = page->heard};
    if (memcmp(now, page->twin, BUNDLE_PAGE) == 0) {
        bundle_put_same(body, head);
        return true;
    }
    head.version = lender->version + 1;
    return bundle_put_runs(body, head, now, page->twin, BUNDLE_PAGE - 1);
}

bool lender_put(struct bundle_lender *lender, struct bundle_body *body, uint64_t address, const void *now, bool whole)
{
    struct bundle_page *page = bundle_page_add(&lender->pages, address);
    if (!page)
        return false;
    if (whole || !page->version || !page->twin || !put_against_twin(lender, body, page, now)) {
        const struct wire_page head = {.address = address, .version = lender->version + 1, .heard = page->heard};
        bundle_put_whole(body, head, now);
        page->version = 0; /* numbered below */
    } else if (memcmp(now, page->twin, BUNDLE_PAGE) == 0) {
        page->used = true;
        return !body->failed;
    }
    if (body->failed)
        return false;
    page->version = ++lender->version;
    if (bundle_page_twin(&lender->pages, page, NULL, NULL))
        memcpy(page->twin, now, BUNDLE_PAGE);
    return true;
}

bool lender_take(struct bundle_lender *lender, const void *body, size_t size, char *memory)
{
    struct bundle_item item;
    size_t at = 0;
    while (bundle_next(body, size, &at, &item)) {
        struct bundle_page *page = bundle_page_add(&lender->pages, item.page.address);
        if (!page)
            return false;
        if (item.page.version <= page->heard)
            continue;
        page->heard = item.page.version;
        bundle_write(&item, memory + (item.page.address - lender->range.base), page->twin);
    }
    return true;
}

void lender_lend(struct bundle_lender *lender, const struct bundle_set *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        struct bundle_page *page = bundle_page_add(&lender->pages, set->page[i]);
        if (page)
            page->users++;
    }
}

void lender_give_back(struct bundle_lender *lender, const struct bundle_set *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        struct bundle_page *page = bundle_page_find(&lender->pages, set->page[i]);
        if (page && page->users)
            page->users--;
    }
}
