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

/* The address window (design section 3). A sanitizer that needs another window changes it here, by the build. */
#ifndef FAR_WINDOW_BEGIN
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
#define FAR_LINKAGE_GATE     0  /* where a trap goes: far_gate_process or another gate's entry */
#define FAR_LINKAGE_BINDING  8  /* the runtime's own word: its struct far_binding */
#define FAR_LINKAGE_BASE     16 /* address of the segment's first byte */
#define FAR_LINKAGE_RESERVED 24
#define FAR_LINKAGE_HEADER   32 /* size of this header; .got follows */

/* Section names. */
#define FAR_SECTION_FSTUBS  ".far.fstubs"
#define FAR_SECTION_DSTUBS  ".far.dstubs"
#define FAR_SECTION_LINKAGE ".far.linkage"
#define FAR_SECTION_IFACE   ".far.iface"
#define FAR_SECTION_RELOC   ".far.reloc"
#define FAR_SECTION_TRAPS_F ".far.traps.fstubs"
#define FAR_SECTION_TRAPS_D ".far.traps.dstubs"
#define FAR_SECTION_NOTE    ".note.farcall"

/* A reference to an operation's canonical address is left by the pass and the linker as this prefix + its name. */
#define FAR_STUB_SYMBOL_PREFIX "far_stub."

#define FAR_NOTE_TYPE      1
#define FAR_FORMAT_VERSION 1

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
    uint32_t flags;       /* 0 */
    uint8_t build_id[32]; /* SHA-256 of the file with these 32 bytes zero */
};

/*
 * .far.reloc: a header, the commands in order of application, the strings (NUL-terminated, addressed by their offset
 * from the start of the section). One linear pass applies it. `where` is relative to the segment's first byte, a
 * multiple of 8 and inside const, linkage or data; `name` and `name2` are string offsets, 0 when unused.
 */
struct far_reloc_header {
    char magic[8];          /* "FARRELOC" */
    uint32_t version;       /* FAR_FORMAT_VERSION */
    uint32_t size;          /* bytes of the whole section */
    uint32_t command_count; /* number of struct far_reloc; bitmap words are not counted */
    uint32_t command_end;   /* offset of the first byte after the commands (and their bitmaps) = start of strings */
};

/* Command, its word, who applies it, what the fields mean. */
#define FAR_RELOCS(X)                                                                                                  \
    X(REBASE, "node", "where: first word; count bitmap words follow: bit i of word j: word 64*j+i is an address here") \
    X(BIND, "node", "where: word; name: service; name2: operation; value: addend")                                     \
    X(STUB, "node", "where: word; name: operation of this segment; value: addend")                                     \
    X(HOST, "domain", "where: word in linkage; name: function of the process; value: addend")                          \
    X(COPY, "domain", "where: bytes in linkage; name: data object of the process; value: its size")                    \
    X(CHECK, "bind", "name: service; name2: operation; value: fingerprint; count: major << 16 | minor")

enum far_reloc_code {
    FAR_RELOC_NONE,
#define X(NAME, when, what) FAR_RELOC_##NAME,
    FAR_RELOCS(X)
#undef X
        FAR_RELOC_CODE_COUNT
};

struct far_reloc {
    uint32_t code;  /* enum far_reloc_code */
    uint32_t count; /* REBASE: number of uint64_t bitmap words that follow this command */
    uint64_t where;
    uint32_t name;
    uint32_t name2;
    uint64_t value;
};

_Static_assert(sizeof(struct far_note) == 64, "struct far_note is part of the file format");
_Static_assert(sizeof(struct far_reloc) == 32, "struct far_reloc is part of the file format");
_Static_assert(sizeof(struct far_reloc_header) == 24, "struct far_reloc_header is part of the file format");

/* The linkage header as C sees it. */
struct far_linkage {
    uint64_t gate;
    uint64_t binding;
    uint64_t base;
    uint64_t reserved;
};
_Static_assert(offsetof(struct far_linkage, gate) == FAR_LINKAGE_GATE, "shared with assembly");
_Static_assert(offsetof(struct far_linkage, binding) == FAR_LINKAGE_BINDING, "shared with assembly");
_Static_assert(offsetof(struct far_linkage, base) == FAR_LINKAGE_BASE, "shared with assembly");
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

/*
 * The next relocation command of a checked segment's stream: pass NULL for the first; NULL after the last. A REBASE
 * command's bitmap words are at (const uint64_t *)(command + 1).
 */
const struct far_reloc *segment_next_reloc(const struct far_reloc_header *stream, const struct far_reloc *previous);
/* A string of the stream, by a checked command's name or name2. */
const char *segment_reloc_string(const struct far_reloc_header *stream, uint32_t offset);
/* Check a relocation stream on its own, against the parts it may touch. As segment_check(). */
int segment_reloc_check(const void *stream, size_t size, const struct far_extent part[FAR_PART_COUNT], char *why,
                        size_t why_size);

const char *far_part_name(enum far_part part);        /* "fstubs" … */
const char *far_part_rights(enum far_part part);      /* "r-x" … */
const char *far_reloc_name(enum far_reloc_code code); /* "REBASE" … or NULL */

#endif /* !__ASSEMBLER__ */
#endif
