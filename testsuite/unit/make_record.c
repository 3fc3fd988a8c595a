/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The record of service kv: tables as C initialisers, strings by name, offsets worked out at the end. */
#include "testsuite/unit/make_tables.h"

#include <stdbool.h>

enum { T_VOID, T_CHAR, T_INT, T_ULONG, T_KEY, T_NODE, T_NODE_POINTER, T_STRING, T_BYTES, T_ULONG_POINTER, T_COUNT };

static void add_member(struct record *record, const char *name, uint32_t type, uint64_t offset)
{
    record->members[record->member_count++] =
        (struct far_member){.name = text(record, name), .type = type, .offset = offset};
}

static void add_types(struct record *record, enum make_variant variant)
{
    uint64_t node = variant == MAKE_PLAIN ? 32 : 40;
    struct far_type types[T_COUNT] = {
        [T_VOID] = {.name = text(record, "void"), .kind = FAR_TYPE_VOID, .align = 1},
        [T_CHAR] =
            {.name = text(record, "char"), .kind = FAR_TYPE_INT, .flags = FAR_TYPE_SIGNED, .align = 1, .size = 1},
        [T_INT] = {.name = text(record, "int"), .kind = FAR_TYPE_INT, .flags = FAR_TYPE_SIGNED, .align = 4, .size = 4},
        [T_ULONG] = {.name = text(record, "unsigned long"), .kind = FAR_TYPE_INT, .align = 8, .size = 8},
        [T_KEY] = {.name = text(record, "char[16]"),
                   .kind = FAR_TYPE_ARRAY,
                   .align = 1,
                   .size = 16,
                   .target = T_CHAR,
                   .count = 16},
        [T_NODE] =
            {.name = text(record, "struct node"), .kind = FAR_TYPE_STRUCT, .align = 8, .size = node, .first_member = 0},
        [T_NODE_POINTER] = {.name = text(record, "const struct node *"),
                            .kind = FAR_TYPE_POINTER,
                            .flags = FAR_TYPE_CONST,
                            .align = 8,
                            .size = 8,
                            .target = T_NODE},
        [T_STRING] = {.name = text(record, "const char *"),
                      .kind = FAR_TYPE_POINTER,
                      .flags = FAR_TYPE_CONST,
                      .align = 8,
                      .size = 8,
                      .target = T_CHAR},
        [T_BYTES] = {.name = text(record, "void *"), .kind = FAR_TYPE_POINTER, .align = 8, .size = 8, .target = T_VOID},
        [T_ULONG_POINTER] = {.name = text(record, "unsigned long *"),
                             .kind = FAR_TYPE_POINTER,
                             .align = 8,
                             .size = 8,
                             .target = T_ULONG},
    };
    add_member(record, "next", T_NODE_POINTER, 0);
    add_member(record, "key", T_KEY, 8);
    if (variant == MAKE_CHANGED)
        add_member(record, "hits", T_ULONG, 24);
    add_member(record, "value", T_INT, variant == MAKE_PLAIN ? 24 : 32);
    types[T_NODE].member_count = record->member_count;
    memcpy(record->types, types, sizeof types);
    record->type_count = T_COUNT;
}

static const struct far_value nothing = {.type = T_VOID, .passing = FAR_PASS_VOID};
static const struct far_value an_int = {
    .type = T_INT, .passing = FAR_PASS_VALUE, .flags = FAR_VALUE_SIGNED, .width = 4};
static const struct far_value a_node = {.type = T_NODE_POINTER, .passing = FAR_PASS_GLOBAL, .width = 8};
static const struct far_value a_key = {.type = T_STRING, .passing = FAR_PASS_STRING, .flags = FAR_VALUE_IN, .width = 8};

static void add_count(struct record *record)
{
    begin_op(record, "kv_count", FAR_OP_IDEMPOTENT, "int kv_count(void)");
    add_param(record, an_int, NULL, NULL);
    end_op(record);
}

