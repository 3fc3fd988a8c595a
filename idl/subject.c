/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* How the checker's messages name what they are about, and what they suggest. */
#include "idl/check.h"

#include <string.h>

/* A parameter after this one (or, failing that, any) that could count it; `pointee`: through a pointer. */
static const struct parameter *counting_parameter(const struct subject *s, bool pointee)
{
    const struct parameter *after = s->param ? s->param->next : NULL;
    for (int round = 0; round < 2; round++, after = s->function->params) {
        for (const struct parameter *param = after; param; param = param->next) {
            const struct type *type = param->type.type;
            if (pointee && type->kind == TYPE_POINTER)
                type = type->target.type;
            else if (pointee)
                continue;
            if (type->kind == TYPE_INT && !type->is_char && type->size <= 8 && param->name && param != s->param)
                return param;
        }
    }
    return NULL;
}

/* How the parameter could be described, spelled out with the names that are there. */
static const char *suggestion(const struct subject *s)
{
    struct arena *arena = s->unit->arena;
    const struct type *to = s->type.type->target.type;
    const struct parameter *count = counting_parameter(s, false), *through = count ? NULL : counting_parameter(s, true);
    bool target_const = (s->type.type->target.qualifiers & QUALIFIER_CONST) != 0;
    const char *name = s->param->name ? s->param->name : "";
    const char *direction = target_const ? "" : s->set & SET_DIRECTIONS ? "" : "far_out ";
    const char *word = (to->is_char || to->kind == TYPE_VOID) ? "__sized_by" : "__counted_by";
    const char *spelled = type_spelling(arena, s->type.type->target, NULL);
    const char *list = "";
    if (to->is_char && target_const)
        list = arena_format(arena, "`%s *__null_terminated %s` if it is a string, ", spelled, name);
    if (count || through)
        list = arena_format(arena, "%s`%s *%s%s(%s%s) %s` if '%s' says how much it points to, ", list, spelled,
                            direction, word, through ? "*" : "", (count ? count : through)->name, name,
                            (count ? count : through)->name);
    else if ((to->is_char || to->kind == TYPE_VOID))
        list = arena_format(arena, "%s`%s *%s__sized_by(…) %s` with its size, ", list, spelled, direction, name);
    if (!(to->is_char || to->kind == TYPE_VOID) && to->kind != TYPE_FUNCTION)
        list = arena_format(arena, "%s`%s *%s %s` if it is one object, ", list, spelled,
                            target_const ? "far_in" : "far_out", name);
    return arena_format(
        arena, "write %sfar_global if it lies in a global segment, far_handle if the client never looks inside", list);
}

static const char *subject_name(const struct subject *s)
{
    if (!s->out)
        return arena_format(s->unit->arena, "operation %s", s->declaration->name);
    if (!s->param)
        return "the result";
    if (s->param->name)
        return arena_format(s->unit->arena, "parameter '%s'", s->param->name);
    return arena_format(s->unit->arena, "parameter %u", s->index + 1);
}

/* The replacement for the placeholder that text begins with; its length in *length, 0 if it begins with none. */
static const char *placeholder(const struct subject *s, const char *text, size_t *length)
{
    static const char *const names[] = {"{op}", "{what}", "{type}", "{detail}", "{suggest}"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *length = strlen(names[i]);
        if (strncmp(text, names[i], *length) != 0)
            continue;
        switch (i) {
        case 0:
            return s->declaration->name;
        case 1:
            return subject_name(s);
        case 2:
            return s->type.type ? type_spelling(s->unit->arena, s->type, NULL) : "";
        case 3:
            return s->detail ? s->detail : "";
        default:
            return s->param ? suggestion(s) : "";
        }
    }
    *length = 0;
    return "";
}

static const char *rendered(const struct subject *s, const char *text)
{
    const char *result = "";
    while (text && *text) {
        size_t length = 0, plain = strcspn(text + 1, "{") + 1;
        const char *value = *text == '{' ? placeholder(s, text, &length) : "";
        result = length ? arena_format(s->unit->arena, "%s%s", result, value)
                        : arena_format(s->unit->arena, "%s%.*s", result, (int)plain, text);
        text += length ? length : plain;
    }
    return result;
}

void subject_error(const struct subject *subject, enum fc_number number, struct place place, const char *message,
                   const char *advice)
{
    diag_error(subject->unit->diagnostics, place, number, rendered(subject, message),
               advice ? rendered(subject, advice) : NULL);
}
