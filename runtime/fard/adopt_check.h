/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Is what a keeper has handed back what the store says? Each of these says in words why not; NULL: nothing is wrong. What
 * they say follows "its": they are of some service's or client's.
 */
#ifndef FARCALL_ADOPT_CHECK_H
#define FARCALL_ADOPT_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The 22nd word of /proc/PID/stat: numbers of processes come again, with another start. 0: there is no such process. */
uint64_t process_started(pid_t pid);
/* That memfd, by device and inode, of that size and with fard's seals. */
const char *memory_fault(int fd, uint64_t device, uint64_t inode, uint64_t size);
/* That process, by number and start, behind the pidfd; and it lives. */
const char *process_fault(int pidfd, pid_t pid, uint64_t started);
bool process_has_ended(int pidfd);
const char *socket_fault(int fd);

#endif
