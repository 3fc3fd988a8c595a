/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/dump.h"

#include <inttypes.h>

static const char *type_name(const struct far_iface *iface, uint32_t index)
{
    const struct far_type *type = iface_type(iface, index);
    return type->name ? iface_string(iface, type->name) : "(unnamed)";
}

static void print_member(const struct dump *dump, const struct far_member *member)
{
    fprintf(dump->out, "      %4" PRIu64 "  %s %s", member->offset, type_name(dump->iface, member->type),
            iface_string(dump->iface, member->name));
    if (member->bit_width)
        fprintf(dump->out, " : %u (from bit %u)", member->bit_width, member->bit_offset);
    fputc('\n', dump->out);
}

void dump_types(const struct dump *dump)
{
    const struct far_iface *iface = dump->iface;
    fprintf(dump->out, "\n%stypes%s: %u\n", dump_bold(dump), dump_plain(dump), iface->types.count);
    for (uint32_t i = 0; i < iface->types.count; i++) {
        const struct far_type *type = iface_type(iface, i);
        fprintf(dump->out, "  %u  %s: %s, %" PRIu64 " bytes, aligned to %u", i, type_name(iface, i),
                far_type_kind_name(type->kind), type->size, type->align);
        if (type->kind == FAR_TYPE_POINTER || type->kind == FAR_TYPE_ARRAY)
            fprintf(dump->out, ", of %s%s", type->flags & FAR_TYPE_CONST ? "const " : "",
                    type_name(iface, type->target));
        fputc('\n', dump->out);
        for (uint32_t m = 0; m < type->member_count; m++)
            print_member(dump, iface_member(iface, type->first_member + m));
    }
}
