/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The functions of an interface record, operations and callbacks, their parameters; and shared data. */
#include "runtime/format/iface_walk.h"
#include "runtime/segment.h"

#include <stdio.h>
#include <string.h>

#define OP_FLAGS                                                                                                 \
    (FAR_OP_DATA_SHIPPED | FAR_OP_HAS_FAILS | FAR_OP_ONEWAY | FAR_OP_IDEMPOTENT | FAR_OP_ABSENT | FAR_OP_ASYNC | \
     FAR_OP_NEUTRAL | FAR_OP_QUEUED)

#define CALLBACK_NEST_MAX 16 /* callbacks whose parameters are callbacks, and so on */

static const char *name_mistake(const struct iface_walk *walk, const struct far_param *param)
{
    if (param->name && !walk_identifier(walk, param->name))
        return "its name is no C identifier";
    return walk_text(walk, param->description) ? NULL : "its description is not in the record";
}

const char *iface_function_mistake(const struct iface_walk *walk, const struct far_param *function, uint32_t count,
                                   uint32_t *at)
{
    const char *mistake = NULL;
    for (*at = 0; *at <= count; ++*at) {
        mistake = name_mistake(walk, &function[*at]);
        mistake = mistake ? mistake : iface_value_mistake(walk, &function[*at].value);
        if (mistake)
            return mistake;
    }
    /* Only now: an expression may name any of the parameters, so all must be known to be sound. */
    for (*at = 0; *at <= count; ++*at) {
        const struct iface_scope scope = {
            .role = *at ? ROLE_PARAM : ROLE_RESULT, .function = function, .param_count = count, .comes_out = *at == 0};
        mistake = iface_place_mistake(walk, &scope, &function[*at].value);
        if (mistake)
            return mistake;
    }
    return NULL;
}

static const char *params_mistake(const struct iface_walk *walk, uint32_t first, uint32_t count)
{
    if (count > FAR_PARAM_MAX)
        return "it has too many parameters";
    return range_inside(first, (uint64_t)count + 1, walk->iface->params.count) ? NULL : "its parameters do not exist";
}

/* Which parameter, for messages. */
static int bad_param(const struct iface_walk *walk, const char *function, uint32_t at, const char *what)
{
    if (at == 0)
        return complain(&walk->to, "interface record: %s: result: %s; build it again with faridl", function, what);
    return complain(&walk->to, "interface record: %s: parameter %u: %s; build it again with faridl", function, at,
                    what);
}

/* --- callbacks --- */

/* The callback that a value leads to, through any number of pointers; 1 + index, 0: none. Chains end, see above. */
static uint32_t callback_of(const struct iface_walk *walk, const struct far_value *value)
{
    while (value->inside && value->passing != FAR_PASS_CALLBACK)
        value = iface_value(walk->iface, value->inside - 1);
    return value->passing == FAR_PASS_CALLBACK ? value->inside : 0;
}

/* Callbacks that a callback's parameters lead to come before it, so that no callback leads to itself. */
static const char *nesting_mistake(const struct iface_walk *walk, uint32_t index)
{
    const struct far_callback *callback = iface_callback(walk->iface, index);
    walk->nests[index] = 1;
    for (uint32_t at = 0; at <= callback->param_count; at++) {
        uint32_t inner = callback_of(walk, &iface_callback_param(walk->iface, callback, at)->value);
        if (inner > index)
            return "a parameter leads to a callback that does not come before it";
        if (inner && walk->nests[inner - 1] >= walk->nests[index])
            walk->nests[index] = (uint8_t)(walk->nests[inner - 1] + 1);
    }
    return walk->nests[index] > CALLBACK_NEST_MAX ? "callbacks are nested too deeply" : NULL;
}

static int check_callback(const struct iface_walk *walk, uint32_t index)
{
    const struct far_callback *callback = iface_callback(walk->iface, index);
    char name[32];
    uint32_t at = 0;
    snprintf(name, sizeof name, "callback %u", index);
    const char *mistake = params_mistake(walk, callback->first_param, callback->param_count);
    if (!mistake && (callback->type >= walk->iface->types.count ||
                     iface_type(walk->iface, callback->type)->kind != FAR_TYPE_FUNCTION))
        mistake = "its type is no function";
    if (!mistake && callback->reserved)
        mistake = "unknown flags";
    if (mistake)
        return complain(&walk->to, "interface record: %s: %s; build it again with faridl", name, mistake);
    mistake = iface_function_mistake(walk, iface_callback_param(walk->iface, callback, 0), callback->param_count, &at);
    if (mistake)
        return bad_param(walk, name, at, mistake);
    mistake = nesting_mistake(walk, index);
    return mistake ? complain(&walk->to, "interface record: %s: %s; build it again with faridl", name, mistake) : 0;
}

/* Counts beyond what a function can have are reported where it is looked at. */
static uint64_t entries_of(uint32_t param_count)
{
    return param_count <= FAR_PARAM_MAX ? 1 + (uint64_t)param_count : 0;
}

