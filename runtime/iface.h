/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The interface record (.far.iface): what faridl says about a service, as data. Written by idl/record.c, completed by
 * farld (slots stay, FAR_OP_NEUTRAL is set), validated by iface_check() and then read by stubgen, farld, far, fard and
 * both sides of every gate. Nobody parses a header or computes a layout again. docs/interface-record.md explains it.
 *
 * Layout: struct far_iface, then its tables at the offsets it names, then strings. All offsets count from the first byte
 * of the record; strings are NUL-terminated; offset 0 means "no string". Little-endian, 8-byte aligned, no pointers.
 *
 * How anything crosses is said by one struct far_value, in the same words for results, parameters, members of structures
 * and what pointers point to. `inside` leads from a pointer to what one element of its target is; from a structure to its
 * members it goes by the type. So a descriptor is a graph over types and values, walked by data, never by generated code.
 */
#ifndef FARCALL_IFACE_H
#define FARCALL_IFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAR_IFACE_MAGIC   "FARIFACE"
#define FAR_IFACE_VERSION 4
#define FAR_NAME_MAX      63         /* bytes in a service's name, without the NUL */
#define FAR_PARAM_MAX     16         /* parameters of one operation */
#define FAR_EXPR_MAX      32         /* nodes of one expression */
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
    uint32_t slot_end;    /* above every slot that this or an earlier version of the service gave an operation */
    uint32_t reserved;    /* 0 */
    struct far_table ops; /* struct far_op, sorted by name (strcmp) */
    struct far_table params;
    struct far_table values;
    struct far_table callbacks;
    struct far_table types;
    struct far_table members;
    struct far_table cases;
    struct far_table exprs;
    struct far_table data;    /* struct far_data, sorted by name */
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
#define FAR_OP_QUEUED       0x80u /* only plain values and plain bytes go in, at most a plain value comes out */

/* How a value crosses. */
#define FAR_PASSINGS(X)                                                                                               \
    X(VOID, "void")         /* results only */                                                                        \
    X(VALUE, "value")       /* integer, enumeration, boolean of up to 8 bytes: an integer register */                 \
    X(FLOAT, "float")       /* float (width 4) or double (width 8): an SSE or SIMD register */                        \
    X(BUFFER, "buffer")     /* by reference: `size` says how many bytes; `inside` what one element is */              \
    X(STRING, "string")     /* by reference, up to and with an element that is all zero; out: within `size` */        \
    X(GLOBAL, "global")     /* address in a global segment, passed as it is and checked */                            \
    X(HANDLE, "handle")     /* the server's own pointer, opaque to the client */                                      \
    X(OPAQUE, "opaque")     /* bits that cross as they are and that the other side never follows */                   \
    X(CALLBACK, "callback") /* pointer to a function of the caller's, described by `inside` */                        \
    X(FD, "fd")             /* a file descriptor: a duplicate arrives on the other side */                            \
    X(STRUCT, "struct")     /* structure or union itself: its type's members say how each of them crosses */          \
    X(ARRAY, "array")       /* array itself, as a member: `inside` says how each element crosses */                   \
    X(WIDE, "wide")         /* plain bytes by value that fit none of these: __int128, long double, complex, vector */ \
    X(WITHHELD, "withheld") /* pointer that does not cross: NULL arrives, and what its owner has stays as it is */

enum far_passing {
#define X(NAME, name) FAR_PASS_##NAME,
    FAR_PASSINGS(X)
#undef X
        FAR_PASS_COUNT
};

/*
 * Directions are seen by who calls: IN goes to the function called. On a member neither means: as its structure; and in
 * what only comes out and has a lifetime, all members come out, whatever they say.
 */
#define FAR_VALUE_IN       0x1u
#define FAR_VALUE_OUT      0x2u  /* IN | OUT: inout */
#define FAR_VALUE_RELEASE  0x4u  /* HANDLE: not valid any more after this call */
#define FAR_VALUE_SIGNED   0x8u  /* VALUE: sign-extend from `width` */
#define FAR_VALUE_OPTIONAL 0x10u /* a pointer that may be NULL */
#define FAR_VALUE_DEEP     0x20u /* BUFFER: follow members that are DEEP_ONLY too, each object once, cycles included */
#define FAR_VALUE_DEEP_ONLY \
    0x40u /* BUFFER, member: a pointer to one object that nothing describes: followed only below a DEEP value */
