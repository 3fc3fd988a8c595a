/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service that says what it was handed: where it lies, and what is there. None of it is neutral, so all of it traps. */
#ifndef PEEK_H
#define PEEK_H

#include <farcall/annotate.h>
#include <stddef.h>
#include <stdint.h>

far_service(peek, 1, 0);

struct cell {
    int value;
    struct cell *far_opaque next; /* where its owner says, if the service can reach that */
};

/* Where it lies for the service; 0 if the call fails. */
far_op far_fails(0) uint64_t peek_bytes(const void *far_in __sized_by(size) bytes, size_t size);
far_op far_fails(0) uint64_t peek_string(const char *far_in __null_terminated text);
far_op far_fails(0) uint64_t peek_fill(void *far_out __sized_by(size) bytes, size_t size, int value);
/* The sum of a list that starts with a cell by reference and goes on by plain pointers. */
far_op far_fails(-1) int peek_sum(const struct cell *far_in first);
/* One more in a cell of the segments that both reach. */
far_op far_fails(-1) int peek_add(struct cell *far_global cell);
/* By an address that nobody checks. */
far_op far_fails(-1) int peek_read(const void *far_opaque address);
/* Makes the second byte 1 and waits until the first one is not 0 any more, for 0.8 s at most; then the sum. */
far_op far_fails(-1) int peek_wait(char *far_inout __sized_by(size) bytes, size_t size);

#endif
