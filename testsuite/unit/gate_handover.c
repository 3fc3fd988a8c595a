/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Handles go from one host to another: each is known to one of them at a time, and none is lost. */
#include "runtime/host/handover.h"
#include "runtime/host/host.h"
#include "testsuite/unit/check.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 5000, USED = 5, LEAVING = 6, REFUSED = 7, TWICE = 8, MADE = MANY + 1 };

static uint64_t value(int which)
{
    return 0x400000000000 + 16 * (uint64_t)which;
}

/* The new host, which has what came and nothing else. */
static int be_new_host(int socket, int told, pid_t owner)
{
    char line;
    handover_take(socket);
    struct host_client *client = client_get((uint32_t)owner, getuid());
    for (int i = 10; i < MANY; i++)
        CHECK(handle_begin(client, value(i), true));
    CHECK(!handle_begin(client, value(USED), false) && !handle_begin(client, value(LEAVING), false));
    CHECK(write(told, "x", 1) == 1);
    CHECK(read(told, &line, 1) == 1); /* the old host has done the rest */
    CHECK(handle_begin(client, value(USED), true));
    CHECK(!handle_begin(client, value(LEAVING), false));
    CHECK(handle_begin(client, value(REFUSED), true));
    CHECK(handle_begin(client, value(TWICE), true));
    CHECK(handle_begin(client, value(MADE), true));
    CHECK(!handle_begin(client, value(MADE + 1), false));
    return check_result();
}

static void be_old_host(struct host_client *client, int socket, int told)
{
    char line;
    CHECK(handle_begin(client, value(USED), false) && handle_begin(client, value(LEAVING), true));
    CHECK(handle_begin(client, value(REFUSED), true));
    CHECK(handle_begin(client, value(TWICE), false) && handle_begin(client, value(TWICE), false));
    handover_begin(socket);
    CHECK(read(told, &line, 1) == 1);
    CHECK(!handle_begin(client, value(20), false));  /* gone */
    CHECK(handle_begin(client, value(USED), false)); /* still here: it is used */
    handle_end(client, value(USED), false);
    handle_end(client, value(USED), false);
    CHECK(!handle_begin(client, value(USED), false));
    handle_end(client, value(LEAVING), true);
    handle_put_down(client, value(REFUSED));
    handle_end(client, value(TWICE), false);
    CHECK(handle_begin(client, value(TWICE), false));
    handle_end(client, value(TWICE), false);
    handle_end(client, value(TWICE), false);
    CHECK(handle_give(client, value(MADE)) == 0);
    CHECK(!handle_begin(client, value(MADE), false));
    CHECK(write(told, "x", 1) == 1);
}

int main(void)
{
    int handles[2], told[2], status;
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, handles) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, told) == 0);
    pid_t owner = getpid(), child = fork();
    if (child == 0) {
        close(handles[0]);
        close(told[0]);
        _exit(be_new_host(handles[1], told[1], owner));
    }
    close(handles[1]);
    close(told[1]);
    struct host_client *client = client_get((uint32_t)owner, getuid());
    for (int i = 0; i < MANY; i++)
        CHECK(handle_give(client, value(i)) == 0);
    be_old_host(client, handles[0], told[0]);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return check_result();
}
