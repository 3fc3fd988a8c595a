/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Stubs: the 16-byte pieces of code at which a segment is called (proposal, Figure 1; design section 4).
 *
 *     struct stub_machine   the only seam between machines: one file a machine, bytes left, assembly right
 *     stubs_encode_part     one walk over the slots of one stub part, for either variant
 *
 * Nothing here allocates, prints or knows about files. Addresses are relative to the segment's first byte.
 */
#ifndef FARCALL_STUBS_H
#define FARCALL_STUBS_H

#include <stdint.h>

#include "runtime/segment.h"

/* What a relocation asks of a word, as far as the linker of segments needs to know. */
enum relocation_kind {
    RELOCATION_OTHER,    /* in an object: PC-relative, or some way to the GOT */
    RELOCATION_WORD,     /* a 64-bit address */
    RELOCATION_GOT,      /* in an image: a word of the GOT that holds a symbol's address */
    RELOCATION_CALL,     /* in an image: a word of the GOT that only the PLT reads */
    RELOCATION_RELATIVE, /* in an image: an address inside it */
    RELOCATION_INDIRECT, /* in an image: an address that a resolver returns (IFUNC) */
    RELOCATION_THREAD_LOCAL,
    RELOCATION_DIRECT, /* in an object: PC-relative to the symbol itself, which so must be in the image */
    RELOCATION_NARROW, /* in an object: an address, or a part of one, in fewer bits than addresses have */
};

#define STUB_UNWIND_SIZE 12

struct stub_machine {
    uint16_t elf_machine;  /* EM_… */
    const char *name;      /* as far register --machine spells it: "x86-64" */
    const char *multiarch; /* Debian's directory for its libraries: "x86_64-linux-gnu" */
    const char *loader;    /* the dynamic linker's file, where compiled code uses data of it; else NULL */
    uint8_t breakpoint;    /* fills what is never to be executed */
    uint32_t distance;     /* R_…: a 32-bit distance, in an object */
    /*
     * In every instruction of a stub and of a thunk the stack is as its caller left it. In DWARF's words: alignment of code
     * and of data, register of the return address, the bytes of augmentation and how addresses are written, instructions.
     */
    uint8_t unwind[STUB_UNWIND_SIZE];
    /* By how much a PC-relative addend in code is less than the place meant, as it counts from behind the instruction. */
    uint8_t addend_lag;
    enum relocation_kind (*relocation_kind)(uint32_t type);

    /*
     * Each writes FAR_STUB_SIZE bytes, all of them, and returns 0, or -ERANGE where a displacement or a slot does not
     * fit, or an address is not aligned as the machine's instructions ask; then it has written nothing of use.
     */

    /* A stub at `stub` that is one branch to the implementation. */
    int (*encode_branch)(uint8_t code[FAR_STUB_SIZE], uint64_t stub, uint64_t implementation);
    /* A stub at `stub` that takes its slot number to the way to the gate, slot 0 of the same part. */
    int (*encode_trap)(uint8_t code[FAR_STUB_SIZE], uint64_t stub, uint32_t slot, uint64_t way_to_gate);
    /* Slot 0: jump through the first word of the linkage header, whose address it leaves in a register. */
    int (*encode_way_to_gate)(uint8_t code[FAR_STUB_SIZE], uint64_t stub, uint64_t linkage);
    /* A host function's address inside the segment: a jump through a word of the linkage. */
    int (*encode_thunk)(uint8_t code[FAR_STUB_SIZE], uint64_t thunk, uint64_t word);
};

/* NULL if stubs for this machine cannot be made; stub_machine_names() then says which can. */
const struct stub_machine *stub_machine_for_elf(uint16_t elf_machine);
const struct stub_machine *stub_machine_by_name(const char *name);
const char *stub_machine_names(void);

enum stub_variant {
    STUB_BRANCH, /* trusted: slot s is one branch to its implementation */
    STUB_TRAP,   /* untrusted: slot s goes to the gate */
};

#define STUB_NO_SLOT           UINT64_MAX       /* no operation has this slot */
#define STUB_NO_IMPLEMENTATION (UINT64_MAX - 1) /* far_absent: the gate refuses, in both variants */

struct stub_part {
    uint64_t base;                   /* address of slot 0 */
    uint64_t linkage;                /* address of the linkage header */
    uint32_t slot_count;             /* slot 0 included */
    const uint64_t *implementations; /* slot_count of them; [0] is not looked at */
};

/* Encode a whole part into code[slot_count * FAR_STUB_SIZE]. Returns 0 or -ERANGE. */
int stubs_encode_part(const struct stub_machine *machine, enum stub_variant variant, const struct stub_part *part,
                      uint8_t *code);

extern const struct stub_machine stub_machine_x86_64, stub_machine_aarch64;

#endif
