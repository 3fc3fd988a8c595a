/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Handles: which number from a client's mouth is made a pointer again, and as what. */
#include "runtime/host/host.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/handles.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_life(struct host_client *client)
{
    CHECK(!begins(client, 0x1000, false));
    CHECK(gives(client, 0x1000));
    CHECK(begins(client, 0x1000, false));
    CHECK(begins(client, 0x1000, false));                                       /* two threads may use it at a time */
    CHECK(handle_begin(client, named(0x1000), true) == FAR_CALL_HANDLE_IN_USE); /* and then nobody may release it */
    ends(client, 0x1000, false);
    ends(client, 0x1000, false);
    CHECK(begins(client, 0x1000, true));
    CHECK(handle_begin(client, named(0x1000), false) == FAR_CALL_BAD_HANDLE); /* being released */
    handle_put_down(client, named(0x1000)); /* the call was refused for something else */
    CHECK(begins(client, 0x1000, true));
    ends(client, 0x1000, true);
    CHECK(!begins(client, 0x1000, false));
    CHECK(!begins(client, 0, false));
}

/*
 * A call that releases it has freed it, and the service has it again for another call's sake, before the first one's end is heard
 * of. What was given anew is used and released like any other, and the ends may come in any order.
 */
static void check_given_anew(struct host_client *client)
{
    CHECK(gives(client, 0x5000) && begins(client, 0x5000, true));
    CHECK(gives(client, 0x5000));
    CHECK(begins(client, 0x5000, false));
    ends(client, 0x5000, true); /* the first one */
    CHECK(handle_begin(client, named(0x5000), true) == FAR_CALL_HANDLE_IN_USE);
    ends(client, 0x5000, false);
    CHECK(begins(client, 0x5000, true));
    CHECK(gives(client, 0x5000) && begins(client, 0x5000, true));
    ends(client, 0x5000, true);
    CHECK(handle_begin(client, named(0x5000), false) ==
          FAR_CALL_BAD_HANDLE); /* one of the two is still being released */
    CHECK(gives(client, 0x5000));
    ends(client, 0x5000, true);
    CHECK(begins(client, 0x5000, true));
    ends(client, 0x5000, true);
    CHECK(!begins(client, 0x5000, false));
}

/* A number is a handle only as what it was given as; a structure and its first member have the same one. */
static void check_types(struct host_client *client)
{
    const struct handle_name whole = {0x3000, 1}, first = {0x3000, 2}, memory = {0x3000, HANDLE_TYPE_MEMORY};
    CHECK(handle_give(client, whole) == 0);
    CHECK(handle_begin(client, first, false) == FAR_CALL_BAD_HANDLE);
    CHECK(handle_begin(client, memory, true) == FAR_CALL_BAD_HANDLE);
    CHECK(handle_give(client, first) == 0);
    CHECK(handle_begin(client, first, false) == FAR_CALL_DONE);
    CHECK(handle_begin(client, whole, true) == FAR_CALL_DONE); /* each for itself */
    handle_end(client, whole, true);
    CHECK(handle_begin(client, whole, false) == FAR_CALL_BAD_HANDLE);
    handle_end(client, first, false);
    CHECK(handle_begin(client, first, true) == FAR_CALL_DONE);
    handle_end(client, first, true);
    CHECK(handle_begin(client, first, false) == FAR_CALL_BAD_HANDLE);
}

/* From a host that knew no types: what it is first used as, it is from then on. */
static void check_unknown(struct host_client *client)
{
    const struct handle_name unknown = {0x4000, HANDLE_TYPE_UNKNOWN}, one = {0x4000, 1}, other = {0x4000, 2};
    CHECK(handle_give(client, unknown) == 0);
    CHECK(handle_begin(client, one, false) == FAR_CALL_DONE);
    CHECK(handle_begin(client, other, false) == FAR_CALL_BAD_HANDLE);
    handle_end(client, one, false);
    CHECK(handle_begin(client, one, true) == FAR_CALL_DONE);
    handle_end(client, one, true);
    CHECK(handle_begin(client, one, false) == FAR_CALL_BAD_HANDLE);
}

/* Enough to grow, to collide, and to close gaps; compared with a plain array. */
static void check_many(struct host_client *client)
{
    enum { MANY = 4000, TYPES = 3 };
    static bool given[MANY];
    unsigned seed = 1;
    for (int i = 0; i < 40000; i++) {
        seed = seed * 1103515245 + 12345;
        unsigned which = seed / 65536 % MANY;
        const struct handle_name name = {0x400000000000 + 16 * (uint64_t)(which / TYPES), 1 + which % TYPES};
        bool begun = handle_begin(client, name, given[which]) == FAR_CALL_DONE;
        CHECK(begun == given[which]);
        if (begun)
            handle_end(client, name, true);
        else
            CHECK(handle_give(client, name) == 0);
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
    CHECK(gives(mine, 0x2000));
    CHECK(!begins(other, 0x2000, false));
    client_put(mine);
    client_put(mine);
    /* No channel is left, but the process lives: a thread that calls later has its handles. */
    CHECK(client_get((uint32_t)getpid(), getuid()) == mine);
    CHECK(begins(mine, 0x2000, true));
    ends(mine, 0x2000, true);
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
    check_given_anew(client);
    check_types(client);
    check_unknown(client);
    check_many(client);
    client_put(client);
    check_clients();
    return check_result();
}
