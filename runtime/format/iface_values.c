/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Values: first each by itself (type, width, flags, what it leads to), then where it stands. `inside` leads at most
 * LEVEL_MAX values deep, so that chains end; from a structure to its members it goes by the type, and only there, through
 * pointers, can a descriptor come back to itself.
 */
#include "runtime/format/iface_walk.h"

#include <string.h>

#define LEVEL_MAX    32 /* pointers and arrays of a value that lead to one another */
#define POINTER_SIZE 8

#define BOTH_WAYS (FAR_VALUE_IN | FAR_VALUE_OUT)

bool iface_same_type(const struct far_iface *iface, uint32_t one, uint32_t other)
{
    const struct far_type *a = iface_type(iface, one), *b = iface_type(iface, other);
    if (one == other)
        return true;
    /* What is held by value must be the very entry whose nesting was checked, or walks by value would not end. */
    if (iface_has_members(a) || a->kind == FAR_TYPE_ARRAY)
        return false;
    return a->kind == b->kind && a->size == b->size &&
           !strcmp(iface_string(iface, a->name), iface_string(iface, b->name));
}

static bool is_plain(const struct iface_walk *walk, uint32_t type)
{
    return walk->facts[type] & IFACE_TYPE_PLAIN;
}

/* Memory that the header says nothing of: void *. What it holds is the caller's affair. */
static bool is_untyped(const struct iface_walk *walk, uint32_t type)
{
    unsigned kind = iface_type(walk->iface, type)->kind;
    return kind == FAR_TYPE_VOID || kind == FAR_TYPE_OPAQUE;
}

static const char *flags_mistake(const struct far_value *value)
{
    static const uint16_t allowed[FAR_PASS_COUNT] = {
        [FAR_PASS_VALUE] = BOTH_WAYS | FAR_VALUE_SIGNED,
        [FAR_PASS_FLOAT] = BOTH_WAYS,
        [FAR_PASS_BUFFER] = BOTH_WAYS | FAR_VALUE_OPTIONAL | FAR_VALUE_RELEASE | FAR_VALUE_DEEP | FAR_VALUE_DEEP_ONLY |
                            FAR_VALUE_GRANTED,
        [FAR_PASS_STRING] = BOTH_WAYS | FAR_VALUE_OPTIONAL | FAR_VALUE_RELEASE,
        [FAR_PASS_GLOBAL] = BOTH_WAYS | FAR_VALUE_OPTIONAL | FAR_VALUE_GRANTED,
        [FAR_PASS_HANDLE] = BOTH_WAYS | FAR_VALUE_OPTIONAL | FAR_VALUE_RELEASE,
        [FAR_PASS_OPAQUE] = BOTH_WAYS | FAR_VALUE_OPTIONAL,
        [FAR_PASS_CALLBACK] = BOTH_WAYS | FAR_VALUE_OPTIONAL,
        [FAR_PASS_FD] = BOTH_WAYS | FAR_VALUE_SIGNED,
        [FAR_PASS_STRUCT] = BOTH_WAYS,
        [FAR_PASS_ARRAY] = BOTH_WAYS,
        [FAR_PASS_WIDE] = BOTH_WAYS,
        [FAR_PASS_WITHHELD] = BOTH_WAYS | FAR_VALUE_OPTIONAL,
    };
    unsigned wrong = value->flags & ~(unsigned)allowed[value->passing];
    if (wrong & FAR_VALUE_SIGNED)
        return "only values have signs";
    if (wrong & FAR_VALUE_RELEASE)
        return "only handles and memory are released";
    if (wrong & FAR_VALUE_OPTIONAL)
        return "only pointers can be NULL";
    if (wrong & (FAR_VALUE_DEEP | FAR_VALUE_DEEP_ONLY))
        return "only buffers are followed deeply";
    if (wrong & FAR_VALUE_GRANTED || (value->flags & FAR_VALUE_GRANTED && (value->inside || value->lifetime)))
        return "only buffers of plain bytes and global addresses can be granted memory";
    return wrong ? "unknown flags" : NULL;
}

static const char *integer_mistake(const struct far_value *value, const struct far_type *type)
{
    if (type->kind != FAR_TYPE_BOOL && type->kind != FAR_TYPE_INT && type->kind != FAR_TYPE_ENUM)
        return "it is passed as an integer, but its type is none";
    if (value->passing == FAR_PASS_FD && type->size != 4)
        return "it is a descriptor, but its type is no int";
    return !iface_is_width(value->width) || value->width != type->size ? "its width is not its type's size" : NULL;
}

