/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* faridl's command line. */
#ifndef FARCALL_IDL_OPTIONS_H
#define FARCALL_IDL_OPTIONS_H

#include "idl/model.h"

struct options {
    const char *input;
    bool is_source;     /* --unit: a source that may define operations, not a header */
    const char *object; /* -o */
    const char *record; /* --record */
    enum dump dump;
    const char *compiler; /* --cc */
    const char **flags;   /* for the preprocessor, in order */
    size_t flag_count;
    bool dependencies;           /* -MD */
    const char *dependency_file; /* -MF */
    bool c23, gnu, unsigned_char;
};

/* 0: go on; otherwise an exit code plus 1, after everything was said (so 1 is "done well", for --help). */
int options_from_arguments(int argc, char **argv, struct arena *arena, struct options *options);

#endif
