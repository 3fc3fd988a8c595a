/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Handles go from one host to another: each is known to one of them at a time, and none is lost. */
#include "runtime/host/handover.h"
#include "runtime/host/host.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/handles.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 5000, USED = 5, LEAVING = 6, REFUSED = 7, TWICE = 8, MADE = MANY + 1, TYPED = MANY + 3 };

static uint64_t value(int which)
{
    return 0x400000000000 + 16 * (uint64_t)which;
}

/* What a handle is goes along; two that have one number stay two. */
static void check_types(struct host_client *client)
{
    const struct handle_name twice[] = {{value(TYPED), 1}, {value(TYPED), 2}}, neither = {value(TYPED), 3};
    CHECK(handle_begin(client, neither, false) == FAR_CALL_BAD_HANDLE);
    CHECK(handle_begin(client, named(value(TYPED)), false) == FAR_CALL_BAD_HANDLE);
    CHECK(handle_begin(client, twice[0], true) == FAR_CALL_DONE &&
          handle_begin(client, twice[1], true) == FAR_CALL_DONE);
}

static void give_types(struct host_client *client)
{
    const struct handle_name one = {value(TYPED), 1}, other = {value(TYPED), 2};
    CHECK(handle_give(client, one) == 0 && handle_give(client, other) == 0);
}

/* The new host, which has what came and nothing else. */
static int be_new_host(int socket, int told, pid_t owner)
{
    char line;
    handover_take(socket);
    struct host_client *client = client_get((uint32_t)owner, getuid());
    for (int i = 10; i < MANY; i++)
        CHECK(begins(client, value(i), true));
    CHECK(!begins(client, value(USED), false) && !begins(client, value(LEAVING), false));
    check_types(client);
    CHECK(write(told, "x", 1) == 1);
    CHECK(read(told, &line, 1) == 1); /* the old host has done the rest */
    CHECK(begins(client, value(USED), true));
    CHECK(!begins(client, value(LEAVING), false));
    CHECK(begins(client, value(REFUSED), true));
    CHECK(begins(client, value(TWICE), true));
    CHECK(begins(client, value(MADE), true));
    CHECK(!begins(client, value(MADE + 1), false));
    return check_result();
}

static void be_old_host(struct host_client *client, int socket, int told)
{
    char line;
    CHECK(begins(client, value(USED), false) && begins(client, value(LEAVING), true));
    CHECK(begins(client, value(REFUSED), true));
    CHECK(begins(client, value(TWICE), false) && begins(client, value(TWICE), false));
    handover_begin(socket);
    CHECK(read(told, &line, 1) == 1);
    CHECK(!begins(client, value(20), false));  /* gone */
    CHECK(begins(client, value(USED), false)); /* still here: it is used */
    ends(client, value(USED), false);
    ends(client, value(USED), false);
    CHECK(!begins(client, value(USED), false));
    ends(client, value(LEAVING), true);
    handle_put_down(client, named(value(REFUSED)));
    ends(client, value(TWICE), false);
    CHECK(begins(client, value(TWICE), false));
    ends(client, value(TWICE), false);
    ends(client, value(TWICE), false);
    CHECK(gives(client, value(MADE)));
    CHECK(!begins(client, value(MADE), false));
    CHECK(write(told, "x", 1) == 1);
}

/* A host that knew no types: no head, and records without one. Each is of the type that it is first used as. */
static void check_untyped(void)
{
    struct untyped {
        uint32_t pid, uid;
        uint64_t value;
    } first[] = {{(uint32_t)getpid(), getuid(), 0x7000}, {0, 0, 0}}, later = {(uint32_t)getpid(), getuid(), 0x7010};
    int pair[2];
    char answer;
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    CHECK(send(pair[0], first, sizeof first, 0) == sizeof first);
    handover_take(pair[1]);
    CHECK(send(pair[0], &later, sizeof later, 0) == sizeof later && recv(pair[0], &answer, 1, 0) == 1);
    struct host_client *client = client_get((uint32_t)getpid(), getuid());
    CHECK(begins(client, 0x7000, true) && begins(client, 0x7010, true) && !begins(client, 0x7020, true));
    ends(client, 0x7000, true);
    ends(client, 0x7010, true);
    client_put(client);
    close(pair[0]);
}

/* In a process of its own: it makes a thread, and the other test forks. */
static void check_untyped_aside(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        check_untyped();
        _exit(check_result());
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    check_untyped_aside();
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
        CHECK(gives(client, value(i)));
    give_types(client);
    be_old_host(client, handles[0], told[0]);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return check_result();
}
