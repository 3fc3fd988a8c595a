/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Stubs of made segments, written down a second time: what is read must not depend on what stubgen thinks. */
#ifndef FARCALL_MAKE_STUBS_H
#define FARCALL_MAKE_STUBS_H

#include "runtime/segment.h"

struct made_machine {
    uint16_t elf_machine;
    uint8_t empty;        /* the byte that an unused slot is full of */
    uint8_t function[16]; /* a function that returns 0 */
    void (*gate)(uint8_t *code, uint64_t address, uint64_t linkage);
    void (*branch)(uint8_t *code, uint64_t address, uint64_t target);
    void (*trap)(uint8_t *code, uint64_t address, uint32_t slot, uint64_t way_to_gate);
};

extern const struct made_machine made_x86_64, made_aarch64;

#endif