static void add_find(struct record *record, enum make_variant variant)
{
    begin_op(record, "kv_find", FAR_OP_DATA_SHIPPED | FAR_OP_NEUTRAL, "const struct node *kv_find(const char *key)");
    if (variant == MAKE_CHANGED)
        record->ops[record->op_count - 1].fingerprint ^= 1;
    add_param(record, a_node, NULL, NULL);
    add_param(record, a_key, "key", "const char *key");
    end_op(record);
}

static void add_put(struct record *record, enum make_variant variant)
{
    bool plain = variant == MAKE_PLAIN;
    uint8_t width = plain ? 8 : 4;
    begin_op(record, "kv_put", FAR_OP_HAS_FAILS,
             plain ? "int kv_put(const char *key, void *val, unsigned long n)"
                   : "int kv_put(const char *key, void *val, int n)");
    record->ops[record->op_count - 1].fails = (uint32_t)-1;
    record->exprs[record->expr_count++] =
        (struct far_expr){.code = FAR_EXPR_PARAM, .width = width, .index = 2, .flags = plain ? 0 : FAR_EXPR_SIGNED};
    add_param(record, an_int, NULL, NULL);
    add_param(record, a_key, "key", "const char *key");
    add_param(record,
              (struct far_value){.type = T_BYTES,
                                 .passing = FAR_PASS_BUFFER,
                                 .flags = FAR_VALUE_IN,
                                 .width = 8,
                                 .size_first = 0,
                                 .size_count = 1},
              "val", "const void *val");
    add_param(record,
              (struct far_value){.type = plain ? T_ULONG : T_INT,
                                 .passing = FAR_PASS_VALUE,
                                 .flags = plain ? 0 : FAR_VALUE_SIGNED,
                                 .width = width},
              "n", "n");
    end_op(record);
}

/* void kv_read(void *to, unsigned long *length): (*length + 1) * 1 bytes out, 8 bytes inout. */
static void add_read(struct record *record)
{
    uint32_t first = record->expr_count;
    begin_op(record, "kv_read", FAR_OP_ABSENT, "void kv_read(void *to, unsigned long *length)");
    record->exprs[record->expr_count++] = (struct far_expr){.code = FAR_EXPR_DEREF, .width = 8, .index = 1};
    record->exprs[record->expr_count++] = (struct far_expr){.code = FAR_EXPR_CONST, .value = 1};
    record->exprs[record->expr_count++] = (struct far_expr){.code = FAR_EXPR_ADD};
    record->exprs[record->expr_count++] = (struct far_expr){.code = FAR_EXPR_CONST, .value = 8};
    add_param(record, nothing, NULL, NULL);
    add_param(record,
              (struct far_value){.type = T_BYTES,
                                 .passing = FAR_PASS_BUFFER,
                                 .flags = FAR_VALUE_OUT | FAR_VALUE_OPTIONAL,
                                 .width = 8,
                                 .size_first = first,
                                 .size_count = 3},
              "to", "void *to");
    add_param(record,
              (struct far_value){.type = T_ULONG_POINTER,
                                 .passing = FAR_PASS_BUFFER,
                                 .flags = FAR_VALUE_IN | FAR_VALUE_OUT,
                                 .width = 8,
                                 .size_first = first + 3,
                                 .size_count = 1},
              "length", "unsigned long *length");
    end_op(record);
}

struct made make_record(enum make_variant variant)
{
    struct record *record = calloc(1, sizeof *record);
    struct far_iface iface = {
        .major = 1, .minor = variant == MAKE_CHANGED, .fingerprint = 0xfeedfacecafef00du + variant};
    if (!record)
        abort();
    add_types(record, variant);
    if (variant == MAKE_CHANGED)
        add_count(record);
    add_find(record, variant);
    add_put(record, variant);
    if (variant == MAKE_PLAIN)
        add_read(record);
    return record_finish(record, iface, "kv");
}
