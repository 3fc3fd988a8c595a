/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A cluster in the store: leased chunks, from which ranges come; at the keeper, leases that never meet, names that are one node's. */
#include "runtime/fard/cluster_names.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

static struct far_error error;

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static uint64_t take(struct store *store, uint64_t bytes)
{
    struct range range;
    uint32_t id;
    return store_take_range(store, "s", bytes, &id, &range, &error) == 0 ? range.base : 0;
}

#define CHUNK (64 * (uint64_t)FAR_GRANULE)

static void check_chunks(const char *path)
{
    struct store *store;
    const struct range chunk = {FAR_WINDOW_BEGIN + 10 * CHUNK, CHUNK}, more = {FAR_WINDOW_BEGIN + 20 * CHUNK, CHUNK};
    const struct far_error why = {EEXIST, EX_CONFIG, "start with an empty store"};
    CHECK(store_open(&store, path, &error) == 0 && store_claimed(store) == 0 && !store_has_chunks(store));
    store_join_cluster(store);
    CHECK(take(store, 1) == 0 && error.code == EAGAIN && store_wanted_in_vain(store) == 1);
    store_say_no_room(store, &why);
    CHECK(take(store, 1) == 0 && error.code == EEXIST && strstr(error.text, "empty store"));
    CHECK(store_add_chunk(store, &chunk, &error) == 0 && store_chunk_room(store) == CHUNK - FAR_GRANULE);
    CHECK(take(store, 1) == chunk.base && take(store, 1) == chunk.base + 2 * FAR_GRANULE);
    CHECK(take(store, CHUNK - 4 * FAR_GRANULE) == 0); /* with its guard it would reach into the next one's */
    CHECK(take(store, CHUNK - 5 * FAR_GRANULE) == chunk.base + 4 * FAR_GRANULE && store_chunk_room(store) == 0);
    CHECK(store_add_chunk(store, &more, &error) == 0 && take(store, 1) == more.base);
    CHECK(store_add_chunk(store, &more, &error) == FARD_REFUSED); /* twice the same one */
    store_free(store);

    CHECK(store_open(&store, path, &error) == 0 && store_has_chunks(store)); /* also without the cluster */
    CHECK(take(store, 1) == more.base + 2 * FAR_GRANULE);
    CHECK(take(store, CHUNK) == 0 && strstr(error.text, "--peer"));
    store_free(store);
}

/* A service elsewhere: its place is noted, keeps its number, and meets nothing. */
static void check_given(const char *path)
{
    struct store *store;
    uint32_t id, again;
    const struct range there = {FAR_WINDOW_BEGIN + 30 * CHUNK, FAR_GRANULE};
    const struct range ours = {FAR_WINDOW_BEGIN + 10 * CHUNK, FAR_GRANULE};
    const struct range none = {FAR_WINDOW_BEGIN - FAR_GRANULE, FAR_GRANULE};
    CHECK(store_open(&store, path, &error) == 0);
    CHECK(store_take_given_range(store, "kv", &there, &id, &error) == 0 && id);
    CHECK(store_take_given_range(store, "kv", &there, &again, &error) == 0 && again == id);
    CHECK(store_take_given_range(store, "other", &there, &again, &error) == FARD_REFUSED && error.code == EADDRINUSE);
    CHECK(store_take_given_range(store, "kv", &ours, &again, &error) == FARD_REFUSED);
    CHECK(store_take_given_range(store, "kv", &none, &again, &error) == FARD_REFUSED);
    store_free(store);
}

static struct link_service entry_of(const char *name, const char *node, uint64_t base)
{
    struct link_service entry = {.base = base, .size = FAR_GRANULE, .major = 1, .executable_count = 1};
    strcpy(entry.name, name);
    strcpy(entry.node, node);
    return entry;
}

