/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "testsuite/unit/make_stubs.h"

#include <elf.h>
#include <string.h>

static void put32(uint8_t *to, uint32_t value)
{
    memcpy(to, &value, sizeof value);
}

static void gate_x86_64(uint8_t *code, uint64_t address, uint64_t linkage)
{
    static const uint8_t bytes[] = {0x4c, 0x8d, 0x15, 0, 0, 0, 0, 0x41, 0xff, 0x22};
    memcpy(code, bytes, sizeof bytes);
    put32(code + 3, (uint32_t)(linkage - (address + 7)));
}

static void branch_x86_64(uint8_t *code, uint64_t address, uint64_t target)
{
    static const uint8_t bytes[] = {0xf3, 0x0f, 0x1e, 0xfa, 0xe9};
    memcpy(code, bytes, sizeof bytes);
    put32(code + 5, (uint32_t)(target - (address + 9)));
}

static void trap_x86_64(uint8_t *code, uint64_t address, uint32_t slot, uint64_t way_to_gate)
{
    static const uint8_t bytes[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x41, 0xbb, 0, 0, 0, 0, 0xe9};
    memcpy(code, bytes, sizeof bytes);
    put32(code + 6, slot);
    put32(code + 11, (uint32_t)(way_to_gate - (address + 15)));
}

const struct made_machine made_x86_64 = {
    .elf_machine = EM_X86_64,
    .empty = 0xcc,
    .function = {0x31, 0xc0, 0xc3}, /* xor %eax,%eax; ret */
    .gate = gate_x86_64,
    .branch = branch_x86_64,
    .trap = trap_x86_64,
};

/* b, from one instruction to another */
static uint32_t jump(uint64_t from, uint64_t to)
{
    return 0x14000000 | ((uint32_t)(to - from) >> 2 & 0x3ffffff);
}

static void gate_aarch64(uint8_t *code, uint64_t address, uint64_t linkage)
{
    uint32_t pages = (uint32_t)(linkage / 4096 - address / 4096);
    put32(code, 0x90000011 | (pages & 3) << 29 | (pages >> 2 & 0x7ffff) << 5); /* adrp x17, linkage */
    put32(code + 4, 0xf9400229);                                               /* ldr x9, [x17] */
    put32(code + 8, 0xd61f0120);                                               /* br x9 */
}

static void branch_aarch64(uint8_t *code, uint64_t address, uint64_t target)
{
    put32(code, 0xd503245f); /* bti c */
    put32(code + 4, jump(address + 4, target));
}

static void trap_aarch64(uint8_t *code, uint64_t address, uint32_t slot, uint64_t way_to_gate)
{
    put32(code, 0xd503245f);                 /* bti c */
    put32(code + 4, 0x52800010 | slot << 5); /* mov w16, #slot */
    put32(code + 8, jump(address + 8, way_to_gate));
}

const struct made_machine made_aarch64 = {
    .elf_machine = EM_AARCH64,
    .empty = 0,
    .function = {0, 0, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6}, /* mov w0, #0; ret */
    .gate = gate_aarch64,
    .branch = branch_aarch64,
    .trap = trap_aarch64,
};
