/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/implib.h"

#include <elf.h>

static void emit_resolver_body(FILE *out, uint32_t index)
{
    fprintf(out,
            "\tendbr64\n"
            "\tsubq $8, %%rsp\n"
            "\tleaq .Limport(%%rip), %%rdi\n"
            "\tmovl $%u, %%esi\n"
            "\tcallq *far_resolve@GOTPCREL(%%rip)\n"
            "\taddq $8, %%rsp\n"
            "\tretq\n",
            index);
}

static void emit_entry_body(FILE *out, const char *entry, uint32_t index)
{
    fprintf(out,
            "\tendbr64\n"
            "\tleaq .Limport(%%rip), %%r10\n"
            "\tmovl $%u, %%r11d\n"
            "\tjmpq *%s@GOTPCREL(%%rip)\n",
            index, entry);
}

static void emit_refusal_body(FILE *out, size_t index)
{
    fprintf(out,
            "\tendbr64\n"
            "\tleaq .Limport(%%rip), %%rdi\n"
            "\tleaq .Lrefused%zu(%%rip), %%rsi\n"
            "\tjmpq *far_refuse@GOTPCREL(%%rip)\n",
            index);
}

const struct implib_machine implib_x86_64 = {
    .elf_machine = EM_X86_64,
    .emit_resolver_body = emit_resolver_body,
    .emit_entry_body = emit_entry_body,
    .emit_refusal_body = emit_refusal_body,
    .constructor_body = "\tendbr64\n"
                        "\tleaq .Limport(%rip), %rdi\n"
                        "\tjmpq *far_bind@GOTPCREL(%rip)\n",
    .property = GNU_PROPERTY_X86_FEATURE_1_AND,
    .property_value = GNU_PROPERTY_X86_FEATURE_1_IBT | GNU_PROPERTY_X86_FEATURE_1_SHSTK,
};
