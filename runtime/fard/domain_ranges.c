/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/domain_ranges.h"
#include "runtime/segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN_SIZE_MAX ((uint64_t)1 << 40)

_Static_assert(FAR_GRANULE <= DOMAIN_UNIT, "a guard fits in what lies between two ranges");
/* Between two neighbours there is a unit with the guard, and perhaps one that was too little for anything: a third would have
 * needed three. */
#define NEIGHBOURS_APART (2 * DOMAIN_UNIT)

void domain_ranges_free(struct domain_ranges *ranges)
{
    free(ranges->chunk);
    free(ranges->freed);
    free(ranges->fresh);
    *ranges = (struct domain_ranges){0};
}

uint64_t domain_ranges_size(uint64_t bytes)
{
    uint64_t size = DOMAIN_UNIT;
    while (size < bytes && size < DOMAIN_SIZE_MAX)
        size *= 2;
    return bytes <= size ? size : 0;
}

static uint64_t up_to_unit(uint64_t address)
{
    return (address + DOMAIN_UNIT - 1) & ~(DOMAIN_UNIT - 1);
}

/* What can be had of what was given up. */
struct wish {
    uint64_t size;
    int64_t before; /* given up by then */
    bool own;       /* of this uid alone */
    uint32_t uid;
};

static bool suits(const struct wish *wish, const struct domain_freed *piece)
{
    return piece->at <= wish->before && (!wish->own || piece->uid == wish->uid);
}

/* What is left of a piece when a range was cut off its front, with the guard behind that; size 0: nothing of use. */
static struct range rest_of(const struct range *piece, uint64_t size)
{
    uint64_t base = up_to_unit(piece->base + size + FAR_GRANULE), end = piece->base + piece->size;
    return base < end && end - base >= DOMAIN_UNIT ? (struct range){base, end - base} : (struct range){0};
}

static void take_freed(struct domain_ranges *ranges, size_t i, uint64_t size, struct range *range)
{
    struct range rest = rest_of(&ranges->freed[i].range, size);
    *range = (struct range){ranges->freed[i].range.base, size};
    ranges->freed[i].range = rest;
    if (!rest.size)
        memmove(&ranges->freed[i], &ranges->freed[i + 1], (--ranges->freed_count - i) * sizeof *ranges->freed);
}

/* The oldest of this size, or (larger) the oldest that has room for it. */
static bool take_suitable(struct domain_ranges *ranges, const struct wish *wish, bool larger, struct range *range)
{
    for (size_t i = 0; i < ranges->freed_count; i++) {
        const struct domain_freed *piece = &ranges->freed[i];
        if (!suits(wish, piece) || piece->range.size < wish->size || (!larger && piece->range.size > wish->size))
            continue;
        take_freed(ranges, i, wish->size, range);
        return true;
    }
    return false;
}

static int by_base(const void *a, const void *b)
{
    const struct domain_freed *left = a, *right = b;
    return left->range.base < right->range.base ? -1 : left->range.base > right->range.base;
}

static int by_age(const void *a, const void *b)
{
    const struct domain_freed *left = a, *right = b;
    return left->at < right->at ? -1 : left->at > right->at ? 1 : by_base(a, b);
}

/* What is joined is as young as the youngest part of it. */
static void join(struct domain_freed *left, const struct domain_freed *right)
{
    left->range.size = right->range.base + right->range.size - left->range.base;
    left->at = left->at > right->at ? left->at : right->at;
    left->uid = left->uid == right->uid ? left->uid : DOMAIN_UID_MIXED;
}

static void join_neighbours(struct domain_ranges *ranges, const struct wish *wish)
{
    size_t count = 0;
    qsort(ranges->freed, ranges->freed_count, sizeof *ranges->freed, by_base);
    for (size_t i = 0; i < ranges->freed_count; i++) {
        struct domain_freed *piece = &ranges->freed[i], *last = count ? &ranges->freed[count - 1] : NULL;
        if (last && last->chunk == piece->chunk && suits(wish, last) && suits(wish, piece) &&
            piece->range.base - (last->range.base + last->range.size) <= NEIGHBOURS_APART)
            join(last, piece);
        else
            ranges->freed[count++] = *piece;
    }
    ranges->freed_count = count;
    if (count)
        qsort(ranges->freed, count, sizeof *ranges->freed, by_age);
}

static bool take_part(struct domain_ranges *ranges, const struct wish *wish, struct range *range)
{
    if (take_suitable(ranges, wish, true, range))
        return true;
    if (ranges->freed_count < 2)
        return false;
    join_neighbours(ranges, wish);
    return take_suitable(ranges, wish, true, range);
}

