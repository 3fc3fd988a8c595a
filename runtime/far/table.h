/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Tables for people: whole in files and pipes; on a terminal without the columns that it has no room for. */
#ifndef FARCALL_FAR_TABLE_H
#define FARCALL_FAR_TABLE_H

#include <stdio.h>

#define TABLE_COLUMNS_MAX 16u

struct table_column {
    const char *title;
    int width;      /* as printf's: negative, if it is aligned to the left; 0: the last, as long as its text is */
    unsigned spare; /* 0: always shown; otherwise the greater, the sooner it is left out */
};

struct table {
    FILE *out;
    const struct table_column *column;
    unsigned count;
    unsigned room;  /* columns of the terminal; 0: no end */
    unsigned shown; /* bits */
};

/* columns: of the terminal, 0: it is none. Prints the titles. */
void table_begin(struct table *table, FILE *out, const struct table_column *column, unsigned count, unsigned columns);
/* One text a column, those that are not shown too. */
void table_row(const struct table *table, const char *const *cell);

#endif
