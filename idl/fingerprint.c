/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Fingerprints: SHA-256 over a canonical text of what both sides must agree on to call each other: how each value
 * crosses, sizes, failure values, the layout of every type reached. Left out, because either side may change it alone:
 * names of parameters, where the operation runs (decided at registration), file and line.
 */
#include "idl/model.h"

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

static void write_size(struct canon *canon, const struct model_param *param)
{
    fprintf(canon->out, " size");
    for (uint32_t i = 0; i < param->value.size_count; i++) {
        const struct far_expr *node = &param->value.size[i].node;
        fprintf(canon->out, " %u.%u.%u.%" PRIu32 ".%" PRIu64, node->code, node->width, node->flags, node->index,
                node->value);
    }
}

static void write_param(struct canon *canon, const struct model_param *param)
{
    fprintf(canon->out, "value %u flags %u width %u type %" PRIu32, param->value.passing, param->value.flags,
            param->value.width, type_number(canon, param->value.type_index));
    write_size(canon, param);
    fputc('\n', canon->out);
}

static void write_type(struct canon *canon, const struct model_type *type)
{
    const struct type *c = type->ref.type;
    bool opaque = type->kind == FAR_TYPE_OPAQUE && type->view == VIEW_OPAQUE;
    fprintf(canon->out, "type %u %s size %" PRIu64 " align %" PRIu32 " signed %d", type->kind, type->name,
            opaque ? 0 : c->size, opaque ? 1 : c->align, c->is_signed);
    if (type->kind == FAR_TYPE_POINTER || type->kind == FAR_TYPE_ARRAY)
        fprintf(canon->out, " to %" PRIu32 " const %d count %" PRIu64, type_number(canon, type->target),
                (c->target.qualifiers & QUALIFIER_CONST) != 0, c->count);
    fputc('\n', canon->out);
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct member *member = type->members[i].member;
        fprintf(canon->out, "member %s at %" PRIu64 " bits %" PRIu32 " from %" PRIu32 " type %" PRIu32 "\n",
                member->name ? member->name : "", member->offset, member->bit_width, member->bit_offset,
                type_number(canon, type->members[i].type));
    }
}

static void write_op(struct canon *canon, const struct model_op *op)
{
    fprintf(canon->out, "op %s flags %" PRIu32 " fails %" PRIu64 " deadline %" PRIu32 "\n", op->name,
            op->flags & ~(uint32_t)(FAR_OP_DATA_SHIPPED | FAR_OP_NEUTRAL), op->fails, op->deadline_ms);
    write_param(canon, &op->result);
    for (uint32_t i = 0; i < op->param_count; i++)
        write_param(canon, &op->params[i]);
    for (uint32_t i = 0; i < canon->count; i++)
        write_type(canon, &canon->model->types[canon->order[i]]);
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

static uint64_t op_fingerprint(const struct model *model, const struct model_op *op, struct arena *arena)
{
    char *text = NULL;
    size_t size = 0;
    struct canon canon = {.model = model, .out = open_memstream(&text, &size)};
    if (!canon.out)
        abort(); /* for want of memory only */
    canon.number = arena_alloc(arena, model->type_count * sizeof *canon.number);
    canon.order = arena_alloc(arena, model->type_count * sizeof *canon.order);
    write_op(&canon, op);
    fclose(canon.out);
    uint64_t result = digest(text, size);
    free(text);
    return result;
}

void model_fingerprint(struct model *model, struct arena *arena)
{
    const char *all = arena_format(arena, "service %s\n", model->service);
    for (uint32_t i = 0; i < model->op_count; i++) {
        struct model_op *op = &model->ops[i];
        op->fingerprint = op_fingerprint(model, op, arena);
        all = arena_format(arena, "%s%s %016" PRIx64 "\n", all, op->name, op->fingerprint);
    }
    model->fingerprint = digest(all, strlen(all));
}
