/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a stub's 16 bytes do. Trap stubs of a segment run inside clients that do not trust it, so they are recognised
 * exactly, byte for byte, and anything else is refused: a machine without a reader here cannot be checked.
 */
#ifndef FARCALL_FORMAT_STUB_H
#define FARCALL_FORMAT_STUB_H

#include "runtime/segment.h"

#include <stdbool.h>

enum stub_kind {
    STUB_KIND_UNKNOWN,
    STUB_KIND_EMPTY,  /* breakpoints: no operation has this slot */
    STUB_KIND_BRANCH, /* one branch to `target` */
    STUB_KIND_TRAP,   /* takes `slot` to `target`, the way to the gate */
    STUB_KIND_GATE,   /* slot 0: jumps through the first word at `target`, the linkage header */
};

struct stub_meaning {
    enum stub_kind kind;
    uint32_t slot;
    uint64_t target;
};

struct stub_reader {
    uint32_t elf_machine;
    const char *name;   /* "x86-64" */
    uint8_t breakpoint; /* the byte that fills what is never to be executed */
    struct stub_meaning (*read)(const uint8_t code[FAR_STUB_SIZE], uint64_t address);
};

extern const struct stub_reader stub_reader_x86_64, stub_reader_aarch64;

/* NULL for a machine whose stubs this version does not know. */
const struct stub_reader *stub_reader_for(uint32_t elf_machine);

#endif
