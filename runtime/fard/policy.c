/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/policy.h"

static bool is_member(const struct principal *principal, gid_t gid)
{
    if (principal->gid == gid)
        return true;
    for (uint32_t i = 0; i < principal->group_count; i++) {
        if (principal->groups[i] == gid)
            return true;
    }
    return false;
}

static bool rule_fits(const struct far_rule *rule, const struct principal *principal)
{
    switch (rule->who) {
    case FAR_WHO_UID:
        return rule->id == principal->uid;
    case FAR_WHO_GID:
        return is_member(principal, rule->id);
    case FAR_WHO_ALL:
        return true;
    default:
        return false;
    }
}

enum far_level policy_level(const struct far_rule *rules, uint32_t count, const struct principal *principal)
{
    enum far_level level = FAR_LEVEL_NONE;
    int specific = -1;
    for (uint32_t i = 0; i < count; i++) {
        int who = (int)rules[i].who;
        if (!rule_fits(&rules[i], principal) || who < specific)
            continue;
        if (who > specific || rules[i].level > level)
            level = rules[i].level;
        specific = who;
    }
    return level;
}

enum far_level policy_lowered(enum far_level granted, uint32_t want)
{
    return want != FAR_LEVEL_UNSET && want < granted ? (enum far_level)want : granted;
}

bool policy_rule_is_sound(const struct far_rule *rule)
{
    return rule->who < FAR_WHO_COUNT && rule->level > FAR_LEVEL_UNSET && rule->level < FAR_LEVEL_COUNT &&
           rule->reserved == 0 && (rule->who != FAR_WHO_ALL || rule->id == 0) && rule->id != UINT32_MAX;
}
