/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Fingerprints: SHA-256 over a canonical text of what both sides must agree on to call each other: how each value
 * crosses, sizes, failure values, the layout of every type reached. Left out, because either side may change it alone:
 * names of parameters, where the operation runs (decided at registration), file and line. Machines with the same
 * layouts agree: whether plain char is signed is left out too.
 */
#include "idl/model.h"

#include <elf.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

struct canon {
    const struct model *model;
    FILE *out;
    uint32_t *number; /* of each model type in this text, plus 1; 0: not reached yet */
    uint32_t *order;  /* model types in the order of their numbers */
    uint32_t count;
    uint32_t *crossing; /* structures whose members' values are part of this text, in the order in which they are met */
    bool *crosses;      /* by type: is among them */
    uint32_t crossing_count;
};

/* Types are numbered as they are met, so that an operation's text depends on its own types only. */
static uint32_t type_number(struct canon *canon, uint32_t index)
{
    if (!canon->number[index]) {
        canon->order[canon->count++] = index;
        canon->number[index] = canon->count;
    }
    return canon->number[index];
}

static bool is_plain_char(const struct type *type)
{
    return type->kind == TYPE_INT && type->name && strcmp(type->name, "char") == 0;
}

/* Whether an operand is signed is left out: its type says so, and of plain char it does not matter. */
static void write_expr(struct canon *canon, const char *what, const struct model_expr *nodes, uint32_t count)
{
    if (count)
        fprintf(canon->out, " %s", what);
    for (uint32_t i = 0; i < count; i++) {
        const struct far_expr *node = &nodes[i].node;
        fprintf(canon->out, " %u.%u.%" PRIu32 ".%" PRIu64, node->code, node->width, node->index, node->value);
    }
}

static void write_param(struct canon *canon, const struct model_param *param);

/* A value, and in braces what it leads to by other ways than through its type. / */
static void write_value(struct canon *canon, const struct model_value *value)
{
    unsigned flags = value->flags;
    if (is_plain_char(value->type.type))
        flags &= ~FAR_VALUE_SIGNED;
    fprintf(canon->out, "value %s flags %x width %u type %" PRIu32 " lifetime %u of %" PRIu32,
            far_passing_name(value->passing), flags, value->width, type_number(canon, value->type_index),
            value->lifetime, value->lifetime_of);
    if (value->passing == FAR_PASS_STRUCT && !canon->crosses[value->type_index]) {
        canon->crosses[value->type_index] = true;
        canon->crossing[canon->crossing_count++] = value->type_index;
    }
    write_expr(canon, "size", value->size, value->size_count);
    write_expr(canon, "select", value->select, value->select_count);
    if (value->inside) {
        fputs(" {", canon->out);
        write_value(canon, value->inside);
        fputs("}", canon->out);
    }
    if (!value->callback)
        return;
    fprintf(canon->out, " calls %" PRIu32 " {\n", type_number(canon, value->callback->type_index));
    write_param(canon, &value->callback->result);
    for (uint32_t i = 0; i < value->callback->param_count; i++)
        write_param(canon, &value->callback->params[i]);
    fputs("}", canon->out);
}

static void write_param(struct canon *canon, const struct model_param *param)
{
    write_value(canon, &param->value);
    fputc('\n', canon->out);
}

static void write_member(struct canon *canon, const struct model_member *m, bool is_plain)
{
    const struct member *member = m->member;
    fprintf(canon->out, "member %s at %" PRIu64 " bits %" PRIu32 " from %" PRIu32 " type %" PRIu32,
            member->name ? member->name : "", member->offset, member->bit_width, member->bit_offset,
            type_number(canon, m->type));
    for (uint32_t i = 0; i < m->case_count; i++)
        fprintf(canon->out, " case %" PRId64, m->cases[i]);
    if (m->is_default)
        fputs(" default", canon->out);
    if (m->value && is_plain) /* how long a flexible array is; other structures' values stand in write_crossing() */
        write_expr(canon, "size", m->value->size, m->value->size_count);
    fputc('\n', canon->out);
}

/* Two machines' long double may be of one size and still differ. */
static const char *format_of(const struct canon *canon, const struct type *type)
{
    bool differs = type->name && strncmp(type->name, "long double", 11) == 0;
    return differs ? canon->model->machine == EM_X86_64 ? " x87" : " quad" : "";
}

