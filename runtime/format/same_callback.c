/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Are two of a record's callbacks called in one way? Each place where a header describes one makes one of its own. */
#include "runtime/format/same_callback.h"

#include <string.h>

static bool same_value(const struct far_iface *iface, const struct far_value *one, const struct far_value *other);

/* What it is called says nothing. */
static bool same_exprs(const struct far_iface *iface, uint32_t one, uint32_t other, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct far_expr a = *iface_expr(iface, one + i), b = *iface_expr(iface, other + i);
        a.name = b.name = 0;
        if (memcmp(&a, &b, sizeof a) != 0)
            return false;
    }
    return true;
}

static bool same_inside(const struct far_iface *iface, const struct far_value *one, const struct far_value *other)
{
    if (!one->inside || !other->inside || one->inside == other->inside)
        return one->inside == other->inside;
    if (one->passing == FAR_PASS_CALLBACK)
        return same_callback(iface, one->inside - 1, other->inside - 1);
    return same_value(iface, iface_value(iface, one->inside - 1), iface_value(iface, other->inside - 1));
}

/* Chains of values end, and so do callbacks' callbacks: iface_check() has seen to both. */
static bool same_value(const struct far_iface *iface, const struct far_value *one, const struct far_value *other)
{
    return one->type == other->type && one->passing == other->passing && one->width == other->width &&
           one->flags == other->flags && one->lifetime == other->lifetime && one->lifetime_of == other->lifetime_of &&
           one->size_count == other->size_count && one->select_count == other->select_count &&
           same_exprs(iface, one->size_first, other->size_first, one->size_count) &&
           same_exprs(iface, one->select_first, other->select_first, one->select_count) &&
           same_inside(iface, one, other);
}

bool same_callback(const struct far_iface *iface, uint32_t one, uint32_t other)
{
    const struct far_callback *a = iface_callback(iface, one), *b = iface_callback(iface, other);
    bool same = one == other || a->param_count == b->param_count;
    for (uint32_t at = 0; same && one != other && at <= a->param_count; at++)
        same =
            same_value(iface, &iface_callback_param(iface, a, at)->value, &iface_callback_param(iface, b, at)->value);
    return same;
}

uint32_t same_callback_first(const struct far_iface *iface, uint32_t index)
{
    uint32_t first = 0;
    while (!same_callback(iface, first, index))
        first++;
    return first;
}
