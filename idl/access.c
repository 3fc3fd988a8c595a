/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* GCC's attributes that say what annotations say: access, nonnull, returns_nonnull. */
#include "idl/check.h"

#include <string.h>

static struct parameter *nth_parameter(const struct type *function, uint64_t number)
{
    struct parameter *param = function->params;
    while (param && number > 1)
        param = param->next, number--;
    return number == 1 ? param : NULL;
}

static void add_annotation(struct unit *unit, struct parameter *param, const char *text, struct place place)
{
    struct annotation *annotation = annotation_from_text(unit->arena, text, place);
    annotation->next = param->annotations;
    param->annotations = annotation;
}

static const char *direction_word(const char *mode)
{
    if (strstr(mode, "read_only"))
        return "farcall.in";
    if (strstr(mode, "write_only"))
        return "farcall.out";
    return strstr(mode, "read_write") ? "farcall.inout" : NULL;
}

/* access(mode, pointer[, size]): a direction and an extent, unless the parameter has its own. */
static void take_access(struct unit *unit, const struct type *function, const struct attribute *attribute)
{
    const struct expr *mode = attribute->arguments, *first = mode ? mode->next : NULL;
    struct constant pointer = constant_evaluate(unit, first);
    struct constant size = constant_evaluate(unit, first ? first->next : NULL);
    struct parameter *param = pointer.known ? nth_parameter(function, pointer.value) : NULL;
    const struct parameter *count = size.known ? nth_parameter(function, size.value) : NULL;
    if (!param || param->type.type->kind != TYPE_POINTER || mode->kind != EXPR_NAME)
        return;
    uint64_t set = annotation_set(level_annotations(param->annotations, param->type));
    const char *word = direction_word(mode->name);
    if (word && !(set & SET_DIRECTIONS) && !words_of_bits(set))
        add_annotation(unit, param, word, attribute->place);
    bool is_void = param->type.type->target.type->kind == TYPE_VOID;
    if (count && count->name && !(set & SET_EXTENTS))
        add_annotation(unit, param,
                       arena_format(unit->arena, "farcall.%s(%s)", is_void ? "sized_by" : "counted_by", count->name),
                       attribute->place);
}

static void mark_nonnull(struct parameter *param)
{
    if (param->type.type->kind == TYPE_POINTER)
        param->type.qualifiers |= QUALIFIER_NONNULL;
}

/* nonnull or nonnull(1, 3): all pointers, or those. */
static void take_nonnull(struct unit *unit, const struct type *function, const struct attribute *attribute)
{
    for (struct parameter *param = attribute->arguments ? NULL : function->params; param; param = param->next)
        mark_nonnull(param);
    for (const struct expr *number = attribute->arguments; number; number = number->next) {
        struct constant c = constant_evaluate(unit, number);
        struct parameter *param = c.known ? nth_parameter(function, c.value) : NULL;
        if (param)
            mark_nonnull(param);
    }
}

void attributes_take(struct unit *unit, const struct type *function, const struct attribute *list)
{
    for (const struct attribute *a = list; a; a = a->next) {
        if (strcmp(a->name, "access") == 0)
            take_access(unit, function, a);
        else if (strcmp(a->name, "nonnull") == 0)
            take_nonnull(unit, function, a);
    }
    for (struct parameter *param = function->params; param; param = param->next)
        for (const struct attribute *a = param->attributes; a; a = a->next)
            if (strcmp(a->name, "nonnull") == 0)
                mark_nonnull(param);
}
