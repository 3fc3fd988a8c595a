/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The text of an import library. Its operations are IFUNCs: the dynamic linker asks far_resolve() once where an operation's
 * stub is and writes that address into the client's GOT, so a call costs what a call of any shared library costs, plus the
 * stub. Names are C identifiers (iface_check() saw to that), so nothing needs quoting.
 */
#include "runtime/far/implib_like.h"
#include "runtime/format/detail.h"
#include "runtime/import.h"

#include <inttypes.h>
#include <string.h>

#define NAME_LIMIT 1024 /* bytes of an operation's name, more than iface_check() lets pass */

static size_t plain_size(const struct far_iface *iface)
{
    size_t size = sizeof(struct far_import_table) + (size_t)iface->ops.count * sizeof(struct far_import_op);
    for (uint32_t i = 0; i < iface->ops.count; i++)
        size += strlen(iface_string(iface, iface_op(iface, i)->name)) + 1;
    return (size + 7) / 8 * 8;
}

static bool has_name(const struct far_iface *iface, const struct far_member *member)
{
    return iface_string(iface, member->name)[0] != '\0';
}

static size_t details_size(const struct far_iface *iface)
{
    size_t size = sizeof(struct far_import_details) + (iface->ops.count + 1) * sizeof(uint32_t) + 16;
    for (uint32_t i = 0; i < iface->ops.count; i++)
        size += (iface_op(iface, i)->param_count + 2) * sizeof(uint32_t);
    for (uint32_t i = 0; i < iface->types.count; i++) {
        const struct far_type *type = iface_type(iface, i);
        if (!detail_has_members(iface, type))
            continue;
        size += sizeof(struct far_import_type) + strlen(iface_string(iface, type->name)) + 1;
        for (uint32_t m = 0; m < type->member_count; m++)
            size += sizeof(struct far_import_member) +
                    strlen(iface_string(iface, iface_member(iface, type->first_member + m)->name)) + 1;
    }
    return size;
}

/* Of a large interface only what is needed: then a mismatch names the operation alone. */
static bool has_details(const struct far_iface *iface)
{
    return plain_size(iface) + details_size(iface) <= FAR_IMPORT_MAX;
}

size_t implib_table_size(const struct far_iface *iface)
{
    return plain_size(iface) + (has_details(iface) ? details_size(iface) : 0);
}

static void emit_digests(FILE *out, const struct far_iface *iface)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i <= iface->ops.count; i++) {
        fprintf(out, "\t.long %u\n", first);
        first += i < iface->ops.count ? iface_op(iface, i)->param_count + 2 : 0;
    }
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        const struct far_op *op = iface_op(iface, i);
        fprintf(out, "\t.long 0x%08x", detail_of_annotations(iface, op));
        for (uint32_t at = 0; at <= op->param_count; at++)
            fprintf(out, ", 0x%08x", detail_of_param(iface, op, at));
        fputc('\n', out);
    }
}

static void emit_detail_types(FILE *out, const struct far_iface *iface)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < iface->types.count; i++) {
        const struct far_type *type = iface_type(iface, i);
        if (!detail_has_members(iface, type))
            continue;
        fprintf(out, "\t.long .Ltype%u - .Ltable, 0x%08x, %u, %u\n", i, detail_of_type(iface, type), first,
                type->member_count);
        first += type->member_count;
    }
}

static void emit_detail_members(FILE *out, const struct far_iface *iface)
{
    for (uint32_t i = 0; i < iface->types.count; i++) {
        const struct far_type *type = iface_type(iface, i);
        for (uint32_t m = 0; detail_has_members(iface, type) && m < type->member_count; m++) {
            const struct far_member *member = iface_member(iface, type->first_member + m);
            if (has_name(iface, member))
                fprintf(out, "\t.long .Lmember%u_%u - .Ltable, 0x%08x\n", i, m, detail_of_member(iface, member));
            else
                fprintf(out, "\t.long 0, 0x%08x\n", detail_of_member(iface, member));
        }
    }
}

static void emit_detail_names(FILE *out, const struct far_iface *iface)
{
    for (uint32_t i = 0; i < iface->types.count; i++) {
        const struct far_type *type = iface_type(iface, i);
        if (!detail_has_members(iface, type))
            continue;
        fprintf(out, ".Ltype%u:\t.asciz \"%s\"\n", i, iface_string(iface, type->name));
        for (uint32_t m = 0; m < type->member_count; m++) {
            const struct far_member *member = iface_member(iface, type->first_member + m);
            if (has_name(iface, member))
                fprintf(out, ".Lmember%u_%u:\t.asciz \"%s\"\n", i, m, iface_string(iface, member->name));
        }
    }
}

