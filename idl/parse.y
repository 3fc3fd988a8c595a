/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The grammar of C declarations after preprocessing. Actions only call the builders of build.c. Function bodies and
 * initialisers are never parsed: the lexer skips them when told to (those mid-rule actions run before the next token is
 * read, because their states have no other choice). A typedef name can be declared again only where no type can stand
 * any more, which keeps the grammar free of conflicts.
 */
%require "3.8"
%define api.pure full
%define api.prefix {faridl_}
%define api.location.type {struct place}
%define parse.error custom
%locations
%expect 0
%lex-param {void *scanner}
%parse-param {void *scanner} {struct parser *parser}
%initial-action { @$ = parser->place; }

%code requires {
#include "idl/parser.h"
}

%code {
#include <stdio.h>
#include <string.h>

#define YYLLOC_DEFAULT(current, rhs, n) ((current) = (n) ? YYRHSLOC(rhs, 1) : YYRHSLOC(rhs, 0))
#define YYMAXDEPTH 4000

int faridl_lex(FARIDL_STYPE *value, FARIDL_LTYPE *place, void *scanner);
static void faridl_error(FARIDL_LTYPE *place, void *scanner, struct parser *parser, const char *message);
}

%union {
    struct word word;
    struct expr *expr;
    struct specifiers *specifiers;
    struct declarator *declarator;
    struct derivation *derivation;
    struct parameter *parameter;
    struct member *member;
    struct attributes attributes;
    struct type *type;
    struct typeref typeref;
    struct enum_body *enum_body;
    struct { struct parameter *list; bool variadic, prototyped; } params;
    struct { unsigned qualifiers; struct attributes attributes; } decorations;
    struct { struct expr *count; bool star; } extent;
    struct { struct typeref type; bool defined; } core;
    struct { unsigned storage, qualifiers; struct expr *align; } neutral;
    int token;
}

%token START_UNIT START_EXPRESSION
%token <word> NAME "a name" TYPE_NAME "a type's name" NUMBER "a number" CHARACTER "a character constant" TEXT "a string"
%token <word> TYPE_WORD "a type" QUALIFIER "a qualifier" STORAGE "a storage class" STRUCTURE "struct or union"
%token <word> ENUMERATION "enum" TYPEOF "typeof" SIZEOF "sizeof" ALIGNOF "alignof" ALIGNAS "alignas"
%token <word> TRUTH "true or false" GENERIC "_Generic" OFFSETOF "offsetof" ATTRIBUTE "an attribute" BIT_INT "_BitInt"
%token ASM_TEXT "asm" ASSERTION "a static assertion" ATOMIC_OF "_Atomic(" STRAY "a stray character"
%token ELLIPSIS "..." ARROW "->" LEFT "<<" RIGHT ">>" LESS_EQUAL "<=" MORE_EQUAL ">=" EQUAL "==" UNEQUAL "!="
%token AND "&&" OR "||"

%precedence BELOW
%precedence ':' TYPE_WORD
%left OR
%left AND
%left '|'
%left '^'
%left '&'
%left EQUAL UNEQUAL
%left '<' '>' LESS_EQUAL MORE_EQUAL
%left LEFT RIGHT
%left '+' '-'
%left '*' '/' '%'

%type <word> any_name text attribute_name
%type <expr> primary postfix unary cast binary expression argument arguments arguments_opt designator choices choice
%type <specifiers> specifiers specifiers_word specifiers_named prefix prefix_mixed beneath_words
%type <declarator> declarator direct_declarator direct_named direct_plain paren_declarator init_declarator
%type <declarator> abstract_declarator abstract_suffixed direct_abstract member_declarator
%type <derivation> pointer array_suffix function_suffix
%type <parameter> parameters parameter old_names
%type <params> parameter_list
%type <member> members member_declaration member_declarators
%type <attributes> attributes attributes_opt attribute attribute_list attribute_item after_declarator
%type <decorations> decorations
%type <extent> extent
%type <core> core structure
%type <neutral> neutral
%type <typeref> type_name beneath_opt
%type <type> enumeration
%type <token> unary_operator

