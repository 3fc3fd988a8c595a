/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * An import library that stands in another library's place, for programs that were linked against that one: what becomes
 * of each of its symbols, and their versions.
 */
#ifndef FARCALL_FAR_IMPLIB_LIKE_H
#define FARCALL_FAR_IMPLIB_LIKE_H

#include "runtime/far/implib.h"
#include "runtime/far/original.h"
#include "runtime/segment.h"

#include <elf.h>

enum like_fate {
    LIKE_OPERATION, /* the service has it */
    LIKE_REFUSES,   /* a function that the service does not have: exported, and every call fails */
    LIKE_OWN,       /* the import library's own: an object that is linked in defines it */
    LIKE_CONSTANT,  /* copied */
    LIKE_VERSION,   /* a version's own name */
    LIKE_LEFT_OUT,  /* data that a copy would be wrong for */
};

struct like_symbol {
    enum like_fate fate;
    uint32_t op;          /* of LIKE_OPERATION */
    const uint8_t *bytes; /* of LIKE_CONSTANT */
};

struct implib_like {
    struct original original;
    struct like_symbol *symbols; /* as the original's, in their order */
};

/* Returns 0, or an exit code, having said why: the original cannot be read, or is another machine's. */
int like_open(struct implib_like *like, const struct implib_options *options, const struct far_segment *segment,
              const struct far_iface *iface);
void like_close(struct implib_like *like);

/* The original's symbol that operation `op` stands for, or NULL. */
const struct original_symbol *like_of_op(const struct implib_like *like, uint32_t op);

/* Everything beside the operations, as assembly text: refusals, constants, names of versions. */
void like_emit(FILE *out, const struct implib_like *like, const struct implib_machine *machine);
/* ".symver" for a symbol that only those get who ask for its version; `label` is what it is called in the text. */
void like_emit_version(FILE *out, const struct implib_like *like, const struct original_symbol *symbol,
                       const char *label);

/* The linker's version script. False: the original has no versions, so there is none. */
bool like_has_versions(const struct implib_like *like);
void like_emit_script(FILE *out, const struct implib_like *like);

/*
 * lld writes versions without what they depend on. The script asks for some more versions than there are, and here their
 * room becomes that of the dependencies. `file` is the linked library. Returns 0 or -errno.
 */
#define LIKE_ROOM_OF_VERSION (sizeof(Elf64_Verdef) + sizeof(Elf64_Verdaux)) /* what lld writes for each */
int like_finish_versions(const struct implib_like *like, const char *file);

/* What a user wants to know: which symbols refuse, which are missing, which are more than the original has. */
void like_report(const struct implib_like *like, const struct far_iface *iface, const struct implib_options *options);

#endif
