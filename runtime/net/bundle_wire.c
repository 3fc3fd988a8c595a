/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/net/bundle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- writing --- */

static uint8_t *make_room(struct bundle_body *body, size_t more)
{
    if (body->failed)
        return NULL;
    if (body->size + more > body->room) {
        size_t room = body->room ? body->room : 16 * BUNDLE_PAGE;
        while (room < body->size + more)
            room *= 2;
        uint8_t *at = bundle_resize(body->at, body->room, room);
        body->failed = !at;
        if (!at)
            return NULL;
        body->at = at;
        body->room = room;
    }
    return body->at + body->size;
}

static void count_page(const struct bundle_body *body)
{
    struct wire_pages head;
    memcpy(&head, body->at, sizeof head);
    head.count++;
    memcpy(body->at, &head, sizeof head);
}

void bundle_begin(struct bundle_body *body, const struct bundle_range *range, uint32_t flags)
{
    const struct wire_pages head = {.base = range->base, .size = range->size, .flags = flags};
    body->size = 0;
    uint8_t *to = make_room(body, sizeof head);
    if (to)
        memcpy(to, &head, sizeof head);
    body->size = to ? sizeof head : 0;
}

static void put(struct bundle_body *body, struct wire_page page, enum wire_page_kind kind, const void *bytes,
                uint32_t count)
{
    page.kind = kind;
    page.bytes = count;
    uint8_t *to = make_room(body, sizeof page + count);
    if (!to)
        return;
    memcpy(to, &page, sizeof page);
    if (count)
        memcpy(to + sizeof page, bytes, count);
    body->size += sizeof page + count;
    count_page(body);
}

void bundle_put_whole(struct bundle_body *body, struct wire_page page, const void *now)
{
    page.before = 0;
    put(body, page, WIRE_PAGE_WHOLE, now, BUNDLE_PAGE);
}

void bundle_put_same(struct bundle_body *body, struct wire_page page)
{
    put(body, page, WIRE_PAGE_SAME, NULL, 0);
}

/* Where they differ next, from there on; BUNDLE_PAGE: nowhere. Words first: most of a page is as it was. */
static uint32_t next_difference(const uint8_t *now, const uint8_t *then, uint32_t from)
{
    while (from < BUNDLE_PAGE && from % 8)
        if (now[from] != then[from])
            return from;
        else
            from++;
    while (from < BUNDLE_PAGE && memcmp(now + from, then + from, 8) == 0)
        from += 8;
    while (from < BUNDLE_PAGE && now[from] == then[from])
        from++;
    return from;
}

/* Do all eight bytes differ? None of what differs is then zero. */
static bool all_differ(const uint8_t *now, const uint8_t *then)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t a, b;
    memcpy(&a, now, sizeof a);
    memcpy(&b, then, sizeof b);
    return !((((a ^ b) - ones) & ~(a ^ b)) & ones << 7);
}

static uint32_t end_of_difference(const uint8_t *now, const uint8_t *then, uint32_t from)
{
    while (from + 8 <= BUNDLE_PAGE && all_differ(now + from, then + from))
        from += 8;
    while (from < BUNDLE_PAGE && now[from] != then[from])
        from++;
    return from;
}

/* A byte that is the same on both sides is in no run: a thread that writes beside the service would lose what it wrote. */
bool bundle_put_runs(struct bundle_body *body, struct wire_page page, const void *now, const void *then, size_t most)
{
    uint8_t runs[BUNDLE_RUNS_MOST];
    uint32_t used = 0, end = 0;
    for (;;) {
        uint32_t begin = next_difference(now, then, end);
        if (begin >= BUNDLE_PAGE)
            break;
        end = end_of_difference(now, then, begin);
        const struct wire_run run = {(uint16_t)begin, (uint16_t)(end - begin)};
        if (used + sizeof run + run.bytes > most)
            return false;
        memcpy(runs + used, &run, sizeof run);
        memcpy(runs + used + sizeof run, (const uint8_t *)now + begin, run.bytes);
        used += (uint32_t)sizeof run + run.bytes;
    }
    put(body, page, WIRE_PAGE_RUNS, runs, used);
    return true;
}

bool bundle_body_reserve(struct bundle_body *body, size_t size)
{
    body->size = 0;
    body->failed = false;
    return make_room(body, size);
}

uint32_t bundle_count(const struct bundle_body *body)
{
    struct wire_pages head = {0};
    if (body->size)
        memcpy(&head, body->at, sizeof head);
    return head.count;
}

void bundle_body_free(struct bundle_body *body)
{
    bundle_release(body->at, body->room);
    *body = (struct bundle_body){0};
}

/* --- reading --- */

__attribute__((format(printf, 3, 4))) static int wrong(char *why, size_t room, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, room, format, arguments);
    va_end(arguments);
    return -EPROTO;
}

static int check_runs(const uint8_t *bytes, uint32_t size, char *why, size_t room)
{
    uint32_t at = 0, end = 0;
    while (at < size) {
        struct wire_run run;
        if (size - at < sizeof run)
            return wrong(why, room, "a page ends within a run");
        memcpy(&run, bytes + at, sizeof run);
        at += sizeof run;
        if (!run.bytes || run.offset < end || (uint32_t)run.offset + run.bytes > BUNDLE_PAGE || run.bytes > size - at)
            return wrong(why, room, "a run of %u bytes at %u does not fit", run.bytes, run.offset);
        end = (uint32_t)run.offset + run.bytes;
        at += run.bytes;
    }
    return 0;
}

