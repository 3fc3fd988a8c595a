/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Rules about single words, and about words that contradict each other. */
#include "idl/rules.h"

#include <string.h>

bool subject_blame(struct subject *s, uint64_t set)
{
    for (s->culprit = s->annotations; s->culprit; s->culprit = s->culprit->next) {
        s->detail = annotation_word_macro(s->culprit->word);
        if (s->culprit->word < ANNOTATION_COUNT && (set & ((uint64_t)1 << s->culprit->word)))
            return true;
    }
    return false;
}

bool rule_unknown_word(struct subject *s)
{
    s->culprit = annotation_find(s->annotations, ANNOTATION_COUNT);
    s->detail = s->culprit ? s->culprit->text : NULL;
    return s->culprit != NULL;
}

bool rule_misplaced_word(struct subject *s)
{
    for (s->culprit = s->annotations; s->culprit; s->culprit = s->culprit->next) {
        s->detail = annotation_word_macro(s->culprit->word);
        if (!(annotation_where(s->culprit->word) & s->words))
            return true;
    }
    return false;
}

bool rule_word_given_twice(struct subject *s)
{
    for (s->culprit = s->annotations; s->culprit; s->culprit = s->culprit->next) {
        s->detail = annotation_word_macro(s->culprit->word);
        if (annotation_find(s->culprit->next, s->culprit->word))
            return true;
    }
    return false;
}

/* Two words of a group; the second one is to blame. */
static bool several_of(struct subject *s, uint64_t group)
{
    const struct annotation *first = NULL;
    for (const struct annotation *a = s->annotations; a; a = a->next) {
        if (a->word >= ANNOTATION_COUNT || !(group & ((uint64_t)1 << a->word)))
            continue;
        if (first) {
            s->culprit = a;
            s->detail = arena_format(s->unit->arena, "%s and %s", annotation_word_macro(first->word),
                                     annotation_word_macro(a->word));
            return true;
        }
        first = a;
    }
    return false;
}

bool rule_contradictory_shipping(struct subject *s)
{
    return several_of(s, HAS(FUNCTION_SHIPPED) | HAS(DATA_SHIPPED));
}

bool rule_contradictory_waiting(struct subject *s)
{
    return several_of(s, HAS(ONEWAY) | HAS(ASYNC)) || several_of(s, HAS(ONEWAY) | HAS(QUEUED)) ||
           several_of(s, HAS(ABSENT) | HAS(QUEUED));
}

bool rule_contradictory_words(struct subject *s)
{
    uint64_t bits = words_of_bits(s->set);
    const uint64_t groups[] = {
        SET_DIRECTIONS,
        SET_COUNTS,
        (s->set & HAS(NULL_TERMINATED)) | bits,
        HAS(CASE) | HAS(DEFAULT),
    };
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        bool released = (groups[i] & s->set & ~HAS(RELEASE)) == HAS(HANDLE); /* a handle that is released */
        if (!released && several_of(s, groups[i]))
            return true;
    }
    /* What is not copied has no direction, no extent and nothing to follow. */
    static const uint64_t of_copies[] = {SET_DIRECTIONS, SET_COUNTS, HAS(DEEP), HAS(SELECTED_BY)};
    for (size_t i = 0; i < sizeof of_copies / sizeof *of_copies; i++)
        if (bits && (s->set & of_copies[i]))
            return several_of(s, bits | of_copies[i]);
    return (s->set & HAS(DEEP)) && (s->set & HAS(NULL_TERMINATED)) && several_of(s, HAS(DEEP) | HAS(NULL_TERMINATED));
}

static bool returns_nonnull(const struct subject *s)
{
    for (const struct attribute *a = s->where == ON_RESULT && s->declaration ? s->declaration->attributes : NULL; a;
         a = a->next)
        if (strcmp(a->name, "returns_nonnull") == 0)
            return true;
    return false;
}

bool rule_nullable_and_nonnull(struct subject *s)
{
    bool nonnull = (s->type.qualifiers & QUALIFIER_NONNULL) || returns_nonnull(s);
    bool or_null = (s->type.qualifiers & QUALIFIER_NULLABLE) != 0;
    bool named = subject_blame(s, HAS(NULLABLE) | HAS(COUNTED_BY_OR_NULL) | HAS(SIZED_BY_OR_NULL));
    s->detail = named ? s->detail : "_Nullable";
    return subject_is_pointer(s) && nonnull && (named || or_null);
}
