/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Rules about operations as a whole, and about the functions that callbacks lead to. */
#include "idl/rules.h"

#include <string.h>

bool rule_not_a_function(struct subject *s)
{
    return s->declaration->type.type->kind != TYPE_FUNCTION || (s->declaration->storage & STORAGE_TYPEDEF);
}

bool rule_odd_name(struct subject *s)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t length = strspn(s->declaration->name, allowed);
    return s->declaration->name[length] || length > RULE_NAME_LIMIT;
}

/* An absent operation refuses: nothing of it has to cross. */
static bool is_absent(const struct subject *s)
{
    return (s->set & HAS(ABSENT)) != 0;
}

bool rule_variadic(struct subject *s)
{
    return s->function->variadic && !is_absent(s);
}

bool rule_no_prototype(struct subject *s)
{
    return !s->function->prototyped && !is_absent(s);
}

bool rule_local(struct subject *s)
{
    s->detail = s->declaration->storage & STORAGE_STATIC ? "static" : "inline";
    return (s->declaration->storage & (STORAGE_STATIC | STORAGE_INLINE)) != 0;
}

/* What a declaration says of its symbol; NULL: nothing, or its name. */
static const char *symbol_of(const struct declaration *declaration, struct place *place)
{
    for (const struct attribute *a = declaration->attributes; a; a = a->next) {
        bool named = strcmp(a->name, "asm") == 0, made = strcmp(a->name, "overloadable") == 0;
        *place = a->place;
        if (named && strcmp(a->arguments->name, declaration->name) != 0)
            return a->arguments->name;
        if (made)
            return "one that overloadable makes of its types";
    }
    return NULL;
}

/* One declaration or pragma is enough, wherever it stands: callers follow it, and know nothing of a gate there. */
bool rule_other_symbol(struct subject *s)
{
    struct place place = s->place;
    for (const struct declaration *d = unit_declarations(s->unit, s->declaration->name); d && !s->detail; d = d->again)
        if (d->attributes)
            s->detail = symbol_of(d, &place);
    for (const struct renaming *r = s->unit->renamings; r && !s->detail; r = r->next) {
        if (strcmp(r->name, s->declaration->name) != 0 || strcmp(r->symbol, r->name) == 0)
            continue;
        s->detail = arena_format(s->unit->arena, "%s, by #pragma redefine_extname in line %u of %s", r->symbol,
                                 r->place.line, r->place.file);
    }
    if (s->detail)
        s->place = place;
    return s->detail != NULL;
}

static bool has_too_many(struct subject *s, const struct type *function)
{
    s->detail = arena_format(s->unit->arena, "%zu", function->param_count);
    return function->param_count > FAR_PARAM_MAX;
}

bool rule_too_many_parameters(struct subject *s)
{
    return !is_absent(s) && has_too_many(s, s->function);
}

bool rule_oneway_answers(struct subject *s)
{
    if (!(s->set & HAS(ONEWAY)))
        return false;
    s->culprit = annotation_find(s->annotations, ANNOTATION_ONEWAY);
    if (s->function->target.type->kind != TYPE_VOID)
        return true;
    for (const struct parameter *param = s->function->params; param; param = param->next)
        if (annotation_set(level_annotations(param->annotations, param->type)) & (HAS(OUT) | HAS(INOUT)))
            return true;
    return false;
}

static const struct annotation *until_next_call(const struct annotation *list)
{
    const struct annotation *lifetime = annotation_find(list, ANNOTATION_LIFETIME);
    return lifetime && strcmp(lifetime->argument, "call") == 0 ? lifetime : NULL;
}

/* The caller goes on, and calls others, before it claims what comes out. */
bool rule_async_outlives(struct subject *s)
{
    if (!(s->set & HAS(ASYNC)))
        return false;
    s->culprit = until_next_call(level_annotations(s->annotations, s->function->target));
    for (const struct parameter *param = s->function->params; param && !s->culprit; param = param->next) {
        const struct type *type = param->type.type;
        while (type->kind == TYPE_POINTER && !s->culprit) {
            type = type->target.type;
            s->culprit = until_next_call(type->annotations);
        }
    }
    return s->culprit != NULL;
}

static const struct type *callback_function(const struct subject *s)
{
    bool calls = (s->set & HAS(CALLBACK)) && subject_is_pointer(s) && subject_target(s)->kind == TYPE_FUNCTION;
    return calls ? subject_target(s) : NULL;
}

bool rule_variadic_callback(struct subject *s)
{
    const struct type *function = callback_function(s);
    return function && function->variadic;
}

bool rule_callback_without_prototype(struct subject *s)
{
    const struct type *function = callback_function(s);
    return function && !function->prototyped;
}

/* The attribute of one declaration is every declaration's. */
bool rule_called_otherwise(struct subject *s)
{
    bool whole = s->where == ON_OPERATION;
    const struct declaration *d = whole ? unit_declarations(s->unit, s->declaration->name) : NULL;
    const struct type *function = whole ? s->function : callback_function(s);
    s->detail = function ? function->convention : NULL;
    for (; d && !s->detail; d = d->again)
        s->detail = d->type.type->convention;
    return s->detail != NULL;
}

bool rule_callback_too_long(struct subject *s)
{
    const struct type *function = callback_function(s);
    return function && has_too_many(s, function);
}
