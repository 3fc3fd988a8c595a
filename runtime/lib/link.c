/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Relocation commands that a domain applies itself: HOST and COPY, into its private linkage. */
#include "runtime/lib/error.h"
#include "runtime/lib/map.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

/* Does the command write where a domain may: inside linkage, behind its header? */
static bool in_linkage(const struct far_mapping *mapping, const struct far_reloc *command, uint64_t size)
{
    struct far_extent linkage = mapping->part[FAR_PART_LINKAGE];
    linkage.address += FAR_LINKAGE_HEADER;
    linkage.size -= FAR_LINKAGE_HEADER;
    return command->where <= FAR_WINDOW_END && far_inside(&linkage, mapping->base + command->where, size);
}

static int link_host(const struct far_mapping *mapping, const struct far_reloc *command, const char *name,
                     const struct far_linker *linker, struct far_error *error)
{
    if (!in_linkage(mapping, command, sizeof(uint64_t)))
        return far_fail(error, EPROTO, EX_DATAERR, "service %s: a HOST command for %s outside its linkage",
                        mapping->service, name);
    void *function = linker->function(mapping->service, name, error);
    if (!function)
        return -error->code;
    uint64_t address = (uint64_t)function + command->value;
    memcpy((void *)(mapping->base + command->where), &address, sizeof address);
    return 0;
}

static int link_copy(const struct far_mapping *mapping, const struct far_reloc *command, const char *name,
                     const struct far_linker *linker, struct far_error *error)
{
    if (!in_linkage(mapping, command, command->value))
        return far_fail(error, EPROTO, EX_DATAERR, "service %s: a COPY command for %s outside its linkage",
                        mapping->service, name);
    const void *object = linker->object(mapping->service, name, error);
    if (!object)
        return -error->code;
    memcpy((void *)(mapping->base + command->where), object, command->value);
    return 0;
}

int link_domain(const struct far_mapping *mapping, const struct far_reloc_header *stream,
                const struct far_linker *linker, struct far_error *error)
{
    int failed = 0;
    const struct far_reloc *command = segment_next_reloc(stream, NULL);
    for (; command && !failed; command = segment_next_reloc(stream, command)) {
        const char *name = segment_reloc_string(stream, command->name);
        if (command->code == FAR_RELOC_HOST)
            failed = link_host(mapping, command, name, linker, error);
        else if (command->code == FAR_RELOC_COPY)
            failed = link_copy(mapping, command, name, linker, error);
    }
    return failed;
}
