/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Preprocessed text of any kind goes through parser, checker and emitters. Nothing may crash, and what comes out as a
 * record must pass the check that its readers make. Built with -DFARCALL_FUZZ=ON.
 */
#include "idl/model.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void emit(const struct model *model, struct arena *arena, FILE *sink)
{
    char why[512];
    size_t size = 0;
    const void *record = record_from_model(model, arena, &size);
    if (iface_check(record, size, why, sizeof why) != 0) {
        fprintf(stderr, "a record that its readers refuse: %s\n", why);
        abort();
    }
    for (enum dump what = DUMP_MODEL; what <= DUMP_JSON; what++)
        dump_model(model, arena, what, sink);
}

static void compile(const char *text, size_t size, bool source, bool c23, FILE *sink)
{
    struct arena arena = {0};
    struct diagnostics diagnostics = {.arena = &arena};
    struct unit unit;
    struct model model;
    bool defines;
    unit_init(&unit, &arena, &diagnostics);
    unit.c23 = c23;
    unit_parse(&unit, text, size, "fuzz.h");
    if (model_from_unit(&unit, source, &model, &defines))
        emit(&model, &arena, sink);
    diag_print(&diagnostics, sink, text, size);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *sink;
    if (!sink)
        sink = fopen("/dev/null", "w");
    char *text = malloc(size + 1);
    if (!sink || !text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    compile(text, size, false, size % 2, sink);
    compile(text, size, true, size % 2, sink);
    free(text);
    return 0;
}
