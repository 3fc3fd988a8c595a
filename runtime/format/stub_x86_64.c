/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* x86-64: the only bytes that a stub may have; holes are 32-bit numbers. Written by stubgen/x86_64.c. */
#include "runtime/format/stub.h"

#include <elf.h>
#include <string.h>

#define INT3 0xcc
#define HOLE 4 /* bytes */

struct shape {
    enum stub_kind kind;
    uint8_t code[FAR_STUB_SIZE];
    uint8_t displacement; /* where the 32-bit displacement is; it counts from the byte after it */
    uint8_t slot;         /* where the slot number is; 0: it has none */
};

static const struct shape shapes[] = {
    {STUB_KIND_BRANCH,
     {0xf3, 0x0f, 0x1e, 0xfa,                    /* endbr64            */
      0xe9, 0, 0, 0, 0,                          /* jmp implementation */
      INT3, INT3, INT3, INT3, INT3, INT3, INT3}, /* int3 …             */
     5,
     0},
    {STUB_KIND_TRAP,
     {0xf3, 0x0f, 0x1e, 0xfa, /* endbr64         */
      0x41, 0xbb, 0, 0, 0, 0, /* mov $slot,%r11d */
      0xe9, 0, 0, 0, 0,       /* jmp way_to_gate */
      INT3},                  /* int3            */
     11,
     6},
    {STUB_KIND_GATE,
     {0x4c, 0x8d, 0x15, 0, 0, 0, 0,        /* lea linkage(%rip),%r10 */
      0x41, 0xff, 0x22,                    /* jmp *(%r10)            */
      INT3, INT3, INT3, INT3, INT3, INT3}, /* int3 …                 */
     3,
     0},
};

static uint32_t number_at(const uint8_t *code)
{
    return (uint32_t)code[0] | (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;
}

static bool fits(const struct shape *shape, const uint8_t code[FAR_STUB_SIZE])
{
    uint8_t bare[FAR_STUB_SIZE];
    memcpy(bare, code, sizeof bare);
    memset(bare + shape->displacement, 0, HOLE);
    if (shape->slot)
        memset(bare + shape->slot, 0, HOLE);
    return memcmp(bare, shape->code, sizeof bare) == 0;
}

static bool is_empty(const uint8_t code[FAR_STUB_SIZE])
{
    for (int i = 0; i < FAR_STUB_SIZE; i++) {
        if (code[i] != INT3)
            return false;
    }
    return true;
}

static struct stub_meaning read_stub(const uint8_t code[FAR_STUB_SIZE], uint64_t address)
{
    if (is_empty(code))
        return (struct stub_meaning){.kind = STUB_KIND_EMPTY};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *shape = &shapes[i];
        if (!fits(shape, code))
            continue;
        int64_t distance = (int32_t)number_at(code + shape->displacement);
        return (struct stub_meaning){.kind = shape->kind,
                                     .slot = shape->slot ? number_at(code + shape->slot) : 0,
                                     .target = address + shape->displacement + HOLE + (uint64_t)distance};
    }
    return (struct stub_meaning){.kind = STUB_KIND_UNKNOWN};
}

const struct stub_reader stub_reader_x86_64 = {EM_X86_64, "x86-64", INT3, read_stub};
