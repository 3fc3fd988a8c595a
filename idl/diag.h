/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Diagnostics: collected while compiling, sorted, written once, as text, JSON or SARIF. docs/errors.md is where numbers,
 * mistakes and cures come from.
 */
#ifndef FARCALL_IDL_DIAG_H
#define FARCALL_IDL_DIAG_H

#include "idl/arena.h"

#include <stdbool.h>
#include <stddef.h>
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

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

enum fixit_where { FIXIT_BEFORE, FIXIT_AFTER, FIXIT_REPLACE };

/*
 * An edit that cures: `text` goes before or after one token of the source, or takes its place. That token stands `skip`
 * tokens further on in the source than the one at `place`. If `expected` is given, it must be spelled so. An edit is
 * left out where its token did not come straight from the source, but out of a macro.
 */
struct fixit {
    struct place place;
    unsigned skip;
    enum fixit_where where;
    const char *expected;
    const char *text;
    struct fixit *next;
};

/* Something else that the reader should look at. */
struct note {
    struct place place;
    const char *message;
    struct note *next;
};

struct diagnostic {
    struct place place;
    enum severity severity;
    enum fc_number number;
    const char *message;
    const char *advice; /* NULL: none */
    struct note *notes;
    struct fixit *fixits; /* all of them together are one cure */
    size_t sequence;      /* in which order they came */
    struct diagnostic *next;
};

struct diagnostics {
    struct arena *arena;
    struct diagnostic *list; /* the latest first */
    size_t length;
    size_t count;            /* errors among them, and those that were not kept */
    size_t dropped;          /* not kept: nobody reads thousands */
    struct diagnostic spare; /* what the callers of diag_error() get for one that was not kept */
};

/*
 * Add an error or a warning. `advice` may be NULL; all texts are copied. The answer is there to add notes and fix-its to
 * and never NULL. What is said a second time of the same place (a header that is included twice) is dropped later.
 */
struct diagnostic *diag_error(struct diagnostics *all, struct place place, enum fc_number number, const char *message,
                              const char *advice);
struct diagnostic *diag_warning(struct diagnostics *all, struct place place, enum fc_number number, const char *message,
                                const char *advice);
void diag_note(struct diagnostics *all, struct diagnostic *to, struct place place, const char *message);
void diag_fix(struct diagnostics *all, struct diagnostic *to, struct fixit fixit);

/* --- writing (diag_text.c, diag_json.c, diag_sarif.c) --- */

enum diag_format { DIAG_TEXT, DIAG_JSON, DIAG_SARIF };
enum diag_color { DIAG_COLOR_AUTO, DIAG_COLOR_ALWAYS, DIAG_COLOR_NEVER };

struct diag_style {
    enum diag_format format;
    enum diag_color color;
    size_t limit;          /* say so many errors; 0: all */
    const char *main_file; /* what was compiled; NULL: not known */
    const char *version;   /* of the program, for SARIF; may be NULL */
    int exit_code;         /* that the program is going to have, for SARIF */
};

/*
 * Write them, in the order of files and lines. text[size] is the preprocessed text that the places' offsets count in;
 * the source lines are read from the files that the places name. Write errors show in ferror(out).
 */
void diag_write(struct diagnostics *all, const struct diag_style *style, FILE *out, const char *text, size_t size);
/* As plain text without colours, with the limit that is usual. */
void diag_print(struct diagnostics *all, FILE *out, const char *text, size_t size);

#define DIAG_LIMIT 50

/* --- the catalogue --- */

struct diag_entry {
    unsigned number;
    const char *name;
    const char *title;
    const char *text; /* its section of docs/errors.md */
};

/* The entry of that index, in the order of numbers; NULL behind the last one. */
const struct diag_entry *diag_entry(size_t index);
const struct diag_entry *diag_find(unsigned number);
/* `faridl --explain NAME`: a number in any spelling, a name, `all`, or NULL (all). False if there is no such error. */
bool diag_explain(const char *name, FILE *out);
/* What comes nearest to a name that diag_explain() did not know; NULL: nothing does. */
const struct diag_entry *diag_nearest(const char *name);

/* The candidate that `word` most likely was meant to be; NULL if none is near. NULL ends the list. */
const char *nearest_word(const char *word, const char *const *candidates);

#endif