/* struct far_import_details. */
static void emit_details(FILE *out, const struct far_iface *iface)
{
    uint32_t digests = 0, types = 0, members = 0;
    for (uint32_t i = 0; i < iface->ops.count; i++)
        digests += iface_op(iface, i)->param_count + 2;
    for (uint32_t i = 0; i < iface->types.count; i++) {
        bool counts = detail_has_members(iface, iface_type(iface, i));
        types += counts;
        members += counts ? iface_type(iface, i)->member_count : 0;
    }
    fprintf(out, "\t.balign 4\n.Ldetails:\n\t.long %u, %u, %u, 0\n", digests, types, members);
    emit_digests(out, iface);
    emit_detail_types(out, iface);
    emit_detail_members(out, iface);
    emit_detail_names(out, iface);
}

static void emit_table_op(FILE *out, const struct far_op *op, uint32_t index)
{
    uint32_t fails = op->flags & FAR_OP_HAS_FAILS;
    fprintf(out, "\t.quad 0x%016" PRIx64 ", 0x%016" PRIx64 "\n\t.long .Lname%u - .Ltable, %u\n", op->fingerprint,
            fails ? (uint64_t)op->fails : 0, index, fails ? FAR_IMPORT_HAS_FAILS : 0);
}

static void emit_table(FILE *out, const struct far_iface *iface)
{
    const char *service = iface_string(iface, iface->service);
    fprintf(out, "\t.section %s,\"a\",@progbits\n\t.balign 8\n.Ltable:\n", FAR_IMPORT_SECTION);
    fprintf(out, "\t.ascii \"%s\"\n\t.long %d, .Ltable_end - .Ltable\n", FAR_IMPORT_MAGIC, FAR_IMPORT_VERSION);
    fprintf(out, "\t.ascii \"%s\"\n\t.zero %zu\n", service, FAR_IMPORT_SERVICE - strlen(service));
    fprintf(out, "\t.short %u, %u\n\t.long %u\n\t.quad 0x%016" PRIx64 "\n", iface->major, iface->minor,
            iface->ops.count, iface->fingerprint);
    fprintf(out, "\t.long %s, 0\n", has_details(iface) ? ".Ldetails - .Ltable" : "0");
    for (uint32_t i = 0; i < iface->ops.count; i++)
        emit_table_op(out, iface_op(iface, i), i);
    for (uint32_t i = 0; i < iface->ops.count; i++)
        fprintf(out, ".Lname%u:\t.asciz \"%s\"\n", i, iface_string(iface, iface_op(iface, i)->name));
    if (has_details(iface))
        emit_details(out, iface);
    fprintf(out, "\t.balign 8\n.Ltable_end:\n");
}

/* struct far_import (record: struct far_import_queued), and room for the stub addresses that it points to. */
static void emit_state(FILE *out, const struct far_iface *iface, bool record)
{
    fprintf(out,
            "\n\t.data\n\t.balign 8\n.Limport:\n"
            "\t.quad .Ltable\n"
            "\t.zero 24\n"
            "\t.quad .Lstubs\n%s",
            record ? "\t.quad .Lrecord\n" : "");
    fprintf(out, "\n\t.bss\n\t.balign 8\n.Lstubs:\n\t.zero %zu\n", (size_t)iface->ops.count * sizeof(uint64_t));
}

static const struct implib_machine *const machines[] = {&implib_x86_64, &implib_aarch64};

const struct implib_machine *implib_machine_for(uint32_t elf_machine)
{
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        if (machines[i]->elf_machine == elf_machine)
            return machines[i];
    }
    return NULL;
}

/*
 * An operation's resolver. It may run before the program is relocated, so it reaches far_resolve through the library's
 * own GOT, which is ready by then, and never through a PLT that might want to be bound lazily.
 */
static void emit_resolver(FILE *out, const struct implib_machine *machine, const char *name, uint32_t index, bool weak)
{
    fprintf(out, "\n\t.%s %s\n\t.type %s, @gnu_indirect_function\n\t.balign 16\n%s:\n", weak ? "weak" : "globl", name,
            name, name);
    machine->emit_resolver_body(out, index);
    fprintf(out, "\t.size %s, . - %s\n", name, name);
}

static void emit_constructor(FILE *out, const struct implib_machine *machine)
{
    fprintf(out,
            "\n\t.type .Lconstructor, @function\n\t.balign 16\n.Lconstructor:\n%s"
            "\n\t.section .init_array,\"aw\",@init_array\n\t.balign 8\n"
            "\t.quad .Lconstructor\n",
            machine->constructor_body);
}

