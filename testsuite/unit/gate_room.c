/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a host has room for, and that neither one greedy user nor two take it from a third. */
#include "runtime/host/host.h"
#include "runtime/room.h"
#include "testsuite/unit/check.h"

#include <errno.h>

static uint64_t take_all(uint64_t room, uint64_t *all, uint64_t each)
{
    uint64_t own = 0;
    while (room_admits(room, *all, own, each)) {
        own += each;
        *all += each;
    }
    return own;
}

static void test_shares(uint64_t room)
{
    uint64_t all = 0;
    CHECK(take_all(room, &all, 1) == room_of_one(room));
    take_all(room, &all, 1);
    uint64_t third = take_all(room, &all, 1);
    CHECK(third >= 1 && all <= room);
    /* However many there are, none takes more than there is. */
    for (int i = 0; i < 100; i++)
        take_all(room, &all, 1);
    CHECK(all <= room);
    CHECK(!room_admits(room, 0, 0, room + 1) && !room_admits(room, 0, 0, UINT64_MAX) &&
          !room_admits(room, room + 1, 0, 1));
}

static void test_rooms(void)
{
    struct far_host_rights rights = {0};
    CHECK(room_channels(&rights) == ROOM_CHANNELS_MOST && room_stack(0, 0) == 0 && room_stack(0, 1 << 20) == 1 << 20);
    rights.memory = 256u << 20;
    CHECK(room_channels(&rights) == 512 && room_stack(rights.memory, 0) == 256u << 10);
    rights.stack = 64u << 10;
    CHECK(room_channels(&rights) == 2048 && room_memory_least(rights.stack) == 2u << 20);
    rights.processes = 10;
    CHECK(room_channels(&rights) == 9);
    rights = (struct far_host_rights){.memory = room_memory_least(0)};
    CHECK(room_channels(&rights) == ROOM_STACKS_LEAST);
    rights.memory = 1; /* an older store may say so: it is never no channel at all */
    CHECK(room_channels(&rights) == 1);
    CHECK(room_stack(1ull << 40, 0) == ROOM_STACK_LARGE && room_call_bytes(&rights, 1 << 20) == (1 << 20) / 4);
}

/* Users of a host: 16 channels and 20% for those that end. */
static void test_users(void)
{
    const struct far_host_rights rights = {.memory = 8u << 20};
    users_limit(&rights);
    struct host_user *greedy = user_get(1), *other = user_get(2);
    CHECK(greedy == user_get(1) && greedy != other);
    int count = 0;
    while (user_begin_channel(greedy) == 0)
        count++;
    CHECK(count == 10 && user_begin_channel(other) == 0);
    user_end_channel(greedy);
    CHECK(user_begin_channel(greedy) == 0 && user_begin_channel(greedy) == -EAGAIN);
    CHECK(user_charge(greedy, 2u << 20) == 0 && user_charge(greedy, 1) == -ENOMEM && user_charge(other, 1 << 20) == 0);
    user_discharge(greedy, 2u << 20);
    CHECK(user_charge(greedy, UINT64_MAX) == -ENOMEM && user_charge(greedy, 1 << 20) == 0);
    CHECK(users_keep() == HOST_ARENA_KEEP_LEAST);
    user_put(greedy);
    user_put(greedy);
    user_put(other);
}

int main(void)
{
    static const uint64_t rooms[] = {4, 16, 40, 64, 256, 8192};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
        test_shares(rooms[i]);
    test_rooms();
    test_users();
    return check_result();
}
