/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Ranges of clients' domain segments, against a model: taken and given up at random, none ever overlaps another, all lie
 * in their chunks with a guard behind them, none comes back before its time; and nothing of it is lost.
 */
#include "runtime/fard/domain_ranges.h"
#include "runtime/segment.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS 200
#define STEPS 20000

struct given_up {
    struct range range;
    int64_t at;
};

struct model {
    struct domain_ranges ranges;
    uint64_t window; /* where the next chunk comes from */
    uint32_t chunks;
    struct range live[SLOTS];
    struct given_up freed[STEPS]; /* by time; size 0: taken again */
    size_t freed_count;
    int64_t now;
    size_t reused;
};

static bool overlap(const struct range *a, const struct range *b)
{
    return a->base < b->base + b->size + FAR_GRANULE && b->base < a->base + a->size + FAR_GRANULE;
}

static int take(struct model *model, uint64_t size, struct range *range)
{
    int result = domain_ranges_take(&model->ranges, size, model->now, range);
    if (result != DOMAIN_NEEDS_CHUNK)
        return result;
    struct range chunk = {model->window, domain_ranges_chunk_for(size)};
    if (chunk.size > FAR_WINDOW_END - chunk.base)
        return DOMAIN_NEEDS_CHUNK;
    model->window += chunk.size + FAR_GRANULE;
    CHECK(domain_ranges_add(&model->ranges, ++model->chunks, &chunk) == 0);
    return domain_ranges_take(&model->ranges, size, model->now, range);
}

/* What was given up may come again, in part or joined with what lay beside it, but only when it is old enough. */
static void check_age(struct model *model, const struct range *range)
{
    bool again = false;
    for (size_t i = 0; i < model->freed_count; i++) {
        struct given_up *old = &model->freed[i];
        if (!old->range.size || !overlap(&old->range, range))
            continue;
        CHECK(model->now - old->at >= DOMAIN_AGE_MS);
        old->range.size = 0;
        again = true;
    }
    model->reused += again;
}

static void check_new(struct model *model, const struct range *range)
{
    CHECK(range->base % DOMAIN_UNIT == 0 && range_is_sound(range));
    for (int i = 0; i < SLOTS; i++)
        CHECK(!model->live[i].size || !overlap(&model->live[i], range));
    check_age(model, range);
}

static void step(struct model *model)
{
    struct range *slot = &model->live[rand() % SLOTS];
    model->now += rand() % 10000;
    if (slot->size) {
        domain_ranges_release(&model->ranges, slot, 7, model->now);
        model->freed[model->freed_count++] = (struct given_up){*slot, model->now};
        slot->size = 0;
        return;
    }
    struct range range;
    uint64_t size = domain_ranges_size(1 + ((uint64_t)1 << (26 + rand() % 7)) / (uint64_t)(1 + rand() % 3));
    if (take(model, size, &range) == 0) {
        CHECK(range.size == size);
        check_new(model, &range);
        *slot = range;
    }
}

static void at_random(void)
{
    static struct model model = {.window = FAR_WINDOW_BEGIN + FAR_GRANULE};
    srand(1);
    for (int i = 0; i < STEPS && !check_failures; i++)
        step(&model);
    CHECK(model.reused > STEPS / 10 && model.chunks > 1);
    domain_ranges_free(&model.ranges);
}

static void sizes(void)
{
    CHECK(domain_ranges_size(0) == DOMAIN_UNIT && domain_ranges_size(1) == DOMAIN_UNIT);
    CHECK(domain_ranges_size(DOMAIN_UNIT + 1) == 2 * DOMAIN_UNIT);
    CHECK(domain_ranges_size((uint64_t)4 << 30) == (uint64_t)4 << 30);
    CHECK(domain_ranges_size(UINT64_MAX) == 0);
}

