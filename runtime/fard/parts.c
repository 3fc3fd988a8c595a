/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/parts.h"
#include "runtime/fard/image.h"
#include "runtime/fard/memory.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>

static int copy_of(const void *bytes, size_t size, void *out)
{
    void *copy = malloc(size ? size : 1);
    if (!copy)
        return -ENOMEM;
    if (size)
        memcpy(copy, bytes, size);
    memcpy(out, &copy, sizeof copy);
    return 0;
}

static int take_rules(struct service *service, const struct service_order *order)
{
    service->rule_count = order->rule_count;
    return copy_of(order->rules, order->rule_count * sizeof *order->rules, &service->rules);
}

static int check_machine(const struct far_segment *segment, const char *name, struct far_error *error)
{
    if (segment->note->machine == FAR_MACHINE_NATIVE)
        return 0;
    return refuse(error, ENOEXEC, EX_DATAERR, "service '%s' was built for %s, but this node is %s", name,
                  far_machine_name(segment->note->machine), far_machine_name(FAR_MACHINE_NATIVE));
}

static int fill_service(struct service *service, const struct service_order *order, const struct registry *registry,
                        struct far_error *error)
{
    const struct far_iface *record = order->segment->iface;
    const char *name = order->name && order->name[0] ? order->name : iface_string(record, record->service);
    if (!service_name_is_sound(name, FAR_NAME_MAX + 1))
        return refuse(error, EINVAL, EX_DATAERR,
                      "register: the segment's service has no proper name; give it one by --name");
    memcpy(service->name, name, strlen(name));
    service->host_uid_wanted = order->host_uid;
    service->executable[0].machine = order->segment->note->machine;
    service->executable_count = 1;
    int result = check_machine(order->segment, name, error);
    result = result ? result : copy_of(record, order->segment->iface_size, &service->executable[0].iface);
    result = result ? result : take_rules(service, order);
    result = result ? result : service_ship(service, order->shippings, order->shipping_count, error);
    return result ? result : image_check_needs(order->segment, service, registry, error);
}

int service_from_segment(const struct service_order *order, const struct registry *registry, struct service **out,
                         struct far_error *error)
{
    struct service *service;
    int result = service_new(&service);
    if (result)
        return result;
    result = fill_service(service, order, registry, error);
    if (result) {
        service_free(service);
        return result;
    }
    *out = service;
    return 0;
}

static void memory_name(char *text, size_t size, const struct service *service, const char *part)
{
    snprintf(text, size, "far:%s:%s", service->name, part); /* shows in /proc/PID/maps */
}

static int create_stubs(const struct service *service, struct executable *executable, const struct far_segment *segment)
{
    static const char *const kind_name[STUBS_COUNT] = {"stubs-host", "stubs-trusted", "stubs-trap"};
    size_t size = image_stubs_size(segment);
    uint8_t *bytes = malloc(size);
    int result = bytes ? 0 : -ENOMEM;
    for (enum stub_kind_of_domain kind = 0; !result && kind < STUBS_COUNT; kind++) {
        char name[FAR_SERVICE_MAX + 32];
        memory_name(name, sizeof name, service, kind_name[kind]);
        image_compose_stubs(segment, executable->iface, kind, bytes);
        result = memory_create_sealed(name, bytes, size, &executable->stubs[kind]);
    }
    free(bytes);
    return result;
}

/* Domains get only the commands that are theirs to apply: however many words are relocated once a node. */
static int create_domain_stream(const struct service *service, struct executable *executable,
                                const struct far_segment *segment)
{
    char name[FAR_SERVICE_MAX + 32];
    size_t size = segment_domain_stream(segment->reloc, NULL);
    void *stream = malloc(size);
    if (!stream)
        return -ENOMEM;
    segment_domain_stream(segment->reloc, stream);
    memory_name(name, sizeof name, service, "reloc");
    int result = memory_create_sealed(name, stream, size, &executable->reloc);
    free(stream);
    return result;
}

static int create_records(const struct service *service, struct executable *executable,
                          const struct far_segment *segment)
{
    char name[FAR_SERVICE_MAX + 32];
    memory_name(name, sizeof name, service, "iface");
    int result = memory_create_sealed(name, executable->iface, executable->iface->size, &executable->iface_fd);
    return result ? result : create_domain_stream(service, executable, segment);
}

/* Image and data are filled in place: a sparse memfd costs what is touched, however large the segment says it is. */
static int create_writable(struct service *service, struct executable *executable, const struct far_segment *segment,
                           struct image_target *target)
{
    char name[FAR_SERVICE_MAX + 32];
    const struct far_extent *part = segment->part;
    uint64_t data_size = part[FAR_PART_HEAP].address + part[FAR_PART_HEAP].size - part[FAR_PART_DATA].address;
    void *image = NULL, *data = NULL;
    memory_name(name, sizeof name, service, "image");
    int result = memory_create(name, image_size(segment), &executable->image);
    memory_name(name, sizeof name, service, "data");
    result = result ? result : memory_create(name, data_size ? data_size : FAR_PART_ALIGN, &service->data);
    result = result ? result : memory_map(executable->image, image_size(segment), PROT_READ | PROT_WRITE, &image);
    if (!result && part[FAR_PART_DATA].size)
        result = memory_map(service->data, part[FAR_PART_DATA].size, PROT_READ | PROT_WRITE, &data);
    target->image = image;
    target->data = data;
    return result;
}

static void copy_content(const struct far_segment *segment, const struct image_target *target)
{
    for (enum far_part i = FAR_PART_CODE; i <= FAR_PART_LINKAGE; i++) {
        if (segment->content_size[i])
            memcpy(target->image + segment->part[i].address, segment->content[i], segment->content_size[i]);
    }
    if (segment->content_size[FAR_PART_DATA])
        memcpy(target->data, segment->content[FAR_PART_DATA], segment->content_size[FAR_PART_DATA]);
}

static int create_image(struct service *service, struct executable *executable, const struct far_segment *segment,
                        const struct registry *registry, struct far_error *error)
{
    struct image_target target = {.segment = segment, .service = service};
    int result = create_writable(service, executable, segment, &target);
    if (!result) {
        copy_content(segment, &target);
        result = image_relocate(&target, registry, error);
    }
    memory_unmap(target.image, image_size(segment));
    memory_unmap(target.data, segment->part[FAR_PART_DATA].size);
    result = result ? result : memory_seal_all(executable->image);
    result = result ? result : memory_seal_size(service->data);
    return result ? result : memory_reopen_read_only(service->data, &service->data_read_only);
}

int service_materialise(struct service *service, const struct far_segment *segment, const struct registry *registry,
                        struct far_error *error)
{
    struct executable *executable = &service->executable[0];
    image_place(segment, service->range.base, executable);
    int result = create_stubs(service, executable, segment);
    result = result ? result : create_records(service, executable, segment);
    result = result ? result : create_image(service, executable, segment, registry, error);
    if (result < 0)
        describe_failure(error, result, "creating the service's memory");
    return result;
}
