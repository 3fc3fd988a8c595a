/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Numbers of a client's functions, and the host's thunks for them: the same for the same, nobody's after their owner's end. */
#include "runtime/host/thunk.h"
#include "runtime/lib/function.h"
#include "testsuite/unit/check.h"

#include <stddef.h>

/* Stand for clients; nothing looks into them. */
static char client[2];

static struct thunk_target target(int of, uint32_t function, uint32_t callback)
{
    return (struct thunk_target){(const struct host_client *)(const void *)&client[of], function, callback};
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

/* All of them, then none; then the longest dead again. */
static void test_all(void)
{
    uint32_t made = 0;
    uint64_t first = 0;
    for (uint64_t thunk; (thunk = get(0, made, 7)) != 0; made++)
        first = first ? first : thunk;
    CHECK(made == FAR_THUNKS_MAX);
    CHECK(get(1, 0, 7) == 0);
    thunks_forget(target(0, 0, 0).client);
    uint64_t again = get(1, 0, 7);
    CHECK(again && get(1, 1, 7) && get(1, 0, 7) == again);
    thunks_forget(target(1, 0, 0).client);
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
    test_numbers();
    return check_result();
}
