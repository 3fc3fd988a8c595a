/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Two classes of error, told apart by sign, as in dbus-broker: a negative return value is an errno that the function
 * could not deal with (the request fails with it; in the loop itself it ends fard), a positive one is a documented
 * result. FARD_REFUSED is the result "no, and *error says why in words for whoever asked".
 */
#ifndef FARCALL_FARD_ERROR_H
#define FARCALL_FARD_ERROR_H

#include "runtime/protocol.h"

#define FARD_REFUSED 1
#define FARD_PENDING 2 /* the answer comes later; whoever returns this has made sure that it does */

/* Fills *error in and returns FARD_REFUSED. code: an errno value; exit_code: from <sysexits.h>. */
int refuse(struct far_error *error, int code, int exit_code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* For what a negative result was about to say: fills in "what: strerror". Leaves an *error that has text already alone.
 */
void describe_failure(struct far_error *error, int negative_errno, const char *what);

/* One line on fard's stderr. */
void fard_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
