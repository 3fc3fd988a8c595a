/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/detail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8 /* pointers to pointers, functions in functions: what lies deeper is left out */

/* ---- Digests: FNV-1a over the words of a description ---- */

static void add_word(uint32_t *digest, uint64_t word)
{
    for (int i = 0; i < 8; i++)
        *digest = (*digest ^ (uint8_t)(word >> 8 * i)) * 16777619u;
}

static void add_text(uint32_t *digest, const char *text)
{
    for (; *text; text++)
        *digest = (*digest ^ (uint8_t)*text) * 16777619u;
    add_word(digest, 0);
}

static bool is_plain_char(const struct far_iface *iface, const struct far_type *type)
{
    return type->kind == FAR_TYPE_INT && strcmp(iface_string(iface, type->name), "char") == 0;
}

static void add_type(const struct far_iface *iface, uint32_t *digest, uint32_t index, unsigned depth)
{
    const struct far_type *type = iface_type(iface, index);
    bool composite = type->kind == FAR_TYPE_STRUCT || type->kind == FAR_TYPE_UNION || type->kind == FAR_TYPE_OPAQUE;
    add_word(digest, type->kind);
    add_text(digest, iface_string(iface, type->name));
    if (composite || depth > DEPTH_MAX)
        return;
    add_word(digest, type->size);
    add_word(digest, type->count);
    add_word(digest, type->flags & FAR_TYPE_CONST);
    if (type->kind == FAR_TYPE_POINTER || type->kind == FAR_TYPE_ARRAY || type->kind == FAR_TYPE_VECTOR ||
        type->kind == FAR_TYPE_COMPLEX)
        add_type(iface, digest, type->target, depth + 1);
}

static void add_expr(const struct far_iface *iface, uint32_t *digest, uint32_t first, uint32_t count)
{
    add_word(digest, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct far_expr *node = iface_expr(iface, first + i);
        add_word(digest, (uint64_t)node->code << 40 | (uint64_t)node->width << 32 | node->index);
        add_word(digest, node->value);
    }
}

static void add_value(const struct far_iface *iface, uint32_t *digest, const struct far_value *value, unsigned depth);

static void add_callback(const struct far_iface *iface, uint32_t *digest, uint32_t index, unsigned depth)
{
    const struct far_callback *callback = iface_callback(iface, index);
    add_word(digest, callback->param_count);
    for (uint32_t at = 0; at <= callback->param_count; at++)
        add_value(iface, digest, &iface_callback_param(iface, callback, at)->value, depth + 1);
}

static void add_value(const struct far_iface *iface, uint32_t *digest, const struct far_value *value, unsigned depth)
{
    unsigned flags = value->flags;
    if (is_plain_char(iface, iface_type(iface, value->type)))
        flags &= ~FAR_VALUE_SIGNED;
    add_word(digest, (uint64_t)value->passing << 32 | flags);
    add_word(digest, (uint64_t)value->width << 16 | (uint64_t)value->lifetime << 8 | value->lifetime_of);
    add_type(iface, digest, value->type, 0);
    add_expr(iface, digest, value->size_first, value->size_count);
    add_expr(iface, digest, value->select_first, value->select_count);
    if (!value->inside || depth > DEPTH_MAX)
        return;
    if (value->passing == FAR_PASS_CALLBACK)
        add_callback(iface, digest, value->inside - 1, depth);
    else
        add_value(iface, digest, iface_value(iface, value->inside - 1), depth + 1);
}

static uint32_t finish(uint32_t digest)
{
    return digest ? digest : 1;
}

uint32_t detail_of_annotations(const struct far_iface *iface, const struct far_op *op)
{
    uint32_t digest = 0;
    (void)iface;
    add_word(&digest, op->flags & ~(uint32_t)(FAR_OP_DATA_SHIPPED | FAR_OP_NEUTRAL));
    add_word(&digest, op->fails);
    add_word(&digest, op->deadline_ms);
    return finish(digest);
}

