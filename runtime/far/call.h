/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * far call: operations called from the command line, by what the interface record says of them.
 *
 *     call.c          the command: which operations, bound as any client binds, one after another
 *     call_literal.c  arguments as text: C literals, JSON
 *     call_make.c     parameters from them: numbers, and memory of the size that the record says
 *     call_through.c  the call itself, by libffi: a C call of the operation's stub
 *     call_show.c     what came back, as JSON
 */
#ifndef FARCALL_FAR_CALL_H
#define FARCALL_FAR_CALL_H

#include "runtime/far/record_size.h"
#include "runtime/format/json.h"
#include "runtime/iface.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALL_WHY 256 /* bytes of a message */

/* Memory that lasts as long as the command. NULL: there is no more. Zeroed. */
struct call_memory {
    struct call_piece *last;
};
void *call_take(struct call_memory *memory, size_t size);
void call_memory_free(struct call_memory *memory);

/* --- call_literal.c --- */

enum literal_kind {
    LITERAL_NULL,   /* NULL, null */
    LITERAL_NUMBER, /* 12, -3, 0x1f, 'a', true; also as `real` */
    LITERAL_REAL,   /* 1.5, 1e9, nan */
    LITERAL_TEXT,   /* "…", or an argument as it is, or a file's bytes */
    LITERAL_LIST,   /* [1, 2], and {1, 2} as C has it */
    LITERAL_RECORD, /* {"x": 1}, {.x = 1}, {x: 1} */
    LITERAL_EARLIER /* $1, $2.name: of an earlier call of this command */
};

struct literal {
    enum literal_kind kind;
    bool negative;   /* NUMBER */
    uint32_t count;  /* LIST, RECORD: entries. EARLIER: the call, from 1 */
    uint64_t number; /* NUMBER: its magnitude */
    double real;     /* NUMBER, REAL */
    char *text;      /* TEXT: the bytes, with a NUL behind. EARLIER: the parameter, or NULL for the result */
    size_t size;     /* TEXT: bytes without that NUL */
    char *name;      /* in a record: the member */
    struct literal *first, *next;
};

/* NULL, and why, if it is none; text ends with a NUL. */
struct literal *literal_parse(struct call_memory *memory, const char *text, char why[CALL_WHY]);
struct literal *literal_text(struct call_memory *memory, const char *text, size_t size);
/* The bytes of a file, at most 64 MiB; "-": of the standard input. */
struct literal *literal_file(struct call_memory *memory, const char *path, char why[CALL_WHY]);

/* --- call_make.c --- */

struct call {
    struct call_memory *memory;
    const struct far_iface *iface; /* of the binding */
    const struct far_op *op;
    const struct far_param *function;     /* the result, then the parameters */
    uint64_t word[FAR_PARAM_MAX];         /* VALUE: extended; FLOAT: its bits; pointers */
    char *object[FAR_PARAM_MAX];          /* STRUCT: the structure itself */
    struct literal *given[FAR_PARAM_MAX]; /* NULL: only comes out, or `_` */
    uint64_t result;                      /* as word */
    char *result_object;
    int error;                 /* errno as the call left it */
    const struct call *before; /* the calls that this one may refer to: the one before it first */
    uint32_t number;           /* from 1 */
    char why[CALL_WHY];
};

/* Does the command line say something for it? What only comes out is made. */
bool call_takes_argument(const struct far_value *value);
/* "key", or "parameter 2" where the header has no name. */
const char *call_name(const struct call *call, uint32_t parameter, char text[32]);
/* Fills word and object. False, and why: an argument does not fit its parameter. */
bool call_make(struct call *call, char **words, uint32_t count);
struct record_words call_words(const struct call *call);

/* --- call_through.c --- */

/* Calls the stub; result, result_object and error are filled in. False, and why: no such call can be made here. */
bool call_through(struct call *call, uint64_t stub);

/* --- call_show.c --- */

/* Does this parameter bring something back? */
bool call_comes_out(const struct far_value *value);
/* parameter: from 0; -1: the result. */
void call_show(const struct call *call, struct json *json, const char *name, int parameter);

#endif
