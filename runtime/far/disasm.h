/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A disassembler of exactly the instructions that stubs are made of; anything else comes out as `.byte` or `.word`. So
 * that `far` needs no LLVM, and so that what is shown is what the bytes are, not what stubgen meant. One file a machine.
 */
#ifndef FARCALL_FAR_DISASM_H
#define FARCALL_FAR_DISASM_H

#include "runtime/segment.h"

#include <stdbool.h>

struct instruction {
    uint8_t length;  /* bytes, at least 1 */
    bool has_target; /* it names an address: */
    uint64_t target;
    char text[48];
};

/* Decode one instruction of code[0..room), room at least 1, which lies at `address`. */
struct instruction disassemble(uint32_t elf_machine, const uint8_t *code, size_t room, uint64_t address);

/* Those of one machine. False: no instruction that a stub has; *out is not filled in. */
bool disassemble_x86_64(const uint8_t *code, size_t room, uint64_t address, struct instruction *out);
bool disassemble_aarch64(const uint8_t *code, size_t room, uint64_t address, struct instruction *out);

#endif
