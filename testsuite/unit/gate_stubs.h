/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Stubs written by hand for gate_service.h: slot 0 leads to the linkage header, which is one page behind it. */
#ifndef FARCALL_GATE_STUBS_H
#define FARCALL_GATE_STUBS_H

#include "runtime/segment.h"

#include <string.h>

#if defined(__x86_64__)

/* endbr64; mov $slot,%r11d; jmp slot 0; int3 */
static inline void gate_write_stub(uint8_t *stub, const uint8_t *slot0, uint32_t slot)
{
    static const uint8_t trap[FAR_STUB_SIZE] = {0xf3, 0x0f, 0x1e, 0xfa, 0x41, 0xbb, 0, 0, 0, 0, 0xe9, 0, 0, 0, 0, 0xcc};
    int32_t displacement = (int32_t)(slot0 - (stub + 15));
    memcpy(stub, trap, sizeof trap);
    memcpy(stub + 6, &slot, 4);
    memcpy(stub + 11, &displacement, 4);
}

/* lea linkage(%rip),%r10; jmp *(%r10) */
static inline void gate_write_way(uint8_t *slot0)
{
    static const uint8_t way[10] = {0x4c, 0x8d, 0x15, 0, 0, 0, 0, 0x41, 0xff, 0x22};
    int32_t displacement = 4096 - 7;
    memcpy(slot0, way, sizeof way);
    memcpy(slot0 + 3, &displacement, 4);
}

#elif defined(__aarch64__)

/* bti c; mov w16, #slot; b slot 0; udf #0 */
static inline void gate_write_stub(uint8_t *stub, const uint8_t *slot0, uint32_t slot)
{
    uint32_t trap[4] = {0xd503245f, 0x52800010 | slot << 5, 0x14000000, 0};
    trap[2] |= (uint32_t)((slot0 - (stub + 8)) / 4) & 0x3ffffff;
    memcpy(stub, trap, sizeof trap);
}

/* adrp x17, linkage; ldr x9, [x17]; br x9; udf #0 */
static inline void gate_write_way(uint8_t *slot0)
{
    static const uint32_t way[4] = {0xb0000011, 0xf9400229, 0xd61f0120, 0};
    memcpy(slot0, way, sizeof way);
}

#else
#error "gate_stubs.h: no stubs for this machine yet"
#endif

#endif
