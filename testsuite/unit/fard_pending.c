/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Pending addresses in fard: the same for good, of one operation each, and no more of them than one may have. */
#include "runtime/fard/bind_pending.h"
#include "runtime/fard/store.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static struct far_error error;
static char folder[] = "/tmp/fard_pending.XXXXXX";

struct fixture {
    struct registry registry;
    struct store *store;
};

static void open_again(struct fixture *fixture)
{
    registry_free(&fixture->registry);
    store_free(fixture->store);
    fixture->store = NULL;
    CHECK(store_open(&fixture->store, folder, &error) == 0);
    CHECK(store_load_pending(fixture->store, &fixture->registry.pendings, &error) == 0);
}

static int take(struct fixture *fixture, const char *service, const char *const *op, uint32_t count, uid_t uid,
                const struct pending **out)
{
    const struct pending_wish wish = {service, op, count, uid, uid == 0, 0};
    return pending_take(&fixture->registry, fixture->store, &wish, out, &error);
}

static void addresses_stay(struct fixture *fixture)
{
    static const char *const first[] = {"kv_find", "kv_put"}, *const more[] = {"kv_add", "kv_find", "kv_zap"};
    const struct pending *pending;
    CHECK(take(fixture, "kv", first, 2, 1000, &pending) == 0);
    uint64_t base = pending->range.base;
    CHECK(pending_address(pending, "kv_find") == base + 16 && pending_address(pending, "kv_put") == base + 32);
    CHECK(pending_address(pending, "kv_add") == 0 && pending->range.size >= FAR_PENDING_SIZE);
    CHECK(take(fixture, "kv", more, 3, 1001, &pending) == 0 && pending->range.base == base && pending->uid == 1000);
    CHECK(pending_address(pending, "kv_find") == base + 16 && pending_address(pending, "kv_add") == base + 48 &&
          pending_address(pending, "kv_zap") == base + 64);
    uint64_t cursor = store_cursor(fixture->store);
    open_again(fixture);
    CHECK(store_cursor(fixture->store) == cursor);
    CHECK(take(fixture, "kv", more, 3, 1001, &pending) == 0 && pending->range.base == base);
    CHECK(pending_address(pending, "kv_put") == base + 32 && pending_address(pending, "kv_add") == base + 48);
    CHECK(take(fixture, "log", first, 1, 1000, &pending) == 0 && pending->range.base >= base + FAR_GRANULE);
}

static void names_are_counted(struct fixture *fixture)
{
    static const char *const op[] = {"f"};
    const struct pending *pending;
    char name[32];
    /* kv and log are uid 1000's already. */
    for (unsigned i = 2; i < PENDING_UID_NAMES_MAX; i++) {
        snprintf(name, sizeof name, "name%u", i);
        CHECK(take(fixture, name, op, 1, 1000, &pending) == 0);
    }
    uint64_t cursor = store_cursor(fixture->store);
    CHECK(take(fixture, "many", op, 1, 1000, &pending) == FARD_REFUSED && error.exit == EX_UNAVAILABLE);
    CHECK(strstr(error.text, "'many'") && strstr(error.text, "64 names") && strstr(error.text, "uid 1000"));
    CHECK(store_cursor(fixture->store) == cursor && !pending_find(&fixture->registry.pendings, "many", 0));
    CHECK(take(fixture, "name5", op, 1, 1000, &pending) == 0); /* what it has it has */
    CHECK(take(fixture, "many", op, 1, 0, &pending) == 0);     /* who registers services is not limited */
    CHECK(take(fixture, "many", op, 1, 1000, &pending) == 0);
    CHECK(take(fixture, "other", op, 1, 1001, &pending) == 0); /* nor is somebody else */
}

static void registered_ones_are_not(struct fixture *fixture)
{
    static const char *const op[] = {"f"};
    const struct pending *pending;
    struct service *service;
    CHECK(service_new(&service) == 0);
    strcpy(service->name, "name7");
    service->id = 4000;
    CHECK(registry_add(&fixture->registry, service) == 0);
    CHECK(take(fixture, "one_more", op, 1, 1000, &pending) == 0);
    CHECK(take(fixture, "two_more", op, 1, 1000, &pending) == FARD_REFUSED);
}

