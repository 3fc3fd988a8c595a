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
    struct { struct parameter *first, *last; } parameters;
    struct member_list members;
    struct attributes attributes;
    struct type *type;
    struct typeref typeref;
    struct enum_body *enum_body;
    struct { struct parameter *list; bool variadic, prototyped; } params;
    struct { struct expr *first, *last; } exprs;
    struct { unsigned qualifiers; struct attributes attributes; } decorations;
    struct { struct expr *count; bool star; } extent;
    struct { struct typeref type; bool defined; } core;
    struct { unsigned storage, qualifiers; struct expr *align; } neutral;
    int token;
}

%token START_UNIT START_EXPRESSION START_ARGUMENTS SKIPPED_WORD
%token <word> NAME "a name" TYPE_NAME "a type's name" NUMBER "a number" CHARACTER "a character constant" TEXT "a string"
%token <word> TYPE_WORD "a type" QUALIFIER "a qualifier" STORAGE "a storage class" STRUCTURE "struct or union"
%token <word> ENUMERATION "enum" TYPEOF "typeof" SIZEOF "sizeof" ALIGNOF "alignof" ALIGNAS "alignas"
%token <word> TRUTH "true or false" GENERIC "_Generic" OFFSETOF "offsetof" BIT_INT "_BitInt" REAL_PART "__real"
%token DEFAULT "default" ATOMIC_OF "_Atomic(" STRAY "a stray character"
%token BENEATH ":"
%token ELLIPSIS "..." ARROW "->" LEFT "<<" RIGHT ">>" LESS_EQUAL "<=" MORE_EQUAL ">=" EQUAL "==" UNEQUAL "!="
%token AND "&&" OR "||" STEP "++ or --" ASSIGN "an assignment"
/* The lexer reads or passes over the brackets behind these words; PASSED_ATTRIBUTE and _WORD become ATTRIBUTE. */
%token <attributes> ATTRIBUTE "an attribute" BRACKETED "[[an attribute]]"
%token <attributes> ASM_TEXT "asm"
%token PASSED_ATTRIBUTE PASSED_WORD ASSERTION "a static assertion" PRAGMA "_Pragma"

%precedence BELOW
%precedence TYPE_WORD QUALIFIER
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

%type <word> any_name
%type <expr> primary postfix unary cast binary conditional assignment expression argument arguments_opt designator
%type <expr> choice text
%type <exprs> arguments choices
%type <specifiers> specifiers specifiers_word specifiers_named prefix prefix_mixed beneath implicit
%type <declarator> declarator direct init_declarator
%type <declarator> paren_plain function_plain param_declarator direct_param direct_named direct_plain paren_declarator
%type <declarator> abstract_declarator abstract_suffixed direct_abstract member_declarator
%type <derivation> pointer array_suffix function_suffix
%type <parameter> parameter
%type <parameters> parameters old_names
%type <params> parameter_list
%type <members> members member_declaration member_declarators
%type <attributes> attributes attributes_opt gnu_attributes gnu_attributes_opt attribute after_declarator
%type <decorations> decorations
%type <extent> extent
%type <core> core other_core structure enumeration
%type <neutral> neutral
%type <typeref> type_name beneath_opt
%type <token> unary_operator

%start input

%%

input: START_UNIT unit
     | START_EXPRESSION expression                  { parser->expression = $2; }
     | START_ARGUMENTS arguments                    { parser->expression = $2.first; }
     ;

unit: %empty
    | unit external                                 { arena_clear(parser->scratch); parser->attribute_count = 0; }
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
           | implicit declared_plain ';'
           | attributes ';'                          { build_no_declaration(parser, $1); }
           | ASSERTION ';'
           ;

/* Before C99 a declaration needs no type. */
implicit: %empty                                    { $$ = build_implicit(parser); }
        | prefix                                    { $$ = $1; parser->implicit_place = parser->last_name_place; }
        ;

declared: init_declarator                           { build_declaration(parser, $<specifiers>0, $1, false); }
              initialiser_opt
        | declared ',' attributes_opt init_declarator
                                                    { declarator_add_attributes($4, $3);
                                                      build_declaration(parser, $<specifiers>0, $4, false); }
              initialiser_opt
        ;

