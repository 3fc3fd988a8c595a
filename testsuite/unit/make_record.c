/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The record of service kv: tables as C initialisers, strings by name, offsets worked out at the end. */
#include "testsuite/unit/make_segment.h"

#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define POOL_SIZE 2048

struct record {
    struct far_op ops[4];
    struct far_param params[24];
    struct far_type types[12];
    struct far_member members[8];
    struct far_expr exprs[8];
    uint32_t op_count, param_count, type_count, member_count, expr_count;
    char pool[POOL_SIZE]; /* offsets in it, from 1 on, stand for strings until make_record() moves them */
    uint32_t pool_size;
};

enum { T_VOID, T_CHAR, T_INT, T_ULONG, T_KEY, T_NODE, T_NODE_POINTER, T_STRING, T_BYTES, T_ULONG_POINTER, T_COUNT };

static uint32_t text(struct record *record, const char *string)
{
    size_t size = strlen(string) + 1;
    uint32_t at = record->pool_size ? record->pool_size : 1;
    if (at + size > POOL_SIZE)
        abort();
    memcpy(record->pool + at, string, size);
    record->pool_size = at + (uint32_t)size;
    return at;
}

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

static void add_param(struct record *record, struct far_value value, const char *name, const char *description)
{
    record->params[record->param_count++] = (struct far_param){
        .name = name ? text(record, name) : 0,
        .description = description ? text(record, description) : 0,
        .value = value,
    };
}

static void begin_op(struct record *record, const char *name, uint32_t flags, const char *signature)
{
    struct far_op *op = &record->ops[record->op_count++];
    *op = (struct far_op){.name = text(record, name),
                          .slot = record->op_count,
                          .flags = flags,
                          .first_param = record->param_count,
                          .fingerprint = 0x1111111111111111u * record->op_count,
                          .signature = text(record, signature),
                          .file = text(record, "kv.h"),
                          .line = 10 + record->op_count};
}

static void end_op(struct record *record)
{
    struct far_op *op = &record->ops[record->op_count - 1];
    op->param_count = record->param_count - op->first_param - 1;
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

/* Where strings are in the finished record. */
static uint32_t moved(uint32_t string, uint32_t strings)
{
    return string ? string + strings : 0;
}

static void move_strings(struct record *record, uint32_t strings)
{
    for (uint32_t i = 0; i < record->op_count; i++) {
        record->ops[i].name = moved(record->ops[i].name, strings);
        record->ops[i].signature = moved(record->ops[i].signature, strings);
        record->ops[i].file = moved(record->ops[i].file, strings);
    }
    for (uint32_t i = 0; i < record->param_count; i++) {
        record->params[i].name = moved(record->params[i].name, strings);
        record->params[i].description = moved(record->params[i].description, strings);
    }
    for (uint32_t i = 0; i < record->type_count; i++)
        record->types[i].name = moved(record->types[i].name, strings);
    for (uint32_t i = 0; i < record->member_count; i++)
        record->members[i].name = moved(record->members[i].name, strings);
}

static void put_table(struct made *made, struct far_table *table, const void *entries, uint32_t count, size_t size)
{
    *table = (struct far_table){(uint32_t)made->size, count};
    memcpy(made->bytes + made->size, entries, count * size);
    made->size += count * size;
}

static struct made finish(struct record *record, struct far_iface iface, uint32_t service)
{
    uint32_t strings =
        (uint32_t)(sizeof iface + record->op_count * sizeof(struct far_op) +
                   record->param_count * sizeof(struct far_param) + record->type_count * sizeof(struct far_type) +
                   record->member_count * sizeof(struct far_member) + record->expr_count * sizeof(struct far_expr));
    struct made made = {.bytes = aligned_alloc(64, 16384), .size = sizeof iface};
    if (!made.bytes)
        abort();
    memset(made.bytes, 0, 16384);
    move_strings(record, strings);
    put_table(&made, &iface.ops, record->ops, record->op_count, sizeof *record->ops);
    put_table(&made, &iface.params, record->params, record->param_count, sizeof *record->params);
    put_table(&made, &iface.types, record->types, record->type_count, sizeof *record->types);
    put_table(&made, &iface.members, record->members, record->member_count, sizeof *record->members);
    put_table(&made, &iface.exprs, record->exprs, record->expr_count, sizeof *record->exprs);
    put_table(&made, &iface.strings, record->pool, record->pool_size, 1);
    made.size = (made.size + 7) / 8 * 8;
    iface.size = (uint32_t)made.size;
    iface.slot_end = record->op_count + 1;
    iface.service = moved(service, strings);
    memcpy(made.bytes, &iface, sizeof iface);
    return made;
}

struct made make_record(enum make_variant variant)
{
    struct record *record = calloc(1, sizeof *record);
    struct far_iface iface = {.version = FAR_IFACE_VERSION,
                              .major = 1,
                              .minor = variant == MAKE_CHANGED,
                              .fingerprint = 0xfeedfacecafef00du + variant,
                              .machine = EM_X86_64};
    if (!record)
        abort();
    memcpy(iface.magic, FAR_IFACE_MAGIC, sizeof iface.magic);
    uint32_t service = text(record, "kv");
    add_types(record, variant);
    if (variant == MAKE_CHANGED)
        add_count(record);
    add_find(record, variant);
    add_put(record, variant);
    if (variant == MAKE_PLAIN)
        add_read(record);
    struct made made = finish(record, iface, service);
    free(record);
    return made;
}
