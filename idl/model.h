/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The model: the only picture of an interface inside the compiler. check.c makes it from a parsed unit; from then on it
 * is read-only and every emitter (record, dump) takes it const. Outside faridl the interface record is what is read.
 */
#ifndef FARCALL_IDL_MODEL_H
#define FARCALL_IDL_MODEL_H

#include "idl/tree.h"
#include "runtime/iface.h"

/*
 * How a type is seen from where it is used: openly; as a pointer that is not followed, so that what it points to is
 * opaque (VIEW_HANDLE); or, n more, as something that leads to such a pointer in n steps.
 */
#define VIEW_OPEN   0u
#define VIEW_HANDLE 1u
#define VIEW_OPAQUE UINT32_MAX /* what such a pointer points to */

/* A node of an expression, with what it is called in the header (NULL: nothing). */
struct model_expr {
    struct far_expr node;
    const char *name;
};

/* How one value crosses: struct far_value before it is bytes. */
struct model_value {
    struct typeref type;
    uint32_t type_index; /* into the model's types */
    enum far_passing passing;
    unsigned flags;          /* FAR_VALUE_… */
    unsigned width;          /* bytes of the value or the pointer */
    struct model_expr *size; /* postfix; its value is bytes */
    uint32_t size_count;
    struct model_expr *select; /* of a union: which member is in use */
    uint32_t select_count;
    struct model_value *inside; /* one element of what is pointed to; NULL: plain bytes */
    const char *what;           /* of what is inside, for messages: "'*p'", "each element" */
    struct model_callback *callback;
    enum far_lifetime lifetime;
    uint32_t lifetime_of;
};

struct model_param {
    const char *name;        /* NULL: none, and for results */
    const char *description; /* "const char *key" */
    struct model_value value;
    struct place place;
};

struct model_callback {
    struct typeref type; /* the function's */
    uint32_t type_index;
    struct model_param result;
    struct model_param *params;
    uint32_t param_count;
};

struct model_op {
    const char *name;
    uint32_t slot;
    uint32_t flags; /* FAR_OP_… */
    uint32_t deadline_ms;
    uint64_t fails;
    const char *vouched; /* "getenv,stderr", sorted; NULL: nothing */
    struct model_param result;
    struct model_param *params;
    uint32_t param_count;
    const char *signature; /* "int kv_put(const char *key, const void *val, size_t n)" */
    const char *promise;   /* far_async: the declaration of NAME_async; else NULL */
    const char *ticket;    /* far_queued: the declaration of NAME_queued; else NULL */
    const char *file;      /* base name of the header that declares it */
    uint32_t line;
    struct place place;
    uint64_t fingerprint;
};

struct model_member {
    const struct member *member;
    uint32_t type;             /* index into types */
    struct model_value *value; /* how it crosses; NULL: plain bytes */
    const int64_t *cases;      /* of a union: the selector's values for which it is in use */
    uint32_t case_count;
    bool is_default;
    bool wrong; /* what is wrong with it is said already */
};

/* Global data marked far_shared. */
struct model_data {
    const char *name;
    struct typeref type;
    uint32_t type_index;
    enum far_protocol protocol;
    const char *signature;
    const char *file;
    uint32_t line;
    struct place place;
    uint64_t fingerprint;
};

/* A type that operations reach. Each appears once; an opaque one stands for what the client must not look into. */
struct model_type {
    struct typeref ref;
    uint32_t view; /* VIEW_… */
    enum far_type_kind kind;
    const char *name; /* with typedefs resolved */
    uint32_t target;  /* POINTER, ARRAY, COMPLEX, VECTOR */
    struct model_member *members;
    uint32_t member_count;
    bool plain;   /* its bytes mean the same on both sides */
    bool crosses; /* STRUCT, UNION: some value takes its members over, so that they say how */
};

struct model {
    const char *service;
    uint16_t major, minor;
    struct place place;
    struct model_op *ops; /* sorted by name */
    uint32_t op_count;
    struct model_data *data; /* sorted by name */
    uint32_t data_count;
    uint32_t slot_end;        /* above every slot ever given */
    uint32_t machine;         /* ELF e_machine */
    struct model_type *types; /* in the order in which the operations reach them */
    uint32_t type_count;
    uint64_t fingerprint;
};

/*
 * Check a parsed unit and make its model. In a header (source false) the service is the one that the main file
 * declares; in a source it is the one whose operations it defines, and *defines says whether there is any. Returns true
 * and fills *model if nothing was wrong; what was wrong is in the unit's diagnostics. The model lives in the unit's
 * arena.
 */
bool model_from_unit(struct unit *unit, bool source, struct model *model, bool *defines);

/* The interface record as bytes (see runtime/iface.h), in the arena; its size in *size. */
void *record_from_model(const struct model *model, struct arena *arena, size_t *size);

enum dump { DUMP_NONE, DUMP_MODEL, DUMP_LAYOUT, DUMP_JSON };
void dump_model(const struct model *model, struct arena *arena, enum dump what, FILE *out);
/* LAYOUT or JSON: every structure and union of the unit, in the order of their closing braces. */
void dump_structures(const struct unit *unit, enum dump what, FILE *out);

/* --- used between check.c, types.c and fingerprint.c only --- */
struct checking;
void model_collect_types(struct model *model, struct checking *checking);
void model_fingerprint(struct model *model, struct arena *arena);

#endif
