/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A record by hand of service lib, with all that a record can say: callbacks, unions with a selector, descriptors,
 * strings that come out, structures by value, lists, shared data. Entries are known by the names below.
 */
#ifndef FARCALL_MAKE_RICH_H
#define FARCALL_MAKE_RICH_H

#include "testsuite/unit/make_segment.h"

enum {
    R_VOID,
    R_CHAR,
    R_INT,
    R_UINT,
    R_ULONG,
    R_LDOUBLE,
    R_CHARS,
    R_TEXT,
    R_NAMES,
    R_BYTES,
    R_LIB,
    R_LIB_POINTER,
    R_LIB_OUT,
    R_EACH,
    R_EACH_POINTER,
    R_ANY,
    R_MARKS,
    R_STREAM,
    R_STREAM_POINTER,
    R_PAIR,
    R_ITEM,
    R_ITEM_POINTER,
    R_VECTOR,
    R_COMPLEX,
    R_TYPES
};

enum {
    V_ANY_NAME,
    V_NEXT_IN,
    V_NEXT_OUT,
    V_MSG,
    V_STATE,
    V_USER,
    V_FD,
    V_ANY,
    V_MARK,
    V_MARKS,
    V_ITEM,
    V_NEXT,
    V_STREAM,
    V_LIB,
    V_TEXT,
    R_VALUES
};

enum {
    E_AVAIL_IN,
    E_AVAIL_OUT,
    E_TAG,
    E_STREAM,
    E_POINTER,
    E_ITEM,
    E_NAMES,
    E_RESULT = E_NAMES + 3,
    E_SECOND,
    R_EXPRS
};

/* Operations, by name. */
enum { LIB_EACH, LIB_ERROR, LIB_OPEN, LIB_PAIR, LIB_PUMP, LIB_READ, LIB_WALK, LIB_WIDE };

/* Members, in the table's order. */
enum {
    M_NUMBER,
    M_NAME,
    M_NEXT_IN,
    M_AVAIL_IN,
    M_MSG = 6,
    M_TAG = 9,
    M_FD,
    M_ANY,
    M_MARKS,
    M_BITS,
    M_FIRST,
    M_NEXT = 16
};

/* A record that iface_check() accepts. */
struct made make_rich_record(void);

#endif
