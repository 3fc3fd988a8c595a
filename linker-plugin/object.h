/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * An object to be linked, read where it lies: nothing is copied, and only what is asked for is looked at. Everything
 * that object_open() has accepted lies inside the file. Members of archives lie at even addresses only, hence the types.
 */
#ifndef FARLD_OBJECT_H
#define FARLD_OBJECT_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef Elf64_Ehdr unaligned_ehdr __attribute__((aligned(1)));
typedef Elf64_Shdr unaligned_shdr __attribute__((aligned(1)));
typedef Elf64_Sym unaligned_sym __attribute__((aligned(1)));
typedef Elf64_Rela unaligned_rela __attribute__((aligned(1)));
typedef uint32_t unaligned_u32 __attribute__((aligned(1)));

struct object {
    const char *name; /* for messages: "kv.o", "libz.a(deflate.o)" */
    const char *path; /* as lld names it: "dir/kv.o", "/usr/lib/libz.a(deflate.o)" */
    bool in_archive;
    bool is_shadow; /* it stands for bitcode, which lld compiles */
    bool linked;    /* lld took it */
    bool has_own;   /* it has sections of farcall's: .far.… */
    const uint8_t *bytes;
    size_t size;
    unsigned machine; /* ELF e_machine */
    const unaligned_shdr *sections;
    uint32_t section_count;
    const char *section_names;
    size_t section_names_size;
    const unaligned_sym *symbols; /* .symtab; none: no symbols */
    uint32_t symbol_count;
    uint32_t first_global;
    const char *symbol_names;
    size_t symbol_names_size;
    const unaligned_u32 *more_sections; /* sections of symbols, in objects with more than 65,279 of them; NULL: few */
    bool has_versions;                  /* some of its names may say NAME@VERSION */
    struct global **globals;            /* of the symbols from first_global on */
    uint32_t first_node;                /* graph.c: the node of section 0 */
    struct survey *survey;              /* survey.c; NULL: not made yet */
};

/* What an object's relocations lead to, without their places. */
struct survey {
    struct survey_section {
        size_t first_edge; /* among the edges */
        uint32_t edge_count;
        uint32_t relocations; /* the section that holds this one's; 0: none, or not followed */
    } *sections;
    uint32_t *edges;            /* a section of this object; with EDGE_GLOBAL: which of its globals */
    uint8_t *uses;              /* by global: how relocations use it, SURVEY_… */
    bool has_linkers_name;      /* a section has a name that only linkers give */
    bool has_other_relocations; /* of a kind that farld does not read */
};

#define EDGE_GLOBAL        0x80000000u
#define SURVEY_USED        1
#define SURVEY_USED_BEHIND 2 /* and the bytes behind it */

enum object_mistake {
    OBJECT_SOUND,
    OBJECT_OTHER_KIND, /* not a 64-bit little-endian relocatable ELF file */
    OBJECT_TRUNCATED,  /* its section table lies outside the file */
    OBJECT_DAMAGED,    /* something else does */
};

enum object_mistake object_open(struct object *object, const uint8_t *bytes, size_t size);
const char *object_section_name(const struct object *object, uint32_t section);
/* NULL: there is no section of this name. */
const unaligned_shdr *object_section(const struct object *object, const char *name);
const char *object_symbol_name(const struct object *object, uint32_t symbol);
/* The section that defines a symbol; 0: none, as it is undefined, absolute or common. */
uint32_t object_symbol_section(const struct object *object, uint32_t symbol);

#endif
