/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What no honest partner would write. The same for both directions: neither side may believe the other. */
#include "runtime/callback.h"
#include "runtime/far/fuzz.h"
#include "runtime/walk/reference.h"

#include <string.h>

#define PLACES_MOST 6
#define OBJECTS     12 /* indexes of reference words are mostly below */

static uint64_t reference(struct fuzz_choice *choice)
{
    enum far_reference_kind kind = choose_below(choice, FAR_REFERENCE_KIND_COUNT + 1);
    uint32_t index = (uint32_t)(choose_one_in(choice, 8) ? choose(choice) : choose_below(choice, OBJECTS));
    uint32_t offset = (uint32_t)(choose_one_in(choice, 4) ? choose_edge(choice) : choose_below(choice, 256));
    return kind == FAR_REFERENCE_ADDRESS ? far_reference_address(choose_edge(choice))
                                         : far_reference(kind, index, offset);
}

static uint64_t handle(struct fuzz_choice *choice, const struct fuzz_maker *maker)
{
    if (!maker || !maker->handles)
        return choose_edge(choice);
    return maker->handle[choose_below(choice, maker->handles)].value + (choose_one_in(choice, 4) ? 8 : 0);
}

uint64_t spoil_word(struct fuzz_choice *choice, const struct fuzz_maker *maker, uint64_t word)
{
    switch (choose_below(choice, 8)) {
    case 0:
        return word + choose_below(choice, 3) - 1;
    case 1:
        return word ^ 1ull << choose_below(choice, 64);
    case 2:
        return (uint64_t)(uintptr_t)choice; /* an address of our own */
    case 3:
    case 4:
        return reference(choice);
    case 5:
        return handle(choice, maker);
    case 6:
        return FAR_FUNCTION_FIRST + choose_below(choice, 0x10002) - 1;
    default:
        return choose_edge(choice);
    }
}

static void spoil_area_word(struct fuzz_choice *choice, const struct fuzz_target *target)
{
    uint64_t word, at = choose_below(choice, target->end - 7);
    if (!choose_one_in(choice, 4))
        at &= ~7ull;
    memcpy(&word, target->area + at, sizeof word);
    word = spoil_word(choice, target->maker, word);
    memcpy(target->area + at, &word, sizeof word);
}

/* Strings lose their ends, and the next thing begins in them. */
static void spoil_area_bytes(struct fuzz_choice *choice, const struct fuzz_target *target)
{
    uint64_t at = choose_below(choice, target->end), bytes = 1 + choose_below(choice, 64);
    uint64_t end = at + bytes < target->room ? at + bytes : target->room;
    int byte = choose_one_in(choice, 2) ? 'A' : choose_one_in(choice, 2) ? 0xff : (int)(choose(choice) & 0xff);
    memset(target->area + at, byte, end - at);
}

static void spoil_line(struct fuzz_choice *choice, const struct fuzz_target *target)
{
    uint64_t *word = target->words[choose_below(choice, target->word_count)];
    if (choose_one_in(choice, 8))
        *word = *target->words[choose_below(choice, target->word_count)];
    else
        *word = spoil_word(choice, target->maker, *word);
}

void spoil(struct fuzz_choice *choice, const struct fuzz_target *target)
{
    for (uint64_t places = 1 + choose_below(choice, PLACES_MOST); places > 0; places--) {
        uint64_t what = choose_below(choice, 4);
        if (what == 0 && target->word_count)
            spoil_line(choice, target);
        else if (what == 1 && target->end)
            spoil_area_bytes(choice, target);
        else if (target->end >= 8)
            spoil_area_word(choice, target);
        else if (target->word_count)
            spoil_line(choice, target);
    }
}
