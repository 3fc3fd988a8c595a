/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The segment file (.seg): the one place that defines its format, for C and for assembly.
 *
 * A segment is an ELF64 ET_DYN image linked at address 0. In address order, as in Figure 1 of
 * Carter, Cox, Johnson and Zwaenepoel (1992), it is exactly FAR_LOAD_PARTS PT_LOAD headers, one a part:
 *
 *     0  fstubs   r-x   .far.fstubs                       function-shipping stubs, branch variant
 *     1  dstubs   r-x   .far.dstubs                       data-shipping stubs, branch variant
 *     2  code     r-x   .text .plt
 *     3  const    r--   .rodata .data.rel.ro .init_array .dynsym …   (bound once a node, then never written)
 *     4  linkage  rw-   .far.linkage .got .got.plt        private to each domain, read-only after binding
 *     5  data     rw-   .data .bss                        one copy a node
 *     6  heap           no PT_LOAD: from the end of data (rounded up to FAR_PART_ALIGN) to the end of the image
 *
 * Each part starts on a FAR_PART_ALIGN boundary. Not mapped, found by section name:
 *
 *     .far.iface         the interface record                       (iface.h)
 *     .far.reloc         the relocation commands                    (below)
 *     .far.traps.fstubs  trap variant of part 0, same size, same order
 *     .far.traps.dstubs  trap variant of part 1, same size, same order
 *     .note.farcall      one ELF note: name "farcall", type FAR_NOTE_TYPE, descriptor struct far_note
 *
 * Every operation has one slot and is encoded in both stub parts; registration decides in which part it lives and
 * fills its place in the other with the machine's breakpoint byte. All numbers are little-endian.
 */
#ifndef FARCALL_SEGMENT_H
#define FARCALL_SEGMENT_H

/* The address window (design section 3). ThreadSanitizer has its shadow there and leaves the first TiB to programs. */
#ifdef FARCALL_WINDOW_LOW
#define FAR_WINDOW_BEGIN 0x001000000000
#define FAR_WINDOW_END   0x009000000000
#else
#define FAR_WINDOW_BEGIN 0x300000000000
#define FAR_WINDOW_END   0x500000000000
#endif
#define FAR_GRANULE    0x200000 /* ranges are handed out in multiples of this, bytes */
#define FAR_PART_ALIGN 0x10000  /* parts of a segment start on multiples of this, bytes */

#define FAR_STUB_SIZE 16 /* bytes a stub; stub address = part base + 16 * slot */
#define FAR_SLOT_GATE 0  /* slot 0 of each stub part: the way to the gate that the trap stubs jump to */
#define FAR_SLOT_MAX  4095

/*
 * The linkage header, at the very start of the linkage part. The trap variant's slot 0 loads its address into r10
 * (x86-64) and jumps through its first word, with the slot number in r11d. Offsets in bytes.
 */
#define FAR_LINKAGE_GATE    0  /* where a trap goes: far_gate_process or another gate's entry */
#define FAR_LINKAGE_BINDING 8  /* the runtime's own word: its struct far_binding */
#define FAR_LINKAGE_BASE    16 /* address of the segment's first byte */
#define FAR_LINKAGE_UNWIND  24 /* offset of .eh_frame from the first byte, in the const part; 0: there is none */
#define FAR_LINKAGE_HEADER  32 /* size of this header; .got follows */

/* Section names. */
#define FAR_SECTION_FSTUBS  ".far.fstubs"
#define FAR_SECTION_DSTUBS  ".far.dstubs"
#define FAR_SECTION_LINKAGE ".far.linkage"
#define FAR_SECTION_NOTES   ".far.notes" /* of objects: pairs of strings, a function and why its code is not neutral */
#define FAR_NOTE_CALL       "system call in assembly" /* how a reason there starts */
#define FAR_NOTE_THREAD     "thread pointer"
#define FAR_SECTION_IFACE   ".far.iface"
#define FAR_SECTION_RELOC   ".far.reloc"
#define FAR_SECTION_TRAPS_F ".far.traps.fstubs"
#define FAR_SECTION_TRAPS_D ".far.traps.dstubs"
#define FAR_SECTION_NOTE    ".note.farcall"
/* No bytes: addresses for variables of later versions, for those that have a first value and those that have none. */
#define FAR_SECTION_ROOM_VALUED ".far.room.valued"
#define FAR_SECTION_ROOM_ZEROED ".far.room.zeroed"

/* A reference to an operation's canonical address is left by the pass and the linker as this prefix + its name. */
#define FAR_STUB_SYMBOL_PREFIX "far_stub."

