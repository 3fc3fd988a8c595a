/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/executables.h"
#include "runtime/fard/cluster.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/image.h"
#include "runtime/fard/log.h"
#include "runtime/fard/parts.h"
#include "runtime/format/pair.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define DIFFERENCE_TEXT 600

static int check_machine(const struct service *service, const struct far_segment *segment, struct far_error *error)
{
    const char *machine = far_machine_name(segment->note->machine);
    if (service_executable(service, segment->note->machine))
        return refuse(error, EEXIST, EX_CANTCREAT,
                      "service '%s' is registered for %s already; use `far unregister %s` first", service->name,
                      machine, service->name);
    if (service->executable_count == EXECUTABLES_MAX)
        return refuse(error, ENOSPC, EX_CANTCREAT, "service '%s' has executables for %u machines, and no more are kept",
                      service->name, EXECUTABLES_MAX);
    return 0;
}

/* The first difference; a message holds no more, and farld --like shows all. */
static void note_difference(void *context, const char *text)
{
    char *first = context;
    if (!first[0])
        snprintf(first, DIFFERENCE_TEXT, "%s", text);
}

static int check_pair(const struct service *service, const struct far_segment *first, const struct far_segment *segment,
                      struct far_error *error)
{
    char difference[DIFFERENCE_TEXT] = "";
    struct pair pair = {.differs = note_difference, .context = difference};
    int result = segment_pair_check(first, segment, &pair);
    if (result || pair.differences == 0)
        return result;
    return refuse(
        error, EINVAL, EX_DATAERR,
        "the segment for %s cannot share the memory of service '%s': %s%s; link it with `farld --like` and the "
        "registered segment",
        far_machine_name(segment->note->machine), service->name, difference,
        pair.differences > 1 ? " (and more: `far diff` of the two files shows all)" : "");
}

/* Which stub part an operation lives in was decided when the service was registered, for all machines. */
static int ship_alike(const struct service *service, struct far_iface *iface, struct far_error *error)
{
    struct far_op *op = (struct far_op *)((uint8_t *)iface + iface->ops.offset);
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        const char *name = iface_string(iface, op[i].name);
        const struct far_op *registered = service_op(service, name);
        if (!registered)
            return refuse(error, EPROTOTYPE, EX_DATAERR, "service '%s' has no operation %s", service->name, name);
        op[i].flags = (op[i].flags & ~FAR_OP_DATA_SHIPPED) | (registered->flags & FAR_OP_DATA_SHIPPED);
        if (op[i].flags & FAR_OP_DATA_SHIPPED && !(op[i].flags & (FAR_OP_NEUTRAL | FAR_OP_ABSENT)))
            return refuse(
                error, EINVAL, EX_DATAERR,
                "operation %s of service '%s' is data-shipped, but its code for %s reaches state of the process "
                "that runs it",
                name, service->name, far_machine_name(iface->machine));
    }
    return 0;
}

static int begin_executable(struct service *service, struct executable *executable, const struct far_segment *segment,
                            struct far_error *error)
{
    executable->machine = segment->note->machine;
    executable->iface = malloc(segment->iface_size);
    if (!executable->iface)
        return -ENOMEM;
    memcpy(executable->iface, segment->iface, segment->iface_size);
    return ship_alike(service, executable->iface, error);
}

static int make_executable(struct service *service, struct executable *executable, const struct far_segment *segment,
                           const struct registry *registry, struct far_error *error)
{
    int result = begin_executable(service, executable, segment, error);
    result = result ? result : image_check_needs(segment, service, registry, error);
    return result ? result : executable_materialise(service, executable, segment, registry, NULL, error);
}

int service_add_executable(struct service *service, const struct far_segment *first, const struct far_segment *segment,
                           const struct registry *registry, struct far_error *error)
{
    int result = check_machine(service, segment, error);
    result = result ? result : check_pair(service, first, segment, error);
    if (result)
        return result;
    struct executable *executable = &service->executable[service->executable_count++];
    uint32_t needs = service->need_count, awaits = service->await_count;
    result = make_executable(service, executable, segment, registry, error);
    if (!result)
        return 0;
    service->need_count = needs;
    service->await_count = awaits;
    service_drop_executable(service);
    return result;
}