static const char *float_mistake(const struct far_value *value, const struct far_type *type)
{
    if (type->kind != FAR_TYPE_FLOAT || (type->size != 4 && type->size != 8))
        return "it is passed as a float or double, but its type is neither";
    return value->width != type->size ? "its width is not its type's size" : NULL;
}

static const char *struct_mistake(const struct iface_walk *walk, const struct far_value *value,
                                  const struct far_type *type)
{
    uint8_t facts = walk->facts[value->type];
    if (!iface_has_members(type))
        return "it is passed as a structure, but its type is none";
    if (!(facts & (IFACE_TYPE_PLAIN | IFACE_TYPE_DESCRIBED)))
        return "it is passed member by member, but a pointer or the like among them does not say how it crosses";
    if (value->select_count && !(facts & IFACE_TYPE_CASES))
        return "it has a selector, but its type is no union with cases";
    if (type->kind == FAR_TYPE_UNION && !(facts & IFACE_TYPE_PLAIN) && !value->select_count)
        return "it is a union that holds pointers, but nothing says which member is in use";
    return NULL;
}

static const char *wide_mistake(const struct far_type *type)
{
    bool number = type->kind == FAR_TYPE_INT || type->kind == FAR_TYPE_FLOAT || type->kind == FAR_TYPE_ENUM;
    if (!number && type->kind != FAR_TYPE_COMPLEX && type->kind != FAR_TYPE_VECTOR)
        return "it is passed as plain bytes, but its type is no number";
    return NULL;
}

bool iface_describes_type(const struct far_iface *iface, uint32_t said_type, uint32_t written)
{
    const struct far_type *said = iface_type(iface, said_type), *type = iface_type(iface, written);
    bool to_void = type->kind == FAR_TYPE_POINTER && iface_type(iface, type->target)->kind == FAR_TYPE_VOID;
    return iface_same_type(iface, said_type, written) || (to_void && said->kind == FAR_TYPE_POINTER);
}

/* What one element is: said by a value, or its bytes are all there is. */
static const char *element_mistake(const struct iface_walk *walk, const struct far_value *value,
                                   const struct far_type *type)
{
    const struct far_iface *iface = walk->iface;
    if (value->inside > iface->values.count)
        return "what it leads to does not exist";
    if (iface_type(iface, type->target)->kind == FAR_TYPE_FUNCTION)
        return "it leads to a function, but is no callback";
    if (value->inside == 0)
        return is_plain(walk, type->target) || is_untyped(walk, type->target)
                   ? NULL
                   : "it is copied as plain bytes, but holds pointers or the like";
    const struct far_value *inside = iface_value(iface, value->inside - 1);
    if (inside->type >= iface->types.count || !iface_describes_type(iface, inside->type, type->target))
        return "what it leads to is of another type than its elements";
    return iface_type(iface, inside->type)->size ? NULL : "what it leads to has no size";
}

static const char *callback_mistake(const struct iface_walk *walk, const struct far_value *value,
                                    const struct far_type *type)
{
    const struct far_iface *iface = walk->iface;
    if (iface_type(iface, type->target)->kind != FAR_TYPE_FUNCTION)
        return "it is a callback, but its type points to no function";
    if (value->inside == 0 || value->inside > iface->callbacks.count)
        return "the function that it leads to does not exist";
    const struct far_callback *callback = iface_callback(iface, value->inside - 1);
    if (callback->type >= iface->types.count || !iface_same_type(iface, callback->type, type->target))
        return "the function that it leads to is of another type";
    return NULL;
}

static const char *pointer_mistake(const struct iface_walk *walk, const struct far_value *value,
                                   const struct far_type *type)
{
    if (type->kind != FAR_TYPE_POINTER || value->width != POINTER_SIZE)
        return "it is passed by reference, but its type is no pointer of 8 bytes";
    if (value->passing == FAR_PASS_CALLBACK)
        return callback_mistake(walk, value, type);
    if (value->passing == FAR_PASS_BUFFER && !value->size_count)
        return "its size expression does not exist";
    if (value->passing == FAR_PASS_STRING && !iface_type(walk->iface, type->target)->size)
        return "it is a string of elements that have no size";
    if (value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING)
        return element_mistake(walk, value, type);
    return NULL;
}

