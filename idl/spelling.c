/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Types as C declarations. */
#include "idl/tree.h"

#include <stdio.h>
#include <string.h>

struct speller {
    struct arena *arena;
    bool resolved; /* typedefs resolved */
    unsigned steps;
};

/* Function types nested in each other's parameters grow exponentially when spelled; nobody reads one that long. */
#define STEP_LIMIT 400

static const char *spell(struct speller *speller, struct typeref type, const char *inner);

static const char *qualifier_words(struct speller *speller, unsigned qualifiers)
{
    return arena_format(speller->arena, "%s%s%s%s", qualifiers & QUALIFIER_CONST ? "const " : "",
                        qualifiers & QUALIFIER_VOLATILE ? "volatile " : "",
                        qualifiers & QUALIFIER_RESTRICT ? "restrict " : "",
                        qualifiers & QUALIFIER_ATOMIC ? "_Atomic " : "");
}

static const char *tag_word(enum type_kind kind)
{
    return kind == TYPE_STRUCT ? "struct" : kind == TYPE_UNION ? "union" : "enum";
}

static const char *base_name(struct speller *speller, const struct type *type)
{
    switch (type->kind) {
    case TYPE_STRUCT:
    case TYPE_UNION:
    case TYPE_ENUM:
        if (type->name)
            return arena_format(speller->arena, "%s %s", tag_word(type->kind), type->name);
        return type->typedef_name ? type->typedef_name
                                  : arena_format(speller->arena, "%s <unnamed>", tag_word(type->kind));
    case TYPE_VECTOR:
        return arena_format(speller->arena, "vector of %llu bytes of %s", (unsigned long long)type->size,
                            spell(speller, type->target, ""));
    case TYPE_UNKNOWN:
        return type->name ? type->name : "typeof(<expression>)";
    default:
        return type->name ? type->name : "int";
    }
}

static const char *spell_params(struct speller *speller, const struct type *function)
{
    const char *text = "";
    for (const struct parameter *param = function->params; param; param = param->next)
        text = arena_format(speller->arena, "%s%s%s", text, *text ? ", " : "",
                            spell(speller, param->type, !speller->resolved && param->name ? param->name : ""));
    if (function->variadic)
        return arena_format(speller->arena, "%s%s...", text, *text ? ", " : "");
    return *text || !function->prototyped ? text : "void";
}

static const char *spell(struct speller *speller, struct typeref type, const char *inner)
{
    bool by_alias = type.alias && !speller->resolved;
    if (++speller->steps > STEP_LIMIT)
        return TYPE_SPELLING_CUT;
    const char *qualifiers =
        qualifier_words(speller, by_alias ? type.qualifiers & ~type.alias_qualifiers : type.qualifiers);
    enum type_kind kind = by_alias ? TYPE_INT : type.type->kind;
    const struct typeref *target = &type.type->target;
    bool target_suffix = target->type && (!target->alias || speller->resolved) &&
                         (target->type->kind == TYPE_ARRAY || target->type->kind == TYPE_FUNCTION);
    switch (kind) {
    case TYPE_POINTER:
        return spell(speller, *target,
                     arena_format(speller->arena, target_suffix ? "(*%s%s)" : "*%s%s", qualifiers, inner));
    case TYPE_ARRAY:
        if (type.type->has_count)
            return spell(speller, *target,
                         arena_format(speller->arena, "%s[%llu]", inner, (unsigned long long)type.type->count));
        return spell(speller, *target, arena_format(speller->arena, "%s[]", inner));
    case TYPE_FUNCTION:
        return spell(speller, *target, arena_format(speller->arena, "%s(%s)", inner, spell_params(speller, type.type)));
    default:
        return arena_format(speller->arena, "%s%s%s%s", qualifiers,
                            by_alias ? type.alias : base_name(speller, type.type), *inner ? " " : "", inner);
    }
}

const char *type_spelling(struct arena *arena, struct typeref type, const char *name)
{
    return spell(&(struct speller){arena, false, 0}, type, name ? name : "");
}

const char *type_spelling_resolved(struct arena *arena, struct typeref type, const char *name)
{
    return spell(&(struct speller){arena, true, 0}, type, name ? name : "");
}
