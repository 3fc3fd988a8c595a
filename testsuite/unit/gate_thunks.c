/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Numbers of a client's functions, and the host's thunks for them: the same for the same, nobody's after their owner's end. */
#include "runtime/host/host.h"
#include "runtime/host/thunk.h"
#include "runtime/lib/function.h"
#include "testsuite/unit/check.h"

#include <stddef.h>

/* Stand for clients; nothing looks into them. */
static char client[2];

static struct thunk_target target(int of, uint32_t function, uint32_t callback)
{
    return (struct thunk_target){
        .client = (const struct host_client *)(const void *)&client[of], .function = function, .callback = callback};
}

static uint64_t get(int of, uint32_t function, uint32_t callback)
{
    const struct thunk_target wanted = target(of, function, callback);
    return thunk_get(&wanted);
}

static uint32_t number_of(uint64_t thunk)
{
    return (uint32_t)((thunk - (uint64_t)(uintptr_t)far_thunks) / FAR_THUNK_SIZE);
}

static void test_same(void)
{
    struct thunk_target found;
    uint64_t first = get(0, 1, 0);
    CHECK(first && get(0, 1, 0) == first);
    CHECK(get(0, 1, 1) != first && get(0, 2, 0) != first && get(1, 1, 0) != first);
    CHECK(thunk_target(number_of(first), &found) && found.function == 1 && found.client == target(0, 0, 0).client);
    CHECK(!thunk_target(FAR_THUNKS_MAX, &found) && !thunk_target(FAR_THUNKS_MAX - 1, &found));
}

static void test_end(void)
{
    struct thunk_target found;
    uint64_t mine = get(0, 1, 0), other = get(1, 1, 0);
    thunks_forget(target(0, 0, 0).client);
    CHECK(!thunk_target(number_of(mine), &found));
    CHECK(thunk_target(number_of(other), &found) && found.client == target(1, 0, 0).client);
    CHECK(get(0, 1, 0) != mine); /* a service may have kept the old one */
    thunks_forget(target(0, 0, 0).client);
    thunks_forget(target(1, 0, 0).client);
}

static uint32_t get_all(int of, uint32_t callback)
{
    uint32_t made = 0;
    while (get(of, made, callback))
        made++;
    return made;
}

/*
 * All that one way of calling can have, then none; the longest dead again, but never for another way of calling, which
 * somebody who kept it would not know of. The others find some all the same.
 */
static void test_all(void)
{
    uint32_t made = get_all(0, 7);
    CHECK(made > FAR_THUNKS_MAX / 2 && made < FAR_THUNKS_MAX);
    CHECK(get(1, 0, 7) == 0 && get(1, 0, 8) != 0);
    thunks_forget(target(0, 0, 0).client);
    CHECK(get(1, 0, 7) != 0 && get(1, 0, 7) == get(1, 0, 7));
    CHECK(get(0, 0, 7 + 256) == 0);
    thunks_forget(target(0, 0, 0).client);
    uint32_t other = get_all(0, 8);
    CHECK(other > 1000 && made + other <= FAR_THUNKS_MAX);
    thunks_forget(target(0, 0, 0).client);
    CHECK(get_all(0, 8) == other);
    for (uint32_t i = 0; i < 4; i++)
        CHECK(get(0, i, 8) != 0);
    thunks_forget(target(0, 0, 0).client);
    thunks_forget(target(1, 0, 0).client);
    CHECK(get_all(0, 7) >= made - 2);
    thunks_forget(target(0, 0, 0).client);
}

/* One user leaves room for others, and gets it back when his clients have ended. */
static void test_users(void)
{
    struct host_user *greedy = user_get(64001), *other = user_get(64002);
    struct thunk_target wanted = target(0, 0, 7);
    uint32_t had[2];
    for (int round = 0; round < 2; round++) {
        wanted.client = target(0, 0, 7).client;
        wanted.user = greedy;
        for (wanted.function = 0; thunk_get(&wanted);)
            wanted.function++;
        had[round] = wanted.function;
        wanted.client = target(1, 0, 7).client;
        wanted.user = other;
        CHECK(thunk_get(&wanted) != 0);
        thunks_forget(target(0, 0, 0).client);
        thunks_forget(target(1, 0, 0).client);
    }
    CHECK(had[0] > 1000 && had[0] <= FAR_THUNKS_MAX / 2 && had[1] == had[0]);
    user_put(greedy);
    user_put(other);
}

static void test_numbers(void)
{
    struct far_functions *functions = NULL, *none = NULL;
    uint32_t one = function_number(&functions, 0x1000, 0), two = function_number(&functions, 0x2000, 0);
    CHECK(one && two && one != two && function_number(&functions, 0x1000, 0) == one);
    uint32_t otherwise = function_number(&functions, 0x1000, 1);
    CHECK(otherwise && otherwise != one);
    CHECK(function_address(&functions, one, 0) == 0x1000 && function_address(&functions, otherwise, 1) == 0x1000);
    CHECK(function_address(&functions, one, 1) == 0 && function_address(&functions, otherwise, 0) == 0);
    CHECK(function_address(&functions, 0, 0) == 0 && function_address(&functions, UINT32_MAX, 0) == 0);
    CHECK(function_address(&functions, FAR_FUNCTIONS_MAX + 1, 0) == 0 && function_address(&none, 1, 0) == 0);
    CHECK(function_number(&functions, 0, 0) == 0);
    CHECK(function_number(&functions, 1ull << 48, 0) == 0 && function_number(&functions, 0x1000, 1u << 16) == 0);
    uint32_t count = 3;
    for (uint64_t address = 0x10000; function_number(&functions, address, 0); address += 16)
        count++;
    CHECK(count == FAR_FUNCTIONS_MAX && function_address(&functions, two, 0) == 0x2000);
}

int main(void)
{
    test_same();
    test_end();
    test_all();
    test_users();
    test_numbers();
    return check_result();
}
