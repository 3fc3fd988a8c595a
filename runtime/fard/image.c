/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/image.h"
#include "runtime/format/complain.h"
#include "runtime/format/stub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static size_t to_page(uint64_t bytes)
{
    return (size_t)((bytes + FAR_PART_ALIGN - 1) / FAR_PART_ALIGN * FAR_PART_ALIGN);
}

size_t image_stubs_size(const struct far_segment *segment)
{
    return to_page(segment->part[FAR_PART_DSTUBS].address + segment->part[FAR_PART_DSTUBS].size);
}

size_t image_size(const struct far_segment *segment)
{
    return to_page(segment->part[FAR_PART_LINKAGE].address + segment->part[FAR_PART_LINKAGE].size);
}

static bool op_branches(const struct far_op *op, enum stub_kind_of_domain kind)
{
    return kind == STUBS_HOST || (kind == STUBS_TRUSTED && far_call_branches(FAR_LEVEL_TRUSTED, op->flags));
}

void image_compose_stubs(const struct far_segment *segment, const struct far_iface *iface,
                         enum stub_kind_of_domain kind, uint8_t *bytes)
{
    memset(bytes, stub_reader_for(segment->note->machine)->breakpoint, image_stubs_size(segment));
    for (enum far_part part = FAR_PART_FSTUBS; part <= FAR_PART_DSTUBS; part++)
        memcpy(bytes + segment->part[part].address, segment->traps[part],
               FAR_STUB_SIZE); /* slot 0: the way to the gate */
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        const struct far_op *op = iface_op(iface, i);
        enum far_part part = far_part_of_op(op->flags);
        size_t at = (size_t)op->slot * FAR_STUB_SIZE;
        const uint8_t *variant = op_branches(op, kind) ? segment->content[part] : segment->traps[part];
        memcpy(bytes + segment->part[part].address + at, variant + at, FAR_STUB_SIZE);
    }
}

void image_place(const struct far_segment *segment, struct service *service)
{
    uint64_t base = service->range.base;
    for (unsigned i = 0; i < FAR_PART_COUNT; i++)
        service->part[i] = (struct far_extent){segment->part[i].address + base, segment->part[i].size};
    service->init_array = (struct far_extent){segment->init_array.address + base, segment->init_array.size};
    service->fini_array = (struct far_extent){segment->fini_array.address + base, segment->fini_array.size};
    memcpy(service->build_id, segment->note->build_id, sizeof service->build_id);
}

/* The bytes of the word at `where`, in the image or the data; NULL if it is in neither. */
static uint8_t *word_at(const struct image_target *target, uint64_t where)
{
    const struct far_extent *part = target->segment->part;
    for (enum far_part i = FAR_PART_CONST; i <= FAR_PART_DATA; i++) {
        if (where >= part[i].address && range_inside(where - part[i].address, 8, part[i].size))
            return i == FAR_PART_DATA ? target->data + (where - part[i].address) : target->image + where;
    }
    return NULL;
}

static int rebase_one(const struct image_target *target, uint64_t where)
{
    uint64_t value;
    uint8_t *word = word_at(target, where);
    if (!word)
        return -EINVAL;
    memcpy(&value, word, sizeof value);
    value += target->service->range.base;
    memcpy(word, &value, sizeof value);
    return 0;
}

static int rebase(const struct image_target *target, const struct far_reloc *command)
{
    const uint64_t *bitmap = (const uint64_t *)(command + 1);
    int result = 0;
    for (uint32_t j = 0; j < command->count; j++) {
        for (uint64_t left = bitmap[j]; left && !result; left &= left - 1)
            result = rebase_one(target, command->where + 8 * (64 * (uint64_t)j + (unsigned)__builtin_ctzll(left)));
    }
    return result;
}

static int store_stub(const struct image_target *target, const struct far_reloc *command, const struct service *service,
                      const char *name)
{
    const struct far_op *op = service ? service_op(service, name) : NULL;
    uint8_t *word = word_at(target, command->where);
    if (!op || !word)
        return -EINVAL;
    uint64_t value = service_stub(service, op) + command->value;
    memcpy(word, &value, sizeof value);
    return 0;
}

