/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Services of other nodes in this node's registry: stubs that trap and the interface's record, made from the files that are registered there. */
#include "runtime/fard/cluster_inside.h"
#include "runtime/fard/executables.h"
#include "runtime/fard/log.h"
#include "runtime/fard/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static uint32_t count_strings(const char *strings, size_t size)
{
    uint32_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += !strings[i];
    return count;
}

/* Only what service_ship() may walk over. */
static bool shippings_are_sound(const char *strings, size_t size)
{
    if (size && strings[size - 1])
        return false;
    for (size_t at = 0; at < size; at += strlen(strings + at) + 1)
        if (strings[at] != 'f' && strings[at] != 'd')
            return false;
    return true;
}

static int refuse_misfit(const struct link_service *entry, const char *what, struct far_error *error)
{
    return refuse(error, EPROTO, EX_PROTOCOL, "what node '%s' says of service '%s' does not fit its file: %s",
                  entry->node, entry->name, what);
}

static int check_segment(const struct link_service *entry, uint32_t index, const struct far_segment *segment,
                         struct far_error *error)
{
    if (segment->note->machine != entry->executable[index].machine)
        return refuse_misfit(entry, "the machine", error);
    if (segment->note->image_size > entry->size)
        return refuse_misfit(entry, "its range is smaller", error);
    if (((const struct far_iface *)segment->iface)->major != entry->major)
        return refuse_misfit(entry, "the version", error);
    return 0;
}

static int make_first(struct fard *fard, const struct link_service *entry, const struct far_segment *segment,
                      const char *shippings, size_t size, struct service **out, struct far_error *error)
{
    const struct service_order order = {
        .segment = segment,
        .name = entry->name,
        .subjects = "",
        .shippings = shippings,
        .shipping_count = count_strings(shippings, size),
        .host_uid = FAR_HOST_UID_DEFAULT,
        .away = true,
    };
    int result = service_from_segment(&order, &fard->registry, out, error);
    struct service *service = *out;
    if (result)
        return result;
    service->range = (struct range){entry->base, entry->size};
    service->away = calloc(1, sizeof *service->away);
    if (!service->away)
        return -ENOMEM;
    memcpy(service->away->node, entry->node, sizeof entry->node);
    memcpy(service->away->address, entry->address, sizeof entry->address);
    service->away->revision = entry->revision;
    return executable_materialise_away(service, &service->executable[0], segment, error);
}

static int make_executable(struct fard *fard, const struct link_service *entry, uint32_t index, const char *shippings,
                           size_t size, struct service **service, struct far_error *error)
{
    void *bytes = NULL;
    struct far_segment segment;
    int result = executable_read_segment(fard, entry->executable[index].build_id, &bytes, &segment, error);
    result = result ? result : check_segment(entry, index, &segment, error);
    if (!result && index == 0)
        result = make_first(fard, entry, &segment, shippings, size, service, error);
    else if (!result)
        result = service_add_executable_away(*service, &segment, error);
    free(bytes);
    return result;
}

static int make(struct fard *fard, const struct link_service *entry, const char *shippings, size_t size,
                struct service **service, struct far_error *error)
{
    int result = shippings_are_sound(shippings, size) ? 0 : refuse_misfit(entry, "how it is shipped", error);
    for (uint32_t i = 0; !result && i < entry->executable_count && i < EXECUTABLES_MAX; i++)
        result = make_executable(fard, entry, i, shippings, size, service, error);
    if (!result && service_iface(*service)->fingerprint != entry->fingerprint)
        result = refuse_misfit(entry, "the fingerprint of its interface", error);
    return result;
}

static void drop(struct fard *fard, struct service *service)
{
    struct far_error error = {0};
    registry_remove(&fard->registry, service);
    if (store_remove_away(fard->store, service->id, &error))
        fard_log("service '%s' of node '%s': %s", service->name, service->away->node, error.text);
    service_free(service);
}

static uint64_t shipped(const struct service *service)
{
    uint64_t digest = 0;
    const struct far_iface *iface = service_iface(service);
    for (uint32_t i = 0; i < iface->ops.count; i++)
        digest = (digest ^ (iface_op(iface, i)->flags & FAR_OP_DATA_SHIPPED)) * 0x100000001b3u + 1;
    return digest;
}

