/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * farcc, a drop-in clang: what clang does, plus the pass for C sources that are part of a service.
 *
 *     command.c   read the command line as clang does: sources, mode, what concerns the preprocessor
 *     scan.c      can a source be part of a service at all? If none can, farcc becomes clang
 *     farcc.c     run clang once, or once a source and once to link
 *     compile.c   one source: clang with the pass and faridl side by side; the pass waits for the verdict
 *     source.c    sources on standard input, and with names that #include cannot write
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
    ROLE_FOREIGN,    /* one in another language: clang's alone */
    ROLE_OUTPUT,     /* -o and its value */
    ROLE_DEPENDENCY, /* -MF, -MT, -MQ and their values */
    ROLE_LANGUAGE,   /* -x and its value */
};

struct argument {
    const char *text;
    enum role role;
    size_t group;         /* arguments of one option have the same number */
    const char *language; /* of an input: what -x says of it, or NULL */
};

struct command {
    enum mode mode;
    struct argument *arguments;
    size_t count;
    size_t sources;           /* C sources and foreign ones */
    bool precompiles;         /* a header is among the inputs */
    const char *output;       /* -o, or NULL */
    bool dependencies;        /* -MD or -MMD without -MF */
    bool fixed_addresses;     /* -fno-pic and its like: only the front end can make it otherwise */
    bool debug;               /* -g */
    bool remarks;             /* -Rpass= */
    bool bitcode;             /* -emit-llvm */
    bool blind;               /* headers may come from where scan.c does not look */
    struct list directories;  /* -I and its like */
    struct list included;     /* -include */
    struct list preprocessor; /* for faridl: options that change what the preprocessor or the type layout gives */
};

/* Returns 0, or an exit status after a message. Response files (@FILE) are expanded. */
int command_parse(struct command *command, int argc, char **argv);
void command_free(struct command *command);

/*
 * Whether this source, or a header that it may include, mentions farcall; true where that cannot be told. directories:
 * all that headers may lie in; the first `own` are the user's.
 */
bool scan_for_service(const char *source, const struct list *directories, size_t own, const struct list *included);

struct child {
    const struct list *arguments;
    const char *errors;          /* the file that gets its messages, or NULL */
    int inherited;               /* a descriptor that it keeps, as number FARCC_VERDICT; -1: none */
    const struct list *settings; /* NAME=VALUE, put before our own environment; or NULL */
};

#define FARCC_VERDICT 19 /* an unlikely number in anybody's use */

/* Run a program to its end: its exit status, 128 + signal if it was killed or we were interrupted, 69 if it is missing.
 */
int process_run(const struct list *arguments, bool verbose);
/* The same in two steps; 0 or an exit status. */
int process_start(const struct child *child, bool verbose, pid_t *id);
int process_wait(pid_t child);
/* Become that program; returns only if it cannot be run: an exit status. */
int process_become(const struct list *arguments, bool verbose);
void process_catch_interruptions(void);
int process_interrupted(void); /* the signal, or 0 */

/* What main() knows. */
struct compiler {
    struct command command;
    const char *prefix; /* the installation this farcc belongs to */
    const char *clang;
    const char *previous; /* --farcall-previous; NULL: none */
    const char *errors;   /* --farcall-error: checks whose warnings are errors, or "" */
    const char *ignored;  /* --farcall-ignore: checks left out, or "" */
    bool verbose;
    struct list directories; /* all that headers may lie in */
};

/* The beginning of every command of clang's. */
void start_command(const struct compiler *compiler, struct list *clang);

/* What comes of one source. */
struct compilation {
    int status;   /* the exit status */
    bool removes; /* the compiler was content, but its results must not be used */
};

/*
 * Compile the source that is argument `at`: clang's command, complete but for the pass, runs beside faridl. Takes the list.
 */
struct compilation compile_source(const struct compiler *compiler, size_t at, struct list *clang);

/* faridl's static assertions about one source's types, checked by a compiler of its own beside the one that compiles. */
struct confirmation {
    const char *source, *assertions;
    const char *beside;   /* the folder that a copied source is from, or NULL */
    const char *messages; /* what that compiler says; printed only if all else went well */
    pid_t child;          /* 0: nothing runs */
};

/* Returns 0 or an exit status. */
int confirmation_start(struct confirmation *confirmation, const struct compiler *compiler);
/* Wait for it. quiet: something else failed already, so that what it says is no news. */
int confirmation_end(struct confirmation *confirmation, bool quiet);
void print_file(const char *path); /* to standard error */

/*
 * source.c: sources that a second reader cannot name: standard input, and names that #include has no way to write. keep_input
 * makes standard input a file that can be read again; 0 or an exit status.
 */
#define INPUT_PATH "/proc/self/fd/0"
bool is_input(const char *source); /* "-" */
int keep_input(void);
void rewind_input(void);
bool needs_copy(const char *source);
int copy_source(const char *source, const char *path);

/* A temporary directory, made on first use; removed with the files named in it by workplace_clear(). */
const char *workplace_file(const char *name);
void workplace_clear(void);

#endif
