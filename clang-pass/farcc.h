/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * farcc, a drop-in clang: what clang does, plus the pass for C sources that are part of a service.
 *
 *     command.c   read the command line as clang does: sources, mode, what concerns the preprocessor
 *     farcc.c     ask faridl about each source; run clang once, or once a source and once to link
 *     confirm.c   the compiler confirms the record's layouts, while it compiles
 *     process.c   children, signals, temporary files
 *
 * Whatever farcc does not understand it leaves to clang.
 */
#ifndef FARCC_H
#define FARCC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A NULL-terminated list of arguments; the strings are not owned. */
struct list {
    const char **items;
    size_t count;
};

void list_add(struct list *list, const char *item);
void list_add_all(struct list *list, const struct list *from);
void list_free(struct list *list);
/* A new string, kept until the program ends (memory_release). */
const char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
void memory_release(void);

enum mode {
    MODE_LINK,     /* compile and link */
    MODE_OBJECT,   /* -c */
    MODE_ASSEMBLY, /* -S */
    MODE_OTHER,    /* -E, -M, -fsyntax-only, --version …: nothing is compiled, clang alone knows */
};

/* What an argument is to a command that is split into compiling and linking. */
enum role {
    ROLE_BOTH,       /* options of the compiler, the preprocessor and the driver */
    ROLE_LINK,       /* objects, archives, -l, -Wl, … */
    ROLE_SOURCE,     /* a C source */
    ROLE_OUTPUT,     /* -o and its value */
    ROLE_DEPENDENCY, /* -MF, -MT, -MQ and their values */
    ROLE_LANGUAGE,   /* -x and its value */
};

struct argument {
    const char *text;
    enum role role;
    size_t group; /* arguments of one option have the same number */
};

struct command {
    enum mode mode;
    struct argument *arguments;
    size_t count;
    size_t sources;           /* C sources among the arguments */
    size_t other_inputs;      /* inputs that are no C source and no object: assembler, C++ */
    const char *output;       /* -o, or NULL */
    bool dependencies;        /* -MD or -MMD without -MF */
    struct list preprocessor; /* for faridl: options that change what the preprocessor or the type layout gives */
};

/* Returns 0, or an exit status after a message. Response files (@FILE) are expanded. */
int command_parse(struct command *command, int argc, char **argv);
void command_free(struct command *command);

/* Run a program to its end: its exit status, 128 + signal if it was killed or we were interrupted, 69 if it is missing.
 */
int process_run(const struct list *arguments, bool verbose);
/* The same in two steps; 0 or an exit status. errors: the file that gets its messages, or NULL. */
int process_start(const struct list *arguments, bool verbose, const char *errors, pid_t *child);
int process_wait(pid_t child);
void process_catch_interruptions(void);
int process_interrupted(void); /* the signal, or 0 */

/* faridl's static assertions about one source's types, checked by a compiler of its own beside the one that compiles. */
struct confirmation {
    const char *source, *assertions;
    const char *messages; /* what that compiler says; printed only if all else went well */
    pid_t child;          /* 0: nothing runs */
};

/* start: the compiler and the options that every command gets. Returns 0 or an exit status. */
int confirmation_start(struct confirmation *confirmation, const struct list *start, const struct command *command,
                       bool verbose);
/* Wait for it. quiet: something else failed already, so that what it says is no news. */
int confirmation_end(struct confirmation *confirmation, bool quiet);

/* A temporary directory, made on first use; removed with the files named in it by workplace_clear(). */
const char *workplace_file(const char *name);
void workplace_clear(void);

#endif
