/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Preprocessing moves columns. This finds the token of the source that a token of the preprocessed text came from. */
#ifndef FARCALL_IDL_COLUMN_H
#define FARCALL_IDL_COLUMN_H

#include "idl/source.h"

struct origin {
    size_t piece;    /* the source's: the token itself, or the macro that it came out of */
    bool exact;      /* the token itself stands there */
    bool macro_sure; /* not exact: the piece is certainly the macro that made it */
    unsigned cost;   /* how badly the lines agree; 0: the same tokens */
};

/*
 * `text` is a line of the preprocessed text, `source` the lines that it may have come from, both cut into pieces. Of all
 * ways to read one as the other with macros replaced, the one with the fewest macros is taken. A macro may have become
 * any number of tokens; its use is a name, or a name and an argument list. False if the source has no piece at all.
 */
bool column_find(const struct pieces *text, size_t wanted, const struct pieces *source, struct origin *origin);

#endif
