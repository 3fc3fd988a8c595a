/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far call's arguments: whatever is written there is refused with a reason, or is a value whose parts are all there. */
#include "runtime/far/call.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool so)
{
    if (!so)
        abort();
}

static void look(const struct literal *literal, unsigned level)
{
    uint32_t entries = 0;
    must(level <= 64);
    if (literal->kind == LITERAL_TEXT)
        must(literal->text && literal->text[literal->size] == '\0');
    if (literal->kind == LITERAL_EARLIER)
        must(literal->count != 0);
    for (const struct literal *entry = literal->first; entry; entry = entry->next, entries++) {
        must((literal->kind == LITERAL_RECORD) == (entry->name != NULL));
        look(entry, level + 1);
    }
    if (literal->kind == LITERAL_LIST || literal->kind == LITERAL_RECORD)
        must(entries == literal->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct call_memory memory = {NULL};
    char why[CALL_WHY];
    char *text = malloc(size + 1);
    must(text);
    memcpy(text, data, size);
    text[size] = '\0';
    const struct literal *literal = literal_parse(&memory, text, why);
    if (literal)
        look(literal, 0);
    else
        must(why[0] && memchr(why, 0, sizeof why));
    call_memory_free(&memory);
    free(text);
    return 0;
}
