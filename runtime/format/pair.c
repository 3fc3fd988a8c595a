/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * One column of steps, each of which only makes sense if those before it found nothing: an interface that differs has
 * other slots, a variable that grew moves all behind it, words at other addresses cannot be compared.
 *
 *     pair.c            interface, parts, variables
 *     pair_contents.c   first values, and what the words of data point at
 *     pair_upgrade.c    both, where one is a later version of the other
 */
#include "runtime/format/pair.h"
#include "runtime/format/pair_sides.h"
#include "runtime/iface.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long number; /* for printf */

void pair_differs(struct pair_sides *sides, const char *format, ...)
{
    char text[512];
    va_list arguments;
    if (sides->pair->differences++ >= PAIR_DIFFERENCES_MAX || !sides->pair->differs)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    sides->pair->differs(sides->pair->context, text);
}

static void compare_operation(struct pair_sides *sides, const struct far_op *op, const char *name,
                              const struct far_op *other)
{
    if (!other)
        pair_differs(sides, "operation %s: only on %s", name, sides->one.machine);
    else if (op->slot != other->slot)
        pair_differs(sides, "operation %s: slot %u on %s, %u on %s; give both the same --previous", name, op->slot,
                     sides->one.machine, other->slot, sides->other.machine);
    else if (op->fingerprint != other->fingerprint)
        pair_differs(sides, "operation %s: fingerprint %016llx on %s, %016llx on %s: its types have other layouts",
                     name, (number)op->fingerprint, sides->one.machine, (number)other->fingerprint,
                     sides->other.machine);
}

static void compare_interfaces(struct pair_sides *sides)
{
    const struct far_iface *one = sides->one.segment->iface, *other = sides->other.segment->iface;
    const char *service = iface_string(one, one->service), *other_service = iface_string(other, other->service);
    if (sides->pair->upgrade && other->minor < one->minor)
        pair_differs(sides, "version %u.%u is older than the registered %u.%u", other->major, other->minor, one->major,
                     one->minor);
    else if (strcmp(service, other_service) != 0 || one->major != other->major ||
             (!sides->pair->upgrade && one->minor != other->minor))
        pair_differs(sides, "service %s %u.%u on %s, %s %u.%u on %s", service, one->major, one->minor,
                     sides->one.machine, other_service, other->major, other->minor, sides->other.machine);
    for (uint32_t i = 0; i < one->ops.count; i++) {
        const char *name = iface_string(one, iface_op(one, i)->name);
        compare_operation(sides, iface_op(one, i), name, iface_op_by_name(other, name));
    }
    for (uint32_t i = 0; i < other->ops.count; i++) {
        const char *name = iface_string(other, iface_op(other, i)->name);
        if (!iface_op_by_name(one, name) && !(sides->pair->upgrade && other->minor > one->minor))
            pair_differs(sides, "operation %s: only on %s%s", name, sides->other.machine,
                         sides->pair->upgrade ? "; a version with more operations has a higher minor number" : "");
    }
    sides->pair->operations = one->ops.count;
}

/* What each version has for itself; and the heap, which moves where there is no room for data. */
static bool part_is_own(enum far_part part)
{
    return part == FAR_PART_CODE || part == FAR_PART_CONST || part == FAR_PART_LINKAGE || part == FAR_PART_HEAP;
}

static void compare_parts(struct pair_sides *sides)
{
    const struct far_segment *one = sides->one.segment, *other = sides->other.segment;
    if (sides->pair->upgrade ? one->note->slot_count > other->note->slot_count
                             : one->note->slot_count != other->note->slot_count)
        pair_differs(sides, "%u slots on %s, %u on %s; give both the same --previous", one->note->slot_count,
                     sides->one.machine, other->note->slot_count, sides->other.machine);
    for (enum far_part part = 0; part < FAR_PART_COUNT; part++) {
        if (one->part[part].address != other->part[part].address && !(sides->pair->upgrade && part_is_own(part)))
            pair_differs(sides, "part %s: at 0x%llx on %s, 0x%llx on %s", far_part_name(part),
                         (number)one->part[part].address, sides->one.machine, (number)other->part[part].address,
                         sides->other.machine);
    }
    if (one->note->heap_size != other->note->heap_size)
        pair_differs(sides, "heap: 0x%llx bytes on %s, 0x%llx on %s", (number)one->note->heap_size, sides->one.machine,
                     (number)other->note->heap_size, sides->other.machine);
}

static int by_name(const void *a, const void *b)
{
    const struct named_place *left = *(const struct named_place *const *)a;
    const struct named_place *right = *(const struct named_place *const *)b;
    int order = strcmp(left->name, right->name);
    return order ? order : left->address < right->address ? -1 : left->address > right->address;
}

