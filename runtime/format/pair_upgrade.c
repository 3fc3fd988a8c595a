/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A later version over the data of an earlier one, while both run. What the earlier one calls `one` has been running: what
 * its variables hold stays, whatever the later one would begin with. So
 *
 *   - a variable of both has one address and one size;
 *   - one that has gone leaves a hole, in which nothing new may lie;
 *   - a new one lies in a room behind the others (data_layout.h), where the old code never comes, and begins as the file says;
 *   - what old data points at must be there in the new version as well.
 *
 * A variable is the same one if name and source file are. Compilers number static variables of one name: their numbers tell nothing.
 */
#include "runtime/format/data_layout.h"
#include "runtime/format/pair_sides.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long number; /* for printf */

static void note(struct pair_sides *sides, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(struct pair_sides *sides, const char *format, ...)
{
    char text[512];
    va_list arguments;
    if (sides->pair->notes++ >= PAIR_DIFFERENCES_MAX || !sides->pair->note)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    sides->pair->note(sides->pair->context, text);
}

/* "count.1" is a "count", and so is "count.llvm.123". */
size_t pair_stem(const char *name)
{
    size_t length = strlen(name), end = length;
    while (end > 0 && name[end - 1] >= '0' && name[end - 1] <= '9')
        end--;
    if (end == length || end < 2 || name[end - 1] != '.')
        return length;
    end--;
    return end > 5 && !memcmp(name + end - 5, ".llvm", 5) ? end - 5 : end;
}

static int compare_stems(const struct named_place *left, const struct named_place *right)
{
    size_t left_length = pair_stem(left->name), right_length = pair_stem(right->name);
    size_t shorter = left_length < right_length ? left_length : right_length;
    int order = memcmp(left->name, right->name, shorter);
    order = order ? order : (left_length > right_length) - (left_length < right_length);
    return order ? order : strcmp(left->source, right->source);
}

static int by_stem(const void *a, const void *b)
{
    const struct named_place *left = *(const struct named_place *const *)a;
    const struct named_place *right = *(const struct named_place *const *)b;
    int order = compare_stems(left, right);
    order = order ? order : strcmp(left->name, right->name);
    return order ? order : left->address < right->address ? -1 : left->address > right->address;
}

/* How many from `at` on are of one stem and source. */
static size_t group_size(const struct pair_side *side, size_t at)
{
    size_t end = at + 1;
    while (end < side->variable_count && compare_stems(side->variables[at], side->variables[end]) == 0)
        end++;
    return end - at;
}

/* ---- rooms ---- */

static void compare_room(struct pair_sides *sides, const char *what, uint64_t needed, uint64_t room)
{
    pair_differs(sides,
                 "new variables %s need %llu bytes, but behind those of the registered version there are %llu free; "
                 "that is said when a first version is linked (farld --data-room)",
                 what, (number)needed, (number)room);
}

void pair_compare_rooms(struct pair_sides *sides)
{
    struct data_layout one, other;
    segment_data_layout(sides->one.segment, &one);
    segment_data_layout(sides->other.segment, &other);
    if (other.valued_end > one.zeroed)
        compare_room(sides, "with a first value", other.valued_end - one.valued_end, one.zeroed - one.valued_end);
    else if (other.zeroed == one.zeroed && other.zeroed_end > one.end)
        compare_room(sides, "without a first value", other.zeroed_end - one.zeroed_end, one.end - one.zeroed_end);
    else if (other.valued_end < one.valued_end || other.zeroed != one.zeroed || other.zeroed_end < one.zeroed_end ||
             other.end != one.end)
        pair_differs(sides, "its data is not laid out behind the registered version's, as farld --like does");
}

/* ---- variables ---- */

static void compare_same(struct pair_sides *sides, const struct named_place *one, const struct named_place *other)
{
    char source[128];
    sides->pair->variables++;
    if (one->size != other->size) {
        pair_differs(sides,
                     "variable %s%s: %llu bytes in the registered version, %llu in the new one; give what has another "
                     "size another name, and it begins anew",
                     one->name, pair_source(one, source), (number)one->size, (number)other->size);
    } else if (one->address != other->address) {
        sides->pair->moved++;
        pair_differs(sides, "variable %s%s: at 0x%llx in the registered version, at 0x%llx in the new one", one->name,
                     pair_source(one, source), (number)one->address, (number)other->address);
    }
}

static void tell_ambiguous(struct pair_sides *sides, const struct named_place *place, size_t one, size_t other)
{
    char source[128];
    pair_differs(sides,
                 "static variables named %.*s%s: %zu in the registered version, %zu in the new one; which is which "
                 "cannot be told: give new ones names of their own",
                 (int)pair_stem(place->name), place->name, pair_source(place, source), one, other);
}

/* Variables that one side has and the other has not, by stem and source. */
struct leftovers {
    const struct named_place **list;
    size_t count;
};

static void match_groups(struct pair_sides *sides, struct leftovers *gone, struct leftovers *added)
{
    struct pair_side *one = &sides->one, *other = &sides->other;
    size_t i = 0, j = 0;
    while (i < one->variable_count || j < other->variable_count) {
        int order = i == one->variable_count     ? 1
                    : j == other->variable_count ? -1
                                                 : compare_stems(one->variables[i], other->variables[j]);
        size_t left = order <= 0 ? group_size(one, i) : 0, right = order >= 0 ? group_size(other, j) : 0;
        if (order == 0 && left != right)
            tell_ambiguous(sides, one->variables[i], left, right);
        for (size_t k = 0; order == 0 && left == right && k < left; k++)
            compare_same(sides, one->variables[i + k], other->variables[j + k]);
        for (size_t k = 0; order < 0 && k < left; k++)
            gone->list[gone->count++] = one->variables[i + k];
        for (size_t k = 0; order > 0 && k < right; k++)
            added->list[added->count++] = other->variables[j + k];
        i += left;
        j += right;
    }
}

static const struct named_place *find_name(const struct leftovers *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->list[i] && strcmp(list->list[i]->name, name) == 0)
            return list->list[i];
    }
    return NULL;
}