%start input

%%

input: START_UNIT unit
     | START_EXPRESSION expression                  { parser->expression = $2; }
     ;

unit: %empty
    | unit external
    ;

external: declaration
        | function_definition
        | ASM_TEXT ';'
        | ';'
        | error ';'                                 { yyerrok; }
        | error '}'                                 { yyerrok; }
        | error body                                { yyerrok; }
        ;

/* --- declarations; $0 is the specifiers that stand before the list --- */

declaration: specifiers ';'                         { build_empty_declaration(parser, $1); }
           | specifiers declared ';'
           | ASSERTION ';'
           ;

declared: init_declarator                           { build_declaration(parser, $<specifiers>0, $1, false); }
              initialiser_opt
        | declared ',' attributes_opt init_declarator
                                                    { declarator_add_attributes($4, $3);
                                                      build_declaration(parser, $<specifiers>0, $4, false); }
              initialiser_opt
        ;

init_declarator: declarator after_declarator        { $$ = $1; declarator_add_attributes($$, $2); }
               ;

after_declarator: attributes_opt
                | attributes_opt ASM_TEXT attributes_opt { $$ = attributes_join($1, $3); }
                ;

initialiser_opt: %empty
               | '='                                { lexer_skip_initialiser(scanner); }
               ;

function_definition: function_head body
                   ;

function_head: specifiers declarator attributes_opt { declarator_add_attributes($2, $3);
                                                      build_declaration(parser, $1, $2, true); }
             | specifiers declarator attributes_opt old_declarations
                                                    { build_declaration(parser, $1, $2, true); }
             ;

body: '{'                                           { lexer_skip_body(scanner); }
      '}'
    ;

/* What stands between an old function's head and its body means nothing to an interface. */
old_declarations: old_declaration
                | old_declarations old_declaration
                ;

old_declaration: old_specifiers ';'
               | old_specifiers old_declarators ';'
               ;

old_specifiers: old_specifier
              | old_specifiers old_specifier
              ;

old_specifier: TYPE_WORD                            { }
             | TYPE_NAME                            { }
             | QUALIFIER                            { }
             | STORAGE                              { }
             | structure                            { }
             | enumeration                          { }
             ;

old_declarators: paren_plain
               | old_declarators ',' paren_plain
               ;

paren_plain: direct_plain
           | pointer direct_plain
           ;

/* --- specifiers: a typedef name is the type only if no other type came before it --- */

specifiers: specifiers_word
          | specifiers_named
          ;

specifiers_word: core                               { $$ = build_specifiers(parser, @1);
                                                      specifiers_add_type(parser, $$, $1.type, $1.defined, @1); }
               | TYPE_WORD                          { $$ = build_specifiers(parser, @1);
                                                      specifiers_add_word(parser, $$, $1.code, @1); }
               | prefix core                        { specifiers_add_type(parser, $$ = $1, $2.type, $2.defined, @2); }
               | prefix TYPE_WORD                   { specifiers_add_word(parser, $$ = $1, $2.code, @2); }
               | specifiers_word core               { specifiers_add_type(parser, $$ = $1, $2.type, $2.defined, @2); }
               | specifiers_word TYPE_WORD          { specifiers_add_word(parser, $$ = $1, $2.code, @2); }
               | specifiers_word neutral            { $$ = $1; specifiers_add_neutral(parser, $$, $2.storage, $2.qualifiers, $2.align); }
               | specifiers_word attribute          { specifiers_add_attributes(parser, $$ = $1, $2); }
               ;

specifiers_named: TYPE_NAME                         { $$ = build_specifiers(parser, @1);
                                                      specifiers_add_name(parser, $$, $1.text, @1); }
                | prefix TYPE_NAME                  { specifiers_add_name(parser, $$ = $1, $2.text, @2); }
                | specifiers_named neutral          { $$ = $1; specifiers_add_neutral(parser, $$, $2.storage, $2.qualifiers, $2.align); }
                | specifiers_named attribute        { specifiers_add_attributes(parser, $$ = $1, $2); }
                ;

