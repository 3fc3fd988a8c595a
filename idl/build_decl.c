/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Parameters, structures, enumerations and file-scope declarations. */
#include "idl/parser.h"

#include <string.h>

/* All annotations of a declaration: before it, after its stars, behind its name. */
static struct attributes all_attributes(const struct specifiers *specifiers, const struct declarator *declarator)
{
    struct attributes all = {specifiers->attributes, specifiers->annotations};
    for (const struct derivation *d = declarator ? declarator->derivations : NULL; d; d = d->next)
        all = attributes_join(all, (struct attributes){d->attributes, d->annotations});
    if (declarator)
        all = attributes_join(all, (struct attributes){declarator->attributes, declarator->annotations});
    return all;
}

/* The declared type. Must come before all_attributes(), which joins the lists that this looks at one by one. */
static struct typeref declared_type(struct parser *parser, struct specifiers *specifiers,
                                    const struct declarator *declarator)
{
    struct typeref base = attributes_apply(parser, specifiers_type(parser, specifiers), specifiers->attributes);
    struct typeref type = declarator_type(parser, base, declarator);
    return declarator ? attributes_apply(parser, type, declarator->attributes) : type;
}

/* Lists are joined by their ends, so one declaration's must not be shared with the next one's: copy the specifiers'. */
static struct specifiers own_specifiers(struct parser *parser, const struct specifiers *specifiers)
{
    struct specifiers own = *specifiers;
    struct attribute **other = &own.attributes;
    struct annotation **annotation = &own.annotations;
    for (const struct attribute *a = specifiers->attributes; a; a = a->next, other = &(*other)->next) {
        *other = ARENA_NEW(parser->unit->arena, struct attribute);
        **other = *a;
        (*other)->next = NULL;
    }
    for (const struct annotation *a = specifiers->annotations; a; a = a->next, annotation = &(*annotation)->next) {
        *annotation = ARENA_NEW(parser->unit->arena, struct annotation);
        **annotation = *a;
        (*annotation)->next = NULL;
    }
    return own;
}

/* --- parameters --- */

static void pass_as_pointer(struct parser *parser, struct parameter *param)
{
    struct type *written = param->type.type;
    if (written->kind != TYPE_ARRAY && written->kind != TYPE_FUNCTION)
        return;
    struct typeref target = param->type;
    if (written->kind == TYPE_ARRAY) {
        param->array = written;
        target = written->target;
        target.qualifiers |= param->type.qualifiers;
    }
    param->type = type_pointer_to(parser->unit, target, param->place);
}

struct parameter *build_parameter(struct parser *parser, struct specifiers *specifiers, struct declarator *declarator)
{
    struct parameter *param = ARENA_NEW(parser->unit->arena, struct parameter);
    param->type = declared_type(parser, specifiers, declarator);
    param->annotations = all_attributes(specifiers, declarator).annotations;
    param->name = declarator ? declarator->name : NULL;
    param->place = declarator && declarator->name ? declarator->place : specifiers->place;
    pass_as_pointer(parser, param);
    return param;
}

struct parameter *build_old_parameter(struct parser *parser, const char *name, struct place place)
{
    struct parameter *param = ARENA_NEW(parser->unit->arena, struct parameter);
    param->name = name;
    param->place = place;
    param->type.type = unit_basic(parser->unit, BASIC_INT);
    return param;
}

struct parameter *parameters_join(struct parameter *first, struct parameter *last)
{
    struct parameter *end = first;
    while (end->next)
        end = end->next;
    end->next = last;
    return first;
}

/* --- structures --- */

struct type *build_structure(struct parser *parser, enum type_kind kind, const char *tag, struct attributes attributes,
                             struct place place)
{
    struct unit *unit = parser->unit;
    const struct annotation *service = annotation_find(attributes.annotations, ANNOTATION_SERVICE);
    if (service) {
        struct service_mark *mark = ARENA_NEW(unit->arena, struct service_mark);
        mark->annotation = attributes.annotations;
        *unit->services_end = mark;
        unit->services_end = &mark->next;
        tag = NULL;
    } else if (attributes.annotations) {
        struct annotation **end = &unit->strays;
        while (*end)
            end = &(*end)->next;
        *end = attributes.annotations;
    }
    struct type *type = unit_tag(unit, kind, tag, place);
    type->packed |= attributes_have(attributes.other, "packed");
    uint32_t align = attributes_align(parser, attributes.other);
    if (align > type->min_align)
        type->min_align = align;
    return type;
}

void structure_begin(struct parser *parser, struct type *type, struct place place)
{
    if (type->complete || type->defining)
        parse_error(parser, place, FC_REDEFINED, "'%s %s' is defined a second time",
                    type->kind == TYPE_STRUCT ? "struct" : "union", type->name ? type->name : "");
    type->defining = true;
    type->place = place;
    type->pack = parser->pack;
}

