/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Policy: uid before gid before all, whatever the order of the rules; nothing said means none. */
#include "runtime/fard/policy.h"
#include "testsuite/unit/check.h"

static const struct far_rule rules[] = {
    {FAR_WHO_ALL, 0, FAR_LEVEL_READ, 0},  {FAR_WHO_UID, 10, FAR_LEVEL_NONE, 0}, {FAR_WHO_GID, 20, FAR_LEVEL_TRUSTED, 0},
    {FAR_WHO_GID, 21, FAR_LEVEL_READ, 0}, {FAR_WHO_UID, 11, FAR_LEVEL_READ, 0}, {FAR_WHO_UID, 11, FAR_LEVEL_TRUSTED, 0},
};
enum { RULES = sizeof rules / sizeof *rules };

static enum far_level level_of(uid_t uid, gid_t gid, gid_t supplementary, uint32_t count)
{
    gid_t groups[1] = {supplementary};
    struct principal principal = {.uid = uid, .gid = gid, .groups = groups, .group_count = 1};
    const struct rule_list list = {rules, count, ""};
    const struct far_rule *decider = policy_decider(&list, &principal);
    return decider ? decider->level : FAR_LEVEL_NONE;
}

int main(void)
{
    CHECK(level_of(1, 1, 1, 0) == FAR_LEVEL_NONE);
    CHECK(level_of(1, 1, 1, RULES) == FAR_LEVEL_READ);
    CHECK(level_of(10, 1, 1, RULES) == FAR_LEVEL_NONE);
    CHECK(level_of(10, 20, 20, RULES) == FAR_LEVEL_NONE);
    CHECK(level_of(11, 21, 1, RULES) == FAR_LEVEL_TRUSTED);
    CHECK(level_of(1, 20, 1, RULES) == FAR_LEVEL_TRUSTED);
    CHECK(level_of(1, 1, 20, RULES) == FAR_LEVEL_TRUSTED);
    CHECK(level_of(1, 21, 20, RULES) == FAR_LEVEL_TRUSTED);
    CHECK(level_of(1, 21, 1, RULES) == FAR_LEVEL_READ);

    CHECK(policy_lowered(FAR_LEVEL_TRUSTED, FAR_LEVEL_UNSET) == FAR_LEVEL_TRUSTED);
    CHECK(policy_lowered(FAR_LEVEL_TRUSTED, FAR_LEVEL_READ) == FAR_LEVEL_READ);
    CHECK(policy_lowered(FAR_LEVEL_NONE, FAR_LEVEL_TRUSTED) == FAR_LEVEL_NONE);

    for (int i = 0; i < RULES; i++)
        CHECK(policy_rule_is_sound(&rules[i], "", 0));
    CHECK(!policy_rule_is_sound(&(struct far_rule){FAR_WHO_COUNT, 0, FAR_LEVEL_READ, 0}, "", 0));
    CHECK(!policy_rule_is_sound(&(struct far_rule){FAR_WHO_UID, 0, FAR_LEVEL_UNSET, 0}, "", 0));
    CHECK(!policy_rule_is_sound(&(struct far_rule){FAR_WHO_UID, 0, FAR_LEVEL_COUNT, 0}, "", 0));
    CHECK(!policy_rule_is_sound(&(struct far_rule){FAR_WHO_UID, 0, FAR_LEVEL_READ, 1}, "", 0));
    CHECK(!policy_rule_is_sound(&(struct far_rule){FAR_WHO_UID, UINT32_MAX, FAR_LEVEL_READ, 0}, "", 0));
    CHECK(!policy_rule_is_sound(&(struct far_rule){FAR_WHO_ALL, 1, FAR_LEVEL_READ, 0}, "", 0));
    return check_result();
}
