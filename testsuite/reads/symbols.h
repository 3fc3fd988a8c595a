/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#ifndef FARCALL_SYMBOLS_H
#define FARCALL_SYMBOLS_H

/* This program's own functions, static ones too. */
void symbols_read(void);
/* "?": none is there. */
const char *symbol_at(const void *address);

#endif
