/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Source files as they were written, cut into tokens: comments, directives and joined lines are seen through, so that a
 * token of the preprocessed text can be found again. Only diagnostics need this; nothing of it is read before there is
 * one.
 */
#ifndef FARCALL_IDL_SOURCE_H
#define FARCALL_IDL_SOURCE_H

#include "idl/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct piece {
    const char *text; /* of an annotation's attribute: the name of its macro */
    size_t length;
    size_t begin, end; /* bytes in the text that was cut; an annotation's piece covers its whole attribute */
    uint32_t line;     /* from 1 */
    bool is_name;
    bool is_annotation;
};

struct pieces {
    struct piece *list;
    size_t count;
};

/* Lines from `physical` on call themselves `presumed` and following, of another file if one is named (#line). */
struct renumbering {
    uint32_t physical, presumed;
    const char *file; /* NULL: the file itself */
};

struct source {
    const char *name;
    const char *text; /* NULL: cannot be read */
    size_t size;
    size_t *lines; /* where each line begins, and the end of the text */
    uint32_t line_count;
    struct pieces pieces;
    struct pieces defines; /* the names after #define */
    struct renumbering *renumberings;
    size_t renumbering_count;
    struct source *next;
};

/* The source of that name from the list, read and cut into pieces when it is asked for the first time. */
struct source *source_of(struct source **list, struct arena *arena, const char *name);
/* A line without its newline; line counts from 1. NULL if there is none. */
const char *source_line(const struct source *source, uint32_t line, size_t *length);
/* The lines that a presumed line `wanted` of `file` may be, one after the other: *at counts them. 0: no more. */
uint32_t source_physical(const struct source *source, const char *file, uint32_t wanted, size_t *at);

/* Cut text[size] into pieces. Annotations are put together again if `annotations`. */
struct pieces pieces_of(struct arena *arena, const char *text, size_t size, bool annotations);

#endif
