/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* How members cross, where they stand, and the cases of unions. */
#include "runtime/format/iface_walk.h"

#include <stdlib.h>

static int bad_member(const struct iface_walk *walk, uint32_t type, uint32_t at, const char *what)
{
    const struct far_type *holder = iface_type(walk->iface, type);
    const char *name = iface_string(walk->iface, iface_member(walk->iface, holder->first_member + at)->name);
    return complain(&walk->to, "interface record: type %u, member %u (%.200s): %s; build it again with faridl", type,
                    at, name, what);
}

static const char *value_mistake(const struct iface_walk *walk, const struct far_type *holder,
                                 const struct far_member *member)
{
    if (!member->value)
        return NULL;
    const struct iface_scope scope = {.role = ROLE_MEMBER, .holder = holder};
    const struct far_value *value = iface_value(walk->iface, member->value - 1);
    if (!iface_describes_type(walk->iface, value->type, member->type))
        return "it crosses as another type than it has";
    return iface_place_mistake(walk, &scope, value);
}

static int by_value(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return (a > b) - (a < b);
}

/* Gathers the cases of all members in `cases`, which has room for as many as the record has. */
static const char *cases_mistake(const struct iface_walk *walk, const struct far_type *type, int64_t *cases,
                                 uint64_t *budget)
{
    uint64_t count = 0;
    bool has_default = false;
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(walk->iface, type->first_member + i);
        bool is_default = member->flags & FAR_MEMBER_DEFAULT;
        if (is_default && has_default)
            return "two members are the default";
        has_default |= is_default;
        /* Every case belongs to one member. */
        if (member->case_count > *budget)
            return "it shares cases with other members";
        *budget -= member->case_count;
        for (uint32_t j = 0; j < member->case_count; j++)
            cases[count++] = iface_case(walk->iface, member->first_case + j);
    }
    qsort(cases, count, sizeof *cases, by_value);
    for (uint64_t i = 1; i < count; i++)
        if (cases[i - 1] == cases[i])
            return "two of its members, or one twice, have the same case";
    return NULL;
}

static int check_cases(const struct iface_walk *walk)
{
    uint64_t budget = walk->iface->cases.count;
    int64_t *cases = malloc((budget + 1) * sizeof *cases);
    if (!cases)
        return complain(&walk->to, "interface record: no memory to check %u cases", walk->iface->cases.count);
    const char *mistake = NULL;
    uint32_t type = 0;
    for (; !mistake && type < walk->iface->types.count; type++)
        if (walk->facts[type] & IFACE_TYPE_CASES)
            mistake = cases_mistake(walk, iface_type(walk->iface, type), cases, &budget);
    free(cases);
    return mistake ? complain(&walk->to, "interface record: type %u: %s; build it again with faridl", type - 1, mistake)
                   : 0;
}

int iface_check_members(const struct iface_walk *walk)
{
    for (uint32_t i = 0; i < walk->iface->types.count; i++) {
        const struct far_type *type = iface_type(walk->iface, i);
        for (uint32_t at = 0; at < type->member_count; at++) {
            const char *mistake = value_mistake(walk, type, iface_member(walk->iface, type->first_member + at));
            if (mistake)
                return bad_member(walk, i, at, mistake);
        }
    }
    return check_cases(walk);
}
