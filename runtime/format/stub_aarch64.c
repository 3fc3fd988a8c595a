/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* aarch64: the only four instructions that a stub may be made of. Written by stubgen/aarch64.c. */
#include "runtime/format/stub.h"

#include <elf.h>
#include <string.h>

#define WORDS (FAR_STUB_SIZE / 4)

/* The bits of an instruction that a stub's place and slot decide. */
enum hole {
    NO_HOLE = 0,
    BRANCH_HOLE = 0x03ffffff, /* b: a distance in instructions */
    PAGE_HOLE = 0x60ffffe0,   /* adrp: a distance in pages of 4 KiB, its lowest two bits apart */
    SLOT_HOLE = 0x001fffe0,   /* mov: a number of 16 bits */
};

static const struct shape {
    enum stub_kind kind;
    uint32_t words[WORDS];
    enum hole holes[WORDS];
} shapes[] = {
    {STUB_KIND_BRANCH,
     {0xd503245f, /* bti c            */
      0x14000000, /* b implementation */
      0,          /* udf #0           */
      0},         /* udf #0           */
     {NO_HOLE, BRANCH_HOLE, NO_HOLE, NO_HOLE}},
    {STUB_KIND_TRAP,
     {0xd503245f, /* bti c          */
      0x52800010, /* mov w16, #slot */
      0x14000000, /* b way_to_gate  */
      0},         /* udf #0         */
     {NO_HOLE, SLOT_HOLE, BRANCH_HOLE, NO_HOLE}},
    {STUB_KIND_GATE,
     {0x90000011, /* adrp x17, linkage */
      0xf9400229, /* ldr x9, [x17]     */
      0xd61f0120, /* br x9             */
      0},         /* udf #0            */
     {PAGE_HOLE, NO_HOLE, NO_HOLE, NO_HOLE}},
};

static void words_from(const uint8_t code[FAR_STUB_SIZE], uint32_t words[WORDS])
{
    for (int i = 0; i < WORDS; i++)
        words[i] = (uint32_t)code[4 * i] | (uint32_t)code[4 * i + 1] << 8 | (uint32_t)code[4 * i + 2] << 16 |
                   (uint32_t)code[4 * i + 3] << 24;
}

static bool fits(const struct shape *shape, const uint32_t words[WORDS])
{
    for (int i = 0; i < WORDS; i++) {
        if ((words[i] & ~(uint32_t)shape->holes[i]) != shape->words[i])
            return false;
    }
    return true;
}

/* The number of `bits` bits as a signed one. */
static uint64_t sign_extend(uint64_t number, unsigned bits)
{
    uint64_t sign = (uint64_t)1 << (bits - 1);
    return (number ^ sign) - sign;
}

static uint64_t page_target(uint32_t word, uint64_t at)
{
    uint64_t pages = (uint64_t)(word >> 5 & 0x7ffff) << 2 | (word >> 29 & 3);
    return (at & ~(uint64_t)0xfff) + sign_extend(pages, 21) * 4096;
}

static struct stub_meaning meaning_of(const struct shape *shape, const uint32_t words[WORDS], uint64_t address)
{
    struct stub_meaning meaning = {.kind = shape->kind};
    for (unsigned i = 0; i < WORDS; i++) {
        uint64_t at = address + 4 * i;
        if (shape->holes[i] == BRANCH_HOLE)
            meaning.target = at + sign_extend(words[i] & BRANCH_HOLE, 26) * 4;
        else if (shape->holes[i] == PAGE_HOLE)
            meaning.target = page_target(words[i], at);
        else if (shape->holes[i] == SLOT_HOLE)
            meaning.slot = words[i] >> 5 & 0xffff;
    }
    return meaning;
}

static struct stub_meaning read_stub(const uint8_t code[FAR_STUB_SIZE], uint64_t address)
{
    static const uint8_t empty[FAR_STUB_SIZE];
    uint32_t words[WORDS];
    if (memcmp(code, empty, sizeof empty) == 0)
        return (struct stub_meaning){.kind = STUB_KIND_EMPTY};
    words_from(code, words);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (fits(&shapes[i], words))
            return meaning_of(&shapes[i], words, address);
    }
    return (struct stub_meaning){.kind = STUB_KIND_UNKNOWN};
}

const struct stub_reader stub_reader_aarch64 = {EM_AARCH64, "aarch64", 0, read_stub};
