/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Will a program take the libraries that it is given by LD_LIBRARY_PATH? Asked before it is started. */
#ifndef FARCALL_FAR_RUN_PROGRAM_H
#define FARCALL_FAR_RUN_PROGRAM_H

#include "runtime/far/isolate.h"

/*
 * The environment must be the program's already. Returns 0, or an exit code, having said why not. A program that may take
 * one of them later (it loads libraries, or starts others) gets a note on stderr.
 */
int run_program_check(const char *program, const struct isolated *libraries, size_t count);

#endif
