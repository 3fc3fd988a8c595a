/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Diagnostics made ready to be written: sorted, each said once, as many as wanted, with places in the sources. */
#ifndef FARCALL_IDL_DIAG_REPORT_H
#define FARCALL_IDL_DIAG_REPORT_H

#include "idl/locate.h"

/* Bytes [column, end) of that line become `text`. */
struct edit {
    const char *file;
    uint32_t line;
    size_t column, end;
    const char *text;
    const char *line_text; /* the whole line as it is now */
    size_t line_length;
};

struct remark {
    struct location location;
    const char *message;
};

struct finding {
    const struct diagnostic *diagnostic;
    struct location location;
    const char *advice; /* the diagnostic's, or what is known here of its line */
    size_t file_rank;
    struct remark *remarks;
    size_t remark_count;
    struct edit *edits; /* by column */
    size_t edit_count;
};

struct report {
    struct arena *arena;
    struct finding *list;
    size_t count;
    size_t errors, warnings; /* in the list */
    size_t more;             /* errors that are not */
};

struct report report_make(const struct diagnostics *all, size_t limit, struct locator *locator);

void report_as_text(const struct report *report, const struct diag_style *style, FILE *out);
void report_as_json(const struct report *report, FILE *out);
void report_as_sarif(const struct report *report, const struct diag_style *style, FILE *out);

#endif