/* No type yet. Attributes alone stay a list: after a parenthesis a declarator may follow them instead. */
prefix: attributes                                  { specifiers_add_attributes(parser, $$ = build_specifiers(parser, @1), $1); }
      | prefix_mixed
      ;

prefix_mixed: neutral                               { $$ = build_specifiers(parser, @1);
                                                      specifiers_add_neutral(parser, $$, $1.storage, $1.qualifiers, $1.align); }
            | attributes neutral                    { $$ = build_specifiers(parser, @1);
                                                      specifiers_add_attributes(parser, $$, $1);
                                                      specifiers_add_neutral(parser, $$, $2.storage, $2.qualifiers, $2.align); }
            | prefix_mixed neutral                  { $$ = $1; specifiers_add_neutral(parser, $$, $2.storage, $2.qualifiers, $2.align); }
            | prefix_mixed attribute                { specifiers_add_attributes(parser, $$ = $1, $2); }
            ;

neutral: STORAGE                                    { $$.storage = $1.code; $$.qualifiers = 0; $$.align = NULL; }
       | QUALIFIER                                  { $$.storage = 0; $$.qualifiers = $1.code; $$.align = NULL; }
       | ALIGNAS '(' argument ')'                   { $$.storage = 0; $$.qualifiers = 0; $$.align = $3; }
       ;

core: structure
    | enumeration                                   { $$.type = (struct typeref){.type = $1}; $$.defined = false; }
    | TYPEOF '(' argument ')'                       { $$.type = build_typeof(parser, $3, $1.code); $$.defined = false; }
    | ATOMIC_OF '(' type_name ')'                   { $$.type = $3; $$.type.qualifiers |= QUALIFIER_ATOMIC; $$.defined = false; }
    | BIT_INT '(' expression ')'                    { $$.type = build_bit_int(parser, $3); $$.defined = false; }
    ;

structure: STRUCTURE attributes_opt any_name        { $$.type = (struct typeref){.type = build_structure(parser, $1.code, $3.text, $2, @3)};
                                                      $$.defined = false; }
         | STRUCTURE attributes_opt any_name '{'    { $<type>$ = build_structure(parser, $1.code, $3.text, $2, @3);
                                                      structure_begin(parser, $<type>$, @3); }
               members '}'                          { structure_end(parser, $<type>5, $6);
                                                      $$.type = (struct typeref){.type = $<type>5}; $$.defined = true; }
         | STRUCTURE attributes_opt '{'             { $<type>$ = build_structure(parser, $1.code, NULL, $2, @1);
                                                      structure_begin(parser, $<type>$, @1); }
               members '}'                          { structure_end(parser, $<type>4, $5);
                                                      $$.type = (struct typeref){.type = $<type>4}; $$.defined = true; }
         ;

members: %empty                                     { $$ = NULL; }
       | members member_declaration                 { $$ = members_join($1, $2); }
       ;

member_declaration: specifiers ';'                  { $$ = build_anonymous_member(parser, $1); }
                  | specifiers member_declarators ';' { $$ = $2; }
                  | ASSERTION ';'                   { $$ = NULL; }
                  | ';'                             { $$ = NULL; }
                  | error ';'                       { $$ = NULL; yyerrok; }
                  ;

member_declarators: member_declarator               { $$ = build_member(parser, $<specifiers>0, $1); }
                  | member_declarators ',' attributes_opt member_declarator
                                                    { declarator_add_attributes($4, $3);
                                                      $$ = members_join($1, build_member(parser, $<specifiers>0, $4)); }
                  ;

member_declarator: declarator attributes_opt        { declarator_add_attributes($$ = $1, $2); }
                 | declarator ':' expression attributes_opt
                                                    { declarator_add_attributes($$ = $1, $4); $$->bit_width = $3; }
                 | ':' expression attributes_opt    { $$ = build_declarator(parser, NULL, @1); $$->bit_width = $2;
                                                      declarator_add_attributes($$, $3); }
                 ;

