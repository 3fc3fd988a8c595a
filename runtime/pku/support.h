/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What this processor and this kernel have of what domains need. */
#ifndef FARCALL_PKU_SUPPORT_H
#define FARCALL_PKU_SUPPORT_H

#include <stdint.h>

/* NULL, or what is missing, as a sentence. */
const char *pku_missing(void);
/* How wide vector registers are: 0 xmm, 1 ymm, 2 zmm. */
uint32_t pku_vectors(void);
/* PKRU of this thread. */
uint32_t pku_rights_now(void);

#endif
