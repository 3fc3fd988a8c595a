/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
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

static const char *name_of(const struct far_iface *iface, uint32_t index)
{
    uint32_t name = iface_type(iface, index)->name;
    return name ? iface_string(iface, name) : "(unnamed type)";
}

static void later(struct diff *diff, struct queue *queue, uint32_t old_index, uint32_t new_index)
{
    if (diff->seen[old_index] == diff->round)
        return;
    diff->seen[old_index] = diff->round;
    queue->pairs[queue->tail++] = (struct pair){old_index, new_index};
}

static const struct far_member *find_member(const struct far_iface *iface, const struct far_type *type,
                                            const char *name, uint32_t hint)
{
    /* Members keep their places nearly always. */
    if (hint < type->member_count &&
        !strcmp(iface_string(iface, iface_member(iface, type->first_member + hint)->name), name))
        return iface_member(iface, type->first_member + hint);
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(iface, type->first_member + i);
        if (!strcmp(iface_string(iface, member->name), name))
            return member;
    }
    return NULL;
}

static void compare_member(struct diff *diff, struct queue *queue, const char *type,
                           const struct far_member *old_member, const struct far_member *new_member)
{
    const char *name = iface_string(diff->old, old_member->name);
    const char *old_type = name_of(diff->old, old_member->type), *new_type = name_of(diff->new, new_member->type);
    if (old_member->offset != new_member->offset || old_member->bit_offset != new_member->bit_offset)
        diff_report(diff, "layout", "%s: member %s moved from byte %" PRIu64 " to byte %" PRIu64, type, name,
                    old_member->offset, new_member->offset);
    if (old_member->bit_width != new_member->bit_width)
        diff_report(diff, "layout", "%s: bit-field %s was %u bits wide, now %u", type, name, old_member->bit_width,
                    new_member->bit_width);
    if (strcmp(old_type, new_type) != 0)
        diff_report(diff, "layout", "%s: member %s was %s, now %s", type, name, old_type, new_type);
    else
        later(diff, queue, old_member->type, new_member->type);
}

static void compare_members(struct diff *diff, struct queue *queue, const char *name, const struct far_type *old_type,
                            const struct far_type *new_type)
{
    for (uint32_t i = 0; i < old_type->member_count; i++) {
        const struct far_member *member = iface_member(diff->old, old_type->first_member + i);
        const char *member_name = iface_string(diff->old, member->name);
        const struct far_member *other = find_member(diff->new, new_type, member_name, i);
        if (other)
            compare_member(diff, queue, name, member, other);
        else
            diff_report(diff, "layout", "%s: member %s is gone", name, member_name);
    }
    for (uint32_t i = 0; i < new_type->member_count; i++) {
        const struct far_member *member = iface_member(diff->new, new_type->first_member + i);
        const char *member_name = iface_string(diff->new, member->name);
        if (!find_member(diff->old, old_type, member_name, i))
            diff_report(diff, "layout", "%s: member %s was added at byte %" PRIu64, name, member_name, member->offset);
    }
}

static void compare_pair(struct diff *diff, struct queue *queue, struct pair pair)
{
    const struct far_type *old_type = iface_type(diff->old, pair.old), *new_type = iface_type(diff->new, pair.new);
    const char *name = name_of(diff->old, pair.old);
    if (old_type->kind != new_type->kind) {
        diff_report(diff, "layout", "%s: was %s, now %s", name, far_type_kind_name(old_type->kind),
                    far_type_kind_name(new_type->kind));
        return;
    }
    if (old_type->size != new_type->size)
        diff_report(diff, "layout", "%s: was %" PRIu64 " bytes, now %" PRIu64, name, old_type->size, new_type->size);
    if (old_type->align != new_type->align)
        diff_report(diff, "layout", "%s: was aligned to %u, now to %u", name, old_type->align, new_type->align);
    if (old_type->flags != new_type->flags)
        diff_report(diff, "layout", "%s: signedness or constness changed", name);
    if (old_type->count != new_type->count)
        diff_report(diff, "layout", "%s: had %" PRIu64 " elements, now %" PRIu64, name, old_type->count,
                    new_type->count);
    compare_members(diff, queue, name, old_type, new_type);
    if (old_type->kind == FAR_TYPE_POINTER || old_type->kind == FAR_TYPE_ARRAY)
        later(diff, queue, old_type->target, new_type->target);
}

void diff_types(struct diff *diff, uint32_t old_index, uint32_t new_index)
{
    struct queue queue = {.pairs = calloc(diff->old->types.count, sizeof *queue.pairs)};
    if (!queue.pairs)
        return;
    later(diff, &queue, old_index, new_index);
    while (queue.head < queue.tail)
        compare_pair(diff, &queue, queue.pairs[queue.head++]);
    free(queue.pairs);
}
