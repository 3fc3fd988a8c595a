/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a user can do a thousand times a second is said once a minute, and many users cannot make the log grow either. */
#include "runtime/fard/nuisance.h"
#include "testsuite/unit/check.h"

static void test_once_a_minute(void)
{
    struct nuisances nuisances = {0};
    uint64_t unsaid = 9;
    CHECK(nuisance_count(&nuisances, "one", 5, 1000, &unsaid) && unsaid == 0);
    for (int i = 0; i < 100; i++)
        CHECK(!nuisance_count(&nuisances, "one", 5, 1000 + i, &unsaid));
    CHECK(nuisance_count(&nuisances, "other", 5, 1500, &unsaid) && unsaid == 0);
    CHECK(nuisance_count(&nuisances, "one", 6, 1500, &unsaid) && unsaid == 0);
    CHECK(!nuisance_count(&nuisances, "one", 5, 1000 + NUISANCE_EVERY - 1, &unsaid));
    CHECK(nuisance_count(&nuisances, "one", 5, 1000 + NUISANCE_EVERY, &unsaid) && unsaid == 101);
    CHECK(!nuisance_count(&nuisances, "one", 5, 1001 + NUISANCE_EVERY, &unsaid));
}

static void test_many_users(void)
{
    struct nuisances nuisances = {0};
    uint64_t unsaid;
    int said = 0;
    for (uid_t uid = 1; uid <= 100000; uid += 7)
        said += nuisance_count(&nuisances, "one", uid, 1000, &unsaid);
    CHECK(said == NUISANCES_MAX);
    CHECK(nuisance_count(&nuisances, "one", 99, 1000 + NUISANCE_EVERY, &unsaid));
}

int main(void)
{
    test_once_a_minute();
    test_many_users();
    return check_result();
}
