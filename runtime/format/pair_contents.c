/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What variables start with: plain bytes are the same, words with addresses mean the same. */
#include "runtime/format/complain.h"
#include "runtime/format/pair_sides.h"

#include <stdio.h>
#include <string.h>

#define STRING_LIMIT 65536 /* bytes of an unnamed constant that are compared, if no NUL ends it before */

typedef unsigned long long number; /* for printf */

struct text {
    char bytes[192];
};

/* "hooks+8 (kv.c)", or the address where no symbol covers it. */
static const char *describe(const struct pair_side *side, uint64_t address, struct text *text)
{
    const struct named_place *place = named_places_at(&side->places, address);
    char source[128];
    if (!place)
        snprintf(text->bytes, sizeof text->bytes, "the word at 0x%llx", (number)address);
    else if (address == place->address)
        snprintf(text->bytes, sizeof text->bytes, "%.100s%.60s", place->name, pair_source(place, source));
    else
        snprintf(text->bytes, sizeof text->bytes, "%.100s+%llu%.60s", place->name, (number)(address - place->address),
                 pair_source(place, source));
    return text->bytes;
}

/* What a word with an address points at, in words. */
static const char *describe_target(const struct pair_side *side, const struct address_word *word, struct text *text)
{
    struct text place;
    enum far_part part;
    if (word->code != FAR_RELOC_REBASE) {
        int length = snprintf(text->bytes, sizeof text->bytes, "operation %.63s%s%.80s", word->service,
                              word->service[0] ? "." : "", word->operation);
        if (word->value)
            snprintf(text->bytes + length, sizeof text->bytes - (size_t)length, " and %lld bytes more",
                     (long long)word->value);
        return text->bytes;
    }
    part = segment_part_at(side->segment, word->value);
    if (!named_places_at(&side->places, word->value))
        snprintf(text->bytes, sizeof text->bytes, "0x%llx in part %s", (number)word->value,
                 part < FAR_PART_COUNT ? far_part_name(part) : "(none)");
    else
        snprintf(text->bytes, sizeof text->bytes, "%s%.150s at 0x%llx", part == FAR_PART_CODE ? "function " : "",
                 describe(side, word->value, &place), (number)word->value);
    return text->bytes;
}

static const uint8_t *bytes_at(const struct far_segment *segment, enum far_part part, uint64_t address, size_t *room)
{
    uint64_t offset = address - segment->part[part].address;
    if (offset >= segment->content_size[part])
        return NULL;
    *room = segment->content_size[part] - offset;
    return segment->content[part] + offset;
}

/* An unnamed constant, as string literals are: the same up to the NUL. */
static bool same_unnamed(const struct pair_sides *sides, uint64_t address)
{
    size_t room, other_room;
    const uint8_t *one = bytes_at(sides->one.segment, FAR_PART_CONST, address, &room);
    const uint8_t *other = bytes_at(sides->other.segment, FAR_PART_CONST, address, &other_room);
    if (!one || !other)
        return false;
    room = room < other_room ? room : other_room;
    room = room < STRING_LIMIT ? room : STRING_LIMIT;
    const uint8_t *end = memchr(one, 0, room);
    return end && memcmp(one, other, (size_t)(end - one) + 1) == 0;
}

/* Of the same name, at the same distance into it. What a constant of a machine's own holds is that machine's business. */
static bool same_named(const struct named_place *one, const struct named_place *other)
{
    return one && other && !strcmp(one->name, other->name) && one->address == other->address;
}

bool pair_same_address(const struct pair_sides *sides, uint64_t address)
{
    const struct named_place *one = named_places_at(&sides->one.places, address);
    const struct named_place *other = named_places_at(&sides->other.places, address);
    enum far_part part = segment_part_at(sides->one.segment, address);
    bool thunk = one && !strncmp(one->name, "far_thunk.", 10);
    switch (part) {
    case FAR_PART_CODE:
        return thunk && same_named(one, other);
    case FAR_PART_CONST:
        return one || other ? same_named(one, other) : same_unnamed(sides, address);
    case FAR_PART_LINKAGE:
        return same_named(one, other);
    default:
        return true; /* data and heap, in which variables have been compared; one past the end of the last of them */
    }
}

