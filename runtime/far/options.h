/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A command's line, from one table: what its options are called, what they take, where that goes, and what --help says.
 * Every mistake is printed here, as `far: COMMAND: …`, and is EX_USAGE.
 */
#ifndef FARCALL_FAR_OPTIONS_H
#define FARCALL_FAR_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_kind {
    OPTION_FLAG,    /* bool: true */
    OPTION_TEXT,    /* const char *, of the command line */
    OPTION_NUMBER,  /* uint64_t from least to most */
    OPTION_SIZE,    /* the same in bytes; K, M, G may follow */
    OPTION_SECONDS, /* double from least to most, in thousandths */
    OPTION_CHOICE,  /* unsigned: which of `words` */
    OPTION_TAKE,    /* `take` is called; for lists, and whatever has words of its own */
};

struct option_row {
    const char *name;  /* --name; NULL: it has none */
    char letter;       /* -l; 0: it has none */
    const char *value; /* how --help calls its value; NULL: it takes none */
    const char *help;  /* NULL: --help does not show it */
    enum option_kind kind;
    size_t at; /* offset in the command's own structure */
    uint64_t least, most;
    const char *what;         /* what the value must be, for messages */
    const char *const *words; /* ends with NULL */
    /* -1 to go on, otherwise an exit code, printed. NULL as value: the row takes none. */
    int (*take)(void *to, const struct option_row *row, const char *value);
    void (*more)(FILE *out); /* what --help says below */
};

enum options_order {
    OPTIONS_ANYWHERE, /* between operands too, up to -- */
    OPTIONS_FIRST,    /* the first operand ends them: what follows is another program's */
    OPTIONS_OURS,     /* the same, and so does an option that is not in the table */
};

struct command_line {
    const char *name;              /* as in far NAME */
    const char *usage;             /* one line each */
    const char *about;             /* paragraphs; a line each */
    const struct option_row *rows; /* ends with a row that has neither name nor letter; --help is everybody's */
    const char *notes;             /* below the options: forms, examples, exit codes */
    enum options_order order;
    /* How many operands, and what to say if they are others. most < 0: any number. */
    int least, most;
    const char *operands;
    /* Instead of them: each operand in its place, and the option that was last before it. */
    int (*take_operand)(void *to, const struct option_row *last, const char *word);
};

struct operands {
    int count;
    char **word; /* in argv */
};

/* Returns -1 to go on, otherwise the exit code to end with. argv's order changes. operands may be NULL. */
int options_read(const struct command_line *line, int argc, char **argv, void *to, struct operands *operands);

/* "far: COMMAND: WHAT; far COMMAND --help says more" and EX_USAGE. value: what it is about, or NULL. */
int options_mistake(const struct command_line *line, const char *what, const char *value);

#define OPTION_ROW_SOCKET(type)    \
    {.name = "socket",             \
     .value = "PATH",              \
     .kind = OPTION_TEXT,          \
     .at = offsetof(type, socket), \
     .help = "fard's socket; default: $FARCALL_SOCKET, the user's, the system's"}
#define OPTION_ROW_JSON(type) \
    {.name = "json", .kind = OPTION_FLAG, .at = offsetof(type, json), .help = "print JSON, for programs"}

#endif
