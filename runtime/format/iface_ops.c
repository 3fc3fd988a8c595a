/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The operations of an interface record and their parameters. */
#include "runtime/format/iface_walk.h"
#include "runtime/segment.h"

#include <string.h>

#define OP_FLAGS                                                                                                 \
    (FAR_OP_DATA_SHIPPED | FAR_OP_HAS_FAILS | FAR_OP_ONEWAY | FAR_OP_IDEMPOTENT | FAR_OP_ABSENT | FAR_OP_ASYNC | \
     FAR_OP_NEUTRAL)
#define PARAM_FLAGS (FAR_VALUE_IN | FAR_VALUE_OUT | FAR_VALUE_RELEASE | FAR_VALUE_SIGNED | FAR_VALUE_OPTIONAL)

static bool is_width(unsigned width)
{
    return width == 1 || width == 2 || width == 4 || width == 8;
}

static bool is_integer(const struct far_type *type)
{
    return type->kind == FAR_TYPE_BOOL || type->kind == FAR_TYPE_INT || type->kind == FAR_TYPE_ENUM;
}

static const char *by_value_mistake(const struct far_param *param, const struct far_type *type)
{
    if (param->value.passing == FAR_PASS_VOID)
        return type->kind == FAR_TYPE_VOID ? NULL : "it is passed as void, but its type is not void";
    if (param->value.passing == FAR_PASS_VALUE && !is_integer(type))
        return "it is passed as an integer, but its type is none";
    if (param->value.passing == FAR_PASS_FLOAT && (type->kind != FAR_TYPE_FLOAT || param->value.width < 4))
        return "it is passed as a float or double, but its type is neither";
    if (!is_width(param->value.width) || param->value.width != type->size)
        return "its width is not its type's size";
    return NULL;
}

static const char *by_reference_mistake(const struct far_param *param, const struct far_type *type)
{
    if (type->kind != FAR_TYPE_POINTER || param->value.width != 8)
        return "it is passed by reference, but its type is no pointer of 8 bytes";
    if (param->value.passing == FAR_PASS_BUFFER && !(param->value.flags & (FAR_VALUE_IN | FAR_VALUE_OUT)))
        return "its buffer goes neither in nor out";
    if (param->value.passing == FAR_PASS_STRING &&
        (param->value.flags & (FAR_VALUE_IN | FAR_VALUE_OUT)) != FAR_VALUE_IN)
        return "a string can only go in";
    return NULL;
}

static const char *param_mistake(const struct iface_walk *walk, const struct far_param *param)
{
    if (param->value.passing >= FAR_PASS_COUNT)
        return "no such way of passing";
    if (param->value.flags & ~PARAM_FLAGS || param->value.reserved)
        return "unknown flags";
    if (param->value.type >= walk->iface->types.count)
        return "its type does not exist";
    if (param->name && !walk_identifier(walk, param->name))
        return "its name is no C identifier";
    if (!walk_text(walk, param->description))
        return "its description is not in the record or not printable";
    if (param->value.flags & FAR_VALUE_SIGNED && param->value.passing != FAR_PASS_VALUE)
        return "only values have signs";
    if (param->value.flags & FAR_VALUE_RELEASE && param->value.passing != FAR_PASS_HANDLE)
        return "only handles are released";
    if (param->value.size_count && param->value.passing != FAR_PASS_BUFFER)
        return "only buffers have a size expression";
    const struct far_type *type = iface_type(walk->iface, param->value.type);
    return param->value.passing <= FAR_PASS_FLOAT ? by_value_mistake(param, type) : by_reference_mistake(param, type);
}

/* What a result can be: no buffers and strings yet, they have no place in an A-stack's reply. */
static const char *result_mistake(const struct far_op *op, const struct far_param *result)
{
    if (result->value.passing == FAR_PASS_BUFFER || result->value.passing == FAR_PASS_STRING)
        return "a result cannot be copied back; say far_global or far_handle";
    if (op->flags & FAR_OP_HAS_FAILS && result->value.passing == FAR_PASS_VOID)
        return "it names a value for failures, but has no result";
    if (op->flags & FAR_OP_ONEWAY && result->value.passing != FAR_PASS_VOID)
        return "a one-way operation cannot have a result";
    return NULL;
}