enumeration: ENUMERATION attributes_opt any_name beneath_opt
                                                    { $$ = build_enum(parser, $3.text, $2, @3, $4); }
           | ENUMERATION attributes_opt any_name beneath_opt '{'
                                                    { $<enum_body>$ = enum_begin(parser, $3.text, $2, @3, $4); }
                 enumerators '}'                    { $$ = enum_end(parser, $<enum_body>6); }
           | ENUMERATION attributes_opt beneath_opt '{'
                                                    { $<enum_body>$ = enum_begin(parser, NULL, $2, @1, $3); }
                 enumerators '}'                    { $$ = enum_end(parser, $<enum_body>5); }
           ;

beneath_opt: %empty %prec BELOW                     { $$ = (struct typeref){0}; }
           | ':' TYPE_NAME                          { struct specifiers *named = build_specifiers(parser, @2);
                                                      specifiers_add_name(parser, named, $2.text, @2);
                                                      $$ = specifiers_type(parser, named); }
           | ':' beneath_words %prec BELOW          { $$ = specifiers_type(parser, $2); }
           ;

beneath_words: TYPE_WORD                            { specifiers_add_word(parser, $$ = build_specifiers(parser, @1), $1.code, @1); }
             | beneath_words TYPE_WORD              { specifiers_add_word(parser, $$ = $1, $2.code, @2); }
             ;

/* $<enum_body>0 is the body that the brace opened. */
enumerators: enumerator
           | enumerators_comma
           | enumerators_comma enumerator
           ;

enumerators_comma: enumerator ','
                 | enumerators_comma enumerator ','
                 ;

enumerator: any_name attributes_opt                 { enum_add(parser, $1.text, NULL); }
          | any_name attributes_opt '=' expression  { enum_add(parser, $1.text, $4); }
          ;

/* --- declarators --- */

declarator: direct_declarator
          | pointer direct_declarator               { $$ = declarator_prepend($2, $1); }
          ;

direct_declarator: direct_plain
                 | direct_named
                 ;

direct_plain: NAME                                  { $$ = build_declarator(parser, $1.text, @1); }
            | '(' attributes_opt paren_declarator ')' { declarator_add_attributes($$ = $3, $2); }
            | direct_plain array_suffix             { $$ = declarator_prepend($1, $2); }
            | direct_plain function_suffix          { $$ = declarator_prepend($1, $2); }
            ;

direct_named: TYPE_NAME                             { $$ = build_declarator(parser, $1.text, @1); }
            | direct_named array_suffix             { $$ = declarator_prepend($1, $2); }
            | direct_named function_suffix          { $$ = declarator_prepend($1, $2); }
            ;

paren_declarator: direct_plain
                | pointer direct_declarator         { $$ = declarator_prepend($2, $1); }
                ;

pointer: '*' decorations                            { $$ = build_pointer(parser, $2.qualifiers, $2.attributes, @1); }
       | pointer '*' decorations                    { $$ = derivations_join($1, build_pointer(parser, $3.qualifiers, $3.attributes, @2)); }
       ;

decorations: %empty                                 { memset(&$$, 0, sizeof $$); }
           | decorations QUALIFIER                  { $$ = $1; $$.qualifiers |= $2.code; }
           | decorations attribute                  { $$ = $1; $$.attributes = attributes_join($1.attributes, $2); }
           ;

array_suffix: '[' extent ']'                        { $$ = build_derivation(parser, DERIVE_ARRAY, @1);
                                                      $$->count = $2.count; $$->star = $2.star; }
            ;

extent: array_words                                 { $$.count = NULL; $$.star = false; }
      | array_words '*'                             { $$.count = NULL; $$.star = true; }
      | array_words expression                      { $$.count = $2; $$.star = false; }
      ;

array_words: %empty
           | array_words QUALIFIER
           | array_words STORAGE
           ;

function_suffix: '(' parameter_list ')'             { $$ = build_function(parser, $2.list, $2.variadic, $2.prototyped, @1); }
               | '(' old_names ')'                  { $$ = build_function(parser, $2, false, false, @1); }
               ;

