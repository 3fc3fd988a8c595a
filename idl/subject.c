/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* How the checker's messages name what they are about, and what they suggest. / */
#include "idl/check.h"
#include "idl/cures.h"

#include <string.h>

static bool can_count(const struct type *type)
{
    return type->kind == TYPE_INT && !type->is_char && type->size <= 8;
}

/* A parameter after this one (or, failing that, any) that could count it; `pointee`: through a pointer. */
static const char *counting_parameter(const struct subject *s, bool pointee)
{
    const struct parameter *named = s->param && !pointee ? parameter_named_after(s->param) : NULL;
    const struct parameter *after = s->param ? s->param->next : NULL;
    if (named)
        return named->name;
    for (int round = 0; round < 2; round++, after = s->function->params) {
        for (const struct parameter *param = after; param; param = param->next) {
            const struct type *type = param->type.type;
            if (pointee && type->kind == TYPE_POINTER)
                type = type->target.type;
            else if (pointee)
                continue;
            if (can_count(type) && param->name && param != s->param)
                return pointee ? arena_format(s->unit->arena, "*%s", param->name) : param->name;
        }
    }
    return NULL;
}

/* The member behind this one, or the one before it, if that could count it. */
static const char *counting_member(const struct subject *s)
{
    const struct member *before = NULL;
    for (const struct member *m = s->scope->structure->members; m; before = m, m = m->next) {
        if (m != s->member)
            continue;
        if (m->next && m->next->name && can_count(m->next->type.type))
            return m->next->name;
        return before && before->name && can_count(before->type.type) ? before->name : NULL;
    }
    return NULL;
}

static const char *counting_name(const struct subject *s)
{
    if (s->scope && s->scope->structure)
        return counting_member(s);
    const char *count = s->function ? counting_parameter(s, false) : NULL;
    return count || !s->function ? count : counting_parameter(s, true);
}

static const char *own_name(const struct subject *s)
{
    if (s->where == ON_INSIDE || s->where == ON_RESULT)
        return "";
    const char *name = s->param ? s->param->name : s->member ? s->member->name : NULL;
    return name ? name : "";
}

bool type_is_stream(const struct type *type)
{
    return type->kind == TYPE_STRUCT && type->name && strcmp(type->name, "_IO_FILE") == 0;
}

/* Memory of a type that only its own library knows, or a stream, which belongs to the process that opened it. */
static const char *closed_type_suggestion(const struct subject *s, const struct type *target)
{
    if (type_is_stream(target))
        return "a stream belongs to the process that opened it: write far_absent before the operation, or declare one "
               "of your own that takes `int far_fd file`; far_handle if the service opened it";
    return arena_format(s->unit->arena,
                        "write `%s *far_handle%s%s` if the client never looks inside, far_opaque if the service never "
                        "does, far_global if it lies in a global segment; to copy it, include the header that defines "
                        "it",
                        type_spelling(s->unit->arena, s->type.type->target, NULL), *own_name(s) ? " " : "",
                        own_name(s));
}

const char *subject_suggestion(const struct subject *s)
{
    if (s->type.type->kind != TYPE_POINTER)
        return "describe what its elements point to: a word after the star of the "
               "element";
    struct arena *arena = s->unit->arena;
    const struct typeref target = s->type.type->target;
    if (type_is_stream(target.type) || (is_structure_type(target.type) && !target.type->complete))
        return closed_type_suggestion(s, target.type);
    const char *count = counting_name(s);
    bool target_const = (target.qualifiers & QUALIFIER_CONST) != 0;
    bool bytes = target.type->is_char || target.type->kind == TYPE_VOID;
    bool directed = target_const || (s->set & SET_DIRECTIONS) || s->where != ON_PARAMETER;
    const char *name = own_name(s), *direction = directed ? "" : "far_out ";
    const char *word = bytes ? "__sized_by" : "__counted_by";
    const char *spelled = type_spelling(arena, target, NULL), *gap = *name ? " " : "", *list = "";
    if (target.type->is_char && (target_const || s->where != ON_PARAMETER))
        list = arena_format(arena, "`%s *__null_terminated%s%s` if it is a string, ", spelled, gap, name);
    if (count)
        list = arena_format(arena, "%s`%s *%s%s(%s)%s%s` if '%s' says how much it points to, ", list, spelled,
                            direction, word, count, gap, name, count + (*count == '*'));
    else if (bytes)
        list = arena_format(arena, "%s`%s *%s__sized_by(…)%s%s` with its size, ", list, spelled, direction, gap, name);
    if (!bytes && target.type->kind != TYPE_FUNCTION)
        list = arena_format(arena, "%s`%s *%s%s%s` if it is one object, ", list, spelled,
                            target_const               ? "far_in"
                            : s->where == ON_PARAMETER ? "far_out"
                                                       : "far_inout",
                            gap, name);
    return arena_format(arena,
                        "write %sfar_global if it lies in a global segment, "
                        "far_handle if the client never looks "
                        "inside, far_opaque if the service never does%s",
                        list, *direction ? "; far_inout instead of far_out if bytes go in too" : "");
}

/* A member of a structure that another header defines is described in a structure of one's own. */
static const char *describes_advice(const struct subject *s)
{
    const struct type *type = s->scope ? s->scope->structure : NULL;
    bool foreign = type && type->place.file && s->place.file && s->unit->main_file &&
                   strcmp(s->place.file, s->unit->main_file) != 0;
    if (!foreign)
        return "";
    struct arena *arena = s->unit->arena;
    const char *name = type->name || type->typedef_name
                           ? type_spelling(arena, (struct typeref){.type = (struct type *)type}, NULL)
                           : "__typeof__(((struct outer *)0)->member)";
    bool is_union = type->kind == TYPE_UNION;
    return arena_format(arena,
                        "; if nobody may edit its header, repeat the member in a "
                        "%s of your own: "
                        "%s far_describes(%s) my_own { … };",
                        is_union ? "union" : "structure", is_union ? "union" : "struct", name);
}

/* The replacement for the placeholder that text begins with; its length in *length, 0 if it begins with none. */
static const char *placeholder(const struct subject *s, const char *text, size_t *length)
{
    static const char *const names[] = {"{op}", "{what}", "{type}", "{detail}", "{suggest}", "{describes}"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *length = strlen(names[i]);
        if (strncmp(text, names[i], *length) != 0)
            continue;
        switch (i) {
        case 0:
            return s->owner;
        case 1:
            return s->name;
        case 2:
            return s->type.type ? type_spelling(s->unit->arena, s->type, NULL) : "";
        case 3:
            return s->detail ? s->detail : "";
        case 4:
            return subject_suggestion(s);
        default:
            return describes_advice(s);
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

struct diagnostic *subject_error(const struct subject *subject, enum fc_number number, struct place place,
                                 const char *message, const char *advice)
{
    return diag_error(subject->unit->diagnostics, place, number, rendered(subject, message),
                      advice ? rendered(subject, advice) : NULL);
}
