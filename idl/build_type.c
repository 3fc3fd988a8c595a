/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Specifiers, attributes and declarators: from their words to a type. */
#include "idl/parser.h"

#include <string.h>

#define VECTOR_MOST ((uint64_t)1 << 28) /* bytes, or elements */
#define ALIGN_MOST  0x80000000u         /* bytes; the record says less (types.c) */

struct specifiers *build_specifiers(struct parser *parser, struct place place)
{
    struct specifiers *specifiers = ARENA_NEW(parser->scratch, struct specifiers);
    specifiers->place = place;
    return specifiers;
}

struct specifiers *build_implicit(struct parser *parser)
{
    parser->implicit_place = parser->last_name_place;
    return build_specifiers(parser, parser->last_name_place);
}

void specifiers_add_word(struct parser *parser, struct specifiers *specifiers, unsigned word, struct place place)
{
    specifiers->just_defined = false;
    if (word == WORD_LONG && (specifiers->words & WORD_LONG))
        word = WORD_LONG_LONG;
    bool sign = word == WORD_SIGNED || word == WORD_UNSIGNED;
    bool sign_of_bits = sign && specifiers->type.type && specifiers->type.type->bit_width;
    if ((specifiers->type.type && !sign_of_bits) || (specifiers->words & word)) {
        parse_error(parser, place, FC_SYNTAX, "a second type where one was given already");
        return;
    }
    specifiers->words |= word;
}

void specifiers_add_type(struct parser *parser, struct specifiers *specifiers, struct typeref type, bool defined,
                         struct place place)
{
    bool sign_of_bits = type.type->bit_width && !(specifiers->words & ~(unsigned)(WORD_SIGNED | WORD_UNSIGNED));
    if (specifiers->type.type || (specifiers->words && !sign_of_bits))
        parse_error(parser, place, FC_SYNTAX, "a second type where one was given already");
    specifiers->type = type;
    specifiers->just_defined = defined;
    specifiers->defined_here |= defined;
}

void specifiers_add_name(struct parser *parser, struct specifiers *specifiers, const char *name, struct place place)
{
    const struct symbol *symbol = unit_symbol(parser->unit, name);
    struct typeref type = symbol ? symbol->type : (struct typeref){.type = unit_basic(parser->unit, BASIC_INT)};
    type.alias = name;
    type.alias_qualifiers = type.qualifiers;
    specifiers_add_type(parser, specifiers, type, false, place);
}

void specifiers_add_neutral(struct parser *parser, struct specifiers *specifiers, unsigned storage, unsigned qualifiers,
                            struct expr *align)
{
    specifiers->just_defined = false;
    specifiers->storage |= storage;
    specifiers->qualifiers |= qualifiers;
    if (!align)
        return;
    struct constant c = constant_evaluate(parser->unit, align);
    if (align->kind == EXPR_TYPE)
        c = (struct constant){.known = align->type.type->complete, .value = align->type.type->align};
    if (!c.known || c.is_real || c.value > ALIGN_MOST || (c.value & (c.value - 1)))
        parse_error(parser, align->place, FC_BAD_CONSTANT,
                    "an alignment must be a constant power of two, at most 2147483648");
    else if (c.value > specifiers->align)
        specifiers->align = (uint32_t)c.value;
}

/* `packed` and `aligned` behind a closing brace belong to the type, not to what is declared with it. */
static void apply_to_definition(struct parser *parser, struct type *type, struct attributes attributes)
{
    uint32_t align = attributes_align(parser, attributes.other);
    type->packed |= attributes_have(attributes.other, "packed");
    type->ms_struct |= attributes_have(attributes.other, "ms_struct");
    if (align > type->min_align)
        type->min_align = align;
    if (type->kind == TYPE_ENUM)
        enum_lay_out_again(parser, type);
    else
        layout_structure(parser->unit, type);
}

