/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* clang-format off */
/*
 * What the parts of the checker share.
 *
 *     check.c      the service, and which declarations are its operations
 *     unmarked.c   words where no far_op takes them
 *     describes.c  far_describes: annotations of structures that nobody may edit
 *     operation.c  one operation; access.c: what GCC's attributes say of it; data.c: one far_shared object
 *     value.c      one value: how it crosses, and what it leads to
 *     structure.c  the members of a structure, as values
 *     crossing.c   all that an operation reaches, looked over for what nobody described
 *     size.c       expressions and lifetimes; reference.c: the names in them
 *     rules.c      the table of rules; rules_word.c, rules_operation.c, rules_pointer.c: what breaks them
 *     subject.c    what messages say about the value or operation in question
 */
/* clang-format on */
#ifndef FARCALL_IDL_CHECK_H
#define FARCALL_IDL_CHECK_H

#include "idl/model.h"

#define STRUCTURE_BUCKETS 1024

struct structure;

/* What lasts while one model is made. */
struct checking {
    struct unit *unit;
    struct structure *structures[STRUCTURE_BUCKETS]; /* described so far, by the address of their type */
    struct wanted *wanted;                           /* to be described */
};

/* Whose names an expression may use: the parameters of one function, or the members of one structure. */
struct scope {
    struct checking *checking;
    const char *owner;           /* "kv_put", "struct node": for messages */
    const struct type *function; /* NULL: members */
    const struct model_param *result, *params;
    const struct type *structure;
    const struct scope *outer; /* of a structure without a name, inside another one: that one */
    struct parameter *members; /* by reference_names() */
    struct pending *pending;   /* expressions to be made when all values of the scope are known */
};

/*
 * What a rule looks at: an operation, or one value: a parameter, a result, a member, or (ON_INSIDE) an element of what
 * one of these points to.
 */
struct subject {
    struct checking *checking;
    struct unit *unit;
    struct scope *scope;                   /* NULL: an operation */
    const struct declaration *declaration; /* the operation or the data; NULL: a member */
    const struct type *function;           /* whose parameter or result it is; NULL: neither */
    const struct parameter *param;
    const struct member *member;
    const struct subject *outer; /* ON_INSIDE: what points to it or holds it */
    unsigned where;              /* one of ON_…: as what it stands here */
    unsigned words;              /* ON_…: which words may describe it */
    const char *owner;           /* "kv_put", "struct node" */
    const char *name;            /* "parameter 'strm' → member 'next_in'" */
    struct place place;
    struct typeref type;
    bool has_elements;        /* a pointer to void, which far_elements made one to something */
    const struct type *array; /* a parameter that was written as an array: that array */
    const struct annotation *annotations;
    uint64_t set;              /* of annotations */
    unsigned level;            /* pointers and arrays around it */
    unsigned calls;            /* callbacks around it */
    unsigned holder;           /* FAR_VALUE_IN | OUT: the way of the bytes that hold it; 0: as its structure goes */
    struct model_value *value; /* the one that is being made; NULL: an operation or data */
    const struct annotation *culprit; /* set by a rule: the annotation to point at */
    const char *detail;               /* set by a rule: {detail} in its message */
};

#define ON_INSIDE 0x100u

/*
 * Apply the table's rules for what the subject is, in order, stopping at the first that is broken: later rules may rely
 * on earlier ones. True if none is.
 */
bool rules_hold(struct subject *subject);

/*
 * Report against a subject, with {op} {what} {type} {target} {detail} {suggest} replaced. The answer is the diagnostic,
 * for notes and fix-its.
 */
struct diagnostic *subject_error(const struct subject *subject, enum fc_number number, struct place place,
                                 const char *message, const char *advice);
/* How an undescribed pointer could be described, spelled out with the names that are there. */
const char *subject_suggestion(const struct subject *subject);

/* One operation of the model. False if something was wrong with it, which is in the diagnostics then. */
bool operation_make(struct checking *checking, const struct declaration *declaration, struct model_op *op);
/* The result and parameters of an operation or callback. owner: as in scope. */
struct function_values {
    const char *owner, *prefix; /* prefix: in front of the parameters' names, ""
                                 or "parameter 'visit' → " */
    const struct declaration *declaration;
    const struct type *function;
    const struct annotation *result_annotations;
    struct place place;
    struct model_param *result, *params;
    bool params_only; /* something is wrong with the rest already */
    unsigned calls;   /* callbacks around it */
};
bool function_describe(struct checking *checking, const struct function_values *values);
/* access, nonnull and the like, turned into annotations and qualifiers of the parameters. */
void attributes_take(struct unit *unit, const struct type *function, const struct attribute *list);

