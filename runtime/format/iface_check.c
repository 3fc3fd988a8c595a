/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * iface_check(): header, tables and strings first, then types and what they hold (iface_types.c), values by themselves
 * (iface_values.c), and each value where it stands: in a structure (iface_members.c), a callback or an operation
 * (iface_ops.c), with its expressions (iface_exprs.c). Time and memory grow with the size of the record, whatever it
 * holds; nothing recurses.
 */
#include "runtime/format/iface_walk.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static bool string_exists(const struct iface_walk *walk, uint32_t offset)
{
    const struct far_table *strings = &walk->iface->strings;
    return offset >= strings->offset && offset - strings->offset < strings->count;
}

bool walk_text(const struct iface_walk *walk, uint32_t offset)
{
    return offset == 0 || string_exists(walk, offset);
}

bool walk_identifier(const struct iface_walk *walk, uint32_t offset)
{
    return string_exists(walk, offset) &&
           text_is_identifier((const char *)walk->iface + offset, IFACE_IDENTIFIER_LIMIT);
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
    const struct {
        const struct far_table *table;
        size_t entry;
        const char *name;
    } tables[] = {{&iface->ops, sizeof(struct far_op), "operations"},
                  {&iface->params, sizeof(struct far_param), "parameters"},
                  {&iface->values, sizeof(struct far_value), "values"},
                  {&iface->callbacks, sizeof(struct far_callback), "callbacks"},
                  {&iface->types, sizeof(struct far_type), "types"},
                  {&iface->members, sizeof(struct far_member), "members"},
                  {&iface->cases, sizeof(int64_t), "cases"},
                  {&iface->exprs, sizeof(struct far_expr), "size expressions"},
                  {&iface->data, sizeof(struct far_data), "shared data"},
                  {&iface->strings, 1, "strings"}};
    int err = 0;
    for (size_t i = 0; !err && i < sizeof tables / sizeof *tables; i++)
        err = check_table(walk, tables[i].table, tables[i].entry, tables[i].name);
    return err;
}

/* All strings at once, whoever names them: printable, terminated, none too long. */
static int check_strings(const struct iface_walk *walk)
{
    const struct far_table *strings = &walk->iface->strings;
    const char *text = (const char *)walk->iface + strings->offset;
    uint32_t start = 0;
    for (uint32_t i = 0; i < strings->count; i++) {
        if (text[i] == '\0')
            start = i + 1;
        else if (text_is_control(text, i))
            return complain(&walk->to,
                            "interface record: the strings hold a control character at byte %u; the file is damaged, "
                            "build it again",
                            strings->offset + i);
        else if (i - start + 1 >= IFACE_TEXT_LIMIT)
            return complain(&walk->to, "interface record: a string has %d bytes or more; shorten the declaration",
                            IFACE_TEXT_LIMIT);
    }
    if (start != strings->count)
        return complain(&walk->to,
                        "interface record: the last string does not end; the file is truncated or damaged, build it "
                        "again");
    return 0;
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
    if (iface->flags || iface->reserved)
        return complain(&walk->to, "interface record: header flags 0x%x, 0x%x: not written by this version",
                        iface->flags, iface->reserved);
    if (iface->machine != EM_X86_64 && iface->machine != EM_AARCH64)
        return complain(&walk->to,
                        "interface record: it is for ELF machine %u, but layouts are known of x86-64 and aarch64 only",
                        iface->machine);
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

static int check_contents(struct iface_walk *walk)
{
    size_t types = walk->iface->types.count, callbacks = walk->iface->callbacks.count;
    walk->facts = calloc(types + callbacks + 1, 1);
    if (!walk->facts)
        return complain(&walk->to, "interface record: no memory to check %zu types and %zu callbacks", types,
                        callbacks);
    walk->nests = walk->facts + types;
    int err = iface_check_types(walk);
    err = err ? err : iface_check_values(walk);
    err = err ? err : iface_check_members(walk);
    err = err ? err : iface_check_callbacks(walk);
    err = err ? err : iface_check_ops(walk);
    err = err ? err : iface_check_data(walk);
    free(walk->facts);
    return err;
}

int iface_check(const void *record, size_t size, char *why, size_t why_size)
{
    struct iface_walk walk = {.iface = record, .to = {why, why_size}};
    if ((uintptr_t)record % 8)
        return complain(&walk.to, "interface record: it is not aligned to 8 bytes");
    if (size < sizeof(struct far_iface) || size > UINT32_MAX)
        return complain(&walk.to,
                        "interface record: %zu bytes cannot hold one (the header alone has %zu); the file is "
                        "truncated or damaged",
                        size, sizeof(struct far_iface));
    int err = check_header(&walk, size);
    err = err ? err : check_tables(&walk);
    err = err ? err : check_strings(&walk);
    err = err ? err : check_service(&walk);
    return err ? err : check_contents(&walk);
}
