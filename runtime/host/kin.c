/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/kin.h"

#include <stdlib.h>

struct kin *kin_new(struct host_user *user, struct handle_name name)
{
    if (user_charge(user, sizeof(struct kin)) != 0)
        return NULL;
    struct kin *kin = calloc(1, sizeof *kin);
    if (kin)
        kin->name = name;
    else
        user_discharge(user, sizeof *kin);
    return kin;
}

static void leave(struct kin *kin)
{
    if (kin->from) {
        *kin->from = kin->next;
        if (kin->next)
            kin->next->from = kin->from;
    }
    kin->parent = kin->next = NULL;
    kin->from = NULL;
}

/* From below: what is freed leads nobody astray. */
void kin_free(struct host_user *user, struct kin *kin)
{
    for (struct kin *at = kin, *parent; at; at = parent) {
        while (at->first)
            at = at->first;
        parent = at == kin ? NULL : at->parent;
        leave(at);
        user_discharge(user, sizeof *at);
        free(at);
    }
}

/* Without children it is nobody's ancestor: so a long chain is not walked each time it grows. */
static bool ends_with(const struct kin *kin, const struct kin *other)
{
    while (other->first && kin && kin != other)
        kin = kin->parent;
    return kin == other;
}

void kin_join(struct kin *kin, struct kin *parent)
{
    if (kin->parent == parent || ends_with(parent, kin))
        return;
    leave(kin);
    kin->parent = parent;
    kin->next = parent->first;
    kin->from = &parent->first;
    if (kin->next)
        kin->next->from = &kin->next;
    parent->first = kin;
}

struct kin *kin_next(const struct kin *root, struct kin *at)
{
    if (at->first)
        return at->first;
    while (at != root && !at->next)
        at = at->parent;
    return at == root ? NULL : at->next;
}

struct kin *kin_root(struct kin *kin)
{
    while (kin->parent)
        kin = kin->parent;
    return kin;
}