static bool same_meaning(const struct pair_sides *sides, const struct address_word *one,
                         const struct address_word *other)
{
    return one->code == other->code && one->value == other->value && !strcmp(one->service, other->service) &&
           !strcmp(one->operation, other->operation) &&
           (one->code != FAR_RELOC_REBASE || pair_same_address(sides, one->value));
}

static void tell_word(struct pair_sides *sides, const struct address_word *one, const struct address_word *other)
{
    struct text place, target, other_target;
    bool function = one->code == FAR_RELOC_REBASE && segment_part_at(sides->one.segment, one->value) == FAR_PART_CODE;
    pair_differs(
        sides, "%s holds %s on %s, %s on %s; %s", describe(&sides->one, one->at, &place),
        describe_target(&sides->one, one, &target), sides->one.machine,
        describe_target(&sides->other, other, &other_target), sides->other.machine,
        function ? "data that two machines share can point at operations, and at functions of the C library other than "
                   "malloc and its friends"
                 : "data that two machines share can point at data, or at a constant that lies at the same "
                   "address on both: give it a name, static const char name[] = \"…\"");
}

void pair_tell_stale(struct pair_sides *sides, const struct address_word *word)
{
    struct text place, target, there;
    bool function = segment_part_at(sides->one.segment, word->value) == FAR_PART_CODE;
    const struct address_word found = {.code = FAR_RELOC_REBASE, .value = word->value, .service = "", .operation = ""};
    pair_differs(
        sides, "%s may hold the address of %s of the registered version, where the new one has %s; %s",
        describe(&sides->one, word->at, &place), describe_target(&sides->one, word, &target),
        describe_target(&sides->other, &found, &there),
        function ? "let data point at operations and choose functions by a number, or give the variable another name"
                 : "leave its first value as it was, or give the variable another name");
}

void pair_tell_forgotten(struct pair_sides *sides, const struct address_word *word)
{
    struct text place, target;
    pair_differs(
        sides,
        "%s holds the address of %s in the registered version, and begins otherwise in the new one, but would keep "
        "what it holds; leave its first value, or give the variable another name",
        describe(&sides->one, word->at, &place), describe_target(&sides->one, word, &target));
}

static void tell_one_sided(struct pair_sides *sides, const struct pair_side *has, const struct address_word *word,
                           const struct pair_side *lacks)
{
    struct text place, target;
    pair_differs(sides, "%s holds %s on %s, no address on %s", describe(has, word->at, &place),
                 describe_target(has, word, &target), has->machine, lacks->machine);
}

static void compare_words(struct pair_sides *sides)
{
    const struct address_words *one = &sides->one.words, *other = &sides->other.words;
    size_t i = 0, j = 0;
    while (i < one->count || j < other->count) {
        const struct address_word *left = i < one->count ? &one->list[i] : NULL;
        const struct address_word *right = j < other->count ? &other->list[j] : NULL;
        if (left && right && left->at == right->at) {
            if (!same_meaning(sides, left, right))
                tell_word(sides, left, right);
            i++, j++;
            sides->pair->words++;
        } else if (left && (!right || left->at < right->at)) {
            tell_one_sided(sides, &sides->one, left, &sides->other);
            i++;
        } else {
            tell_one_sided(sides, &sides->other, right, &sides->one);
            j++;
        }
    }
}

static uint64_t content_end(const struct far_segment *segment)
{
    return segment->part[FAR_PART_DATA].address + segment->content_size[FAR_PART_DATA];
}

static void compare_values(struct pair_sides *sides)
{
    const struct far_segment *one = sides->one.segment, *other = sides->other.segment;
    uint64_t end = content_end(one) > content_end(other) ? content_end(one) : content_end(other);
    for (uint64_t at = one->part[FAR_PART_DATA].address; at < end; at += 8) {
        uint64_t left = data_word(one, at), right = data_word(other, at);
        struct text place;
        if (left == right || address_words_at(&sides->one.words, at)) /* compared, and an addend may be kept in it */
            continue;
        pair_differs(sides, "the first value of %s: 0x%016llx on %s, 0x%016llx on %s",
                     describe(&sides->one, at + (unsigned)__builtin_ctzll(left ^ right) / 8, &place), (number)left,
                     sides->one.machine, (number)right, sides->other.machine);
    }
}

void pair_compare_contents(struct pair_sides *sides)
{
    compare_words(sides);
    compare_values(sides);
}
