/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Attributes as they stand in the text: __attribute__((…)) and [[…]]. The few that say something about layouts, types
 * or calls are kept; the arguments of all others may be anything, and are passed over.
 */
#include "idl/parser.h"

#include <string.h>

enum argument_kind {
    ARGUMENTS_NONE, /* none, or of no interest */
    ARGUMENTS_EXPRESSIONS,
    ARGUMENTS_ANNOTATION, /* a string */
    ARGUMENTS_EXTENT,     /* an expression, kept as the text of an annotation */
};

/* Functions that have one are not called as the machine's ABI says. */
#define CONVENTIONS(X)                           \
    X(aarch64_sve_pcs, ARGUMENTS_NONE)           \
    X(aarch64_vector_pcs, ARGUMENTS_NONE)        \
    X(intel_ocl_bicc, ARGUMENTS_NONE)            \
    X(interrupt, ARGUMENTS_NONE)                 \
    X(ms_abi, ARGUMENTS_NONE)                    \
    X(no_callee_saved_registers, ARGUMENTS_NONE) \
    X(no_caller_saved_registers, ARGUMENTS_NONE) \
    X(preserve_all, ARGUMENTS_NONE)              \
    X(preserve_most, ARGUMENTS_NONE)             \
    X(preserve_none, ARGUMENTS_NONE)             \
    X(regcall, ARGUMENTS_NONE)                   \
    X(swiftasynccall, ARGUMENTS_NONE)            \
    X(swiftcall, ARGUMENTS_NONE)                 \
    X(vectorcall, ARGUMENTS_NONE)

/* Those that are kept: X(name, arguments). */
#define KEPT_ATTRIBUTES(X)                         \
    X(access, ARGUMENTS_EXPRESSIONS)               \
    X(aligned, ARGUMENTS_EXPRESSIONS)              \
    X(annotate, ARGUMENTS_ANNOTATION)              \
    X(annotate_type, ARGUMENTS_ANNOTATION)         \
    X(counted_by, ARGUMENTS_EXTENT)                \
    X(counted_by_or_null, ARGUMENTS_EXTENT)        \
    X(ext_vector_type, ARGUMENTS_EXPRESSIONS)      \
    X(gcc_struct, ARGUMENTS_NONE)                  \
    X(mode, ARGUMENTS_EXPRESSIONS)                 \
    X(ms_struct, ARGUMENTS_NONE)                   \
    X(neon_polyvector_type, ARGUMENTS_EXPRESSIONS) \
    X(neon_vector_type, ARGUMENTS_EXPRESSIONS)     \
    X(nonnull, ARGUMENTS_EXPRESSIONS)              \
    X(overloadable, ARGUMENTS_NONE)                \
    X(packed, ARGUMENTS_NONE)                      \
    X(returns_nonnull, ARGUMENTS_NONE)             \
    X(sized_by, ARGUMENTS_EXTENT)                  \
    X(sized_by_or_null, ARGUMENTS_EXTENT)          \
    X(transparent_union, ARGUMENTS_NONE)           \
    X(vector_size, ARGUMENTS_EXPRESSIONS)

static const struct kept_attribute {
    const char *name;
    size_t length;
    enum argument_kind arguments;
} kept_attributes[] = {
#define X(name, arguments) {#name, sizeof #name - 1, arguments},
    KEPT_ATTRIBUTES(X) CONVENTIONS(X)
#undef X
};

