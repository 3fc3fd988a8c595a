/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * write-segment FILE [changed] [needs]: the unit tests' segment as a file. With `needs` it binds to a service `log` that
 * nobody has; without, it can be registered alone.
 */
#include "testsuite/unit/make_segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    enum make_variant variant = MAKE_PLAIN;
    int needs = 0;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "changed") == 0)
            variant = MAKE_CHANGED;
        needs |= strcmp(argv[i], "needs") == 0;
    }
    struct made made = needs ? make_segment(variant) : make_lone_segment(variant);
    FILE *file = argc > 1 ? fopen(argv[1], "wb") : NULL;
    int bad = !file || fwrite(made.bytes, 1, made.size, file) != made.size || fclose(file) != 0;
    free(made.bytes);
    return bad;
}
