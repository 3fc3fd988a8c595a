/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * far_describes: a structure of one's own whose members' annotations are those of another structure, in a header that
 * nobody may edit. The other's members take over annotations, types (which carry the words of inner levels) and, for
 * messages, places; layout and order stay theirs.
 */
#include "idl/check.h"

#include <string.h>

struct describing {
    struct unit *unit;
    const struct type *shadow;
    struct type *real;
    const struct annotation *annotation;
    const char *name; /* "struct z_stream_s" */
};

static void describes_error(const struct describing *d, struct place place, enum fc_number number, const char *message,
                            const char *advice)
{
    diag_error(d->unit->diagnostics, place, number, message, advice);
}

/* The member of that name, to be changed. */
static struct member *find_member(struct type *type, const char *name)
{
    for (struct member *member = type->members; member; member = member->next) {
        if (member->name && strcmp(member->name, name) == 0)
            return member;
        struct type *inner = member->type.type;
        struct member *found = !member->name && is_structure_type(inner) ? find_member(inner, name) : NULL;
        if (found) {
            type->carries_annotations = true;
            return found;
        }
    }
    return NULL;
}

static bool has_words(const struct member *member)
{
    return level_annotations(member->annotations, member->type) != NULL;
}

/* A structure without a name is a type of its own wherever it is written; only its member leads to it. */
static const char *type_advice(const struct describing *d, const struct member *to)
{
    const struct type *type = to->type.type;
    if (!is_structure_type(type) || type->name || type->typedef_name)
        return "repeat its type exactly, and add words";
    const char *name = arena_format(d->unit->arena, "__typeof__(((%s *)0)->%s)", d->name, to->name);
    return arena_format(d->unit->arena,
                        "a type without a name cannot be repeated: write `%s %s` here, and describe its members in "
                        "%s far_describes(%s) my_own { … };",
                        name, to->name, type->kind == TYPE_UNION ? "union" : "struct", name);
}

static void describe_member(const struct describing *d, const struct member *from)
{
    struct arena *arena = d->unit->arena;
    struct member *to = find_member(d->real, from->name);
    if (!to) {
        describes_error(d, from->place, FC_DESCRIBES_MEMBER,
                        arena_format(arena, "%s has no member '%s'", d->name, from->name),
                        "name its members as its header does; members that need no words may "
                        "be left out");
        return;
    }
    if (!types_compatible(from->type, to->type) || from->is_bit_field != to->is_bit_field) {
        describes_error(d, from->place, FC_DESCRIBES_TYPE,
                        arena_format(arena, "member '%s' of %s is `%s`, not `%s`", from->name, d->name,
                                     type_spelling(arena, to->type, to->name),
                                     type_spelling(arena, from->type, from->name)),
                        type_advice(d, to));
        return;
    }
    if (has_words(to) && has_words(from)) {
        describes_error(d, from->place, FC_DESCRIBES_TWICE,
                        arena_format(arena, "member '%s' of %s is described already", from->name, d->name),
                        "describe each member once");
        return;
    }
    to->type = from->type;
    to->annotations = from->annotations ? from->annotations : to->annotations;
    to->attributes = from->attributes ? from->attributes : to->attributes;
    to->place = from->place;
}

static void describe_members(const struct describing *d, const struct type *shadow)
{
    for (const struct member *member = shadow->members; member; member = member->next) {
        if (member->name)
            describe_member(d, member);
        else if (is_structure_type(member->type.type))
            describe_members(d, member->type.type);
    }
}

/* `struct s`, `union u` or a typedef's name; NULL (and an error) if it is no complete structure. */
static struct type *find_real(const struct describing *d)
{
    const char *text = arena_format(d->unit->arena, "sizeof(%s)", d->annotation->argument);
    const struct expr *expr = unit_parse_expression(d->unit, text, d->annotation->place, NULL);
    struct type *type = expr && expr->kind == EXPR_SIZEOF ? expr->type.type : NULL;
    if (type && is_structure_type(type) && type->complete && type != d->shadow)
        return type;
    if (expr)
        describes_error(d, d->annotation->place, FC_DESCRIBES_UNKNOWN,
                        arena_format(d->unit->arena, "far_describes(%s) names no structure that is defined here",
                                     d->annotation->argument),
                        "include the header that defines it, and name it as it is there: "
                        "far_describes(struct z_stream_s)");
    return NULL;
}

void describes_apply(struct unit *unit)
{
    for (size_t i = 0; i < unit->annotated_type_count; i++) {
        struct describing d = {.unit = unit, .shadow = unit->annotated_types[i]};
        d.annotation = annotation_find(d.shadow->annotations, ANNOTATION_DESCRIBES);
        d.real = d.annotation ? find_real(&d) : NULL;
        if (!d.real)
            continue;
        d.name = type_spelling(unit->arena, (struct typeref){.type = d.real}, NULL);
        d.real->carries_annotations = true;
        describe_members(&d, d.shadow);
    }
}