static void operations_are_counted(struct fixture *fixture)
{
    static char names[FAR_PENDING_SLOTS][8];
    static const char *op[FAR_PENDING_SLOTS];
    const struct pending *pending;
    for (unsigned i = 0; i < FAR_PENDING_SLOTS; i++) {
        snprintf(names[i], sizeof names[i], "op%04u", i);
        op[i] = names[i];
    }
    CHECK(take(fixture, "wide", op, FAR_PENDING_SLOTS, 0, &pending) == FARD_REFUSED && strstr(error.text, "at most"));
    CHECK(take(fixture, "wide", op, FAR_PENDING_SLOTS - 1, 0, &pending) == 0);
    CHECK(pending_address(pending, op[FAR_PENDING_SLOTS - 2]) == pending->range.base + FAR_PENDING_SPAN - 16);
    CHECK(take(fixture, "wide", op, FAR_PENDING_SLOTS, 0, &pending) == FARD_REFUSED);
    for (int i = 0; i < 16; i++) {
        char name[] = {'w', (char)('a' + i), 0};
        CHECK(take(fixture, name, op, PENDING_UID_NAME_OPS_MAX - (i < 15 ? 0 : 4), 1002, &pending) == 0);
    }
    CHECK(take(fixture, "wz", op, 5, 1002, &pending) == FARD_REFUSED && strstr(error.text, "16380 operations"));
    op[0] = "another"; /* a name of somebody else's counts for whoever adds to it */
    CHECK(take(fixture, "kv", op, 4, 1002, &pending) == 0 &&
          take(fixture, "kv", op, 5, 1002, &pending) == FARD_REFUSED);
    CHECK(take(fixture, "kv", op, 5, 1003, &pending) == 0);
    open_again(fixture);
    CHECK(pending_find(&fixture->registry.pendings, "wide", 0)->count == FAR_PENDING_SLOTS - 1);
}

static void given_up(struct fixture *fixture)
{
    static const char *const op[] = {"f"};
    const struct pending *pending;
    struct pending *wide = pending_find(&fixture->registry.pendings, "wide", 0);
    uint64_t base = wide->range.base;
    CHECK(store_remove_pending(fixture->store, wide->id, &error) == 0);
    pending_forget(&fixture->registry.pendings, wide);
    CHECK(!pending_find(&fixture->registry.pendings, "wide", 0));
    open_again(fixture);
    CHECK(!pending_find(&fixture->registry.pendings, "wide", 0));
    CHECK(take(fixture, "wide", op, 1, 0, &pending) == 0 && pending->range.base > base);
}

/* Made-up operations of one uid leave room in a name for everybody else's. */
static void nobody_takes_a_name(struct fixture *fixture)
{
    static char names[PENDING_UID_NAME_OPS_MAX + 1][8];
    static const char *op[PENDING_UID_NAME_OPS_MAX + 1];
    static const char *const real[] = {"s_find", "s_put"};
    const struct pending *pending;
    for (unsigned i = 0; i <= PENDING_UID_NAME_OPS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "o%04u", i);
        op[i] = names[i];
    }
    CHECK(take(fixture, "s", op, PENDING_UID_NAME_OPS_MAX + 1, 1004, &pending) == FARD_REFUSED &&
          error.exit == EX_UNAVAILABLE && strstr(error.text, "uid 1004") && strstr(error.text, "at most 1024"));
    CHECK(!pending_find(&fixture->registry.pendings, "s", 0));
    CHECK(take(fixture, "s", op, PENDING_UID_NAME_OPS_MAX, 1004, &pending) == 0);
    CHECK(take(fixture, "s", real, 1, 1004, &pending) == FARD_REFUSED);
    CHECK(take(fixture, "s", op + 5, 9, 1004, &pending) == 0); /* what it has it has */
    open_again(fixture);
    CHECK(take(fixture, "s", real, 1, 1004, &pending) == FARD_REFUSED);
    CHECK(take(fixture, "s", real, 2, 1005, &pending) == 0);
    CHECK(take(fixture, "s", real, 1, 1004, &pending) == 0); /* as somebody else has asked */
}

/* A database that somebody has edited. */
static void damaged(struct fixture *fixture, const char *sql)
{
    char path[64], *why = NULL;
    sqlite3 *database;
    registry_free(&fixture->registry);
    store_free(fixture->store);
    fixture->store = NULL;
    snprintf(path, sizeof path, "%s/names.db", folder);
    CHECK(sqlite3_open(path, &database) == SQLITE_OK && sqlite3_exec(database, sql, NULL, NULL, &why) == SQLITE_OK);
    sqlite3_free(why);
    sqlite3_close(database);
    CHECK(store_open(&fixture->store, folder, &error) == 0);
    CHECK(store_load_pending(fixture->store, &fixture->registry.pendings, &error) == FARD_REFUSED &&
          error.exit == EX_DATAERR && strstr(error.text, "impossible"));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int main(void)
{
    struct fixture fixture = {0};
    if (!mkdtemp(folder))
        return 1;
    open_again(&fixture);
    addresses_stay(&fixture);
    names_are_counted(&fixture);
    registered_ones_are_not(&fixture);
    operations_are_counted(&fixture);
    given_up(&fixture);
    nobody_takes_a_name(&fixture);
    damaged(&fixture, "UPDATE pending_ops SET slot = 99 WHERE op = 'kv_put'");
    damaged(&fixture,
            "UPDATE pending_ops SET slot = 2 WHERE op = 'kv_put'; UPDATE pending SET name = '-' WHERE name = 'kv'");
    registry_free(&fixture.registry);
    store_free(fixture.store);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return check_result();
}
