/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Shares of fard's time, and who gets a connection: nobody's flood takes more than a quantum a turn, debts are paid, and
 * there is room for others and for managers. */
#include "runtime/fard/fair.h"
#include "testsuite/unit/check.h"

static void test_share(void)
{
    struct fair_share share = {0};
    CHECK(fair_may_spend(&share, 1));
    fair_spend(&share, 1, FAIR_QUANTUM_NS - 1);
    CHECK(fair_may_spend(&share, 1)); /* not used up yet */
    fair_spend(&share, 1, 10 * (int64_t)FAIR_QUANTUM_NS);
    CHECK(!fair_may_spend(&share, 1));
    CHECK(fair_turns_to_wait(&share, 1) == 10);
    for (uint64_t turn = 2; turn < 11; turn++)
        CHECK(!fair_may_spend(&share, turn)); /* what one dear request took too much */
    CHECK(fair_may_spend(&share, 12));
}

static void test_long_pause(void)
{
    struct fair_share share = {0};
    fair_spend(&share, 5, INT64_MAX);
    fair_spend(&share, 5, INT64_MAX);
    CHECK(!fair_may_spend(&share, 6));
    CHECK(fair_may_spend(&share, UINT64_MAX)); /* no debt outlives so many turns, and nothing overflows */
    CHECK(share.spent_ns == 0);
    fair_spend(&share, UINT64_MAX, -5);
    CHECK(share.spent_ns == 0);
}

/* Two users who always want more get the same, whatever their requests cost. */
static void test_fairness(void)
{
    struct fair_share cheap = {0}, dear = {0};
    int64_t cheap_got = 0, dear_got = 0;
    for (uint64_t turn = 1; turn <= 10000; turn++) {
        while (fair_may_spend(&cheap, turn)) {
            fair_spend(&cheap, turn, 3000);
            cheap_got += 3000;
        }
        while (fair_may_spend(&dear, turn)) {
            fair_spend(&dear, turn, 700000);
            dear_got += 700000;
        }
    }
    CHECK(cheap_got > dear_got / 20 * 19 && cheap_got < dear_got / 20 * 21);
}

/* Who always writes has fard write for a sixteenth of the time, however slow the disk is. */
static void test_writes(void)
{
    for (int64_t cost = 100000; cost <= 100000000; cost *= 10) {
        struct fair_writers writers = {0};
        int64_t now = 1000000000, end = now + 100000000000, spent = 0;
        while (now < end) {
            int64_t wait = fair_write_wait(&writers, 7, now);
            now += wait;
            if (wait)
                continue;
            now += cost;
            spent += cost;
            fair_write(&writers, 7, now, cost);
            CHECK(fair_write_wait(&writers, 8, now) == 0); /* others are not kept waiting by it */
        }
        CHECK(spent > 100000000000 / FAIR_WRITE_PART && spent < 100000000000 / 10);
    }
}

/* Coming under many uids makes room for none of them twice. */
static void test_many_writers(void)
{
    struct fair_writers writers = {0};
    fair_write(&writers, 1, 5, 10 * (int64_t)FAIR_WRITE_BURST_NS);
    for (uid_t uid = 2; uid < 1000; uid++)
        fair_write(&writers, uid, 5, 1000);
    CHECK(fair_write_wait(&writers, 1, 5) > 0);
    fair_write(&writers, 1, 5, INT64_MAX);
    CHECK(fair_write_wait(&writers, 1, 5) > 0);
}

static void test_quota(void)
{
    struct quota_use use = {.descriptors = 1024, .clients = 0, .uid_clients = 0, .manager = false};
    CHECK(quota_uid_clients(1024) == 256 && quota_uid_clients(1u << 20) == QUOTA_UID_CLIENTS);
    CHECK(quota_admits(&use));
    use.uid_clients = use.clients = 255;
    CHECK(quota_admits(&use));
    use.uid_clients = use.clients = 256;
    CHECK(!quota_admits(&use)); /* a quarter is what one user can have */
    use = (struct quota_use){.descriptors = 1024, .clients = 800, .uid_clients = QUOTA_UID_SMALL - 1};
    CHECK(quota_admits(&use)); /* the last quarter is for those with few */
    use.uid_others = 2;        /* domain segments take descriptors as well */
    CHECK(!quota_admits(&use));
    use = (struct quota_use){.descriptors = 1024, .clients = 300, .others = 600, .uid_clients = 1, .uid_others = 2};
    CHECK(quota_admits(&use));
    use.others = 700;
    CHECK(!quota_admits(&use)); /* what managers are kept free is real */
    use = (struct quota_use){.descriptors = 1024, .clients = 86, .uid_clients = 86, .others = 170, .uid_others = 170};
    CHECK(!quota_admits(&use));
    use = (struct quota_use){.descriptors = 1024, .clients = 800, .uid_clients = QUOTA_UID_SMALL - 1};
    use.uid_clients = QUOTA_UID_SMALL;
    CHECK(!quota_admits(&use));
    use = (struct quota_use){.descriptors = 1024, .clients = 1024 - QUOTA_MANAGERS};
    CHECK(!quota_admits(&use)); /* and the very last for managers */
    use.manager = true;
    CHECK(quota_admits(&use));
}

int main(void)
{
    test_share();
    test_long_pause();
    test_fairness();
    test_writes();
    test_many_writers();
    test_quota();
    return check_result();
}