declared_plain: paren_plain after_declarator        { declarator_add_attributes($1, $2);
                                                      build_declaration(parser, $<specifiers>0, $1, false); }
                    initialiser_opt
              | declared_plain ',' attributes_opt init_declarator
                                                    { declarator_add_attributes($4, $3);
                                                      build_declaration(parser, $<specifiers>0, $4, false); }
                    initialiser_opt
              ;

init_declarator: declarator after_declarator        { $$ = $1; declarator_add_attributes($$, $2); }
               ;

after_declarator: gnu_attributes_opt
                | gnu_attributes_opt ASM_TEXT attributes_opt { $$ = attributes_join(attributes_join($1, $2), $3); }
                ;

initialiser_opt: %empty
               | '='                                { lexer_skip_initialiser(scanner); build_initialiser(parser); }
               ;

function_definition: function_head body
                   ;

function_head: specifiers declarator after_declarator { declarator_add_attributes($2, $3);
                                                      build_declaration(parser, $1, $2, true); }
             | specifiers declarator gnu_attributes_opt old_declarations
                                                    { build_declaration(parser, $1, $2, true); }
             | implicit function_plain              { build_declaration(parser, $1, $2, true); }
             | implicit function_plain old_declarations
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
              | old_specifiers attribute
              ;

old_specifier: TYPE_WORD                            { }
             | TYPE_NAME                            { }
             | QUALIFIER                            { }
             | STORAGE                              { }
             | core                                 { }
             ;

old_declarators: paren_plain gnu_attributes_opt
               | old_declarators ',' paren_plain gnu_attributes_opt
               ;

/* Only what has parameters can be a function's head: a lone name is a type that nobody declared. */
function_plain: direct_plain function_suffix        { $$ = declarator_prepend($1, $2); }
              | pointer direct_plain function_suffix { $$ = declarator_prepend(declarator_prepend($2, $3), $1); }
              ;

paren_plain: direct_plain
           | pointer direct_plain                   { $$ = declarator_prepend($2, $1); }
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
    | enumeration
    | other_core
    ;

other_core:
      TYPEOF '(' argument ')'                       { $$.type = build_typeof(parser, $3, $1.code); $$.defined = false; }
    | ATOMIC_OF '(' type_name ')'                   { $$.type = $3; $$.type.qualifiers |= QUALIFIER_ATOMIC; $$.defined = false; }
    | BIT_INT '(' conditional ')'                    { $$.type = build_bit_int(parser, $3); $$.defined = false; }
    ;

structure: STRUCTURE attributes_opt any_name        { $$.type = (struct typeref){.type = build_structure(parser, $1.code, $3.text, $2, @3)};
                                                      $$.defined = false; }
         | STRUCTURE attributes_opt any_name '{'    { $<type>$ = build_structure(parser, $1.code, $3.text, $2, @3);
                                                      structure_begin(parser, $<type>$, @3); }
               members '}'                          { structure_end(parser, $<type>5, $6.first);
                                                      $$.type = (struct typeref){.type = $<type>5}; $$.defined = true; }
         | STRUCTURE attributes_opt '{'             { $<type>$ = build_structure(parser, $1.code, NULL, $2, @1);
                                                      structure_begin(parser, $<type>$, @1); }
               members '}'                          { structure_end(parser, $<type>4, $5.first);
                                                      $$.type = (struct typeref){.type = $<type>4}; $$.defined = true; }
         ;

members: %empty                                     { $$ = (struct member_list){0}; }
       | members member_declaration                 { $$ = members_join($1, $2); }
       ;

member_declaration: specifiers ';'                  { $$ = member_alone(build_anonymous_member(parser, $1)); }
                  | specifiers member_declarators ';' { $$ = $2; }
                  | ASSERTION ';'                   { $$ = (struct member_list){0}; }
                  | attributes ';'                  { build_no_declaration(parser, $1); $$ = (struct member_list){0}; }
                  | ';'                             { $$ = (struct member_list){0}; }
                  | error ';'                       { $$ = (struct member_list){0}; yyerrok; }
                  ;

