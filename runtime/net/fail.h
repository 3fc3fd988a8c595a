/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* How this folder says what went wrong: it is linked into fard and into clients, which have their own ways beyond it. */
#ifndef FARCALL_NET_FAIL_H
#define FARCALL_NET_FAIL_H

#include "runtime/protocol.h"

/* Fills in *error (NULL: nobody wants to know) and returns -code. */
int net_fail(struct far_error *error, int code, int exit, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What others have written ends up on terminals: a control character becomes a space. */
void net_make_printable(char *text);

#endif