static bool take_fresh(struct domain_ranges *ranges, uint64_t size, struct range *range)
{
    for (size_t i = 0; i < ranges->fresh_count; i++) {
        struct range *piece = &ranges->fresh[i];
        if (piece->size < size)
            continue;
        *range = (struct range){piece->base, size};
        *piece = rest_of(piece, size);
        if (!piece->size)
            *piece = ranges->fresh[--ranges->fresh_count];
        return true;
    }
    return false;
}

int domain_ranges_take(struct domain_ranges *ranges, uint64_t size, int64_t now, struct range *range)
{
    const struct wish wish = {.size = size, .before = now - DOMAIN_AGE_MS};
    bool taken = take_suitable(ranges, &wish, false, range) || take_fresh(ranges, size, range) ||
                 take_part(ranges, &wish, range);
    return taken ? 0 : DOMAIN_NEEDS_CHUNK;
}

bool domain_ranges_take_early(struct domain_ranges *ranges, uint64_t size, struct range *range)
{
    const struct wish wish = {.size = size, .before = INT64_MAX};
    return take_suitable(ranges, &wish, false, range) || take_part(ranges, &wish, range);
}

bool domain_ranges_take_own(struct domain_ranges *ranges, uint64_t size, uint32_t uid, struct range *range)
{
    const struct wish wish = {.size = size, .before = INT64_MAX, .own = true, .uid = uid};
    return take_suitable(ranges, &wish, false, range) || take_part(ranges, &wish, range);
}

uint64_t domain_ranges_cost(uint64_t size)
{
    return size + DOMAIN_UNIT;
}

uint64_t domain_ranges_idle(const struct domain_ranges *ranges, uint32_t uid)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < ranges->freed_count; i++)
        bytes += ranges->freed[i].uid == uid ? domain_ranges_cost(ranges->freed[i].range.size) : 0;
    return bytes;
}

uint64_t domain_ranges_chunk_for(uint64_t size)
{
    uint64_t least = size + DOMAIN_UNIT; /* its base need not lie on a unit's border */
    return least > DOMAIN_CHUNK_SIZE ? least : DOMAIN_CHUNK_SIZE;
}

int domain_ranges_add(struct domain_ranges *ranges, uint32_t id, const struct range *chunk)
{
    struct domain_chunk *grown = reallocarray(ranges->chunk, ranges->chunk_count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    ranges->chunk = grown;
    struct range *fresh = reallocarray(ranges->fresh, ranges->fresh_count + 1, sizeof *fresh);
    if (!fresh)
        return -ENOMEM;
    ranges->fresh = fresh;
    ranges->chunk[ranges->chunk_count++] = (struct domain_chunk){id, *chunk};
    uint64_t base = up_to_unit(chunk->base), end = (chunk->base + chunk->size) & ~(DOMAIN_UNIT - 1);
    if (end > base)
        ranges->fresh[ranges->fresh_count++] = (struct range){base, end - base};
    return 0;
}

int domain_ranges_adopt(struct domain_ranges *ranges, const struct domain_chunk *chunk)
{
    struct domain_chunk *grown = reallocarray(ranges->chunk, ranges->chunk_count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    ranges->chunk = grown;
    ranges->chunk[ranges->chunk_count++] = *chunk;
    return 0;
}

bool range_covers(const struct range *outer, const struct range *inner)
{
    return inner->base >= outer->base && inner->size <= outer->size &&
           inner->base - outer->base <= outer->size - inner->size;
}

bool domain_ranges_covers(const struct domain_ranges *ranges, const struct range *range)
{
    for (size_t i = 0; i < ranges->chunk_count; i++)
        if (range_covers(&ranges->chunk[i].range, range))
            return true;
    return false;
}

static uint32_t chunk_of(const struct domain_ranges *ranges, const struct range *range)
{
    for (size_t i = 0; i < ranges->chunk_count; i++)
        if (range->base - ranges->chunk[i].range.base < ranges->chunk[i].range.size)
            return (uint32_t)i;
    return UINT32_MAX;
}

void domain_ranges_release(struct domain_ranges *ranges, const struct range *range, uint32_t uid, int64_t now)
{
    if (ranges->freed_count == ranges->freed_room) {
        size_t room = ranges->freed_room ? 2 * ranges->freed_room : 16;
        struct domain_freed *grown = reallocarray(ranges->freed, room, sizeof *grown);
        if (!grown)
            return;
        ranges->freed = grown;
        ranges->freed_room = room;
    }
    ranges->freed[ranges->freed_count++] = (struct domain_freed){*range, uid, chunk_of(ranges, range), now};
}

bool domain_ranges_has(const struct domain_ranges *ranges, uint32_t id)
{
    for (size_t i = 0; i < ranges->chunk_count; i++)
        if (ranges->chunk[i].id == id)
            return true;
    return false;
}
