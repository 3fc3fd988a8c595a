/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far implib: the import library of a service. Options, the assembly it is made of, and the link. */
#ifndef FARCALL_FAR_IMPLIB_H
#define FARCALL_FAR_IMPLIB_H

#include "runtime/iface.h"

#include <stdio.h>

struct implib_options {
    const char *segment; /* input file, for messages */
    const char *output;
    const char *soname;
    const char *rpath;          /* NULL: none */
    const char *library_folder; /* where libfarcall.so is */
};

/* Bytes of the service's import table; may exceed FAR_IMPORT_MAX, and then there is no import library for it. */
size_t implib_table_size(const struct far_iface *iface);

/* The library as assembly text. Write errors show in ferror(out). */
void implib_emit_x86_64(FILE *out, const struct far_iface *iface);

/* Assemble and link `source` (its offset is at the start) into options->output. Returns an exit code, having said why. */
int implib_link(const struct implib_options *options, int source);

#endif
