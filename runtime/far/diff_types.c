/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Layouts. A type's changes are shown under the first operation that reaches it; the others only say that they reach it.
 * Members are found by name, in tables sorted for it, so that a large structure costs no more than its size.
 */
#include "runtime/far/diff.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct pair {
    uint32_t old, new;
};

/* Pairs still to be compared. A queue, not recursion: a list of types may be as long as the record allows. */
struct queue {
    struct pair *pairs; /* room for every old type */
    size_t head, tail;
};

static void later(struct diff *diff, struct queue *queue, uint32_t old_index, uint32_t new_index)
{
    if (diff->seen[old_index] == diff->round)
        return;
    diff->seen[old_index] = diff->round;
    queue->pairs[queue->tail++] = (struct pair){old_index, new_index};
}

/* --- members by name --- */

struct named {
    const char *name;
    const struct far_member *member;
    bool matched;
};

struct members {
    struct named *list;
    uint32_t count;
};

/* Those without a name keep their order. */
static int by_name(const void *one, const void *other)
{
    const struct named *a = one, *b = other;
    int order = strcmp(a->name, b->name);
    return order ? order : (a->member > b->member) - (a->member < b->member);
}

static bool members_of(struct members *members, const struct far_iface *iface, const struct far_type *type)
{
    *members = (struct members){calloc((size_t)type->member_count + 1, sizeof *members->list), type->member_count};
    for (uint32_t i = 0; members->list && i < members->count; i++) {
        const struct far_member *member = iface_member(iface, type->first_member + i);
        members->list[i] = (struct named){.name = iface_string(iface, member->name), .member = member};
    }
    if (members->list)
        qsort(members->list, members->count, sizeof *members->list, by_name);
    return members->list != NULL;
}

/* Each name of the one to the same name of the other; both are sorted. */
static void match(struct members *old_members, struct members *new_members)
{
    uint32_t i = 0, j = 0;
    while (i < old_members->count && j < new_members->count) {
        int order = strcmp(old_members->list[i].name, new_members->list[j].name);
        if (order == 0)
            old_members->list[i].matched = new_members->list[j].matched = true;
        i += order <= 0;
        j += order >= 0;
    }
}

/* --- two members of the same name --- */

struct comparison {
    struct diff *diff;
    struct queue *queue;
    const char *name; /* of the type */
    const struct far_type *old_type, *new_type;
};

static void compare_crossing(const struct comparison *c, const struct far_member *old_member,
                             const struct far_member *new_member)
{
    struct diff *diff = c->diff;
    struct dump_scope old_scope = dump_scope_of_members(diff->old, c->old_type);
    struct dump_scope new_scope = dump_scope_of_members(diff->new, c->new_type);
    const char *name = iface_string(diff->old, old_member->name);
    char subject[DUMP_NAME_SIZE], old_cases[DUMP_WORDS_SIZE], new_cases[DUMP_WORDS_SIZE];
    snprintf(subject, sizeof subject, "%.200s: member %.200s", c->name, name);
    if (old_member->value && new_member->value)
        diff_values(diff, &old_scope, iface_value(diff->old, old_member->value - 1), &new_scope,
                    iface_value(diff->new, new_member->value - 1), "member", subject);
    else if (old_member->value || new_member->value)
        diff_report(diff, diff->effect, "member", "%s: %s", subject,
                    old_member->value ? "it said how it crosses, now it is plain bytes"
                                      : "it was plain bytes, now it says how it crosses");
    dump_case_words(diff->old, old_member, old_cases);
    dump_case_words(diff->new, new_member, new_cases);
    if (strcmp(old_cases, new_cases) != 0)
        diff_report(diff, diff->effect, "member", "%s: it was in use \"%s\", now \"%s\"", subject, old_cases,
                    new_cases);
}

