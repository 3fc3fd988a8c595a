/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far implib: the import library of a service. Options, the assembly it is made of, and the link. */
#ifndef FARCALL_FAR_IMPLIB_H
#define FARCALL_FAR_IMPLIB_H

#include "runtime/far/implib_with.h"
#include "runtime/iface.h"

#include <stdbool.h>
#include <stdio.h>

struct implib_like; /* implib_like.h */

struct implib_options {
    const char *segment; /* input file, for messages */
    const char *like;    /* the library in whose place it stands; NULL: none */
    struct implib_with with;
    bool isolate; /* put it where `far run --isolate` looks */
    const char *output;
    const char *soname;
    const char *rpath;          /* NULL: none */
    const char *library_folder; /* where libfarcall.so of that machine is */
    const char *triplet;        /* of the machine, as the compiler spells it */
};

/* Bytes of the service's import table; may exceed FAR_IMPORT_MAX, and then there is no import library for it. */
size_t implib_table_size(const struct far_iface *iface);

/* What differs from machine to machine: one file each. */
struct implib_machine {
    uint32_t elf_machine;
    void (*emit_resolver_body)(FILE *out,
                               uint32_t index); /* calls far_resolve(&.Limport, index), returns what it does */
    /* goes to that function of libfarcall's with &.Limport and index; all else stays */
    void (*emit_entry_body)(FILE *out, const char *entry, uint32_t index);
    void (*emit_refusal_body)(FILE *out,
                              size_t index); /* goes to far_refuse(&.Limport, .LrefusedINDEX), whose result is its */
    const char *constructor_body;            /* goes to far_bind(&.Limport) */
    uint32_t property, property_value;       /* of .note.gnu.property */
};

extern const struct implib_machine implib_x86_64, implib_aarch64;

/* NULL for a machine that import libraries cannot be made for. */
const struct implib_machine *implib_machine_for(uint32_t elf_machine);

/* The library as assembly text, for a record of a machine that there is. Write errors show in ferror(out). like: or NULL. */
void implib_emit(FILE *out, const struct far_iface *iface, const struct implib_like *like,
                 const struct implib_with *with);

/*
 * Assemble and link `source` (its offset is at the start) into options->output; script: the linker's version script, -1 if
 * there is none. Returns an exit code, having said why.
 */
int implib_link(const struct implib_options *options, const struct implib_like *like, int source, int script);

#endif
