/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Pages that come from the other side, both ways: whatever is in a body, it is refused in words, or both readers take it, write nothing
 * outside the segment, and what the host has changed afterwards is sound again.
 */
#include "runtime/net/bundle_borrower.h"
#include "runtime/net/bundle_lender.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAGES 8u
#define BASE  0x500000000000u

static const struct bundle_range range = {BASE, PAGES *BUNDLE_PAGE};

struct sides {
    char before[64], host[PAGES * BUNDLE_PAGE], between[64], client[PAGES * BUNDLE_PAGE], behind[64];
};

static void take_both(struct sides *sides, struct bundle_borrower *borrower, struct bundle_lender *lender,
                      const uint8_t *body, size_t size)
{
    struct bundle_body back = {0};
    char why[128];
    if (!borrower_take(borrower, body, size))
        abort();
    for (uint32_t i = 0; i < PAGES; i++)
        if (borrower_is_open(borrower, BASE + i * BUNDLE_PAGE))
            sides->host[i * BUNDLE_PAGE + 7 * i]++;
    bundle_begin(&back, &range, 0);
    borrower_put(borrower, &back);
    if (bundle_check(back.at, back.size, &range, why, sizeof why) != 0)
        abort();
    if (!lender_take(lender, back.at, back.size, sides->client) || !lender_take(lender, body, size, sides->client))
        abort();
    borrower_let_go(borrower, true);
    bundle_body_free(&back);
}

/* Several bodies, one behind the other: two bytes say how long each is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char zeros[64];
    struct sides *sides = calloc(1, sizeof *sides);
    struct bundle_borrower borrower;
    struct bundle_lender lender;
    char why[128];
    borrower_begin(&borrower, &range, sides->host, NULL, NULL);
    lender_begin(&lender, &range);
    borrower.strict = size && data[0] & 1;
    while (size >= 2) {
        size_t bytes = data[0] | (size_t)data[1] << 8;
        data += 2, size -= 2;
        bytes = bytes < size ? bytes : size;
        why[0] = '\0';
        if (bundle_check(data, bytes, &range, why, sizeof why) == 0)
            take_both(sides, &borrower, &lender, data, bytes);
        else if (!why[0])
            abort();
        data += bytes, size -= bytes;
    }
    if (memcmp(sides->before, zeros, 64) || memcmp(sides->between, zeros, 64) || memcmp(sides->behind, zeros, 64))
        abort();
    borrower_end(&borrower);
    lender_end(&lender);
    free(sides);
    return 0;
}
