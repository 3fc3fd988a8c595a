/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* An interface record made by hand: tables as C initialisers, strings by name, offsets worked out at the end. */
#ifndef FARCALL_MAKE_TABLES_H
#define FARCALL_MAKE_TABLES_H

#include "testsuite/unit/make_segment.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define POOL_SIZE   4096
#define RECORD_SIZE 32768

struct record {
    struct far_op ops[12];
    struct far_param params[64];
    struct far_value values[48];
    struct far_callback callbacks[8];
    struct far_type types[64];
    struct far_member members[64];
    int64_t cases[16];
    struct far_expr exprs[64];
    struct far_data data[4];
    uint32_t op_count, param_count, value_count, callback_count, type_count, member_count, case_count, expr_count,
        data_count;
    char pool[POOL_SIZE]; /* offsets in it, from 1 on, stand for strings until record_finish() moves them */
    uint32_t pool_size;
};

static inline uint32_t text(struct record *record, const char *string)
{
    size_t size = strlen(string) + 1;
    uint32_t at = record->pool_size ? record->pool_size : 1;
    if (at + size > POOL_SIZE)
        abort();
    memcpy(record->pool + at, string, size);
    record->pool_size = at + (uint32_t)size;
    return at;
}

static inline void add_param(struct record *record, struct far_value value, const char *name, const char *description)
{
    record->params[record->param_count++] = (struct far_param){
        .name = name ? text(record, name) : 0,
        .description = description ? text(record, description) : 0,
        .value = value,
    };
}

static inline void begin_op(struct record *record, const char *name, uint32_t flags, const char *signature)
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

static inline void end_op(struct record *record)
{
    struct far_op *op = &record->ops[record->op_count - 1];
    op->param_count = record->param_count - op->first_param - 1;
}

/* Where strings are in the finished record. */
static inline void move_string(uint32_t *string, uint32_t strings)
{
    *string = *string ? *string + strings : 0;
}

static inline void move_strings(struct record *record, uint32_t strings)
{
    for (uint32_t i = 0; i < record->op_count; i++) {
        move_string(&record->ops[i].name, strings);
        move_string(&record->ops[i].signature, strings);
        move_string(&record->ops[i].file, strings);
    }
    for (uint32_t i = 0; i < record->param_count; i++) {
        move_string(&record->params[i].name, strings);
        move_string(&record->params[i].description, strings);
    }
    for (uint32_t i = 0; i < record->type_count; i++)
        move_string(&record->types[i].name, strings);
    for (uint32_t i = 0; i < record->member_count; i++)
        move_string(&record->members[i].name, strings);
    for (uint32_t i = 0; i < record->expr_count; i++)
        move_string(&record->exprs[i].name, strings);
    for (uint32_t i = 0; i < record->data_count; i++) {
        move_string(&record->data[i].name, strings);
        move_string(&record->data[i].signature, strings);
        move_string(&record->data[i].file, strings);
    }
}

static inline void put_table(struct made *made, struct far_table *table, const void *entries, uint32_t count,
                             size_t size)
{
    if (made->size + count * size > RECORD_SIZE)
        abort();
    *table = (struct far_table){(uint32_t)made->size, count};
    memcpy(made->bytes + made->size, entries, count * size);
    made->size += count * size;
}

static inline void put_tables(struct made *made, struct record *record, struct far_iface *iface)
{
    put_table(made, &iface->ops, record->ops, record->op_count, sizeof *record->ops);
    put_table(made, &iface->params, record->params, record->param_count, sizeof *record->params);
    put_table(made, &iface->values, record->values, record->value_count, sizeof *record->values);
    put_table(made, &iface->callbacks, record->callbacks, record->callback_count, sizeof *record->callbacks);
    put_table(made, &iface->types, record->types, record->type_count, sizeof *record->types);
    put_table(made, &iface->members, record->members, record->member_count, sizeof *record->members);
    put_table(made, &iface->cases, record->cases, record->case_count, sizeof *record->cases);
    put_table(made, &iface->exprs, record->exprs, record->expr_count, sizeof *record->exprs);
    put_table(made, &iface->data, record->data, record->data_count, sizeof *record->data);
    put_table(made, &iface->strings, record->pool, record->pool_size, 1);
}

/* A record of this service: `iface` has its version and fingerprint. Frees the tables. */
static inline struct made record_finish(struct record *record, struct far_iface iface, const char *service)
{
    struct made made = {.bytes = aligned_alloc(64, RECORD_SIZE), .size = sizeof iface};
    if (!made.bytes)
        abort();
    memset(made.bytes, 0, RECORD_SIZE);
    iface.service = text(record, service);
    iface.slot_end = iface.slot_end ? iface.slot_end : record->op_count + 1;
    iface.version = FAR_IFACE_VERSION;
    iface.machine = EM_X86_64;
    memcpy(iface.magic, FAR_IFACE_MAGIC, sizeof iface.magic);
    put_tables(&made, record, &iface); /* once to know where the strings are, once with them moved */
    move_string(&iface.service, iface.strings.offset);
    move_strings(record, iface.strings.offset);
    made.size = sizeof iface;
    put_tables(&made, record, &iface);
    made.size = (made.size + 7) / 8 * 8;
    iface.size = (uint32_t)made.size;
    memcpy(made.bytes, &iface, sizeof iface);
    free(record);
    return made;
}

#endif
