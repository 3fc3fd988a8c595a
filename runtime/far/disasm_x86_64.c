/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* x86-64: opcode bytes, what the four bytes behind them are, and the assembly. */
#include "runtime/far/disasm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum operand { NONE, TARGET, DISPLACEMENT, NUMBER };

/* Opcode bytes on the left, then what the four bytes behind them are, and the assembly before and after those. */
static const struct form {
    uint8_t opcode[4];
    uint8_t opcode_size;
    enum operand operand;
    const char *before, *after;
} forms[] = {
    {{0xf3, 0x0f, 0x1e, 0xfa}, 4, NONE, "endbr64", ""},
    {{0xe9}, 1, TARGET, "jmp    ", ""},
    {{0x41, 0xbb}, 2, NUMBER, "mov    $", ",%r11d"},
    {{0x4c, 0x8d, 0x15}, 3, DISPLACEMENT, "lea    ", "(%rip),%r10"},
    {{0x41, 0xff, 0x22}, 3, NONE, "jmp    *(%r10)", ""},
    {{0xff, 0x25}, 2, DISPLACEMENT, "jmp    *", "(%rip)"},
    {{0xcc}, 1, NONE, "int3", ""},
    {{0x90}, 1, NONE, "nop", ""},
    {{0xc3}, 1, NONE, "ret", ""},
};

static uint32_t number_at(const uint8_t *code)
{
    return (uint32_t)code[0] | (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;
}

static void print_operand(struct instruction *out, const struct form *form, uint32_t number)
{
    int64_t displacement = (int32_t)number;
    if (form->operand == TARGET)
        snprintf(out->text, sizeof out->text, "%s0x%" PRIx64 "%s", form->before, out->target, form->after);
    else if (form->operand == DISPLACEMENT)
        snprintf(out->text, sizeof out->text, "%s%s0x%" PRIx64 "%s", form->before, displacement < 0 ? "-" : "",
                 (uint64_t)(displacement < 0 ? -displacement : displacement), form->after);
    else
        snprintf(out->text, sizeof out->text, "%s0x%" PRIx32 "%s", form->before, number, form->after);
}

static bool decode(const struct form *form, const uint8_t *code, size_t room, uint64_t address, struct instruction *out)
{
    size_t length = form->opcode_size + (form->operand == NONE ? 0u : 4u);
    if (room < length || memcmp(code, form->opcode, form->opcode_size) != 0)
        return false;
    *out = (struct instruction){.length = (uint8_t)length};
    if (form->operand == NONE) {
        snprintf(out->text, sizeof out->text, "%s", form->before);
        return true;
    }
    uint32_t number = number_at(code + form->opcode_size);
    out->has_target = form->operand != NUMBER;
    out->target = address + length + (uint64_t)(int64_t)(int32_t)number;
    print_operand(out, form, number);
    return true;
}

bool disassemble_x86_64(const uint8_t *code, size_t room, uint64_t address, struct instruction *out)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (decode(&forms[i], code, room, address, out))
            return true;
    }
    return false;
}
