/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/carried.h"

#include "runtime/format/calling.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { UNKNOWN, BYTES, MORE_THAN_BYTES };

int carrier_begin(struct carrier *carrier, const struct far_iface *iface)
{
    *carrier = (struct carrier){.iface = iface, .known = calloc((size_t)iface->types.count + 1, 1)};
    return carrier->known ? 0 : -ENOMEM;
}

void carrier_end(struct carrier *carrier)
{
    free(carrier->known);
    carrier->known = NULL;
}

static bool value_is_bytes(struct carrier *carrier, const struct far_value *value);

/* Members without a value are plain bytes: iface_check() has seen to it where a structure is passed. */
static bool members_are_bytes(struct carrier *carrier, const struct far_type *type)
{
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(carrier->iface, type->first_member + i);
        if (member->value && !value_is_bytes(carrier, iface_value(carrier->iface, member->value - 1)))
            return false;
    }
    return true;
}

/* Each structure once; they nest by value to a depth that iface_check() limits. */
static bool struct_is_bytes(struct carrier *carrier, uint32_t index)
{
    if (carrier->known[index] == UNKNOWN) {
        carrier->known[index] = MORE_THAN_BYTES;
        if (members_are_bytes(carrier, iface_type(carrier->iface, index)))
            carrier->known[index] = BYTES;
    }
    return carrier->known[index] == BYTES;
}

static bool value_is_bytes(struct carrier *carrier, const struct far_value *value)
{
    while (value->passing == FAR_PASS_ARRAY && value->inside && !value->size_count)
        value = iface_value(carrier->iface, value->inside - 1);
    switch ((enum far_passing)value->passing) {
    case FAR_PASS_VALUE:
    case FAR_PASS_FLOAT:
    case FAR_PASS_WIDE:
    case FAR_PASS_OPAQUE:
        return true;
    case FAR_PASS_ARRAY:
        return !value->inside && !value->size_count;
    case FAR_PASS_STRUCT:
        return struct_is_bytes(carrier, value->type);
    default:
        return false;
    }
}

static bool size_is_flat(const struct carrier *carrier, const struct far_value *value)
{
    for (uint32_t i = 0; i < value->size_count; i++) {
        const struct far_expr *node = iface_expr(carrier->iface, value->size_first + i);
        if (node->code == FAR_EXPR_RESULT || (node->code == FAR_EXPR_DEREF && node->value))
            return false;
    }
    return true;
}

/* A structure at its own size, when it has a flexible array behind it: that says itself how much of it there is. */
static bool has_flexible_array(const struct carrier *carrier, const struct far_value *value)
{
    const struct far_type *target = iface_type(carrier->iface, iface_type(carrier->iface, value->type)->target);
    return target->flags & FAR_TYPE_FLEXIBLE && value->size_count == 1 &&
           iface_expr(carrier->iface, value->size_first)->code == FAR_EXPR_CONST &&
           iface_expr(carrier->iface, value->size_first)->value == target->size;
}

static bool memory_is_flat(struct carrier *carrier, const struct far_value *value)
{
    const struct far_type *type = iface_type(carrier->iface, value->type);
    if (iface_holds_booleans(carrier->iface, iface_type(carrier->iface, type->target)))
        return false; /* the walk mends them */
    if (value->lifetime || value->flags & FAR_VALUE_RELEASE)
        return false;
    if (value->inside && !value_is_bytes(carrier, iface_value(carrier->iface, value->inside - 1)))
        return false;
    if (value->passing == FAR_PASS_STRING)
        return !(value->flags & FAR_VALUE_OUT) && !value->size_count &&
               iface_type(carrier->iface, type->target)->size == 1;
    return !has_flexible_array(carrier, value) && size_is_flat(carrier, value);
}

static bool is_memory(const struct far_value *value)
{
    return value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING;
}

static bool ends_by_release(const struct far_value *value)
{
    return value->lifetime == FAR_LIFETIME_RELEASED || value->lifetime == FAR_LIFETIME_HANDLE ||
           value->lifetime == FAR_LIFETIME_PARAM;
}

static bool function_ties_memory(const struct far_param *function, uint32_t count)
{
    bool ties = false;
    for (uint32_t at = 0; at <= count; at++)
        ties |= ends_by_release(&function[at].value);
    return ties;
}

