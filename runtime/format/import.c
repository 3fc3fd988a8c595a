/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/import.h"
#include "runtime/format/complain.h"
#include "runtime/segment.h"

#include <string.h>

#define OP_NAME_LIMIT 512 /* bytes, NUL included */

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
    for (uint32_t i = 0; !err && i < ((const struct far_import_table *)table)->op_count; i++)
        err = check_op(table, i, &to);
    return err;
}
