/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What an initialiser says about its object: the length of an array that has none of its own, the type of `auto`, the
 * value of a constant. The parser passes initialisers over; their text is looked at here, when it matters.
 */
#include "idl/parser.h"

#include <string.h>

/* A list of initialisers being walked; its items are the text between the commas. */
struct walk {
    struct parser parser; /* a copy, so that the text can be passed over again */
    struct diagnostics quiet;
};

static bool at(const struct walk *walk, char c)
{
    return walk->parser.next < walk->parser.end && *walk->parser.next == c;
}

static void pass(struct walk *walk)
{
    parser_advance(&walk->parser, 1);
    skip_blanks(&walk->parser);
}

static bool at_item(struct walk *walk)
{
    skip_blanks(&walk->parser);
    return walk->parser.next < walk->parser.end && !at(walk, '}');
}

static bool at_designator(const struct walk *walk)
{
    const struct parser *parser = &walk->parser;
    bool number = at(walk, '.') && parser->next + 1 < parser->end && parser->next[1] >= '0' && parser->next[1] <= '9';
    return at(walk, '[') || (at(walk, '.') && !number);
}

/* Over an item and its comma; over a bracket too that closes nothing. */
static void pass_item(struct walk *walk)
{
    skip_initialiser(&walk->parser);
    if (walk->parser.next < walk->parser.end && !at(walk, '}'))
        parser_advance(&walk->parser, 1);
}

/* Does a string literal stand here? Its length in elements, with the zero at the end. */
static bool string_here(struct walk *walk, uint64_t *length)
{
    struct parser *parser = &walk->parser;
    const char *c = parser->next;
    while (c < parser->end && (*c == 'L' || *c == 'u' || *c == 'U' || *c == '8' || *c == '('))
        c++;
    if (c == parser->end || *c != '"')
        return false;
    struct parser copy = *parser;
    skip_initialiser(&copy);
    const struct expr *string = parse_arguments(parser, parser->next, copy.next, parser->place);
    if (!string || string->kind != EXPR_STRING)
        return false;
    *length = string->value + 1;
    return true;
}

static bool is_character(const struct type *type)
{
    return type->kind == TYPE_INT && type->size <= 4;
}

static bool is_aggregate(const struct type *type)
{
    return type->kind == TYPE_ARRAY || type->kind == TYPE_STRUCT || type->kind == TYPE_UNION;
}

/* An expression of the structure's own type initialises all of it: only in brackets can it be one. */
static bool whole_structure(struct walk *walk, const struct type *type)
{
    struct parser copy = walk->parser;
    if (!at(walk, '(') || type->kind == TYPE_ARRAY)
        return false;
    skip_initialiser(&copy);
    const struct expr *expr = parse_arguments(&walk->parser, walk->parser.next, copy.next, copy.place);
    struct typeref found = expr_type(walk->parser.unit, expr);
    return found.type == type;
}

/* Pass over what initialises one object of that type; inner braces may have been left out. */
static void pass_object(struct walk *walk, const struct type *type)
{
    uint64_t length = 0;
    if (!at_item(walk) || at_designator(walk))
        return;
    bool string = type->kind == TYPE_ARRAY && is_character(type->target.type) && string_here(walk, &length);
    if (at(walk, '{') || !is_aggregate(type) || string || whole_structure(walk, type)) {
        pass_item(walk);
        return;
    }
    const char *begin = walk->parser.next;
    if (type->kind == TYPE_ARRAY)
        for (uint64_t i = 0; i < type->count && at_item(walk) && !at_designator(walk); i++)
            pass_object(walk, type->target.type);
    else
        for (const struct member *m = type->members; m; m = type->kind == TYPE_UNION ? NULL : m->next)
            if (m->name || !m->is_bit_field)
                pass_object(walk, m->type.type);
    if (walk->parser.next == begin)
        pass_item(walk);
}

/* `[index] =`, `[first ... last] =`, with more designators behind it. */
static uint64_t pass_designator(struct walk *walk, uint64_t index)
{
    struct parser *parser = &walk->parser;
    while (at_designator(walk)) {
        bool bracket = at(walk, '[');
        pass(walk);
        const char *begin = parser->next;
        if (!bracket) {
            while (parser->next < parser->end && !strchr("[.=, \t\n", *parser->next))
                parser_advance(parser, 1);
        } else if (skip_balanced(parser)) {
            const char *end = parser->next;
            for (const char *c = begin; c + 3 <= end; c++)
                begin = memcmp(c, "...", 3) == 0 ? c + 3 : begin;
            struct constant c = constant_evaluate(parser->unit, parse_arguments(parser, begin, end, parser->place));
            index = c.known && !c.is_real && index == UINT64_MAX ? c.value : index;
            parser_advance(parser, 1);
        }
        skip_blanks(parser);
    }
    if (at(walk, '='))
        pass(walk);
    return index;
}