/* Of the whole interface: such memory may come from any operation, and any function may be handed it over. */
static bool has_tied_memory(struct carrier *carrier)
{
    const struct far_iface *iface = carrier->iface;
    for (uint32_t i = 0; carrier->tied == UNKNOWN && i < iface->values.count; i++)
        if (ends_by_release(iface_value(iface, i)))
            carrier->tied = MORE_THAN_BYTES;
    for (uint32_t i = 0; carrier->tied == UNKNOWN && i < iface->ops.count; i++)
        if (function_ties_memory(iface_result(iface, iface_op(iface, i)), iface_op(iface, i)->param_count))
            carrier->tied = MORE_THAN_BYTES;
    for (uint32_t i = 0; carrier->tied == UNKNOWN && i < iface->callbacks.count; i++) {
        const struct far_callback *callback = iface_callback(iface, i);
        if (function_ties_memory(iface_callback_param(iface, callback, 0), callback->param_count))
            carrier->tied = MORE_THAN_BYTES;
    }
    if (carrier->tied == UNKNOWN)
        carrier->tied = BYTES;
    return carrier->tied == MORE_THAN_BYTES;
}

/* A handle's end may be the end of memory that lives as long, or be the name of such memory itself. */
static bool ends_memory(struct carrier *carrier, const struct far_value *value)
{
    return value->passing == FAR_PASS_HANDLE && value->flags & FAR_VALUE_RELEASE && has_tied_memory(carrier);
}

bool carrier_walks(struct carrier *carrier, const struct far_op *op)
{
    const struct far_value *result = &iface_result(carrier->iface, op)->value;
    bool walks = is_memory(result) || far_is_by_value(result) || result->passing == FAR_PASS_FD ||
                 result->passing == FAR_PASS_CALLBACK;
    for (uint32_t i = 0; i < op->param_count && !walks; i++) {
        const struct far_value *value = &iface_param(carrier->iface, op, i)->value;
        walks = value->passing == FAR_PASS_CALLBACK || value->passing == FAR_PASS_FD || far_is_by_value(value) ||
                ends_memory(carrier, value) || (is_memory(value) && !memory_is_flat(carrier, value));
    }
    return walks;
}

/* Down to what the memory holds by value; what its pointers lead to is looked at by the walk, when it gets there. */
static bool holds_descriptor(const struct carrier *carrier, const struct far_value *value)
{
    while (value->passing != FAR_PASS_CALLBACK && value->inside)
        value = iface_value(carrier->iface, value->inside - 1);
    if (value->passing != FAR_PASS_STRUCT)
        return value->passing == FAR_PASS_FD;
    const struct far_type *type = iface_type(carrier->iface, value->type);
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(carrier->iface, type->first_member + i);
        if (member->value && iface_value(carrier->iface, member->value - 1)->passing == FAR_PASS_FD)
            return true;
    }
    return false;
}

/* Its changes come back with calls that pass it, and those that fill it in pass something else. */
static bool is_filled_in_later(const struct far_value *value)
{
    return value->flags & FAR_VALUE_IN && value->flags & FAR_VALUE_OUT &&
           (value->lifetime == FAR_LIFETIME_HANDLE || value->lifetime == FAR_LIFETIME_PARAM);
}

bool carrier_has_descriptors(const struct far_iface *iface)
{
    bool has = false;
    for (uint32_t i = 0; i < iface->values.count && !has; i++)
        has = iface_value(iface, i)->passing == FAR_PASS_FD;
    for (uint32_t i = 0; i < iface->ops.count && !has; i++)
        for (uint32_t at = 0; at <= iface_op(iface, i)->param_count; at++)
            has |= iface_result(iface, iface_op(iface, i))[at].value.passing == FAR_PASS_FD;
    for (uint32_t i = 0; i < iface->callbacks.count && !has; i++)
        for (uint32_t at = 0; at <= iface_callback(iface, i)->param_count; at++)
            has |= iface_callback_param(iface, iface_callback(iface, i), at)->value.passing == FAR_PASS_FD;
    return has;
}

/* A descriptor that is passed is there for the call. */
static const char *descriptor_refusal(const struct carrier *carrier, const struct far_value *value)
{
    return value->lifetime && holds_descriptor(carrier, value)
               ? "memory that outlives the call and holds file descriptors"
               : NULL;
}

