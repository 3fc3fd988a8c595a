/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * LLVM bitcode as an input. farld itself reads ELF objects only: what it must know of a bitcode module (its symbols, the
 * interface record, notes) is put into an ELF object without code, a shadow, which the stages read like any other. ld.lld
 * gets the bitcode.
 *
 * Only LLVM reads bitcode, and starting it takes as long as a small link. So the reader is a module of its own,
 * FarcallBitcode.so, that is loaded when the first bitcode comes along.
 */
#ifndef FARLD_BITCODE_H
#define FARLD_BITCODE_H

#include <stddef.h>

struct bitcode_shadow {
    void *bytes; /* of an ELF object, to be freed; NULL: it could not be made */
    size_t size;
    char why[256];
};

/* The module's one function. */
#define BITCODE_READER "far_bitcode_shadow"
typedef void bitcode_reader(const void *bytes, size_t size, struct bitcode_shadow *shadow);

#endif
