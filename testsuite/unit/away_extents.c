/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Extents say all bytes that were written, in order, without touching each other, however many there are. */
#include "runtime/lib/away_extents.h"
#include "runtime/net/wire_check.h"
#include "testsuite/unit/check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define AREA 65536

static bool written[AREA];

static bool covers_all(const struct away_extents *extents)
{
    static bool said[AREA];
    memset(said, 0, sizeof said);
    for (uint32_t i = 0; i < extents->count; i++)
        memset(said + extents->item[i].offset, 1, extents->item[i].bytes);
    for (uint32_t i = 0; i < AREA; i++)
        if (written[i] && !said[i])
            return false;
    return true;
}

static void add(struct away_extents *extents, uint64_t offset, uint64_t bytes)
{
    memset(written + offset, 1, bytes);
    extents_add(extents, offset, bytes);
}

static void check(const struct away_extents *extents)
{
    char why[96];
    CHECK(covers_all(extents) && extents->count <= AWAY_EXTENTS_MAX);
    CHECK(wire_check_extents(extents->item, extents->count, extents_bytes(extents), AREA, why, sizeof why) == 0);
    for (uint32_t i = 1; i < extents->count; i++)
        CHECK(extents->item[i].offset > extents->item[i - 1].offset + extents->item[i - 1].bytes + AWAY_EXTENT_GAP);
}

static void few(void)
{
    struct away_extents extents = {0};
    memset(written, 0, sizeof written);
    add(&extents, 100, 0);
    CHECK(extents.count == 0);
    add(&extents, 1000, 10);
    add(&extents, 5000, 10);
    CHECK(extents.count == 2 && extents_bytes(&extents) == 20);
    add(&extents, 1010, 6); /* goes on */
    add(&extents, 1000, 4); /* is in there */
    CHECK(extents.count == 2 && extents_bytes(&extents) == 26);
    add(&extents, 900, 4200); /* all of it */
    CHECK(extents.count == 1 && extents.item[0].offset == 900 && extents.item[0].bytes == 4200);
    check(&extents);
}

static void many(unsigned how, uint64_t most)
{
    struct away_extents extents = {0};
    memset(written, 0, sizeof written);
    for (int i = 0; i < 1000; i++) {
        uint64_t bytes = (uint64_t)rand() % most, place = how == 0   ? (uint64_t)rand() % AREA
                                                          : how == 1 ? (uint64_t)i * 65
                                                                     : (uint64_t)(999 - i) * 65;
        add(&extents, place, bytes < AREA - place ? bytes : AREA - place);
        if (i % 50 == 0)
            check(&extents);
    }
    check(&extents);
}

int main(void)
{
    few();
    for (unsigned how = 0; how < 3; how++)
        for (uint64_t most = 2; most < 3000; most *= 3)
            many(how, most);
    return check_result();
}