#define FAR_NOTE_TYPE      1
#define FAR_NOTE_STRAY     1u /* flag: linked with --allow-wrpkru; fard refuses it unless started with the same option */
#define FAR_NOTE_FLAGS     FAR_NOTE_STRAY
#define FAR_FORMAT_VERSION 2

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/* The parts, in address order: name, right to read, write, execute in a trusted domain. */
#define FAR_PARTS(X)           \
    X(FSTUBS, fstubs, "r-x")   \
    X(DSTUBS, dstubs, "r-x")   \
    X(CODE, code, "r-x")       \
    X(CONST, const, "r--")     \
    X(LINKAGE, linkage, "rw-") \
    X(DATA, data, "rw-")       \
    X(HEAP, heap, "rw-")

enum far_part {
#define X(NAME, name, rights) FAR_PART_##NAME,
    FAR_PARTS(X)
#undef X
        FAR_PART_COUNT
};
#define FAR_LOAD_PARTS FAR_PART_HEAP /* parts that have a PT_LOAD header */

/* Where a part lies, relative to the segment's first byte (in a file) or absolute (once it has a range). Bytes. */
struct far_extent {
    uint64_t address;
    uint64_t size;
};

/* Descriptor of .note.farcall. Packed: ELF aligns notes to 4 bytes only, so its 8-byte members may lie on such. */
struct __attribute__((packed, aligned(4))) far_note {
    uint32_t format;      /* FAR_FORMAT_VERSION */
    uint32_t machine;     /* the ELF e_machine it was built for */
    uint64_t image_size;  /* bytes from the first stub to the end of the heap; a multiple of FAR_PART_ALIGN */
    uint64_t heap_size;   /* bytes of heap at the end of the image */
    uint32_t slot_count;  /* slots in use, slot 0 included; both stub parts are slot_count * FAR_STUB_SIZE long */
    uint32_t flags;       /* FAR_NOTE_STRAY */
    uint8_t build_id[32]; /* SHA-256 of the file with these 32 bytes zero */
};

/*
 * .far.reloc: a header, the commands, the strings (NUL-terminated, addressed by their offset from the start of the
 * section). A command is a struct far_reloc and `count` 8-byte words behind it. One linear pass applies the stream:
 *
 *     offset 0             struct far_reloc_header
 *     sizeof header        CHECK, REBASE, STUB, BIND     before node_end: done once a node
 *     node_end             HOST, COPY, IFUNC             before command_end: done by each domain, in its linkage
 *     command_end          strings, up to `size`
 *
 * Addresses are relative to the segment's first byte. A word that a command changes is aligned to 8 bytes, lies inside
 * const, linkage (behind its header) or data, and belongs to one command only. There is one order: commands by code,
 * those of one code by name, name2, value (REBASE, COPY: by address), none twice; words of a command by address.
 */
struct far_reloc_header {
    char magic[8];          /* "FARRELOC" */
    uint32_t version;       /* FAR_FORMAT_VERSION */
    uint32_t size;          /* bytes of the whole section */
    uint32_t command_count; /* number of struct far_reloc */
    uint32_t node_end;      /* offset of the first command that a domain applies, or command_end */
    uint32_t command_end;   /* offset of the first byte after the commands = start of strings */
    uint32_t reserved;      /* 0 */
};

/* Command, who applies it, what the fields and words mean. Fields that are not mentioned are 0. In order. */
#define FAR_RELOCS(X)                                                                                                  \
    X(CHECK, "bind",                                                                                                   \
      "name: service; name2: operation; value: fingerprint; word: major << 16 | minor; second word, if there is one: " \
      "its far_fails value")                                                                                           \
    X(REBASE, "node",                                                                                                  \
      "first word: an address, a multiple of FAR_REBASE_SPAN; bit i of word 1+j: word 64*j+i from "                    \
      "there on is relative to the segment's start and gets its base added")                                           \
    X(STUB, "node",                                                                                                    \
      "words: addresses that get that of an operation; name: operation of this segment; value: addend, an int32")      \
    X(BIND, "node", "words: addresses that get that of an operation; name: service; name2: operation; value: addend")  \
    X(HOST, "domain", "words: in linkage, get a function of the process; name: function; value: addend")               \
    X(COPY, "domain", "word: address in linkage, gets a copy of data of the process; name: object; value: its size")   \
    X(IFUNC, "domain", "words: in linkage, get what a function returns; value: its address, in code; name: or 0")

enum far_reloc_code {
    FAR_RELOC_NONE,
#define X(NAME, when, what) FAR_RELOC_##NAME,
    FAR_RELOCS(X)
#undef X
        FAR_RELOC_CODE_COUNT
};
#define FAR_RELOC_LAST_NODE FAR_RELOC_BIND /* codes up to here come before node_end */
#define FAR_REBASE_SPAN     512            /* bytes that one bitmap word of REBASE covers */
#define FAR_COPY_MAX        0x10000        /* bytes that one COPY may copy */