static const char *shape_mistake(const struct iface_walk *walk, const struct far_value *value)
{
    const struct far_type *type = iface_type(walk->iface, value->type);
    switch ((enum far_passing)value->passing) {
    case FAR_PASS_VOID:
        return type->kind == FAR_TYPE_VOID ? NULL : "it is passed as void, but its type is not void";
    case FAR_PASS_VALUE:
    case FAR_PASS_FD:
        return integer_mistake(value, type);
    case FAR_PASS_FLOAT:
        return float_mistake(value, type);
    case FAR_PASS_STRUCT:
        return struct_mistake(walk, value, type);
    case FAR_PASS_WIDE:
        return wide_mistake(type);
    case FAR_PASS_ARRAY:
        return type->kind == FAR_TYPE_ARRAY ? element_mistake(walk, value, type)
                                            : "it is passed as an array, but its type is none";
    default:
        return pointer_mistake(walk, value, type);
    }
}

static bool expression_exists(const struct iface_walk *walk, uint32_t first, uint32_t count)
{
    return count <= FAR_EXPR_MAX && range_inside(first, count, walk->iface->exprs.count);
}

/* Parts that only some ways of passing have. */
static const char *parts_mistake(const struct iface_walk *walk, const struct far_value *value)
{
    enum far_passing passing = value->passing;
    bool elements = passing == FAR_PASS_BUFFER || passing == FAR_PASS_STRING || passing == FAR_PASS_ARRAY;
    bool by_value =
        passing == FAR_PASS_VOID || passing == FAR_PASS_STRUCT || passing == FAR_PASS_ARRAY || passing == FAR_PASS_WIDE;
    if (!elements && value->size_count)
        return "only buffers, strings and arrays have a size expression";
    if (!expression_exists(walk, value->size_first, value->size_count))
        return "its size expression does not exist";
    bool refusable = passing == FAR_PASS_HANDLE && value->flags & FAR_VALUE_RELEASE;
    if (passing != FAR_PASS_STRUCT && !refusable && value->select_count)
        return "only unions have a selector, and only of handles that are released a result says that they are not";
    if (!expression_exists(walk, value->select_first, value->select_count))
        return "its selector does not exist";
    if (!elements && passing != FAR_PASS_CALLBACK && value->inside)
        return "it leads nowhere, but says what is there";
    return by_value && value->width ? "its width is not its type's size" : NULL;
}

const char *iface_value_mistake(const struct iface_walk *walk, const struct far_value *value)
{
    if (value->passing >= FAR_PASS_COUNT)
        return "no such way of passing";
    if (value->lifetime >= FAR_LIFETIME_COUNT)
        return "no such lifetime";
    if (value->reserved)
        return "unknown flags";
    if (value->type >= walk->iface->types.count)
        return "its type does not exist";
    const char *mistake = flags_mistake(value);
    mistake = mistake ? mistake : parts_mistake(walk, value);
    return mistake ? mistake : shape_mistake(walk, value);
}

int iface_check_values(const struct iface_walk *walk)
{
    for (uint32_t i = 0; i < walk->iface->values.count; i++) {
        const char *mistake = iface_value_mistake(walk, iface_value(walk->iface, i));
        if (mistake)
            return complain(&walk->to, "interface record: value %u: %s; build it again with faridl", i, mistake);
    }
    return 0;
}

/* --- where a value stands --- */

/* A handle ends when it is released, or with another one that the function was given and that is still there. */
static const char *handle_lifetime_mistake(const struct iface_scope *scope, const struct far_value *value)
{
    if (value->lifetime == FAR_LIFETIME_SERVICE || value->lifetime == FAR_LIFETIME_RELEASED)
        return NULL;
    if (value->lifetime != FAR_LIFETIME_HANDLE)
        return "it is a handle, but its lifetime is that of memory";
    const struct far_value *parent = &scope->function[1 + value->lifetime_of].value;
    return parent->passing == FAR_PASS_HANDLE && !(parent->flags & FAR_VALUE_RELEASE)
               ? NULL
               : "it is a handle that ends with something that is none, or that is released by the same call";
}

/* The result that says that a handle was not released. */
static const char *refusal_mistake(const struct iface_walk *walk, const struct iface_scope *scope,
                                   const struct far_value *value)
{
    if (value->passing != FAR_PASS_HANDLE || !value->select_count)
        return NULL;
    bool fine = scope->role == ROLE_PARAM && scope->function && scope->function->value.passing == FAR_PASS_VALUE &&
                value->select_count == 1 && iface_expr(walk->iface, value->select_first)->code == FAR_EXPR_CONST;
    return fine ? NULL : "its release is refused by something that is no constant, or no integer is returned";
}

