/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The interface record (.far.iface): what faridl says about a service, as data. Written by idl/record.c, completed by
 * farld (slots stay, FAR_OP_NEUTRAL is set), validated by iface_check() and then read by stubgen, farld, far, fard and
 * both sides of every gate. Nobody parses a header or computes a layout again.
 *
 * Layout: struct far_iface, then its tables at the offsets it names, then strings. All offsets count from the first byte
 * of the record; strings are NUL-terminated; offset 0 means "no string". Little-endian, 8-byte aligned, no pointers.
 */
#ifndef FARCALL_IFACE_H
#define FARCALL_IFACE_H

#include <stddef.h>
#include <stdint.h>

#define FAR_IFACE_MAGIC   "FARIFACE"
#define FAR_IFACE_VERSION 1
#define FAR_NAME_MAX      63         /* bytes in a service's name, without the NUL */
#define FAR_PARAM_MAX     16         /* parameters of one operation */
#define FAR_EXPR_MAX      32         /* nodes of one size expression */
#define FAR_STRING_LIMIT  (1u << 20) /* bytes of a string parameter that a gate carries, NUL included */

struct far_table {
    uint32_t offset; /* of the first entry */
    uint32_t count;  /* entries */
};

struct far_iface {
    char magic[8];
    uint32_t version;
    uint32_t size;    /* bytes of the whole record, a multiple of 8 */
    uint32_t service; /* string */
    uint16_t major;
    uint16_t minor;
    uint64_t fingerprint; /* of all operations together */
    uint32_t machine;     /* ELF e_machine whose type layouts these are */
    uint32_t flags;       /* 0 */
    struct far_table ops; /* struct far_op, sorted by name (strcmp) */
    struct far_table params;
    struct far_table types;
    struct far_table members;
    struct far_table exprs;
    struct far_table strings; /* offset of the first byte, count = bytes */
};

/* Operation flags. */
#define FAR_OP_DATA_SHIPPED 0x1u /* default part: dstubs; otherwise fstubs */
#define FAR_OP_HAS_FAILS    0x2u /* fails holds the value to return when a call cannot complete */
#define FAR_OP_ONEWAY       0x4u
#define FAR_OP_IDEMPOTENT   0x8u
#define FAR_OP_ABSENT       0x10u /* exported, but refuses */
#define FAR_OP_ASYNC        0x20u
#define FAR_OP_NEUTRAL      0x40u /* set by farld: reaches no process-local state. Not part of the fingerprint */

/* How a value crosses. */
#define FAR_PASSINGS(X)                                                                \
    X(VOID, "void")     /* results only */                                             \
    X(VALUE, "value")   /* integer, enumeration, boolean: an integer register */       \
    X(FLOAT, "float")   /* float (size 4) or double (size 8): an SSE register */       \
    X(BUFFER, "buffer") /* by reference, flat: `size` says how many bytes */           \
    X(STRING, "string") /* by reference, up to and with its NUL; in only */            \
    X(GLOBAL, "global") /* address in a global segment, passed as it is and checked */ \
    X(HANDLE, "handle") /* the server's own pointer, opaque to the client */

enum far_passing {
#define X(NAME, name) FAR_PASS_##NAME,
    FAR_PASSINGS(X)
#undef X
        FAR_PASS_COUNT
};

#define FAR_PARAM_IN       0x1u
#define FAR_PARAM_OUT      0x2u  /* IN | OUT: inout */
#define FAR_PARAM_RELEASE  0x4u  /* HANDLE: not valid any more after this call */
#define FAR_PARAM_SIGNED   0x8u  /* VALUE: sign-extend from `width` */
#define FAR_PARAM_OPTIONAL 0x10u /* by reference: NULL is allowed (…_or_null) */

struct far_param {
    uint32_t name;   /* string; 0 for results and unnamed parameters */
    uint32_t type;   /* index into types */
    uint8_t passing; /* enum far_passing */
    uint8_t flags;   /* FAR_PARAM_… */
    uint8_t width;   /* bytes of the value itself (1, 2, 4, 8); of the pointer for by-reference ones */
    uint8_t reserved;
    uint32_t size_first;  /* BUFFER: index of the first node of the size expression; its value is BYTES */
    uint32_t size_count;  /* BUFFER: number of nodes, 1 … FAR_EXPR_MAX */
    uint32_t description; /* string: the declaration as written, for messages: "const char *key" */
};

struct far_op {
    uint32_t name;        /* string: the C function's name */
    uint32_t slot;        /* 1 … FAR_SLOT_MAX, unique */
    uint32_t flags;       /* FAR_OP_… */
    uint32_t first_param; /* index into params; entry 0 is the result, then the parameters in order */
    uint32_t param_count; /* parameters, without the result */
    uint32_t deadline_ms; /* 0: none */
    uint64_t fails;       /* bits of the value that far_fails names, as they stand in the result register */
    uint64_t fingerprint; /* of signature, annotations and layouts of all types reached */
    uint32_t signature;   /* string: the C declaration, canonical spelling, for messages and far describe */
    uint32_t file;        /* string: header file name without directories (deterministic) */
    uint32_t line;
    uint32_t reserved;
};

