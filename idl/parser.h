/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What lexer, grammar and tree builders share while one text is parsed. */
#ifndef FARCALL_IDL_PARSER_H
#define FARCALL_IDL_PARSER_H

#include "idl/tree.h"

#define PACK_DEPTH    1000
#define NESTING_LIMIT 20 /* of attributes inside attributes' arguments, each a parser of its own */

struct parser {
    struct unit *unit;
    struct arena *scratch; /* what is not needed after a declaration: specifiers, declarators */
    void *scanner;
    const char *next, *end;            /* the text: the next character to be read, and what follows the last one */
    struct place place;                /* of the next character */
    bool fixed_place;                  /* an annotation's argument: every token stands where the annotation stands */
    bool overflowed;                   /* a line number or offset did not fit */
    const struct parameter *shadowing; /* parameters (or members) whose names hide the unit's */
    unsigned attribute_count;          /* kept in the outermost declaration that is being parsed */
    unsigned nesting;                  /* parsers around this one */
    int start_token;                   /* injected first: selects the grammar's entry; 0 once given */
    const char *last_name;             /* the latest identifier token, and where it stood: for "unknown type name" */
    struct place last_name_place;
    bool last_was_name;      /* it was the token before the current one */
    unsigned last_type_word; /* code of the latest token if that was a type word, else 0 */
    bool previous_was_name;
    const char *previous_name;
    struct place previous_name_place;
    struct place implicit_place; /* of the latest name declared without a type, as int */
    const char *initialiser;     /* the latest one that was passed over */
    const char *initialiser_end;
    struct initialised { /* what the latest declaration declared, whose initialiser may follow */
        struct symbol *symbol;
        struct declaration *declaration;
        unsigned storage;
    } initialised;
    struct enum_body *enum_body;   /* the enumeration whose enumerators are being parsed */
    struct enum_body *closed_enum; /* the latest that was parsed: attributes may follow */
    uint32_t pack;                 /* #pragma pack in force */
    struct pack_entry *pack_stack;
    unsigned pack_depth;
    bool ms_struct;          /* #pragma ms_struct in force */
    struct expr *expression; /* result of an expression parse */
};

/* One #pragma pack(push). */
struct pack_entry {
    uint32_t pack;
    const char *label; /* NULL: none */
    struct pack_entry *below;
};

/*
 * A word token: as spelled, and for type words, qualifiers and storage what it stands for. Words are names (tree.h), so
 * their text ends with a NUL; numbers and strings lie in the text that is parsed, `code` bytes long.
 */
struct word {
    const char *text;
    unsigned code;
};

/* The words of a type specifier, counted. */
enum type_word {
    WORD_VOID = 1u << 0,
    WORD_BOOL = 1u << 1,
    WORD_CHAR = 1u << 2,
    WORD_SHORT = 1u << 3,
    WORD_INT = 1u << 4,
    WORD_LONG = 1u << 5,
    WORD_LONG_LONG = 1u << 6,
    WORD_SIGNED = 1u << 7,
    WORD_UNSIGNED = 1u << 8,
    WORD_FLOAT = 1u << 9,
    WORD_DOUBLE = 1u << 10,
    WORD_COMPLEX = 1u << 11,
    WORD_INT128 = 1u << 12,
    WORD_HALF = 1u << 13,
    WORD_BFLOAT = 1u << 14,
    WORD_FLOAT128 = 1u << 15,
    WORD_VA_LIST = 1u << 16,
    WORD_FLOAT64X = 1u << 17,
    WORD_AUTO_TYPE = 1u << 18,
};

struct specifiers {
    unsigned words;
    unsigned storage;
    unsigned qualifiers;
    uint32_t align;      /* _Alignas */
    struct typeref type; /* of a structure, enumeration, typedef, typeof */
    bool just_defined;   /* the last thing added was a structure's body: attributes after it are the type's */
    bool defined_here;   /* a structure's body stood among the words */
    bool invalid;
    struct attribute *attributes;
    struct annotation *annotations;
    struct annotation
        *base_annotations; /* those after a typedef's name: of its level, if the declarator adds another */
    struct place place;
};

enum derivation_kind { DERIVE_POINTER, DERIVE_ARRAY, DERIVE_FUNCTION };

/* One step from the specifiers' type to the declared one; in the order of application. */
struct derivation {
    enum derivation_kind kind;
    unsigned qualifiers;
    struct expr *count;
    bool star; /* [*] */
    struct parameter *params;
    bool variadic, prototyped;
    struct attribute *attributes;
    struct annotation *annotations;
    struct place place;
    struct derivation *next, *last; /* last: of the list that this one begins */
};

