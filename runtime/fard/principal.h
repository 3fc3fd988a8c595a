/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Who is at the other end of a connection, by the kernel's word: uid and groups as they were when it connected, and the
 * executable that the process ran when the connection was taken. What the last proves, and what it does not:
 * docs/policy.md. Nothing here waits for anybody's file system but that of a path which a rule names.
 */
#ifndef FARCALL_PRINCIPAL_H
#define FARCALL_PRINCIPAL_H

#include "runtime/fard/policy.h"

/* 0 or a negative errno. That the executable is not known is no failure: who->program says why. */
int principal_from_socket(int socket, struct principal *who);
/* The same about a process of that number, as it is now. -ESRCH: there is none. */
int principal_from_pid(pid_t pid, struct principal *who);
/* A file of that name, as if it was being run. */
int principal_take_program(struct principal *who, const char *path);
void principal_end(struct principal *who);

/*
 * Compares the program with the file that has its name now: it must be the same one, and it and all folders on the way
 * to it must belong to root or `uid` and be closed to others' writing. Once for a connection.
 */
void principal_examine(struct program *program, uid_t uid);

#endif
