/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Symbols, tags and types of one unit. */
#include "idl/tree.h"

#include <string.h>

void unit_init(struct unit *unit, struct arena *arena, struct diagnostics *diagnostics)
{
    *unit = (struct unit){.arena = arena, .diagnostics = diagnostics, .gnu = true};
    unit->declarations_end = &unit->declarations;
    unit->services_end = &unit->services;
}

static unsigned bucket(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash % SYMBOL_BUCKETS;
}

static struct symbol *find(struct symbol *const *table, const char *name)
{
    struct symbol *symbol = table[bucket(name)];
    while (symbol && strcmp(symbol->name, name) != 0)
        symbol = symbol->next;
    return symbol;
}

static struct symbol *add(struct unit *unit, struct symbol **table, const char *name)
{
    struct symbol *symbol = ARENA_NEW(unit->arena, struct symbol);
    symbol->name = name;
    symbol->next = table[bucket(name)];
    table[bucket(name)] = symbol;
    return symbol;
}

struct symbol *unit_symbol(const struct unit *unit, const char *name)
{
    return name ? find(unit->symbols, name) : NULL;
}

struct symbol *unit_add_symbol(struct unit *unit, const char *name, enum symbol_kind kind, struct typeref type)
{
    struct symbol *symbol = unit_symbol(unit, name);
    if (!symbol)
        symbol = add(unit, unit->symbols, name);
    symbol->kind = kind;
    symbol->type = type;
    return symbol;
}

struct type *unit_tag(struct unit *unit, enum type_kind kind, const char *tag, struct place place)
{
    struct symbol *symbol = tag ? find(unit->tags, tag) : NULL;
    if (symbol && symbol->type.type->kind == kind)
        return symbol->type.type;
    struct type *type = type_new(unit, kind, (struct typeref){0}, place);
    type->name = tag;
    if (symbol)
        symbol->type.type = type; /* another kind under the same tag: the compiler itself will refuse it */
    else if (tag)
        add(unit, unit->tags, tag)->type.type = type;
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
    type->size = table[basic].size;
    type->is_signed = table[basic].is_signed && !(basic == BASIC_CHAR && unit->unsigned_char);
    type->is_char = basic == BASIC_CHAR || basic == BASIC_SCHAR || basic == BASIC_UCHAR;
    type->align = layout_basic_align(type->kind, type->size);
    type->complete = basic != BASIC_VOID;
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

struct typeref type_pointer_to(struct unit *unit, struct typeref target, struct place place)
{
    struct type *type = type_new(unit, TYPE_POINTER, target, place);
    layout_pointer(type);
    return (struct typeref){.type = type};
}

static bool params_compatible(const struct type *a, const struct type *b)
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
        if (!types_compatible(left, right))
            return false;
    }
    return !p && !q;
}

bool types_compatible(struct typeref a, struct typeref b)
{
    const unsigned mask = QUALIFIER_CONST | QUALIFIER_VOLATILE | QUALIFIER_ATOMIC;
    const struct type *x = a.type, *y = b.type;
    if (!x || !y || x->kind == TYPE_UNKNOWN || y->kind == TYPE_UNKNOWN)
        return true;
    if ((a.qualifiers & mask) != (b.qualifiers & mask))
        return false;
    if (x == y)
        return true;
    if (x->kind == TYPE_ENUM && y->kind == TYPE_INT)
        return x->target.type && x->target.type->size == y->size;
    if (y->kind == TYPE_ENUM && x->kind == TYPE_INT)
        return types_compatible(b, a);
    if (x->kind != y->kind)
        return false;
    switch (x->kind) {
    case TYPE_POINTER:
        return types_compatible(x->target, y->target);
    case TYPE_ARRAY:
        return types_compatible(x->target, y->target) && (!x->has_count || !y->has_count || x->count == y->count);
    case TYPE_FUNCTION:
        return types_compatible(x->target, y->target) && params_compatible(x, y);
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
