/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Text for people: as wide as the terminal is, and whole where it goes into a file or a pipe. */
#ifndef FARCALL_FAR_TERMINAL_H
#define FARCALL_FAR_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#define TERMINAL_NARROWEST 20u

struct terminal_size {
    unsigned columns; /* 0: this is no terminal, or it does not say */
    unsigned lines;
};
/* COLUMNS counts before what the terminal says of itself, as with other programs; only where `out` is a terminal. */
struct terminal_size terminal_size(FILE *out);

/* How many columns a UTF-8 text takes. */
unsigned text_columns(const char *text);

/*
 * Prints lines of text, each broken between words to `columns`; 0: as they are. What is broken goes on below the text of
 * a line "  word   text", and below the first letter of any other.
 */
void text_wrap(FILE *out, const char *text, unsigned columns);
/* Where text that would begin at `wanted` begins on a terminal of so many columns, 0: any. */
unsigned text_hang(unsigned columns, unsigned wanted);
/* One line, made like printf's, and broken as text_wrap() does; what goes on begins at `hang`. */
void text_line(FILE *out, unsigned columns, unsigned hang, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
