/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Interface records: whatever iface_check() accepts must be shown, compared with a sound record both ways, and made into
 * plans for the gates, without a fault.
 */
#include "runtime/far/diff.h"
#include "runtime/far/dump.h"
#include "runtime/lib/plan.h"
#include "testsuite/fuzz/text.h"
#include "testsuite/unit/make_segment.h"

#include <stdlib.h>
#include <string.h>

static void compare(FILE *out, const struct far_iface *old, const struct far_iface *new)
{
    struct diff diff;
    char advice[DIFF_ADVICE_SIZE];
    if (diff_begin(&diff, old, new) != 0)
        abort();
    diff.out = out;
    diff_interfaces(&diff);
    diff_version_fits(&diff, advice);
    diff_end(&diff);
}

static void plan(const struct far_iface *iface)
{
    struct far_plans plans = {.slot_count = 0};
    if (plans_from_iface(&plans, iface) == 0)
        plans_free(&plans);
}

static void look_up(const struct far_iface *iface)
{
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        const struct far_op *op = iface_op(iface, i);
        if (iface_op_by_slot(iface, op->slot) != op || iface_op_by_name(iface, iface_string(iface, op->name)) != op)
            abort();
    }
}

static void use(FILE *out, const struct far_iface *iface)
{
    struct dump_options options = {.sections = ~0u, .file = "fuzz"};
    struct dump dump = {.out = out, .options = &options, .iface = iface};
    struct made sound = make_record(MAKE_PLAIN);
    look_up(iface);
    dump_operations(&dump);
    dump_data(&dump);
    dump_types(&dump);
    dump_interface_json(NULL, iface, &options, out);
    compare(out, iface, iface);
    compare(out, iface, (const struct far_iface *)sound.bytes);
    compare(out, (const struct far_iface *)sound.bytes, iface);
    plan(iface);
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
        use(nowhere, (const struct far_iface *)bytes);
    free(bytes);
    return 0;
}