#define FAR_VALUE_GRANTED \
    0x80u /* BUFFER of plain bytes, GLOBAL; not in results: the function called takes memory that its caller has granted as it
             is, though it may change at any time */

/*
 * How long what a pointer that comes out leads to stays valid; of memory that goes in (IN is set), how long the function
 * called goes on using it after the call: PARAM then is until what that parameter points to is released. In a CALLBACK
 * parameter, NULL never ends it, and another value that is no function's address (below 4096, or the last 4095) means
 * that the function called made its own copy.
 */
#define FAR_LIFETIMES(X)                                                                            \
    X(NONE, "")             /* not said: passings that need no copy */                              \
    X(CALL, "call")         /* until the thread's next call */                                      \
    X(SERVICE, "service")   /* as long as the service */                                            \
    X(RELEASED, "released") /* until an operation takes it with far_release */                      \
    X(HANDLE, "handle")     /* until the handle in parameter `lifetime_of` ends */                  \
    X(PARAM, "parameter")   /* it points into what BUFFER or STRING parameter `lifetime_of` does */ \
    X(CALLBACK, "callback") /* until the function in CALLBACK parameter `lifetime_of` is called with it */

enum far_lifetime {
#define X(NAME, name) FAR_LIFETIME_##NAME,
    FAR_LIFETIMES(X)
#undef X
        FAR_LIFETIME_COUNT
};

struct far_value {
    uint32_t type;       /* index into types */
    uint8_t passing;     /* enum far_passing */
    uint8_t width;       /* bytes of VALUE, FLOAT, FD; 8 for every pointer; otherwise 0 */
    uint16_t flags;      /* FAR_VALUE_… */
    uint32_t size_first; /* BUFFER, STRING that comes out, ARRAY that is a flexible member: first node of the size
                             expression; its value is BYTES */
    uint32_t size_count; /* its number of nodes, 1 … FAR_EXPR_MAX; 0: none (STRING that only goes in) */
    uint32_t inside;     /* BUFFER, STRING, ARRAY: 1 + index into values of what one element is, 0: plain bytes.
                             CALLBACK: 1 + index into callbacks */
    uint32_t
        select_first; /* STRUCT of a union with cases: the expression that selects the member in use. HANDLE with RELEASE:
                             a constant; where the function returns that, the handle stays valid */
    uint32_t select_count; /* its number of nodes; 0: none */
    uint8_t lifetime;      /* enum far_lifetime: results, and pointers that come out */
    uint8_t lifetime_of;   /* HANDLE, PARAM: number of the parameter, from 0 */
    uint16_t reserved;
};

struct far_param {
    uint32_t name;        /* string; 0 for results and unnamed parameters */
    uint32_t description; /* string: the declaration as written, for messages: "const char *key" */
    struct far_value value;
};

/* A function that a CALLBACK leads to. Its parameters are described as an operation's are; IN: to the callback. */
struct far_callback {
    uint32_t type;        /* index into types: the function's */
    uint32_t first_param; /* index into params; entry 0 is the result */
    uint32_t param_count; /* without the result, at most FAR_PARAM_MAX */
    uint32_t reserved;
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
    uint32_t vouched; /* string: "getenv,stderr", what the author vouches for (far_vouched); sorted; 0: nothing */
    uint32_t reason;  /* string, set by farld where NEUTRAL is not: "kv_dump → log_line → open"; 0: none */
    uint32_t reserved;
};

/*
 * Expressions: postfix, evaluated on 64-bit values with every overflow and negative value an error. Sizes see the values
 * before the call; only what comes out may use RESULT, and then what comes back is never more than the room there was.
 * The size of what the function called made itself (a value with a lifetime, or inside one) is computed after the call,
 * and may read buffers that only come out. Operands of a selector may be negative.
 *
 * DEREF and MEMBER read the `width` bytes at byte `value`; whoever evaluates a MEMBER further out checks that it lies
 * inside that structure.
 */
