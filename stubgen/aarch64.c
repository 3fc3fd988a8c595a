/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * aarch64: the four instructions of a stub, their assembly beside them, the holes filled in just below. Registers are the
 * two that any branch may change between procedures, x16 and x17, and the first of the temporaries, x9: no argument is in
 * them. The gate finds the slot number in w16 and the linkage header's address in x17.
 *
 * What is never to be executed is `udf #0`, zero bytes: no other instruction that traps is one byte repeated.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "stubgen/stubs.h"

#define WORDS     (FAR_STUB_SIZE / 4)
#define PAGE_SIZE 4096u /* what adrp counts in, whatever the size of the machine's pages */

static int put_code(uint8_t code[FAR_STUB_SIZE], const uint32_t words[WORDS])
{
    for (unsigned i = 0; i < FAR_STUB_SIZE; i++)
        code[i] = (uint8_t)(words[i / 4] >> (i % 4 * 8));
    return 0;
}

/* b: 26 bits, counting instructions. */
static int put_branch(uint32_t *word, uint64_t at, uint64_t to)
{
    int64_t distance = (int64_t)(to - at);

    if (distance % 4 || distance < -(INT64_C(1) << 27) || distance >= INT64_C(1) << 27)
        return -ERANGE;
    *word |= (uint32_t)(distance / 4) & 0x3ffffff;
    return 0;
}

/* adrp: 21 bits, counting pages; its lowest two bits stand apart. */
static int put_page(uint32_t *word, uint64_t at, uint64_t to)
{
    int64_t pages = (int64_t)(to / PAGE_SIZE) - (int64_t)(at / PAGE_SIZE);

    if (pages < -(INT64_C(1) << 20) || pages >= INT64_C(1) << 20)
        return -ERANGE;
    *word |= ((uint32_t)pages & 3) << 29 | ((uint32_t)(pages >> 2) & 0x7ffff) << 5;
    return 0;
}

static int encode_branch(uint8_t code[FAR_STUB_SIZE], uint64_t stub, uint64_t implementation)
{
    uint32_t words[WORDS] = {
        0xd503245f, /* bti c            */
        0x14000000, /* b implementation */
        0,          /* udf #0           */
        0,          /* udf #0           */
    };
    int error = put_branch(&words[1], stub + 4, implementation);

    return error ? error : put_code(code, words);
}

static int encode_trap(uint8_t code[FAR_STUB_SIZE], uint64_t stub, uint32_t slot, uint64_t way_to_gate)
{
    uint32_t words[WORDS] = {
        0xd503245f,             /* bti c          */
        0x52800010 | slot << 5, /* mov w16, #slot */
        0x14000000,             /* b way_to_gate  */
        0,                      /* udf #0         */
    };
    _Static_assert(FAR_SLOT_MAX <= 0xffff, "mov has 16 bits for a number");
    int error = slot > FAR_SLOT_MAX ? -ERANGE : put_branch(&words[2], stub + 8, way_to_gate);

    return error ? error : put_code(code, words);
}

/* Reached by direct branches only, so it needs no bti. */
static int encode_way_to_gate(uint8_t code[FAR_STUB_SIZE], uint64_t stub, uint64_t linkage)
{
    uint32_t words[WORDS] = {
        0x90000011, /* adrp x17, linkage */
        0xf9400229, /* ldr x9, [x17]     */
        0xd61f0120, /* br x9             */
        0,          /* udf #0            */
    };
    _Static_assert(FAR_LINKAGE_GATE == 0 && FAR_PART_ALIGN % PAGE_SIZE == 0, "adrp alone makes the header's address");
    int error = linkage % PAGE_SIZE ? -ERANGE : put_page(&words[0], stub, linkage);

    return error ? error : put_code(code, words);
}

