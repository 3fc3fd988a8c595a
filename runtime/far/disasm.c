/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/disasm.h"

#include <elf.h>
#include <stdio.h>

static struct instruction unknown_byte(uint8_t byte)
{
    struct instruction out = {.length = 1};
    snprintf(out.text, sizeof out.text, ".byte  0x%02x", byte);
    return out;
}

struct instruction disassemble(uint32_t elf_machine, const uint8_t *code, size_t room, uint64_t address)
{
    struct instruction out;
    if (elf_machine == EM_X86_64 && disassemble_x86_64(code, room, address, &out))
        return out;
    if (elf_machine == EM_AARCH64 && disassemble_aarch64(code, room, address, &out))
        return out;
    return unknown_byte(code[0]);
}