/* Elements that the items between two braces initialise. */
static uint64_t count_items(struct walk *walk, const struct type *element)
{
    uint64_t index = 0, most = 0;
    while (at_item(walk)) {
        if (at_designator(walk)) {
            uint64_t designated = pass_designator(walk, UINT64_MAX);
            index = designated == UINT64_MAX ? index : designated;
        }
        const char *begin = walk->parser.next;
        pass_object(walk, element);
        if (walk->parser.next == begin)
            pass_item(walk);
        index++;
        most = index > most ? index : most;
    }
    return most;
}

static struct walk walk_start(const struct parser *parser, const char *begin, const char *end)
{
    struct walk walk = {.parser = *parser};
    walk.quiet.arena = parser->unit->arena;
    walk.parser.next = begin;
    walk.parser.end = end;
    walk.parser.fixed_place = true;
    return walk;
}

/* The number of elements; 0: not to be told. */
static uint64_t initialised_length(const struct parser *parser, const struct type *element, const char *begin,
                                   const char *end)
{
    struct walk walk = walk_start(parser, begin, end);
    struct unit *unit = parser->unit;
    struct diagnostics *loud = unit->diagnostics;
    uint64_t length = 0;
    unit->diagnostics = &walk.quiet;
    skip_blanks(&walk.parser);
    bool character = is_character(element);
    if (!(character && string_here(&walk, &length)) && at(&walk, '{')) {
        pass(&walk);
        if (!(character && string_here(&walk, &length)))
            length = count_items(&walk, element);
    }
    unit->diagnostics = loud;
    return length;
}

/* An array type without a length gets the one that its initialiser has. */
static struct typeref completed(struct parser *parser, struct typeref type, const char *begin, const char *end)
{
    if (type.type->kind != TYPE_ARRAY || type.type->has_count || type.type->count_expr)
        return type;
    struct type *array = type_copy(parser->unit, type.type);
    array->count = initialised_length(parser, array->target.type, begin, end);
    array->has_count = true;
    layout_array(array);
    return (struct typeref){.type = array, .qualifiers = type.qualifiers};
}

/* The expression that an initialiser is, braces or not; errors in it are not ours to report. */
static const struct expr *initialiser_expression(struct unit *unit, const char *begin, const char *end,
                                                 struct place place)
{
    struct diagnostics quiet = {.arena = unit->arena}, *loud = unit->diagnostics;
    while (begin < end && strchr(" \t\n{", *begin))
        begin++;
    while (end > begin && strchr(" \t\n},", end[-1]))
        end--;
    unit->diagnostics = &quiet;
    const struct expr *expr =
        unit_parse_expression(unit, arena_copy(unit->arena, begin, (size_t)(end - begin)), place, NULL);
    unit->diagnostics = loud;
    return quiet.count ? NULL : expr;
}

/* auto x = …: arrays and functions become pointers, qualifiers go. */
static struct typeref inferred(struct parser *parser, const struct declaration *declaration)
{
    const struct expr *expr =
        initialiser_expression(parser->unit, parser->initialiser, parser->initialiser_end, declaration->place);
    struct typeref type = expr_value_type(parser->unit, expr);
    type.qualifiers |= declaration->type.qualifiers;
    return type.type ? type : declaration->type;
}

static bool has_constant_value(const struct typeref *type, unsigned storage)
{
    enum type_kind kind = type->type->kind;
    bool scalar = kind == TYPE_INT || kind == TYPE_BOOL || kind == TYPE_ENUM || kind == TYPE_FLOAT;
    return scalar && ((type->qualifiers & QUALIFIER_CONST) || (storage & STORAGE_CONSTEXPR));
}

void build_initialiser(struct parser *parser)
{
    struct initialised *object = &parser->initialised;
    if (!object->symbol)
        return;
    struct typeref type = object->symbol->type;
    if (type.type->kind == TYPE_UNKNOWN && !type.type->complete && object->declaration)
        type = inferred(parser, object->declaration);
    type = completed(parser, type, parser->initialiser, parser->initialiser_end);
    object->symbol->type = type;
    if (object->declaration)
        object->declaration->type = type;
    if (has_constant_value(&type, object->storage)) {
        object->symbol->initialiser = parser->initialiser;
        object->symbol->initialiser_end = parser->initialiser_end;
    }
    object->symbol = NULL;
}

struct expr *build_literal(struct parser *parser, struct typeref type, struct place place)
{
    struct expr *expr = build_expr(parser, EXPR_UNKNOWN, place, NULL, NULL);
    expr->type = completed(parser, type, parser->initialiser - 1, parser->initialiser_end + 1);
    return expr;
}

struct constant symbol_constant(struct unit *unit, struct symbol *symbol, struct place place)
{
    struct constant c = {0};
    if (symbol->kind == SYMBOL_OBJECT && symbol->initialiser && !symbol->folded) {
        symbol->folded = ARENA_NEW(unit->arena, struct constant); /* unknown while it is looked at: `int x = x;` */
        const struct expr *expr = initialiser_expression(unit, symbol->initialiser, symbol->initialiser_end, place);
        *symbol->folded = constant_converted(constant_evaluate(unit, expr), symbol->type.type);
    }
    return symbol->folded ? *symbol->folded : c;
}
