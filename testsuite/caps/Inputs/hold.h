/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service to hold rights for: something to read, something to run, something that takes its time. */
#ifndef HOLD_H
#define HOLD_H

#include <farcall/annotate.h>
#include <stddef.h>

/* clang-format off */
far_service(hold, 1, 0);

struct hold_cell {
    int value;
};

/* Where the value lies: to be followed by whoever may read. */
far_op far_data_shipped far_fails(NULL) const struct hold_cell *far_global hold_where(void);
far_op far_data_shipped far_fails(-1) int hold_get(void);
far_op far_function_shipped far_fails(-1) int hold_set(int value);
/* Adds up what the pointer leads to: it can be said by whoever may read. */
far_op far_function_shipped far_fails(-1) int hold_read(const struct hold_cell *far_global cell);
/* Returns after so many milliseconds, with a secret in the buffer. */
far_op far_function_shipped far_fails(-1) int hold_slow(int ms, char *far_out __sized_by(16) secret);
/* clang-format on */

#endif
