/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What the parser builds from one preprocessed translation unit: types, expressions and file-scope declarations.
 * Nothing here knows what an operation is; check.c turns a unit into a model (model.h).
 */
#ifndef FARCALL_IDL_TREE_H
#define FARCALL_IDL_TREE_H

#include "idl/annotation.h"
#include "idl/arena.h"
#include "idl/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Deeper types and expressions are refused: whatever follows may then recurse over them. */
#define DEPTH_LIMIT      60
#define EXPR_DEPTH_LIMIT 1000

enum type_kind {
    TYPE_VOID,
    TYPE_BOOL,
    TYPE_INT,
    TYPE_FLOAT,
    TYPE_COMPLEX,
    TYPE_VECTOR,
    TYPE_ENUM,
    TYPE_POINTER,
    TYPE_ARRAY,
    TYPE_STRUCT,
    TYPE_UNION,
    TYPE_FUNCTION,
    TYPE_UNKNOWN, /* typeof of something that is not followed: no size, refused where it matters */
};

#define QUALIFIER_CONST    1u
#define QUALIFIER_VOLATILE 2u
#define QUALIFIER_RESTRICT 4u
#define QUALIFIER_ATOMIC   8u
#define QUALIFIER_NULLABLE 16u
#define QUALIFIER_NONNULL  32u

/*
 * Annotations, level by level.
 *
 * The outermost level of what is declared is described by the annotations of its parameter, member or declaration:
 * words in front of everything, after the last star, behind the name. (A function's are those of the function and of
 * the outermost level of its result.) Every other level has its words in type.annotations of its TYPE_POINTER node:
 *
 *     const char *A *B names      names: B; the pointer it points to: A
 *     char *A names[4]            names: none; the pointer that is its element: A
 *     gzFile A *B file            names: B; a copy of the typedef's pointer node: A
 *     A gzFile *B file            names: A and B (in front of everything: the outermost)
 *     struct s *A *B get(void)    the declaration: B; its result's target: A
 *     int *A (*B call)(int *C)    call: B; the function's result: A; the function's parameter: C
 *     typedef struct s *A *B t;   the typedef's pointer node: B, as words that describe each use of t; inside it: A
 *     typedef int A t;            a copy of the int: A
 *
 * So a use whose own annotations are empty is described by its type's (`level_annotations()`). Which words may stand on
 * a level is not checked here.
 */

/* A use of a type: with its qualifiers and, for spelling only, the typedef name it was written with. */
struct typeref {
    struct type *type;
    unsigned qualifiers;
    const char *alias;
    unsigned alias_qualifiers; /* those that are part of the typedef, not to be spelled again */
};

struct type {
    enum type_kind kind;
    bool is_signed;
    bool is_char; /* plain, signed or unsigned char */
    bool complete;
    bool noted;    /* STRUCT, UNION: among the unit's annotated types */
    bool defining; /* a structure whose members are being parsed */
    bool packed;
    bool ms_struct; /* STRUCT, UNION: bit-fields by Microsoft's rules */
    bool variadic;
    bool prototyped;
    bool has_count;           /* ARRAY: of known length */
    bool flexible;            /* STRUCT: ends in a flexible array member */
    bool carries_annotations; /* STRUCT, UNION: a member has some */
    signed char plain;        /* STRUCT, UNION: 1: it is, -1: it is not, 0: nobody asked yet (structure.c) */
    unsigned depth;           /* of derivations; STRUCT, UNION: of structures inside structures */
    uint32_t align;           /* bytes */
    uint32_t min_align;       /* by an attribute; 0: none */
    uint32_t bit_width;       /* UNKNOWN that is a _BitInt: its bits; else 0 */
    uint32_t pack;            /* by #pragma pack when it was defined; 0: none */
    uint64_t size;            /* bytes */
    const char *name;         /* basic: its C name; tagged: the tag or NULL */
    const char *typedef_name; /* of a type without a tag: the first typedef that named it */
    struct typeref target;    /* POINTER, ARRAY, VECTOR: element; FUNCTION: result; ENUM: the integer beneath */
    uint64_t count;           /* ARRAY: elements */
    struct expr *count_expr;  /* ARRAY parameter: as written */
    struct member *members;
    struct parameter *params;
    size_t param_count;
    struct attribute *attributes;   /* FUNCTION: access, nonnull and the like, where it was declared */
    const char *convention;         /* FUNCTION: the attribute that has it called in another way than usual; or NULL */
    struct annotation *annotations; /* POINTER, ARRAY, INT: of this level, see above. STRUCT, UNION: far_describes */
    struct type *pointers,
        *next_pointer; /* the pointers to this type, linked: they are shared, nobody may change them */
    struct place place;
};

