/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/import.h"
#include "runtime/format/complain.h"
#include "runtime/segment.h"

#include <stdio.h>
#include <string.h>

#define OP_NAME_LIMIT FAR_IMPORT_ONE_NAME /* bytes, NUL included */

static int check_header(const struct far_import_table *table, size_t size, const struct complaint *to)
{
    if (memcmp(table->magic, FAR_IMPORT_MAGIC, sizeof table->magic) != 0)
        return complain(to, "import table: it does not start with " FAR_IMPORT_MAGIC
                            "; was the library made by far implib?");
    if (table->version != FAR_IMPORT_VERSION)
        return complain(to,
                        "import table: version %u, but this program reads version %d; make the import library again",
                        table->version, FAR_IMPORT_VERSION);
    if (table->size != size || size % 8)
        return complain(to, "import table: it says %u bytes, but there are %zu; the import library is damaged",
                        table->size, size);
    if (!text_is_identifier(table->service, sizeof table->service))
        return complain(to, "import table: the service's name is no C identifier; the import library is damaged");
    if (table->op_count < 1 || table->op_count > FAR_SLOT_MAX ||
        !range_inside(sizeof *table, (uint64_t)table->op_count * sizeof(struct far_import_op), size))
        return complain(to, "import table: %u operations do not fit in %zu bytes; the import library is damaged",
                        table->op_count, size);
    return 0;
}

static int check_details(const struct far_import_table *table, const struct complaint *to)
{
    uint32_t least = (uint32_t)(sizeof *table + table->op_count * sizeof(struct far_import_op));
    if (table->details == 0 ||
        (table->details >= least && table->details % 4 == 0 && table->details < table->size && !table->reserved))
        return 0;
    return complain(to, "import table: its details are outside it; the import library is damaged");
}

static int check_op(const struct far_import_table *table, uint32_t index, const struct complaint *to)
{
    const struct far_import_op *op = import_op(table, index);
    size_t strings = sizeof *table + (size_t)table->op_count * sizeof *op;
    if (op->name < strings || op->name >= table->size)
        return complain(to, "import table: operation %u has no name; the import library is damaged", index);
    if (op->flags & ~FAR_IMPORT_HAS_FAILS || (op->fails && !(op->flags & FAR_IMPORT_HAS_FAILS)))
        return complain(to, "import table: operation %u has unknown flags; the import library is damaged", index);
    size_t room = table->size - op->name;
    const char *name = import_op_name(table, index);
    if (!text_is_identifier(name, room < OP_NAME_LIMIT ? room : OP_NAME_LIMIT))
        return complain(to, "import table: the name of operation %u is no C identifier; the import library is damaged",
                        index);
    if (index > 0 && strcmp(import_op_name(table, index - 1), name) >= 0)
        return complain(to,
                        "import table: operation %s is not in its place: they must be sorted; make the import library "
                        "again",
                        name);
    return 0;
}

int import_check(const void *table, size_t size, char *why, size_t why_size)
{
    const struct complaint to = {why, why_size};
    if ((uintptr_t)table % 8)
        return complain(&to, "import table: it is not aligned to 8 bytes");
    if (size < sizeof(struct far_import_table) || size > FAR_IMPORT_MAX)
        return complain(&to, "import table: %zu bytes; one has from %zu to %d", size, sizeof(struct far_import_table),
                        FAR_IMPORT_MAX);
    int err = check_header(table, size, &to);
    err = err ? err : check_details(table, &to);
    for (uint32_t i = 0; !err && i < ((const struct far_import_table *)table)->op_count; i++)
        err = check_op(table, i, &to);
    return err;
}

/* Room for count pieces of `size` bytes at *at, which moves behind them. NULL: there is none. */
static const void *take(const struct far_import_table *table, uint64_t *at, uint64_t count, size_t size)
{
    const void *here = (const char *)table + *at;
    if (!range_inside(*at, count * size, table->size))
        return NULL;
    *at += count * size;
    return here;
}

static bool in_order(const struct far_import_table *table, const struct far_import_details *head,
                     const struct import_details *details)
{
    for (uint32_t i = 0; i < table->op_count; i++)
        if (details->first[i] > details->first[i + 1])
            return false;
    for (uint32_t i = 0; i < head->type_count; i++)
        if (!range_inside(details->type[i].first_member, details->type[i].member_count, head->member_count))
            return false;
    return details->first[table->op_count] <= head->digest_count;
}

bool import_details(const struct far_import_table *table, struct import_details *details)
{
    uint64_t at = table->details;
    const struct far_import_details *head = at ? take(table, &at, 1, sizeof *head) : NULL;
    if (!head)
        return false;
    details->first = take(table, &at, table->op_count + 1ull, sizeof(uint32_t));
    details->digest = details->first ? take(table, &at, head->digest_count, sizeof(uint32_t)) : NULL;
    details->type = details->digest ? take(table, &at, head->type_count, sizeof(struct far_import_type)) : NULL;
    details->member = details->type ? take(table, &at, head->member_count, sizeof(struct far_import_member)) : NULL;
    details->type_count = head->type_count;
    return details->member && in_order(table, head, details);
}

const char *import_detail_name(const struct far_import_table *table, uint32_t offset)
{
    const char *name = (const char *)table + offset;
    size_t room = offset < table->size ? table->size - offset : 0;
    return offset && room && text_is_printable(name, room < OP_NAME_LIMIT ? room : OP_NAME_LIMIT) ? name : "";
}

_Static_assert(sizeof(struct far_import_one) % 8 == 0, "tables are multiples of 8 bytes");

void import_one(struct far_import_one *import, const char *service, uint16_t major, uint16_t minor,
                const char *operation, uint64_t fingerprint)
{
    *import = (struct far_import_one){
        .table = {.version = FAR_IMPORT_VERSION,
                  .size = sizeof *import,
                  .major = major,
                  .minor = minor,
                  .op_count = 1,
                  .fingerprint = fingerprint},
        .op = {.fingerprint = fingerprint, .name = offsetof(struct far_import_one, name)},
    };
    memcpy(import->table.magic, FAR_IMPORT_MAGIC, sizeof import->table.magic);
    snprintf(import->table.service, sizeof import->table.service, "%s", service);
    snprintf(import->name, sizeof import->name, "%s", operation);
}
