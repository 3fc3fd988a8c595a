/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/net/bundle_borrower.h"

#include <stdlib.h>
#include <string.h>

void borrower_begin(struct bundle_borrower *borrower, const struct bundle_range *range, char *memory,
                    const struct borrower_hooks *hooks, void *context)
{
    *borrower = (struct bundle_borrower){
        .range = *range, .memory = memory, .hooks = hooks, .context = context, .pages.twins_most = BORROWER_TWINS};
}

void borrower_end(struct bundle_borrower *borrower)
{
    bundle_pages_free(&borrower->pages);
    bundle_release(borrower->held, borrower->held_room * sizeof *borrower->held);
    bundle_release(borrower->pin, borrower->pin_room * sizeof *borrower->pin);
    *borrower = (struct bundle_borrower){0};
}

static uint8_t *memory_of(const struct bundle_borrower *borrower, const struct bundle_page *page)
{
    return (uint8_t *)borrower->memory + (page->address - borrower->range.base);
}

static bool set_open(struct bundle_borrower *borrower, uint64_t address, uint64_t bytes, bool open)
{
    return !borrower->hooks || !borrower->hooks->open || borrower->hooks->open(borrower->context, address, bytes, open);
}

static void dropped(void *context, struct bundle_page *page)
{
    struct bundle_borrower *borrower = context;
    if (borrower->hooks && borrower->hooks->drop)
        borrower->hooks->drop(borrower->context, page->address, BUNDLE_PAGE);
}

/* --- a page comes --- */

/* Bytes that the service has written since the page came, and that the client does not have yet, stay. */
static void keep_changes(uint8_t *now, const uint8_t *here, const uint8_t *twin)
{
    for (uint32_t i = 0; i < BUNDLE_PAGE; i++)
        if (here[i] != twin[i])
            now[i] = here[i];
}

/*
 * What a call was given as its parameter is its own: it stays as it is here, and so is what of it the client has been told. True: the client has
 * something else there by now.
 */
static bool keep_pinned(const struct bundle_borrower *borrower, const struct bundle_page *page, const uint8_t *here,
                        const uint8_t *told, uint8_t *now, uint8_t *twin)
{
    bool differs = false;
    for (uint32_t i = 0; i < borrower->pin_count; i++) {
        const struct borrower_pin *pin = &borrower->pin[i];
        uint64_t begin = pin->address > page->address ? pin->address : page->address;
        uint64_t end = pin->address + pin->bytes;
        if (end > page->address + BUNDLE_PAGE)
            end = page->address + BUNDLE_PAGE;
        if (begin >= end)
            continue;
        uint64_t offset = begin - page->address;
        differs |= memcmp(now + offset, here + offset, end - begin) != 0;
        memcpy(now + offset, here + offset, end - begin);
        memcpy(twin + offset, told + offset, end - begin);
    }
    return differs;
}

/* What its runs are to be applied to: the page as the client knew it when it sent this. NULL: that is not known here. */
static const uint8_t *basis(const struct bundle_page *page, const struct bundle_item *item, const uint8_t *here)
{
    if (!page->version || page->torn || page->version != item->page.before)
        return NULL;
    return item->page.heard == page->change ? here : NULL;
}

/* What the client has there, in `room` if it is nowhere yet. NULL: that cannot be said. */
static const uint8_t *work_out(const struct bundle_page *page, const struct bundle_item *item, const uint8_t *here,
                               uint8_t *room)
{
    if (item->page.kind == WIRE_PAGE_WHOLE)
        return item->bytes;
    const uint8_t *from = basis(page, item, here);
    if (!from)
        return NULL;
    memcpy(room, from, BUNDLE_PAGE);
    bundle_write(item, room, NULL);
    return room;
}

