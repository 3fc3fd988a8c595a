/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* aarch64: the bits that are fixed, what the others are, and the assembly. */
#include "runtime/far/disasm.h"

#include <inttypes.h>
#include <stdio.h>

enum operand { NONE, TARGET, PAGE, NUMBER, OFFSET };

static const struct form {
    uint32_t fixed, mask;
    enum operand operand;
    const char *before, *after;
} forms[] = {
    {0xd503245f, 0xffffffff, NONE, "bti    c", ""},
    {0x14000000, 0xfc000000, TARGET, "b      ", ""},
    {0x52800010, 0xffe0001f, NUMBER, "mov    w16, #", ""},
    {0x90000010, 0x9f00001f, PAGE, "adrp   x16, ", ""},
    {0x90000011, 0x9f00001f, PAGE, "adrp   x17, ", ""},
    {0xf9400229, 0xffffffff, NONE, "ldr    x9, [x17]", ""},
    {0xf9400210, 0xffc003ff, OFFSET, "ldr    x16, [x16, #", "]"},
    {0xd61f0120, 0xffffffff, NONE, "br     x9", ""},
    {0xd61f0200, 0xffffffff, NONE, "br     x16", ""},
    {0x00000000, 0xffff0000, NUMBER, "udf    #", ""},
    {0xd503201f, 0xffffffff, NONE, "nop", ""},
    {0xd65f03c0, 0xffffffff, NONE, "ret", ""},
};

static uint64_t sign_extend(uint64_t number, unsigned bits)
{
    uint64_t sign = (uint64_t)1 << (bits - 1);
    return (number ^ sign) - sign;
}

static uint64_t operand_of(const struct form *form, uint32_t word, uint64_t address)
{
    switch (form->operand) {
    case TARGET:
        return address + 4 * sign_extend(word & 0x3ffffff, 26);
    case PAGE:
        return (address & ~(uint64_t)0xfff) + 4096 * sign_extend((word >> 5 & 0x7ffff) << 2 | (word >> 29 & 3), 21);
    case NUMBER:
        return form->mask == 0xffff0000 ? word & 0xffff : word >> 5 & 0xffff; /* udf's number is in its low half */
    case OFFSET:
        return (word >> 10 & 0xfff) * 8;
    case NONE:
        break;
    }
    return 0;
}

static struct instruction decode(const struct form *form, uint32_t word, uint64_t address)
{
    struct instruction out = {.length = 4, .has_target = form->operand == TARGET || form->operand == PAGE};
    uint64_t operand = operand_of(form, word, address);
    out.target = operand;
    if (form->operand == NONE)
        snprintf(out.text, sizeof out.text, "%s", form->before);
    else
        snprintf(out.text, sizeof out.text, out.has_target ? "%s0x%" PRIx64 "%s" : "%s%" PRIu64 "%s", form->before,
                 operand, form->after);
    return out;
}

bool disassemble_aarch64(const uint8_t *code, size_t room, uint64_t address, struct instruction *out)
{
    if (room < 4)
        return false;
    uint32_t word = (uint32_t)code[0] | (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if ((word & forms[i].mask) == forms[i].fixed) {
            *out = decode(&forms[i], word, address);
            return true;
        }
    }
    *out = (struct instruction){.length = 4};
    snprintf(out->text, sizeof out->text, ".word  0x%08" PRIx32, word);
    return true;
}