/* A full window: nothing new can be had, and then youth is no protection; but what is in use is. */
static void exhausted(void)
{
    struct domain_ranges ranges = {0};
    const struct range chunk = {FAR_WINDOW_BEGIN + FAR_GRANULE, 4 * DOMAIN_UNIT};
    struct range one, two, again;
    CHECK(domain_ranges_take(&ranges, DOMAIN_UNIT, 0, &one) == DOMAIN_NEEDS_CHUNK);
    CHECK(domain_ranges_add(&ranges, 7, &chunk) == 0);
    CHECK(domain_ranges_has(&ranges, 7) && !domain_ranges_has(&ranges, 8));
    CHECK(domain_ranges_take(&ranges, DOMAIN_UNIT, 0, &one) == 0);
    CHECK(domain_ranges_take(&ranges, DOMAIN_UNIT, 0, &two) == 0);
    CHECK(domain_ranges_take(&ranges, DOMAIN_UNIT, 0, &again) == DOMAIN_NEEDS_CHUNK);
    CHECK(!domain_ranges_take_early(&ranges, DOMAIN_UNIT, &again));
    domain_ranges_release(&ranges, &two, 1, 5);
    CHECK(domain_ranges_take(&ranges, DOMAIN_UNIT, 4 + DOMAIN_AGE_MS, &again) == DOMAIN_NEEDS_CHUNK);
    CHECK(!domain_ranges_take_early(&ranges, 2 * DOMAIN_UNIT, &again));
    CHECK(domain_ranges_take_early(&ranges, DOMAIN_UNIT, &again) && again.base == two.base);
    domain_ranges_release(&ranges, &again, 1, 5);
    CHECK(domain_ranges_take(&ranges, DOMAIN_UNIT, 5 + DOMAIN_AGE_MS, &again) == 0 && again.base == two.base);
    domain_ranges_free(&ranges);
}

/* Large and small in turns: what one leaves serves the other, in pieces or joined again. */
static void in_turns(void)
{
    struct domain_ranges ranges = {0};
    const struct range chunk = {FAR_WINDOW_BEGIN, 40 * DOMAIN_UNIT};
    struct range small[16], large;
    int64_t now = 0;
    CHECK(domain_ranges_add(&ranges, 7, &chunk) == 0);
    for (int turn = 0; turn < 50 && !check_failures; turn++, now += 2 * DOMAIN_AGE_MS) {
        for (int i = 0; i < 16; i++)
            CHECK(domain_ranges_take(&ranges, DOMAIN_UNIT, now, &small[i]) == 0);
        CHECK(domain_ranges_take(&ranges, 16 * DOMAIN_UNIT, now, &large) == DOMAIN_NEEDS_CHUNK);
        for (int i = 0; i < 16; i++)
            domain_ranges_release(&ranges, &small[i], (uint32_t)(i % 3), now);
        CHECK(domain_ranges_take(&ranges, 16 * DOMAIN_UNIT, now + DOMAIN_AGE_MS - 1, &large) == DOMAIN_NEEDS_CHUNK);
        CHECK(domain_ranges_take(&ranges, 16 * DOMAIN_UNIT, now + DOMAIN_AGE_MS, &large) == 0);
        CHECK(large.base >= chunk.base && large.base + large.size <= chunk.base + chunk.size);
        domain_ranges_release(&ranges, &large, 5, now + DOMAIN_AGE_MS);
    }
    CHECK(domain_ranges_take_own(&ranges, DOMAIN_UNIT, 5, &small[0]) && small[0].base == large.base);
    CHECK(!domain_ranges_take_own(&ranges, DOMAIN_UNIT, 6, &small[1]));
    CHECK(domain_ranges_take_early(&ranges, 16 * DOMAIN_UNIT, &large));
    domain_ranges_free(&ranges);
}