static int check_page(const struct wire_page *page, const uint8_t *bytes, char *why, size_t room)
{
    const unsigned long long address = page->address;
    if (!page->version)
        return wrong(why, room, "the page at %#llx has no version", address);
    if (page->version >= BUNDLE_VERSION_END || page->heard >= BUNDLE_HEARD_END)
        return wrong(why, room, "the page at %#llx has a version that nobody counts to", address);
    switch (page->kind) {
    case WIRE_PAGE_SAME:
        return page->bytes ? wrong(why, room, "the page at %#llx is the same, and has bytes", address) : 0;
    case WIRE_PAGE_RUNS:
        return check_runs(bytes, page->bytes, why, room);
    case WIRE_PAGE_WHOLE:
        return page->bytes != BUNDLE_PAGE || page->before
                   ? wrong(why, room, "the page at %#llx is no whole one", address)
                   : 0;
    default:
        return wrong(why, room, "there is no page of kind %u", page->kind);
    }
}

static int check_head(const struct wire_pages *head, const struct bundle_range *range, char *why, size_t room)
{
    bool sound = head->base && head->size && !(head->base % BUNDLE_PAGE) && !(head->size % BUNDLE_PAGE) &&
                 head->base + head->size > head->base;
    if (!sound || (range && (head->base != range->base || head->size != range->size)))
        return wrong(why, room, "no domain segment lies at %#llx with %#llx bytes", (unsigned long long)head->base,
                     (unsigned long long)head->size);
    if (head->flags & ~(WIRE_PAGES_FETCHED | WIRE_PAGES_FOLLOWED) || head->count > BUNDLE_PAGES_MAX ||
        (head->flags & WIRE_PAGES_FETCHED && head->count > BUNDLE_DEEP_PAGES))
        return wrong(why, room, "pages: %u of them, with flags %#x", head->count, head->flags);
    return 0;
}

int bundle_check(const void *body, size_t size, const struct bundle_range *range, char *why, size_t room)
{
    struct wire_pages head;
    size_t at = sizeof head;
    uint64_t last = 0;
    if (size < sizeof head)
        return wrong(why, room, "a PAGES frame of %zu bytes", size);
    memcpy(&head, body, sizeof head);
    int failed = check_head(&head, range, why, room);
    const struct bundle_range own = {head.base, head.size};
    for (uint32_t i = 0; i < head.count && !failed; i++) {
        struct wire_page page;
        if (size - at < sizeof page)
            return wrong(why, room, "PAGES ends before its last page");
        memcpy(&page, (const uint8_t *)body + at, sizeof page);
        at += sizeof page;
        if (page.bytes > size - at)
            return wrong(why, room, "PAGES ends within a page");
        if (page.address % BUNDLE_PAGE || page.address <= last || !bundle_inside(&own, page.address, BUNDLE_PAGE))
            return wrong(why, room, "no page of it lies at %#llx", (unsigned long long)page.address);
        failed = check_page(&page, (const uint8_t *)body + at, why, room);
        last = page.address;
        at += page.bytes;
    }
    if (!failed && at != size)
        failed = wrong(why, room, "PAGES has %zu bytes that belong to no page", size - at);
    return failed;
}

struct bundle_range bundle_range_of(const void *body)
{
    struct wire_pages head;
    memcpy(&head, body, sizeof head);
    return (struct bundle_range){head.base, head.size};
}

static uint32_t flags_of(const void *body)
{
    struct wire_pages head;
    memcpy(&head, body, sizeof head);
    return head.flags;
}

bool bundle_is_fetched(const void *body)
{
    return flags_of(body) & WIRE_PAGES_FETCHED;
}

bool bundle_is_followed(const void *body)
{
    return flags_of(body) & WIRE_PAGES_FOLLOWED;
}

bool bundle_next(const void *body, size_t size, size_t *at, struct bundle_item *item)
{
    if (!*at)
        *at = sizeof(struct wire_pages);
    if (*at >= size)
        return false;
    memcpy(&item->page, (const uint8_t *)body + *at, sizeof item->page);
    item->bytes = (const uint8_t *)body + *at + sizeof item->page;
    *at += sizeof item->page + item->page.bytes;
    return true;
}

static void write_bytes(uint8_t *to, uint8_t *filter, const uint8_t *from, uint32_t bytes)
{
    if (!filter) {
        memcpy(to, from, bytes);
        return;
    }
    for (uint32_t i = 0; i < bytes; i++)
        if (filter[i] != from[i])
            to[i] = filter[i] = from[i];
}

void bundle_write(const struct bundle_item *item, void *to, void *filter)
{
    uint32_t at = 0;
    if (item->page.kind == WIRE_PAGE_WHOLE)
        write_bytes(to, filter, item->bytes, BUNDLE_PAGE);
    while (item->page.kind == WIRE_PAGE_RUNS && at < item->page.bytes) {
        struct wire_run run;
        memcpy(&run, item->bytes + at, sizeof run);
        at += sizeof run;
        write_bytes((uint8_t *)to + run.offset, filter ? (uint8_t *)filter + run.offset : NULL, item->bytes + at,
                    run.bytes);
        at += run.bytes;
    }
}
