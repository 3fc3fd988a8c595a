/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* x86-64: the bytes of a stub, their assembly beside them, the holes filled in just below. */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "stubgen/stubs.h"

#define INT3 0xcc

/* Store `to - after` as a signed 32-bit number, `after` being the address behind the instruction. */
static int put_displacement(uint8_t *hole, uint64_t after, uint64_t to)
{
    int64_t distance = (int64_t)(to - after);

    if (distance < INT32_MIN || distance > INT32_MAX)
        return -ERANGE;
    for (int i = 0; i < 4; i++)
        hole[i] = (uint8_t)((uint64_t)distance >> (8 * i));
    return 0;
}

static void put_number(uint8_t *hole, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        hole[i] = (uint8_t)(number >> (8 * i));
}

static int encode_branch(uint8_t code[FAR_STUB_SIZE], uint64_t stub, uint64_t implementation)
{
    static const uint8_t template[FAR_STUB_SIZE] = {
        0xf3, 0x0f, 0x1e, 0xfa,                   /* endbr64            */
        0xe9, 0,    0,    0,    0,                /* jmp implementation */
        INT3, INT3, INT3, INT3, INT3, INT3, INT3, /* int3 …             */
    };

    memcpy(code, template, FAR_STUB_SIZE);
    return put_displacement(code + 5, stub + 9, implementation);
}

static int encode_trap(uint8_t code[FAR_STUB_SIZE], uint64_t stub, uint32_t slot, uint64_t way_to_gate)
{
    static const uint8_t template[FAR_STUB_SIZE] = {
        0xf3, 0x0f, 0x1e, 0xfa,       /* endbr64          */
        0x41, 0xbb, 0,    0,    0, 0, /* mov $slot, %r11d */
        0xe9, 0,    0,    0,    0,    /* jmp way_to_gate  */
        INT3,                         /* int3             */
    };

    memcpy(code, template, FAR_STUB_SIZE);
    put_number(code + 6, slot);
    return put_displacement(code + 11, stub + 15, way_to_gate);
}

/* Reached by direct jumps only, so it needs no endbr64. */
static int encode_way_to_gate(uint8_t code[FAR_STUB_SIZE], uint64_t stub, uint64_t linkage)
{
    static const uint8_t template[FAR_STUB_SIZE] = {
        0x4c, 0x8d, 0x15, 0,    0,    0,    0, /* lea linkage(%rip), %r10 */
        0x41, 0xff, 0x22,                      /* jmp *(%r10)             */
        INT3, INT3, INT3, INT3, INT3, INT3,    /* int3 …                  */
    };
    _Static_assert(FAR_LINKAGE_GATE == 0, "jmp *(%r10) has no room for a displacement");

    memcpy(code, template, FAR_STUB_SIZE);
    return put_displacement(code + 3, stub + 7, linkage);
}

static int encode_thunk(uint8_t code[FAR_STUB_SIZE], uint64_t thunk, uint64_t word)
{
    static const uint8_t template[FAR_STUB_SIZE] = {
        0xf3, 0x0f, 0x1e, 0xfa,             /* endbr64          */
        0xff, 0x25, 0,    0,    0,    0,    /* jmp *word(%rip)  */
        INT3, INT3, INT3, INT3, INT3, INT3, /* int3 …           */
    };

    memcpy(code, template, FAR_STUB_SIZE);
    return put_displacement(code + 6, thunk + 10, word);
}

static enum relocation_kind relocation_kind(uint32_t type)
{
    switch (type) {
    case R_X86_64_64:
        return RELOCATION_WORD;
    case R_X86_64_PC32:
    case R_X86_64_PC64:
        return RELOCATION_DIRECT;
    case R_X86_64_32:
    case R_X86_64_32S:
    case R_X86_64_16:
    case R_X86_64_8:
        return RELOCATION_NARROW;
    case R_X86_64_GLOB_DAT:
        return RELOCATION_GOT;
    case R_X86_64_JUMP_SLOT:
        return RELOCATION_CALL;
    case R_X86_64_RELATIVE:
        return RELOCATION_RELATIVE;
    case R_X86_64_IRELATIVE:
        return RELOCATION_INDIRECT;
    case R_X86_64_DTPMOD64:
    case R_X86_64_DTPOFF64:
    case R_X86_64_TPOFF64:
    case R_X86_64_TLSGD:
    case R_X86_64_TLSLD:
    case R_X86_64_DTPOFF32:
    case R_X86_64_GOTTPOFF:
    case R_X86_64_TPOFF32:
    case R_X86_64_GOTPC32_TLSDESC:
    case R_X86_64_TLSDESC_CALL:
    case R_X86_64_TLSDESC:
        return RELOCATION_THREAD_LOCAL;
    default:
        return RELOCATION_OTHER;
    }
}

const struct stub_machine stub_machine_x86_64 = {
    .elf_machine = EM_X86_64,
    .name = "x86-64",
    .multiarch = "x86_64-linux-gnu",
    .breakpoint = INT3,
    .distance = R_X86_64_PC32,
    /* def_cfa rsp+8; the return address at cfa-8; nop nop */
    .unwind = {1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1, 0, 0},
    .addend_lag = 4,
    .relocation_kind = relocation_kind,
    .encode_branch = encode_branch,
    .encode_trap = encode_trap,
    .encode_way_to_gate = encode_way_to_gate,
    .encode_thunk = encode_thunk,
};
