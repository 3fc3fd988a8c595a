/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* One run of the user's compiler: headers are read as it reads them. */
#ifndef FARCALL_IDL_PREPROCESS_H
#define FARCALL_IDL_PREPROCESS_H

#include "idl/options.h"

/* <farcall/probe.h> of the installation that this program belongs to. */
const char *preprocess_probe(struct arena *arena);

/*
 * The preprocessed text, malloc'ed (the caller frees it, after a failure too), NUL-terminated, its length in *size; and
 * in options->facts what the compiler says of itself. dependency_file: where to write dependencies (NULL: nowhere).
 * Returns 0, or an exit code after saying what went wrong; EX_DATAERR is said by the compiler alone.
 */
int preprocess(struct options *options, struct arena *arena, const char *dependency_file, char **text, size_t *size);

#endif