static void compare_place(const struct comparison *c, const struct far_member *old_member,
                          const struct far_member *new_member)
{
    struct diff *diff = c->diff;
    const char *name = iface_string(diff->old, old_member->name);
    if (old_member->offset != new_member->offset)
        diff_report(diff, diff->effect, "layout", "%s: member %s moved from %" PRIu64 " to %" PRIu64, c->name, name,
                    old_member->offset, new_member->offset);
    else if (old_member->bit_offset != new_member->bit_offset)
        diff_report(diff, diff->effect, "layout", "%s: bit-field %s moved from bit %u to bit %u", c->name, name,
                    old_member->bit_offset, new_member->bit_offset);
    if (old_member->bit_width != new_member->bit_width)
        diff_report(diff, diff->effect, "layout", "%s: bit-field %s was %u bits wide, now %u", c->name, name,
                    old_member->bit_width, new_member->bit_width);
}

static void compare_member(const struct comparison *c, const struct far_member *old_member,
                           const struct far_member *new_member)
{
    struct diff *diff = c->diff;
    const char *old_type = dump_type_name(diff->old, old_member->type);
    const char *new_type = dump_type_name(diff->new, new_member->type);
    compare_place(c, old_member, new_member);
    if (strcmp(old_type, new_type) != 0)
        diff_report(diff, diff->effect, "layout", "%s: member %s was %s, now %s", c->name,
                    iface_string(diff->old, old_member->name), old_type, new_type);
    else
        later(diff, c->queue, old_member->type, new_member->type);
    compare_crossing(c, old_member, new_member);
}

/* --- members that only one of them has --- */

/* One that nobody matched, at the same place and of the same type, is the same under a new name. */
static struct named *renamed(const struct comparison *c, struct members *new_members, const struct far_member *old)
{
    const char *type = dump_type_name(c->diff->old, old->type);
    for (uint32_t i = 0; i < new_members->count; i++) {
        struct named *candidate = &new_members->list[i];
        if (!candidate->matched && candidate->member->offset == old->offset &&
            candidate->member->bit_offset == old->bit_offset && candidate->member->bit_width == old->bit_width &&
            !strcmp(dump_type_name(c->diff->new, candidate->member->type), type))
            return candidate;
    }
    return NULL;
}

#define RENAMED_MAX 1000 /* unmatched members that are still looked for under a new name */

static void show_gone(const struct comparison *c, struct members *old_members, struct members *new_members)
{
    unsigned looked = 0;
    for (uint32_t i = 0; i < old_members->count; i++) {
        struct named *old = &old_members->list[i];
        if (old->matched)
            continue;
        struct named *other = looked++ < RENAMED_MAX ? renamed(c, new_members, old->member) : NULL;
        if (other) {
            other->matched = true;
            diff_report(c->diff, c->diff->effect, "layout", "%s: member %s is now called %s", c->name, old->name,
                        other->name);
            compare_crossing(c, old->member, other->member);
        } else {
            diff_report(c->diff, c->diff->effect, "layout", "%s: member %s is gone", c->name, old->name);
        }
    }
}

static void show_added(const struct comparison *c, const struct members *new_members)
{
    for (uint32_t i = 0; i < new_members->count; i++)
        if (!new_members->list[i].matched)
            diff_report(c->diff, c->diff->effect, "layout", "%s: member %s was added at %" PRIu64, c->name,
                        new_members->list[i].name, new_members->list[i].member->offset);
}

/* --- two types --- */

static void show_matched(const struct comparison *c, const struct members *old_members,
                         const struct members *new_members)
{
    uint32_t j = 0;
    for (uint32_t i = 0; i < old_members->count; i++) {
        if (!old_members->list[i].matched)
            continue;
        while (!new_members->list[j].matched)
            j++;
        compare_member(c, old_members->list[i].member, new_members->list[j++].member);
    }
}

