/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* faridl's command line. */
#ifndef FARCALL_IDL_OPTIONS_H
#define FARCALL_IDL_OPTIONS_H

#include "idl/facts.h"
#include "idl/model.h"

struct options {
    const char *input;
    bool is_source;         /* --unit: a source that may define operations, not a header */
    bool preprocessed;      /* --preprocessed, or the input is called *.i */
    bool all_types;         /* --all-types: dump every structure, whatever the operations reach */
    const char *object;     /* -o */
    const char *record;     /* --record */
    const char *assertions; /* --assertions */
    const char *promises;   /* --promises */
    const char *previous;   /* --previous: a file with an earlier version's record, whose slots are kept */
    enum dump dump;
    const char *compiler; /* --cc */
    const char **flags;   /* for the preprocessor, in order */
    size_t flag_count;
    bool dependencies;           /* -MD */
    const char *dependency_file; /* -MF */
    struct facts facts;          /* flags that no macro tells of; preprocess() adds what the compiler says */
    struct diag_style diagnostics;
    bool has_error_limit;         /* --error-limit was given */
    const char *diagnostics_file; /* --diagnostics-file; NULL: standard error */
};

/* 0: go on; otherwise an exit code plus 1, after everything was said (so 1 is "done well", for --help). */
int options_from_arguments(int argc, char **argv, struct arena *arena, struct options *options);
/* Where -MD writes; NULL: it was not given. */
const char *options_dependency_file(const struct options *options, struct arena *arena);

#endif
