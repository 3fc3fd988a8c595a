/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/registry.h"
#include "runtime/format/complain.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdio.h>
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
    free(registry->by_base);
    names_free(&registry->names);
    pendings_free(&registry->pendings);
    capabilities_free(&registry->capabilities);
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

/* The place of the first service that starts above this address. */
static uint32_t place_above(const struct registry *registry, uint64_t address)
{
    uint32_t low = 0, high = registry->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (registry->by_base[middle]->range.base > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static int make_room(struct registry *registry)
{
    uint32_t room = registry->room ? 2 * registry->room : 16;
    if (registry->count < registry->room)
        return 0;
    struct service **service = reallocarray(registry->service, room, sizeof(struct service *));
    if (!service)
        return -ENOMEM;
    registry->service = service;
    struct service **by_base = reallocarray(registry->by_base, room, sizeof(struct service *));
    if (!by_base)
        return -ENOMEM;
    registry->by_base = by_base;
    registry->room = room;
    return 0;
}

static void insert(struct service **list, uint32_t count, uint32_t at, struct service *service)
{
    memmove(list + at + 1, list + at, (count - at) * sizeof(struct service *));
    list[at] = service;
}

static void take_out(struct service **list, uint32_t count, uint32_t at)
{
    memmove(list + at, list + at + 1, (count - at - 1) * sizeof(struct service *));
}

int registry_add(struct registry *registry, struct service *service)
{
    if (make_room(registry) || names_add(&registry->names, &service->by_name, service->name))
        return -ENOMEM;
    insert(registry->service, registry->count, place_after(registry, service->id), service);
    insert(registry->by_base, registry->count, place_above(registry, service->range.base), service);
    registry->count++;
    return 0;
}

void registry_remove(struct registry *registry, struct service *service)
{
    uint32_t after = place_after(registry, service->id), at = place_above(registry, service->range.base);
    if (after == 0 || registry->service[after - 1] != service)
        return;
    while (registry->by_base[at - 1] != service)
        at--;
    take_out(registry->service, registry->count, after - 1);
    take_out(registry->by_base, registry->count, at - 1);
    names_remove(&registry->names, &service->by_name);
    registry->count--;
}

static struct service *of_link(struct name_link *link)
{
    return link ? (struct service *)(void *)((char *)link - offsetof(struct service, by_name)) : NULL;
}

/* The lowest major of a name that is not below `least`. A name has few. */
static struct service *lowest(const struct registry *registry, const char *name, uint32_t least)
{
    struct service *found = NULL;
    for (struct name_link *at = names_first(&registry->names, name); at; at = names_next(at)) {
        struct service *service = of_link(at);
        if (service->major >= least && (!found || service->major < found->major))
            found = service;
    }
    return found;
}

struct service *registry_find(const struct registry *registry, const char *name)
{
    return lowest(registry, name, 0);
}

struct service *registry_find_major(const struct registry *registry, const char *name, uint16_t major)
{
    struct service *found = lowest(registry, name, major);
    return found && found->major == major ? found : NULL;
}

struct service *registry_next_major(const struct registry *registry, const struct service *service)
{
    return lowest(registry, service->name, service->major + 1u);
}

struct service *registry_find_address(const struct registry *registry, uint64_t address)
{
    uint32_t above = place_above(registry, address);
    struct service *service = above ? registry->by_base[above - 1] : NULL;
    return service && address - service->range.base < service->range.size ? service : NULL;
}

const char *registry_versions(const struct registry *registry, const char *name, char text[REGISTRY_VERSIONS_TEXT])
{
    size_t used = 0;
    text[0] = '\0';
    for (const struct service *at = registry_find(registry, name); at && used < REGISTRY_VERSIONS_TEXT;
         at = registry_next_major(registry, at)) {
        if (at->hidden)
            continue;
        int length = snprintf(text + used, REGISTRY_VERSIONS_TEXT - used, "%s%u.%u", used ? " and " : "", at->major,
                              service_iface(at) ? service_iface(at)->minor : 0);
        used += length > 0 ? (size_t)length : 0;
    }
    return text;
}

int registry_named(const struct registry *registry, const char *name, uint32_t version, struct service **out,
                   struct far_error *error)
{
    char versions[REGISTRY_VERSIONS_TEXT];
    registry_versions(registry, name, versions);
    *out = version ? registry_find_major(registry, name, (uint16_t)(version - 1)) : registry_find(registry, name);
    if (!*out && versions[0])
        return refuse(error, ENOENT, EX_UNAVAILABLE, "service '%s' is registered as %s, but not as %s@%u", name,
                      versions, name, version - 1);
    if (!*out)
        return refuse(error, ENOENT, EX_UNAVAILABLE, "no service '%s' is registered; `far ls` lists them", name);
    if (!version && registry_next_major(registry, *out))
        return refuse(error, ENOTUNIQ, EX_USAGE, "service '%s' is registered as %s; say which, as in %s@%u", name,
                      versions, name, (*out)->major);
    return 0;
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

static bool keys_have(const struct service_key *keys, uint32_t count, const char *name, uint16_t major)
{
    for (uint32_t i = 0; i < count; i++) {
        if (keys[i].major == major && strcmp(keys[i].name, name) == 0)
            return true;
    }
    return false;
}

int service_keys_add(struct service_key **keys, uint32_t *count, const char *name, uint16_t major)
{
    if (keys_have(*keys, *count, name, major))
        return 0;
    struct service_key *grown = reallocarray(*keys, *count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    *keys = grown;
    struct service_key *key = &grown[(*count)++];
    *key = (struct service_key){.major = major};
    memcpy(key->name, name, strnlen(name, sizeof key->name - 1));
    return 0;
}

struct service *registry_dependent(const struct registry *registry, const char *name, uint16_t major)
{
    for (uint32_t i = 0; i < registry->count; i++) {
        struct service *service = registry->service[i];
        bool itself = service->major == major && strcmp(service->name, name) == 0;
        if (!itself && keys_have(service->needs, service->need_count, name, major))
            return service;
    }
    return NULL;
}

struct service *registry_awaiting(const struct registry *registry, const char *name, uint16_t major)
{
    for (uint32_t i = 0; i < registry->count; i++) {
        if (keys_have(registry->service[i]->awaits, registry->service[i]->await_count, name, major))
            return registry->service[i];
    }
    return NULL;
}

void executable_init(struct executable *executable)
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
    host_settings_init(&service->settings);
    service->host_uid_wanted = FAR_HOST_UID_DEFAULT;
    *out = service;
    return 0;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

void executable_end(struct executable *executable)
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
    host_settings_free(&service->settings);
    free(service->initial);
    free(service->subjects);
    free(service->needs);
    free(service->awaits);
    free(service->retired);
    free(service->away);
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
