/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A table of pages by address, open addressing. Nothing is ever taken out; twins are, the longest unused first (a clock). */
#include "runtime/net/bundle.h"

#include <stdlib.h>

static uint32_t place_of(const struct bundle_pages *pages, uint64_t address)
{
    return (uint32_t)((address / BUNDLE_PAGE * 0x9E3779B97F4A7C15u) >> 32) & (pages->room - 1);
}

static struct bundle_page **find_place(const struct bundle_pages *pages, uint64_t address)
{
    uint32_t place = place_of(pages, address);
    while (pages->place[place] && pages->place[place]->address != address)
        place = (place + 1) & (pages->room - 1);
    return &pages->place[place];
}

struct bundle_page *bundle_page_find(const struct bundle_pages *pages, uint64_t address)
{
    return pages->room ? *find_place(pages, address) : NULL;
}

static bool grow(struct bundle_pages *pages)
{
    const struct bundle_pages old = *pages;
    if (old.room && old.count < old.room / 2)
        return true;
    pages->room = old.room ? 2 * old.room : 256;
    pages->place = calloc(pages->room, sizeof *pages->place);
    if (!pages->place) {
        *pages = old;
        return false;
    }
    for (uint32_t i = 0; i < old.room; i++)
        if (old.place[i])
            *find_place(pages, old.place[i]->address) = old.place[i];
    pages->hand = 0;
    free(old.place);
    return true;
}

struct bundle_page *bundle_page_add(struct bundle_pages *pages, uint64_t address)
{
    struct bundle_page *page = bundle_page_find(pages, address);
    if (page || !grow(pages))
        return page;
    page = calloc(1, sizeof *page);
    if (!page)
        return NULL;
    page->address = address;
    *find_place(pages, address) = page;
    pages->count++;
    return page;
}

/* The longest unused; two rounds, for in the first all may have been used. NULL: all that have one are in use. */
static struct bundle_page *choose(struct bundle_pages *pages)
{
    for (uint32_t i = 0; i < 2 * pages->room; i++) {
        struct bundle_page *page = pages->place[pages->hand];
        pages->hand = (pages->hand + 1) & (pages->room - 1);
        if (!page || !page->twin || page->users)
            continue;
        if (!page->used)
            return page;
        page->used = false;
    }
    return NULL;
}

void bundle_page_drop_twin(struct bundle_pages *pages, struct bundle_page *page)
{
    if (page->twin)
        pages->twins--;
    free(page->twin);
    page->twin = NULL;
}

bool bundle_page_twin(struct bundle_pages *pages, struct bundle_page *page, void (*dropped)(void *, struct bundle_page *),
                      void *context)
{
    page->used = true;
    if (page->twin)
        return true;
    struct bundle_page *other = pages->twins >= pages->twins_most ? choose(pages) : NULL;
    if (other) {
        page->twin = other->twin;
        other->twin = NULL;
        other->version = 0;
        if (dropped)
            dropped(context, other);
        return true;
    }
    if (pages->twins >= pages->twins_most)
        return false;
    page->twin = malloc(BUNDLE_PAGE);
    pages->twins += page->twin != NULL;
    return page->twin;
}

void bundle_pages_free(struct bundle_pages *pages)
{
    for (uint32_t i = 0; i < pages->room; i++) {
        if (pages->place[i])
            free(pages->place[i]->twin);
        free(pages->place[i]);
    }
    free(pages->place);
    *pages = (struct bundle_pages){0};
}
