/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Handles that end with another: which of them a client may still use, once that one is released. */
#include "runtime/host/host.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/handles.h"

#include <string.h>
#include <unistd.h>

enum { DB = 0x1000, OTHER = 0x2000, STATEMENT = 0x3000, VALUE = 0x4000, LONE = 0x5000 };

static bool gives_of(struct host_client *client, uint64_t value, uint64_t parent)
{
    return handle_give_of(client, named(value), named(parent)) == 0;
}

static bool is_valid(struct host_client *client, uint64_t value)
{
    bool begun = begins(client, value, false);
    if (begun)
        ends(client, value, false);
    return begun;
}

static bool releases(struct host_client *client, uint64_t value)
{
    bool begun = begins(client, value, true);
    if (begun)
        ends(client, value, true);
    return begun;
}

static void give_all(struct host_client *client)
{
    CHECK(gives(client, DB) && gives(client, OTHER) && gives_of(client, STATEMENT, DB) &&
          gives_of(client, VALUE, STATEMENT) && gives_of(client, LONE, OTHER));
}

static void release_all(struct host_client *client)
{
    releases(client, DB);
    releases(client, OTHER);
    CHECK(!is_valid(client, STATEMENT) && !is_valid(client, VALUE) && !is_valid(client, LONE));
}

static void check_end(struct host_client *client)
{
    give_all(client);
    CHECK(is_valid(client, STATEMENT) && is_valid(client, VALUE));
    CHECK(releases(client, DB));
    CHECK(!is_valid(client, STATEMENT) && !is_valid(client, VALUE));
    CHECK(is_valid(client, OTHER) && is_valid(client, LONE));
    CHECK(gives(client, STATEMENT)); /* the service has it again, for something else */
    CHECK(is_valid(client, STATEMENT) && releases(client, STATEMENT));
    release_all(client);
}

/* What was released by itself is nobody's child any more. */
static void check_end_of_child(struct host_client *client)
{
    give_all(client);
    CHECK(releases(client, STATEMENT));
    CHECK(!is_valid(client, VALUE) && is_valid(client, DB));
    CHECK(gives(client, STATEMENT));
    CHECK(releases(client, DB));
    CHECK(is_valid(client, STATEMENT) && releases(client, STATEMENT));
    release_all(client);
}

static void check_use(struct host_client *client)
{
    give_all(client);
    CHECK(begins(client, VALUE, false));
    CHECK(handle_begin(client, named(DB), true) == FAR_CALL_HANDLE_IN_USE);
    CHECK(handle_begin(client, named(STATEMENT), true) == FAR_CALL_HANDLE_IN_USE);
    CHECK(is_valid(client, DB) && is_valid(client, STATEMENT)); /* used, by others too */
    ends(client, VALUE, false);
    CHECK(begins(client, DB, true));
    CHECK(handle_begin(client, named(STATEMENT), false) == FAR_CALL_BAD_HANDLE); /* while it is being released */
    CHECK(handle_begin(client, named(VALUE), true) == FAR_CALL_BAD_HANDLE);
    handle_put_down(client, named(DB)); /* and it was not */
    CHECK(is_valid(client, DB) && is_valid(client, STATEMENT) && is_valid(client, VALUE));
    release_all(client);
}

/* Before the end of the call that releases is heard of, the service has given its name to something else, with children of its own. */
static void check_given_anew(struct host_client *client)
{
    give_all(client);
    CHECK(begins(client, DB, true));
    CHECK(gives(client, VALUE)); /* and a child's */
    CHECK(gives(client, DB) && gives_of(client, LONE, DB));
    CHECK(!is_valid(client, STATEMENT));
    ends(client, DB, true);
    CHECK(is_valid(client, DB) && is_valid(client, LONE) && is_valid(client, VALUE) && !is_valid(client, STATEMENT));
    CHECK(releases(client, VALUE));
    release_all(client);
}

