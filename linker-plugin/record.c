/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The interface record: found in the objects, the same in all of them, one service. */
#include "linker-plugin/farld.h"
#include "runtime/format/slots.h"

#include <string.h>
#include <sysexits.h>

/* What two records of one service disagree about, in a reader's words. */
static const char *difference(struct link *link, const struct far_iface *one, const struct far_iface *other)
{
    if (one->major != other->major || one->minor != other->minor)
        return arena_format(&link->arena, "version %u.%u and version %u.%u", one->major, one->minor, other->major,
                            other->minor);
    for (uint32_t i = 0; i < one->ops.count; i++) {
        const struct far_op *op = iface_op(one, i);
        const char *name = iface_string(one, op->name);
        const struct far_op *same = iface_op_by_name(other, name);

        if (!same)
            return arena_format(&link->arena, "operation %s is in the first only", name);
        if (same->fingerprint != op->fingerprint)
            return arena_format(&link->arena,
                                "operation %s is '%s' (%s:%u) in the first and '%s' (%s:%u) in the second", name,
                                iface_string(one, op->signature), iface_string(one, op->file), op->line,
                                iface_string(other, same->signature), iface_string(other, same->file), same->line);
        if (same->slot != op->slot)
            return arena_format(&link->arena, "operation %s has slot %u in the first and %u in the second", name,
                                op->slot, same->slot);
    }
    for (uint32_t i = 0; i < other->ops.count; i++) {
        const char *name = iface_string(other, iface_op(other, i)->name);

        if (!iface_op_by_name(one, name))
            return arena_format(&link->arena, "operation %s is in the second only", name);
    }
    return "the operations are the same, but not all that is said of them (lines, descriptions); compile both again";
}

static int add_record(struct link *link, const struct object *object, const unaligned_shdr *section)
{
    const struct far_iface *iface, *known = (const struct far_iface *)link->record;
    size_t size = section->sh_type == SHT_NOBITS ? 0 : section->sh_size;
    const char *bytes = arena_copy(&link->arena, size ? (const char *)object->bytes + section->sh_offset : "", size);
    char why[256];

    if (iface_check(bytes, size, why, sizeof why))
        return error_add(&link->errors, EX_DATAERR, "%s: %s", object->name, why);
    iface = (const struct far_iface *)bytes;
    if (!known) {
        link->record = (const uint8_t *)bytes;
        link->record_size = size;
        link->record_origin = object->name;
        return 0;
    }
    if (size == link->record_size && !memcmp(bytes, known, link->record_size))
        return 0;
    if (strcmp(iface_string(iface, iface->service), iface_string(known, known->service)))
        return error_add(&link->errors, EX_DATAERR,
                         "two services in one segment: '%s' (%s) and '%s' (%s); link a segment for "
                         "each, and give one the import library of the other",
                         iface_string(known, known->service), link->record_origin, iface_string(iface, iface->service),
                         object->name);
    return error_add(&link->errors, EX_DATAERR,
                     "%s and %s were built with different interfaces of service '%s': %s; build both "
                     "from the same header",
                     link->record_origin, object->name, iface_string(iface, iface->service),
                     difference(link, known, iface));
}

static void collect_from(struct link *link, const struct object *object)
{
    for (uint32_t i = 1; object->has_own && i < object->section_count; i++) {
        if (!strcmp(object_section_name(object, i), FAR_SECTION_IFACE))
            add_record(link, object, &object->sections[i]);
    }
}

/* Renumber the link's own record by an earlier version's, or by another machine's. */
static int renumber(struct link *link, const struct far_iface *previous, uint32_t machine, const struct complaint *to)
{
    struct far_iface *iface = link->iface;
    struct slot_service now = {iface_string(iface, iface->service), iface->major, iface->minor, machine};
    struct slot_op *ops = arena_allocate(&link->arena, (iface->ops.count + 1) * sizeof *ops);
    uint32_t slot_end;

    for (uint32_t i = 0; i < iface->ops.count; i++)
        ops[i].name = iface_string(iface, iface_op(iface, i)->name);
    if (slots_keep(previous, &now, ops, iface->ops.count, &slot_end, to))
        return EX_DATAERR;
    for (uint32_t i = 0; i < iface->ops.count; i++)
        ((struct far_op *)(uintptr_t)iface_op(iface, i))->slot = ops[i].slot;
    iface->slot_end = slot_end;
    return 0;
}

/* Renumber by the record in that file. A file without one says why in `to`, and nothing is done. */
static int renumber_by_file(struct link *link, const char *path, const struct complaint *to, uint32_t *machine)
{
    const struct far_iface *other;
    uint8_t *bytes;
    size_t size;

    *machine = link->iface->machine;
    if (file_read(&link->arena, &link->errors, path, &bytes, &size))
        return link->errors.status;
    if (iface_in_file(bytes, size, &other, to))
        return EX_NOINPUT;
    *machine = other->machine;
    return renumber(link, other, link->options.previous ? link->iface->machine : other->machine, to);
}

/* --previous must be able to say; what else is wrong with what this one is laid out like, like.c says. */
static int keep_slots(struct link *link)
{
    const char *path = link->options.previous ? link->options.previous : link->options.like;
    char why[512] = "";
    const struct complaint to = {why, sizeof why};
    uint32_t machine;
    int status = path ? renumber_by_file(link, path, &to, &machine) : 0;

    if (!status || link->errors.status)
        return link->errors.status;
    if (!link->options.previous && (status == EX_NOINPUT || machine != link->iface->machine))
        return 0;
    return error_add(&link->errors, EX_DATAERR, "%s=%s: %s", link->options.previous ? "--previous" : "--like", path,
                     why);
}

static int adopt_record(struct link *link)
{
    const struct far_iface *found = (const struct far_iface *)link->record;

    if (found->machine != link->machine->elf_machine)
        return error_add(&link->errors, EX_DATAERR,
                         "%s: its interface record is for ELF machine %u, the objects are for %s; build "
                         "both for one machine",
                         link->record_origin, found->machine, link->machine->name);
    link->iface = (struct far_iface *)arena_copy(&link->arena, (const char *)link->record, link->record_size);
    if (keep_slots(link))
        return link->errors.status;
    link->slot_count = link->iface->slot_end; /* slots of operations that are gone have stubs too: breakpoints */
    return 0;
}

int record_collect(struct link *link)
{
    for (size_t i = 0; i < link->object_count; i++)
        collect_from(link, link->objects[i]);
    if (link->errors.status)
        return link->errors.status;
    if (!link->record)
        return error_add(&link->errors, EX_DATAERR,
                         "no interface record in the inputs: compile the service's C source with farcc, or "
                         "add the object of `faridl HEADER -o NAME.iface.o`");
    return adopt_record(link);
}