void specifiers_add_attributes(struct parser *parser, struct specifiers *specifiers, struct attributes attributes)
{
    if (specifiers->just_defined) {
        apply_to_definition(parser, specifiers->type.type, attributes);
        attributes.other = NULL;
        if (specifiers->type.type->kind != TYPE_ENUM)
            structure_describe(parser, specifiers->type.type, &attributes.annotations);
    }
    struct annotation **annotations = specifiers->type.alias ? &specifiers->base_annotations : &specifiers->annotations;
    struct attributes all = attributes_join((struct attributes){specifiers->attributes, *annotations}, attributes);
    specifiers->attributes = all.other;
    *annotations = all.annotations;
}

/* Each valid set of type words, without the ones that change nothing. */
static enum basic_type basic_from_words(unsigned words)
{
    static const struct {
        unsigned words;
        enum basic_type basic;
    } table[] = {
        {WORD_VOID, BASIC_VOID},
        {WORD_BOOL, BASIC_BOOL},
        {WORD_CHAR, BASIC_CHAR},
        {WORD_CHAR | WORD_SIGNED, BASIC_SCHAR},
        {WORD_CHAR | WORD_UNSIGNED, BASIC_UCHAR},
        {WORD_SHORT, BASIC_SHORT},
        {WORD_SHORT | WORD_UNSIGNED, BASIC_USHORT},
        {0, BASIC_INT},
        {WORD_UNSIGNED, BASIC_UINT},
        {WORD_LONG, BASIC_LONG},
        {WORD_LONG | WORD_UNSIGNED, BASIC_ULONG},
        {WORD_LONG | WORD_LONG_LONG, BASIC_LLONG},
        {WORD_LONG | WORD_LONG_LONG | WORD_UNSIGNED, BASIC_ULLONG},
        {WORD_INT128, BASIC_INT128},
        {WORD_INT128 | WORD_UNSIGNED, BASIC_UINT128},
        {WORD_HALF, BASIC_HALF},
        {WORD_BFLOAT, BASIC_BFLOAT},
        {WORD_FLOAT, BASIC_FLOAT},
        {WORD_DOUBLE, BASIC_DOUBLE},
        {WORD_LONG | WORD_DOUBLE, BASIC_LDOUBLE},
        {WORD_FLOAT64X, BASIC_LDOUBLE},
        {WORD_FLOAT128, BASIC_FLOAT128},
        {WORD_HALF | WORD_COMPLEX, BASIC_CHALF},
        {WORD_FLOAT | WORD_COMPLEX, BASIC_CFLOAT},
        {WORD_DOUBLE | WORD_COMPLEX, BASIC_CDOUBLE},
        {WORD_COMPLEX, BASIC_CDOUBLE},
        {WORD_LONG | WORD_DOUBLE | WORD_COMPLEX, BASIC_CLDOUBLE},
        {WORD_FLOAT64X | WORD_COMPLEX, BASIC_CLDOUBLE},
        {WORD_FLOAT128 | WORD_COMPLEX, BASIC_CFLOAT128},
        {WORD_VA_LIST, BASIC_VA_LIST},
    };
    words &= ~(unsigned)WORD_INT;
    if (!(words & WORD_CHAR))
        words &= ~(unsigned)WORD_SIGNED;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].words == words)
            return table[i].basic;
    return BASIC_COUNT;
}

/* GNU C's complex integers. */
static struct type *complex_integer(struct unit *unit, unsigned words, struct place place)
{
    enum basic_type part = basic_from_words(words & ~(unsigned)WORD_COMPLEX);
    bool is_complex = words & WORD_COMPLEX && words != WORD_COMPLEX;
    if (!is_complex || part == BASIC_COUNT || unit_basic(unit, part)->kind != TYPE_INT)
        return NULL;
    struct type *type = type_new(unit, TYPE_COMPLEX, (struct typeref){.type = unit_basic(unit, part)}, place);
    type->name = arena_format(unit->arena, "%s _Complex", type->target.type->name);
    type->size = type->target.type->size * 2;
    type->align = type->target.type->align;
    type->complete = true;
    return type;
}

