/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far run --isolate: services in the place of shared libraries, for a program that was linked against those. */
#ifndef FARCALL_FAR_RUN_ISOLATE_H
#define FARCALL_FAR_RUN_ISOLATE_H

#include "runtime/far/isolate.h"

struct isolation {
    const char *name[ISOLATE_MAX]; /* as on the command line */
    struct isolated library[ISOLATE_MAX];
    size_t count, found;
};

/* The import libraries, and whether somebody serves. socket: as --socket has it, or NULL. 0, or an exit code, printed. */
int isolation_find(struct isolation *isolation, const char *socket);
/* LD_LIBRARY_PATH, then a look at the program. The rest of the environment is the program's already. As above. */
int isolation_apply(const struct isolation *isolation, const char *program);
void isolation_free(struct isolation *isolation);

#endif
