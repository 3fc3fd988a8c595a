/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * flip SEGMENT [STRIDE]: every byte inverted, every single bit flipped, every length cut to, in-process. With the digest all
 * must be refused; without it whatever passes the check must be shown without a crash (build with sanitizers to see more).
 * A STRIDE makes large segments quick: behind the first kilobyte every byte is still inverted and must be refused, but
 * only every STRIDE-th is tried without the digest, bit by bit, and as a length.
 */
#include "runtime/far/dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define HEADER_SIZE 1024 /* bytes whose single bits are all tried */

struct flip {
    const uint8_t *original;
    size_t size;
    FILE *nowhere;
    unsigned long tried, passed, wrong;
};

static void show(struct flip *flip, const struct far_segment *segment)
{
    struct dump_options options = {.sections = ~0u, .each_word = true, .colour = true, .file = "flipped"};
    dump_segment(segment, &options, flip->nowhere);
    dump_segment_json(segment, &options, flip->nowhere);
    flip->passed++;
}

static void try_bytes(struct flip *flip, const uint8_t *bytes, size_t size, const char *what, size_t where, bool deep)
{
    struct far_segment segment;
    char why[256] = "";
    flip->tried++;
    if (segment_check(bytes, size, 0, &segment, why, sizeof why) == 0) {
        printf("%s at %zu: accepted, digest and all\n", what, where);
        flip->wrong++;
    } else if (!why[0]) {
        printf("%s at %zu: refused without a reason\n", what, where);
        flip->wrong++;
    }
    if (deep && segment_check(bytes, size, SEGMENT_SKIP_DIGEST, &segment, why, sizeof why) == 0)
        show(flip, &segment);
}

static void try_mask(struct flip *flip, uint8_t *bytes, size_t at, uint8_t mask, bool deep)
{
    bytes[at] ^= mask;
    try_bytes(flip, bytes, flip->size, "flipped", at, deep);
    bytes[at] ^= mask;
}

static void try_flips(struct flip *flip, size_t stride)
{
    /* Exactly as large as the file: one byte too far is found by the sanitizer. */
    uint8_t *bytes = malloc(flip->size);
    if (!bytes)
        abort();
    memcpy(bytes, flip->original, flip->size);
    for (size_t at = 0; at < flip->size; at++) {
        bool chosen = at < HEADER_SIZE || at % stride == 0;
        try_mask(flip, bytes, at, 0xff, chosen);
        for (unsigned bit = 0; chosen && bit < 8; bit++)
            try_mask(flip, bytes, at, (uint8_t)(1u << bit), true);
    }
    free(bytes);
}

static void try_lengths(struct flip *flip, size_t stride)
{
    for (size_t size = 0; size < flip->size; size += size < HEADER_SIZE ? 1 : stride) {
        uint8_t *bytes = malloc(size ? size : 1);
        if (!bytes)
            abort();
        memcpy(bytes, flip->original, size);
        try_bytes(flip, bytes, size, "cut", size, true);
        free(bytes);
    }
}

static uint8_t *read_file(const char *file, size_t *size)
{
    FILE *in = fopen(file, "rb");
    uint8_t *bytes = NULL;
    if (in && fseek(in, 0, SEEK_END) == 0 && ftell(in) > 0) {
        *size = (size_t)ftell(in);
        rewind(in);
        bytes = malloc(*size);
        if (bytes && fread(bytes, 1, *size, in) != *size) {
            free(bytes);
            bytes = NULL;
        }
    }
    if (in)
        fclose(in);
    return bytes;
}

int main(int argc, char **argv)
{
    struct flip flip = {.nowhere = fopen("/dev/null", "w")};
    struct far_segment segment;
    char why[512] = "";
    size_t stride = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    uint8_t *bytes = argc > 1 ? read_file(argv[1], &flip.size) : NULL;
    flip.original = bytes;
    if (!bytes || !flip.nowhere || stride == 0)
        return fprintf(stderr, "usage: flip SEGMENT [STRIDE]\n"), EX_USAGE;
    if (segment_check(bytes, flip.size, 0, &segment, why, sizeof why) != 0)
        return fprintf(stderr, "flip: %s: %s\n", argv[1], why), EX_DATAERR;
    try_flips(&flip, stride);
    try_lengths(&flip, stride);
    fclose(flip.nowhere);
    free(bytes);
    printf("%lu tried, %lu sound but for their digest, %lu wrong\n", flip.tried, flip.passed, flip.wrong);
    return flip.wrong != 0;
}