struct far_reloc {
    uint32_t code;  /* enum far_reloc_code */
    uint32_t count; /* number of uint64_t words that follow */
    uint32_t name;  /* string offsets; 0: none */
    uint32_t name2;
    uint64_t value;
};

_Static_assert(sizeof(struct far_note) == 64, "struct far_note is part of the file format");
_Static_assert(sizeof(struct far_reloc) == 24, "struct far_reloc is part of the file format");
_Static_assert(sizeof(struct far_reloc_header) == 32, "struct far_reloc_header is part of the file format");

/* The linkage header as C sees it. */
struct far_linkage {
    uint64_t gate;
    uint64_t binding;
    uint64_t base;
    uint64_t unwind;
};
_Static_assert(offsetof(struct far_linkage, gate) == FAR_LINKAGE_GATE, "shared with assembly");
_Static_assert(offsetof(struct far_linkage, binding) == FAR_LINKAGE_BINDING, "shared with assembly");
_Static_assert(offsetof(struct far_linkage, base) == FAR_LINKAGE_BASE, "shared with assembly");
_Static_assert(offsetof(struct far_linkage, unwind) == FAR_LINKAGE_UNWIND, "shared with assembly");
_Static_assert(sizeof(struct far_linkage) == FAR_LINKAGE_HEADER, "shared with assembly");

/*
 * A checked segment: pointers into the caller's bytes, which must outlive it and must not change (so check a private
 * copy or a sealed memfd). Filled in by segment_check(); nothing else in the project parses a .seg.
 */
struct far_segment {
    const uint8_t *bytes; /* the file */
    size_t size;
    const struct far_note *note;
    struct far_extent part[FAR_PART_COUNT]; /* addresses relative to the segment's start */
    const uint8_t *content[FAR_PART_COUNT]; /* file bytes of each part; NULL for the heap */
    size_t content_size[FAR_PART_COUNT];    /* file bytes of each part; the rest of the part is zero */
    const uint8_t *traps[2];                /* trap variants: fstubs, dstubs; slot_count * FAR_STUB_SIZE each */
    const void *iface;                      /* interface record, already checked by iface_check() */
    size_t iface_size;
    const struct far_reloc_header *reloc; /* relocation commands, each already checked */
    size_t reloc_size;
    struct far_extent init_array; /* addresses relative to the start; size 0 if there is none */
    struct far_extent fini_array;
};

/*
 * Check a whole segment file before anyone believes a byte of it: ELF structure, the parts' order, alignment, rights and
 * bounds, the note and its SHA-256, the interface record, each relocation command, slots against stub parts.
 * Returns 0 and fills *segment, or -EINVAL and a message ("what, where, what to do") in why[why_size].
 * flags: SEGMENT_SKIP_DIGEST leaves out the SHA-256 (for fuzzing the structural checks).
 */
#define SEGMENT_SKIP_DIGEST 1u
int segment_check(const void *bytes, size_t size, unsigned flags, struct far_segment *segment, char *why,
                  size_t why_size);

/* The next relocation command of a checked stream: pass NULL for the first; NULL after the last. */
const struct far_reloc *segment_next_reloc(const struct far_reloc_header *stream, const struct far_reloc *previous);
/* The first command that a domain applies, or NULL. */
const struct far_reloc *segment_first_domain_reloc(const struct far_reloc_header *stream);
/* The words behind a command: `count` of them. */
static inline const uint64_t *segment_reloc_words(const struct far_reloc *command)
{
    return (const uint64_t *)(command + 1);
}
/* A string of the stream, by a checked command's name or name2; "" for 0. */
const char *segment_reloc_string(const struct far_reloc_header *stream, uint32_t offset);
/*
 * Check a relocation stream on its own, against the parts it may touch: codes and their order, names, bounds, alignment,
 * no word in two commands. As segment_check().
 */
int segment_reloc_check(const void *stream, size_t size, const struct far_extent part[FAR_PART_COUNT], char *why,
                        size_t why_size);
/*
 * What a domain needs of a checked stream, as a stream of its own: CHECK, HOST, COPY and IFUNC. Its size does not depend
 * on how many words are relocated once a node. Returns its size in bytes; writes it unless `out` is NULL.
 */
size_t segment_domain_stream(const struct far_reloc_header *stream, void *out);

const char *far_part_name(enum far_part part);        /* "fstubs" … */
const char *far_part_rights(enum far_part part);      /* "r-x" … */
const char *far_reloc_name(enum far_reloc_code code); /* "REBASE" … or NULL */

#endif /* !__ASSEMBLER__ */
#endif