/* Words with an argument. The argument's value; false: it is no expression, which has been said. */
bool argument_value(struct unit *unit, const struct annotation *annotation, struct constant *value);
bool constant_fits(struct constant c, const struct type *type);
/* As it stands in a register. */
uint64_t register_bits(uint64_t value, const struct type *type);

/* A global object marked far_shared. False if it cannot be shared. */
bool data_make(struct checking *checking, const struct declaration *declaration, struct model_data *data);

/*
 * Words at a declaration that has no far_op. operation: the declaration of the same function that has it; NULL: none.
 * values: those at parameters and at the levels of types too, which only matter where somebody means them for farcall.
 */
void unmarked_check(struct unit *unit, const struct declaration *declaration, const struct declaration *operation,
                    bool values);

/* Give structures the annotations that others have for them. */
void describes_apply(struct unit *unit);

/* Fill in *subject->value from type and annotations. False if a rule was broken. */
bool value_describe(struct subject *subject);

/* The members of a complete structure or union; described when first asked for. / */
struct structure {
    const struct type *type;
    struct model_member *members;
    uint32_t count;
    bool has_cases;
    const struct type *around; /* without a name: the structure in which it was described */
    uint32_t reach;            /* how far out its expressions read; 0: not beyond it */
    unsigned visited;          /* by crossing.c */
    struct structure *next;
};
struct structure *structure_described(struct checking *checking, const struct type *type, const struct scope *outer);
/*
 * Describe it some time: structures lead to structures, and how far is the header's choice, so nobody recurses over that.
 * structures_finish() does it.
 */
void structure_want(struct subject *subject, const struct type *type);
void structures_finish(struct checking *checking);
/* Do bytes of that type mean the same on both sides? own: the words where it is used. */
bool type_is_plain(struct typeref type, const struct annotation *own);

/* Is all that the operation reaches described? */
bool crossing_complete(struct checking *checking, const struct declaration *declaration, const struct model_op *op);

/* queued.c: is what a far_queued operation takes and gives whole without its caller? */
bool queued_fits(struct unit *unit, const struct model_op *op);

/* Make the expressions that this subject's words ask for, once the scope's values are all known. */
void scope_add(struct subject *subject);
/* Make them. False if one is wrong. */
bool scope_finish(struct scope *scope);
/* A new postfix expression from an annotation's argument; NULL if it is wrong. / */
struct model_expr *expression_make(struct subject *subject, const struct annotation *annotation, uint32_t *count);

/* --- the names in expressions (reference.c) --- */
enum reference_kind { REFERENCE_NONE, REFERENCE_PARAM, REFERENCE_POINTEE, REFERENCE_MEMBER, REFERENCE_RESULT };
struct reference {
    enum reference_kind kind;
    uint32_t index;  /* of the parameter; MEMBER: how many structures further out */
    uint64_t offset; /* bytes */
    struct typeref type;
    const struct parameter *param;
    bool is_bit_field;
    const char *name;    /* as written: "s->len" */
    const char *unknown; /* NONE: the part of it that does not exist */
};
struct reference reference_resolve(const struct scope *scope, const struct expr *expr);
/* Does the expression name anything of the scope's? */
bool reference_used(const struct scope *scope, const struct expr *expr);
/* The names that mean something of the scope's in an expression; NULL: none. */
const struct parameter *reference_names(struct scope *scope);
/* "the parameters are: a, b" */
const char *reference_candidates(const struct subject *subject);

bool is_integer_type(const struct type *type); /* of up to 8 bytes, enumerations and _Bool included */
bool is_structure_type(const struct type *type);
bool type_is_const(struct typeref type); /* arrays: if their elements are */
/* What stdio's FILE is. */
bool type_is_stream(const struct type *type);

/* Direction and extent. */
#define SET_DIRECTIONS (HAS(IN) | HAS(OUT) | HAS(INOUT))
#define SET_COUNTS     (HAS(COUNTED_BY) | HAS(COUNTED_BY_OR_NULL) | HAS(SIZED_BY) | HAS(SIZED_BY_OR_NULL))
#define SET_BITS       (HAS(GLOBAL) | HAS(HANDLE) | HAS(RELEASE) | HAS(OPAQUE) | HAS(WITHHELD) | HAS(CALLBACK))
#define SET_EXTENTS    (SET_COUNTS | HAS(NULL_TERMINATED) | SET_BITS)
/* The words of a set that say of a pointer that it is not copied: far_release does unless others say what to copy. */
uint64_t words_of_bits(uint64_t set);

/* Memory of its caller's that the function goes on using after the call, as long as far_lifetime says. */
bool subject_is_kept(const struct subject *subject);

/* The way of a level's bytes, from its words, its holder's way and its type. 0: a member, as its structure. */
unsigned subject_direction(const struct subject *subject);
/* Does it point into the memory of a parameter that its far_lifetime names? That one says how much there is. */
bool subject_points_into_parameter(const struct subject *subject);

#endif
