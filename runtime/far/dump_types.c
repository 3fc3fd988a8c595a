/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/dump.h"

#include <inttypes.h>

static void print_member(const struct dump *dump, const struct dump_scope *scope, const struct far_member *member)
{
    char words[DUMP_WORDS_SIZE];
    fprintf(dump->out, "      %4" PRIu64 "  %s %s", member->offset, dump_type_name(dump->iface, member->type),
            iface_string(dump->iface, member->name));
    if (member->bit_width)
        fprintf(dump->out, " : %u (from bit %u)", member->bit_width, member->bit_offset);
    dump_case_words(dump->iface, member, words);
    if (words[0])
        fprintf(dump->out, ", %s", words);
    if (member->value) {
        dump_value_words(scope, iface_value(dump->iface, member->value - 1), words);
        fprintf(dump->out, ": %s", words);
    }
    fputc('\n', dump->out);
}

static void print_target(const struct dump *dump, const struct far_type *type)
{
    switch (type->kind) {
    case FAR_TYPE_POINTER:
    case FAR_TYPE_ARRAY:
    case FAR_TYPE_VECTOR:
    case FAR_TYPE_COMPLEX:
        fprintf(dump->out, ", of %s%s", type->flags & FAR_TYPE_CONST ? "const " : "",
                dump_type_name(dump->iface, type->target));
        break;
    default:
        break;
    }
}

void dump_types(const struct dump *dump)
{
    const struct far_iface *iface = dump->iface;
    fprintf(dump->out, "\n%stypes%s: %u\n", dump_bold(dump), dump_plain(dump), iface->types.count);
    for (uint32_t i = 0; i < iface->types.count; i++) {
        const struct far_type *type = iface_type(iface, i);
        struct dump_scope scope = dump_scope_of_members(iface, type);
        fprintf(dump->out, "  %u  %s: %s, %" PRIu64 " bytes, aligned to %u", i, dump_type_name(iface, i),
                far_type_kind_name(type->kind), type->size, type->align);
        print_target(dump, type);
        fprintf(dump->out, "%s%s\n", type->flags & FAR_TYPE_PLAIN ? ", plain bytes" : "",
                type->flags & FAR_TYPE_FLEXIBLE ? ", with a flexible array at its end" : "");
        for (uint32_t m = 0; m < type->member_count; m++)
            print_member(dump, &scope, iface_member(iface, type->first_member + m));
    }
}