static void note_former(struct cluster *cluster, const struct service *service)
{
    if (!cluster)
        return;
    struct former *former = &cluster->former[cluster->former_count++ % CLUSTER_FORMER];
    *former = (struct former){.key.major = service->major, .range = service->range};
    memcpy(former->key.name, service->name, sizeof former->key.name);
    memcpy(former->build_id, service->executable[0].build_id, sizeof former->build_id);
    former->shipped = shipped(service);
}

bool away_former_range(const struct fard *fard, const struct service *service, struct range *range)
{
    const struct cluster *cluster = fard->cluster;
    unsigned count = cluster && cluster->kind->places_move ? cluster->former_count : 0;
    for (unsigned i = count > CLUSTER_FORMER ? CLUSTER_FORMER : count; i-- > 0;) {
        const struct former *former = &cluster->former[i];
        if (former->key.major != service->major || strcmp(former->key.name, service->name) != 0 ||
            memcmp(former->build_id, service->executable[0].build_id, sizeof former->build_id) != 0 ||
            former->shipped != shipped(service))
            continue;
        *range = former->range;
        return true;
    }
    return false;
}

void away_forget(struct fard *fard, struct service *service)
{
    note_former(fard->cluster, service);
    log_service(LOG_LEVEL_INFO, "away-gone", service->name, 0, "service '%s' is not on node '%s' any more",
                service->name, service->away->node);
    drop(fard, service);
}

/* What was known before goes; at the same place it keeps its number, by which clients know it. */
static int put_in_place(struct fard *fard, struct service *service, const struct link_service *entry,
                        const char *shippings, size_t size, struct far_error *error)
{
    struct service *before = registry_find_major(&fard->registry, service->name, service->major);
    if (before && !before->away)
        return refuse(error, EEXIST, EX_CANTCREAT, "service '%s' is registered here", service->name);
    int result = store_take_given_range(fard->store, service->name, &service->range, &service->id, error);
    if (result)
        return result;
    if (before && before->id != service->id) {
        drop(fard, before);
    } else if (before) {
        registry_remove(&fard->registry, before);
        service_free(before);
    }
    result = store_put_away(fard->store, service->id, entry, shippings, size, error);
    return result ? result : registry_add(&fard->registry, service);
}

int away_add(struct fard *fard, const struct link_service *entry, const char *shippings, size_t size,
             struct far_error *error)
{
    struct service *service = NULL;
    int result = make(fard, entry, shippings, size, &service, error);
    result = result ? result : put_in_place(fard, service, entry, shippings, size, error);
    if (result) {
        service_free(service);
        if (result < 0)
            describe_failure(error, result, "a service of another node");
        return FARD_REFUSED;
    }
    log_service(LOG_LEVEL_INFO, "away", service->name, 0, "service '%s' is on node '%s', at 0x%llx", service->name,
                entry->node, (unsigned long long)service->range.base);
    return 0;
}

static int load_row(void *context, const struct stored_away *row)
{
    struct fard *fard = context;
    struct service *service = NULL;
    struct far_error error = {0};
    if (registry_find_major(&fard->registry, row->entry->name, (uint16_t)row->entry->major))
        return 0; /* it is here now */
    int result = make(fard, row->entry, row->shippings, row->shipping_bytes, &service, &error);
    if (!result) {
        service->id = row->id;
        result = registry_add(&fard->registry, service);
    }
    if (result) {
        service_free(service);
        fard_log("service '%s' of node '%s' is asked for again when it is needed: %s", row->entry->name,
                 row->entry->node, error.text);
    }
    return 0;
}

int away_load(struct fard *fard, struct far_error *error)
{
    return store_each_away(fard->store, load_row, fard, error);
}

void away_gone(struct fard *fard, const char *node, const struct link_name *name)
{
    struct service *service = name->major
                                  ? registry_find_major(&fard->registry, name->name, (uint16_t)(name->major - 1))
                                  : registry_find(&fard->registry, name->name);
    if (service && service->away && strcmp(service->away->node, node) == 0)
        service->away->stale = true;
}

void away_refused(struct fard *fard, uint32_t service_id)
{
    struct service *service = registry_find_id(&fard->registry, service_id);
    if (service && service->away)
        service->away->stale = true;
}
