/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Capabilities in the store: what was added is there after it was opened again, children go with their parents. */
#include "runtime/fard/store_internal.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct far_error error;

static uint32_t add_service(struct store *store)
{
    struct service *service;
    if (service_new(&service))
        abort();
    strcpy(service->name, "kv");
    memset(service->executable[0].build_id, 0xab, sizeof service->executable[0].build_id);
    service->executable[0].iface = (struct far_iface *)make_record(MAKE_PLAIN).bytes;
    CHECK(service_ship(service, "", 0, &error) == 0);
    CHECK(store_take_range(store, "kv", 100, &service->id, &service->range, &error) == 0);
    CHECK(store_add_service(store, service, &error) == 0);
    uint32_t id = service->id;
    service_free(service);
    return id;
}

static uint32_t add(struct store *store, uint32_t service, uint32_t parent, uint8_t digest)
{
    struct capability capability = {.parent = parent,
                                    .service_id = service,
                                    .level = FAR_LEVEL_READ,
                                    .uid = 1000,
                                    .expires = 7,
                                    .ops = "kv_find\n"};
    strcpy(capability.note, "it's");
    memset(capability.digest, digest, sizeof capability.digest);
    CHECK(store_add_capability(store, &capability, &error) == 0);
    return capability.id;
}

static void check_loaded(struct store *store, uint32_t count, uint32_t first)
{
    struct capabilities table;
    capabilities_init(&table);
    CHECK(store_load_capabilities(store, &table, &error) == 0 && table.count == count);
    const struct capability *capability = capability_find(&table, first);
    CHECK(!count || !first ||
          (capability && capability->level == FAR_LEVEL_READ && capability->uid == 1000 && capability->expires == 7 &&
           strcmp(capability->ops, "kv_find\n") == 0 && strcmp(capability->note, "it's") == 0));
    capabilities_free(&table);
}

static struct store *reopen(struct store *store, const char *path)
{
    store_free(store);
    CHECK(store_open(&store, path, &error) == 0);
    return store;
}

/* Whose processes may be ended when it is revoked is known after fard was started anew, too. */
static void check_holders(struct store *store, uint32_t id, uid_t uid, uint32_t count)
{
    struct capabilities table;
    capabilities_init(&table);
    CHECK(store_load_capabilities(store, &table, &error) == 0);
    const struct capability *capability = capability_find(&table, id);
    CHECK(capability && capability->holder_count == count && capability_has_holder(capability, uid) == (count > 0));
    capabilities_free(&table);
}

/* Deeper than the database follows parents. */
static uint32_t add_chain(struct store *store, uint32_t service)
{
    uint32_t first = 0, last = 0;
    CHECK(store_run(store, "BEGIN", "a test", &error) == 0);
    for (uint32_t i = 0; i < 3000; i++) {
        struct capability capability = {.parent = last, .service_id = service, .level = FAR_LEVEL_READ};
        memcpy(capability.digest, &i, sizeof i);
        CHECK(store_add_capability(store, &capability, &error) == 0);
        last = capability.id;
        first = first ? first : last;
    }
    CHECK(store_run(store, "COMMIT", "a test", &error) == 0);
    return first;
}

static void check_chains(struct store *store, uint32_t service_id)
{
    struct service *service;
    uint32_t first = add_chain(store, service_id);
    check_loaded(store, 3000 + 2, 0); /* two are there already */
    CHECK(store_remove_capabilities(store, &first, 1, &error) == 0);
    check_loaded(store, 2, 0);
    add_chain(store, service_id);
    if (service_new(&service))
        abort();
    service->id = service_id;
    CHECK(store_remove_service(store, service, &error) == 0);
    check_loaded(store, 0, 0);
    service_free(service);
}

int main(void)
{
    char path[] = "/tmp/fard_store_capability.XXXXXX", command[128];
    struct store *store = NULL;
    if (!mkdtemp(path))
        abort();
    CHECK(store_open(&store, path, &error) == 0);
    uint32_t service = add_service(store);
    uint32_t root = add(store, service, 0, 1), child = add(store, service, root, 2),
             last = add(store, service, child, 3);
    uint32_t other = add(store, service, 0, 4);
    struct capability twin = {.service_id = service, .level = FAR_LEVEL_READ};
    memset(twin.digest, 4, sizeof twin.digest);
    CHECK(store_add_capability(store, &twin, &error) == FARD_REFUSED); /* one digest, one right */
    CHECK(root < child && child < last && last < other);
    store = reopen(store, path);
    check_loaded(store, 4, last);
    CHECK(store_add_holder(store, child, 64001, &error) == 0);
    CHECK(store_add_holder(store, child, 64001, &error) == 0); /* as often as one likes */
    CHECK(store_add_holder(store, other, 64002, &error) == 0);
    store = reopen(store, path);
    check_holders(store, child, 64001, 1);
    check_holders(store, root, 64001, 0);
    check_holders(store, other, 64002, 1);
    CHECK(store_remove_capabilities(store, &child, 1, &error) == 0);
    store = reopen(store, path);
    check_loaded(store, 2, other);
    CHECK(store_remove_capabilities(store, &other, 1, &error) == 0);
    CHECK(add(store, service, 0, 5) > other); /* never the same number again */
    check_chains(store, service);
    store_free(store);
    snprintf(command, sizeof command, "rm -rf %s", path);
    return check_result() || system(command) != 0;
}
