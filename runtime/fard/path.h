/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Paths that are used again after fard has become a daemon, in another folder. */
#ifndef FARCALL_FARD_PATH_H
#define FARCALL_FARD_PATH_H

/* The same path from / on, links in it as they are; free() it. NULL: errno says why. */
char *path_from_root(const char *path);

#endif