/* One name, two files: a global variable whose definition has moved, which farld knows and has put in its place; or not one variable at all. */
static bool has_moved_house(struct pair_sides *sides, const struct named_place *one, const struct leftovers *added)
{
    char source[128], other_source[128];
    const struct named_place *other = find_name(added, one->name);
    if (!other || (other->address == one->address && other->size == one->size))
        return other != NULL;
    pair_differs(sides,
                 "variable %s%s of the registered version, and %s%s of the new one: a variable that moves to another "
                 "file begins anew; give it another name, or leave it where it was",
                 one->name, pair_source(one, source), other->name, pair_source(other, other_source));
    return true;
}

static bool is_in_room(const struct data_layout *layout, const struct named_place *place)
{
    return place->address >= layout->zeroed_end ||
           (place->address >= layout->valued_end && place->address <= layout->zeroed &&
            place->size <= layout->zeroed - place->address);
}

static void settle_leftovers(struct pair_sides *sides, const struct leftovers *gone, const struct leftovers *added)
{
    char source[128];
    struct data_layout layout;
    segment_data_layout(sides->one.segment, &layout);
    for (size_t i = 0; i < gone->count; i++) {
        if (has_moved_house(sides, gone->list[i], added))
            continue;
        sides->pair->gone++;
        note(sides, "variable %s%s is no more; its %llu bytes stay unused", gone->list[i]->name,
             pair_source(gone->list[i], source), (number)gone->list[i]->size);
    }
    for (size_t i = 0; i < added->count; i++) {
        if (find_name(gone, added->list[i]->name))
            continue;
        sides->pair->added++;
        if (!is_in_room(&layout, added->list[i]))
            pair_differs(sides,
                         "variable %s%s is new, and lies at 0x%llx, where the registered version has its data; link it "
                         "with farld --like",
                         added->list[i]->name, pair_source(added->list[i], source), (number)added->list[i]->address);
    }
}

int pair_compare_versions(struct pair_sides *sides)
{
    struct pair_side *one = &sides->one, *other = &sides->other;
    if (!one->places.count || !other->places.count)
        pair_differs(sides, "%s has no symbols; variables are kept by their names: leave its symbol table in the file",
                     one->places.count ? "the new version" : "the registered version");
    struct leftovers gone = {calloc(one->variable_count + 1, sizeof *gone.list), 0};
    struct leftovers added = {calloc(other->variable_count + 1, sizeof *added.list), 0};
    bool room = gone.list && added.list;
    if (room) {
        qsort(one->variables, one->variable_count, sizeof *one->variables, by_stem);
        qsort(other->variables, other->variable_count, sizeof *other->variables, by_stem);
        match_groups(sides, &gone, &added);
        settle_leftovers(sides, &gone, &added);
    }
    free(gone.list);
    free(added.list);
    return room ? 0 : -ENOMEM;
}

/* ---- what they hold ---- */

/* Of the new version, a variable that the registered one had as well; all variables lie where they should. */
static const struct named_place *kept_at(const struct pair_sides *sides, uint64_t address)
{
    const struct named_place *one = named_places_at(&sides->one.places, address);
    const struct named_place *other = named_places_at(&sides->other.places, address);
    return one ? other : NULL;
}

static bool still_means(const struct pair_sides *sides, const struct address_word *word)
{
    const struct named_place *one, *other;
    if (word->code != FAR_RELOC_REBASE || pair_same_address(sides, word->value))
        return true; /* operations have been compared */
    if (segment_part_at(sides->one.segment, word->value) != FAR_PART_CODE)
        return false;
    one = named_places_at(&sides->one.places, word->value);
    other = named_places_at(&sides->other.places, word->value);
    return one && other && one->address == other->address && !strcmp(one->name, other->name);
}