/* Size expressions: postfix, evaluated on 64-bit values with every overflow and negative value an error. */
#define FAR_EXPRS(X)                                                                                               \
    X(CONST, "const") /* push value */                                                                             \
    X(PARAM, "param") /* push VALUE parameter `index` (0-based, the result not counted) */                         \
    X(DEREF, "deref") /* push the `width`-byte integer that BUFFER parameter `index` points to; 0 if it is NULL */ \
    X(ADD, "add")                                                                                                  \
    X(SUB, "sub")                                                                                                  \
    X(MUL, "mul")                                                                                                  \
    X(DIV, "div")

enum far_expr_code {
#define X(NAME, name) FAR_EXPR_##NAME,
    FAR_EXPRS(X)
#undef X
        FAR_EXPR_CODE_COUNT
};

#define FAR_EXPR_SIGNED 0x1u /* PARAM, DEREF: sign-extend from width; a negative value is an error */

struct far_expr {
    uint8_t code;
    uint8_t width;
    uint8_t flags;
    uint8_t reserved;
    uint32_t index;
    uint64_t value;
};

/* Types: what is reached from operations, for fingerprints, dumps and (later) structured parameters. */
#define FAR_TYPES(X)        \
    X(VOID, "void")         \
    X(BOOL, "bool")         \
    X(INT, "int")           \
    X(FLOAT, "float")       \
    X(ENUM, "enum")         \
    X(POINTER, "pointer")   \
    X(ARRAY, "array")       \
    X(STRUCT, "struct")     \
    X(UNION, "union")       \
    X(FUNCTION, "function") \
    X(OPAQUE, "opaque")

enum far_type_kind {
#define X(NAME, name) FAR_TYPE_##NAME,
    FAR_TYPES(X)
#undef X
        FAR_TYPE_COUNT
};

#define FAR_TYPE_SIGNED 0x1u
#define FAR_TYPE_CONST  0x2u /* POINTER: what it points to is const */

struct far_type {
    uint32_t name; /* string: as C spells it, "unsigned long", "struct node" */
    uint8_t kind;  /* enum far_type_kind */
    uint8_t flags;
    uint16_t align;  /* bytes */
    uint64_t size;   /* bytes; 0 for void, functions and incomplete types */
    uint32_t target; /* POINTER, ARRAY: index of the pointed-to or element type; otherwise 0 */
    uint32_t reserved;
    uint64_t count; /* ARRAY: elements */
    uint32_t first_member;
    uint32_t member_count;
};

struct far_member {
    uint32_t name;
    uint32_t type;
    uint64_t offset;     /* bytes */
    uint16_t bit_width;  /* 0: not a bit-field */
    uint16_t bit_offset; /* bits from offset */
    uint32_t reserved;
};

_Static_assert(sizeof(struct far_iface) == 88, "struct far_iface is part of the file format");
_Static_assert(sizeof(struct far_op) == 56, "struct far_op is part of the file format");
_Static_assert(sizeof(struct far_param) == 24, "struct far_param is part of the file format");
_Static_assert(sizeof(struct far_expr) == 16, "struct far_expr is part of the file format");
_Static_assert(sizeof(struct far_type) == 40, "struct far_type is part of the file format");
_Static_assert(sizeof(struct far_member) == 24, "struct far_member is part of the file format");

/*
 * Validate a whole record: bounds and alignment of every table, every index and string, slots unique and in range, names
 * sorted and C identifiers, passings consistent with types, size expressions well-formed (stack never under- or
 * overflows, PARAM refers to VALUE parameters, DEREF to BUFFER in parameters whose own size needs no DEREF).
 * Returns 0, or -EINVAL and a message in why. Reads nothing outside record[0..size).
 */
int iface_check(const void *record, size_t size, char *why, size_t why_size);

/* Accessors for a checked record. Indices are not checked again. */
const char *iface_string(const struct far_iface *iface, uint32_t offset); /* "" for 0 */
const struct far_op *iface_op(const struct far_iface *iface, uint32_t index);
const struct far_op *iface_op_by_name(const struct far_iface *iface, const char *name); /* NULL if there is none */
const struct far_op *iface_op_by_slot(const struct far_iface *iface, uint32_t slot);    /* NULL if there is none */
const struct far_param *iface_result(const struct far_iface *iface, const struct far_op *op);
const struct far_param *iface_param(const struct far_iface *iface, const struct far_op *op,
                                    uint32_t index); /* 0-based */
const struct far_type *iface_type(const struct far_iface *iface, uint32_t index);
const struct far_member *iface_member(const struct far_iface *iface, uint32_t index);
const struct far_expr *iface_expr(const struct far_iface *iface, uint32_t index);

const char *far_passing_name(enum far_passing passing);
const char *far_type_kind_name(enum far_type_kind kind);
const char *far_expr_name(enum far_expr_code code);

#endif