struct member {
    const char *name; /* NULL: anonymous structure or unnamed bit-field */
    struct typeref type;
    struct annotation *annotations;
    struct attribute *attributes; /* those that say something about calls: nonnull and the like */
    struct place place;
    bool is_bit_field;
    bool packed;
    uint32_t min_align;
    uint64_t offset; /* bytes; filled in by layout.c */
    uint32_t bit_width;
    uint32_t bit_offset; /* bits from offset */
    struct member *next;
};

struct parameter {
    const char *name;    /* NULL: none */
    struct typeref type; /* as it is passed: arrays and functions are pointers */
    struct type *array;  /* what was written, if it was an array; else NULL */
    struct annotation *annotations;
    struct attribute *attributes; /* nonnull and the like */
    struct place place;
    struct parameter *next;
};

enum expr_kind {
    EXPR_INT,
    EXPR_FLOAT,
    EXPR_STRING,
    EXPR_NAME,
    EXPR_UNARY,  /* op: + - ~ ! * & */
    EXPR_BINARY, /* op: a token */
    EXPR_CONDITIONAL,
    EXPR_CAST,
    EXPR_SIZEOF,  /* of `type` if it has one, else of left */
    EXPR_ALIGNOF, /* the same */
    EXPR_OFFSETOF,
    EXPR_MEMBER,
    EXPR_ARROW,
    EXPR_INDEX,
    EXPR_CALL, /* of left with the arguments in right; evaluated for some of the compiler's own functions */
    EXPR_TYPE, /* a type as an argument */
    EXPR_UNKNOWN,
};

struct expr {
    enum expr_kind kind;
    int op;
    bool shadows; /* NAME: of a parameter or member, in an annotation's argument */
    unsigned depth;
    struct place place;
    uint64_t value;   /* INT; STRING: its elements, without the zero at the end */
    double real;      /* FLOAT */
    const char *name; /* NAME, MEMBER, ARROW; STRING: its bytes */
    struct typeref
        type; /* INT, FLOAT, UNKNOWN: its type; CAST, SIZEOF, ALIGNOF, OFFSETOF, TYPE, NAME that shadows; STRING: an element's */
    struct expr *left, *right, *third;
    struct expr *next; /* in an argument list */
};

enum storage {
    STORAGE_TYPEDEF = 1u,
    STORAGE_EXTERN = 2u,
    STORAGE_STATIC = 4u,
    STORAGE_INLINE = 8u,
    STORAGE_THREAD = 16u,
    STORAGE_AUTO = 32u,
    STORAGE_CONSTEXPR = 64u,
    STORAGE_OTHER = 128u,
};

struct declaration {
    const char *name;
    struct typeref type;
    unsigned storage; /* enum storage, or'ed */
    bool has_body;
    struct annotation *annotations;
    struct attribute *attributes; /* those that describe parameters as annotations do: access, nonnull */
    struct place place;           /* of the name */
    struct place begin;           /* of the first token */
    struct declaration *next;
    struct declaration *again; /* the next one of the same name */
};

/* far_service(…) as it stood. */
struct service_mark {
    struct annotation *annotation;
    struct service_mark *next;
};

/* #pragma redefine_extname */
struct renaming {
    const char *name, *symbol;
    struct place place;
    struct renaming *next;
};

struct attribute {
    const char *name; /* without the underscores around it */
    struct expr *arguments;
    struct place place;
    struct attribute *next;
};

enum symbol_kind { SYMBOL_TYPEDEF, SYMBOL_ENUMERATOR, SYMBOL_OBJECT };

struct symbol {
    const char *name;
    enum symbol_kind kind;
    struct typeref type;
    uint64_t value;          /* ENUMERATOR */
    uint32_t min_align;      /* OBJECT: by an attribute of its declaration; 0: none */
    const char *initialiser; /* OBJECT that is const: its text up to initialiser_end, to be evaluated when needed */
    const char *initialiser_end;
    struct constant *folded;                             /* that value; NULL: not evaluated yet */
    struct declaration *declarations, *last_declaration; /* at file scope, in their order */
};

/*
 * A word of the text, each kept once, so that equal words have the same address: what it stands for as a keyword
 * (keywords.c), as an identifier and as a tag.
 */