member_declarators: member_declarator               { $$ = member_alone(build_member(parser, $<specifiers>0, $1)); }
                  | member_declarators ',' attributes_opt member_declarator
                                                    { declarator_add_attributes($4, $3);
                                                      $$ = members_join($1, member_alone(build_member(parser, $<specifiers>0, $4))); }
                  ;

member_declarator: declarator gnu_attributes_opt    { declarator_add_attributes($$ = $1, $2); }
                 | declarator gnu_attributes_opt ':' conditional attributes_opt
                                                    { declarator_add_attributes($$ = $1, $2); $$->bit_width = $4;
                                                      declarator_add_attributes($$, $5); }
                 | ':' conditional attributes_opt   { $$ = build_declarator(parser, NULL, @1); $$->bit_width = $2;
                                                      declarator_add_attributes($$, $3); }
                 ;

enumeration: ENUMERATION attributes_opt any_name beneath_opt
                                                    { $$.type = (struct typeref){.type = build_enum(parser, $3.text, $2, @3, $4)};
                                                      $$.defined = false; }
           | ENUMERATION attributes_opt any_name beneath_opt '{'
                                                    { $<enum_body>$ = enum_begin(parser, $3.text, $2, @3, $4); }
                 enumerators '}'                    { $$.type = (struct typeref){.type = enum_end(parser, $<enum_body>6)};
                                                      $$.defined = true; }
           | ENUMERATION attributes_opt beneath_opt '{'
                                                    { $<enum_body>$ = enum_begin(parser, NULL, $2, @1, $3); }
                 enumerators '}'                    { $$.type = (struct typeref){.type = enum_end(parser, $<enum_body>5)};
                                                      $$.defined = true; }
           ;

beneath_opt: %empty                                 { $$ = (struct typeref){0}; }
           | BENEATH beneath %prec BELOW               { $$ = specifiers_type(parser, $2); }
           ;

beneath: TYPE_NAME                                  { specifiers_add_name(parser, $$ = build_specifiers(parser, @1), $1.text, @1); }
       | TYPE_WORD                                  { specifiers_add_word(parser, $$ = build_specifiers(parser, @1), $1.code, @1); }
       | QUALIFIER TYPE_NAME                        { specifiers_add_name(parser, $$ = build_specifiers(parser, @1), $2.text, @2); }
       | QUALIFIER TYPE_WORD                        { specifiers_add_word(parser, $$ = build_specifiers(parser, @1), $2.code, @2); }
       | other_core                                 { specifiers_add_type(parser, $$ = build_specifiers(parser, @1), $1.type, false, @1); }
       | beneath TYPE_WORD                          { specifiers_add_word(parser, $$ = $1, $2.code, @2); }
       | beneath QUALIFIER                          { $$ = $1; }
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
          | any_name attributes_opt '=' conditional { enum_add(parser, $1.text, $4); }
          ;

/* --- declarators --- */

declarator: direct
          | pointer direct                          { $$ = declarator_prepend($2, $1); }
          ;

direct: any_name                                    { $$ = build_declarator(parser, $1.text, @1); }
      | '(' attributes_opt declarator ')'           { declarator_add_attributes($$ = $3, $2); }
      | direct array_suffix                         { $$ = declarator_prepend($1, $2); }
      | direct function_suffix                      { $$ = declarator_prepend($1, $2); }
      | direct BRACKETED                            { declarator_add_attributes($$ = $1, $2); }
      ;

/* In a parameter list a type's name in brackets is a parameter's type, not the declared name. */
param_declarator: direct_param
                | pointer direct_param              { $$ = declarator_prepend($2, $1); }
                ;

direct_param: direct_plain
            | direct_named
            ;

direct_plain: NAME                                  { $$ = build_declarator(parser, $1.text, @1); }
            | '(' attributes_opt paren_declarator ')' { declarator_add_attributes($$ = $3, $2); }
            | direct_plain array_suffix             { $$ = declarator_prepend($1, $2); }
            | direct_plain function_suffix          { $$ = declarator_prepend($1, $2); }
            | direct_plain BRACKETED                { declarator_add_attributes($$ = $1, $2); }
            ;