static struct type *type_from_words(struct parser *parser, struct specifiers *specifiers)
{
    unsigned words = specifiers->words;
    bool inferred = words == 0 && (specifiers->storage & STORAGE_AUTO) && parser->unit->c23;
    if (inferred || (words & WORD_AUTO_TYPE))
        return type_new(parser->unit, TYPE_UNKNOWN, (struct typeref){0}, specifiers->place);
    struct type *type = complex_integer(parser->unit, words, specifiers->place);
    enum basic_type basic = basic_from_words(words);
    if (!type && basic != BASIC_COUNT)
        return unit_basic(parser->unit, basic);
    if (!type && !specifiers->invalid) {
        parse_error(parser, specifiers->place, FC_SYNTAX, "these words do not make a type together");
        specifiers->invalid = true;
    }
    return type ? type : unit_basic(parser->unit, BASIC_INT);
}

struct typeref specifiers_type(struct parser *parser, struct specifiers *specifiers)
{
    struct typeref type = specifiers->type;
    if (!type.type)
        type.type = type_from_words(parser, specifiers);
    else if (type.type->bit_width && (specifiers->words & WORD_UNSIGNED))
        type = bit_int_type(parser->unit, type.type->bit_width, false, specifiers->place);
    type.qualifiers |= specifiers->qualifiers;
    return type;
}

/* --- attributes --- */

uint32_t attributes_align(struct parser *parser, const struct attribute *list)
{
    uint32_t most = 0;
    for (; list; list = list->next) {
        if (strcmp(list->name, "aligned") != 0)
            continue;
        struct constant c = {.known = true, .value = 16}; /* without an argument: the most the machine asks for */
        if (list->arguments)
            c = constant_evaluate(parser->unit, list->arguments);
        if (c.known && !c.is_real && c.value <= ALIGN_MOST && (c.value & (c.value - 1)) == 0 && c.value > most)
            most = (uint32_t)c.value;
        else if (!c.known || c.value > ALIGN_MOST)
            parse_error(parser, list->place, FC_BAD_CONSTANT,
                        "an alignment must be a constant power of two, at most 2147483648");
    }
    return most;
}

static struct typeref with_mode(struct parser *parser, struct typeref type, const struct expr *mode)
{
    static const struct {
        const char *name;
        enum basic_type plain, unsigned_one;
    } modes[] = {
        {"QI", BASIC_SCHAR, BASIC_UCHAR},       {"byte", BASIC_SCHAR, BASIC_UCHAR},
        {"HI", BASIC_SHORT, BASIC_USHORT},      {"SI", BASIC_INT, BASIC_UINT},
        {"DI", BASIC_LONG, BASIC_ULONG},        {"TI", BASIC_INT128, BASIC_UINT128},
        {"word", BASIC_LONG, BASIC_ULONG},      {"pointer", BASIC_LONG, BASIC_ULONG},
        {"SF", BASIC_FLOAT, BASIC_FLOAT},       {"DF", BASIC_DOUBLE, BASIC_DOUBLE},
        {"XF", BASIC_LDOUBLE, BASIC_LDOUBLE},   {"TF", BASIC_FLOAT128, BASIC_FLOAT128},
        {"SC", BASIC_CFLOAT, BASIC_CFLOAT},     {"DC", BASIC_CDOUBLE, BASIC_CDOUBLE},
        {"XC", BASIC_CLDOUBLE, BASIC_CLDOUBLE}, {"TC", BASIC_CFLOAT128, BASIC_CFLOAT128},
    };
    const char *name = mode && mode->kind == EXPR_NAME   ? mode->name
                       : mode && mode->kind == EXPR_TYPE ? mode->type.alias
                                                         : "";
    for (size_t i = 0; name && i < sizeof modes / sizeof *modes; i++) {
        size_t length = strlen(modes[i].name);
        const char *inner = strncmp(name, "__", 2) == 0 ? name + 2 : name;
        if (strncmp(inner, modes[i].name, length) == 0 && (!inner[length] || strcmp(inner + length, "__") == 0)) {
            bool is_unsigned = type.type->kind == TYPE_INT && !type.type->is_signed;
            type.type = unit_basic(parser->unit, is_unsigned ? modes[i].unsigned_one : modes[i].plain);
            type.alias = NULL;
            return type;
        }
    }
    return type;
}

