/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Parameters, structures, enumerations and file-scope declarations. */
#include "idl/parser.h"

#include <string.h>

/* What a declaration declares: its type, and all that its attributes and annotations say about the outermost level. */
struct declared {
    struct typeref type;
    struct attributes all;
};

/* The step that a declaration's own words describe: the last; of a function, the last of its result. */
static const struct derivation *outermost_derivation(const struct declarator *declarator, bool of_result)
{
    const struct derivation *last = NULL, *before = NULL;
    for (const struct derivation *d = declarator ? declarator->derivations : NULL; d; d = d->next) {
        before = last;
        last = d;
    }
    return of_result && last && last->kind == DERIVE_FUNCTION ? before : last;
}

/* Does the declarator add a level that outer words describe, so that those after a typedef's name are the typedef's? */
static bool base_is_inner(const struct typeref *base, const struct derivation *outermost)
{
    return base->type->kind == TYPE_POINTER && outermost && outermost->kind != DERIVE_FUNCTION;
}

/* Attributes about calling stand anywhere in a declaration; they are its function's, or that which it points to. */
static void note_convention(struct typeref type, const struct attribute *list)
{
    const char *convention = attributes_convention(list);
    while (convention && (type.type->kind == TYPE_POINTER || type.type->kind == TYPE_ARRAY))
        type = type.type->target;
    if (convention && type.type->kind == TYPE_FUNCTION)
        type.type->convention = convention;
}

static struct declared declare(struct parser *parser, struct specifiers *specifiers, struct declarator *declarator,
                               bool of_result)
{
    struct declared result = {.all = {specifiers->attributes, specifiers->annotations}};
    const struct derivation *outermost = outermost_derivation(declarator, of_result);
    struct typeref base = attributes_apply(parser, specifiers_type(parser, specifiers), specifiers->attributes);
    struct annotation *after_name = specifiers->base_annotations;
    if (after_name && base_is_inner(&base, outermost)) {
        base = type_annotated(parser, base, after_name);
        after_name = NULL;
    }
    result.type = declarator_type(parser, base, declarator, outermost);
    if (declarator)
        result.type = attributes_apply(parser, result.type, declarator->attributes);
    result.all = attributes_join(result.all, (struct attributes){NULL, after_name});
    for (const struct derivation *d = declarator ? declarator->derivations : NULL; d; d = d->next)
        result.all =
            attributes_join(result.all, (struct attributes){d->attributes, d == outermost ? d->annotations : NULL});
    if (declarator)
        result.all = attributes_join(result.all, (struct attributes){declarator->attributes, declarator->annotations});
    note_convention(result.type, result.all.other);
    return result;
}

static struct annotation *own_annotations(struct parser *parser, const struct annotation *list)
{
    struct annotation *own = NULL, **end = &own;
    for (; list; list = list->next, end = &(*end)->next) {
        *end = ARENA_NEW(parser->unit->arena, struct annotation);
        **end = *list;
        (*end)->next = NULL;
    }
    return own;
}

/* Lists are joined by their ends, so one declaration's must not be shared with the next one's: copy the specifiers'. */
static struct specifiers own_specifiers(struct parser *parser, const struct specifiers *specifiers)
{
    struct specifiers own = *specifiers;
    struct attribute **other = &own.attributes;
    for (const struct attribute *a = specifiers->attributes; a; a = a->next, other = &(*other)->next) {
        *other = ARENA_NEW(parser->unit->arena, struct attribute);
        **other = *a;
        (*other)->next = NULL;
    }
    own.annotations = own_annotations(parser, specifiers->annotations);
    own.base_annotations = own_annotations(parser, specifiers->base_annotations);
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
    if (written->kind == TYPE_ARRAY && written->annotations)
        param->type = type_annotated(parser, param->type, written->annotations);
}