direct_named: TYPE_NAME                             { $$ = build_declarator(parser, $1.text, @1); }
            | direct_named array_suffix             { $$ = declarator_prepend($1, $2); }
            | direct_named function_suffix          { $$ = declarator_prepend($1, $2); }
            | direct_named BRACKETED                { declarator_add_attributes($$ = $1, $2); }
            ;

paren_declarator: direct_plain
                | pointer direct_param              { $$ = declarator_prepend($2, $1); }
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
      | array_words assignment                      { $$.count = $2; $$.star = false; }
      ;

array_words: %empty
           | array_words QUALIFIER
           | array_words STORAGE
           ;

function_suffix: '(' parameter_list ')'             { $$ = build_function(parser, $2.list, $2.variadic, $2.prototyped, @1); }
               | '(' old_names ')'                  { $$ = build_function(parser, $2.first, false, false, @1); }
               ;

old_names: NAME                                     { $$.first = $$.last = build_old_parameter(parser, $1.text, @1); }
         | old_names ',' NAME                       { $$ = $1;
                                                      $$.last = $$.last->next = build_old_parameter(parser, $3.text, @3); }
         ;

parameter_list: %empty                              { $$.list = NULL; $$.variadic = false; $$.prototyped = parser->unit->c23; }
              | parameters                          { $$.list = $1.first; $$.variadic = false; $$.prototyped = true; }
              | parameters ',' ELLIPSIS             { $$.list = $1.first; $$.variadic = true; $$.prototyped = true; }
              | ELLIPSIS                            { $$.list = NULL; $$.variadic = true; $$.prototyped = true; }
              ;

parameters: parameter                               { $$.first = $$.last = $1; }
          | parameters ',' parameter                { $$ = $1; $$.last = $$.last->next = $3; }
          ;

parameter: specifiers                               { $$ = build_parameter(parser, $1, NULL); }
         | specifiers param_declarator gnu_attributes_opt
                                                    { declarator_add_attributes($2, $3); $$ = build_parameter(parser, $1, $2); }
         | specifiers pointer                       { $$ = build_parameter(parser, $1, declarator_prepend(build_declarator(parser, NULL, @2), $2)); }
         | specifiers abstract_suffixed gnu_attributes_opt
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
               | direct_abstract BRACKETED          { declarator_add_attributes($$ = $1, $2); }
               ;

/* --- attributes --- */

attributes_opt: %empty                              { memset(&$$, 0, sizeof $$); }
              | attributes
              ;

attributes: attribute
          | attributes attribute                    { $$ = attributes_join($1, $2); }
          ;

attribute: ATTRIBUTE
         | BRACKETED
         ;

/* Where a bracketed attribute would be the declarator's own. */
gnu_attributes_opt: %empty                          { memset(&$$, 0, sizeof $$); }
                  | gnu_attributes
                  ;

gnu_attributes: ATTRIBUTE
              | gnu_attributes attribute            { $$ = attributes_join($1, $2); }
              ;

any_name: NAME
        | TYPE_NAME
        ;

/* --- expressions --- */

expression: assignment
          | expression ',' assignment               { $$ = build_comma(parser, $3, @2); }
          ;

assignment: conditional
          | unary '=' assignment                    { $$ = build_step(parser, $1, @2); }
          | unary ASSIGN assignment                 { $$ = build_step(parser, $1, @2); }
          ;

