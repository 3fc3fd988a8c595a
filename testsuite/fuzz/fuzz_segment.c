/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Whole segment files: whatever segment_check() accepts must be shown without a fault. Seeds: seed-segment FILE. */
#include "runtime/far/dump.h"
#include "runtime/format/pair.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is in it, it is the same on both sides; but a function in data has no meaning on two machines. */
static void compare_with_itself(const struct far_segment *segment)
{
    struct pair pair = {0};
    if (segment_pair_check(segment, segment, &pair))
        abort();
    pair.upgrade = true;
    if (segment_pair_check(segment, segment, &pair) || pair.added || pair.gone || pair.kept)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    struct dump_options options = {.sections = ~0u, .each_word = true, .file = "fuzz"};
    struct far_segment segment;
    char why[256];
    uint8_t *bytes = malloc(size ? size : 1); /* aligned, and ending where the input does */
    if (!bytes || (!nowhere && !(nowhere = fopen("/dev/null", "w"))))
        abort();
    memcpy(bytes, data, size);
    if (segment_check(bytes, size, SEGMENT_SKIP_DIGEST, &segment, why, sizeof why) == 0) {
        dump_segment(&segment, &options, nowhere);
        dump_segment_json(&segment, &options, nowhere);
        compare_with_itself(&segment);
    }
    free(bytes);
    return 0;
}
