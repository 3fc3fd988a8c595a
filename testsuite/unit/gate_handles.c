/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Handles: which number from a client's mouth is made a pointer again. */
#include "runtime/host/host.h"
#include "testsuite/unit/check.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_life(struct host_client *client)
{
    CHECK(!handle_begin(client, 0x1000, false));
    CHECK(handle_give(client, 0x1000) == 0);
    CHECK(handle_begin(client, 0x1000, false));
    CHECK(handle_begin(client, 0x1000, false)); /* two threads may use it at a time */
    CHECK(!handle_begin(client, 0x1000, true)); /* and then nobody may release it */
    handle_end(client, 0x1000, false);
    handle_end(client, 0x1000, false);
    CHECK(handle_begin(client, 0x1000, true));
    CHECK(!handle_begin(client, 0x1000, false)); /* being released */
    handle_put_down(client, 0x1000);             /* the call was refused for something else */
    CHECK(handle_begin(client, 0x1000, true));
    handle_end(client, 0x1000, true);
    CHECK(!handle_begin(client, 0x1000, false));
    CHECK(!handle_begin(client, 0, false));
}

/* Enough to grow, to collide, and to close gaps; compared with a plain array. */
static void check_many(struct host_client *client)
{
    enum { MANY = 4000 };
    static bool given[MANY];
    unsigned seed = 1;
    for (int i = 0; i < 40000; i++) {
        seed = seed * 1103515245 + 12345;
        unsigned which = seed / 65536 % MANY;
        uint64_t value = 0x400000000000 + 16 * (uint64_t)which;
        bool begun = handle_begin(client, value, given[which]);
        CHECK(begun == given[which]);
        if (begun)
            handle_end(client, value, true);
        else
            CHECK(handle_give(client, value) == 0);
        given[which] = !given[which];
    }
}

static void check_clients(void)
{
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    struct host_client *mine = client_get((uint32_t)getpid(), getuid());
    struct host_client *other = client_get((uint32_t)child, getuid());
    CHECK(mine != other);
    CHECK(client_get((uint32_t)getpid(), getuid()) == mine); /* another channel of the same process */
    CHECK(handle_give(mine, 0x2000) == 0);
    CHECK(!handle_begin(other, 0x2000, false));
    client_put(mine);
    client_put(mine);
    /* No channel is left, but the process lives: a thread that calls later has its handles. */
    CHECK(client_get((uint32_t)getpid(), getuid()) == mine);
    CHECK(handle_begin(mine, 0x2000, true));
    handle_end(mine, 0x2000, true);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    client_put(other);
    client_put(mine);
}

int main(void)
{
    struct host_client *client = client_get((uint32_t)getpid(), getuid());
    CHECK(client != NULL);
    check_life(client);
    check_many(client);
    client_put(client);
    check_clients();
    return check_result();
}