struct name {
    struct symbol *symbol; /* NULL: none */
    struct type *tag;      /* NULL: none */
    int token;             /* of a keyword; 0: none */
    unsigned code;         /* the keyword's code */
    unsigned dialect;      /* in which dialects it is one */
    char text[];
};

/* Hash and length stand here too, so that other names need not be looked at. */
struct name_slot {
    uint32_t hash, length;
    struct name *name; /* NULL: the slot is free */
};

struct unit {
    struct arena *arena;
    struct diagnostics *diagnostics;
    const char *main_file; /* as the line markers name it */
    const char *text;      /* preprocessed */
    size_t size;
    struct declaration *declarations, **declarations_end;
    struct service_mark *services, **services_end;
    struct renaming *renamings; /* the latest first */
    struct annotation *strays;  /* annotations that stood where no declaration takes them */
    struct annotation **strays_end;
    struct type **annotated_types; /* structures with annotated members, or that have annotations themselves */
    size_t annotated_type_count, annotated_type_room;
    struct type **structures; /* every complete structure and union, in the order of their closing braces */
    size_t structure_count, structure_room;
    struct name_slot *names; /* an open hash table; name_room is a power of two */
    size_t name_count, name_room;
    char *name_block; /* where the next names will lie */
    size_t name_block_left;
    struct type *basic[64]; /* by enum basic_type, made when first asked for */
    uint64_t steps;         /* taken in evaluating expressions: see constant.c */
    bool has_keywords;      /* among the names */
    bool c23;
    bool gnu;
    bool unsigned_char;
    bool unsigned_wchar;
    uint16_t machine;   /* ELF's e_machine: whose layouts */
    bool short_enums;   /* -fshort-enums: every enumeration as small as it can be */
    bool ms_structures; /* -mms-bitfields: every structure as with ms_struct */
    uint32_t pack;      /* -fpack-struct=: as #pragma pack where there is none; 0: not given */
    bool ms_extensions; /* tagged structures and typedefs of structures may be anonymous members */
};

/* The basic types, each once: X(NAME, "spelling", kind, bytes, signed). */
#define BASIC_TYPES(X)                                          \
    X(VOID, "void", TYPE_VOID, 0, false)                        \
    X(BOOL, "_Bool", TYPE_BOOL, 1, false)                       \
    X(CHAR, "char", TYPE_INT, 1, true)                          \
    X(SCHAR, "signed char", TYPE_INT, 1, true)                  \
    X(UCHAR, "unsigned char", TYPE_INT, 1, false)               \
    X(SHORT, "short", TYPE_INT, 2, true)                        \
    X(USHORT, "unsigned short", TYPE_INT, 2, false)             \
    X(INT, "int", TYPE_INT, 4, true)                            \
    X(UINT, "unsigned int", TYPE_INT, 4, false)                 \
    X(LONG, "long", TYPE_INT, 8, true)                          \
    X(ULONG, "unsigned long", TYPE_INT, 8, false)               \
    X(LLONG, "long long", TYPE_INT, 8, true)                    \
    X(ULLONG, "unsigned long long", TYPE_INT, 8, false)         \
    X(INT128, "__int128", TYPE_INT, 16, true)                   \
    X(UINT128, "unsigned __int128", TYPE_INT, 16, false)        \
    X(HALF, "_Float16", TYPE_FLOAT, 2, true)                    \
    X(BFLOAT, "__bf16", TYPE_FLOAT, 2, true)                    \
    X(FLOAT, "float", TYPE_FLOAT, 4, true)                      \
    X(DOUBLE, "double", TYPE_FLOAT, 8, true)                    \
    X(LDOUBLE, "long double", TYPE_FLOAT, 16, true)             \
    X(FLOAT128, "_Float128", TYPE_FLOAT, 16, true)              \
    X(CHALF, "_Float16 _Complex", TYPE_COMPLEX, 4, true)        \
    X(CFLOAT, "float _Complex", TYPE_COMPLEX, 8, true)          \
    X(CDOUBLE, "double _Complex", TYPE_COMPLEX, 16, true)       \
    X(CLDOUBLE, "long double _Complex", TYPE_COMPLEX, 32, true) \
    X(CFLOAT128, "_Float128 _Complex", TYPE_COMPLEX, 32, true)  \
    X(NULLPTR, "nullptr_t", TYPE_UNKNOWN, 8, false)             \
    X(VA_LIST, "__builtin_va_list", TYPE_UNKNOWN, 24, false)

enum basic_type {
#define X(NAME, spelling, kind, bytes, sign) BASIC_##NAME,
    BASIC_TYPES(X)
#undef X
        BASIC_COUNT
};

