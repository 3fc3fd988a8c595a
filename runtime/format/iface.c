/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Accessors for a checked interface record. Both sides of every gate use them, so they do nothing but add. */
#include "runtime/iface.h"

#include <string.h>

static const void *entry(const struct far_iface *iface, const struct far_table *table, uint32_t index, size_t size)
{
    return (const uint8_t *)iface + table->offset + (size_t)index * size;
}

const char *iface_string(const struct far_iface *iface, uint32_t offset)
{
    return offset ? (const char *)iface + offset : "";
}

const struct far_op *iface_op(const struct far_iface *iface, uint32_t index)
{
    return entry(iface, &iface->ops, index, sizeof(struct far_op));
}

const struct far_op *iface_op_by_name(const struct far_iface *iface, const char *name)
{
    uint32_t low = 0, high = iface->ops.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct far_op *op = iface_op(iface, middle);
        int order = strcmp(name, iface_string(iface, op->name));
        if (order == 0)
            return op;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct far_op *iface_op_by_name_at(const struct far_iface *iface, const char *name, uint32_t guess)
{
    bool right = guess < iface->ops.count && strcmp(name, iface_string(iface, iface_op(iface, guess)->name)) == 0;
    return right ? iface_op(iface, guess) : iface_op_by_name(iface, name);
}

const struct far_op *iface_op_by_slot(const struct far_iface *iface, uint32_t slot)
{
    /* Almost always slot = index + 1; only operations kept from an older version lie elsewhere. */
    if (slot >= 1 && slot <= iface->ops.count && iface_op(iface, slot - 1)->slot == slot)
        return iface_op(iface, slot - 1);
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        if (iface_op(iface, i)->slot == slot)
            return iface_op(iface, i);
    }
    return NULL;
}

bool iface_op_vouches(const struct far_iface *iface, const struct far_op *op, const char *name)
{
    size_t length = strlen(name);
    const char *at = iface_string(iface, op->vouched);
    while (*at) {
        size_t size = strcspn(at, ",");
        if (size == length && !strncmp(at, name, size))
            return true;
        at += size + (at[size] == ',');
    }
    return false;
}

const struct far_param *iface_result(const struct far_iface *iface, const struct far_op *op)
{
    return entry(iface, &iface->params, op->first_param, sizeof(struct far_param));
}

const struct far_param *iface_param(const struct far_iface *iface, const struct far_op *op, uint32_t index)
{
    return entry(iface, &iface->params, op->first_param + 1 + index, sizeof(struct far_param));
}

const struct far_value *iface_value(const struct far_iface *iface, uint32_t index)
{
    return entry(iface, &iface->values, index, sizeof(struct far_value));
}

const struct far_callback *iface_callback(const struct far_iface *iface, uint32_t index)
{
    return entry(iface, &iface->callbacks, index, sizeof(struct far_callback));
}

const struct far_param *iface_callback_param(const struct far_iface *iface, const struct far_callback *callback,
                                             uint32_t at)
{
    return entry(iface, &iface->params, callback->first_param + at, sizeof(struct far_param));
}

int64_t iface_case(const struct far_iface *iface, uint32_t index)
{
    return *(const int64_t *)entry(iface, &iface->cases, index, sizeof(int64_t));
}

const struct far_data *iface_data(const struct far_iface *iface, uint32_t index)
{
    return entry(iface, &iface->data, index, sizeof(struct far_data));
}

const struct far_type *iface_type(const struct far_iface *iface, uint32_t index)
{
    return entry(iface, &iface->types, index, sizeof(struct far_type));
}

const struct far_member *iface_member(const struct far_iface *iface, uint32_t index)
{
    return entry(iface, &iface->members, index, sizeof(struct far_member));
}

const struct far_expr *iface_expr(const struct far_iface *iface, uint32_t index)
{
    return entry(iface, &iface->exprs, index, sizeof(struct far_expr));
}

/* Values are nested in values to a depth that iface_check() limits. */
bool iface_holds_booleans(const struct far_iface *iface, const struct far_type *type)
{
    bool holds = type->kind == FAR_TYPE_BOOL;
    if (type->kind == FAR_TYPE_ARRAY)
        return iface_holds_booleans(iface, iface_type(iface, type->target));
    for (uint32_t i = 0; type->kind == FAR_TYPE_STRUCT && i < type->member_count && !holds; i++)
        holds = iface_holds_booleans(iface, iface_type(iface, iface_member(iface, type->first_member + i)->type));
    return holds;
}

static void mend_members(const struct far_iface *iface, const struct far_type *type, char *memory, uint64_t bytes)
{
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(iface, type->first_member + i);
        const struct far_type *of = iface_type(iface, member->type);
        bool flexible = of->kind == FAR_TYPE_ARRAY && !of->size && type->flags & FAR_TYPE_FLEXIBLE;
        if (!member->bit_width && member->offset <= bytes && iface_holds_booleans(iface, of))
            iface_mend_booleans(iface, of, memory + member->offset, flexible ? bytes - member->offset : of->size);
    }
}

void iface_mend_booleans(const struct far_iface *iface, const struct far_type *type, char *memory, uint64_t bytes)
{
    if (type->kind == FAR_TYPE_ARRAY) {
        iface_mend_booleans(iface, iface_type(iface, type->target), memory, bytes);
        return;
    }
    if (type->kind == FAR_TYPE_STRUCT && type->flags & FAR_TYPE_FLEXIBLE && bytes >= type->size) {
        mend_members(iface, type, memory, bytes);
        return;
    }
    for (uint64_t at = 0; type->size && type->size <= bytes - at; at += type->size) {
        if (type->kind == FAR_TYPE_STRUCT)
            mend_members(iface, type, memory + at, type->size);
        else if (type->kind == FAR_TYPE_BOOL && (unsigned char)memory[at] > 1)
            memory[at] = 1;
    }
}
