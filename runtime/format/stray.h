/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Stray instructions: bytes in executable memory that write the register of protection keys, wherever a jump could land.
 *
 * A gate between protection keys is the only code that may write that register; any other occurrence, also one that
 * starts in the middle of an instruction, is a way round it (ERIM, USENIX Security 2019). So farld refuses to write a
 * segment that has one, and every reader of a segment looks again.
 */
#ifndef FARCALL_FORMAT_STRAY_H
#define FARCALL_FORMAT_STRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stray {
    size_t offset;    /* of its first byte */
    const char *name; /* "wrpkru", "xrstor", "msr por_el0" */
};

/*
 * The first occurrence in bytes[from..size) of code for this ELF machine; false: there is none. Start with from = 0, go on
 * with found->offset + 1. On a machine whose instructions have a fixed size, bytes[0] is where one starts.
 */
bool stray_find(uint32_t elf_machine, const uint8_t *bytes, size_t size, size_t from, struct stray *found);

#endif