/* Nobody ends with itself, nor with what ends with it, nor with what the client does not have; the last parent counts. */
static void check_odd_parents(struct host_client *client)
{
    give_all(client);
    CHECK(gives_of(client, DB, DB) && gives_of(client, DB, VALUE) && gives_of(client, STATEMENT, VALUE));
    CHECK(is_valid(client, DB) && is_valid(client, STATEMENT) && is_valid(client, VALUE));
    CHECK(gives_of(client, LONE, 0x9000) && gives_of(client, STATEMENT, 0));
    CHECK(gives_of(client, VALUE, OTHER)); /* no more the statement's */
    CHECK(releases(client, DB));
    CHECK(!is_valid(client, STATEMENT) && is_valid(client, VALUE) && is_valid(client, LONE));
    CHECK(releases(client, OTHER) && !is_valid(client, VALUE));
    release_all(client);
}

/* A structure and its first member, each with children of its own. */
static void check_types(struct host_client *client)
{
    const struct handle_name whole = {DB, 1}, first = {DB, 2}, of_whole = {STATEMENT, 3}, of_first = {VALUE, 3};
    CHECK(handle_give(client, whole) == 0 && handle_give(client, first) == 0);
    CHECK(handle_give_of(client, of_whole, whole) == 0 && handle_give_of(client, of_first, first) == 0);
    CHECK(handle_begin(client, whole, true) == FAR_CALL_DONE);
    handle_end(client, whole, true);
    CHECK(handle_begin(client, of_whole, false) == FAR_CALL_BAD_HANDLE);
    CHECK(handle_begin(client, of_first, true) == FAR_CALL_DONE);
    handle_end(client, of_first, true);
    CHECK(handle_begin(client, first, true) == FAR_CALL_DONE);
    handle_end(client, first, true);
}

/* However deep: each of them ends with the one before. */
static void check_chain(struct host_client *client)
{
    enum { DEEP = 100000 };
    CHECK(gives(client, 16));
    for (uint64_t i = 2; i <= DEEP; i++)
        CHECK(gives_of(client, 16 * i, 16 * (i - 1)));
    CHECK(begins(client, 16ull * DEEP, false));
    CHECK(handle_begin(client, named(16), true) == FAR_CALL_HANDLE_IN_USE);
    ends(client, 16ull * DEEP, false);
    CHECK(releases(client, 16));
    CHECK(!clients_hold_handles());
}

enum { MANY = 2000, NOBODY = MANY };

struct forest {
    bool given[MANY];
    unsigned parent[MANY];
};

static uint64_t value_of(unsigned which)
{
    return 0x400000000000 + 16 * (uint64_t)which;
}

static void expect_end(struct forest *forest, unsigned which)
{
    forest->given[which] = false;
    for (unsigned i = 0; i < MANY; i++)
        if (forest->given[i] && forest->parent[i] == which)
            expect_end(forest, i);
}

static void give_one(struct host_client *client, struct forest *forest, unsigned which, unsigned parent)
{
    bool has = parent != which && forest->given[parent];
    CHECK(has ? gives_of(client, value_of(which), value_of(parent)) : gives(client, value_of(which)));
    forest->given[which] = true;
    forest->parent[which] = has ? parent : NOBODY;
}

/* Compared with arrays, while the table grows and closes gaps. */
static void check_many(struct host_client *client)
{
    static struct forest forest;
    unsigned seed = 1;
    for (int i = 0; i < 30000; i++) {
        seed = seed * 1103515245 + 12345;
        unsigned which = seed / 65536 % MANY;
        seed = seed * 1103515245 + 12345;
        CHECK(is_valid(client, value_of(which)) == forest.given[which]);
        if (!forest.given[which]) {
            give_one(client, &forest, which, seed / 65536 % MANY);
        } else if (seed / 65536 % 4 == 0) {
            CHECK(releases(client, value_of(which)));
            expect_end(&forest, which);
        }
    }
    for (unsigned i = 0; i < MANY; i++) {
        CHECK(is_valid(client, value_of(i)) == forest.given[i]);
        if (!forest.given[i])
            continue;
        CHECK(releases(client, value_of(i)));
        expect_end(&forest, i);
    }
    CHECK(!clients_hold_handles());
}

int main(void)
{
    struct host_client *client = client_get((uint32_t)getpid(), getuid());
    CHECK(client != NULL);
    check_end(client);
    check_end_of_child(client);
    check_use(client);
    check_given_anew(client);
    check_odd_parents(client);
    check_types(client);
    check_chain(client);
    check_many(client);
    give_all(client); /* and are freed with it */
    client_put(client);
    return check_result();
}
