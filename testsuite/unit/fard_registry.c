/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The registry: found by name and id, walked by rising id, and what depends on what. */
#include "runtime/fard/registry.h"
#include "runtime/machine.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct service *new_service(uint32_t id, const char *need)
{
    struct service *service;
    if (service_new(&service))
        abort();
    service->id = id;
    snprintf(service->name, sizeof service->name, "service%u", id);
    if (need) {
        service->needs = calloc(1, sizeof *service->needs);
        if (!service->needs)
            abort();
        snprintf(service->needs[0].name, sizeof service->needs[0].name, "%s", need);
        service->need_count = 1;
    }
    return service;
}

static void names_and_order(void)
{
    struct registry registry;
    uint32_t last = 0, seen = 0;
    registry_init(&registry);
    for (uint32_t i = 0; i < 100; i++)
        CHECK(registry_add(&registry, new_service(1 + i * 37 % 101, NULL)) == 0);
    for (struct service *at = registry_after(&registry, 0); at; at = registry_after(&registry, at->id)) {
        CHECK(at->id > last && registry_find_id(&registry, at->id) == at && registry_find(&registry, at->name) == at);
        last = at->id;
        seen++;
    }
    CHECK(seen == 100);
    CHECK(!registry_find(&registry, "service") && !registry_find_id(&registry, 0) &&
          !registry_find_id(&registry, 4000));
    struct service *gone = registry_find(&registry, "service38");
    registry_remove(&registry, gone);
    registry_remove(&registry, gone);
    CHECK(registry.count == 99 && !registry_find(&registry, "service38") && !registry_find_id(&registry, 38));
    service_free(gone);
    registry_free(&registry);
}

static void majors(void)
{
    struct registry registry;
    struct far_error error = {0};
    struct service *service[3], *found;
    char text[REGISTRY_VERSIONS_TEXT];
    registry_init(&registry);
    for (uint32_t i = 0; i < 3; i++) {
        service[i] = new_service(i + 1, NULL);
        strcpy(service[i]->name, "kv");
        service[i]->major = (uint16_t)(7 - 2 * i); /* 7, 5, 3 */
        service[i]->range = (struct range){FAR_WINDOW_BEGIN + 3 * i * FAR_GRANULE, FAR_GRANULE};
        CHECK(registry_add(&registry, service[i]) == 0);
    }
    CHECK(registry_find(&registry, "kv") == service[2] && registry_find_major(&registry, "kv", 5) == service[1]);
    CHECK(!registry_find_major(&registry, "kv", 4) && !registry_find_major(&registry, "k", 5));
    CHECK(registry_next_major(&registry, service[2]) == service[1] && !registry_next_major(&registry, service[0]));
    service[1]->hidden = true;
    CHECK(strcmp(registry_versions(&registry, "kv", text), "3.0 and 7.0") == 0);
    CHECK(registry_named(&registry, "kv", 0, &found, &error) == FARD_REFUSED && error.code == ENOTUNIQ &&
          strstr(error.text, "3.0 and 7.0"));
    CHECK(registry_named(&registry, "kv", FAR_VERSION_OF(7), &found, &error) == 0 && found == service[0]);
    CHECK(registry_named(&registry, "kv", FAR_VERSION_OF(8), &found, &error) == FARD_REFUSED && error.code == ENOENT);
    registry_remove(&registry, service[1]);
    registry_remove(&registry, service[0]);
    CHECK(registry_named(&registry, "kv", 0, &found, &error) == 0 && found == service[2]);
    service_free(service[1]);
    service_free(service[0]);
    registry_free(&registry);
}

static void addresses(void)
{
    struct registry registry;
    registry_init(&registry);
    for (uint32_t i = 0; i < 50; i++) {
        struct service *service = new_service(1 + i, NULL);
        service->range = (struct range){FAR_WINDOW_BEGIN + i * 7 % 50 * 3 * FAR_GRANULE, 2 * FAR_GRANULE};
        CHECK(registry_add(&registry, service) == 0);
    }
    for (struct service *at = registry_after(&registry, 0); at; at = registry_after(&registry, at->id)) {
        uint64_t base = at->range.base;
        CHECK(registry_find_address(&registry, base) == at);
        CHECK(registry_find_address(&registry, base + at->range.size - 1) == at);
        CHECK(!registry_find_address(&registry, base + at->range.size));
    }
    struct service *gone = registry_find_id(&registry, 8);
    registry_remove(&registry, gone);
    CHECK(!registry_find_address(&registry, gone->range.base) && !registry_find_address(&registry, 0));
    service_free(gone);
    registry_free(&registry);
}