#define FAR_EXPRS(X)                                                                                        \
    X(CONST, "const")   /* push value */                                                                    \
    X(PARAM, "param")   /* push VALUE parameter `index` (0-based, the result not counted) */                \
    X(DEREF, "deref")   /* push an integer from what BUFFER parameter `index` points to; 0 if it is NULL */ \
    X(MEMBER, "member") /* push an integer from the structure around, `index` structures further out */     \
    X(RESULT, "result") /* push the operation's result */                                                   \
    X(ADD, "add")                                                                                           \
    X(SUB, "sub")                                                                                           \
    X(MUL, "mul")                                                                                           \
    X(DIV, "div")                                                                                           \
    X(MOD, "mod")                                                                                           \
    X(SHL, "shl")                                                                                           \
    X(SHR, "shr")                                                                                           \
    X(AND, "and")

#define FAR_EXPR_IS_OPERAND(code) ((code) <= FAR_EXPR_RESULT)

enum far_expr_code {
#define X(NAME, name) FAR_EXPR_##NAME,
    FAR_EXPRS(X)
#undef X
        FAR_EXPR_CODE_COUNT
};

#define FAR_EXPR_SIGNED 0x1u /* PARAM, DEREF, MEMBER, RESULT: sign-extend from width; a negative value is an error */

struct far_expr {
    uint8_t code;
    uint8_t width; /* PARAM, DEREF, MEMBER, RESULT: bytes of the integer */
    uint8_t flags;
    uint8_t reserved;
    uint32_t index;
    uint64_t value;
    uint32_t name; /* string: what it is called in the header, for messages ("s->len"); 0: none */
    uint32_t reserved2;
};

/* Types: what is reached from operations, for fingerprints, dumps and (later) structured parameters. */
#define FAR_TYPES(X)                                                                      \
    X(VOID, "void")                                                                       \
    X(BOOL, "bool")                                                                       \
    X(INT, "int")                                                                         \
    X(FLOAT, "float")                                                                     \
    X(ENUM, "enum")                                                                       \
    X(POINTER, "pointer")                                                                 \
    X(ARRAY, "array")                                                                     \
    X(STRUCT, "struct")                                                                   \
    X(UNION, "union")                                                                     \
    X(FUNCTION, "function")                                                               \
    X(OPAQUE, "opaque") /* not looked into: incomplete, behind a handle, or far_opaque */ \
    X(COMPLEX, "complex")                                                                 \
    X(VECTOR, "vector")

enum far_type_kind {
#define X(NAME, name) FAR_TYPE_##NAME,
    FAR_TYPES(X)
#undef X
        FAR_TYPE_COUNT
};

#define FAR_TYPE_SIGNED   0x1u
#define FAR_TYPE_CONST    0x2u /* POINTER: what it points to is const */
#define FAR_TYPE_PLAIN    0x4u /* bytes that mean the same on both sides: no pointer, descriptor or handle in them */
#define FAR_TYPE_FLEXIBLE 0x8u /* STRUCT: ends in a flexible array member, which `size` does not count */

struct far_type {
    uint32_t name; /* string: as C spells it, "unsigned long", "struct node" */
    uint8_t kind;  /* enum far_type_kind */
    uint8_t flags;
    uint16_t align;  /* bytes */
    uint64_t size;   /* bytes; 0 for void, functions and incomplete types */
    uint32_t target; /* POINTER, ARRAY, COMPLEX, VECTOR: the pointed-to or element type; otherwise 0 */
    uint32_t reserved;
    uint64_t count; /* ARRAY, VECTOR: elements */
    uint32_t first_member;
    uint32_t member_count;
};

#define FAR_MEMBER_DEFAULT 0x1u /* of a union: in use for every selector that no other member's cases name */

struct far_member {
    uint32_t name;
    uint32_t type;
    uint64_t offset;     /* bytes */
    uint16_t bit_width;  /* 0: not a bit-field */
    uint16_t bit_offset; /* bits from offset */
    uint32_t value;      /* 1 + index into values: how it crosses; 0: plain bytes */
    uint32_t first_case; /* of a union: index into cases (int64_t), the selector's values for which it is in use */
    uint32_t case_count;
    uint32_t flags; /* FAR_MEMBER_… */
    uint32_t reserved;
};

/* Global data that domains share: declared with far_shared(protocol). */
#define FAR_PROTOCOLS(X)                      \
    X(READ_MOSTLY, "read_mostly")             \
    X(MIGRATORY, "migratory")                 \
    X(WRITE_SHARED, "write_shared")           \
    X(PRODUCER_CONSUMER, "producer_consumer") \
    X(REDUCTION, "reduction")                 \
    X(SEQUENTIAL, "sequential")

