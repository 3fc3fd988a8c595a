/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/implib.h"
#include "runtime/import.h"

#include <elf.h>

/* The dynamic linker keeps what it needs across a resolver in registers that any function leaves alone. */
static void emit_resolver_body(FILE *out, uint32_t index)
{
    _Static_assert(FAR_IMPORT_MAX / sizeof(struct far_import_op) <= 0xffff, "mov has 16 bits for a number");
    fprintf(out,
            "\tbti c\n"
            "\tstp x29, x30, [sp, #-16]!\n"
            "\tmov x29, sp\n"
            "\tadrp x0, .Limport\n"
            "\tadd x0, x0, :lo12:.Limport\n"
            "\tmov w1, #%u\n"
            "\tadrp x16, :got:far_resolve\n"
            "\tldr x16, [x16, :got_lo12:far_resolve]\n"
            "\tblr x16\n"
            "\tldp x29, x30, [sp], #16\n"
            "\tret\n",
            index);
}

static void emit_entry_body(FILE *out, const char *entry, uint32_t index)
{
    fprintf(out,
            "\tbti c\n"
            "\tadrp x17, .Limport\n"
            "\tadd x17, x17, :lo12:.Limport\n"
            "\tmov w9, #%u\n"
            "\tadrp x16, :got:%s\n"
            "\tldr x16, [x16, :got_lo12:%s]\n"
            "\tbr x16\n",
            index, entry, entry);
}

static void emit_refusal_body(FILE *out, size_t index)
{
    fprintf(out,
            "\tbti c\n"
            "\tadrp x0, .Limport\n"
            "\tadd x0, x0, :lo12:.Limport\n"
            "\tadrp x1, .Lrefused%zu\n"
            "\tadd x1, x1, :lo12:.Lrefused%zu\n"
            "\tadrp x16, :got:far_refuse\n"
            "\tldr x16, [x16, :got_lo12:far_refuse]\n"
            "\tbr x16\n",
            index, index);
}

const struct implib_machine implib_aarch64 = {
    .elf_machine = EM_AARCH64,
    .emit_resolver_body = emit_resolver_body,
    .emit_entry_body = emit_entry_body,
    .emit_refusal_body = emit_refusal_body,
    .constructor_body = "\tbti c\n"
                        "\tadrp x0, .Limport\n"
                        "\tadd x0, x0, :lo12:.Limport\n"
                        "\tadrp x16, :got:far_bind\n"
                        "\tldr x16, [x16, :got_lo12:far_bind]\n"
                        "\tbr x16\n",
    .property = GNU_PROPERTY_AARCH64_FEATURE_1_AND,
    .property_value = GNU_PROPERTY_AARCH64_FEATURE_1_BTI,
};
