/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A service that calls are measured with; also an ordinary shared library. It needs nothing of its process, so a trusted client
 * branches to it, and it can be a domain of the pku gate.
 */
#ifndef CROSSING_H
#define CROSSING_H

#include <farcall/annotate.h>
#include <stddef.h>

far_service(crossing, 1, 0);

/* clang-format off */
far_op far_data_shipped far_async far_fails(-1)
    int crossing_null(void);
far_op far_data_shipped far_async far_fails(-1)
    int crossing_in(const unsigned char *far_in __sized_by(size) bytes, size_t size);
far_op far_data_shipped far_fails(-1)
    int crossing_inout(unsigned char *far_inout __sized_by(size) bytes, size_t size);

#endif
