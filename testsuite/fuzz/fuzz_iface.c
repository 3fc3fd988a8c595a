/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Interface records: whatever iface_check() accepts must be shown, and compared with a sound record both ways, without a
 * fault. The first input tried is a sound record itself, so no seeds are needed.
 */
#include "runtime/far/diff.h"
#include "runtime/far/dump.h"
#include "testsuite/unit/make_segment.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static void compare(FILE *out, const struct far_iface *old, const struct far_iface *new)
{
    struct diff diff = {.old = old, .new = new, .out = out};
    diff.seen = calloc((size_t)old->types.count + 1, sizeof *diff.seen);
    if (diff.seen)
        diff_interfaces(&diff);
    free(diff.seen);
}

static void show(FILE *out, const struct far_iface *iface)
{
    struct dump_options options = {.sections = ~0u, .file = "fuzz"};
    struct dump dump = {.out = out, .options = &options, .iface = iface};
    struct made sound = make_record(MAKE_PLAIN);
    dump_operations(&dump);
    dump_types(&dump);
    compare(out, iface, (const struct far_iface *)sound.bytes);
    compare(out, (const struct far_iface *)sound.bytes, iface);
    free(sound.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    uint8_t *bytes = malloc(size ? size : 1);
    char why[256];
    if (!bytes || (!nowhere && !(nowhere = fopen("/dev/null", "w"))))
        abort();
    memcpy(bytes, data, size);
    if (iface_check(bytes, size, why, sizeof why) == 0)
        show(nowhere, (const struct far_iface *)bytes);
    free(bytes);
    return 0;
}

/* The header says how long the record is: put that right, so that mutations reach what lies behind. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct far_iface header;
    struct made sound = make_record(MAKE_PLAIN);
    if (size < sizeof header && sound.size <= max_size) {
        memcpy(data, sound.bytes, sound.size);
        size = sound.size;
    }
    free(sound.bytes);
    (void)seed;
    size = LLVMFuzzerMutate(data, size, max_size) / 8 * 8;
    if (size < sizeof header)
        return size;
    memcpy(&header, data, sizeof header);
    memcpy(header.magic, FAR_IFACE_MAGIC, sizeof header.magic);
    header.version = FAR_IFACE_VERSION;
    header.size = (uint32_t)size;
    header.flags = 0;
    memcpy(data, &header, sizeof header);
    return size;
}
