/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A table of pages by address, open addressing. Nothing is ever taken out; twins are, the longest unused first (a clock). */
#include "runtime/net/bundle.h"

#include <string.h>

#define SLAB (64u * BUNDLE_PAGE)

struct bundle_slab {
    struct bundle_slab *next;
};

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
    pages->room = old.room ? 2 * old.room : 512;
    pages->place = bundle_get(pages->room * sizeof(struct bundle_page *));
    if (!pages->place) {
        *pages = old;
        return false;
    }
    for (uint32_t i = 0; i < old.room; i++)
        if (old.place[i])
            *find_place(pages, old.place[i]->address) = old.place[i];
    pages->hand = 0;
    bundle_release(old.place, old.room * sizeof(struct bundle_page *));
    return true;
}

static char *new_slab(struct bundle_pages *pages)
{
    struct bundle_slab *slab = bundle_get(SLAB);
    if (!slab)
        return NULL;
    slab->next = pages->slab;
    pages->slab = slab;
    return (char *)slab;
}

static struct bundle_page *new_page(struct bundle_pages *pages)
{
    if (!pages->spare_pages) {
        char *slab = new_slab(pages);
        if (!slab)
            return NULL;
        pages->spare_page = (struct bundle_page *)(void *)(slab + BUNDLE_PAGE);
        pages->spare_pages = (SLAB - BUNDLE_PAGE) / sizeof(struct bundle_page);
    }
    pages->spare_pages--;
    return pages->spare_page++;
}

static void put_spare(struct bundle_pages *pages, uint8_t *twin)
{
    memcpy(twin, &pages->spare_twin, sizeof pages->spare_twin);
    pages->spare_twin = twin;
}

static uint8_t *new_twin(struct bundle_pages *pages)
{
    char *slab = pages->spare_twin ? NULL : new_slab(pages);
    for (uint32_t at = BUNDLE_PAGE; slab && at < SLAB; at += BUNDLE_PAGE)
        put_spare(pages, (uint8_t *)slab + at);
    uint8_t *twin = pages->spare_twin;
    if (twin)
        memcpy(&pages->spare_twin, twin, sizeof pages->spare_twin);
    return twin;
}

struct bundle_page *bundle_page_add(struct bundle_pages *pages, uint64_t address)
{
    struct bundle_page *page = bundle_page_find(pages, address);
    if (page || !grow(pages))
        return page;
    page = new_page(pages);
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
    if (!page->twin)
        return;
    put_spare(pages, page->twin);
    page->twin = NULL;
    pages->twins--;
}

bool bundle_page_twin(struct bundle_pages *pages, struct bundle_page *page,
                      void (*dropped)(void *, struct bundle_page *), void *context)
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
    page->twin = new_twin(pages);
    pages->twins += page->twin != NULL;
    return page->twin;
}

void bundle_pages_free(struct bundle_pages *pages)
{
    for (struct bundle_slab *slab = pages->slab, *next; slab; slab = next) {
        next = slab->next;
        bundle_release(slab, SLAB);
    }
    bundle_release(pages->place, pages->room * sizeof(struct bundle_page *));
    *pages = (struct bundle_pages){0};
}