/* Every parameter belongs to one function, so all functions together cannot look at more than there are. */
static int check_sharing(const struct iface_walk *walk)
{
    const struct far_iface *iface = walk->iface;
    uint64_t used = 0;
    for (uint32_t i = 0; i < iface->callbacks.count; i++)
        used += entries_of(iface_callback(iface, i)->param_count);
    for (uint32_t i = 0; i < iface->ops.count; i++)
        used += entries_of(iface_op(iface, i)->param_count);
    if (used > iface->params.count)
        return complain(&walk->to,
                        "interface record: its functions have %llu parameters and results, but the table only %u; "
                        "build it again with faridl",
                        (unsigned long long)used, iface->params.count);
    return 0;
}

int iface_check_callbacks(const struct iface_walk *walk)
{
    int err = check_sharing(walk);
    for (uint32_t i = 0; !err && i < walk->iface->callbacks.count; i++)
        err = check_callback(walk, i);
    return err;
}

/* --- operations --- */

static const char *op_mistake(const struct iface_walk *walk, const struct far_op *op)
{
    if (!walk_identifier(walk, op->name))
        return "its name is no C identifier";
    if (op->slot < 1 || op->slot > FAR_SLOT_MAX)
        return "its slot is out of range";
    if (op->slot >= walk->iface->slot_end)
        return "its slot is not below the record's end of slots";
    if (op->flags & ~OP_FLAGS || op->reserved)
        return "unknown flags";
    if (!walk_text(walk, op->signature) || !walk_text(walk, op->file))
        return "its signature or file name is not in the record";
    if ((op->vouched && !walk_text(walk, op->vouched)) || (op->reason && !walk_text(walk, op->reason)))
        return "what it vouches for, or why it is not neutral, is not in the record";
    return params_mistake(walk, op->first_param, op->param_count);
}

static const char *op_result_mistake(const struct far_op *op, const struct far_value *result)
{
    if (op->flags & FAR_OP_HAS_FAILS && result->passing == FAR_PASS_VOID)
        return "it names a value for failures, but has no result";
    if (op->flags & FAR_OP_HAS_FAILS && (result->passing == FAR_PASS_STRUCT || result->passing == FAR_PASS_WIDE))
        return "it names a value for failures, but its result is in no register";
    if (op->flags & FAR_OP_ONEWAY && result->passing != FAR_PASS_VOID)
        return "a one-way operation cannot have a result";
    return NULL;
}

static int bad_op(const struct iface_walk *walk, uint32_t index, const char *what)
{
    const struct far_op *op = iface_op(walk->iface, index);
    const char *name = walk_identifier(walk, op->name) ? iface_string(walk->iface, op->name) : "?";
    return complain(&walk->to, "interface record: operation %u (%s): %s; build it again with faridl", index, name,
                    what);
}

static int check_params(const struct iface_walk *walk, const struct far_op *op)
{
    const struct far_param *function = iface_result(walk->iface, op);
    const char *name = iface_string(walk->iface, op->name);
    uint32_t at = 0;
    const char *mistake = iface_function_mistake(walk, function, op->param_count, &at);
    if (!mistake) {
        at = 0;
        mistake = op_result_mistake(op, &function->value);
    }
    for (uint32_t i = 1; !mistake && i <= op->param_count && op->flags & FAR_OP_ONEWAY; i++) {
        at = i;
        if (function[i].value.flags & FAR_VALUE_OUT)
            mistake = "a one-way operation cannot give anything back";
    }
    return mistake ? bad_param(walk, name, at, mistake) : 0;
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
    if (walk->iface->slot_end < 1 || walk->iface->slot_end > FAR_SLOT_MAX + 1)
        return complain(&walk->to, "interface record: the end of its slots is %u, but it lies between 1 and %d",
                        walk->iface->slot_end, FAR_SLOT_MAX + 1);
    for (uint32_t i = 0; i < count; i++) {
        int err = check_op(walk, i, slots);
        if (err)
            return err;
    }
    return 0;
}

/* --- shared data --- */

static const char *data_mistake(const struct iface_walk *walk, uint32_t index)
{
    const struct far_data *data = iface_data(walk->iface, index);
    if (!walk_identifier(walk, data->name))
        return "its name is no C identifier";
    if (data->type >= walk->iface->types.count)
        return "its type does not exist";
    if (data->protocol >= FAR_PROTOCOL_COUNT)
        return "no such protocol";
    if (!walk_text(walk, data->signature) || !walk_text(walk, data->file))
        return "its signature or file name is not in the record";
    if (index && strcmp(iface_string(walk->iface, data[-1].name), iface_string(walk->iface, data->name)) >= 0)
        return "shared data is not sorted by name, or one is there twice";
    return NULL;
}

int iface_check_data(const struct iface_walk *walk)
{
    for (uint32_t i = 0; i < walk->iface->data.count; i++) {
        const char *mistake = data_mistake(walk, i);
        if (mistake)
            return complain(&walk->to, "interface record: shared data %u: %s; build it again with faridl", i, mistake);
    }
    return 0;
}