static const char *memory_refusal(const struct carrier *carrier, const struct far_value *value)
{
    for (uint32_t i = 0; i < value->size_count && !value->lifetime; i++)
        if (iface_expr(carrier->iface, value->size_first + i)->code == FAR_EXPR_RESULT)
            return "a buffer whose size is the result";
    if (is_filled_in_later(value))
        return "memory that the service fills in after the call";
    return descriptor_refusal(carrier, value);
}

/* What is by value must be where the calling convention has it. *at: as for carrier_refuses(). */
static const char *placement_refusal(const struct carrier *carrier, const struct far_param *function, uint32_t count,
                                     uint32_t *at)
{
    struct far_placement placement;
    bool any = false;
    for (uint32_t i = 0; i <= count; i++)
        any |= far_is_by_value(&function[i].value);
    if (!any || !placement_of(calling_of(carrier->iface->machine), carrier->iface, function, count, &placement, at))
        return NULL;
    return "a value in a place that no gate knows (a vector of other than 8 or 16 bytes, too much stack, or where "
           "compilers do "
           "not agree)";
}

/* A function that cannot be called any more returns zero; where its result is to go then, nobody knows. */
static bool returns_in_memory(const struct carrier *carrier, const struct far_param *function)
{
    struct far_by_value where = {0};
    return far_is_by_value(&function->value) &&
           calling_of(carrier->iface->machine)->result(carrier->iface, function->value.type, &where) == 0 &&
           where.how == FAR_BY_VALUE_HIDDEN;
}

static const char *value_refusal(const struct carrier *carrier, const struct far_value *value);

/* By the same ways as what the function takes that it is given to. Callbacks' callbacks end: iface_check() has seen to it. */
static const char *callback_refusal(const struct carrier *carrier, const struct far_value *value)
{
    const struct far_callback *callback = iface_callback(carrier->iface, value->inside - 1);
    for (uint32_t i = 0; i <= callback->param_count; i++) {
        const struct far_value *of = &iface_callback_param(carrier->iface, callback, i)->value;
        if (value_refusal(carrier, of))
            return i ? "a callback that takes what no gate carries" : "a callback that returns what no gate carries";
    }
    uint32_t at;
    const struct far_param *function = iface_callback_param(carrier->iface, callback, 0);
    if (placement_refusal(carrier, function, callback->param_count, &at))
        return at ? "a callback that takes what no gate carries" : "a callback that returns what no gate carries";
    return returns_in_memory(carrier, function) ? "a callback that returns a value in memory" : NULL;
}

static const char *value_refusal(const struct carrier *carrier, const struct far_value *value)
{
    switch ((enum far_passing)value->passing) {
    case FAR_PASS_BUFFER:
    case FAR_PASS_STRING:
        return memory_refusal(carrier, value);
    case FAR_PASS_CALLBACK:
        return callback_refusal(carrier, value);
    default:
        return NULL;
    }
}

const char *carrier_refuses(struct carrier *carrier, const struct far_op *op, uint32_t *at)
{
    const char *refusal = value_refusal(carrier, &iface_result(carrier->iface, op)->value);
    *at = 0;
    for (uint32_t i = 0; !refusal && i < op->param_count; i++) {
        *at = i + 1;
        refusal = value_refusal(carrier, &iface_param(carrier->iface, op, i)->value);
    }
    if (!refusal)
        refusal = placement_refusal(carrier, iface_result(carrier->iface, op), op->param_count, at);
    return refusal;
}

bool carrier_text(struct carrier *carrier, const struct far_op *op, char text[CARRIER_TEXT_SIZE])
{
    uint32_t at = 0;
    const char *refusal = carrier_refuses(carrier, op, &at);
    uint32_t name = refusal && at ? iface_param(carrier->iface, op, at - 1)->name : 0;
    text[0] = '\0';
    if (refusal && at == 0)
        snprintf(text, CARRIER_TEXT_SIZE, "its result is %s", refusal);
    else if (refusal && name)
        snprintf(text, CARRIER_TEXT_SIZE, "parameter %s is %s", iface_string(carrier->iface, name), refusal);
    else if (refusal)
        snprintf(text, CARRIER_TEXT_SIZE, "parameter %u is %s", at, refusal);
    return refusal != NULL;
}