enum far_protocol {
#define X(NAME, name) FAR_PROTOCOL_##NAME,
    FAR_PROTOCOLS(X)
#undef X
        FAR_PROTOCOL_COUNT
};

struct far_data {
    uint32_t name;      /* string: the C object's name */
    uint32_t type;      /* index into types */
    uint32_t protocol;  /* enum far_protocol */
    uint32_t signature; /* string: the C declaration */
    uint32_t file;      /* string: header file name without directories */
    uint32_t line;
    uint64_t fingerprint; /* of its declaration, protocol and layouts */
};

_Static_assert(sizeof(struct far_iface) == 128, "struct far_iface is part of the file format");
_Static_assert(sizeof(struct far_op) == 64, "struct far_op is part of the file format");
_Static_assert(sizeof(struct far_value) == 32, "struct far_value is part of the file format");
_Static_assert(sizeof(struct far_param) == 40, "struct far_param is part of the file format");
_Static_assert(sizeof(struct far_callback) == 16, "struct far_callback is part of the file format");
_Static_assert(sizeof(struct far_expr) == 24, "struct far_expr is part of the file format");
_Static_assert(sizeof(struct far_type) == 40, "struct far_type is part of the file format");
_Static_assert(sizeof(struct far_member) == 40, "struct far_member is part of the file format");
_Static_assert(sizeof(struct far_data) == 32, "struct far_data is part of the file format");

/*
 * Validate a whole record: all that docs/interface-record.md says of it. Bounds of every table, index, string and
 * expression; types that hold nothing of themselves by value; values that fit their types and end after a bounded number
 * of levels; expressions that can be evaluated and read nothing outside what they name; names sorted, slots unique.
 * Returns 0, or -EINVAL and a message in why. Reads nothing outside record[0..size); time and memory in proportion to it.
 */
int iface_check(const void *record, size_t size, char *why, size_t why_size);

/* Accessors for a checked record. Indices are not checked again. */
const char *iface_string(const struct far_iface *iface, uint32_t offset); /* "" for 0 */
const struct far_op *iface_op(const struct far_iface *iface, uint32_t index);
const struct far_op *iface_op_by_name(const struct far_iface *iface, const char *name); /* NULL if there is none */
/* The same, looking at one place first: where it is if another table has the same operations. */
const struct far_op *iface_op_by_name_at(const struct far_iface *iface, const char *name, uint32_t guess);
const struct far_op *iface_op_by_slot(const struct far_iface *iface, uint32_t slot); /* NULL if there is none */
/* Is this function or object among what the operation's author vouches for? */
bool iface_op_vouches(const struct far_iface *iface, const struct far_op *op, const char *name);
const struct far_param *iface_result(const struct far_iface *iface, const struct far_op *op);
const struct far_param *iface_param(const struct far_iface *iface, const struct far_op *op,
                                    uint32_t index); /* 0-based */
const struct far_value *iface_value(const struct far_iface *iface, uint32_t index);
const struct far_callback *iface_callback(const struct far_iface *iface, uint32_t index);
const struct far_param *iface_callback_param(const struct far_iface *iface, const struct far_callback *callback,
                                             uint32_t at); /* 0: the result */
int64_t iface_case(const struct far_iface *iface, uint32_t index);
const struct far_data *iface_data(const struct far_iface *iface, uint32_t index);
const struct far_type *iface_type(const struct far_iface *iface, uint32_t index);
/* Is there a _Bool in such an object, not in a union? */
bool iface_holds_booleans(const struct far_iface *iface, const struct far_type *type);
/* What neither 0 nor 1 stands where one is becomes 1. As many objects as fit; of one with a flexible array, all of that. */
void iface_mend_booleans(const struct far_iface *iface, const struct far_type *type, char *memory, uint64_t bytes);
const struct far_member *iface_member(const struct far_iface *iface, uint32_t index);
const struct far_expr *iface_expr(const struct far_iface *iface, uint32_t index);

const char *far_passing_name(enum far_passing passing);
const char *far_type_kind_name(enum far_type_kind kind);
const char *far_expr_name(enum far_expr_code code);
const char *far_lifetime_name(enum far_lifetime lifetime);
const char *far_protocol_name(enum far_protocol protocol);

#endif