/* A word of the text, without the underscores around it. */
struct spelled {
    const char *text;
    size_t length;
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static struct spelled read_word(struct parser *parser)
{
    struct spelled word = {parser->next, 0};
    while (word.text + word.length < parser->end && is_word(word.text[word.length]))
        word.length++;
    parser_advance(parser, word.length);
    if (word.length > 4 && memcmp(word.text, "__", 2) == 0 && memcmp(word.text + word.length - 2, "__", 2) == 0)
        return (struct spelled){word.text + 2, word.length - 4};
    return word;
}

static bool word_is(struct spelled word, const char *wanted)
{
    return strlen(wanted) == word.length && memcmp(word.text, wanted, word.length) == 0;
}

static const struct kept_attribute *find_kept(struct spelled name)
{
    for (size_t i = 0; i < sizeof kept_attributes / sizeof *kept_attributes; i++) {
        const struct kept_attribute *kept = &kept_attributes[i];
        if (kept->length == name.length && memcmp(kept->name, name.text, name.length) == 0)
            return kept;
    }
    return NULL;
}

static bool at(const struct parser *parser, char c)
{
    return parser->next < parser->end && *parser->next == c;
}

/* A string literal at parser->next, passed over. */
static struct word read_literal(struct parser *parser)
{
    const char *begin = parser->next;
    while (parser->next < parser->end && !at(parser, '"'))
        parser_advance(parser, 1);
    parser_advance(parser, at(parser, '"'));
    while (parser->next < parser->end && !at(parser, '"') && !at(parser, '\n'))
        parser_advance(parser, at(parser, '\\') && parser->next + 1 < parser->end && parser->next[1] != '\n' ? 2 : 1);
    parser_advance(parser, at(parser, '"'));
    return (struct word){begin, (unsigned)(parser->next - begin)};
}

/* annotate("…" "…"): parser->next stands behind the bracket. */
static struct annotation *read_annotation(struct parser *parser, struct place place)
{
    struct expr *string = NULL;
    for (skip_blanks(parser); at(parser, '"'); skip_blanks(parser)) {
        struct word literal = read_literal(parser);
        if (literal.code < 2 || literal.text[literal.code - 1] != '"')
            return NULL;
        string = string ? string_join(parser, string, literal) : build_string(parser, literal, place);
    }
    return string ? annotation_from_text(parser->unit->arena, string->name, place) : NULL;
}

/* The text between two places as one line. */
static const char *as_one_line(struct parser *parser, const char *text, const char *end)
{
    char *line = arena_copy(parser->unit->arena, text, (size_t)(end - text));
    for (char *c = line; *c; c++)
        if (*c == '\n')
            *c = ' ';
    return line;
}

/* What stands between the brackets. */
struct extent {
    const char *text, *end;
    struct place place;
};

/* Lists of attributes are walked to their ends; nobody writes so many. */
#define ATTRIBUTE_LIMIT 20000

static bool too_many(struct parser *parser, struct place place)
{
    if (++parser->attribute_count <= ATTRIBUTE_LIMIT)
        return false;
    if (parser->attribute_count == ATTRIBUTE_LIMIT + 1)
        parse_error(parser, place, FC_TOO_COMPLEX, "a declaration with more than 20000 attributes");
    return true;
}

static void add_kept(struct parser *parser, const struct kept_attribute *kept, struct place place,
                     const struct extent *extent, struct attributes *all)
{
    struct attributes one = {0};
    struct arena *arena = parser->unit->arena;
    if (kept->arguments == ARGUMENTS_EXTENT) {
        const char *line = as_one_line(parser, extent->text, extent->end);
        one.annotations = annotation_from_text(arena, arena_format(arena, "farcall.%s(%s)", kept->name, line), place);
    } else {
        one.other = ARENA_NEW(arena, struct attribute);
        *one.other = (struct attribute){.name = kept->name, .place = place};
        if (kept->arguments == ARGUMENTS_EXPRESSIONS && extent->text < extent->end)
            one.other->arguments = parse_arguments(parser, extent->text, extent->end, extent->place);
    }
    *all = attributes_join(*all, one);
}

/* One attribute whose name was read. known: it has the meaning that GNU C gives the name. */
static bool read_one(struct parser *parser, struct spelled name, bool known, struct place place, struct attributes *all)
{
    const struct kept_attribute *kept = known ? find_kept(name) : NULL;
    if (kept && too_many(parser, place))
        kept = NULL;
    struct place inside = place;
    const char *text = parser->next, *end = parser->next;
    skip_blanks(parser);
    if (at(parser, '(')) {
        parser_advance(parser, 1);
        if (kept && kept->arguments == ARGUMENTS_ANNOTATION)
            *all = attributes_join(*all, (struct attributes){NULL, read_annotation(parser, place)});
        text = parser->next;
        inside = parser->place;
        if (!skip_balanced(parser))
            return false;
        end = parser->next;
        parser_advance(parser, 1);
    }
    if (kept && kept->arguments != ARGUMENTS_ANNOTATION)
        add_kept(parser, kept, place, &(struct extent){text, end, inside}, all);
    return true;
}

/* What stands here is no attribute: say so and go on behind the brackets. */
static void give_up(struct parser *parser, unsigned brackets)
{
    parse_error(parser, parser->place, FC_SYNTAX, "this is no attribute");
    for (; brackets && skip_balanced(parser); brackets--)
        parser_advance(parser, 1);
}

/* `vendor::` before a name; GNU C's names mean in clang's and GNU's hands what they mean there. */
static bool read_vendor(struct parser *parser, struct spelled *name)
{
    skip_blanks(parser);
    if (parser->end - parser->next < 2 || memcmp(parser->next, "::", 2) != 0)
        return false;
    bool known = word_is(*name, "gnu") || word_is(*name, "clang") || word_is(*name, "_Clang");
    parser_advance(parser, 2);
    skip_blanks(parser);
    *name = read_word(parser);
    return known;
}

/* The list and both brackets behind it; `[[…]]` may name vendors. */
static struct attributes read_list(struct parser *parser, char closing)
{
    struct attributes all = {0};
    for (skip_blanks(parser); !at(parser, closing); skip_blanks(parser)) {
        struct place place = parser->place;
        struct spelled name = read_word(parser);
        bool known = closing == ')' || (name.length && read_vendor(parser, &name));
        if (name.length && !read_one(parser, name, known, place, &all))
            return all; /* the text ends here */
        if (!name.length && !at(parser, ',')) {
            give_up(parser, 2);
            return all;
        }
        skip_blanks(parser);
        parser_advance(parser, at(parser, ','));
    }
    parser_advance(parser, 1);
    skip_blanks(parser);
    if (!at(parser, closing))
        give_up(parser, 1);
    else
        parser_advance(parser, 1);
    return all;
}

struct attributes attributes_read_gnu(struct parser *parser)
{
    for (unsigned open = 0; open < 2; open++) {
        skip_blanks(parser);
        if (!at(parser, '(')) {
            give_up(parser, open);
            return (struct attributes){0};
        }
        parser_advance(parser, 1);
    }
    return read_list(parser, ')');
}

struct attributes attributes_read_bracketed(struct parser *parser)
{
    return read_list(parser, ']');
}

struct attributes attributes_from_word(struct parser *parser, const char *word, struct place place)
{
    struct attributes all = {.other = ARENA_NEW(parser->unit->arena, struct attribute)};
    *all.other = (struct attribute){.name = word, .place = place};
    return all;
}

/* Literals up to something else, joined; what their escapes stand for is not looked into. NULL: there are none. */
static const char *read_symbol(struct parser *parser)
{
    const char *symbol = NULL;
    for (skip_blanks(parser); at(parser, '"'); skip_blanks(parser)) {
        struct word literal = read_literal(parser);
        bool closed = literal.code >= 2 && literal.text[literal.code - 1] == '"';
        int length = closed ? (int)literal.code - 2 : 0;
        symbol = arena_format(parser->unit->arena, "%s%.*s", symbol ? symbol : "", length, literal.text + 1);
    }
    return symbol;
}

struct attributes attributes_read_asm(struct parser *parser, struct place place)
{
    struct attributes all = {0};
    skip_blanks(parser);
    while (read_word(parser).length) /* volatile, goto */
        skip_blanks(parser);
    if (!at(parser, '('))
        return all;
    parser_advance(parser, 1);
    const char *symbol = read_symbol(parser);
    if (symbol && at(parser, ')')) {
        struct expr *string = ARENA_NEW(parser->unit->arena, struct expr);
        *string = (struct expr){.kind = EXPR_STRING, .place = place, .name = symbol, .value = strlen(symbol)};
        all.other = ARENA_NEW(parser->unit->arena, struct attribute);
        *all.other = (struct attribute){.name = "asm", .arguments = string, .place = place};
    }
    if (skip_balanced(parser))
        parser_advance(parser, 1);
    return all;
}

struct attributes attributes_join(struct attributes first, struct attributes second)
{
    struct attribute **other = &first.other;
    struct annotation **annotation = &first.annotations;
    while (second.other && *other)
        other = &(*other)->next;
    if (second.other)
        *other = second.other;
    while (second.annotations && *annotation)
        annotation = &(*annotation)->next;
    if (second.annotations)
        *annotation = second.annotations;
    return first;
}

bool attributes_have(const struct attribute *list, const char *name)
{
    while (list && strcmp(list->name, name) != 0)
        list = list->next;
    return list != NULL;
}

const char *attributes_convention(const struct attribute *list)
{
    static const char *const names[] = {
#define X(name, arguments) #name,
        CONVENTIONS(X)
#undef X
            "__arm_in",
        "__arm_inout",
        "__arm_out",
        "__arm_preserves",
        "__arm_streaming",
        "__arm_streaming_compatible",
        "__regcall",
        "__vectorcall", /* keywords.c */
    };
    for (; list; list = list->next)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (strcmp(list->name, names[i]) == 0)
                return names[i];
    return NULL;
}
