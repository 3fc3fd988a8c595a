/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A service that runs in its host whoever calls, since its code is not neutral. A client that it trusts, and which trusts it,
 * gives it memory of its domain segment as it is.
 */
#ifndef HELD_H
#define HELD_H

#include <farcall/annotate.h>
#include <stddef.h>

far_service(held, 1, 0);

struct cell {
    struct cell *far_opaque next;
    long value;
};

struct part {
    size_t size;
    unsigned char *__sized_by(size) bytes;
};
struct page {
    struct page *far_opaque next;
    long value;
};

/* clang-format off */
far_op far_fails(-1)
    int held_null(void);
far_op far_fails(-1)
    int held_in(const unsigned char *far_in __sized_by(size) bytes, size_t size);
far_op far_fails(-1)
    int held_inout(unsigned char *far_inout __sized_by(size) bytes, size_t size);

/* The first value of a list in memory that both reach; and the sum of all of them. */
far_op far_fails(-1)
    long held_list(const struct cell *far_global first);
far_op far_fails(-1)
    long held_walk(const struct cell *far_global first);

/* Memory that lies scattered: as parameters, and by pointers that nobody describes. Both add up what each begins with. */
far_op far_fails(-1)
    long held_parts(const struct part *far_in __counted_by(count) parts, int count);
far_op far_fails(-1)
    long held_follow(const void *far_opaque first);

#endif