old_names: NAME                                     { $$ = build_old_parameter(parser, $1.text, @1); }
         | old_names ',' NAME                       { $$ = parameters_join($1, build_old_parameter(parser, $3.text, @3)); }
         ;

parameter_list: %empty                              { $$.list = NULL; $$.variadic = false; $$.prototyped = parser->unit->c23; }
              | parameters                          { $$.list = $1; $$.variadic = false; $$.prototyped = true; }
              | parameters ',' ELLIPSIS             { $$.list = $1; $$.variadic = true; $$.prototyped = true; }
              | ELLIPSIS                            { $$.list = NULL; $$.variadic = true; $$.prototyped = true; }
              ;

parameters: parameter
          | parameters ',' parameter                { $$ = parameters_join($1, $3); }
          ;

parameter: specifiers                               { $$ = build_parameter(parser, $1, NULL); }
         | specifiers declarator attributes_opt     { declarator_add_attributes($2, $3); $$ = build_parameter(parser, $1, $2); }
         | specifiers pointer                       { $$ = build_parameter(parser, $1, declarator_prepend(build_declarator(parser, NULL, @2), $2)); }
         | specifiers abstract_suffixed attributes_opt
                                                    { declarator_add_attributes($2, $3); $$ = build_parameter(parser, $1, $2); }
         ;

type_name: specifiers                               { $$ = build_type_name(parser, $1, NULL); }
         | specifiers abstract_declarator           { $$ = build_type_name(parser, $1, $2); }
         ;

abstract_declarator: pointer                        { $$ = declarator_prepend(build_declarator(parser, NULL, @1), $1); }
                   | abstract_suffixed
                   ;

abstract_suffixed: direct_abstract
                 | pointer direct_abstract          { $$ = declarator_prepend($2, $1); }
                 ;

direct_abstract: '(' attributes_opt abstract_declarator ')' { declarator_add_attributes($$ = $3, $2); }
               | array_suffix                       { $$ = declarator_prepend(build_declarator(parser, NULL, @1), $1); }
               | '(' parameter_list ')'             { $$ = declarator_prepend(build_declarator(parser, NULL, @1),
                                                               build_function(parser, $2.list, $2.variadic, $2.prototyped, @1)); }
               | direct_abstract array_suffix       { $$ = declarator_prepend($1, $2); }
               | direct_abstract '(' parameter_list ')'
                                                    { $$ = declarator_prepend($1, build_function(parser, $3.list, $3.variadic, $3.prototyped, @2)); }
               ;

/* --- attributes --- */

attributes_opt: %empty                              { memset(&$$, 0, sizeof $$); }
              | attributes
              ;

attributes: attribute
          | attributes attribute                    { $$ = attributes_join($1, $2); }
          ;

attribute: ATTRIBUTE '(' '(' attribute_list ')' ')' { $$ = $4; }
         ;

attribute_list: attribute_item
              | attribute_list ',' attribute_item   { $$ = attributes_join($1, $3); }
              ;

attribute_item: %empty                              { memset(&$$, 0, sizeof $$); }
              | attribute_name                      { $$ = build_attribute(parser, $1.text, NULL, @$); }
              | attribute_name '(' arguments_opt ')' { $$ = build_attribute(parser, $1.text, $3, @$); }
              ;

attribute_name: any_name
              | QUALIFIER
              | STORAGE
              ;

any_name: NAME
        | TYPE_NAME
        ;

/* --- constant expressions --- */

expression: binary
          | binary '?' expression ':' expression    { $$ = build_operation(parser, EXPR_CONDITIONAL, '?', @2, $1, $3);
                                                      expr_set_third($$, $5); }
          | binary '?' ':' expression               { $$ = build_operation(parser, EXPR_CONDITIONAL, '?', @2, $1, $1);
                                                      expr_set_third($$, $4); }
          ;