static const char *lifetime_mistake(const struct iface_scope *scope, const struct far_value *value)
{
    bool of_parameter = value->lifetime >= FAR_LIFETIME_HANDLE;
    if (value->lifetime == FAR_LIFETIME_NONE || !of_parameter) {
        if (value->lifetime_of)
            return "its lifetime names a parameter for no reason";
    } else if (!scope->function || value->lifetime_of >= scope->param_count) {
        return "its lifetime names a parameter that does not exist";
    }
    if (value->lifetime == FAR_LIFETIME_NONE)
        return NULL;
    if (value->passing < FAR_PASS_BUFFER || value->passing > FAR_PASS_CALLBACK)
        return "it has a lifetime, but is no pointer";
    if (value->passing == FAR_PASS_HANDLE)
        return handle_lifetime_mistake(scope, value);
    if (!of_parameter)
        return NULL;
    unsigned passing = scope->function[1 + value->lifetime_of].value.passing;
    if (value->lifetime == FAR_LIFETIME_HANDLE)
        return passing == FAR_PASS_HANDLE ? NULL : "its lifetime is that of a parameter that is no handle";
    if (value->lifetime == FAR_LIFETIME_CALLBACK)
        return passing == FAR_PASS_CALLBACK && value->flags & FAR_VALUE_IN
                   ? NULL
                   : "its lifetime is that of a parameter that is no callback, or it does not go in";
    return passing == FAR_PASS_BUFFER || passing == FAR_PASS_STRING
               ? NULL
               : "its lifetime is that of a parameter that is no buffer";
}

static const char *result_mistake(const struct far_value *value)
{
    bool copied = value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING;
    if (value->flags & (FAR_VALUE_IN | FAR_VALUE_RELEASE | FAR_VALUE_GRANTED))
        return "a result only comes out";
    if (value->passing == FAR_PASS_ARRAY)
        return "a result cannot be an array";
    if (copied && value->lifetime == FAR_LIFETIME_NONE)
        return "a result that is copied must say how long the copy lives; say far_lifetime";
    return NULL;
}

static const char *parameter_mistake(const struct far_value *value)
{
    bool memory = value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING;
    bool out = value->flags & FAR_VALUE_OUT;
    if (value->passing == FAR_PASS_VOID || value->passing == FAR_PASS_ARRAY)
        return "a parameter cannot be void or an array";
    if (memory && !(value->flags & BOTH_WAYS))
        return "its memory goes neither in nor out";
    if (value->passing == FAR_PASS_STRING && out && !value->size_count)
        return "a string without a size can only go in";
    if (!memory && value->passing != FAR_PASS_GLOBAL && out)
        return "it is passed by value, so nothing of it can come out";
    if (value->lifetime != FAR_LIFETIME_NONE && !(memory && value->flags & FAR_VALUE_IN))
        return "it has a lifetime, but the pointer does not come out, nor does what it leads to go in";
    return NULL;
}

/* The outermost of a chain: what the others are to it is its elements. */
static const char *role_mistake(const struct iface_scope *scope, const struct far_value *value)
{
    if (scope->role != ROLE_MEMBER && value->flags & FAR_VALUE_DEEP_ONLY)
        return "only members are followed below something deep";
    if (scope->role == ROLE_RESULT)
        return result_mistake(value);
    if (scope->role == ROLE_PARAM)
        return parameter_mistake(value);
    return value->passing == FAR_PASS_VOID ? "a member cannot be void" : NULL;
}

static const char *level_mistake(const struct iface_walk *walk, const struct iface_scope *scope,
                                 const struct far_value *value)
{
    const char *mistake = lifetime_mistake(scope, value);
    mistake = mistake ? mistake : refusal_mistake(walk, scope, value);
    if (!mistake && value->size_count)
        mistake = iface_expr_mistake(walk, scope, value->size_first, value->size_count);
    if (!mistake && value->select_count)
        mistake = iface_expr_mistake(walk, scope, value->select_first, value->select_count);
    return mistake;
}

const char *iface_place_mistake(const struct iface_walk *walk, const struct iface_scope *scope,
                                const struct far_value *value)
{
    const char *mistake = role_mistake(scope, value);
    struct iface_scope inner = *scope;
    for (unsigned level = 0; !mistake; level++) {
        inner.comes_out |= value->flags & FAR_VALUE_OUT;
        inner.made_there |= value->lifetime != FAR_LIFETIME_NONE && !(value->flags & FAR_VALUE_IN);
        if (level == LEVEL_MAX)
            return "it leads through too many pointers, or to itself";
        mistake = level_mistake(walk, &inner, value);
        if (value->passing == FAR_PASS_CALLBACK || value->inside == 0)
            break;
        value = iface_value(walk->iface, value->inside - 1);
        if (value->passing == FAR_PASS_VOID || value->flags & FAR_VALUE_DEEP_ONLY)
            return "what it leads to cannot be an element";
    }
    return mistake;
}
