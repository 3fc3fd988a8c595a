/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the ways to serve a call have in common (serve.c, serve_direct.c). */
#ifndef FARCALL_HOST_SERVE_H
#define FARCALL_HOST_SERVE_H

#include "runtime/host/host.h"

/* An operation whose parameters are all in the call line: registers that no parameter uses are as they are. */
typedef uint64_t far_plain_function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

static inline uint64_t serve_read_once(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline uint64_t serve_plain_value(const struct far_plan_param *param, uint64_t word)
{
    return far_extend(word & param->mask, param->width, param->flags & FAR_VALUE_SIGNED);
}

#endif