static void note_annotations(struct unit *unit, struct type *type)
{
    for (const struct member *member = type->members; member; member = member->next)
        type->carries_annotations |= member->annotations != NULL;
    if (!type->carries_annotations)
        return;
    if (unit->annotated_type_count == unit->annotated_type_room) {
        unit->annotated_types =
            arena_grow(unit->arena, unit->annotated_types, unit->annotated_type_count, sizeof *unit->annotated_types);
        unit->annotated_type_room = unit->annotated_type_count ? unit->annotated_type_count * 2 : 8;
    }
    unit->annotated_types[unit->annotated_type_count++] = type;
}

void structure_end(struct parser *parser, struct type *type, struct member *members)
{
    type->defining = false;
    if (type->complete)
        return;
    type->members = members;
    for (const struct member *member = members; member; member = member->next) {
        const struct type *inner = member->type.type;
        while (inner->kind == TYPE_ARRAY)
            inner = inner->target.type;
        if ((inner->kind == TYPE_STRUCT || inner->kind == TYPE_UNION) && inner->depth >= type->depth)
            type->depth = inner->depth + 1;
    }
    if (type->depth > DEPTH_LIMIT) {
        parse_error(parser, type->place, FC_TOO_COMPLEX, "this structure is nested too deeply");
        type->members = NULL;
        type->depth = 0;
        return;
    }
    layout_structure(parser->unit, type);
    note_annotations(parser->unit, type);
}

static void set_bit_width(struct parser *parser, struct member *member, const struct expr *width)
{
    struct constant c = constant_evaluate(parser->unit, width);
    const struct type *type = member->type.type;
    bool integral = type->kind == TYPE_INT || type->kind == TYPE_BOOL || type->kind == TYPE_ENUM;
    uint64_t most = type->kind == TYPE_BOOL ? 1 : type->size > 16 ? 128 : type->size * 8;
    member->is_bit_field = true;
    if (type->kind == TYPE_UNKNOWN && type->complete)
        integral = true;
    if (!integral || !c.known || c.is_real || c.value > most || (c.value == 0 && member->name)) {
        parse_error(parser, width->place, FC_BAD_CONSTANT, "a bit-field cannot have that type and width");
        c.value = most ? 1 : 0;
    }
    member->bit_width = (uint32_t)c.value;
}

struct member *build_member(struct parser *parser, struct specifiers *specifiers, struct declarator *declarator)
{
    struct specifiers own = own_specifiers(parser, specifiers);
    struct member *member = ARENA_NEW(parser->unit->arena, struct member);
    member->type = declared_type(parser, specifiers, declarator);
    struct attributes all = all_attributes(&own, declarator);
    member->annotations = all.annotations;
    member->name = declarator->name;
    member->place = declarator->place;
    member->packed = attributes_have(all.other, "packed");
    member->min_align = attributes_align(parser, all.other);
    if (own.align > member->min_align)
        member->min_align = own.align;
    if (declarator->bit_width)
        set_bit_width(parser, member, declarator->bit_width);
    return member;
}

struct member *build_anonymous_member(struct parser *parser, struct specifiers *specifiers)
{
    struct typeref type = specifiers_type(parser, specifiers);
    if (type.type->kind != TYPE_STRUCT && type.type->kind != TYPE_UNION)
        return NULL; /* `int;` or an enumeration: declares no member */
    if (type.type->name && !type.type->complete)
        return NULL; /* only a forward declaration */
    if (type.type->name && !specifiers->just_defined)
        return NULL;
    if (type.type->name)
        return NULL; /* a tagged structure defined inside: a type, not a member */
    struct member *member = ARENA_NEW(parser->unit->arena, struct member);
    member->type = type;
    member->place = specifiers->place;
    member->min_align = specifiers->align;
    return member;
}

struct member *members_join(struct member *first, struct member *last)
{
    struct member *end = first;
    if (!first)
        return last;
    while (end->next)
        end = end->next;
    end->next = last;
    return first;
}

/* --- enumerations --- */

struct type *build_enum(struct parser *parser, const char *tag, struct attributes attributes, struct place place,
                        struct typeref beneath)
{
    struct type *type = unit_tag(parser->unit, TYPE_ENUM, tag, place);
    type->packed |= attributes_have(attributes.other, "packed");
    if (beneath.type && !type->complete && beneath.type->kind == TYPE_INT) {
        type->target.type = beneath.type;
        layout_enum(parser->unit, type, false, 0, 0);
    }
    return type;
}

