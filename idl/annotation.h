/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The vocabulary of <farcall/annotate.h>: one list. What each word means: docs/annotations.md. */
#ifndef FARCALL_IDL_ANNOTATION_H
#define FARCALL_IDL_ANNOTATION_H

#include "idl/arena.h"
#include "idl/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a word may stand. */
#define ON_FILE      0x01u
#define ON_OPERATION 0x02u
#define ON_PARAMETER 0x04u
#define ON_RESULT    0x08u
#define ON_MEMBER    0x10u
#define ON_DATA      0x20u
#define ON_TYPE      0x40u

#define ON_VALUE (ON_PARAMETER | ON_RESULT | ON_MEMBER)

/* X(WORD, "name", prefix of its macro, takes an argument, where it may stand)
 */
#define FAR_ANNOTATIONS(X)                                               \
    X(SERVICE, "service", "far_", true, ON_FILE)                         \
    X(OP, "op", "far_", false, ON_OPERATION)                             \
    X(FUNCTION_SHIPPED, "function_shipped", "far_", false, ON_OPERATION) \
    X(DATA_SHIPPED, "data_shipped", "far_", false, ON_OPERATION)         \
    X(FAILS, "fails", "far_", true, ON_OPERATION)                        \
    X(ONEWAY, "oneway", "far_", false, ON_OPERATION)                     \
    X(ASYNC, "async", "far_", false, ON_OPERATION)                       \
    X(QUEUED, "queued", "far_", false, ON_OPERATION)                     \
    X(DEADLINE, "deadline", "far_", true, ON_OPERATION)                  \
    X(IDEMPOTENT, "idempotent", "far_", false, ON_OPERATION)             \
    X(ABSENT, "absent", "far_", false, ON_OPERATION)                     \
    X(VOUCHED, "vouched", "far_", true, ON_OPERATION)                    \
    X(IN, "in", "far_", false, ON_PARAMETER | ON_MEMBER)                 \
    X(OUT, "out", "far_", false, ON_PARAMETER | ON_MEMBER)               \
    X(INOUT, "inout", "far_", false, ON_PARAMETER | ON_MEMBER)           \
    X(COUNTED_BY, "counted_by", "__", true, ON_VALUE)                    \
    X(COUNTED_BY_OR_NULL, "counted_by_or_null", "__", true, ON_VALUE)    \
    X(SIZED_BY, "sized_by", "__", true, ON_VALUE)                        \
    X(SIZED_BY_OR_NULL, "sized_by_or_null", "__", true, ON_VALUE)        \
    X(NULL_TERMINATED, "null_terminated", "__", false, ON_VALUE)         \
    X(ELEMENTS, "elements", "far_", true, ON_VALUE)                      \
    X(NULLABLE, "nullable", "far_", false, ON_VALUE)                     \
    X(DEEP, "deep", "far_", false, ON_VALUE)                             \
    X(HANDLE, "handle", "far_", false, ON_VALUE)                         \
    X(RELEASE, "release", "far_", false, ON_PARAMETER)                   \
    X(UNLESS, "unless", "far_", true, ON_PARAMETER)                      \
    X(CALLBACK, "callback", "far_", false, ON_VALUE)                     \
    X(GLOBAL, "global", "far_", false, ON_VALUE)                         \
    X(OPAQUE, "opaque", "far_", false, ON_VALUE)                         \
    X(WITHHELD, "withheld", "far_", false, ON_PARAMETER | ON_MEMBER)     \
    X(FD, "fd", "far_", false, ON_VALUE)                                 \
    X(GRANTED, "granted", "far_", false, ON_PARAMETER | ON_MEMBER)       \
    X(LIFETIME, "lifetime", "far_", true, ON_VALUE)                      \
    X(SELECTED_BY, "selected_by", "far_", true, ON_VALUE)                \
    X(CASE, "case", "far_", true, ON_MEMBER)                             \
    X(DEFAULT, "default", "far_", false, ON_MEMBER)                      \
    X(DESCRIBES, "describes", "far_", true, ON_TYPE)                     \
    X(SHARED, "shared", "far_", true, ON_DATA)

enum annotation_word {
#define X(WORD, name, prefix, argument, where) ANNOTATION_##WORD,
    FAR_ANNOTATIONS(X)
#undef X
        ANNOTATION_COUNT
};

#define HAS(word) ((uint64_t)1 << ANNOTATION_##word)

struct annotation {
    enum annotation_word word; /* ANNOTATION_COUNT: starts with "farcall." but is
                                no word of ours */
    const char *text;          /* as carried, without "farcall." */
    const char *argument;      /* NULL: none */
    struct place place;
    struct annotation *next;
};

/* From the text of an annotate attribute; NULL if it is not one of ours. */
struct annotation *annotation_from_text(struct arena *arena, const char *text, struct place place);

/* "far_out", "__sized_by" for "out", "sized_by"; NULL for an unknown word. */
const char *annotation_macro(const char *name, size_t length);
const char *annotation_word_macro(enum annotation_word word);
unsigned annotation_where(enum annotation_word word);

/* The set of words in a list, as HAS() bits; and the first of a word. */
uint64_t annotation_set(const struct annotation *list);
const struct annotation *annotation_find(const struct annotation *list, enum annotation_word word);

#endif