struct declarator {
    const char *name;
    struct place place;
    struct derivation *derivations; /* first to be applied first */
    struct attribute *attributes;
    struct annotation *annotations;
    struct expr *bit_width;
};

struct attributes {
    struct attribute *other;
    struct annotation *annotations;
};

/* --- the builders that grammar actions call: build_expr.c, build_type.c, build_decl.c --- */
void parse_error(struct parser *parser, struct place place, enum fc_number number, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

struct expr *build_expr(struct parser *parser, enum expr_kind kind, struct place place, struct expr *left,
                        struct expr *right);
struct expr *build_operation(struct parser *parser, enum expr_kind kind, int op, struct place place, struct expr *left,
                             struct expr *right);
void expr_set_third(struct expr *expr, struct expr *third);
struct expr *build_typed(struct parser *parser, enum expr_kind kind, struct place place, struct typeref type,
                         struct expr *left);
struct expr *build_named(struct parser *parser, enum expr_kind kind, struct place place, const char *name,
                         struct expr *left);
struct expr *build_number(struct parser *parser, struct word token, struct place place);
struct expr *build_character(struct parser *parser, struct word token, struct place place);
struct expr *build_truth(struct parser *parser, unsigned value, struct place place);
/* A string literal of one token; another token is joined to it. */
struct expr *build_string(struct parser *parser, struct word token, struct place place);
struct expr *string_join(struct parser *parser, struct expr *string, struct word token);
/* A name; in an annotation's argument, that of a parameter or member hides all others. */
struct expr *build_name(struct parser *parser, const char *name, struct place place);
/* What changes its operand, so that it has a type but no constant value. */
struct expr *build_step(struct parser *parser, struct expr *operand, struct place place);
/* `a, b`: b, but an annotation's argument is one expression. */
struct expr *build_comma(struct parser *parser, struct expr *last, struct place place);
/* (type){…}; its braces have just been passed over. */
struct expr *build_literal(struct parser *parser, struct typeref type, struct place place);
/* The choice whose type is the operand's: each has its type, or none for default, and its value in left. */
struct expr *build_generic(struct parser *parser, const struct expr *operand, struct expr *choices, struct place place);
/* Parse a piece of the text that is being parsed as a list of expressions and types; NULL (and an error) if it is none. */
struct expr *parse_arguments(struct parser *parser, const char *text, const char *end, struct place place);

/* --- builtin.c: calls of the compiler's own functions; type NULL, not known: none that is followed --- */
struct typeref builtin_type(struct unit *unit, const struct expr *call);
struct constant builtin_evaluate(struct unit *unit, const struct expr *call);

struct specifiers *build_specifiers(struct parser *parser, struct place place);
struct specifiers *build_implicit(struct parser *parser); /* of a declaration that begins with a name */
void specifiers_add_word(struct parser *parser, struct specifiers *specifiers, unsigned word, struct place place);
void specifiers_add_name(struct parser *parser, struct specifiers *specifiers, const char *name, struct place place);
/* defined: the structure's body stood here, so attributes that follow at once are the type's */
void specifiers_add_type(struct parser *parser, struct specifiers *specifiers, struct typeref type, bool defined,
                         struct place place);
void specifiers_add_neutral(struct parser *parser, struct specifiers *specifiers, unsigned storage, unsigned qualifiers,
                            struct expr *align);
void specifiers_add_attributes(struct parser *parser, struct specifiers *specifiers, struct attributes attributes);
struct typeref specifiers_type(struct parser *parser, struct specifiers *specifiers);

/*
 * --- attribute.c: attributes are read by hand: most mean nothing to an interface and are passed over ---
 * parser->next stands behind `__attribute__` or `[[` and is left behind the last bracket.
 */
struct attributes attributes_read_gnu(struct parser *parser);
struct attributes attributes_read_bracketed(struct parser *parser);
/* A keyword that is an attribute by itself. */
struct attributes attributes_from_word(struct parser *parser, const char *word, struct place place);
/* asm("symbol") behind a declarator: an attribute "asm" with a string; other asm: none. place: of the word. */
struct attributes attributes_read_asm(struct parser *parser, struct place place);
struct attributes attributes_join(struct attributes first, struct attributes second);
/* What `aligned`, `packed`, `mode` and `vector_size` say; align 0: nothing. */
uint32_t attributes_align(struct parser *parser, const struct attribute *list);
/* The first that says how functions are called, if not as usual; NULL: none. */
const char *attributes_convention(const struct attribute *list);
bool attributes_have(const struct attribute *list, const char *name);
struct typeref attributes_apply(struct parser *parser, struct typeref type, const struct attribute *list);

struct derivation *build_derivation(struct parser *parser, enum derivation_kind kind, struct place place);
struct derivation *build_pointer(struct parser *parser, unsigned qualifiers, struct attributes attributes,
                                 struct place place);
struct derivation *build_function(struct parser *parser, struct parameter *params, bool variadic, bool prototyped,
                                  struct place place);
struct derivation *derivations_join(struct derivation *first, struct derivation *last);
struct declarator *build_declarator(struct parser *parser, const char *name, struct place place);
struct declarator *declarator_prepend(struct declarator *declarator, struct derivation *first);
void declarator_add_attributes(struct declarator *declarator, struct attributes attributes);
/* outermost: the derivation whose annotations describe what is declared, so that they stay out of its type. */
struct typeref declarator_type(struct parser *parser, struct typeref base, const struct declarator *declarator,
                               const struct derivation *outermost);
/* The type, as a copy that has these words; the list is taken over. */
struct typeref type_annotated(struct parser *parser, struct typeref type, struct annotation *annotations);
struct typeref build_type_name(struct parser *parser, struct specifiers *specifiers, struct declarator *declarator);
struct typeref build_typeof(struct parser *parser, struct expr *operand, bool unqualified);
struct typeref build_bit_int(struct parser *parser, const struct expr *width);
struct typeref bit_int_type(struct unit *unit, unsigned width, bool is_signed, struct place place);

struct parameter *build_parameter(struct parser *parser, struct specifiers *specifiers, struct declarator *declarator);
struct parameter *build_old_parameter(struct parser *parser, const char *name, struct place place);

struct member_list {
    struct member *first, *last;
};
struct type *build_structure(struct parser *parser, enum type_kind kind, const char *tag, struct attributes attributes,
                             struct place place);
/* Take far_describes out of the list: it is said of the structure. */
void structure_describe(struct parser *parser, struct type *type, struct annotation **annotations);
void structure_begin(struct parser *parser, struct type *type, struct place place);
void structure_end(struct parser *parser, struct type *type, struct member *members);
struct member *build_member(struct parser *parser, struct specifiers *specifiers, struct declarator *declarator);
struct member *build_anonymous_member(struct parser *parser, struct specifiers *specifiers);
struct member_list member_alone(struct member *member); /* NULL: none */
struct member_list members_join(struct member_list first, struct member_list last);

/* One enumeration while it is parsed. */
struct enum_body {
    struct type *type;
    struct enum_body *outer;
    bool fixed;    /* its integer type was given */
    uint64_t next; /* value of the next enumerator that has none of its own */
    bool next_negative, any_negative;
    bool unknown, any_unknown; /* the latest value, any value: not followed */
    uint64_t least, most;      /* of the negative values and of the others */
};
struct type *build_enum(struct parser *parser, const char *tag, struct attributes attributes, struct place place,
                        struct typeref beneath);
struct enum_body *enum_begin(struct parser *parser, const char *tag, struct attributes attributes, struct place place,
                             struct typeref beneath);
void enum_add(struct parser *parser, const char *name, struct expr *value);
struct type *enum_end(struct parser *parser, struct enum_body *body);
/* Attributes came behind its closing brace. */
void enum_lay_out_again(struct parser *parser, struct type *type);

void build_declaration(struct parser *parser, struct specifiers *specifiers, struct declarator *declarator,
                       bool has_body);
/* The initialiser that was just passed over belongs to what was just declared: initialiser.c. */
void build_initialiser(struct parser *parser);
void build_empty_declaration(struct parser *parser, struct specifiers *specifiers);
/* Attributes that stand before a semicolon alone. */
void build_no_declaration(struct parser *parser, struct attributes attributes);

/* --- directive.c: line markers and pragmas; text is what follows the '#' and ends with the line --- */
void directive_read(struct parser *parser, const char *text, const char *end);
/* _Pragma("…"): the same, from the string's token. */
void pragma_operator(struct parser *parser, const char *text, const char *end);

/* --- skip.c: passing over text, from parser->next on; places and directives are followed --- */
void parser_advance(struct parser *parser, size_t length);
/* Blanks, new lines and directives. */
void skip_blanks(struct parser *parser);
/* Up to the bracket that closes one opened before parser->next; false (and an error) if the text ends first. */
bool skip_balanced(struct parser *parser);
/* Up to the ',' or ';' or closing bracket that ends an initialiser; false (and an error) if the text ends first. */
bool skip_initialiser(struct parser *parser);

/* --- the lexer, as the grammar steers it (lex.l) --- */
void lexer_skip_body(void *scanner);        /* after '{': up to its '}' */
void lexer_skip_initialiser(void *scanner); /* after '=': up to the ',' or ';' */

#endif
