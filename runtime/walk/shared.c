/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Memory that both sides reach at its own address: it goes over as that, and comes back as that. */
#include "runtime/walk/inside.h"

static bool is_aligned(const struct walk *walk, const struct far_value *value, uint64_t address)
{
    uint16_t align = iface_type(walk->of.iface, iface_type(walk->of.iface, value->type)->target)->align;
    return !align || (address & (align - 1u)) == 0;
}

static bool is_granted(const struct walk *walk, const struct far_value *value, uint64_t address, uint64_t bytes,
                       bool written)
{
    return value->flags & FAR_VALUE_GRANTED && walk->hooks->granted && is_aligned(walk, value, address) &&
           walk->hooks->granted(walk->context, address, bytes, written);
}

/* The other side reads a size there: it must see the number that this side has used. */
static bool is_measured(const struct walk *walk, const struct far_value *value)
{
    for (uint32_t i = 0; i < walk->of.count; i++)
        if (walk->measured >> i & 1 && &walk->of.function[1 + i].value == value)
            return true;
    return false;
}

bool walk_shares(const struct walk *walk, const struct far_value *value, uint64_t address, uint64_t bytes, bool written)
{
    if (is_measured(walk, value))
        return false;
    bytes = bytes ? bytes : 1;
    return (walk->hooks->shares && walk->hooks->shares(walk->context, address, bytes)) ||
           is_granted(walk, value, address, bytes, written);
}

/* Where a pointer has been moved along to: its memory may end there. */
bool walk_shares_end(const struct walk *walk, const struct far_value *value, uint64_t address)
{
    return is_granted(walk, value, address, 1, false) || is_granted(walk, value, address - 1, 1, false);
}

bool walk_grants_global(const struct walk *walk, const struct far_value *value, uint64_t address, uint64_t bytes)
{
    bool written = !(iface_type(walk->of.iface, value->type)->flags & FAR_TYPE_CONST);
    return is_granted(walk, value, address, bytes, written);
}
