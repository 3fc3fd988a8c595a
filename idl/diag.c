/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/diag.h"

#include <string.h>

#define KEEP_LIMIT 10000

static struct diagnostic *add(struct diagnostics *all, struct diagnostic diagnostic, const char *message,
                              const char *advice)
{
    all->count += diagnostic.severity == SEVERITY_ERROR;
    if (all->length >= KEEP_LIMIT) {
        all->dropped += diagnostic.severity == SEVERITY_ERROR;
        all->spare = diagnostic;
        return &all->spare;
    }
    struct diagnostic *kept = ARENA_NEW(all->arena, struct diagnostic);
    *kept = diagnostic;
    kept->message = arena_string(all->arena, message);
    kept->advice = advice ? arena_string(all->arena, advice) : NULL;
    kept->sequence = all->length++;
    kept->next = all->list;
    all->list = kept;
    return kept;
}

struct diagnostic *diag_error(struct diagnostics *all, struct place place, enum fc_number number, const char *message,
                              const char *advice)
{
    return add(all, (struct diagnostic){.place = place, .severity = SEVERITY_ERROR, .number = number}, message, advice);
}

struct diagnostic *diag_warning(struct diagnostics *all, struct place place, enum fc_number number, const char *message,
                                const char *advice)
{
    return add(all, (struct diagnostic){.place = place, .severity = SEVERITY_WARNING, .number = number}, message,
               advice);
}

void diag_note(struct diagnostics *all, struct diagnostic *to, struct place place, const char *message)
{
    struct note *note = ARENA_NEW(all->arena, struct note), **end = &to->notes;
    *note = (struct note){.place = place, .message = arena_string(all->arena, message)};
    while (*end)
        end = &(*end)->next;
    *end = note;
}

void diag_fix(struct diagnostics *all, struct diagnostic *to, struct fixit fixit)
{
    struct fixit *kept = ARENA_NEW(all->arena, struct fixit), **end = &to->fixits;
    *kept = fixit;
    kept->text = arena_string(all->arena, fixit.text);
    kept->expected = fixit.expected ? arena_string(all->arena, fixit.expected) : NULL;
    kept->next = NULL;
    while (*end)
        end = &(*end)->next;
    *end = kept;
}

static const struct diag_entry catalogue[] = {
#define X(number, NAME, title, text) {number, #NAME, title, text},
#include "errors.inc"
#undef X
};

#define CATALOGUE_COUNT (sizeof catalogue / sizeof *catalogue)

const struct diag_entry *diag_entry(size_t index)
{
    return index < CATALOGUE_COUNT ? &catalogue[index] : NULL;
}

const struct diag_entry *diag_find(unsigned number)
{
    for (size_t i = 0; i < CATALOGUE_COUNT; i++)
        if (catalogue[i].number == number)
            return &catalogue[i];
    return NULL;
}