/* What a large one did not find room in stays for smaller ones, in every chunk. */
static void all_chunks(void)
{
    struct domain_ranges ranges = {0};
    const struct range one = {FAR_WINDOW_BEGIN, 8 * DOMAIN_UNIT}, two = {one.base + 16 * DOMAIN_UNIT, 16 * DOMAIN_UNIT};
    struct range range;
    CHECK(domain_ranges_add(&ranges, 1, &one) == 0);
    CHECK(domain_ranges_take(&ranges, 16 * DOMAIN_UNIT, 0, &range) == DOMAIN_NEEDS_CHUNK);
    CHECK(domain_ranges_add(&ranges, 2, &two) == 0);
    CHECK(domain_ranges_take(&ranges, 16 * DOMAIN_UNIT, 0, &range) == 0 && range.base == two.base);
    CHECK(domain_ranges_take(&ranges, 4 * DOMAIN_UNIT, 0, &range) == 0 && range.base == one.base);
    domain_ranges_free(&ranges);
}

/* Of a chunk of an earlier life only what is given up in this one is handed out, and when it is old enough. */
static void adopted(void)
{
    struct domain_ranges ranges = {0};
    const struct domain_chunk chunk = {7, {FAR_WINDOW_BEGIN, 64 * DOMAIN_UNIT}};
    const struct range inside = {FAR_WINDOW_BEGIN + 8 * DOMAIN_UNIT, DOMAIN_UNIT};
    const struct range behind = {chunk.range.base + chunk.range.size - DOMAIN_UNIT, 2 * DOMAIN_UNIT};
    struct range range;
    CHECK(!domain_ranges_covers(&ranges, &inside));
    CHECK(domain_ranges_adopt(&ranges, &chunk) == 0 && domain_ranges_has(&ranges, 7));
    CHECK(domain_ranges_covers(&ranges, &inside) && !domain_ranges_covers(&ranges, &behind));
    CHECK(domain_ranges_take(&ranges, DOMAIN_UNIT, DOMAIN_AGE_MS, &range) == DOMAIN_NEEDS_CHUNK);
    CHECK(!domain_ranges_take_early(&ranges, DOMAIN_UNIT, &range));
    domain_ranges_release(&ranges, &inside, 1, 1);
    CHECK(domain_ranges_take(&ranges, DOMAIN_UNIT, DOMAIN_AGE_MS, &range) == DOMAIN_NEEDS_CHUNK);
    CHECK(domain_ranges_take(&ranges, DOMAIN_UNIT, DOMAIN_AGE_MS + 1, &range) == 0 && range.base == inside.base);
    domain_ranges_free(&ranges);
}

/* Who has used up his share gets his own, the oldest first, and nobody else's. */
static void shares(void)
{
    struct domain_ranges ranges = {0};
    const struct range one = {FAR_WINDOW_BEGIN, DOMAIN_UNIT}, two = {one.base + 4 * DOMAIN_UNIT, DOMAIN_UNIT};
    const struct range large = {one.base + 8 * DOMAIN_UNIT, 2 * DOMAIN_UNIT};
    struct range range;
    domain_ranges_release(&ranges, &large, 2, 1);
    domain_ranges_release(&ranges, &one, 1, 2);
    domain_ranges_release(&ranges, &two, 2, 3);
    CHECK(domain_ranges_idle(&ranges, 2) == 5 * DOMAIN_UNIT && domain_ranges_idle(&ranges, 3) == 0);
    CHECK(!domain_ranges_take_own(&ranges, DOMAIN_UNIT, 3, &range));
    CHECK(domain_ranges_take_own(&ranges, DOMAIN_UNIT, 2, &range) && range.base == two.base);
    CHECK(domain_ranges_take_own(&ranges, DOMAIN_UNIT, 2, &range) && range.base == large.base); /* part of it */
    CHECK(!domain_ranges_take_own(&ranges, DOMAIN_UNIT, 2, &range));
    CHECK(domain_ranges_idle(&ranges, 2) == 0 && domain_ranges_idle(&ranges, 1) == 2 * DOMAIN_UNIT);
    domain_ranges_free(&ranges);
}

int main(void)
{
    sizes();
    shares();
    exhausted();
    in_turns();
    all_chunks();
    adopted();
    at_random();
    return check_result();
}