static int apply(const struct image_target *target, const struct registry *registry, const struct far_reloc *command)
{
    const struct far_reloc_header *stream = target->segment->reloc;
    const char *name = segment_reloc_string(stream, command->name);
    switch (command->code) {
    case FAR_RELOC_REBASE:
        return rebase(target, command);
    case FAR_RELOC_STUB:
        return store_stub(target, command, target->service, name);
    case FAR_RELOC_BIND:
        return store_stub(target, command, registry_find(registry, name), segment_reloc_string(stream, command->name2));
    default: /* HOST and COPY are each domain's; CHECK was done by image_check_needs() */
        return 0;
    }
}

int image_relocate(const struct image_target *target, const struct registry *registry, struct far_error *error)
{
    const struct far_reloc_header *stream = target->segment->reloc;
    for (const struct far_reloc *at = segment_next_reloc(stream, NULL); at; at = segment_next_reloc(stream, at)) {
        int result = apply(target, registry, at);
        if (result == -EINVAL)
            return refuse(error, EINVAL, EX_DATAERR,
                          "relocation command %s at 0x%llx cannot be applied; link the segment again",
                          far_reloc_name(at->code), (unsigned long long)at->where);
        if (result)
            return result;
    }
    return 0;
}

/* The service that a BIND or CHECK command names, if anybody can bind to it. */
static int find_need(const struct service *service, const struct registry *registry, const char *name, const char *op,
                     const struct service **need, struct far_error *error)
{
    *need = registry_find(registry, name);
    if (!*need || (*need)->hidden || !(*need)->iface)
        return refuse(error, ENOENT, EX_UNAVAILABLE,
                      "service '%s' calls operation %s of service '%s', which is not registered; register '%s' first",
                      service->name, op, name, name);
    if (!service_op(*need, op))
        return refuse(error, EPROTOTYPE, EX_DATAERR,
                      "service '%s' calls operation %s of service '%s', which has no such operation", service->name, op,
                      name);
    return 0;
}

static int check_fingerprint(const struct service *service, const struct service *need, const char *op_name,
                             const struct far_reloc *command, struct far_error *error)
{
    const struct far_op *op = service_op(need, op_name);
    uint32_t major = command->count >> 16, minor = command->count & 0xffff;
    if (major != need->iface->major || minor > need->iface->minor)
        return refuse(error, EPROTOTYPE, EX_DATAERR,
                      "service '%s' was built against %s %u.%u, but %u.%u is registered; build it against that one",
                      service->name, need->name, major, minor, need->iface->major, need->iface->minor);
    if (op->fingerprint != command->value)
        return refuse(
            error, EPROTOTYPE, EX_DATAERR,
            "service '%s' calls operation %s of service '%s', which is not what it was built against; registered "
            "is: %s",
            service->name, op_name, need->name, iface_string(need->iface, op->signature));
    return 0;
}

static int remember_need(struct service *service, const char *name)
{
    for (uint32_t i = 0; i < service->need_count; i++) {
        if (strcmp(service->needs[i], name) == 0)
            return 0;
    }
    void *grown = reallocarray(service->needs, service->need_count + 1, sizeof *service->needs);
    if (!grown)
        return -ENOMEM;
    service->needs = grown;
    memset(service->needs[service->need_count], 0, FAR_SERVICE_MAX);
    memcpy(service->needs[service->need_count++], name, strnlen(name, FAR_SERVICE_MAX - 1));
    return 0;
}

int image_check_needs(const struct far_segment *segment, struct service *service, const struct registry *registry,
                      struct far_error *error)
{
    const struct far_reloc_header *stream = segment->reloc;
    for (const struct far_reloc *at = segment_next_reloc(stream, NULL); at; at = segment_next_reloc(stream, at)) {
        const struct service *need;
        if (at->code != FAR_RELOC_BIND && at->code != FAR_RELOC_CHECK)
            continue;
        const char *name = segment_reloc_string(stream, at->name), *op = segment_reloc_string(stream, at->name2);
        int result = find_need(service, registry, name, op, &need, error);
        if (!result && at->code == FAR_RELOC_CHECK)
            result = check_fingerprint(service, need, op, at, error);
        result = result ? result : remember_need(service, name);
        if (result)
            return result;
    }
    return 0;
}
