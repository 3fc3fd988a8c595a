/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The text of an import library. Its operations are IFUNCs: the dynamic linker asks far_resolve() once where an operation's
 * stub is and writes that address into the client's GOT, so a call costs what a call of any shared library costs, plus the
 * stub. Names are C identifiers (iface_check() saw to that), so nothing needs quoting.
 */
#include "runtime/far/implib.h"
#include "runtime/import.h"

#include <inttypes.h>
#include <string.h>

size_t implib_table_size(const struct far_iface *iface)
{
    size_t size = sizeof(struct far_import_table) + (size_t)iface->ops.count * sizeof(struct far_import_op);
    for (uint32_t i = 0; i < iface->ops.count; i++)
        size += strlen(iface_string(iface, iface_op(iface, i)->name)) + 1;
    return (size + 7) / 8 * 8;
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
    for (uint32_t i = 0; i < iface->ops.count; i++)
        emit_table_op(out, iface_op(iface, i), i);
    for (uint32_t i = 0; i < iface->ops.count; i++)
        fprintf(out, ".Lname%u:\t.asciz \"%s\"\n", i, iface_string(iface, iface_op(iface, i)->name));
    fprintf(out, "\t.balign 8\n.Ltable_end:\n");
}

/* struct far_import, and room for the stub addresses that it points to. */
static void emit_state(FILE *out, const struct far_iface *iface)
{
    fprintf(out, "\n\t.data\n\t.balign 8\n.Limport:\n"
                 "\t.quad .Ltable\n"
                 "\t.zero 24\n"
                 "\t.quad .Lstubs\n");
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
static void emit_resolver(FILE *out, const struct implib_machine *machine, const char *name, uint32_t index)
{
    fprintf(out, "\n\t.globl %s\n\t.type %s, @gnu_indirect_function\n\t.balign 16\n%s:\n", name, name, name);
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

void implib_emit(FILE *out, const struct far_iface *iface)
{
    const struct implib_machine *machine = implib_machine_for(iface->machine);

    fprintf(out, "# The import library of service %s %u.%u, made by far implib.\n\n",
            iface_string(iface, iface->service), iface->major, iface->minor);
    emit_table(out, iface);
    emit_state(out, iface);
    fprintf(out, "\n\t.text\n");
    for (uint32_t i = 0; i < iface->ops.count; i++)
        emit_resolver(out, machine, iface_string(iface, iface_op(iface, i)->name), i);
    emit_constructor(out, machine);
    emit_properties(out, machine);
}
