/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* For tests of the host's books on handles: all of one type, if the type does not matter. */
#ifndef FARCALL_TESTSUITE_HANDLES_H
#define FARCALL_TESTSUITE_HANDLES_H

#include "runtime/host/host.h"

static inline struct handle_name named(uint64_t value)
{
    return (struct handle_name){value, 7};
}

static inline bool begins(struct host_client *client, uint64_t value, bool release)
{
    return handle_begin(client, named(value), release) == FAR_CALL_DONE;
}

static inline void ends(struct host_client *client, uint64_t value, bool release)
{
    handle_end(client, named(value), release);
}

static inline bool gives(struct host_client *client, uint64_t value)
{
    return handle_give(client, named(value)) == 0;
}

#endif