/* What the linker wants to know: no executable stack; where indirect branches land and how functions return. */
static void emit_properties(FILE *out, const struct implib_machine *machine)
{
    fprintf(out,
            "\n\t.section .note.GNU-stack,\"\",@progbits\n"
            "\t.section .note.gnu.property,\"a\",@note\n\t.balign 8\n"
            "\t.long 4, 16, 5\n\t.asciz \"GNU\"\n"
            "\t.long 0x%x, 4, %u, 0\n",
            machine->property, machine->property_value);
}

/* NAME_async, NAME_queued: the same parameters, another result. */
static void emit_entry(FILE *out, const struct implib_machine *machine, const char *name, const char *how,
                       uint32_t index)
{
    char symbol[NAME_LIMIT], entry[16];
    snprintf(symbol, sizeof symbol, "%s_%s", name, how);
    snprintf(entry, sizeof entry, "far_%s", how);
    fprintf(out, "\n\t.globl %s\n\t.type %s, @function\n\t.balign 16\n%s:\n", symbol, symbol, symbol);
    machine->emit_entry_body(out, entry, index);
    fprintf(out, "\t.size %s, . - %s\n", symbol, symbol);
}

/* Not in the place of a library that knows nothing of it. */
static void emit_entries(FILE *out, const struct far_iface *iface, const struct implib_machine *machine, uint32_t index)
{
    const struct far_op *op = iface_op(iface, index);
    const char *name = iface_string(iface, op->name);
    if (op->flags & FAR_OP_ASYNC)
        emit_entry(out, machine, name, "async", index);
    if (op->flags & FAR_OP_QUEUED)
        emit_entry(out, machine, name, "queued", index);
}

static bool has_queued(const struct far_iface *iface)
{
    for (uint32_t i = 0; i < iface->ops.count; i++)
        if (iface_op(iface, i)->flags & FAR_OP_QUEUED)
            return true;
    return false;
}

/* A call is queued without asking anybody what it looks like: the interface record goes along. */
static void emit_record(FILE *out, const struct far_iface *iface)
{
    const uint64_t *word = (const uint64_t *)(const void *)iface;
    fprintf(out, "\n\t.section .rodata,\"a\",@progbits\n\t.balign 8\n.Lrecord:\n");
    for (uint32_t i = 0; i < iface->size / sizeof *word; i++)
        fprintf(out, "%s0x%" PRIx64 "%s", i % 4 ? ", " : "\t.quad ", word[i],
                i % 4 == 3 || i + 1 == iface->size / sizeof *word ? "\n" : "");
}

/* A function of the library's own stands in an operation's place: what it may call instead of that name. */
static void emit_covered_operation(FILE *out, const struct implib_machine *machine, const char *name, uint32_t index)
{
    char covered[NAME_LIMIT];
    snprintf(covered, sizeof covered, "far_operation_%s", name);
    emit_resolver(out, machine, covered, index, false);
    fprintf(out, "\t.hidden %s\n", covered);
}

static void emit_operation(FILE *out, const struct far_iface *iface, const struct implib_like *like,
                           const struct implib_with *with, uint32_t index)
{
    const struct implib_machine *machine = implib_machine_for(iface->machine);
    const struct original_symbol *symbol = like ? like_of_op(like, index) : NULL;
    const char *name = iface_string(iface, iface_op(iface, index)->name);
    if (implib_with_has(with, name)) {
        emit_covered_operation(out, machine, name, index);
        return;
    }
    /* Programs ask by dlsym() what a library can do: what neither the library nor the service has must not be found. */
    if (like && !symbol && iface_op(iface, index)->flags & FAR_OP_ABSENT)
        return;
    emit_resolver(out, machine, name, index, symbol && symbol->weak);
    if (symbol)
        like_emit_version(out, like, symbol, name);
}

void implib_emit(FILE *out, const struct far_iface *iface, const struct implib_like *like,
                 const struct implib_with *with)
{
    const struct implib_machine *machine = implib_machine_for(iface->machine);

    fprintf(out, "# The import library of service %s %u.%u, made by far implib.\n\n",
            iface_string(iface, iface->service), iface->major, iface->minor);
    emit_table(out, iface);
    bool queued = !like && has_queued(iface);
    if (queued)
        emit_record(out, iface);
    emit_state(out, iface, queued);
    fprintf(out, "\n\t.text\n");
    for (uint32_t i = 0; i < iface->ops.count; i++)
        emit_operation(out, iface, like, with, i);
    for (uint32_t i = 0; i < iface->ops.count && !like; i++)
        emit_entries(out, iface, machine, i);
    if (like)
        like_emit(out, like, machine);
    emit_constructor(out, machine);
    emit_properties(out, machine);
}