struct enum_body *enum_begin(struct parser *parser, const char *tag, struct attributes attributes, struct place place,
                             struct typeref beneath)
{
    struct enum_body *body = ARENA_NEW(parser->unit->arena, struct enum_body);
    body->type = build_enum(parser, tag, attributes, place, beneath);
    if (body->type->complete && !beneath.type)
        parse_error(parser, place, FC_REDEFINED, "'enum %s' is defined a second time", tag ? tag : "");
    body->outer = parser->enum_body;
    return parser->enum_body = body;
}

void enum_add(struct parser *parser, const char *name, struct expr *value)
{
    struct enum_body *body = parser->enum_body;
    struct constant c = {.known = true, .value = body->next, .is_signed = body->next_negative, .size = 8};
    if (value)
        c = constant_evaluate(parser->unit, value);
    if (c.known && c.is_real)
        parse_error(parser, value->place, FC_BAD_CONSTANT, "the value of '%s' is not an integer", name);
    body->unknown = value ? !c.known : body->unknown;
    if (body->unknown) {
        /* Constant for the compiler perhaps (the size of an array that its initialiser counts), but not followed here.
         * Whoever needs it will say so. */
        body->any_unknown = true;
        unit_add_symbol(parser->unit, name, SYMBOL_ENUMERATOR, (struct typeref){0});
        return;
    }
    bool negative = c.is_signed && (int64_t)c.value < 0;
    if (negative && (!body->any_negative || (int64_t)c.value < (int64_t)body->least))
        body->least = c.value;
    if (!negative && c.value > body->most)
        body->most = c.value;
    body->any_negative |= negative;
    body->next = c.value + 1;
    body->next_negative = negative && body->next != 0;
    enum basic_type basic = negative                ? ((int64_t)c.value >= INT32_MIN ? BASIC_INT : BASIC_LONG)
                            : c.value <= INT32_MAX  ? BASIC_INT
                            : c.value <= UINT32_MAX ? BASIC_UINT
                            : c.value <= INT64_MAX  ? BASIC_LONG
                                                    : BASIC_ULONG;
    struct typeref type = {.type = body->type->target.type ? body->type->target.type : unit_basic(parser->unit, basic)};
    unit_add_symbol(parser->unit, name, SYMBOL_ENUMERATOR, type)->value = c.value;
}

struct type *enum_end(struct parser *parser, struct enum_body *body)
{
    parser->enum_body = body->outer;
    if (!body->type->complete && !body->any_unknown)
        layout_enum(parser->unit, body->type, body->any_negative, body->least, body->most);
    return body->type;
}

/* --- declarations --- */

static void declare_typedef(struct parser *parser, const char *name, struct typeref type, const struct attributes *all)
{
    uint32_t align = attributes_align(parser, all->other);
    bool tagged = type.type->kind == TYPE_STRUCT || type.type->kind == TYPE_UNION || type.type->kind == TYPE_ENUM;
    if (tagged && !type.type->name && !type.type->typedef_name)
        type.type->typedef_name = name;
    if (align && align != type.type->align && type.type->complete) {
        struct type *aligned = ARENA_NEW(parser->unit->arena, struct type);
        *aligned = *type.type;
        aligned->align = align;
        type.type = aligned;
    }
    type.alias = NULL;
    unit_add_symbol(parser->unit, name, SYMBOL_TYPEDEF, type);
}

void build_declaration(struct parser *parser, struct specifiers *specifiers, struct declarator *declarator,
                       bool has_body)
{
    struct unit *unit = parser->unit;
    struct specifiers own = own_specifiers(parser, specifiers);
    struct typeref type = declared_type(parser, specifiers, declarator);
    struct attributes all = all_attributes(&own, declarator);
    if (specifiers->storage & STORAGE_TYPEDEF) {
        declare_typedef(parser, declarator->name, type, &all);
        if (!all.annotations)
            return;
    } else {
        unit_add_symbol(unit, declarator->name, SYMBOL_OBJECT, type);
    }
    struct declaration *declaration = ARENA_NEW(unit->arena, struct declaration);
    *declaration = (struct declaration){
        .name = declarator->name,
        .type = type,
        .storage = specifiers->storage,
        .has_body = has_body,
        .annotations = all.annotations,
        .attributes = all.other,
        .place = declarator->place,
        .begin = specifiers->place,
    };
    *unit->declarations_end = declaration;
    unit->declarations_end = &declaration->next;
}

void build_empty_declaration(struct parser *parser, struct specifiers *specifiers)
{
    (void)specifiers_type(parser, specifiers);
    struct annotation **end = &parser->unit->strays;
    while (*end)
        end = &(*end)->next;
    *end = specifiers->annotations;
}