/* vector_size gives bytes, the others how many elements there are; a vector of truth values has one bit for each. */
static struct typeref with_vector(struct parser *parser, struct typeref type, const struct attribute *attribute)
{
    struct constant c = constant_evaluate(parser->unit, attribute->arguments);
    struct type *vector = type_new(parser->unit, TYPE_VECTOR, type, attribute->place);
    uint64_t element = type.type->kind == TYPE_BOOL ? 1 : type.type->size * 8;
    if (c.known && !c.is_real && c.value <= VECTOR_MOST && type.type->size <= VECTOR_MOST)
        layout_vector(parser->unit, vector, c.value * (strcmp(attribute->name, "vector_size") == 0 ? 8 : element));
    return (struct typeref){.type = vector, .qualifiers = type.qualifiers};
}

static bool makes_vector(const struct attribute *attribute)
{
    static const char *const names[] = {"vector_size", "ext_vector_type", "neon_vector_type", "neon_polyvector_type"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(attribute->name, names[i]) == 0)
            return true;
    return false;
}

/* Attributes that make another type of the one declared: mode, vector_size; and aligned in a typedef. */
struct typeref attributes_apply(struct parser *parser, struct typeref type, const struct attribute *list)
{
    for (; list; list = list->next) {
        if (strcmp(list->name, "mode") == 0)
            type = with_mode(parser, type, list->arguments);
        else if (makes_vector(list))
            type = with_vector(parser, type, list);
    }
    return type;
}

/* --- declarators --- */

struct derivation *build_derivation(struct parser *parser, enum derivation_kind kind, struct place place)
{
    struct derivation *derivation = ARENA_NEW(parser->scratch, struct derivation);
    derivation->kind = kind;
    derivation->last = derivation;
    derivation->place = place;
    return derivation;
}

struct derivation *build_pointer(struct parser *parser, unsigned qualifiers, struct attributes attributes,
                                 struct place place)
{
    struct derivation *pointer = build_derivation(parser, DERIVE_POINTER, place);
    pointer->qualifiers = qualifiers;
    pointer->attributes = attributes.other;
    pointer->annotations = attributes.annotations;
    return pointer;
}

struct derivation *build_function(struct parser *parser, struct parameter *params, bool variadic, bool prototyped,
                                  struct place place)
{
    struct derivation *function = build_derivation(parser, DERIVE_FUNCTION, place);
    bool is_void = params && !params->next && !params->name && !variadic && params->type.type->kind == TYPE_VOID;
    function->params = is_void ? NULL : params;
    function->variadic = variadic;
    function->prototyped = prototyped;
    return function;
}

struct derivation *derivations_join(struct derivation *first, struct derivation *last)
{
    first->last->next = last;
    first->last = last ? last->last : first->last;
    return first;
}

struct declarator *build_declarator(struct parser *parser, const char *name, struct place place)
{
    struct declarator *declarator = ARENA_NEW(parser->scratch, struct declarator);
    declarator->name = name;
    declarator->place = place;
    return declarator;
}

struct declarator *declarator_prepend(struct declarator *declarator, struct derivation *first)
{
    declarator->derivations = derivations_join(first, declarator->derivations);
    return declarator;
}

void declarator_add_attributes(struct declarator *declarator, struct attributes attributes)
{
    struct attributes all =
        attributes_join((struct attributes){declarator->attributes, declarator->annotations}, attributes);
    declarator->attributes = all.other;
    declarator->annotations = all.annotations;
}

