/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/image.h"
#include "runtime/fard/bind_pending.h"
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

void image_place(const struct far_segment *segment, uint64_t base, struct executable *executable)
{
    for (unsigned i = 0; i < FAR_PART_COUNT; i++)
        executable->part[i] = (struct far_extent){segment->part[i].address + base, segment->part[i].size};
    executable->init_array = (struct far_extent){segment->init_array.address + base, segment->init_array.size};
    executable->fini_array = (struct far_extent){segment->fini_array.address + base, segment->fini_array.size};
    memcpy(executable->build_id, segment->note->build_id, sizeof executable->build_id);
}

/* Where the word at `where` lies in memory: the image, or the data, which has memory of its own. NULL: not to be touched. */
static uint64_t *word_at(const struct image_target *target, uint64_t where)
{
    uint64_t data = target->segment->part[FAR_PART_DATA].address;
    if (where < data)
        return (uint64_t *)(target->image + where);
    return target->data ? (uint64_t *)(target->data + (where - data)) : NULL;
}

static void rebase_all(uint64_t *words, uint64_t base)
{
    for (unsigned i = 0; i < 64; i++)
        words[i] += base;
}

static void rebase_some(uint64_t *words, uint64_t bits, uint64_t base)
{
    for (; bits; bits &= bits - 1)
        words[__builtin_ctzll(bits)] += base;
}

/* The words of one bitmap word lie in one part: parts start on multiples of what it covers. */
static void rebase(const struct image_target *target, const struct far_reloc *command)
{
    const uint64_t *words = segment_reloc_words(command), base = target->service->range.base;
    for (uint32_t j = 1; j < command->count; j++) {
        uint64_t bits = words[j];
        uint64_t *first = word_at(target, words[0] + (uint64_t)(j - 1) * FAR_REBASE_SPAN);
        if (!first || !bits)
            continue;
        if (bits == UINT64_MAX)
            rebase_all(first, base);
        else
            rebase_some(first, bits, base);
    }
}

static void store(const struct image_target *target, const struct far_reloc *command, uint64_t value)
{
    const uint64_t *words = segment_reloc_words(command);
    for (uint32_t i = 0; i < command->count; i++) {
        uint64_t *word = word_at(target, words[i]);
        if (word)
            *word = value;
    }
}

static int store_stub(const struct image_target *target, const struct far_reloc *command, const struct service *service,
                      const struct far_op *op)
{
    if (!op)
        return -EINVAL;
    store(target, command, service_stub(service, op) + command->value);
    return 0;
}

static int store_other_stub(const struct image_target *target, const struct far_reloc *command,
                            const struct service *service, const char *name)
{
    return store_stub(target, command, service, service ? service_op(service, name) : NULL);
}

static uint16_t major_of_check(const struct far_reloc *command)
{
    return (uint16_t)(segment_reloc_words(command)[0] >> 16);
}

/* CHECK commands come first, and say which major of a service the segment was linked against. */
static uint16_t major_needed(const struct far_reloc_header *stream, const char *service)
{
    for (const struct far_reloc *at = segment_next_reloc(stream, NULL); at && at->code == FAR_RELOC_CHECK;
         at = segment_next_reloc(stream, at))
        if (strcmp(segment_reloc_string(stream, at->name), service) == 0)
            return major_of_check(at);
    return 0;
}

/* bind_pending_needs() has seen to the addresses of what nobody has registered. */
static int store_bind(const struct image_target *target, const struct registry *registry,
                      const struct far_reloc *command, const char *service, const char *op)
{
    uint16_t major = major_needed(target->segment->reloc, service);
    if (!bind_is_pending(registry, service, major))
        return store_other_stub(target, command, registry_find_major(registry, service, major), op);
    const struct pending *pending = pending_find(&registry->pendings, service, major);
    uint64_t address = pending ? pending_address(pending, op) : 0;
    if (!address)
        return -EINVAL;
    store(target, command, address + command->value);
    return 0;
}