conditional: binary
           | binary '?' expression ':' conditional  { $$ = build_operation(parser, EXPR_CONDITIONAL, '?', @2, $1, $3);
                                                      expr_set_third($$, $5); }
           | binary '?' ':' conditional             { $$ = build_operation(parser, EXPR_CONDITIONAL, '?', @2, $1, $1);
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
     | ALIGNOF unary                                { $$ = build_expr(parser, EXPR_ALIGNOF, @1, $2, NULL); $$->op = (int)$1.code; }
     | ALIGNOF '(' type_name ')'                    { $$ = build_typed(parser, EXPR_ALIGNOF, @1, $3, NULL); $$->op = (int)$1.code; }
     | STEP unary                                   { $$ = build_step(parser, $2, @1); }
     | REAL_PART cast                               { $$ = build_operation(parser, EXPR_UNARY, REAL_PART, @1, $2, NULL); }
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
       | postfix '(' arguments_opt ')'              { $$ = build_expr(parser, EXPR_CALL, @1, $1, $3); }
       | postfix '.' any_name                       { $$ = build_named(parser, EXPR_MEMBER, @1, $3.text, $1); }
       | postfix ARROW any_name                     { $$ = build_named(parser, EXPR_ARROW, @1, $3.text, $1); }
       | postfix STEP                               { $$ = build_step(parser, $1, @2); }
       | '(' type_name ')' body                     { $$ = build_literal(parser, $2, @1); }
       ;

primary: NAME                                       { $$ = build_name(parser, $1.text, @1); }
       | NUMBER                                     { $$ = build_number(parser, $1, @1); }
       | CHARACTER                                  { $$ = build_character(parser, $1, @1); }
       | TRUTH                                      { $$ = build_truth(parser, $1.code, @1); }
       | text
       | '(' expression ')'                         { $$ = $2; }
       | '(' body ')'                               { $$ = build_expr(parser, EXPR_UNKNOWN, @1, NULL, NULL); }
       | GENERIC '(' argument ',' choices ')'       { $$ = build_generic(parser, $3, $5.first, @1); }
       | OFFSETOF '(' type_name ',' designator ')'  { $$ = build_typed(parser, EXPR_OFFSETOF, @1, $3, $5); }
       ;

text: TEXT                                          { $$ = build_string(parser, $1, @1); }
    | text TEXT                                     { $$ = string_join(parser, $1, $2); }
    ;

choices: choice                                     { $$.first = $$.last = $1; }
       | choices ',' choice                         { $$ = $1; $$.last = $$.last->next = $3; }
       ;

choice: type_name ':' assignment                    { $$ = build_typed(parser, EXPR_TYPE, @1, $1, $3); }
      | DEFAULT ':' assignment                      { $$ = build_expr(parser, EXPR_TYPE, @1, $3, NULL); }
      ;

designator: any_name                                { $$ = build_named(parser, EXPR_NAME, @1, $1.text, NULL); }
          | designator '.' any_name                 { $$ = build_named(parser, EXPR_MEMBER, @1, $3.text, $1); }
          | designator '[' expression ']'           { $$ = build_expr(parser, EXPR_INDEX, @1, $1, $3); }
          ;

arguments_opt: %empty                               { $$ = NULL; }
             | arguments                            { $$ = $1.first; }
             ;

arguments: argument                                 { $$.first = $$.last = $1; }
         | arguments ',' argument                   { $$ = $1; $$.last = $$.last->next = $3; }
         ;

argument: assignment
        | type_name                                 { $$ = build_typed(parser, EXPR_TYPE, @1, $1, NULL); }
        ;

%%

static void faridl_error(FARIDL_LTYPE *place, void *scanner, struct parser *parser, const char *message)
{
    (void)scanner;
    (void)message; /* only ever that its stack is exhausted */
    parse_error(parser, *place, FC_TOO_COMPLEX, "this is nested too deeply to be parsed");
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
    bool declares = token == YYSYMBOL_NAME || token == YYTRANSLATE('*') || token == YYSYMBOL_TYPE_NAME;
    bool implicit = parser->implicit_place.offset == parser->previous_name_place.offset;
    bool begins_type = token == YYSYMBOL_TYPE_WORD || token == YYSYMBOL_STRUCTURE || token == YYSYMBOL_ENUMERATION ||
                       token == YYSYMBOL_QUALIFIER || token == YYSYMBOL_STORAGE;
    if ((declares || (implicit && begins_type)) && parser->previous_was_name &&
        (implicit || !unit_symbol(parser->unit, parser->previous_name))) {
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
