/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Preprocessing moves columns. This finds the column that a token of the preprocessed text had in its source line. */
#ifndef FARCALL_IDL_COLUMN_H
#define FARCALL_IDL_COLUMN_H

#include <stddef.h>

struct span {
    size_t column; /* bytes, from 0 */
    size_t length;
};

/*
 * text[size] is the preprocessed text, offset the token's place in it, line[length] the source line it came from.
 * Both lines' tokens are aligned by their longest common subsequence; an annotation's attribute counts as its macro's
 * name. A token that a macro produced gets the place of the nearest token before it that did not come from a macro.
 */
struct span column_in_source(const char *text, size_t size, size_t offset, const char *line, size_t length);

#endif
