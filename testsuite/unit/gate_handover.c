/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Handles go from one host to another: each is known to one of them at a time, and none is lost. */
#include "runtime/host/handover.h"
#include "runtime/host/host.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/handles.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MANY = 5000,
    USED = 5,
    LEAVING = 6,
    REFUSED = 7,
    TWICE = 8,
    MADE = MANY + 1,
    TYPED = MANY + 3,
    PARENT, /* that no call uses, with a child and that one's */
    CHILD,
    GRANDCHILD,
    KEPT_PARENT, /* with two children, of which one is used */
    KEPT_CHILD,
    USED_CHILD,
    LEFT_PARENT, /* with a child that is being released */
    LEFT_CHILD,
    LARGE, /* with so many children that they take several packets */
    LARGE_END = LARGE + 2500
};

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

static bool gives_of(struct host_client *client, int which, int parent)
{
    return handle_give_of(client, named(value(which)), named(value(parent))) == 0;
}

static void give_children(struct host_client *client)
{
    CHECK(gives(client, value(PARENT)) && gives_of(client, CHILD, PARENT) && gives_of(client, GRANDCHILD, CHILD));
    CHECK(gives(client, value(KEPT_PARENT)) && gives_of(client, KEPT_CHILD, KEPT_PARENT) &&
          gives_of(client, USED_CHILD, KEPT_PARENT));
    CHECK(gives(client, value(LEFT_PARENT)) && gives_of(client, LEFT_CHILD, LEFT_PARENT));
    CHECK(gives(client, value(LARGE)));
    for (int i = LARGE + 1; i < LARGE_END; i++)
        CHECK(gives_of(client, i, LARGE));
}

static bool is_valid(struct host_client *client, int which)
{
    bool begun = begins(client, value(which), false);
    if (begun)
        ends(client, value(which), false);
    return begun;
}

static void release(struct host_client *client, int which)
{
    CHECK(begins(client, value(which), true));
    ends(client, value(which), true);
}

/* What ends with another does so in the new host; as long as one of them is used, none of them is there. */
static void check_children_first(struct host_client *client)
{
    CHECK(is_valid(client, PARENT) && is_valid(client, CHILD) && is_valid(client, GRANDCHILD));
    release(client, PARENT);
    CHECK(!is_valid(client, CHILD) && !is_valid(client, GRANDCHILD));
    CHECK(!is_valid(client, KEPT_PARENT) && !is_valid(client, KEPT_CHILD) && !is_valid(client, USED_CHILD));
    CHECK(!is_valid(client, LEFT_PARENT) && !is_valid(client, LEFT_CHILD));
    for (int i = LARGE; i < LARGE_END; i++)
        CHECK(is_valid(client, i));
    release(client, LARGE);
    for (int i = LARGE; i < LARGE_END; i++)
        CHECK(!is_valid(client, i));
}

static void check_children_later(struct host_client *client)
{
    CHECK(is_valid(client, KEPT_CHILD) && is_valid(client, USED_CHILD));
    release(client, USED_CHILD);
    CHECK(is_valid(client, KEPT_PARENT) && is_valid(client, KEPT_CHILD));
    release(client, KEPT_PARENT);
    CHECK(!is_valid(client, KEPT_CHILD));
    CHECK(is_valid(client, LEFT_PARENT) && !is_valid(client, LEFT_CHILD));
    CHECK(is_valid(client, MADE + 1));
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
    check_children_first(client);
    CHECK(write(told, "x", 1) == 1);
    CHECK(read(told, &line, 1) == 1); /* the old host has done the rest */
    CHECK(begins(client, value(USED), true));
    CHECK(!begins(client, value(LEAVING), false));
    CHECK(begins(client, value(REFUSED), true));
    CHECK(begins(client, value(TWICE), true));
    check_children_later(client);
    CHECK(begins(client, value(MADE), true));
    return check_result();
}

/* Those that are used stay together; when the last one that was used ends, the others are free. */
static void use_children(struct host_client *client)
{
    CHECK(!is_valid(client, PARENT) && !is_valid(client, CHILD));
    CHECK(begins(client, value(KEPT_PARENT), false) && begins(client, value(KEPT_CHILD), false));
    ends(client, value(KEPT_PARENT), false);
    ends(client, value(KEPT_CHILD), false);
    CHECK(begins(client, value(KEPT_CHILD), false)); /* still here */
    ends(client, value(KEPT_CHILD), false);
    ends(client, value(USED_CHILD), false);
    CHECK(!is_valid(client, KEPT_PARENT) && !is_valid(client, KEPT_CHILD) && !is_valid(client, USED_CHILD));
    ends(client, value(LEFT_CHILD), true);
    CHECK(!is_valid(client, LEFT_PARENT));
    CHECK(gives(client, value(MADE + 1)));
}

static void be_old_host(struct host_client *client, int socket, int told)
{
    char line;
    CHECK(begins(client, value(USED), false) && begins(client, value(LEAVING), true));
    CHECK(begins(client, value(REFUSED), true));
    CHECK(begins(client, value(TWICE), false) && begins(client, value(TWICE), false));
    CHECK(begins(client, value(USED_CHILD), false) && begins(client, value(LEFT_CHILD), true));
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
    use_children(client);
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

/* One that knew of no handle that ends with another. */
static void check_alone(void)
{
    struct alone {
        uint32_t pid, uid;
        struct handle_name name;
        uint32_t node, zero;
    } first[] = {{(uint32_t)getpid(), getuid(), {0x8000, 7}, 0, 0}, {0}};
    const struct handover_head head = {HANDOVER_MAGIC_ALONE};
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    CHECK(send(pair[0], &head, sizeof head, 0) == sizeof head);
    CHECK(send(pair[0], first, sizeof first, 0) == sizeof first);
    handover_take(pair[1]);
    struct host_client *client = client_get((uint32_t)getpid(), getuid());
    CHECK(begins(client, 0x8000, true) && !begins(client, 0x8010, true));
    ends(client, 0x8000, true);
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
        check_alone();
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
    give_children(client);
    be_old_host(client, handles[0], told[0]);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return check_result();
}
