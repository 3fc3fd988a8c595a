/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Functions of an import library's own: objects that are linked into it, for what cannot be an operation. */
#ifndef FARCALL_FAR_IMPLIB_WITH_H
#define FARCALL_FAR_IMPLIB_WITH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMPLIB_WITH_MAX 32

struct implib_with {
    const char *file[IMPLIB_WITH_MAX]; /* as the user named them */
    size_t count;
    char **names; /* what they define; owned */
    size_t name_count;
};

/* Which names do the files define? machine: EM_…, theirs too. Returns 0, or an exit code, having said why. */
int implib_with_read(struct implib_with *with, uint32_t machine);
bool implib_with_has(const struct implib_with *with, const char *name);
void implib_with_free(struct implib_with *with);

#endif
