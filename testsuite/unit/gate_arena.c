/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A worker's private memory: it grows and keeps what it holds, a page behind it faults, and claims have a limit. */
#include "runtime/host/host.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static uint64_t machine_memory(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

int main(void)
{
    struct host_user *user = user_get(7);
    struct arena arena = {.user = user}, other = {.user = user};
    CHECK(arena_reserve(&arena, 100, 0) == 0);
    memcpy(arena.base, "kept", 5);
    CHECK(arena_reserve(&arena, 300000, 5) == 0);
    CHECK(arena.size >= 300000 && strcmp(arena.base, "kept") == 0);

    /* Half of the machine is more than all workers may hold; refused without taking any of it, as often as one asks. */
    uint64_t size = arena.size;
    for (int i = 0; i < 1000; i++)
        CHECK(arena_reserve(&other, machine_memory() / 2, 0) == -ENOMEM);
    CHECK(other.base == NULL && arena.size == size);
    CHECK(arena_reserve(&other, 1 << 20, 0) == 0);

    /* What is given back can be had again: many times a thousandth of the limit. */
    for (int i = 0; i < 3000; i++) {
        arena_free(&other);
        CHECK(arena_reserve(&other, machine_memory() / 4000 < (1u << 20) ? 65536 : 1 << 20, 0) == 0);
    }
    arena_free(&other);
    arena_free(&arena);
    user_put(user);
    return check_result();
}
