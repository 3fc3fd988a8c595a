/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What is done between fork and exec for whatever fard starts: only system calls. */
#ifndef FARCALL_FARD_CHILD_H
#define FARCALL_FARD_CHILD_H

#include <stddef.h>

/* What fard ignores or blocks is not ignored or blocked there. */
void child_reset_signals(void);
/*
 * Of fard's environment the variables that begin with one of names[count], behind kept[used], and NULL; the rest may be anybody's secret,
 * as a capability is. room: of kept.
 */
void child_keep_environment(const char *const *names, size_t count, char **kept, size_t used, size_t room);

#endif