static void write_type(struct canon *canon, const struct model_type *type)
{
    const struct type *c = type->ref.type;
    bool opaque = type->kind == FAR_TYPE_OPAQUE && type->view == VIEW_OPAQUE;
    fprintf(canon->out, "type %s %s size %" PRIu64 " align %" PRIu32 " signed %d%s", far_type_kind_name(type->kind),
            type->name, opaque ? 0 : c->size, opaque ? 1 : c->align, c->is_signed && !is_plain_char(c),
            format_of(canon, c));
    if (type->kind == FAR_TYPE_POINTER || type->kind == FAR_TYPE_ARRAY)
        fprintf(canon->out, " to %" PRIu32 " const %d count %" PRIu64, type_number(canon, type->target),
                (c->target.qualifiers & QUALIFIER_CONST) != 0, c->count);
    else if (type->kind == FAR_TYPE_VECTOR || type->kind == FAR_TYPE_COMPLEX)
        fprintf(canon->out, " of %" PRIu32, type_number(canon, type->target));
    fputc('\n', canon->out);
    for (uint32_t i = 0; i < type->member_count; i++)
        write_member(canon, &type->members[i], type->plain);
}

/* How its members cross. What is only seen through an address in a global segment says nothing of that. */
static void write_crossing(struct canon *canon, uint32_t index)
{
    const struct model_type *type = &canon->model->types[index];
    fprintf(canon->out, "members of %" PRIu32 "\n", type_number(canon, index));
    for (uint32_t i = 0; i < type->member_count; i++) {
        if (type->members[i].value)
            write_value(canon, type->members[i].value);
        fputc('\n', canon->out);
    }
}

static void write_types(struct canon *canon)
{
    for (uint32_t i = 0; i < canon->crossing_count; i++)
        write_crossing(canon, canon->crossing[i]);
    for (uint32_t i = 0; i < canon->count; i++)
        write_type(canon, &canon->model->types[canon->order[i]]);
}

/* A register's bits; of plain char only those that do not depend on its sign. */
static uint64_t fails_of(const struct model_op *op)
{
    const struct type *type = op->result.value.type.type;
    return type && is_plain_char(type) ? op->fails & 0xff : op->fails;
}

static void write_op(struct canon *canon, const struct model_op *op)
{
    fprintf(canon->out, "op %s flags %" PRIx32 " fails %" PRIx64 " deadline %" PRIu32 "\n", op->name,
            op->flags & ~(uint32_t)(FAR_OP_DATA_SHIPPED | FAR_OP_NEUTRAL), fails_of(op), op->deadline_ms);
    write_param(canon, &op->result);
    for (uint32_t i = 0; i < op->param_count; i++)
        write_param(canon, &op->params[i]);
    write_types(canon);
}

static void write_data(struct canon *canon, const struct model_data *data)
{
    fprintf(canon->out, "data %s protocol %s type %" PRIu32 "\n", data->name, far_protocol_name(data->protocol),
            type_number(canon, data->type_index));
    write_types(canon);
}

static uint64_t digest(const char *text, size_t size)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    uint64_t first = 0;
    SHA256((const unsigned char *)text, size, hash);
    for (int i = 7; i >= 0; i--)
        first = first << 8 | hash[i];
    return first ? first : 1; /* 0 is left for "none" */
}

/* Of one operation, or of one shared object. */
static uint64_t fingerprint_of(const struct model *model, const struct model_op *op, const struct model_data *data,
                               struct arena *arena)
{
    char *text = NULL;
    size_t size = 0;
    struct canon canon = {.model = model, .out = open_memstream(&text, &size)};
    if (!canon.out)
        abort(); /* for want of memory only */
    canon.number = arena_alloc(arena, model->type_count * sizeof *canon.number);
    canon.order = arena_alloc(arena, model->type_count * sizeof *canon.order);
    canon.crossing = arena_alloc(arena, model->type_count * sizeof *canon.crossing);
    canon.crosses = arena_alloc(arena, model->type_count * sizeof *canon.crosses);
    if (op)
        write_op(&canon, op);
    else
        write_data(&canon, data);
    fclose(canon.out);
    uint64_t result = digest(text, size);
    free(text);
    return result;
}

void model_fingerprint(struct model *model, struct arena *arena)
{
    char *text = NULL;
    size_t size = 0;
    FILE *all = open_memstream(&text, &size);
    if (!all)
        abort(); /* for want of memory only */
    fprintf(all, "service %s\n", model->service);
    for (uint32_t i = 0; i < model->op_count; i++) {
        struct model_op *op = &model->ops[i];
        op->fingerprint = fingerprint_of(model, op, NULL, arena);
        fprintf(all, "%s %016" PRIx64 "\n", op->name, op->fingerprint);
    }
    for (uint32_t i = 0; i < model->data_count; i++) {
        struct model_data *data = &model->data[i];
        data->fingerprint = fingerprint_of(model, NULL, data, arena);
        fprintf(all, "data %s %016" PRIx64 "\n", data->name, data->fingerprint);
    }
    fclose(all);
    model->fingerprint = digest(text, size);
    free(text);
}