struct parameter *build_parameter(struct parser *parser, struct specifiers *specifiers, struct declarator *declarator)
{
    struct parameter *param = ARENA_NEW(parser->unit->arena, struct parameter);
    struct declared declared = declare(parser, specifiers, declarator, false);
    param->type = declared.type;
    param->annotations = declared.all.annotations;
    param->attributes = declared.all.other;
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

/* --- structures --- */

static void add_strays(struct unit *unit, struct annotation *list)
{
    *unit->strays_end = list;
    while (*unit->strays_end)
        unit->strays_end = &(*unit->strays_end)->next;
}

static void note_type(struct unit *unit, struct type *type)
{
    if (type->noted)
        return;
    type->noted = true;
    if (unit->annotated_type_count == unit->annotated_type_room) {
        unit->annotated_types =
            arena_grow(unit->arena, unit->annotated_types, unit->annotated_type_count, sizeof *unit->annotated_types);
        unit->annotated_type_room = unit->annotated_type_count ? unit->annotated_type_count * 2 : 8;
    }
    unit->annotated_types[unit->annotated_type_count++] = type;
}

void structure_describe(struct parser *parser, struct type *type, struct annotation **annotations)
{
    while (*annotations) {
        struct annotation *one = *annotations;
        if (one->word != ANNOTATION_DESCRIBES) {
            annotations = &one->next;
            continue;
        }
        *annotations = one->next;
        one->next = type->annotations;
        type->annotations = one;
        note_type(parser->unit, type);
    }
}

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
        attributes.annotations = NULL;
        tag = NULL;
    }
    struct type *type = unit_tag(unit, kind, tag, place);
    type->packed |= attributes_have(attributes.other, "packed");
    type->ms_struct |= attributes_have(attributes.other, "ms_struct");
    uint32_t align = attributes_align(parser, attributes.other);
    if (align > type->min_align)
        type->min_align = align;
    structure_describe(parser, type, &attributes.annotations);
    add_strays(unit, attributes.annotations);
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
    type->ms_struct |= parser->ms_struct;
}

static void note_annotations(struct unit *unit, struct type *type)
{
    for (const struct member *member = type->members; member; member = member->next)
        type->carries_annotations |= level_annotations(member->annotations, member->type) != NULL;
    if (type->carries_annotations)
        note_type(unit, type);
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
    struct declared declared = declare(parser, &own, declarator, false);
    const struct attributes all = declared.all;
    member->type = declared.type;
    member->annotations = all.annotations;
    member->attributes = all.other;
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
    bool defined_here = specifiers->defined_here && !type.type->name;
    if (!defined_here && !(parser->unit->ms_extensions && type.type->complete))
        return NULL; /* a declaration or definition of a type, not a member */
    struct member *member = ARENA_NEW(parser->unit->arena, struct member);
    member->type = type;
    member->annotations = specifiers->annotations;
    member->place = specifiers->place;
    member->min_align = specifiers->align;
    return member;
}

struct member_list member_alone(struct member *member)
{
    return (struct member_list){member, member};
}

struct member_list members_join(struct member_list first, struct member_list last)
{
    if (!first.last || !last.last)
        return first.last ? first : last;
    first.last->next = last.first;
    first.last = last.last;
    return first;
}

/* --- enumerations --- */

struct type *build_enum(struct parser *parser, const char *tag, struct attributes attributes, struct place place,
                        struct typeref beneath)
{
    struct type *type = unit_tag(parser->unit, TYPE_ENUM, tag, place);
    uint32_t align = attributes_align(parser, attributes.other);
    type->packed |= attributes_have(attributes.other, "packed");
    if (align > type->min_align)
        type->min_align = align;
    if (beneath.type && !type->complete && (beneath.type->kind == TYPE_INT || beneath.type->kind == TYPE_BOOL)) {
        type->target.type = beneath.type;
        layout_enum(parser->unit, type, false, 0, 0);
    }
    return type;
}

struct enum_body *enum_begin(struct parser *parser, const char *tag, struct attributes attributes, struct place place,
                             struct typeref beneath)
{
    struct enum_body *body = ARENA_NEW(parser->scratch, struct enum_body);
    body->type = build_enum(parser, tag, attributes, place, beneath);
    if (body->type->complete && !beneath.type)
        parse_error(parser, place, FC_REDEFINED, "'enum %s' is defined a second time", tag ? tag : "");
    body->outer = parser->enum_body;
    body->fixed = body->type->target.type != NULL;
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
    parser->closed_enum = body;
    if (!body->type->complete && !body->any_unknown)
        layout_enum(parser->unit, body->type, body->any_negative, body->least, body->most);
    return body->type;
}

void enum_lay_out_again(struct parser *parser, struct type *type)
{
    const struct enum_body *body = parser->closed_enum;
    if (!body || body->type != type || body->any_unknown)
        return;
    if (!body->fixed)
        type->target.type = NULL;
    layout_enum(parser->unit, type, body->any_negative, body->least, body->most);
}

