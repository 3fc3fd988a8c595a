/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/link.h"

#include "runtime/fard/fard.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static int refuse_nothing(uint64_t address, struct far_error *error)
{
    return refuse(error, ENOENT, EX_UNAVAILABLE, "no operation is called at 0x%llx", (unsigned long long)address);
}

static const struct far_op *op_at(const struct service *service, uint64_t address)
{
    const struct far_iface *iface = service_iface(service);
    for (enum far_part part = FAR_PART_FSTUBS; part <= FAR_PART_DSTUBS; part++) {
        uint64_t offset = address - service->executable[0].part[part].address;
        if (offset >= service->executable[0].part[part].size || offset % FAR_STUB_SIZE)
            continue;
        const struct far_op *op = iface_op_by_slot(iface, (uint32_t)(offset / FAR_STUB_SIZE));
        return op && service_stub(service, op) == address ? op : NULL; /* not its slot in the part where it is not */
    }
    return NULL;
}

static int fill_table(const struct service *service, const struct far_op *op, void *reply, size_t *used)
{
    const struct far_iface *iface = service_iface(service);
    const char *name = iface_string(iface, op->name);
    struct far_import_table *table = reply;
    struct far_import_op *entry = (struct far_import_op *)(table + 1);
    size_t head = sizeof *table + sizeof *entry, length = strlen(name) + 1;
    if (head + length > LINK_REPLY_MAX)
        return -EMSGSIZE;
    *used = (head + length + 7) & ~(size_t)7;
    memset(reply, 0, *used);
    memcpy(table->magic, FAR_IMPORT_MAGIC, sizeof table->magic);
    table->version = FAR_IMPORT_VERSION;
    table->size = (uint32_t)*used;
    memcpy(table->service, service->name, sizeof service->name);
    table->major = iface->major;
    table->minor = iface->minor;
    table->op_count = 1;
    entry->fingerprint = op->fingerprint;
    entry->name = (uint32_t)head;
    entry->fails = op->flags & FAR_OP_HAS_FAILS ? op->fails : 0;
    entry->flags = op->flags & FAR_OP_HAS_FAILS ? FAR_IMPORT_HAS_FAILS : 0;
    memcpy((char *)reply + head, name, length);
    return 0;
}

/* Without a major, from before they were kept: the service, as long as there is one of that name. */
static const struct service *service_of_pending(const struct registry *registry, const struct pending *pending)
{
    if (pending->major >= 0)
        return registry_find_major(registry, pending->name, (uint16_t)pending->major);
    const struct service *service = registry_find(registry, pending->name);
    return service && registry_next_major(registry, service) ? NULL : service;
}

/* An address from before the service was registered, which somebody else was given. */
static int answer_pending(const struct registry *registry, uint64_t address, void *reply, size_t *used,
                          struct far_error *error)
{
    const struct pending *pending = pending_find_address(&registry->pendings, address);
    const char *name = pending ? pending_op_at(pending, address) : NULL;
    if (!name)
        return refuse_nothing(address, error);
    const struct service *service = service_of_pending(registry, pending);
    const struct far_op *op = service && !service->hidden ? service_op(service, name) : NULL;
    if (op)
        return fill_table(service, op, reply, used);
    return refuse(error, service ? EPROTOTYPE : EHOSTDOWN, EX_UNAVAILABLE, "service '%s' %s; the next call tries again",
                  pending->name, service ? "has no such operation" : "is not registered");
}

int link_answer(const struct registry *registry, uint64_t address, void *reply, size_t *used, struct far_error *error)
{
    const struct service *service = registry_find_address(registry, address);
    if (!service)
        return answer_pending(registry, address, reply, used, error);
    const struct far_op *op = service->hidden || !service_iface(service) ? NULL : op_at(service, address);
    return op ? fill_table(service, op, reply, used) : refuse_nothing(address, error);
}

int handle_link(struct client *client, const struct far_message *message, struct far_error *error)
{
    _Alignas(8) uint8_t reply[LINK_REPLY_MAX];
    const struct far_link_request *request;
    size_t used = 0;
    int result = protocol_check_link(message, &request, error);
    result = result ? result : link_answer(&client->fard->registry, request->address, reply, &used, error);
    if (!result)
        client_reply(client, message, reply, used);
    return result;
}
