/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Bodies of PAGES that no honest side sends: each is refused, in words. */
#include "check.h"
#include "runtime/net/bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BASE 0x500000000000u

static const struct bundle_range range = {BASE, 16 * BUNDLE_PAGE};
static const struct bundle_range other = {BASE + (1ull << 40), 16 * BUNDLE_PAGE};

/* Two pages: a whole one, and runs. */
static void make(struct bundle_body *body)
{
    uint8_t now[BUNDLE_PAGE] = {0}, then[BUNDLE_PAGE] = {0};
    struct wire_page page = {.address = BASE + BUNDLE_PAGE, .version = 5};
    now[100] = 1, now[4095] = 2;
    bundle_begin(body, &range, 0);
    bundle_put_whole(body, page, now);
    page = (struct wire_page){.address = BASE + 3 * BUNDLE_PAGE, .version = 6, .before = 4};
    CHECK(bundle_put_runs(body, page, now, then, BUNDLE_PAGE));
    page.address += BUNDLE_PAGE;
    bundle_put_same(body, page);
}

#define SECOND (sizeof(struct wire_pages) + sizeof(struct wire_page) + BUNDLE_PAGE)

static int check(const struct bundle_body *body, size_t size)
{
    char why[128] = "", *exact = malloc(size ? size : 1); /* a byte behind it would be seen */
    memcpy(exact, body->at, size);
    int failed = bundle_check(exact, size, &range, why, sizeof why);
    CHECK(!failed == !why[0]);
    free(exact);
    return failed;
}

static void spoil(const struct bundle_body *body, size_t at, const void *with, size_t bytes)
{
    uint8_t kept[16];
    memcpy(kept, body->at + at, bytes);
    memcpy(body->at + at, with, bytes);
    CHECK(check(body, body->size) == -EPROTO);
    memcpy(body->at + at, kept, bytes);
    CHECK(check(body, body->size) == 0);
}

#define SPOIL(place, type, member, value)                                         \
    do {                                                                          \
        __typeof__(((type *)NULL)->member) to = (value);                          \
        spoil(&body, (place) + __builtin_offsetof(type, member), &to, sizeof to); \
    } while (0)

int main(void)
{
    struct bundle_body body = {0};
    char why[128];
    size_t first = sizeof(struct wire_pages), runs = SECOND + sizeof(struct wire_page);
    make(&body);
    CHECK(check(&body, body.size) == 0);
    for (size_t size = 0; size < body.size; size++)
        CHECK(check(&body, size) == -EPROTO);
    CHECK(bundle_check(body.at, body.size, &other, why, sizeof why) == -EPROTO);
    CHECK(bundle_check(body.at, body.size, NULL, why, sizeof why) == 0);
    SPOIL(0, struct wire_pages, base, BASE + 1);
    SPOIL(0, struct wire_pages, base, 0);
    SPOIL(0, struct wire_pages, size, UINT64_MAX - BUNDLE_PAGE + 1);
    SPOIL(0, struct wire_pages, count, 2);
    SPOIL(0, struct wire_pages, count, 4);
    SPOIL(0, struct wire_pages, count, BUNDLE_PAGES_MAX + 1);
    SPOIL(0, struct wire_pages, flags, 8);
    SPOIL(first, struct wire_page, address, BASE + BUNDLE_PAGE + 8);
    SPOIL(first, struct wire_page, address, BASE - BUNDLE_PAGE);
    SPOIL(first, struct wire_page, address, BASE + 16 * BUNDLE_PAGE);
    SPOIL(first, struct wire_page, address, 0);
    SPOIL(first, struct wire_page, version, 0);
    SPOIL(first, struct wire_page, version, BUNDLE_VERSION_END);
    SPOIL(first, struct wire_page, heard, BUNDLE_HEARD_END); /* changes are counted on from there */
    SPOIL(first, struct wire_page, heard, UINT64_MAX);
    SPOIL(first, struct wire_page, kind, 0);
    SPOIL(first, struct wire_page, kind, 4);
    SPOIL(first, struct wire_page, kind, WIRE_PAGE_SAME);
    SPOIL(first, struct wire_page, before, 1);
    SPOIL(first, struct wire_page, bytes, BUNDLE_PAGE - 1);
    SPOIL(first, struct wire_page, bytes, UINT32_MAX);
    SPOIL(SECOND, struct wire_page, address, BASE + BUNDLE_PAGE);
    SPOIL(SECOND, struct wire_page, bytes, 9);
    SPOIL(runs, struct wire_run, bytes, 0);
    SPOIL(runs, struct wire_run, bytes, 4000);
    SPOIL(runs, struct wire_run, offset, 4096);
    SPOIL(runs + 5, struct wire_run, offset, 100); /* the second one lies over the first */
    SPOIL(runs + 5, struct wire_run, bytes, 2);
    bundle_body_free(&body);
    return check_result();
}