static void dependents(void)
{
    struct registry registry;
    registry_init(&registry);
    CHECK(registry_add(&registry, new_service(1, NULL)) == 0 &&
          registry_add(&registry, new_service(2, "service1")) == 0);
    CHECK(registry_dependent(&registry, "service1", 0) == registry_find_id(&registry, 2));
    CHECK(!registry_dependent(&registry, "service2", 0) && !registry_dependent(&registry, "service1", 1));
    registry_free(&registry);
}

static void names(void)
{
    char longest[FAR_NAME_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[FAR_NAME_MAX] = '\0';
    CHECK(service_name_is_sound("kv", 3) && service_name_is_sound("_k2", 64) && service_name_is_sound(longest, 64));
    CHECK(!service_name_is_sound("kv", 2) && !service_name_is_sound("", 1) && !service_name_is_sound("2k", 3));
    CHECK(!service_name_is_sound("k-v", 4) && !service_name_is_sound("k\n", 3));
    longest[FAR_NAME_MAX] = 'a';
    CHECK(!service_name_is_sound(longest, sizeof longest));
}

static void shipping(void)
{
    struct far_error error = {0};
    struct made record = make_record(MAKE_PLAIN);
    struct service *service = new_service(1, NULL);
    service->executable[0].iface = (struct far_iface *)record.bytes;
    service->executable[0].part[FAR_PART_FSTUBS].address = 0x1000;
    service->executable[0].part[FAR_PART_DSTUBS].address = 0x2000;
    const struct far_op *find = service_op(service, "kv_find");
    CHECK(service_stub(service, find) == 0x2000 + FAR_STUB_SIZE * find->slot);
    CHECK(service_ship(service, "fkv_find\0fkv_put", 2, &error) == 0 && service->shipping_count == 2);
    CHECK(service_stub(service, find) == 0x1000 + FAR_STUB_SIZE * find->slot);
    free(service->shippings);
    service->shipping_count = 0;
    CHECK(service_ship(service, "dkv_find", 1, &error) == 0);
    free(service->shippings);
    service->shipping_count = 0;
    CHECK(service_ship(service, "dkv_put", 1, &error) == FARD_REFUSED && strstr(error.text, "kv_put"));
    free(service->shippings);
    service->shipping_count = 0;
    CHECK(service_ship(service, "dnothing", 1, &error) == FARD_REFUSED &&
          strstr(error.text, "'nothing' (named by --data)"));
    service_free(service);
}

/* The host runs this node's own code where there is some, whatever was registered first. */
static void machines(void)
{
    uint32_t machine[EXECUTABLES_MAX], other = FAR_MACHINE_NATIVE == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
    const uint8_t id[32] = {7};
    struct service *service = new_service(1, NULL);
    service->executable[0].machine = other;
    service->executable_count = 1;
    CHECK(service_executable(service, other) == &service->executable[0]);
    CHECK(!service_executable(service, FAR_MACHINE_NATIVE));
    CHECK(service_host_executable(service) == &service->executable[0]);
    service->executable[1].machine = FAR_MACHINE_NATIVE;
    memcpy(service->executable[1].build_id, id, sizeof id);
    CHECK(!service_has_segment(service, id)); /* not in use yet */
    service->executable_count = 2;
    CHECK(service_has_segment(service, id) && service_host_executable(service) == &service->executable[1]);
    service_machines(service, machine);
    CHECK(machine[0] == other && machine[1] == FAR_MACHINE_NATIVE);
    service_drop_executable(service);
    service_machines(service, machine);
    CHECK(service->executable_count == 1 && machine[1] == 0 && !service_has_segment(service, id));
    service_free(service);
}

int main(void)
{
    names_and_order();
    majors();
    addresses();
    dependents();
    names();
    shipping();
    machines();
    return check_result();
}
