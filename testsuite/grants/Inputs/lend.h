/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service that says what it was handed, of memory that its clients may have granted it. All of it traps. */
#ifndef LEND_H
#define LEND_H

#include <farcall/annotate.h>
#include <stddef.h>
#include <stdint.h>

far_service(lend, 1, 0);

struct cell {
    int value;
    struct cell *far_opaque next;
};

struct stream {
    const unsigned char *__sized_by(in) far_granted next_in;
    size_t in;
    unsigned char *far_out __sized_by(out) far_granted next_out;
    size_t out;
    const void *far_opaque saw_in, *far_opaque saw_out;
};

/* Where it lies for the service, whose author takes what may change; 0 if the call fails. */
far_op far_fails(0) uint64_t lend_where(const void *__sized_by(size) far_granted bytes, size_t size);
/* The same of an author who does not. */
far_op far_fails(0) uint64_t lend_copy(const void *__sized_by(size) bytes, size_t size);
far_op far_fails(0) uint64_t lend_ints(const int *__counted_by(count) far_granted numbers, size_t count);
far_op far_fails(-1) long lend_sum(const unsigned char *__sized_by(size) far_granted bytes, size_t size);
far_op far_fails(0) uint64_t lend_fill(void *far_out __sized_by(size) far_granted bytes, size_t size, int value);
/* One more in a cell that both reach. */
far_op far_fails(-1) int lend_add(struct cell *far_global far_granted cell);
/* The first value of a cell that its author expects to be the service's own. */
far_op far_fails(-1) int lend_own(const struct cell *far_global cell);
/* The sum of a list, each cell looked up before it is read: -2 if one lies elsewhere. */
far_op far_fails(-1) int lend_list(const struct cell *far_global far_granted first);
/* 1 for reading, 3 for both, 0: not granted. */
far_op far_fails(-1) int lend_look(const void *far_opaque address, size_t size);
/* Makes the second byte 1 and waits until the first one is not 0 any more, for 20 s at most; then the sum. */
far_op far_fails(-1) int lend_wait(char *far_inout __sized_by(size) far_granted bytes, size_t size);
/* Copies what fits, and moves both pointers along. */
far_op far_fails(-1) long lend_pump(struct stream *far_inout stream);
/* What is mapped at that address in the host: "r--", "rw-", or "---". */
far_op far_fails(-1) int lend_rights(const void *far_opaque address,
                                     char *far_out __null_terminated __sized_by(4) rights);

#endif
