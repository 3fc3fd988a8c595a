/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/stray.h"

#include <elf.h>

#define X86_ESCAPE  0x0f /* the first byte of all that is looked for */
#define X86_LONGEST 3    /* bytes that decide */

/* A ModRM byte with a memory operand and this number in its middle field. */
static bool is_memory_form(uint8_t modrm, unsigned number)
{
    return modrm >> 6 != 3 && (modrm >> 3 & 7) == number;
}

/*
 * wrpkru is 0f 01 ef. xrstor is 0f ae /5 with a memory operand (with a register it is lfence) and loads the register of
 * protection keys among others. xrstors needs kernel mode, wrfsbase and the like do not touch it.
 */
static const char *x86_name(const uint8_t *code)
{
    if (code[1] == 0x01 && code[2] == 0xef)
        return "wrpkru";
    if (code[1] == 0xae && is_memory_form(code[2], 5))
        return "xrstor";
    return NULL;
}

#define X86_BLOCK 64

/* Whether the first two bytes of one of them start in a block. Compilers make a few vector instructions of this loop. */
static bool may_be_in_block(const uint8_t *bytes)
{
    unsigned found = 0;

    for (size_t i = 0; i < X86_BLOCK; i++)
        found |= (bytes[i] == X86_ESCAPE) & ((bytes[i + 1] == 0x01) | (bytes[i + 1] == 0xae));
    return found;
}

static bool find_x86(const uint8_t *bytes, size_t size, size_t from, struct stray *found)
{
    size_t end = size >= X86_LONGEST ? size - X86_LONGEST + 1 : 0;

    while (from < end) {
        size_t stop = end - from > X86_BLOCK ? from + X86_BLOCK : end;

        if (stop - from == X86_BLOCK && !may_be_in_block(bytes + from)) {
            from = stop;
            continue;
        }
        for (; from < stop; from++) {
            *found = (struct stray){.offset = from, .name = bytes[from] == X86_ESCAPE ? x86_name(bytes + from) : NULL};
            if (found->name)
                return true;
        }
    }
    return false;
}

/* msr por_el0, Xt (S3_3_C10_C2_4), any Xt: permission overlays, what aarch64 has for protection keys. */
#define MSR_POR_EL0      0xd51ba280u
#define MSR_POR_EL0_MASK 0xffffffe0u

static bool find_aarch64(const uint8_t *bytes, size_t size, size_t from, struct stray *found)
{
    for (size_t at = (from + 3) / 4 * 4; size >= 4 && at <= size - 4; at += 4) {
        uint32_t code = (uint32_t)bytes[at] | (uint32_t)bytes[at + 1] << 8 | (uint32_t)bytes[at + 2] << 16 |
                        (uint32_t)bytes[at + 3] << 24;
        if ((code & MSR_POR_EL0_MASK) != MSR_POR_EL0)
            continue;
        *found = (struct stray){.offset = at, .name = "msr por_el0"};
        return true;
    }
    return false;
}

bool stray_find(uint32_t elf_machine, const uint8_t *bytes, size_t size, size_t from, struct stray *found)
{
    switch (elf_machine) {
    case EM_X86_64:
        return find_x86(bytes, size, from, found);
    case EM_AARCH64:
        return find_aarch64(bytes, size, from, found);
    default:
        return false;
    }
}