binary: cast
      | binary OR binary                            { $$ = build_operation(parser, EXPR_BINARY, OR, @2, $1, $3); }
      | binary AND binary                           { $$ = build_operation(parser, EXPR_BINARY, AND, @2, $1, $3); }
      | binary '|' binary                           { $$ = build_operation(parser, EXPR_BINARY, '|', @2, $1, $3); }
      | binary '^' binary                           { $$ = build_operation(parser, EXPR_BINARY, '^', @2, $1, $3); }
      | binary '&' binary                           { $$ = build_operation(parser, EXPR_BINARY, '&', @2, $1, $3); }
      | binary EQUAL binary                         { $$ = build_operation(parser, EXPR_BINARY, EQUAL, @2, $1, $3); }
      | binary UNEQUAL binary                       { $$ = build_operation(parser, EXPR_BINARY, UNEQUAL, @2, $1, $3); }
      | binary '<' binary                           { $$ = build_operation(parser, EXPR_BINARY, '<', @2, $1, $3); }
      | binary '>' binary                           { $$ = build_operation(parser, EXPR_BINARY, '>', @2, $1, $3); }
      | binary LESS_EQUAL binary                    { $$ = build_operation(parser, EXPR_BINARY, LESS_EQUAL, @2, $1, $3); }
      | binary MORE_EQUAL binary                    { $$ = build_operation(parser, EXPR_BINARY, MORE_EQUAL, @2, $1, $3); }
      | binary LEFT binary                          { $$ = build_operation(parser, EXPR_BINARY, LEFT, @2, $1, $3); }
      | binary RIGHT binary                         { $$ = build_operation(parser, EXPR_BINARY, RIGHT, @2, $1, $3); }
      | binary '+' binary                           { $$ = build_operation(parser, EXPR_BINARY, '+', @2, $1, $3); }
      | binary '-' binary                           { $$ = build_operation(parser, EXPR_BINARY, '-', @2, $1, $3); }
      | binary '*' binary                           { $$ = build_operation(parser, EXPR_BINARY, '*', @2, $1, $3); }
      | binary '/' binary                           { $$ = build_operation(parser, EXPR_BINARY, '/', @2, $1, $3); }
      | binary '%' binary                           { $$ = build_operation(parser, EXPR_BINARY, '%', @2, $1, $3); }
      ;

cast: unary
    | '(' type_name ')' cast                        { $$ = build_typed(parser, EXPR_CAST, @1, $2, $4); }
    ;

unary: postfix
     | unary_operator cast                          { $$ = build_operation(parser, EXPR_UNARY, $1, @1, $2, NULL); }
     | SIZEOF unary                                 { $$ = build_expr(parser, EXPR_SIZEOF, @1, $2, NULL); }
     | SIZEOF '(' type_name ')'                     { $$ = build_typed(parser, EXPR_SIZEOF, @1, $3, NULL); }
     | ALIGNOF unary                                { $$ = build_expr(parser, EXPR_ALIGNOF, @1, $2, NULL); }
     | ALIGNOF '(' type_name ')'                    { $$ = build_typed(parser, EXPR_ALIGNOF, @1, $3, NULL); }
     ;

unary_operator: '+'                                 { $$ = '+'; }
              | '-'                                 { $$ = '-'; }
              | '~'                                 { $$ = '~'; }
              | '!'                                 { $$ = '!'; }
              | '*'                                 { $$ = '*'; }
              | '&'                                 { $$ = '&'; }
              ;

postfix: primary
       | postfix '[' expression ']'                 { $$ = build_expr(parser, EXPR_INDEX, @1, $1, $3); }
       | postfix '(' arguments_opt ')'              { $$ = build_expr(parser, EXPR_CALL, @1, $1, NULL); }
       | postfix '.' any_name                       { $$ = build_named(parser, EXPR_MEMBER, @1, $3.text, $1); }
       | postfix ARROW any_name                     { $$ = build_named(parser, EXPR_ARROW, @1, $3.text, $1); }
       ;

