/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Annotations that were nearly written: to the compiler they are names that mean nothing. */
#include "idl/misspelling.h"

#include "idl/annotation.h"

#include <string.h>

/* The parser notices a name that means nothing at the token behind it, or behind its argument. */
#define TOKENS_BEFORE 6

/* "far_op", "__sized_by" … */
static const char *const macros[] = {
#define X(WORD, name, prefix, ...) prefix name,
    FAR_ANNOTATIONS(X)
#undef X
        NULL};

/* "op", "sized_by" … */
static const char *const words[] = {
#define X(WORD, name, ...) name,
    FAR_ANNOTATIONS(X)
#undef X
        NULL};

static bool is_listed(const char *name, const char *const *list)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list != NULL;
}

const char *annotation_word_meant(const char *word)
{
    return is_listed(word, words) ? NULL : nearest_word(word, words);
}

static const char *macro_meant(const char *name)
{
    bool looks_like_one = strncmp(name, "far", 3) == 0 || strncmp(name, "__", 2) == 0;
    return looks_like_one && !is_listed(name, macros) ? nearest_word(name, macros) : NULL;
}

bool misspelled_annotation(struct arena *arena, const struct location *error, struct location *name, const char **meant)
{
    if (!error->source || !error->exact)
        return false;
    for (size_t before = 0; before <= TOKENS_BEFORE && before <= error->piece; before++) {
        const struct piece *piece = &error->source->pieces.list[error->piece - before];
        if (before && piece->length == 1 && strchr(";{}", *piece->text))
            return false;
        if (!piece->is_name)
            continue;
        *meant = macro_meant(arena_copy(arena, piece->text, piece->length));
        if (*meant)
            return locate_further(error, -(long)before, name);
    }
    return false;
}
