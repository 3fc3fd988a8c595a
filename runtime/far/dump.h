/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far dump: one file a section of what is shown. Everything reads a checked segment and writes to a stream. */
#ifndef FARCALL_FAR_DUMP_H
#define FARCALL_FAR_DUMP_H

#include "runtime/far/symbols.h"
#include "runtime/iface.h"
#include "runtime/segment.h"

#include <stdbool.h>
#include <stdio.h>

/* Sections in the order they are shown: name, shown unless asked for otherwise, what it is. */
#define DUMP_SECTIONS(X)                                                                \
    X(HEADER, header, true, "format, machine, build id, sizes")                         \
    X(PARTS, parts, true, "the parts in address order, with the rights of each domain") \
    X(STUBS, stubs, true, "both stub parts, both variants, disassembled")               \
    X(SYMBOLS, symbols, false, "the functions of the code part")                        \
    X(OPERATIONS, operations, true, "signatures, shipping, parameters, fingerprints")   \
    X(DATA, data, true, "global data that domains share, if there is any")              \
    X(TYPES, types, false, "layouts of the types that operations reach")                \
    X(RELOCS, relocs, true, "relocation commands")

enum dump_section {
#define X(NAME, name, shown, what) DUMP_##NAME,
    DUMP_SECTIONS(X)
#undef X
        DUMP_SECTION_COUNT
};

struct dump_options {
    unsigned sections; /* bit mask of 1 << enum dump_section */
    bool each_word;    /* --relocs: every word of a REBASE command, not its count and range */
    bool colour;
    const char *file; /* as the user named it */
};

struct dump {
    FILE *out;
    const struct dump_options *options;
    const struct far_segment *segment; /* NULL: an interface record alone, and only its sections are shown */
    const struct far_iface *iface;
    struct symbols symbols;
};

/* The sections that a record alone has. */
#define DUMP_OF_RECORD (1u << DUMP_OPERATIONS | 1u << DUMP_TYPES | 1u << DUMP_DATA)

extern const unsigned dump_default_sections;

/* Show a checked segment, or with segment NULL a checked record alone. Write errors show in ferror(out). */
void dump_interface(const struct far_segment *segment, const struct far_iface *iface,
                    const struct dump_options *options, FILE *out);
void dump_interface_json(const struct far_segment *segment, const struct far_iface *iface,
                         const struct dump_options *options, FILE *out);

static inline void dump_segment(const struct far_segment *segment, const struct dump_options *options, FILE *out)
{
    dump_interface(segment, segment->iface, options, out);
}

static inline void dump_segment_json(const struct far_segment *segment, const struct dump_options *options, FILE *out)
{
    dump_interface_json(segment, segment->iface, options, out);
}

void dump_header(const struct dump *dump); /* dump_layout.c */
void dump_parts(const struct dump *dump);
void dump_stubs(const struct dump *dump); /* dump_stubs.c */
void dump_symbols(const struct dump *dump);
void dump_operations(const struct dump *dump); /* dump_operations.c */
void dump_data(const struct dump *dump);
void dump_types(const struct dump *dump);  /* dump_types.c */
void dump_relocs(const struct dump *dump); /* dump_relocs.c */

/* Shared by the text and the JSON form. */

/* Rights on a part in a domain that is trusted, may read, or neither; and who shares its memory. */
struct part_rights {
    const char *trusted, *read, *none, *shared;
};
extern const struct part_rights dump_part_rights[FAR_PART_COUNT];

/* Where an address of the image lies; FAR_PART_COUNT if in no part. */
enum far_part dump_part_of(const struct far_segment *segment, uint64_t address);

/* A machine's name, "x86-64", or its ELF number in words nobody needs to free. */
const char *dump_machine_name(uint32_t machine);

/* Whose names expressions and lifetimes use: a function's, or a structure's. */
struct dump_scope {
    const struct far_iface *iface;
    const struct far_param *function; /* the result, then the parameters */
    uint32_t param_count;
    const struct far_type *holder; /* of a member */
};

struct dump_scope dump_scope_of(const struct far_iface *iface, const struct far_op *op);
struct dump_scope dump_scope_of_callback(const struct far_iface *iface, const struct far_callback *callback);
struct dump_scope dump_scope_of_members(const struct far_iface *iface, const struct far_type *holder);

/* A value in words, with what it leads to: "in, string up to its NUL"; "out, *destLen bytes"; "inout, struct stream". */
#define DUMP_WORDS_SIZE 1024
void dump_value_words(const struct dump_scope *scope, const struct far_value *value, char words[DUMP_WORDS_SIZE]);
/* An expression as C writes it: "n * 8". */
void dump_expr_words(const struct dump_scope *scope, uint32_t first, uint32_t count, char words[DUMP_WORDS_SIZE]);
/* When a union's member is in use: "for 1, 2"; "" if nothing says. */
void dump_case_words(const struct far_iface *iface, const struct far_member *member, char words[DUMP_WORDS_SIZE]);
/* The value at the end of all pointers and arrays: a structure whose members say more, a callback, or nothing of note. */
const struct far_value *dump_innermost(const struct far_iface *iface, const struct far_value *value);
/* The value an operation returns when a call cannot complete, as C writes it; "" if it has none. */
#define DUMP_FAILS_SIZE 96
void dump_fails_words(const struct far_iface *iface, const struct far_op *op, char words[DUMP_FAILS_SIZE]);
/* A parameter's name, or "parameter 2" for one without; index 0-based. */
#define DUMP_NAME_SIZE 512
void dump_param_name(const struct dump_scope *scope, uint32_t index, char name[DUMP_NAME_SIZE]);
const char *dump_type_name(const struct far_iface *iface, uint32_t index);

/* Words that a command changes, and the first and last of them; 0 words leave both alone. Not for CHECK. */
uint64_t dump_words_extent(const struct far_reloc *command, uint64_t *first, uint64_t *last);
/* Calls show(where) for each word that a command changes; COPY: for the first. Not for CHECK. */
void dump_each_word(const struct far_reloc *command, void (*show)(void *context, uint64_t where), void *context);

/* Emphasis, only on terminals. */
const char *dump_bold(const struct dump *dump);
const char *dump_dim(const struct dump *dump);
const char *dump_plain(const struct dump *dump);

#endif
