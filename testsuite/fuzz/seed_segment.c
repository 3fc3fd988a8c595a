/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * seed-segment FILE [changed | rich | aarch64] [truncate=N] [flip=OFFSET]: writes the small segment that the unit tests use, so that
 * tests of its readers need no compiler; as it is, as its next version, for another machine, cut short, or with one byte inverted. `rich`: a
 * bare interface record instead, with all that a record can say.
 */
#include "testsuite/unit/make_rich.h"
#include "testsuite/unit/make_stubs.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void apply(struct made *made, const char *argument)
{
    size_t number = strtoul(strchr(argument, '=') ? strchr(argument, '=') + 1 : "0", NULL, 0);
    if (!strncmp(argument, "truncate=", 9) && number < made->size)
        made->size = number;
    else if (!strncmp(argument, "flip=", 5) && number < made->size)
        made->bytes[number] ^= 0xff;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return fprintf(stderr, "usage: seed-segment FILE [changed | rich | aarch64] [truncate=N] [flip=OFFSET]\n"), 64;
    const char *variant = argc > 2 ? argv[2] : "";
    const struct made_machine *machine = !strcmp(variant, "aarch64") ? &made_aarch64 : &made_x86_64;
    struct made made = !strcmp(variant, "rich")
                           ? make_rich_record()
                           : make_segment_for(machine, !strcmp(variant, "changed") ? MAKE_CHANGED : MAKE_PLAIN);
    for (int i = 2; i < argc; i++)
        apply(&made, argv[i]);
    FILE *out = fopen(argv[1], "wb");
    bool written = out && fwrite(made.bytes, 1, made.size, out) == made.size;
    free(made.bytes);
    if (out && fclose(out) == 0 && written)
        return 0;
    perror(argv[1]);
    return 73;
}
