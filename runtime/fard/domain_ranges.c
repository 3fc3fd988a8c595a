/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/domain_ranges.h"
#include "runtime/segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN_SIZE_MAX ((uint64_t)1 << 40)

void domain_ranges_free(struct domain_ranges *ranges)
{
    free(ranges->chunk);
    free(ranges->freed);
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

static void take_freed(struct domain_ranges *ranges, size_t i, struct range *range)
{
    *range = ranges->freed[i].range;
    memmove(&ranges->freed[i], &ranges->freed[i + 1], (--ranges->freed_count - i) * sizeof *ranges->freed);
}

/* The oldest of this size; ranges->freed_count if there is none. */
static size_t find_freed(const struct domain_ranges *ranges, uint64_t size)
{
    size_t i = 0;
    while (i < ranges->freed_count && ranges->freed[i].range.size != size)
        i++;
    return i;
}

/* Behind it lies a guard granule, in front of it what is left up to a unit's border. */
static int take_new(struct domain_ranges *ranges, uint64_t size, struct range *range)
{
    if (!ranges->chunk_count)
        return DOMAIN_NEEDS_CHUNK;
    const struct range *chunk = &ranges->chunk[ranges->chunk_count - 1].range;
    uint64_t base = up_to_unit(ranges->cursor), end = chunk->base + chunk->size;
    if (base > end || end - base < size)
        return DOMAIN_NEEDS_CHUNK;
    *range = (struct range){base, size};
    ranges->cursor = base + size + FAR_GRANULE;
    return 0;
}

int domain_ranges_take(struct domain_ranges *ranges, uint64_t size, int64_t now, struct range *range)
{
    size_t oldest = find_freed(ranges, size);
    if (oldest == ranges->freed_count || now - ranges->freed[oldest].at < DOMAIN_AGE_MS)
        return take_new(ranges, size, range);
    take_freed(ranges, oldest, range);
    return 0;
}

bool domain_ranges_take_early(struct domain_ranges *ranges, uint64_t size, struct range *range)
{
    size_t oldest = find_freed(ranges, size);
    if (oldest == ranges->freed_count)
        return false;
    take_freed(ranges, oldest, range);
    return true;
}

bool domain_ranges_take_own(struct domain_ranges *ranges, uint64_t size, uint32_t uid, struct range *range)
{
    for (size_t i = 0; i < ranges->freed_count; i++) {
        if (ranges->freed[i].uid == uid && ranges->freed[i].range.size == size) {
            take_freed(ranges, i, range);
            return true;
        }
    }
    return false;
}

uint64_t domain_ranges_idle(const struct domain_ranges *ranges, uint32_t uid)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < ranges->freed_count; i++)
        bytes += ranges->freed[i].uid == uid ? ranges->freed[i].range.size : 0;
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
    ranges->chunk[ranges->chunk_count++] = (struct domain_chunk){id, *chunk};
    ranges->cursor = chunk->base;
    return 0;
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
    ranges->freed[ranges->freed_count++] = (struct domain_freed){*range, uid, now};
}

bool domain_ranges_has(const struct domain_ranges *ranges, uint32_t id)
{
    for (size_t i = 0; i < ranges->chunk_count; i++)
        if (ranges->chunk[i].id == id)
            return true;
    return false;
}