static void check_names(const char *path)
{
    struct store *store;
    struct link_service kv = entry_of("kv", "b", FAR_WINDOW_BEGIN), mine = kv, other;
    struct link_service thief = entry_of("kv", "c", FAR_WINDOW_BEGIN + CHUNK), over = entry_of("zz", "c", kv.base);
    const struct link_name any = {.name = "kv"}, second = {.name = "kv", .major = FAR_VERSION_OF(2)};
    CHECK(store_open(&store, path, &error) == 0);
    CHECK(cluster_names_publish(store, "b", &kv, &error) == 0 && kv.revision);
    CHECK(cluster_names_publish(store, "c", &thief, &error) == FARD_REFUSED && error.code == EEXIST);
    CHECK(strcmp(thief.node, "b") == 0 && strstr(error.text, "on node 'b'"));
    CHECK(cluster_names_publish(store, "c", &over, &error) == FARD_REFUSED && error.code == EADDRINUSE);

    mine.revision = kv.revision; /* said again: nothing has changed */
    CHECK(cluster_names_publish(store, "b", &mine, &error) == 0 && mine.revision == kv.revision);
    mine.fingerprint = 7;
    CHECK(cluster_names_publish(store, "b", &mine, &error) == 0 && mine.revision > kv.revision);
    kv.fingerprint = 8; /* by who has slept through that */
    CHECK(cluster_names_publish(store, "b", &kv, &error) == FARD_REFUSED && error.code == ESTALE);
    CHECK(kv.revision == mine.revision && kv.fingerprint == 7);

    CHECK(cluster_names_find(store, &any, &other, &error) == 0 && other.fingerprint == 7);
    CHECK(cluster_names_find(store, &second, &other, &error) == FARD_REFUSED && error.code == ENOENT);
    CHECK(cluster_names_find_address(store, FAR_WINDOW_BEGIN + 5, &other, &error) == 0);
    CHECK(cluster_names_find_address(store, FAR_WINDOW_BEGIN + FAR_GRANULE, &other, &error) == FARD_REFUSED);
    CHECK(cluster_names_find_address(store, UINT64_MAX, &other, &error) == FARD_REFUSED);
    const struct link_name first = {.name = ""}, last = {.name = "kv", .major = FAR_VERSION_OF(1)};
    CHECK(cluster_names_next(store, &first, &other, &error) == 0 && strcmp(other.name, "kv") == 0);
    CHECK(cluster_names_next(store, &last, &other, &error) == FARD_REFUSED);

    CHECK(cluster_names_withdraw(store, "c", &kv, &error) == FARD_REFUSED && error.code == EEXIST);
    CHECK(cluster_names_withdraw(store, "b", &kv, &error) == 0 && cluster_names_withdraw(store, "b", &kv, &error) == 0);
    thief = entry_of("kv", "c", FAR_WINDOW_BEGIN + CHUNK);
    CHECK(cluster_names_publish(store, "c", &thief, &error) == 0 && thief.revision > mine.revision);
    store_free(store);
}

static void check_leases(const char *path)
{
    struct store *store;
    struct range first, second, third;
    const struct link_lease plain = {CHUNK, 0}, claimed = {CHUNK, FAR_WINDOW_BEGIN + CHUNK};
    const struct link_lease endless = {UINT64_MAX, 0}, nothing = {0, 0}, mad = {CHUNK, UINT64_MAX};
    CHECK(store_open(&store, path, &error) == 0);
    CHECK(cluster_names_lease(store, "b", &claimed, &first, &error) == 0 && first.base == FAR_WINDOW_BEGIN + CHUNK);
    CHECK(cluster_names_lease(store, "b", &claimed, &second, &error) == 0); /* the first answer was lost */
    CHECK(cluster_names_lease(store, "c", &claimed, &third, &error) == FARD_REFUSED && error.code == EEXIST);
    CHECK(cluster_names_lease(store, "c", &mad, &third, &error) == FARD_REFUSED);
    CHECK(cluster_names_lease(store, "c", &endless, &third, &error) == FARD_REFUSED && error.code == ENOMEM);
    CHECK(cluster_names_lease(store, "c", &nothing, &third, &error) == FARD_REFUSED);
    CHECK(cluster_names_lease(store, "c", &plain, &third, &error) == 0 && third.base == second.base + second.size);
    const struct range inside = {third.base + FAR_GRANULE, FAR_GRANULE};
    CHECK(store_lease_covers(store, "c", &inside) && !store_lease_covers(store, "b", &inside));
    store_free(store);

    CHECK(store_open(&store, path, &error) ==
          0); /* who was the keeper and is alone again takes from behind all of them */
    CHECK(take(store, 1) == third.base + third.size);
    store_free(store);
}

static void in_folder(void (*check)(const char *path), bool keep, char path[32])
{
    if (!path[0]) {
        strcpy(path, "/tmp/cluster_store.XXXXXX");
        if (!mkdtemp(path))
            abort();
    }
    check(path);
    if (!keep)
        nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    if (!keep)
        path[0] = '\0';
}

int main(void)
{
    char path[32] = "";
    in_folder(check_chunks, true, path);
    in_folder(check_given, false, path);
    in_folder(check_names, false, path);
    in_folder(check_leases, false, path);
    return check_result();
}
