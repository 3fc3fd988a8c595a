/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Which process a client is. Its number is enough where fard sees it; processes that fard's PID namespace does not show (fard
 * in a container, the client outside or in another) all have number 0, and are no less different for that.
 */
#ifndef FARCALL_FARD_PROCESS_H
#define FARCALL_FARD_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* The process that opened the connection, by the kernel's word. A pidfd, or -errno. */
int process_of_peer(int socket, pid_t pid);
/* Do both pidfds mean one process? Where the kernel cannot say (before Linux 6.9) by their numbers; 0 is never the same. */
bool process_same(int pidfd, pid_t pid, int other_pidfd, pid_t other_pid);

#endif