/* --- names (names.c) --- */
/* The one name of that text, made if it is new. */
struct name *unit_name(struct unit *unit, const char *text, size_t length);
/* NULL: nothing of that name was declared. */
struct symbol *unit_symbol(const struct unit *unit, const char *name);
/* All of a name at file scope, linked by `again`. */
const struct declaration *unit_declarations(struct unit *unit, const char *name);
struct type *unit_find_tag(const struct unit *unit, const char *tag);
struct symbol *unit_add_symbol(struct unit *unit, const char *name, enum symbol_kind kind, struct typeref type);

/* --- types (tree.c) --- */
void unit_init(struct unit *unit, struct arena *arena, struct diagnostics *diagnostics);
struct type *unit_tag(struct unit *unit, enum type_kind kind, const char *tag, struct place place);
struct type *unit_basic(struct unit *unit, enum basic_type basic);
struct type *type_new(struct unit *unit, enum type_kind kind, struct typeref target, struct place place);
struct type *type_copy(struct unit *unit, const struct type *type);
struct typeref type_pointer_to(struct unit *unit, struct typeref target, struct place place);
bool types_compatible(struct typeref a, struct typeref b);
/* The words that describe a use of a type: its own; if there are none, those that came with its typedef. */
const struct annotation *level_annotations(const struct annotation *own, struct typeref type);
/* The member of that name, through anonymous members too; *offset is from the start of `type`. NULL: none. */
const struct member *type_member(const struct type *type, const char *name, uint64_t *offset);

/* --- spelling (spelling.c) --- */
/* "const char *key": the declaration of `name` (NULL: abstract) with that type, with the typedef names it was given. */
const char *type_spelling(struct arena *arena, struct typeref type, const char *name);
#define TYPE_SPELLING_CUT "(...)" /* stands for the rest of a type too long to be spelled */
/* The same with every typedef resolved, so that equal types are spelled alike. */
const char *type_spelling_resolved(struct arena *arena, struct typeref type, const char *name);

/* --- constant expressions (constant.c) --- */
struct constant {
    bool known;
    bool is_real;
    bool is_signed;
    unsigned size;  /* bytes of its type */
    uint64_t value; /* extended from its size */
    double real;
};
struct constant constant_evaluate(struct unit *unit, const struct expr *expr);
/* Counts a step of an evaluation; false: there were so many that the text must be an attack. */
bool evaluation_step(struct unit *unit);
/* c as a value of that type; not known if it can have none there. */
struct constant constant_converted(struct constant c, const struct type *type);
/* The value of an enumerator or of a constant object. */
struct constant symbol_constant(struct unit *unit, struct symbol *symbol, struct place place);
/* The type of an expression; type NULL if it is not followed. */
struct typeref expr_type(struct unit *unit, const struct expr *expr);
/* The type of its value: without qualifiers, and pointers for arrays and functions. */
struct typeref expr_value_type(struct unit *unit, const struct expr *expr);

/* --- layout (layout.c): the only place that knows sizes, alignments and offsets --- */
/* usual_size: what BASIC_TYPES says */
void layout_basic(const struct unit *unit, struct type *type, enum basic_type basic, uint64_t usual_size);
/* Of a use of a type: _Atomic can make it larger and aligned more strictly. */
uint64_t layout_size(struct typeref type);
uint32_t layout_align(struct typeref type);
void layout_pointer(struct type *type);
void layout_array(struct type *type); /* complete if its element is and its count is known */
void layout_vector(const struct unit *unit, struct type *type, uint64_t bits); /* of all elements together */
void layout_bit_int(const struct unit *unit, struct type *type, uint64_t bits);
void layout_structure(struct unit *unit, struct type *type);
/* Choose the integer type of an enumeration from its least and greatest value. */
void layout_enum(struct unit *unit, struct type *type, bool negative, uint64_t least, uint64_t most);
uint64_t layout_align_up(uint64_t value, uint64_t align);

/*
 * Parse preprocessed text into unit->declarations. Errors go to the diagnostics. file: what to call the text before its
 * first line marker.
 */
void unit_parse(struct unit *unit, const char *text, size_t size, const char *file);
/*
 * Parse one expression from an annotation's argument; NULL (and an error at place) if it is none. The names of params
 * (NULL: none) mean these in it, whatever else the unit has of that name.
 */
struct expr *unit_parse_expression(struct unit *unit, const char *text, struct place place,
                                   const struct parameter *params);

#endif
