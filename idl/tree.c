/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Symbols, tags and types of one unit. */
#include "idl/tree.h"

#include <elf.h>
#include <string.h>

void unit_init(struct unit *unit, struct arena *arena, struct diagnostics *diagnostics)
{
    *unit = (struct unit){.arena = arena, .diagnostics = diagnostics, .gnu = true, .machine = EM_X86_64};
    unit->declarations_end = &unit->declarations;
    unit->services_end = &unit->services;
    unit->strays_end = &unit->strays;
}

struct type *unit_tag(struct unit *unit, enum type_kind kind, const char *tag, struct place place)
{
    struct name *name = tag ? unit_name(unit, tag, strlen(tag)) : NULL;
    if (name && name->tag && name->tag->kind == kind)
        return name->tag;
    struct type *type = type_new(unit, kind, (struct typeref){0}, place);
    type->name = tag;
    if (name)
        name->tag = type; /* another kind under the same tag: the compiler itself will refuse it */
    return type;
}

struct type *unit_basic(struct unit *unit, enum basic_type basic)
{
    static const struct {
        const char *spelling;
        enum type_kind kind;
        unsigned size;
        bool is_signed;
    } table[BASIC_COUNT] = {
#define X(NAME, spelling, kind, bytes, sign) {spelling, kind, bytes, sign},
        BASIC_TYPES(X)
#undef X
    };
    if (unit->basic[basic])
        return unit->basic[basic];
    struct type *type = type_new(unit, table[basic].kind, (struct typeref){0}, (struct place){0});
    type->name = table[basic].spelling;
    type->is_signed = table[basic].is_signed && !(basic == BASIC_CHAR && unit->unsigned_char);
    type->is_char = basic == BASIC_CHAR || basic == BASIC_SCHAR || basic == BASIC_UCHAR;
    layout_basic(unit, type, basic, table[basic].size);
    return unit->basic[basic] = type;
}

struct type *type_new(struct unit *unit, enum type_kind kind, struct typeref target, struct place place)
{
    struct type *type = ARENA_NEW(unit->arena, struct type);
    type->kind = kind;
    type->target = target;
    type->place = place;
    type->align = 1;
    /* Depth counts steps that are walked recursively; a structure's members are walked from the structure only. */
    bool by_name = target.type && (target.type->kind == TYPE_STRUCT || target.type->kind == TYPE_UNION);
    type->depth = by_name ? 1 : target.type ? target.type->depth + 1 : 0;
    if (type->depth > DEPTH_LIMIT) {
        diag_error(unit->diagnostics, place, FC_TOO_COMPLEX, "this type is nested too deeply", NULL);
        type->target = (struct typeref){.type = unit_basic(unit, BASIC_INT)};
        type->depth = 1;
    }
    return type;
}

struct type *type_copy(struct unit *unit, const struct type *type)
{
    struct type *copy = ARENA_NEW(unit->arena, struct type);
    *copy = *type;
    copy->pointers = copy->next_pointer = NULL;
    return copy;
}

/* Uses of one type alike in every word. */
static bool same_use(struct typeref a, struct typeref b)
{
    return a.qualifiers == b.qualifiers && a.alias == b.alias && a.alias_qualifiers == b.alias_qualifiers;
}

/* How many pointers to one type are tried; const and typedef names make them differ. */
#define SHARED_LIMIT 8

struct typeref type_pointer_to(struct unit *unit, struct typeref target, struct place place)
{
    struct type *type = target.type->pointers;
    for (unsigned i = 0; type && i < SHARED_LIMIT && !same_use(type->target, target); i++)
        type = type->next_pointer;
    if (type && same_use(type->target, target))
        return (struct typeref){.type = type};
    type = type_new(unit, TYPE_POINTER, target, place);
    layout_pointer(type);
    type->next_pointer = target.type->pointers;
    target.type->pointers = type;
    return (struct typeref){.type = type};
}

/* Function types nested in each other's parameters grow exponentially when walked; nobody writes one that large. */
#define STEP_LIMIT 100000

static bool compatible(struct typeref a, struct typeref b, unsigned *steps);

static bool params_compatible(const struct type *a, const struct type *b, unsigned *steps)
{
    if (!a->prototyped || !b->prototyped)
        return true;
    if (a->variadic != b->variadic || a->param_count != b->param_count)
        return false;
    const struct parameter *p = a->params, *q = b->params;
    for (; p && q; p = p->next, q = q->next) {
        /* Qualifiers of the parameter itself are not part of the function's type. */
        struct typeref left = p->type, right = q->type;
        left.qualifiers = right.qualifiers = 0;
        if (!compatible(left, right, steps))
            return false;
    }
    return !p && !q;
}

static bool compatible(struct typeref a, struct typeref b, unsigned *steps)
{
    const unsigned mask = QUALIFIER_CONST | QUALIFIER_VOLATILE | QUALIFIER_ATOMIC;
    const struct type *x = a.type, *y = b.type;
    if (!*steps)
        return true;
    --*steps;
    bool unknown = !x || !y || (x->kind == TYPE_UNKNOWN && !x->complete) || (y->kind == TYPE_UNKNOWN && !y->complete);
    if (unknown)
        return true;
    if ((a.qualifiers & mask) != (b.qualifiers & mask))
        return false;
    if (x == y)
        return true;
    if (x->kind == TYPE_ENUM && y->kind == TYPE_INT)
        return x->target.type && x->target.type->size == y->size;
    if (y->kind == TYPE_ENUM && x->kind == TYPE_INT)
        return compatible(b, a, steps);
    if (x->kind != y->kind)
        return false;
    switch (x->kind) {
    case TYPE_POINTER:
        return compatible(x->target, y->target, steps);
    case TYPE_ARRAY:
        return compatible(x->target, y->target, steps) && (!x->has_count || !y->has_count || x->count == y->count);
    case TYPE_FUNCTION:
        return compatible(x->target, y->target, steps) && params_compatible(x, y, steps);
    case TYPE_STRUCT:
    case TYPE_UNION:
    case TYPE_ENUM:
        return x->name && y->name && strcmp(x->name, y->name) == 0 && x->size == y->size;
    case TYPE_VECTOR:
        return x->size == y->size;
    default:
        return x->name && y->name && strcmp(x->name, y->name) == 0;
    }
}

bool types_compatible(struct typeref a, struct typeref b)
{
    unsigned steps = STEP_LIMIT;
    return compatible(a, b, &steps);
}

const struct annotation *level_annotations(const struct annotation *own, struct typeref type)
{
    bool has_level = type.type->kind == TYPE_POINTER || type.type->kind == TYPE_ARRAY || type.type->kind == TYPE_INT;
    return own ? own : has_level ? type.type->annotations : NULL;
}

const struct member *type_member(const struct type *type, const char *name, uint64_t *offset)
{
    for (const struct member *member = type->members; member; member = member->next) {
        if (member->name && strcmp(member->name, name) == 0) {
            *offset = member->offset;
            return member;
        }
        const struct type *inner = member->type.type;
        bool anonymous = !member->name && (inner->kind == TYPE_STRUCT || inner->kind == TYPE_UNION);
        const struct member *found = anonymous ? type_member(inner, name, offset) : NULL;
        if (found) {
            *offset += member->offset;
            return found;
        }
    }
    return NULL;
}