uint32_t detail_of_param(const struct far_iface *iface, const struct far_op *op, uint32_t at)
{
    uint32_t digest = 0;
    const struct far_param *param = at ? iface_param(iface, op, at - 1) : iface_result(iface, op);
    add_value(iface, &digest, &param->value, 0);
    return finish(digest);
}

uint32_t detail_of_type(const struct far_iface *iface, const struct far_type *type)
{
    uint32_t digest = 0;
    (void)iface;
    add_word(&digest, type->size);
    add_word(&digest, (uint64_t)type->kind << 32 | type->align);
    return finish(digest);
}

uint32_t detail_of_member(const struct far_iface *iface, const struct far_member *member)
{
    uint32_t digest = 0;
    add_word(&digest, member->offset);
    add_word(&digest, (uint64_t)member->bit_width << 16 | member->bit_offset);
    add_type(iface, &digest, member->type, 0);
    for (uint32_t i = 0; i < member->case_count; i++)
        add_word(&digest, (uint64_t)iface_case(iface, member->first_case + i));
    add_word(&digest, member->flags);
    if (member->value)
        add_value(iface, &digest, iface_value(iface, member->value - 1), 0);
    return finish(digest);
}

bool detail_has_members(const struct far_iface *iface, const struct far_type *type)
{
    const char *name = iface_string(iface, type->name);
    return (type->kind == FAR_TYPE_STRUCT || type->kind == FAR_TYPE_UNION) && type->member_count && name[0] &&
           !strpbrk(name, "\"\\"); /* of one that is in a file with such a name, and has none itself */
}

/* ---- What an operation reaches: a queue of types, each of which gets into it once ---- */

struct reach {
    const struct far_iface *iface;
    uint8_t *reached;
    uint32_t *queue;
    uint32_t count;
};

static void reach_type(struct reach *reach, uint32_t type)
{
    if (reach->reached[type])
        return;
    reach->reached[type] = 1;
    reach->queue[reach->count++] = type;
}

static void reach_value(struct reach *reach, const struct far_value *value, unsigned depth)
{
    reach_type(reach, value->type);
    if (!value->inside || depth > DEPTH_MAX)
        return;
    if (value->passing != FAR_PASS_CALLBACK) {
        reach_value(reach, iface_value(reach->iface, value->inside - 1), depth + 1);
        return;
    }
    const struct far_callback *callback = iface_callback(reach->iface, value->inside - 1);
    for (uint32_t at = 0; at <= callback->param_count; at++)
        reach_value(reach, &iface_callback_param(reach->iface, callback, at)->value, depth + 1);
}

static void reach_from(struct reach *reach, const struct far_type *type)
{
    if (type->kind == FAR_TYPE_POINTER || type->kind == FAR_TYPE_ARRAY || type->kind == FAR_TYPE_VECTOR ||
        type->kind == FAR_TYPE_COMPLEX)
        reach_type(reach, type->target);
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(reach->iface, type->first_member + i);
        reach_type(reach, member->type);
        if (member->value)
            reach_value(reach, iface_value(reach->iface, member->value - 1), 0);
    }
}

int detail_reach(const struct far_iface *iface, const struct far_op *op, uint8_t *reached)
{
    struct reach reach = {iface, reached, calloc(iface->types.count + 1, sizeof(uint32_t)), 0};
    if (!reach.queue)
        return -ENOMEM;
    memset(reached, 0, iface->types.count);
    reach_value(&reach, &iface_result(iface, op)->value, 0);
    for (uint32_t i = 0; i < op->param_count; i++)
        reach_value(&reach, &iface_param(iface, op, i)->value, 0);
    for (uint32_t done = 0; done < reach.count; done++)
        reach_from(&reach, iface_type(iface, reach.queue[done]));
    free(reach.queue);
    return 0;
}