static void count_array(struct parser *parser, struct type *array, const struct derivation *derivation)
{
    array->count_expr = derivation->count;
    struct constant c = constant_evaluate(parser->unit, derivation->count);
    if (c.known && (c.is_real || (c.is_signed && (int64_t)c.value < 0))) {
        parse_error(parser, derivation->place, FC_BAD_CONSTANT, "an array cannot have that length");
        return;
    }
    array->has_count = c.known;
    array->count = c.value;
    layout_array(array);
}

struct typeref type_annotated(struct parser *parser, struct typeref type, struct annotation *annotations)
{
    struct type *copy = type_copy(parser->unit, type.type);
    copy->annotations = annotations;
    type.type = copy;
    return type;
}

static struct typeref derived(struct parser *parser, struct typeref base, const struct derivation *derivation)
{
    static const enum type_kind kinds[] = {TYPE_POINTER, TYPE_ARRAY, TYPE_FUNCTION};
    if (derivation->kind == DERIVE_POINTER) {
        struct typeref pointer = type_pointer_to(parser->unit, base, derivation->place);
        pointer.qualifiers = derivation->qualifiers;
        return attributes_apply(parser, pointer, derivation->attributes);
    }
    struct type *type = type_new(parser->unit, kinds[derivation->kind], base, derivation->place);
    if (type->kind == TYPE_ARRAY)
        count_array(parser, type, derivation);
    if (type->kind == TYPE_FUNCTION) {
        type->params = derivation->params;
        type->variadic = derivation->variadic;
        type->prototyped = derivation->prototyped;
        for (const struct parameter *param = type->params; param; param = param->next) {
            type->param_count++;
            if (param->type.type->depth >= type->depth)
                type->depth = param->type.type->depth + 1;
        }
    }
    struct typeref result = {.type = type, .qualifiers = derivation->qualifiers};
    return attributes_apply(parser, result, derivation->attributes);
}

struct typeref declarator_type(struct parser *parser, struct typeref base, const struct declarator *declarator,
                               const struct derivation *outermost)
{
    for (const struct derivation *d = declarator ? declarator->derivations : NULL; d; d = d->next) {
        base = derived(parser, base, d);
        if (d != outermost && d->annotations)
            base = type_annotated(parser, base, d->annotations);
    }
    return base;
}

struct typeref build_type_name(struct parser *parser, struct specifiers *specifiers, struct declarator *declarator)
{
    struct typeref base = specifiers_type(parser, specifiers);
    return declarator_type(parser, attributes_apply(parser, base, specifiers->attributes), declarator, NULL);
}

struct typeref build_typeof(struct parser *parser, struct expr *operand, bool unqualified)
{
    struct typeref type = expr_type(parser->unit, operand);
    if (!type.type)
        type.type = type_new(parser->unit, TYPE_UNKNOWN, (struct typeref){0}, operand->place);
    if (unqualified)
        type.qualifiers = 0;
    return type;
}

struct typeref bit_int_type(struct unit *unit, unsigned width, bool is_signed, struct place place)
{
    struct type *type = type_new(unit, TYPE_UNKNOWN, (struct typeref){0}, place);
    type->name = arena_format(unit->arena, is_signed ? "_BitInt(%u)" : "unsigned _BitInt(%u)", width);
    type->bit_width = width;
    type->is_signed = is_signed;
    layout_bit_int(unit, type, width);
    return (struct typeref){.type = type};
}

struct typeref build_bit_int(struct parser *parser, const struct expr *width)
{
    struct constant c = constant_evaluate(parser->unit, width);
    if (!c.known || c.is_real || c.value == 0 || c.value > 1u << 23) {
        parse_error(parser, width->place, FC_BAD_CONSTANT, "_BitInt needs a constant width");
        c.value = 2;
    }
    return bit_int_type(parser->unit, (unsigned)c.value, true, width->place);
}
