/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A C call of an operation's stub, as a compiled client makes it: libffi knows each machine's calling convention. */
#include "runtime/far/call.h"

#include <errno.h>
#include <ffi.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ELEMENTS_MAX 64 /* of a structure by value, arrays counted out */

static bool refuse(struct call *call, const char *what, uint32_t type)
{
    snprintf(call->why, CALL_WHY, "%s by value: far call cannot pass %.160s; write a program",
             iface_string(call->iface, iface_type(call->iface, type)->name), what);
    return false;
}

static ffi_type *integer_type(uint64_t size, bool is_signed)
{
    switch (size) {
    case 1:
        return is_signed ? &ffi_type_sint8 : &ffi_type_uint8;
    case 2:
        return is_signed ? &ffi_type_sint16 : &ffi_type_uint16;
    case 4:
        return is_signed ? &ffi_type_sint32 : &ffi_type_uint32;
    case 8:
        return is_signed ? &ffi_type_sint64 : &ffi_type_uint64;
    default:
        return NULL;
    }
}

static bool by_value(struct call *call, uint32_t index, ffi_type **to);

/* What a structure consists of, in libffi's words: arrays are as many elements. */
static bool add_element(struct call *call, uint32_t index, ffi_type **elements, uint32_t *count)
{
    const struct far_type *type = iface_type(call->iface, index);
    ffi_type *element;
    const bool is_array = type->kind == FAR_TYPE_ARRAY;
    const uint64_t times = is_array ? type->count : 1;
    if (!by_value(call, is_array ? type->target : index, &element))
        return false;
    if (times > ELEMENTS_MAX - *count)
        return refuse(call, "so many elements", index);
    for (uint64_t i = 0; i < times; i++)
        elements[(*count)++] = element;
    return true;
}

static bool structure(struct call *call, uint32_t index, ffi_type **to)
{
    const struct far_type *type = iface_type(call->iface, index);
    ffi_type *made = call_take(call->memory, sizeof *made);
    ffi_type **elements = call_take(call->memory, (ELEMENTS_MAX + 1) * sizeof *elements);
    uint32_t count = 0;
    if (!made || !elements)
        return refuse(call, "it: no memory", index);
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(call->iface, type->first_member + i);
        if (member->bit_width)
            return refuse(call, "bit-fields", index);
        if (!add_element(call, member->type, elements, &count))
            return false;
    }
    *made = (ffi_type){.type = FFI_TYPE_STRUCT, .elements = elements};
    *to = made;
    return count || refuse(call, "what it does not know the members of", index);
}

static bool by_value(struct call *call, uint32_t index, ffi_type **to)
{
    const struct far_type *type = iface_type(call->iface, index);
    switch (type->kind) {
    case FAR_TYPE_FLOAT:
        *to = type->size == sizeof(float) ? &ffi_type_float : type->size == sizeof(double) ? &ffi_type_double : NULL;
        break;
    case FAR_TYPE_POINTER:
        *to = &ffi_type_pointer;
        break;
    case FAR_TYPE_STRUCT:
        return structure(call, index, to);
    case FAR_TYPE_BOOL:
    case FAR_TYPE_INT:
    case FAR_TYPE_ENUM:
        *to = integer_type(type->size, type->flags & FAR_TYPE_SIGNED);
        break;
    default:
        *to = NULL;
    }
    return *to || refuse(call, "such a type", index);
}

static bool value_type(struct call *call, const struct far_value *value, ffi_type **to)
{
    switch (value->passing) {
    case FAR_PASS_VOID:
        *to = &ffi_type_void;
        return true;
    case FAR_PASS_VALUE:
    case FAR_PASS_FLOAT:
    case FAR_PASS_STRUCT:
    case FAR_PASS_WIDE:
        return by_value(call, value->type, to);
    case FAR_PASS_FD:
        *to = &ffi_type_sint32;
        return true;
    default:
        *to = &ffi_type_pointer;
        return true;
    }
}

/* Results narrower than a register come as a register. */
static void keep_result(struct call *call, const ffi_type *type, const void *returned)
{
    if (type->type == FFI_TYPE_STRUCT)
        memcpy(call->result_object, returned, type->size);
    else if (type->type != FFI_TYPE_VOID)
        memcpy(&call->result, returned, type->size < sizeof(ffi_arg) ? sizeof(ffi_arg) : type->size);
}

bool call_through(struct call *call, uint64_t stub)
{
    const uint32_t count = call->op->param_count;
    ffi_type *types[FAR_PARAM_MAX], *result;
    void *values[FAR_PARAM_MAX];
    ffi_cif cif;
    if (!value_type(call, &call->function->value, &result))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        values[i] = call->object[i] ? (void *)call->object[i] : &call->word[i];
        if (!value_type(call, &call->function[1 + i].value, &types[i]))
            return false;
    }
    if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, count, result, types) != FFI_OK) {
        snprintf(call->why, CALL_WHY, "libffi cannot make such a call");
        return false;
    }
    const size_t room = result->size < sizeof(ffi_arg) ? sizeof(ffi_arg) : result->size;
    void *returned = call_take(call->memory, room);
    call->result_object = call_take(call->memory, room);
    if (!returned || !call->result_object) {
        snprintf(call->why, CALL_WHY, "no memory");
        return false;
    }
    errno = 0;
    ffi_call(&cif, (void (*)(void))(uintptr_t)stub, returned, values);
    call->error = errno;
    keep_result(call, result, returned);
    return true;
}