int service_add_executable_away(struct service *service, const struct far_segment *segment, struct far_error *error)
{
    int result = check_machine(service, segment, error);
    if (result)
        return result;
    struct executable *executable = &service->executable[service->executable_count++];
    result = begin_executable(service, executable, segment, error);
    result = result ? result : executable_materialise_away(service, executable, segment, error);
    if (result)
        service_drop_executable(service);
    return result;
}

int executable_read_segment(struct fard *fard, const uint8_t build_id[32], void **bytes, struct far_segment *segment,
                            struct far_error *error)
{
    char why[700];
    size_t size = 0;
    int result = store_get_segment(fard->store, build_id, bytes, &size, error);
    if (!result && segment_check(*bytes, size, 0, segment, why, sizeof why))
        result = refuse(error, EINVAL, EX_DATAERR, "its stored segment is damaged: %s", why);
    if (!result && memcmp(segment->note->build_id, build_id, sizeof segment->note->build_id) != 0)
        result = refuse(error, EINVAL, EX_DATAERR, "its stored segment is another one");
    return result ? result : fard_check_strays(fard, segment, error);
}

static int add_and_bind(struct fard *fard, struct service *service, const struct far_segment *first,
                        const struct far_segment *segment, struct far_error *error)
{
    const struct pending_asker asker = {fard->uid, true}; /* only who may register anything comes here */
    int result = bind_pending_needs(&fard->registry, fard->store, segment, asker, error);
    return result ? result : service_add_executable(service, first, segment, &fard->registry, error);
}

int executable_make(struct fard *fard, struct service *service, struct executable *executable,
                    const struct far_segment *segment, uint8_t *data, struct far_error *error)
{
    const struct pending_asker asker = {fard->uid, true}; /* only who may register anything comes here */
    int result = bind_pending_needs(&fard->registry, fard->store, segment, asker, error);
    result = result ? result : image_check_needs(segment, service, &fard->registry, error);
    return result ? result : executable_materialise(service, executable, segment, &fard->registry, data, error);
}

static bool is_kept(const struct fard *fard, const uint8_t build_id[32])
{
    for (uint32_t i = 0; i < fard->registry.count; i++) {
        if (service_has_segment(fard->registry.service[i], build_id))
            return true;
    }
    return false;
}

int executable_register(struct fard *fard, struct service *service, const struct far_segment *segment,
                        struct far_error *error)
{
    void *bytes = NULL;
    struct far_segment first;
    const uint8_t *build_id = segment->note->build_id;
    int result = check_machine(service, segment, error);
    result = result ? result : executable_read_segment(fard, service->executable[0].build_id, &bytes, &first, error);
    result = result ? result : add_and_bind(fard, service, &first, segment, error);
    free(bytes);
    if (result)
        return result;
    result = store_put_segment(fard->store, build_id, segment->bytes, segment->size, error);
    result = result ? result : store_add_executable(fard->store, service->id, build_id, error);
    if (result) {
        service_drop_executable(service);
        if (!is_kept(fard, build_id))
            store_drop_segment(fard->store, build_id);
        return result;
    }
    cluster_changed(fard, service);
    log_service(LOG_LEVEL_INFO, "executable-added", service->name, 0, "service '%s': executable for %s added",
                service->name, far_machine_name(segment->note->machine));
    return 0;
}

static int load_one(struct fard *fard, struct service *service, const struct far_segment *first,
                    const uint8_t build_id[32], struct far_error *error)
{
    void *bytes = NULL;
    struct far_segment segment;
    int result = executable_read_segment(fard, build_id, &bytes, &segment, error);
    result = result ? result : add_and_bind(fard, service, first, &segment, error);
    free(bytes);
    return result;
}

int executables_load(struct fard *fard, struct service *service, const struct far_segment *first,
                     const uint8_t (*build_id)[32], uint32_t count, struct far_error *error)
{
    int result = 0;
    for (uint32_t i = 0; i < count && !result; i++)
        result = load_one(fard, service, first, build_id[i], error);
    return result;
}
