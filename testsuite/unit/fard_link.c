/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* LINK: which addresses are an operation's, and what a caller is told of it. */
#include "runtime/fard/link.h"
#include "runtime/machine.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct far_error error;
static _Alignas(8) unsigned char reply[LINK_REPLY_MAX];

static int ask(const struct registry *registry, uint64_t address)
{
    size_t used = 0;
    char why[256];
    int result = link_answer(registry, address, reply, &used, &error);
    CHECK(result || import_check(reply, used, why, sizeof why) == 0);
    return result ? error.code : 0;
}

static struct service *make_service(struct far_iface *iface)
{
    struct service *service;
    if (service_new(&service))
        abort();
    service->id = 1;
    service->major = iface->major;
    strcpy(service->name, "kv");
    service->range = (struct range){FAR_WINDOW_BEGIN, FAR_GRANULE};
    service->executable_count = 1;
    service->executable[0].machine = FAR_MACHINE_NATIVE;
    service->executable[0].iface = iface;
    service->executable[0].part[FAR_PART_FSTUBS] = (struct far_extent){FAR_WINDOW_BEGIN, 16 * FAR_STUB_SIZE};
    service->executable[0].part[FAR_PART_DSTUBS] =
        (struct far_extent){FAR_WINDOW_BEGIN + FAR_PART_ALIGN, 16 * FAR_STUB_SIZE};
    return service;
}

static void every_address(const struct registry *registry, const struct service *service)
{
    uint32_t found = 0;
    const struct far_import_table *table = (const void *)reply;
    for (uint64_t offset = 0; offset < 2 * FAR_PART_ALIGN; offset += 4) {
        if (ask(registry, FAR_WINDOW_BEGIN + offset) != 0)
            continue;
        const struct far_op *op = service_op(service, import_op_name(table, 0));
        CHECK(op && service_stub(service, op) == FAR_WINDOW_BEGIN + offset);
        CHECK(import_op(table, 0)->fingerprint == op->fingerprint && strcmp(table->service, "kv") == 0);
        found++;
    }
    CHECK(found == service_iface(service)->ops.count); /* each once, in the part where it lives, and nothing else */
    CHECK(ask(registry, 0) == ENOENT && ask(registry, UINT64_MAX) == ENOENT);
    CHECK(ask(registry, FAR_WINDOW_BEGIN + FAR_GRANULE) == ENOENT);
}

static void add_pending(struct registry *registry, const char *name, int32_t major, uint64_t base)
{
    struct pending row = {.id = 2 + (uint32_t)registry->pendings.count, .major = major, .range = {base, FAR_GRANULE}};
    strcpy(row.name, name);
    CHECK(pending_restore(&registry->pendings, &row) == 0);
    CHECK(pending_restore_op(&registry->pendings, row.id, 1, "kv_put", 0) == 0);
    CHECK(pending_restore_op(&registry->pendings, row.id, 2, "kv_gone", 0) == 0);
}

/* Addresses from before it was registered: whoever gets one from another process may call there as well. */
static void pending_addresses(struct registry *registry, uint16_t major)
{
    uint64_t here = FAR_WINDOW_BEGIN + 4 * FAR_GRANULE, there = FAR_WINDOW_BEGIN + 8 * FAR_GRANULE;
    uint64_t old = FAR_WINDOW_BEGIN + 12 * FAR_GRANULE; /* from a store of before majors */
    const struct far_import_table *table = (const void *)reply;
    add_pending(registry, "kv", major, here);
    add_pending(registry, "other", 0, there);
    add_pending(registry, "kv", -1, old);
    CHECK(ask(registry, old + 16) == 0 && strcmp(import_op_name(table, 0), "kv_put") == 0);
    CHECK(ask(registry, here + 16) == 0 && strcmp(import_op_name(table, 0), "kv_put") == 0);
    CHECK(ask(registry, here + 32) == EPROTOTYPE && strstr(error.text, "no such operation"));
    CHECK(ask(registry, here) == ENOENT && ask(registry, here + 48) == ENOENT && ask(registry, here + 24) == ENOENT);
    CHECK(ask(registry, there + 16) == EHOSTDOWN && strstr(error.text, "'other'"));
}

int main(void)
{
    struct registry registry;
    struct made record = make_record(MAKE_PLAIN);
    registry_init(&registry);
    struct service *service = make_service((struct far_iface *)record.bytes);
    CHECK(registry_add(&registry, service) == 0);
    every_address(&registry, service);
    pending_addresses(&registry, service->major);
    service->hidden = true;
    CHECK(ask(&registry, FAR_WINDOW_BEGIN + FAR_STUB_SIZE) == ENOENT);
    registry_free(&registry);
    return check_result();
}
