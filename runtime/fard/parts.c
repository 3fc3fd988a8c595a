/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/parts.h"
#include "runtime/fard/image.h"
#include "runtime/fard/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

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
    service->subject_bytes = order->subject_bytes;
    int result = copy_of(order->rules, order->rule_count * sizeof *order->rules, &service->rules);
    return result ? result : copy_of(order->subjects, order->subject_bytes, &service->subjects);
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
    service->major = record->major;
    service->host_uid_wanted = order->host_uid;
    service->executable[0].machine = order->segment->note->machine;
    service->executable_count = 1;
    int result = copy_of(record, order->segment->iface_size, &service->executable[0].iface);
    result = result ? result : take_rules(service, order);
    if (!result && order->settings)
        result = host_settings_copy(&service->settings, order->settings);
    result = result ? result : service_ship(service, order->shippings, order->shipping_count, error);
    return result || order->away ? result : image_check_needs(order->segment, service, registry, error);
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

/* Both parts with the rest of their last pages; what lies between is never mapped. */
static int create_stub_pages(const char *name, const struct far_segment *segment, const uint8_t *bytes, int *out)
{
    size_t size = image_stubs_size(segment), page = (size_t)sysconf(_SC_PAGESIZE);
    int result = memory_create(name, size, out);
    for (enum far_part part = FAR_PART_FSTUBS; !result && part <= FAR_PART_DSTUBS; part++) {
        size_t at = segment->part[part].address, length = (segment->part[part].size + page - 1) / page * page;
        result = memory_write(*out, at, bytes + at, length < size - at ? length : size - at);
    }
    return result ? result : memory_seal_all(*out);
}

static int create_stubs(const struct service *service, struct executable *executable, const struct far_segment *segment,
                        enum stub_kind_of_domain first)
{
    static const char *const kind_name[STUBS_COUNT] = {"stubs-host", "stubs-trusted", "stubs-trap"};
    size_t size = image_stubs_size(segment);
    uint8_t *bytes = malloc(size);
    int result = bytes ? 0 : -ENOMEM;
    for (enum stub_kind_of_domain kind = first; !result && kind < STUBS_COUNT; kind++) {
        char name[FAR_SERVICE_MAX + 32];
        memory_name(name, sizeof name, service, kind_name[kind]);
        image_compose_stubs(segment, executable->iface, kind, bytes);
        result = create_stub_pages(name, segment, bytes, &executable->stubs[kind]);
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

static int create_record(const struct service *service, struct executable *executable)
{
    char name[FAR_SERVICE_MAX + 32];
    memory_name(name, sizeof name, service, "iface");
    return memory_create_sealed(name, executable->iface, executable->iface->size, &executable->iface_fd);
}

static void copy_part(const struct far_segment *segment, enum far_part part, uint8_t *to)
{
    size_t size = segment->content_size[part];
    memory_populate(to, size);
    if (size)
        memcpy(to, segment->content[part], size);
}

/* Code is never relocated, and so never mapped for writing. */
static int copy_content(const struct far_segment *segment, const struct image_target *target, int image)
{
    copy_part(segment, FAR_PART_CONST, target->image + segment->part[FAR_PART_CONST].address);
    copy_part(segment, FAR_PART_LINKAGE, target->image + segment->part[FAR_PART_LINKAGE].address);
    if (target->data)
        copy_part(segment, FAR_PART_DATA, target->data);
    return memory_write(image, segment->part[FAR_PART_CODE].address, segment->content[FAR_PART_CODE],
                        segment->content_size[FAR_PART_CODE]);
}

/* Filled in place: a sparse memfd costs what is touched, however large the segment says it is. */
static int create_image(const struct service *service, struct executable *executable, const struct far_segment *segment,
                        const struct registry *registry, uint8_t *data, struct far_error *error)
{
    char name[FAR_SERVICE_MAX + 32];
    void *image = NULL;
    memory_name(name, sizeof name, service, "image");
    int result = memory_create(name, image_size(segment), &executable->image);
    result = result ? result : memory_map(executable->image, image_size(segment), PROT_READ | PROT_WRITE, &image);
    const struct image_target target = {
        .segment = segment, .service = service, .iface = executable->iface, .image = image, .data = data};
    result = result ? result : copy_content(segment, &target, executable->image);
    result = result ? result : image_relocate(&target, registry, error);
    memory_unmap(image, image_size(segment));
    return result ? result : memory_seal_all(executable->image);
}

int executable_materialise(const struct service *service, struct executable *executable,
                           const struct far_segment *segment, const struct registry *registry, uint8_t *data,
                           struct far_error *error)
{
    image_place(segment, service->range.base, executable);
    int result = create_stubs(service, executable, segment, STUBS_HOST);
    result = result ? result : create_record(service, executable);
    result = result ? result : create_domain_stream(service, executable, segment);
    result = result ? result : create_image(service, executable, segment, registry, data, error);
    if (result < 0)
        describe_failure(error, result, "creating the service's memory");
    return result;
}

int executable_materialise_away(const struct service *service, struct executable *executable,
                                const struct far_segment *segment, struct far_error *error)
{
    image_place(segment, service->range.base, executable);
    int result = create_stubs(service, executable, segment, STUBS_TRAP);
    result = result ? result : create_record(service, executable);
    if (result < 0)
        describe_failure(error, result, "creating the service's memory");
    return result;
}

uint64_t service_data_size(const struct far_segment *segment)
{
    const struct far_extent *part = segment->part;
    uint64_t size = part[FAR_PART_HEAP].address + part[FAR_PART_HEAP].size - part[FAR_PART_DATA].address;
    return size ? size : FAR_PART_ALIGN;
}

/* Sparse as well. *data is NULL for a service that has none but a heap. */
static int create_data(struct service *service, const struct far_segment *segment, void **data)
{
    char name[FAR_SERVICE_MAX + 32];
    const struct far_extent *part = segment->part;
    memory_name(name, sizeof name, service, "data");
    int result = memory_create(name, service_data_size(segment), &service->data);
    if (!result && part[FAR_PART_DATA].size)
        result = memory_map(service->data, part[FAR_PART_DATA].size, PROT_READ | PROT_WRITE, data);
    return result;
}

/* Kept data on which constructors run yet: if they die, it is made again, so what it began with is worked out aside. */
static int create_beside(const struct far_segment *segment, void **data)
{
    uint64_t size = segment->part[FAR_PART_DATA].size;
    void *beside =
        size ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) : NULL;
    *data = beside == MAP_FAILED ? NULL : beside;
    return beside == MAP_FAILED ? -errno : 0;
}

static int begin_data(struct service *service, const struct far_segment *segment, void **data)
{
    if (!service->data_kept)
        return create_data(service, segment, data);
    return service->data_half_made ? create_beside(segment, data) : 0;
}

int service_materialise(struct service *service, const struct far_segment *segment, const struct registry *registry,
                        struct far_error *error)
{
    void *data = NULL;
    int result = begin_data(service, segment, &data);
    if (!result)
        result = executable_materialise(service, &service->executable[0], segment, registry, data, error);
    if (!result && (!service->data_kept || service->data_half_made))
        result = service_keep_initial(service, data, data ? segment->content_size[FAR_PART_DATA] : 0);
    memory_unmap(data, segment->part[FAR_PART_DATA].size);
    if (!result && !service->data_kept)
        result = memory_seal_size(service->data);
    result = result ? result : memory_reopen_read_only(service->data, &service->data_read_only);
    if (result < 0)
        describe_failure(error, result, "creating the service's memory");
    return result;
}
