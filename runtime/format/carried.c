/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/carried.h"

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

static const char *size_refusal(const struct carrier *carrier, const struct far_value *value)
{
    for (uint32_t i = 0; i < value->size_count; i++) {
        const struct far_expr *node = iface_expr(carrier->iface, value->size_first + i);
        if (node->code == FAR_EXPR_RESULT)
            return "a buffer whose size is the result";
        if (node->code == FAR_EXPR_DEREF && node->value)
            return "a buffer whose size is a member of what another parameter points to";
    }
    return NULL;
}

/* A structure at its own size, when it has a flexible array behind it: nothing says how much of that there is. */
static bool misses_flexible_array(const struct carrier *carrier, const struct far_value *value)
{
    const struct far_type *target = iface_type(carrier->iface, iface_type(carrier->iface, value->type)->target);
    return target->flags & FAR_TYPE_FLEXIBLE && value->size_count == 1 &&
           iface_expr(carrier->iface, value->size_first)->code == FAR_EXPR_CONST &&
           iface_expr(carrier->iface, value->size_first)->value == target->size;
}

static const char *memory_refusal(struct carrier *carrier, const struct far_value *value)
{
    const struct far_type *type = iface_type(carrier->iface, value->type);
    bool string = value->passing == FAR_PASS_STRING;
    if (value->lifetime || value->flags & FAR_VALUE_RELEASE)
        return "memory that the service keeps";
    if (string && value->flags & FAR_VALUE_OUT)
        return "a string that comes out";
    if (string && value->size_count)
        return "a string with a size";
    if (value->inside && !value_is_bytes(carrier, iface_value(carrier->iface, value->inside - 1)))
        return "memory that holds pointers, handles or descriptors";
    if (string && iface_type(carrier->iface, type->target)->size != 1)
        return "a string of elements wider than a byte";
    if (string)
        return NULL;
    if (misses_flexible_array(carrier, value))
        return "a structure with a flexible array";
    return size_refusal(carrier, value);
}

static const char *value_refusal(struct carrier *carrier, const struct far_value *value)
{
    switch ((enum far_passing)value->passing) {
    case FAR_PASS_BUFFER:
    case FAR_PASS_STRING:
        return memory_refusal(carrier, value);
    case FAR_PASS_CALLBACK:
        return "a callback";
    case FAR_PASS_FD:
        return "a file descriptor";
    case FAR_PASS_STRUCT:
        return "a structure by value";
    case FAR_PASS_WIDE:
        return "a number wider than a register";
    default:
        return NULL;
    }
}

const char *carrier_refuses(struct carrier *carrier, const struct far_op *op, uint32_t *at)
{
    const struct far_value *result = &iface_result(carrier->iface, op)->value;
    *at = 0;
    if (result->passing == FAR_PASS_STRING)
        return "a string that comes out";
    if (result->passing == FAR_PASS_BUFFER)
        return "memory that comes out";
    const char *refusal = value_refusal(carrier, result);
    for (uint32_t i = 0; !refusal && i < op->param_count; i++) {
        *at = i + 1;
        refusal = value_refusal(carrier, &iface_param(carrier->iface, op, i)->value);
    }
    return refusal;
}

bool carrier_text(struct carrier *carrier, const struct far_op *op, char text[CARRIER_TEXT_SIZE])
{
    uint32_t at = 0;
    if (op->flags & FAR_OP_ASYNC) {
        snprintf(text, CARRIER_TEXT_SIZE, "it is asynchronous (far_async)");
        return true;
    }
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
