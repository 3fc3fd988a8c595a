/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The lexer and the parser: any text at all, in both dialects. Nothing may crash; what was understood can be dumped, what
 * was not is said.
 */
#include "idl/model.h"
#include "testsuite/fuzz/text.h"

#include <stdlib.h>
#include <string.h>

static void parse(const char *text, size_t size, bool c23, FILE *sink)
{
    struct arena arena = {0};
    struct diagnostics diagnostics = {.arena = &arena};
    struct unit unit;
    unit_init(&unit, &arena, &diagnostics);
    unit.c23 = c23;
    unit.gnu = !c23;
    unit_parse(&unit, text, size, "fuzz.h");
    if (diagnostics.count == 0)
        dump_structures(&unit, DUMP_JSON, sink);
    diag_print(&diagnostics, sink, text, size);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *sink;
    if (!sink && !(sink = fopen("/dev/null", "w")))
        abort();
    char *text = malloc(size + 1); /* its own block, so that reading behind it is seen */
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = 0;
    parse(text, size, size % 2, sink);
    free(text);
    return 0;
}
