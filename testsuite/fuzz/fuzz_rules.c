/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Preprocessed text of any kind goes through parser, rules and emitters, as a header or as a source. Nothing may crash;
 * what comes out as a record must pass the check that its readers make, and the same text must give the same record.
 */
#include "idl/model.h"
#include "testsuite/fuzz/text.h"

#include <stdlib.h>
#include <string.h>

struct result {
    struct arena arena;
    const void *record; /* NULL: errors */
    size_t size;
};

static void check(const struct result *result)
{
    char why[512];
    if (iface_check(result->record, result->size, why, sizeof why) == 0)
        return;
    fprintf(stderr, "a record that its readers refuse: %s\n", why);
    abort();
}

/* How one input is tried. All ways would take too long for each; which one it is, the input's own bytes say. */
struct way {
    bool source;
    bool c23;
    enum diag_format format;
};

static struct way way_of(const uint8_t *data, size_t size)
{
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += data[i];
    return (struct way){
        .source = sum % 2, .c23 = sum / 2 % 2, .format = (enum diag_format)(sum / 4 % (DIAG_SARIF + 1))};
}

static void write_diagnostics(struct diagnostics *diagnostics, enum diag_format format, FILE *sink, const char *text,
                              size_t size)
{
    struct diag_style style = {.format = format, .limit = DIAG_LIMIT, .main_file = "fuzz.h"};
    diag_write(diagnostics, &style, sink, text, size);
}

/* sink: NULL writes no dump and no diagnostics. */
static struct result compile(const char *text, size_t size, struct way way, FILE *sink)
{
    struct result result = {.record = NULL};
    struct diagnostics diagnostics = {.arena = &result.arena};
    struct unit unit;
    struct model model;
    bool defines;
    unit_init(&unit, &result.arena, &diagnostics);
    unit.c23 = way.c23;
    unit.gnu = true;
    unit_parse(&unit, text, size, "fuzz.h");
    if (model_from_unit(&unit, way.source, &model, &defines)) {
        result.record = record_from_model(&model, &result.arena, &result.size);
        check(&result);
        for (enum dump what = DUMP_MODEL; sink && what <= DUMP_JSON; what++)
            dump_model(&model, &result.arena, what, sink);
    }
    if (sink)
        write_diagnostics(&diagnostics, way.format, sink, text, size);
    diagnostics.arena = NULL;
    return result;
}

/* No address and no order of an allocation may show in a record. */
static void compare(const struct result *first, const struct result *second)
{
    if (first->size == second->size && !first->record == !second->record &&
        (!first->record || !memcmp(first->record, second->record, first->size)))
        return;
    fprintf(stderr, "the same text gave two records\n");
    abort();
}

static void try(const char *text, size_t size, struct way way, FILE *sink)
{
    struct result first = compile(text, size, way, sink);
    if (first.record) {
        struct result second = compile(text, size, way, NULL);
        compare(&first, &second);
        arena_free(&second.arena);
    }
    arena_free(&first.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *sink;
    if (!sink && !(sink = fopen("/dev/null", "w")))
        abort();
    char *text = malloc(size + 1);
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = 0;
    try(text, size, way_of(data, size), sink);
    free(text);
    return 0;
}