static int encode_thunk(uint8_t code[FAR_STUB_SIZE], uint64_t thunk, uint64_t word)
{
    uint32_t words[WORDS] = {
        0xd503245f, /* bti c                          */
        0x90000010, /* adrp x16, word                 */
        0xf9400210, /* ldr x16, [x16, #word in page]  */
        0xd61f0200, /* br x16                         */
    };
    int error = word % 8 ? -ERANGE : put_page(&words[1], thunk + 4, word);

    words[2] |= (uint32_t)(word % PAGE_SIZE / 8) << 10;
    return error ? error : put_code(code, words);
}

static enum relocation_kind relocation_kind(uint32_t type)
{
    switch (type) {
    case R_AARCH64_ABS64:
        return RELOCATION_WORD;
    case R_AARCH64_PREL64:
    case R_AARCH64_PREL32:
    case R_AARCH64_PREL16:
    case R_AARCH64_MOVW_PREL_G0:
    case R_AARCH64_MOVW_PREL_G0_NC:
    case R_AARCH64_MOVW_PREL_G1:
    case R_AARCH64_MOVW_PREL_G1_NC:
    case R_AARCH64_MOVW_PREL_G2:
    case R_AARCH64_MOVW_PREL_G2_NC:
    case R_AARCH64_MOVW_PREL_G3:
    case R_AARCH64_LD_PREL_LO19:
    case R_AARCH64_ADR_PREL_LO21:
    case R_AARCH64_ADR_PREL_PG_HI21:
    case R_AARCH64_ADR_PREL_PG_HI21_NC:
    case R_AARCH64_ADD_ABS_LO12_NC:
    case R_AARCH64_LDST8_ABS_LO12_NC:
    case R_AARCH64_LDST16_ABS_LO12_NC:
    case R_AARCH64_LDST32_ABS_LO12_NC:
    case R_AARCH64_LDST64_ABS_LO12_NC:
    case R_AARCH64_LDST128_ABS_LO12_NC:
        return RELOCATION_DIRECT;
    case R_AARCH64_ABS32:
    case R_AARCH64_ABS16:
    case R_AARCH64_MOVW_UABS_G0:
    case R_AARCH64_MOVW_UABS_G0_NC:
    case R_AARCH64_MOVW_UABS_G1:
    case R_AARCH64_MOVW_UABS_G1_NC:
    case R_AARCH64_MOVW_UABS_G2:
    case R_AARCH64_MOVW_UABS_G2_NC:
    case R_AARCH64_MOVW_UABS_G3:
    case R_AARCH64_MOVW_SABS_G0:
    case R_AARCH64_MOVW_SABS_G1:
    case R_AARCH64_MOVW_SABS_G2:
        return RELOCATION_NARROW;
    case R_AARCH64_GLOB_DAT:
        return RELOCATION_GOT;
    case R_AARCH64_JUMP_SLOT:
        return RELOCATION_CALL;
    case R_AARCH64_RELATIVE:
        return RELOCATION_RELATIVE;
    case R_AARCH64_IRELATIVE:
        return RELOCATION_INDIRECT;
    default:
        /* All ways to a thread-local variable that objects have, then those that images have. */
        return (type >= R_AARCH64_TLSGD_ADR_PREL21 && type <= R_AARCH64_TLSLD_LDST128_DTPREL_LO12_NC) ||
                       (type >= R_AARCH64_TLS_DTPMOD && type <= R_AARCH64_TLSDESC)
                   ? RELOCATION_THREAD_LOCAL
                   : RELOCATION_OTHER;
    }
}

const struct stub_machine stub_machine_aarch64 = {
    .elf_machine = EM_AARCH64,
    .name = "aarch64",
    .multiarch = "aarch64-linux-gnu",
    .loader = "ld-linux-aarch64.so.1", /* __stack_chk_guard */
    .breakpoint = 0,
    .distance = R_AARCH64_PREL32,
    /* def_cfa sp+0; the return address is where it is: in x30; nop … */
    .unwind = {4, 0x78, 30, 1, 0x1b, 0x0c, 31, 0, 0, 0, 0, 0},
    .relocation_kind = relocation_kind,
    .encode_branch = encode_branch,
    .encode_trap = encode_trap,
    .encode_way_to_gate = encode_way_to_gate,
    .encode_thunk = encode_thunk,
};
