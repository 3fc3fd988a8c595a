/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* How libfarcall's inner functions say what went wrong: into the caller's struct far_error, never to a stream. */
#ifndef FARCALL_ERROR_H
#define FARCALL_ERROR_H

#include "runtime/protocol.h"

/* Fills in *error and returns -code, so that a step reads: return far_fail(error, EPROTO, EX_PROTOCOL, "…", …). */
int far_fail(struct far_error *error, int code, int exit, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