static int apply(const struct image_target *target, const struct registry *registry, const struct far_reloc *command)
{
    const struct far_reloc_header *stream = target->segment->reloc;
    const char *name = segment_reloc_string(stream, command->name);
    switch (command->code) {
    case FAR_RELOC_REBASE:
        rebase(target, command);
        return 0;
    case FAR_RELOC_STUB:
        return store_stub(target, command, target->service, iface_op_by_name(target->iface, name));
    case FAR_RELOC_BIND:
        return store_bind(target, registry, command, name, segment_reloc_string(stream, command->name2));
    default: /* CHECK was done by image_check_needs() */
        return 0;
    }
}

int image_relocate(const struct image_target *target, const struct registry *registry, struct far_error *error)
{
    const struct far_reloc_header *stream = target->segment->reloc;
    for (const struct far_reloc *at = segment_next_reloc(stream, NULL); at && at->code <= FAR_RELOC_LAST_NODE;
         at = segment_next_reloc(stream, at)) {
        int result = apply(target, registry, at);
        if (result == -EINVAL)
            return refuse(error, EINVAL, EX_DATAERR,
                          "relocation command %s of %s cannot be applied; link the segment again",
                          far_reloc_name(at->code), segment_reloc_string(stream, at->name));
        if (result)
            return result;
    }
    return 0;
}

/* Has a registered service the operation that a CHECK command names? */
static int find_op(const struct service *service, const struct service *need, const char *op, struct far_error *error)
{
    if (!service_iface(need))
        return refuse(error, ENOENT, EX_UNAVAILABLE,
                      "service '%s' calls operation %s of service '%s', which cannot be used: %s", service->name, op,
                      need->name, need->broken);
    if (!service_op(need, op))
        return refuse(error, EPROTOTYPE, EX_DATAERR,
                      "service '%s' calls operation %s of service '%s', which has no such operation", service->name, op,
                      need->name);
    return 0;
}

static int check_version(const struct service *service, const struct registry *registry, const char *name,
                         const struct far_reloc *command, const struct service *need, struct far_error *error)
{
    char versions[REGISTRY_VERSIONS_TEXT];
    unsigned minor = (uint16_t)segment_reloc_words(command)[0];
    if (need && (!service_iface(need) || minor <= service_iface(need)->minor))
        return 0;
    return refuse(error, EPROTOTYPE, EX_DATAERR,
                  "service '%s' was built against %s %u.%u, but %s is registered; build it against that one",
                  service->name, name, major_of_check(command), minor, registry_versions(registry, name, versions));
}

static int check_fingerprint(const struct service *service, const struct service *need, const char *op_name,
                             const struct far_reloc *command, struct far_error *error)
{
    const struct far_op *op = service_op(need, op_name);
    const struct far_iface *need_iface = service_iface(need);
    if (op->fingerprint != command->value)
        return refuse(
            error, EPROTOTYPE, EX_DATAERR,
            "service '%s' calls operation %s of service '%s', which is not what it was built against; registered "
            "is: %s",
            service->name, op_name, need->name, iface_string(need_iface, op->signature));
    return 0;
}

static int check_need(struct service *service, const struct registry *registry, const struct far_reloc_header *stream,
                      const struct far_reloc *command, struct far_error *error)
{
    const char *name = segment_reloc_string(stream, command->name), *op = segment_reloc_string(stream, command->name2);
    uint16_t major = major_of_check(command);
    if (bind_is_pending(registry, name, major)) /* it gets pending addresses, which are checked when they are linked */
        return service_keys_add(&service->awaits, &service->await_count, name, major);
    const struct service *need = registry_find_major(registry, name, major);
    int result = check_version(service, registry, name, command, need, error);
    result = result ? result : find_op(service, need, op, error);
    result = result ? result : check_fingerprint(service, need, op, command, error);
    return result ? result : service_keys_add(&service->needs, &service->need_count, name, major);
}

int image_check_needs(const struct far_segment *segment, struct service *service, const struct registry *registry,
                      struct far_error *error)
{
    const struct far_reloc_header *stream = segment->reloc;
    int result = 0;
    /* CHECK commands come first, and there is one for each BIND. */
    for (const struct far_reloc *at = segment_next_reloc(stream, NULL); at && at->code == FAR_RELOC_CHECK && !result;
         at = segment_next_reloc(stream, at))
        result = check_need(service, registry, stream, at, error);
    return result;
}
