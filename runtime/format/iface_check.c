/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * iface_check(): header, tables and strings first, then types (iface_types.c), operations and parameters (iface_ops.c) and
 * their size expressions (iface_exprs.c). Linear in the size of the record, whatever it holds.
 */
#include "runtime/format/iface_walk.h"

#include <string.h>

static const char *walk_string(const struct iface_walk *walk, uint32_t offset, size_t *room)
{
    const struct far_table *strings = &walk->iface->strings;
    if (offset < strings->offset || offset - strings->offset >= strings->count)
        return NULL;
    *room = strings->count - (offset - strings->offset);
    return (const char *)walk->iface + offset;
}

bool walk_text(const struct iface_walk *walk, uint32_t offset)
{
    size_t room;
    if (offset == 0)
        return true;
    const char *text = walk_string(walk, offset, &room);
    return text && text_is_printable(text, room < IFACE_TEXT_LIMIT ? room : IFACE_TEXT_LIMIT);
}

bool walk_identifier(const struct iface_walk *walk, uint32_t offset)
{
    size_t room;
    const char *text = walk_string(walk, offset, &room);
    return text && text_is_identifier(text, room < IFACE_IDENTIFIER_LIMIT ? room : IFACE_IDENTIFIER_LIMIT);
}

static int check_table(const struct iface_walk *walk, const struct far_table *table, size_t entry, const char *name)
{
    size_t align = entry == 1 ? 1 : 8;
    if (table->count == 0)
        return 0;
    if (table->offset % align || table->offset < sizeof(struct far_iface) ||
        !range_inside(table->offset, (uint64_t)table->count * entry, walk->iface->size))
        return complain(
            &walk->to,
            "interface record: the table of %s (offset %u, %u entries of %zu bytes) does not lie inside the "
            "record's %u bytes; the file is damaged, build it again",
            name, table->offset, table->count, entry, walk->iface->size);
    return 0;
}

static int check_tables(const struct iface_walk *walk)
{
    const struct far_iface *iface = walk->iface;
    int err = check_table(walk, &iface->ops, sizeof(struct far_op), "operations");
    err = err ? err : check_table(walk, &iface->params, sizeof(struct far_param), "parameters");
    err = err ? err : check_table(walk, &iface->types, sizeof(struct far_type), "types");
    err = err ? err : check_table(walk, &iface->members, sizeof(struct far_member), "members");
    err = err ? err : check_table(walk, &iface->exprs, sizeof(struct far_expr), "size expressions");
    err = err ? err : check_table(walk, &iface->strings, 1, "strings");
    return err;
}

static int check_header(const struct iface_walk *walk, size_t size)
{
    const struct far_iface *iface = walk->iface;
    if (memcmp(iface->magic, FAR_IFACE_MAGIC, sizeof iface->magic) != 0)
        return complain(&walk->to, "interface record: it does not start with " FAR_IFACE_MAGIC "; is this a record?");
    if (iface->version != FAR_IFACE_VERSION)
        return complain(&walk->to, "interface record: version %u, but this program reads version %d; build it again",
                        iface->version, FAR_IFACE_VERSION);
    if (iface->size != size || size % 8)
        return complain(&walk->to,
                        "interface record: it says %u bytes, but there are %zu; the file is truncated or damaged",
                        iface->size, size);
    if (iface->flags || iface->machine == 0)
        return complain(&walk->to, "interface record: header flags 0x%x, machine %u: not written by this version",
                        iface->flags, iface->machine);
    return 0;
}

static int check_service(const struct iface_walk *walk)
{
    const struct far_iface *iface = walk->iface;
    if (!walk_identifier(walk, iface->service))
        return complain(&walk->to,
                        "interface record: the service's name is no C identifier; say far_service(name, 1, 0)");
    const char *name = iface_string(iface, iface->service);
    if (strnlen(name, FAR_NAME_MAX + 1) > FAR_NAME_MAX)
        return complain(&walk->to, "interface record: the service's name is longer than %d bytes; choose a shorter one",
                        FAR_NAME_MAX);
    return 0;
}

int iface_check(const void *record, size_t size, char *why, size_t why_size)
{
    const struct iface_walk walk = {record, {why, why_size}};
    if ((uintptr_t)record % 8)
        return complain(&walk.to, "interface record: it is not aligned to 8 bytes");
    if (size < sizeof(struct far_iface) || size > UINT32_MAX)
        return complain(&walk.to,
                        "interface record: %zu bytes cannot hold one (the header alone has %zu); the file is "
                        "truncated or damaged",
                        size, sizeof(struct far_iface));
    int err = check_header(&walk, size);
    err = err ? err : check_tables(&walk);
    err = err ? err : check_service(&walk);
    err = err ? err : iface_check_types(&walk);
    err = err ? err : iface_check_ops(&walk);
    return err;
}
