/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * memfds. Their inodes belong to fard's uid with mode 0600, so that nobody else can reopen a descriptor with more
 * rights through /proc/self/fd. What is shared read-only is sealed: not even fard can change it afterwards.
 */
#ifndef FARCALL_MEMORY_H
#define FARCALL_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* All return 0 or a negative errno. Descriptors are close-on-exec and the caller's. */

int memory_create(const char *name, uint64_t size, int *out);
/* Neither shrinks nor grows, ever: whoever maps it can touch all of it. */
int memory_seal_size(int fd);
/* Nor is it ever written again. No writable mapping may exist. */
int memory_seal_all(int fd);
/* Without mapping it: the cheapest way to fill what needs no change. */
int memory_write(int fd, uint64_t at, const void *bytes, size_t size);
/* Zeroes, whoever has it mapped; costs no memory. */
int memory_clear(int fd, uint64_t at, uint64_t size);
int memory_create_sealed(const char *name, const void *bytes, size_t size, int *out);
/* The same inode, without the right to write. */
int memory_reopen_read_only(int fd, int *out);

/* Someone else's memfd: is it one, and can nobody change it any more? Returns 0 and its size, or -EPERM if it is not.
 */
int memory_is_immutable(int fd, uint64_t *size);

/* MAP_SHARED, at an address of the kernel's choice. */
int memory_map(int fd, size_t size, int protection, void **out);
/* All pages at once, for what will be written everywhere. Only a hint: kernels before 5.14 do not know it. */
void memory_populate(void *bytes, size_t size);
void memory_unmap(void *bytes, size_t size);

#endif