/* Of a version after the next nobody would know what the variable may still hold. */
static bool is_forgotten(const struct pair_sides *sides, const struct address_word *word)
{
    enum far_part part = segment_part_at(sides->one.segment, word->value);
    const struct address_word *other = address_words_at(&sides->other.words, word->at);
    bool own = word->code == FAR_RELOC_REBASE && part >= FAR_PART_CODE && part <= FAR_PART_LINKAGE;
    return own && !(other && other->code == FAR_RELOC_REBASE && other->value == word->value);
}

static void compare_pointers(struct pair_sides *sides)
{
    const struct address_words *words = &sides->one.words;
    for (size_t i = 0; i < words->count; i++) {
        const struct address_word *word = &words->list[i];
        bool named = named_places_at(&sides->one.places, word->at) != NULL;
        if (named && !kept_at(sides, word->at))
            continue;
        if (!still_means(sides, word))
            pair_tell_stale(sides, word);
        else if (is_forgotten(sides, word))
            pair_tell_forgotten(sides, word);
    }
    sides->pair->words = (uint32_t)words->count;
}

static bool holds_other_address(const struct pair_sides *sides, uint64_t at)
{
    const struct address_word *one = address_words_at(&sides->one.words, at);
    const struct address_word *other = address_words_at(&sides->other.words, at);
    if (!one || !other)
        return one || other;
    return one->code != other->code || strcmp(one->service, other->service) || strcmp(one->operation, other->operation);
}

/* A byte that begins otherwise. What has no name cannot be told from another piece of the program. */
static void compare_byte(struct pair_sides *sides, uint64_t at, const struct named_place **last)
{
    char source[128];
    const struct named_place *before = named_places_at(&sides->one.places, at), *place = kept_at(sides, at);
    if (!before)
        pair_differs(sides,
                     "the data at 0x%llx has no name, and begins otherwise in the new version; data is kept by its "
                     "variables' names",
                     (number)at);
    else if (place && place != *last)
        sides->pair->kept++, note(sides, "variable %s%s has another first value; it keeps what it holds", place->name,
                                  pair_source(place, source));
    *last = place ? place : *last;
}

/* Notes come once for each variable. */
static void compare_first_values(struct pair_sides *sides)
{
    const struct far_segment *one = sides->one.segment, *other = sides->other.segment;
    const struct named_place *last = NULL;
    struct data_layout layout;
    segment_data_layout(one, &layout);
    for (uint64_t at = one->part[FAR_PART_DATA].address; at < layout.valued_end; at += 8) {
        uint64_t differs = data_word(one, at) ^ data_word(other, at);
        if (address_words_at(&sides->one.words, at) || address_words_at(&sides->other.words, at))
            differs = holds_other_address(sides, at) || differs ? UINT64_MAX : 0;
        for (unsigned i = 0; i < 8 && at + i < layout.valued_end; i++)
            if (differs >> (8 * i) & 0xff)
                compare_byte(sides, at + i, &last);
    }
}

/* ---- constructors ---- */

static const struct named_place *constructor_at(const struct pair_side *side, uint64_t index)
{
    const struct far_segment *segment = side->segment;
    uint64_t offset = segment->init_array.address - segment->part[FAR_PART_CONST].address + 8 * index, address;
    if (offset + sizeof address > segment->content_size[FAR_PART_CONST])
        return NULL;
    memcpy(&address, segment->content[FAR_PART_CONST] + offset, sizeof address);
    return named_places_at(&side->places, address);
}

static bool has_constructor(const struct pair_side *side, const struct named_place *wanted)
{
    for (uint64_t i = 0; i < side->segment->init_array.size / 8; i++) {
        const struct named_place *place = constructor_at(side, i);
        if (place && !strcmp(place->name, wanted->name) && !strcmp(place->source, wanted->source))
            return true;
    }
    return false;
}

/* They run when data is fresh, and this data is not: one that is new would never have run on it. */
static void compare_constructors(struct pair_sides *sides)
{
    char source[128];
    for (uint64_t i = 0; i < sides->other.segment->init_array.size / 8; i++) {
        const struct named_place *place = constructor_at(&sides->other, i);
        if (!place)
            pair_differs(sides,
                         "constructor number %llu of the new version has no name, so it cannot be told whether "
                         "the registered one ran it; link it with its symbols",
                         (number)i + 1);
        else if (!has_constructor(&sides->one, place))
            pair_differs(sides,
                         "constructor %s%s is new, and would not run, as constructors run on fresh data only; do its "
                         "work at the first call that needs it, by pthread_once()",
                         place->name, pair_source(place, source));
    }
}

void pair_compare_kept(struct pair_sides *sides)
{
    compare_pointers(sides);
    compare_first_values(sides);
    compare_constructors(sides);
}
