/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * write-segment FILE [changed] [needs]: the unit tests' segment as a file. It binds to a service `log` that nobody has;
 * without `needs` those commands are turned into STUB commands to its own kv_find, so that it can be registered alone.
 */
#include "testsuite/unit/make_segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need_nobody(struct made *made)
{
    struct far_segment segment;
    char why[512];
    if (segment_check(made->bytes, made->size, 0, &segment, why, sizeof why)) {
        fprintf(stderr, "write-segment: %s\n", why);
        exit(1);
    }
    uint32_t kv_find = 0;
    uint64_t word = segment.part[FAR_PART_CONST].address + 24;
    for (const struct far_reloc *at = segment_next_reloc(segment.reloc, NULL); at;
         at = segment_next_reloc(segment.reloc, at)) {
        struct far_reloc *command = (struct far_reloc *)(made->bytes + ((const uint8_t *)at - made->bytes));
        if (at->code == FAR_RELOC_STUB)
            kv_find = at->name;
        else if (at->code == FAR_RELOC_BIND || at->code == FAR_RELOC_CHECK)
            *command =
                (struct far_reloc){.code = FAR_RELOC_STUB, .where = at->where ? at->where : word, .name = kv_find};
    }
    make_seal(made);
}

int main(int argc, char **argv)
{
    enum make_variant variant = MAKE_PLAIN;
    int needs = 0;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "changed") == 0)
            variant = MAKE_CHANGED;
        needs |= strcmp(argv[i], "needs") == 0;
    }
    struct made made = make_segment(variant);
    if (!needs)
        need_nobody(&made);
    FILE *file = argc > 1 ? fopen(argv[1], "wb") : NULL;
    int bad = !file || fwrite(made.bytes, 1, made.size, file) != made.size || fclose(file) != 0;
    free(made.bytes);
    return bad;
}
