/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What libfarcall.so and libfarcall-heap.so, which is loaded when somebody allocates, have to do with each other. */
#ifndef FARCALL_DOMAIN_API_H
#define FARCALL_DOMAIN_API_H

#include "runtime/lib/domain.h"

#include <stddef.h>

/* Of libfarcall.so: make the domain segment, if there is none yet. Calls no malloc. 0, or -errno and *error. */
int far_domain_make(struct far_error *error);

/* Of libfarcall-heap.so. As malloc and its like. */
struct far_heap_calls {
    int (*begin)(struct far_error *error);            /* before anything else; 0, or -errno and *error */
    void *(*allocate)(size_t size, size_t alignment); /* alignment: 0, or a power of two */
    void *(*resize)(void *pointer, size_t size);
    void (*release)(void *pointer);
    size_t (*usable)(const void *pointer);
};
extern const struct far_heap_calls far_heap_calls;

bool domain_memory_is_ours(const struct far_own_domain *domain);

#endif