static const char *op_mistake(const struct iface_walk *walk, const struct far_op *op)
{
    if (!walk_identifier(walk, op->name))
        return "its name is no C identifier";
    if (op->slot < 1 || op->slot > FAR_SLOT_MAX)
        return "its slot is out of range";
    if (op->flags & ~OP_FLAGS || op->reserved)
        return "unknown flags";
    if (op->param_count > FAR_PARAM_MAX)
        return "it has too many parameters";
    if (!range_inside(op->first_param, (uint64_t)op->param_count + 1, walk->iface->params.count))
        return "its parameters do not exist";
    if (!walk_text(walk, op->signature) || !walk_text(walk, op->file))
        return "its signature or file name is not in the record or not printable";
    return NULL;
}

static int bad_op(const struct iface_walk *walk, uint32_t index, const char *what)
{
    const struct far_op *op = iface_op(walk->iface, index);
    const char *name = walk_identifier(walk, op->name) ? iface_string(walk->iface, op->name) : "?";
    return complain(&walk->to, "interface record: operation %u (%s): %s; build it again with faridl", index, name,
                    what);
}

static int bad_param(const struct iface_walk *walk, const struct far_op *op, uint32_t at, const char *what)
{
    const char *name = iface_string(walk->iface, op->name);
    if (at == 0)
        return complain(&walk->to, "interface record: operation %s: result: %s; build it again with faridl", name,
                        what);
    return complain(&walk->to, "interface record: operation %s: parameter %u: %s; build it again with faridl", name, at,
                    what);
}

static int check_params(const struct iface_walk *walk, const struct far_op *op)
{
    for (uint32_t at = 0; at <= op->param_count; at++) {
        const struct far_param *param = iface_result(walk->iface, op) + at;
        const char *mistake = param_mistake(walk, param);
        if (!mistake && at == 0)
            mistake = result_mistake(op, param);
        if (!mistake && at > 0 && param->value.passing == FAR_PASS_VOID)
            mistake = "a parameter cannot be void";
        if (!mistake && op->flags & FAR_OP_ONEWAY && param->value.flags & FAR_VALUE_OUT)
            mistake = "a one-way operation cannot give anything back";
        if (mistake)
            return bad_param(walk, op, at, mistake);
    }
    /* Only now: a size expression may name any of the parameters, so all must be known to be sound. */
    for (uint32_t at = 0; at < op->param_count; at++) {
        const char *mistake = iface_size_mistake(walk, op, at);
        if (mistake)
            return bad_param(walk, op, at + 1, mistake);
    }
    return 0;
}

static int check_op(const struct iface_walk *walk, uint32_t index, uint8_t *slots)
{
    const struct far_iface *iface = walk->iface;
    const struct far_op *op = iface_op(iface, index);
    const char *mistake = op_mistake(walk, op);
    if (mistake)
        return bad_op(walk, index, mistake);
    if (index > 0 && strcmp(iface_string(iface, op[-1].name), iface_string(iface, op->name)) >= 0)
        return bad_op(walk, index, "operations are not sorted by name, or one is there twice");
    if (slots[op->slot / 8] & 1u << op->slot % 8)
        return bad_op(walk, index, "another operation has the same slot");
    slots[op->slot / 8] |= (uint8_t)(1u << op->slot % 8);
    return check_params(walk, op);
}

int iface_check_ops(const struct iface_walk *walk)
{
    uint8_t slots[FAR_SLOT_MAX / 8 + 1] = {0};
    uint32_t count = walk->iface->ops.count;
    if (count > FAR_SLOT_MAX)
        return complain(&walk->to, "interface record: %u operations, but a service has %d slots; split the service",
                        count, FAR_SLOT_MAX);
    for (uint32_t i = 0; i < count; i++) {
        int err = check_op(walk, i, slots);
        if (err)
            return err;
    }
    return 0;
}
