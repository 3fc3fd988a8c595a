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

/* Deeper types and expressions are refused: everything below may then recurse over them. */
#define DEPTH_LIMIT 60

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
    bool defining; /* a structure whose members are being parsed */
    bool packed;
    bool variadic;
    bool prototyped;
    bool has_count;           /* ARRAY: of known length */
    bool flexible;            /* STRUCT: ends in a flexible array member */
    bool carries_annotations; /* STRUCT, UNION: a member has some */
    unsigned depth;           /* of derivations; STRUCT, UNION: of structures inside structures */
    uint32_t align;           /* bytes */
    uint32_t min_align;       /* by an attribute; 0: none */
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
    struct place place;
};

struct member {
    const char *name; /* NULL: anonymous structure or unnamed bit-field */
    struct typeref type;
    struct annotation *annotations;
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
    EXPR_CALL, /* nothing is evaluated: its type only */
    EXPR_TYPE, /* a type as an argument */
    EXPR_UNKNOWN,
};

struct expr {
    enum expr_kind kind;
    int op;
    unsigned depth;
    struct place place;
    uint64_t value;      /* INT */
    double real;         /* FLOAT */
    const char *name;    /* NAME, MEMBER, ARROW; STRING: its bytes */
    struct typeref type; /* INT, FLOAT: its type; CAST, SIZEOF, ALIGNOF, OFFSETOF, TYPE */
    struct expr *left, *right, *third;
    struct expr *next; /* in an argument list */
};

enum storage {
    STORAGE_TYPEDEF = 1u,
    STORAGE_EXTERN = 2u,
    STORAGE_STATIC = 4u,
    STORAGE_INLINE = 8u,
    STORAGE_THREAD = 16u,
    STORAGE_OTHER = 32u,
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
};

/* far_service(…) as it stood. */
struct service_mark {
    struct annotation *annotation;
    struct service_mark *next;
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
    uint64_t value; /* ENUMERATOR */
    struct symbol *next;
};

#define SYMBOL_BUCKETS 1024

struct unit {
    struct arena *arena;
    struct diagnostics *diagnostics;
    const char *main_file; /* as the line markers name it */
    const char *text;      /* preprocessed */
    size_t size;
    struct declaration *declarations, **declarations_end;
    struct service_mark *services, **services_end;
    struct annotation *strays;     /* annotations that stood where no declaration takes them */
    struct type **annotated_types; /* structures with annotated members */
    size_t annotated_type_count, annotated_type_room;
    struct symbol *symbols[SYMBOL_BUCKETS];
    struct symbol *tags[SYMBOL_BUCKETS];
    struct type *basic[64]; /* by enum basic_type, made when first asked for */
    bool c23;
    bool gnu;
    bool unsigned_char;
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
    X(VA_LIST, "__builtin_va_list", TYPE_UNKNOWN, 24, false)

enum basic_type {
#define X(NAME, spelling, kind, bytes, sign) BASIC_##NAME,
    BASIC_TYPES(X)
#undef X
        BASIC_COUNT
};

/* --- symbols and types (tree.c) --- */
void unit_init(struct unit *unit, struct arena *arena, struct diagnostics *diagnostics);
struct symbol *unit_symbol(const struct unit *unit, const char *name);
struct symbol *unit_add_symbol(struct unit *unit, const char *name, enum symbol_kind kind, struct typeref type);
struct type *unit_tag(struct unit *unit, enum type_kind kind, const char *tag, struct place place);
struct type *unit_basic(struct unit *unit, enum basic_type basic);
struct type *type_new(struct unit *unit, enum type_kind kind, struct typeref target, struct place place);
struct typeref type_pointer_to(struct unit *unit, struct typeref target, struct place place);
bool types_compatible(struct typeref a, struct typeref b);
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
/* The type of an expression; type NULL if it is not followed. */
struct typeref expr_type(struct unit *unit, const struct expr *expr);

/* --- layout (layout.c): the only place that knows sizes, alignments and offsets --- */
uint32_t layout_basic_align(enum type_kind kind, uint64_t size);
void layout_pointer(struct type *type);
void layout_array(struct type *type); /* complete if its element is and its count is known */
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
 * (NULL: none) are plain names in it, even where the unit has a typedef of that name.
 */
struct expr *unit_parse_expression(struct unit *unit, const char *text, struct place place,
                                   const struct parameter *params);

#endif
