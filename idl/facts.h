/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the user's compiler says about its target and its language, in answer to <farcall/probe.h>. */
#ifndef FARCALL_IDL_FACTS_H
#define FARCALL_IDL_FACTS_H

#include "idl/tree.h"

#define FACTS_PRAGMA "#pragma farcall "

struct facts {
    uint16_t machine; /* ELF's e_machine */
    bool unsigned_char, unsigned_wchar, c23, gnu;
    /* What no macro tells; from the compiler's flags. */
    bool short_enums, ms_structures, ms_extensions;
    uint32_t pack;
};

/*
 * Read the answers out of preprocessed text. NULL: all is known and supported. Otherwise why not, in words that follow
 * "the compiler "; static text.
 */
const char *facts_read(struct facts *facts, const char *text, size_t size);
void facts_apply(const struct facts *facts, struct unit *unit);

#endif