/* Members keep their names and places nearly always. */
static bool same_names(const struct comparison *c)
{
    if (c->old_type->member_count != c->new_type->member_count)
        return false;
    for (uint32_t i = 0; i < c->old_type->member_count; i++)
        if (strcmp(iface_string(c->diff->old, iface_member(c->diff->old, c->old_type->first_member + i)->name),
                   iface_string(c->diff->new, iface_member(c->diff->new, c->new_type->first_member + i)->name)) != 0)
            return false;
    return true;
}

static void compare_members(const struct comparison *c)
{
    struct members old_members, new_members = {0};
    if (same_names(c)) {
        for (uint32_t i = 0; i < c->old_type->member_count; i++)
            compare_member(c, iface_member(c->diff->old, c->old_type->first_member + i),
                           iface_member(c->diff->new, c->new_type->first_member + i));
        return;
    }
    if (members_of(&old_members, c->diff->old, c->old_type) && members_of(&new_members, c->diff->new, c->new_type)) {
        match(&old_members, &new_members);
        show_matched(c, &old_members, &new_members);
        show_gone(c, &old_members, &new_members);
        show_added(c, &new_members);
    }
    free(old_members.list);
    free(new_members.list);
}

static void compare_whole(const struct comparison *c)
{
    struct diff *diff = c->diff;
    unsigned layout = FAR_TYPE_SIGNED | FAR_TYPE_CONST | FAR_TYPE_FLEXIBLE;
    if (c->old_type->size != c->new_type->size)
        diff_report(diff, diff->effect, "layout", "%s: size was %" PRIu64 " bytes, now %" PRIu64, c->name,
                    c->old_type->size, c->new_type->size);
    if (c->old_type->align != c->new_type->align)
        diff_report(diff, diff->effect, "layout", "%s: was aligned to %u, now to %u", c->name, c->old_type->align,
                    c->new_type->align);
    if ((c->old_type->flags ^ c->new_type->flags) & layout)
        diff_report(diff, diff->effect, "layout", "%s: it changed its sign, its const or its flexible array", c->name);
    if (c->old_type->count != c->new_type->count)
        diff_report(diff, diff->effect, "layout", "%s: had %" PRIu64 " elements, now %" PRIu64, c->name,
                    c->old_type->count, c->new_type->count);
}

static bool has_target(const struct far_type *type)
{
    return type->kind == FAR_TYPE_POINTER || type->kind == FAR_TYPE_ARRAY || type->kind == FAR_TYPE_VECTOR ||
           type->kind == FAR_TYPE_COMPLEX;
}

static void compare_pair(struct diff *diff, struct queue *queue, struct pair pair)
{
    const struct far_type *old_type = iface_type(diff->old, pair.old), *new_type = iface_type(diff->new, pair.new);
    const struct comparison c = {diff, queue, dump_type_name(diff->old, pair.old), old_type, new_type};
    unsigned before = diff->changes;
    if (old_type->kind != new_type->kind) {
        diff_report(diff, diff->effect, "layout", "%s: was %s, now %s", c.name, far_type_kind_name(old_type->kind),
                    far_type_kind_name(new_type->kind));
        return;
    }
    if (diff->changed_in[pair.old]) {
        diff_report(diff, diff->effect, "layout", "reaches %s, which changed: see %s", c.name,
                    diff->changed_in[pair.old]);
        return;
    }
    compare_whole(&c);
    if (diff->changes != before)
        diff->changed_in[pair.old] = diff->operation;
    compare_members(&c);
    if (diff->changes != before)
        diff->changed_in[pair.old] = diff->operation;
    if (has_target(old_type))
        later(diff, queue, old_type->target, new_type->target);
}

void diff_types(struct diff *diff, uint32_t old_index, uint32_t new_index)
{
    struct queue queue = {.pairs = calloc((size_t)diff->old->types.count + 1, sizeof *queue.pairs)};
    if (!queue.pairs)
        return;
    later(diff, &queue, old_index, new_index);
    while (queue.head < queue.tail)
        compare_pair(diff, &queue, queue.pairs[queue.head++]);
    free(queue.pairs);
}
