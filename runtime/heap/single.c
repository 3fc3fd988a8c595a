/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The C library's word for "this process has one thread only", by which code leaves out what makes changes atomic (the
 * counters of C++'s shared pointers). A segment's data is shared by the threads of all processes: no, never.
 */
#include <sys/single_threaded.h>

char __libc_single_threaded = 0;
