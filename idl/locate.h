/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* From a place in the preprocessed text to the line and columns of the source that a person wrote. */
#ifndef FARCALL_IDL_LOCATE_H
#define FARCALL_IDL_LOCATE_H

#include "idl/diag.h"
#include "idl/source.h"

struct locator {
    struct arena *arena;
    const char *text; /* preprocessed; what places' offsets count in */
    size_t size;
    const char *main_file; /* NULL: not known */
    struct source *sources;
    struct pieces line; /* the preprocessed line that was cut last */
    size_t line_begin, line_end;
};

/* Columns are bytes from 0; the end is behind the last one. */
struct location {
    const char *file;
    uint32_t line; /* as the file calls it; 0: the file as a whole */
    size_t column, end;
    const char *text; /* the source line; NULL: it cannot be had */
    size_t length;
    bool exact;                  /* the token itself stands there; otherwise a macro that it came out of, or a guess */
    const char *macro;           /* that macro's name if it is certain */
    uint32_t macro_line;         /* where the same file defines it; 0: not there */
    size_t macro_column;         /* of its name */
    const struct source *source; /* with `piece`, where to look for the tokens around it */
    size_t piece;
};

struct location locate(struct locator *locator, struct place place);
/* The token so many tokens further on (or back) in the source, in .file, .line, .column, .end and .text. False: there is none. */
bool locate_further(const struct location *from, long skip, struct location *further);

#endif