primary: NAME                                       { $$ = build_named(parser, EXPR_NAME, @1, $1.text, NULL); }
       | NUMBER                                     { $$ = build_number(parser, $1.text, @1); }
       | CHARACTER                                  { $$ = build_character(parser, $1.text, @1); }
       | TRUTH                                      { $$ = build_truth(parser, $1.code, @1); }
       | text                                       { $$ = build_named(parser, EXPR_STRING, @1, $1.text, NULL); }
       | '(' expression ')'                         { $$ = $2; }
       | GENERIC '(' expression ',' choices ')'     { $$ = build_expr(parser, EXPR_UNKNOWN, @1, NULL, NULL); }
       | OFFSETOF '(' type_name ',' designator ')'  { $$ = build_typed(parser, EXPR_OFFSETOF, @1, $3, $5); }
       ;

text: TEXT                                          { $$.code = 0; $$.text = build_text(parser, "", $1.text); }
    | text TEXT                                     { $$.code = 0; $$.text = build_text(parser, $1.text, $2.text); }
    ;

choices: choice
       | choices ',' choice
       ;

choice: type_name ':' expression                    { $$ = $3; }
      | NAME ':' expression                         { $$ = $3; }
      ;

designator: any_name                                { $$ = build_named(parser, EXPR_NAME, @1, $1.text, NULL); }
          | designator '.' any_name                 { $$ = build_named(parser, EXPR_MEMBER, @1, $3.text, $1); }
          | designator '[' expression ']'           { $$ = build_expr(parser, EXPR_INDEX, @1, $1, $3); }
          ;

arguments_opt: %empty                               { $$ = NULL; }
             | arguments
             ;

arguments: argument
         | arguments ',' argument                   { $$ = arguments_join($1, $3); }
         ;

argument: expression
        | type_name                                 { $$ = build_typed(parser, EXPR_TYPE, @1, $1, NULL); }
        ;

%%

static void faridl_error(FARIDL_LTYPE *place, void *scanner, struct parser *parser, const char *message)
{
    (void)scanner;
    parse_error(parser, *place, FC_TOO_COMPLEX, "this cannot be parsed: %s", message);
}

static bool expects(const yysymbol_kind_t *expected, int count, yysymbol_kind_t wanted)
{
    for (int i = 0; i < count; i++)
        if (expected[i] == wanted)
            return true;
    return false;
}

/* A name where only a type makes sense: say that, and say it of the right token. */
static bool report_unknown_type(struct parser *parser, yysymbol_kind_t token, bool type_expected)
{
    if (token == YYSYMBOL_NAME && type_expected && parser->last_was_name) {
        parse_error(parser, parser->last_name_place, FC_UNKNOWN_TYPE, "unknown type name '%s'", parser->last_name);
        return true;
    }
    bool declares = token == YYSYMBOL_NAME || token == YYSYMBOL_42_ || token == YYSYMBOL_TYPE_NAME;
    if (declares && parser->previous_was_name && !unit_symbol(parser->unit, parser->previous_name)) {
        parse_error(parser, parser->previous_name_place, FC_UNKNOWN_TYPE, "unknown type name '%s'",
                    parser->previous_name);
        return true;
    }
    return false;
}

static int yyreport_syntax_error(const yypcontext_t *context, void *scanner, struct parser *parser)
{
    (void)scanner;
    enum { LIMIT = 5 };
    yysymbol_kind_t expected[YYNTOKENS];
    int count = yypcontext_expected_tokens(context, expected, YYNTOKENS);
    yysymbol_kind_t token = yypcontext_token(context);
    if (report_unknown_type(parser, token, expects(expected, count, YYSYMBOL_TYPE_WORD)))
        return 0;
    char message[256];
    int at = snprintf(message, sizeof message, "unexpected %s",
                      token == YYSYMBOL_YYEOF ? "end of the text" : yysymbol_name(token));
    for (int i = 0; count <= LIMIT && i < count; i++)
        at += snprintf(message + at, sizeof message - (size_t)at, "%s%s", i == 0 ? ", expected " : i + 1 == count ? " or " : ", ",
                       yysymbol_name(expected[i]));
    parse_error(parser, *yypcontext_location(context), FC_SYNTAX, "%s", message);
    return 0;
}
