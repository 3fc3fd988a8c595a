/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The service that farcall's calls are measured with; also an ordinary shared library. */
#ifndef CROSSING_H
#define CROSSING_H

#include <farcall/annotate.h>
#include <stddef.h>

far_service(crossing, 1, 0);

struct cell {
    struct cell *far_opaque next;
    long value;
};

/* clang-format off */
/* Neutral: a trusted client branches to them. */
far_op far_data_shipped far_fails(-1)
    int crossing_null(void);
far_op far_data_shipped far_fails(-1)
    int crossing_in(const unsigned char *far_in __sized_by(size) bytes, size_t size);
far_op far_data_shipped far_fails(-1)
    int crossing_inout(unsigned char *far_inout __sized_by(size) bytes, size_t size);

/*
 * The same, but not neutral: they run in the service's host, whoever calls. A client that the service trusts, and which
 * trusts the service, gives them its memory as it is.
 */
far_op far_fails(-1)
    int crossing_held_in(const unsigned char *far_in __sized_by(size) bytes, size_t size);
far_op far_fails(-1)
    int crossing_held_inout(unsigned char *far_inout __sized_by(size) bytes, size_t size);
far_op far_fails(-1)
    int crossing_held_null(void);

/* The first value of a list in memory that both reach; and the sum of all of them. */
far_op far_fails(-1)
    long crossing_list(const struct cell *far_global first);
far_op far_fails(-1)
    long crossing_walk(const struct cell *far_global first);

#endif
