/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/registry.h"
#include "runtime/format/complain.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

void registry_init(struct registry *registry)
{
    *registry = (struct registry){0};
}

void registry_free(struct registry *registry)
{
    for (uint32_t i = 0; i < registry->count; i++)
        service_free(registry->service[i]);
    free(registry->service);
    pendings_free(&registry->pendings);
    registry_init(registry);
}

/* The place of the first service whose id is greater than `id`. */
static uint32_t place_after(const struct registry *registry, uint32_t id)
{
    uint32_t low = 0, high = registry->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (registry->service[middle]->id > id)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int registry_add(struct registry *registry, struct service *service)
{
    if (registry->count == registry->room) {
        uint32_t room = registry->room ? 2 * registry->room : 16;
        struct service **grown = reallocarray(registry->service, room, sizeof *grown);
        if (!grown)
            return -ENOMEM;
        registry->service = grown;
        registry->room = room;
    }
    uint32_t at = place_after(registry, service->id);
    memmove(registry->service + at + 1, registry->service + at, (registry->count - at) * sizeof *registry->service);
    registry->service[at] = service;
    registry->count++;
    return 0;
}

void registry_remove(struct registry *registry, struct service *service)
{
    uint32_t after = place_after(registry, service->id);
    if (after == 0 || registry->service[after - 1] != service)
        return;
    memmove(registry->service + after - 1, registry->service + after,
            (registry->count - after) * sizeof *registry->service);
    registry->count--;
}

struct service *registry_find(const struct registry *registry, const char *name)
{
    for (uint32_t i = 0; i < registry->count; i++) {
        if (strcmp(registry->service[i]->name, name) == 0)
            return registry->service[i];
    }
    return NULL;
}

struct service *registry_after(const struct registry *registry, uint32_t id)
{
    uint32_t at = place_after(registry, id);
    return at < registry->count ? registry->service[at] : NULL;
}

struct service *registry_find_id(const struct registry *registry, uint32_t id)
{
    uint32_t after = place_after(registry, id);
    return after && registry->service[after - 1]->id == id ? registry->service[after - 1] : NULL;
}

static bool names_have(const char (*names)[FAR_SERVICE_MAX], uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

struct service *registry_dependent(const struct registry *registry, const char *name)
{
    for (uint32_t i = 0; i < registry->count; i++) {
        struct service *service = registry->service[i];
        if (strcmp(service->name, name) != 0 && names_have(service->needs, service->need_count, name))
            return service;
    }
    return NULL;
}

struct service *registry_awaiting(const struct registry *registry, const char *name)
{
    for (uint32_t i = 0; i < registry->count; i++) {
        if (names_have(registry->service[i]->awaits, registry->service[i]->await_count, name))
            return registry->service[i];
    }
    return NULL;
}

static void executable_init(struct executable *executable)
{
    for (int i = 0; i < STUBS_COUNT; i++)
        executable->stubs[i] = -1;
    executable->iface_fd = executable->image = executable->reloc = -1;
}

int service_new(struct service **out)
{
    struct service *service = calloc(1, sizeof *service);
    if (!service)
        return -ENOMEM;
    for (uint32_t i = 0; i < EXECUTABLES_MAX; i++)
        executable_init(&service->executable[i]);
    service->data = service->data_read_only = -1;
    service->host_uid_wanted = FAR_HOST_UID_DEFAULT;
    *out = service;
    return 0;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void executable_end(struct executable *executable)
{
    for (int i = 0; i < STUBS_COUNT; i++)
        close_if_open(executable->stubs[i]);
    close_if_open(executable->iface_fd);
    close_if_open(executable->image);
    close_if_open(executable->reloc);
    free(executable->iface);
}

void service_free(struct service *service)
{
    if (!service)
        return;
    for (uint32_t i = 0; i < EXECUTABLES_MAX; i++)
        executable_end(&service->executable[i]);
    close_if_open(service->data);
    close_if_open(service->data_read_only);
    free(service->shippings);
    free(service->rules);
    free(service->needs);
    free(service->awaits);
    free(service);
}

const struct executable *service_executable(const struct service *service, uint32_t machine)
{
    for (uint32_t i = 0; i < service->executable_count; i++) {
        if (service->executable[i].machine == machine)
            return &service->executable[i];
    }
    return NULL;
}

const struct executable *service_host_executable(const struct service *service)
{
    const struct executable *own = service_executable(service, FAR_MACHINE_NATIVE);
    return own ? own : &service->executable[0];
}

void service_drop_executable(struct service *service)
{
    struct executable *last = &service->executable[--service->executable_count];
    executable_end(last);
    memset(last, 0, sizeof *last);
    executable_init(last);
}

bool service_has_segment(const struct service *service, const uint8_t build_id[32])
{
    for (uint32_t i = 0; i < service->executable_count; i++) {
        if (memcmp(service->executable[i].build_id, build_id, sizeof service->executable[i].build_id) == 0)
            return true;
    }
    return false;
}

void service_machines(const struct service *service, uint32_t machine[EXECUTABLES_MAX])
{
    for (uint32_t i = 0; i < EXECUTABLES_MAX; i++)
        machine[i] = i < service->executable_count ? service->executable[i].machine : 0;
}

const struct far_iface *service_iface(const struct service *service)
{
    return service->executable[0].iface;
}

const struct far_op *service_op(const struct service *service, const char *name)
{
    const struct far_iface *iface = service_iface(service);
    return iface ? iface_op_by_name(iface, name) : NULL;
}

uint64_t service_stub(const struct service *service, const struct far_op *op)
{
    return service->executable[0].part[far_part_of_op(op->flags)].address + (uint64_t)op->slot * FAR_STUB_SIZE;
}

bool service_name_is_sound(const char *name, size_t size)
{
    return text_is_identifier(name, size < FAR_NAME_MAX + 1 ? size : FAR_NAME_MAX + 1);
}

static uint32_t op_index(const struct far_iface *iface, const struct far_op *op)
{
    return (uint32_t)(op - iface_op(iface, 0));
}

static struct far_op *writable_op(struct service *service, uint32_t index)
{
    struct far_iface *iface = service->executable[0].iface;
    return (struct far_op *)((uint8_t *)iface + iface->ops.offset) + index;
}

static int ship_one(struct service *service, const char *string, struct far_error *error)
{
    const char *name = string + 1;
    bool data_shipped = string[0] == 'd';
    const struct far_op *found = service_op(service, name);
    if (!found)
        return refuse(error, ENOENT, EX_DATAERR,
                      "service '%s' has no operation '%s' (named by --%s); `far dump` lists them", service->name, name,
                      data_shipped ? "data" : "function");
    uint32_t index = op_index(service_iface(service), found);
    struct far_op *op = writable_op(service, index);
    op->flags = data_shipped ? op->flags | FAR_OP_DATA_SHIPPED : op->flags & ~FAR_OP_DATA_SHIPPED;
    service->shippings[service->shipping_count++] = (struct shipping){index, data_shipped};
    return 0;
}

/* Whoever calls a data-shipped operation runs it: nothing of the process it runs in may be touched (design section 5).
 */
static int check_neutral(const struct service *service, struct far_error *error)
{
    const struct far_iface *iface = service_iface(service);
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        const struct far_op *op = iface_op(iface, i);
        uint32_t both = FAR_OP_DATA_SHIPPED | FAR_OP_NEUTRAL;
        if ((op->flags & both) == FAR_OP_DATA_SHIPPED && !(op->flags & FAR_OP_ABSENT))
            return refuse(
                error, EINVAL, EX_DATAERR,
                "operation %s cannot be data-shipped: its code reaches state of the process that runs it (farld "
                "shows the path); ship it by --function %s",
                iface_string(iface, op->name), iface_string(iface, op->name));
    }
    return 0;
}

int service_ship(struct service *service, const char *strings, uint32_t count, struct far_error *error)
{
    service->shippings = calloc(count ? count : 1, sizeof *service->shippings);
    if (!service->shippings)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        int result = ship_one(service, strings, error);
        if (result)
            return result;
        strings += strlen(strings) + 1;
    }
    return check_neutral(service, error);
}