/* What of it the client has not been told, or has not heard of, stays; and what a call under way was given. */
static void merge(const struct bundle_borrower *borrower, struct bundle_page *page, const uint8_t *theirs, bool unheard)
{
    uint8_t *here = memory_of(borrower, page), now[BUNDLE_PAGE], twin[BUNDLE_PAGE];
    memcpy(now, theirs, BUNDLE_PAGE);
    memcpy(twin, theirs, BUNDLE_PAGE);
    if (unheard)
        keep_changes(now, here, page->twin);
    if (page->users && borrower->pin_count) /* a call under way has been given it */
        page->torn |= keep_pinned(borrower, page, here, unheard ? page->twin : here, now, twin);
    memcpy(page->twin, twin, BUNDLE_PAGE);
    memcpy(here, now, BUNDLE_PAGE);
}

static void install(struct bundle_borrower *borrower, struct bundle_page *page, const struct bundle_item *item,
                    const uint8_t *theirs, bool had)
{
    bool unheard = had && item->page.heard < page->change;
    if (unheard || (page->users && borrower->pin_count)) {
        merge(borrower, page, theirs, unheard);
    } else {
        memcpy(page->twin, theirs, BUNDLE_PAGE);
        memcpy(memory_of(borrower, page), theirs, BUNDLE_PAGE);
    }
    page->version = item->page.version;
    page->change = item->page.heard > page->change ? item->page.heard : page->change;
    if (page->change > borrower->change) /* of another host's, before this one */
        borrower->change = page->change;
}

static bool hold(struct bundle_borrower *borrower, struct bundle_page *page)
{
    page->open = true;
    if (page->users)
        return true;
    if (borrower->held_count == borrower->held_room) {
        uint32_t room = borrower->held_room ? 2 * borrower->held_room : 512;
        struct bundle_page **held =
            bundle_resize(borrower->held, borrower->held_room * sizeof *held, room * sizeof *held);
        if (!held)
            return false;
        borrower->held = held;
        borrower->held_room = room;
    }
    borrower->held[borrower->held_count++] = page;
    page->users = 1;
    return true;
}

/* Its memory can be written already. */
static bool take_page(struct bundle_borrower *borrower, const struct bundle_item *item)
{
    uint8_t room[BUNDLE_PAGE];
    const uint8_t *theirs = NULL;
    struct bundle_page *page = bundle_page_add(&borrower->pages, item->page.address);
    if (!page)
        return false;
    bool unheard = page->twin && item->page.heard < page->change;
    if (page->version > item->page.version && !(unheard && borrower->strict))
        return hold(borrower, page); /* a newer one has overtaken it, on another connection */
    if (!unheard || !borrower->strict)
        theirs = work_out(page, item, memory_of(borrower, page), room);
    if (!theirs) {
        page->open = false;
        return set_open(borrower, page->address, BUNDLE_PAGE, false);
    }
    bool had = page->twin;
    if (!bundle_page_twin(&borrower->pages, page, dropped, borrower))
        return false;
    install(borrower, page, item, theirs, had);
    return hold(borrower, page);
}

/* Known already: they have come before, and may come again. */
static void keep_apart(struct bundle_borrower *borrower, uint64_t address, uint64_t bytes)
{
    struct bundle_page *page = bundle_page_find(&borrower->pages, address);
    if (!page || page->apart || !borrower->hooks || !borrower->hooks->apart)
        return;
    page->apart = true;
    borrower->hooks->apart(borrower->context, address, bytes);
}

static bool open_run(struct bundle_borrower *borrower, uint64_t begin, uint64_t end)
{
    if (!end)
        return true;
    keep_apart(borrower, begin, end - begin);
    return set_open(borrower, begin, end - begin, true);
}

/* Neighbours are opened together. */
static bool open_all(struct bundle_borrower *borrower, const void *body, size_t size)
{
    struct bundle_item item;
    uint64_t begin = 0, end = 0;
    size_t at = 0;
    while (bundle_next(body, size, &at, &item)) {
        if (item.page.address != end) {
            if (!open_run(borrower, begin, end))
                return false;
            begin = item.page.address;
        }
        end = item.page.address + BUNDLE_PAGE;
    }
    return open_run(borrower, begin, end);
}

