/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/annotation.h"

#include <string.h>

static const struct {
    const char *name;
    const char *macro;
    bool argument;
    unsigned where;
} vocabulary[ANNOTATION_COUNT] = {
#define X(WORD, name, prefix, argument, where) {name, prefix name, argument, where},
    FAR_ANNOTATIONS(X)
#undef X
};

static enum annotation_word word_from_name(const char *name, size_t length)
{
    for (unsigned word = 0; word < ANNOTATION_COUNT; word++)
        if (strlen(vocabulary[word].name) == length && memcmp(vocabulary[word].name, name, length) == 0)
            return word;
    return ANNOTATION_COUNT;
}

struct annotation *annotation_from_text(struct arena *arena, const char *text, struct place place)
{
    static const char prefix[] = "farcall.";
    if (strncmp(text, prefix, sizeof prefix - 1) != 0)
        return NULL;
    struct annotation *annotation = ARENA_NEW(arena, struct annotation);
    annotation->text = text + sizeof prefix - 1;
    annotation->place = place;
    size_t name = strcspn(annotation->text, "("), length = strlen(annotation->text);
    annotation->word = word_from_name(annotation->text, name);
    if (name < length && annotation->text[length - 1] == ')')
        annotation->argument = arena_copy(arena, annotation->text + name + 1, length - name - 2);
    /* A word with an argument it does not take, or without the one it needs, is not a word of ours either. */
    if (annotation->word != ANNOTATION_COUNT && vocabulary[annotation->word].argument != (annotation->argument != NULL))
        annotation->word = ANNOTATION_COUNT;
    return annotation;
}

const char *annotation_macro(const char *name, size_t length)
{
    enum annotation_word word = word_from_name(name, length);
    return word == ANNOTATION_COUNT ? NULL : vocabulary[word].macro;
}

const char *annotation_word_macro(enum annotation_word word)
{
    return word < ANNOTATION_COUNT ? vocabulary[word].macro : "an unknown annotation";
}

unsigned annotation_where(enum annotation_word word)
{
    return word < ANNOTATION_COUNT ? vocabulary[word].where : 0;
}

uint64_t annotation_set(const struct annotation *list)
{
    uint64_t set = 0;
    for (; list; list = list->next)
        if (list->word < ANNOTATION_COUNT)
            set |= (uint64_t)1 << list->word;
    return set;
}

const struct annotation *annotation_find(const struct annotation *list, enum annotation_word word)
{
    while (list && list->word != word)
        list = list->next;
    return list;
}
