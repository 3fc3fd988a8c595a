/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Becoming a daemon in two steps: the command returns to the shell only when the socket listens, or with the reason why
 * not. */
#ifndef FARCALL_DAEMON_H
#define FARCALL_DAEMON_H

/* Closes what was inherited beyond the standard streams, and forks. Returns 0 in the daemon, with *report for daemon_ready(); the parent waits for it and exits. Or a negative
 * errno. */
int daemon_fork(int *report);
/* Lets the parent exit with 0; from here on output goes to log_path and nothing is kept of the terminal. */
int daemon_ready(int report, const char *log_path);
/* Output goes to this file, made if it is not there: somebody has moved away what was there. 0 or a negative errno, then nothing has changed. */
int daemon_log_open(const char *log_path);

#endif
