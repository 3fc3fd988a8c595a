/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Relocation streams: what segment_reloc_check() accepts must be applied and cut down to a domain's part without a fault,
 * and change nothing outside the parts. Input: struct shape, where const, linkage and data lie; then the stream.
 * Seeds: .far.reloc of real segments, from seeds.py. A mutator keeps the header's counts right, most of the time.
 */
#include "runtime/fard/image.h"
#include "testsuite/unit/make_segment.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);

#define IMAGE_MAX (16u << 20)
#define MARGIN    4096 /* bytes looked at on each side of a part */

struct shape {
    struct {
        uint32_t spans; /* address, in units of FAR_REBASE_SPAN */
        uint32_t bytes;
    } part[3]; /* const, linkage, data */
};

struct parts {
    struct far_extent part[FAR_PART_COUNT];
    uint8_t *image; /* of parts up to linkage: exactly as long as they reach */
    uint8_t *data;
};

static bool place(struct parts *parts, const uint8_t *bytes)
{
    struct shape shape;
    uint64_t end = 4 * FAR_REBASE_SPAN;
    memcpy(&shape, bytes, sizeof shape);
    *parts = (struct parts){.part[FAR_PART_CODE] = {FAR_REBASE_SPAN, FAR_REBASE_SPAN}};
    for (unsigned i = 0; i < 3; i++) {
        uint64_t address = (uint64_t)shape.part[i].spans * FAR_REBASE_SPAN;
        if (address < end || address + shape.part[i].bytes > IMAGE_MAX)
            return false;
        end = address + shape.part[i].bytes;
        parts->part[FAR_PART_CONST + i] = (struct far_extent){address, shape.part[i].bytes};
    }
    const struct far_extent *linkage = &parts->part[FAR_PART_LINKAGE];
    if (linkage->size < FAR_LINKAGE_HEADER)
        return false;
    parts->image = calloc(linkage->address + linkage->size, 1);
    parts->data = calloc(parts->part[FAR_PART_DATA].size + 1, 1);
    if (!parts->image || !parts->data)
        abort();
    return true;
}

static void must_be_zero(const struct parts *parts, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at++)
        if (parts->image[at])
            abort();
}

/* Nothing may have changed around const, nor the linkage header. */
static void look_outside(const struct parts *parts)
{
    const struct far_extent *constants = &parts->part[FAR_PART_CONST], *linkage = &parts->part[FAR_PART_LINKAGE];
    uint64_t before = constants->address > MARGIN ? constants->address - MARGIN : 0;
    uint64_t after = constants->address + constants->size, gap = linkage->address - after;
    must_be_zero(parts, before, constants->address);
    must_be_zero(parts, after, after + (gap < MARGIN ? gap : MARGIN));
    must_be_zero(parts, linkage->address, linkage->address + FAR_LINKAGE_HEADER);
}

static void apply(const struct parts *parts, const struct far_reloc_header *stream)
{
    struct far_segment segment = {.reloc = stream};
    struct service *service;
    struct registry registry;
    struct far_error error;
    if (service_new(&service))
        abort();
    service->executable_count = 1;
    service->executable[0].iface = (struct far_iface *)make_record(MAKE_PLAIN).bytes;
    memcpy(segment.part, parts->part, sizeof segment.part);
    service->range.base = FAR_WINDOW_BEGIN;
    registry_init(&registry);
    struct image_target target = {.segment = &segment,
                                  .service = service,
                                  .iface = service->executable[0].iface,
                                  .image = parts->image,
                                  .data = parts->data};
    image_relocate(&target, &registry, &error);
    look_outside(parts);
    service_free(service);
}

/* A domain's part is a stream by itself, and it is all of its commands. */
static void cut_down(const struct parts *parts, const struct far_reloc_header *stream)
{
    char why[256];
    size_t size = segment_domain_stream(stream, NULL);
    void *own = malloc(size);
    if (!own || segment_domain_stream(stream, own) != size ||
        segment_reloc_check(own, size, parts->part, why, sizeof why) != 0)
        abort();
    const struct far_reloc *at = segment_first_domain_reloc(own), *from = segment_first_domain_reloc(stream);
    for (; at && from; at = segment_next_reloc(own, at), from = segment_next_reloc(stream, from)) {
        if (at->code != from->code || at->count != from->count || at->value != from->value ||
            strcmp(segment_reloc_string(own, at->name), segment_reloc_string(stream, from->name)) != 0)
            abort();
    }
    if (at || from)
        abort();
    free(own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[256] = "";
    struct parts parts;
    if (size < sizeof(struct shape) || !place(&parts, data))
        return -1;
    uint8_t *stream = malloc(size - sizeof(struct shape) + 1); /* aligned, and ending where the input does */
    if (!stream)
        abort();
    memcpy(stream, data + sizeof(struct shape), size - sizeof(struct shape));
    if (segment_reloc_check(stream, size - sizeof(struct shape), parts.part, why, sizeof why) == 0) {
        apply(&parts, (const struct far_reloc_header *)stream);
        cut_down(&parts, (const struct far_reloc_header *)stream);
    } else if (!why[0]) {
        abort();
    }
    free(parts.image);
    free(parts.data);
    free(stream);
    return 0;
}

/* The commands that are really there, as far as the header says that there are any. */
static void count_commands(uint8_t *stream, struct far_reloc_header *header)
{
    struct far_reloc command;
    uint64_t at = sizeof *header;
    header->command_count = 0;
    header->node_end = (uint32_t)at;
    for (; at + sizeof command <= header->command_end; header->command_count++) {
        memcpy(&command, stream + at, sizeof command);
        at += sizeof command + (uint64_t)command.count * 8;
        if (at <= header->command_end && command.code <= FAR_RELOC_LAST_NODE)
            header->node_end = (uint32_t)at;
    }
    if (at <= header->size)
        header->command_end = (uint32_t)at;
}

static void repair(uint8_t *stream, size_t size)
{
    struct far_reloc_header header;
    memcpy(&header, stream, sizeof header);
    memcpy(header.magic, "FARRELOC", sizeof header.magic);
    header.version = FAR_FORMAT_VERSION;
    header.size = (uint32_t)size;
    header.reserved = 0;
    if (header.command_end > size)
        header.command_end = (uint32_t)(size / 8 * 8);
    count_commands(stream, &header);
    memcpy(stream, &header, sizeof header);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, room);
    if (seed % 8 && size >= sizeof(struct shape) + sizeof(struct far_reloc_header))
        repair(data + sizeof(struct shape), size - sizeof(struct shape));
    return size;
}