static void forget_all(struct bundle_borrower *borrower)
{
    if (borrower->hooks && borrower->hooks->drop)
        borrower->hooks->drop(borrower->context, borrower->range.base, borrower->range.size);
    uint32_t most = borrower->pages.twins_most;
    bundle_pages_free(&borrower->pages);
    borrower->pages.twins_most = most;
}

bool borrower_take(struct bundle_borrower *borrower, const void *body, size_t size)
{
    struct bundle_item item;
    size_t at = 0;
    if (borrower->pages.count > BORROWER_PAGES && !borrower->held_count)
        forget_all(borrower);
    if (!open_all(borrower, body, size))
        return false;
    bool taken = true;
    while (taken && bundle_next(body, size, &at, &item))
        taken = take_page(borrower, &item);
    return taken;
}

bool borrower_is_open(const struct bundle_borrower *borrower, uint64_t address)
{
    const struct bundle_page *page = bundle_page_find(&borrower->pages, bundle_page_of(address));
    return page && page->open;
}

/* --- control goes back --- */

static int by_address(const void *one, const void *other)
{
    const uint64_t a = (*(struct bundle_page *const *)one)->address, b = (*(struct bundle_page *const *)other)->address;
    return a < b ? -1 : a > b;
}

static void put_page(struct bundle_borrower *borrower, struct bundle_page *page, struct bundle_body *body)
{
    const uint8_t *here = memory_of(borrower, page);
    if (!page->open || memcmp(here, page->twin, BUNDLE_PAGE) == 0)
        return;
    const struct wire_page head = {.address = page->address, .version = borrower->change + 1};
    bundle_put_runs(body, head, here, page->twin, BUNDLE_RUNS_MOST);
    if (!body->failed)
        page->change = ++borrower->change;
}

void borrower_put(struct bundle_borrower *borrower, struct bundle_body *body)
{
    if (borrower->held_count)
        qsort(borrower->held, borrower->held_count, sizeof(struct bundle_page *), by_address);
    for (uint32_t i = 0; i < borrower->held_count; i++)
        put_page(borrower, borrower->held[i], body);
}

/* One change of the mapping for all of them, from the first to the last. */
void borrower_shut(struct bundle_borrower *borrower)
{
    uint64_t begin = UINT64_MAX, end = 0;
    for (uint32_t i = 0; i < borrower->held_count; i++) {
        struct bundle_page *page = borrower->held[i];
        if (!page->open)
            continue;
        page->open = false;
        begin = page->address < begin ? page->address : begin;
        end = page->address + BUNDLE_PAGE > end ? page->address + BUNDLE_PAGE : end;
    }
    if (end)
        set_open(borrower, begin, end - begin, false);
}

void borrower_let_go(struct bundle_borrower *borrower, bool told)
{
    borrower_shut(borrower);
    for (uint32_t i = 0; i < borrower->held_count; i++) {
        struct bundle_page *page = borrower->held[i];
        if (!told)
            bundle_page_drop_twin(&borrower->pages, page);
        if (!told || page->torn)
            page->version = 0;
        page->torn = false;
        page->users = 0;
    }
    borrower->held_count = borrower->pin_count = 0;
}

bool borrower_pin(struct bundle_borrower *borrower, uint64_t address, uint64_t bytes)
{
    if (borrower->pin_count == borrower->pin_room) {
        uint32_t room = borrower->pin_room ? 2 * borrower->pin_room : 256;
        struct borrower_pin *pin = bundle_resize(borrower->pin, borrower->pin_room * sizeof *pin, room * sizeof *pin);
        if (!pin)
            return false;
        borrower->pin = pin;
        borrower->pin_room = room;
    }
    borrower->pin[borrower->pin_count++] = (struct borrower_pin){address, bytes};
    return true;
}

void borrower_unpin(struct bundle_borrower *borrower, uint32_t count)
{
    borrower->pin_count = count < borrower->pin_count ? count : borrower->pin_count;
}