/* The variables of part data, by name; those of one name, static ones of several files, by address. */
static int list_variables(struct pair_side *side)
{
    side->variables = calloc(side->places.count + 1, sizeof *side->variables);
    if (!side->variables)
        return -ENOMEM;
    for (size_t i = 0; i < side->places.count; i++) {
        const struct named_place *place = &side->places.list[i];
        if (place->size && segment_part_at(side->segment, place->address) == FAR_PART_DATA)
            side->variables[side->variable_count++] = place;
    }
    if (side->variable_count)
        qsort(side->variables, side->variable_count, sizeof *side->variables, by_name);
    return 0;
}

const char *pair_source(const struct named_place *place, char text[128])
{
    text[0] = '\0';
    if (place->source[0])
        snprintf(text, 128, " (%s)", place->source);
    return text;
}

static void compare_variable(struct pair_sides *sides, const struct named_place *one, const struct named_place *other)
{
    char source[128];
    sides->pair->variables++;
    if (one->size != other->size)
        pair_differs(sides, "variable %s%s: %llu bytes on %s, %llu on %s", one->name, pair_source(one, source),
                     (number)one->size, sides->one.machine, (number)other->size, sides->other.machine);
    else if (one->address != other->address)
        sides->pair->moved++;
}

static void tell_missing(struct pair_sides *sides, const struct pair_side *has, const struct pair_side *lacks,
                         const struct named_place *place)
{
    char source[128];
    pair_differs(sides, "variable %s%s: %llu bytes on %s, not there on %s", place->name, pair_source(place, source),
                 (number)place->size, has->machine, lacks->machine);
}

/* Walk both lists of names together. */
static void match_variables(struct pair_sides *sides,
                            void (*match)(struct pair_sides *, const struct named_place *, const struct named_place *),
                            bool tell)
{
    struct pair_side *one = &sides->one, *other = &sides->other;
    size_t i = 0, j = 0;
    while (i < one->variable_count || j < other->variable_count) {
        int order = i == one->variable_count     ? 1
                    : j == other->variable_count ? -1
                                                 : strcmp(one->variables[i]->name, other->variables[j]->name);
        if (order == 0)
            match(sides, one->variables[i++], other->variables[j++]);
        else if (order < 0)
            i++;
        else
            j++;
        if (tell && order < 0)
            tell_missing(sides, one, other, one->variables[i - 1]);
        else if (tell && order > 0)
            tell_missing(sides, other, one, other->variables[j - 1]);
    }
}

static void tell_moved(struct pair_sides *sides, const struct named_place *one, const struct named_place *other)
{
    char source[128];
    if (one->address != other->address)
        pair_differs(sides, "variable %s%s: at 0x%llx on %s, 0x%llx on %s", one->name, pair_source(one, source),
                     (number)one->address, sides->one.machine, (number)other->address, sides->other.machine);
}

/* Where sizes differ or something is missing, addresses differ because of that. */
static void compare_variables(struct pair_sides *sides)
{
    match_variables(sides, compare_variable, true);
    if (!sides->pair->differences && sides->pair->moved)
        match_variables(sides, tell_moved, false);
}

static int open_side(struct pair_side *side, const struct far_segment *segment)
{
    const struct far_machine *machine = far_machine_find(segment->note->machine);
    *side = (struct pair_side){.segment = segment, .machine = machine ? machine->name : "another machine"};
    int err = named_places_load(&side->places, segment);
    err = err ? err : address_words_load(&side->words, segment);
    return err ? err : list_variables(side);
}

static void close_side(struct pair_side *side)
{
    named_places_free(&side->places);
    address_words_free(&side->words);
    free(side->variables);
}

static int compare_machines(struct pair_sides *sides)
{
    compare_variables(sides);
    if (!sides->pair->differences)
        pair_compare_contents(sides);
    return 0;
}

static int compare_upgrade(struct pair_sides *sides)
{
    int err = 0;
    pair_compare_rooms(sides);
    if (!sides->pair->differences)
        err = pair_compare_versions(sides);
    if (!err && !sides->pair->differences)
        pair_compare_kept(sides);
    return err;
}

int segment_pair_check(const struct far_segment *one, const struct far_segment *other, struct pair *pair)
{
    struct pair_sides sides = {.pair = pair};
    int err = open_side(&sides.one, one);
    int other_err = open_side(&sides.other, other);
    *pair =
        (struct pair){.upgrade = pair->upgrade, .differs = pair->differs, .note = pair->note, .context = pair->context};
    if (one->note->machine == other->note->machine) /* then what follows would name both alike */
        sides.one.machine = "the one", sides.other.machine = "the other";
    if (pair->upgrade)
        sides.one.machine = "the registered version", sides.other.machine = "the new one";
    err = err ? err : other_err;
    if (!err)
        compare_interfaces(&sides);
    if (!err && !pair->differences)
        compare_parts(&sides);
    if (!err && !pair->differences)
        err = pair->upgrade ? compare_upgrade(&sides) : compare_machines(&sides);
    close_side(&sides.one);
    close_side(&sides.other);
    return err;
}
