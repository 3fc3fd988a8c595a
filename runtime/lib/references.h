/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#ifndef FARCALL_REFERENCES_H
#define FARCALL_REFERENCES_H

#include <stdbool.h>

/* Does any object that is loaded now leave a symbol of this name to another? One that gets it by dlsym is not seen. */
bool process_calls(const char *name);
/* Is a library of this file name loaded? */
bool process_has_loaded(const char *library);

#endif