/* --- declarations --- */

/* Words that describe every use of a typedef go into its type; those that can describe none stay in the list. */
static struct typeref annotate_typedef(struct parser *parser, struct typeref type, struct annotation **list)
{
    struct annotation *kept = NULL, **end = &kept;
    if (type.type->kind != TYPE_POINTER && type.type->kind != TYPE_ARRAY && type.type->kind != TYPE_INT)
        return type;
    while (*list) {
        struct annotation *one = *list;
        if (!(annotation_where(one->word) & (ON_PARAMETER | ON_RESULT | ON_MEMBER))) {
            list = &one->next;
            continue;
        }
        *list = one->next;
        one->next = NULL;
        *end = one;
        end = &one->next;
    }
    return kept ? type_annotated(parser, type, kept) : type;
}

static void declare_typedef(struct parser *parser, const char *name, struct typeref type, const struct attributes *all)
{
    uint32_t align = attributes_align(parser, all->other);
    bool tagged = type.type->kind == TYPE_STRUCT || type.type->kind == TYPE_UNION || type.type->kind == TYPE_ENUM;
    if (tagged && !type.type->name && !type.type->typedef_name)
        type.type->typedef_name = name;
    if (align && align != type.type->align && type.type->complete) {
        struct type *aligned = type_copy(parser->unit, type.type);
        aligned->align = align;
        type.type = aligned;
    }
    type.alias = NULL;
    unit_add_symbol(parser->unit, name, SYMBOL_TYPEDEF, type);
}

/* A later declaration of an array without its length does not take the length away. */
static struct symbol *declare_object(struct parser *parser, const char *name, struct typeref type,
                                     const struct attributes *all, uint32_t align)
{
    struct symbol *symbol = unit_symbol(parser->unit, name);
    const struct type *before = symbol && symbol->kind == SYMBOL_OBJECT ? symbol->type.type : NULL;
    bool keeps = before && before->kind == TYPE_ARRAY && before->has_count && type.type->kind == TYPE_ARRAY &&
                 !type.type->has_count;
    symbol = unit_add_symbol(parser->unit, name, SYMBOL_OBJECT, keeps ? symbol->type : type);
    uint32_t asked = attributes_align(parser, all->other);
    asked = asked > align ? asked : align;
    symbol->min_align = asked > symbol->min_align ? asked : symbol->min_align;
    return symbol;
}

static void add_declaration(struct unit *unit, struct declaration *declaration)
{
    struct symbol *symbol = unit_symbol(unit, declaration->name);
    *unit->declarations_end = declaration;
    unit->declarations_end = &declaration->next;
    if (symbol->last_declaration)
        symbol->last_declaration->again = declaration;
    else
        symbol->declarations = declaration;
    symbol->last_declaration = declaration;
}

void build_declaration(struct parser *parser, struct specifiers *specifiers, struct declarator *declarator,
                       bool has_body)
{
    struct unit *unit = parser->unit;
    struct specifiers own = own_specifiers(parser, specifiers);
    struct declared declared = declare(parser, &own, declarator, !(specifiers->storage & STORAGE_TYPEDEF));
    struct typeref type = declared.type;
    struct attributes all = declared.all;
    if (type.type->kind == TYPE_FUNCTION && declarator->derivations)
        type.type->attributes = all.other;
    if (specifiers->storage & STORAGE_TYPEDEF) {
        type = annotate_typedef(parser, type, &all.annotations);
        declare_typedef(parser, declarator->name, type, &all);
        if (!all.annotations)
            return;
    }
    struct symbol *symbol = NULL;
    if (!(specifiers->storage & STORAGE_TYPEDEF))
        symbol = declare_object(parser, declarator->name, type, &all, own.align);
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
    parser->initialised = (struct initialised){symbol, declaration, specifiers->storage};
    add_declaration(unit, declaration);
}

void build_empty_declaration(struct parser *parser, struct specifiers *specifiers)
{
    (void)specifiers_type(parser, specifiers);
    add_strays(parser->unit, specifiers->annotations);
    add_strays(parser->unit, specifiers->base_annotations);
}

void build_no_declaration(struct parser *parser, struct attributes attributes)
{
    add_strays(parser->unit, attributes.annotations);
}
