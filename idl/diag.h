/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Diagnostics: collected while compiling, sorted, printed once. docs/errors.md is where numbers and cures come from. */
#ifndef FARCALL_IDL_DIAG_H
#define FARCALL_IDL_DIAG_H

#include "idl/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* errors.inc is generated from docs/errors.md: X(number, NAME, title, text). */
enum fc_number {
#define X(number, NAME, title, text) FC_##NAME = number,
#include "errors.inc"
#undef X
};

/* Where something stands: what the line markers say, and where in the preprocessed text, to find the column later. */
struct place {
    const char *file;
    uint32_t line;
    uint32_t offset;
};

struct diagnostic {
    struct place place;
    enum fc_number number;
    const char *message;
    const char *advice; /* NULL: none */
};

struct diagnostics {
    struct arena *arena;
    struct diagnostic *list;
    size_t count;
    bool full; /* so many errors that the rest is not worth reading */
};

/* Add an error. `advice` may be NULL; both texts are copied. A second error of one line with the same number is
 * dropped. */
void diag_error(struct diagnostics *all, struct place place, enum fc_number number, const char *message,
                const char *advice);
/*
 * Print them in the order of the text, each with its source line and a caret. text[size] is the preprocessed text that
 * the places' offsets count in; the source lines are read from the files that the places name.
 */
void diag_print(struct diagnostics *all, FILE *out, const char *text, size_t size);

/* Explanation of FC-<number>; NULL if there is no such number. title may be NULL. */
const char *diag_explain(unsigned number, const char **title);

#endif
