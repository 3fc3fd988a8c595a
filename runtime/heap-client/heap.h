/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * libfarcall-heap.so: the allocator of a process's domain segment. mimalloc works on the segment's memory (an arena of its
 * own), the segment comes from libfarcall.so.
 *
 * Preloaded, its malloc is the program's (malloc.c), and all of mimalloc is kept to the segment. Loaded later, for
 * far_alloc, the program's own malloc stays what it is, and so does a mimalloc that the program may use: each thread then has a
 * heap of its own in the segment's arena.
 */
#ifndef FARCALL_HEAP_CLIENT_H
#define FARCALL_HEAP_CLIENT_H

#include "runtime/lib/domain_api.h"

/* Make the segment and the arena, once. `whole`: mimalloc uses nothing else from now on. 0, or -errno and *error. */
int heap_client_begin(bool whole, struct far_error *error);
/* After that. alignment: 0, or a power of two. */
void *heap_client_allocate(size_t size, size_t alignment);
/* Does it lie in the segment? */
bool heap_client_owns(const void *pointer);

#endif
