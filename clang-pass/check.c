/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Does the machine's view of each operation agree with the record? A gate believes the record, so it must. */
#include <stdio.h>
#include <string.h>

#include "clang-pass/pass.h"

/* How a parameter of the record is passed on this machine, for messages: "a 4-byte integer". */
static const char *describe_expected(const struct far_param *param, char *text, size_t size)
{
    switch ((enum far_passing)param->value.passing) {
    case FAR_PASS_VOID:
        return "nothing";
    case FAR_PASS_VALUE:
    case FAR_PASS_FD:
        snprintf(text, size, "%s %u-byte integer", param->value.width == 8 ? "an" : "a", param->value.width);
        return text;
    case FAR_PASS_FLOAT:
        return param->value.width == 4 ? "a float" : "a double";
    default:
        return "a pointer";
    }
}

static bool integer_has_width(LLVMTypeRef type, unsigned width)
{
    unsigned bits = LLVMGetIntTypeWidth(type);

    return bits == width * 8 || (width == 1 && bits == 1); /* _Bool is an i1 */
}

static bool type_matches(LLVMTypeRef type, const struct far_param *param)
{
    switch (LLVMGetTypeKind(type)) {
    case LLVMVoidTypeKind:
        return param->value.passing == FAR_PASS_VOID;
    case LLVMFloatTypeKind:
        return param->value.passing == FAR_PASS_FLOAT && param->value.width == 4;
    case LLVMDoubleTypeKind:
        return param->value.passing == FAR_PASS_FLOAT && param->value.width == 8;
    case LLVMIntegerTypeKind:
        return (param->value.passing == FAR_PASS_VALUE || param->value.passing == FAR_PASS_HANDLE ||
                param->value.passing == FAR_PASS_FD) &&
               integer_has_width(type, param->value.width);
    case LLVMPointerTypeKind:
        return param->value.passing != FAR_PASS_VOID && param->value.passing != FAR_PASS_FLOAT &&
               param->value.width == sizeof(void *);
    default:
        return false;
    }
}

/* A structure passed or returned in memory is a pointer in IR, but not to the record. */
static bool passed_in_memory(LLVMValueRef function, unsigned index)
{
    static const char *const attributes[] = {"byval", "sret"};

    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        unsigned kind = LLVMGetEnumAttributeKindForName(attributes[i], strlen(attributes[i]));

        if (LLVMGetEnumAttributeAtIndex(function, index, kind))
            return true;
    }
    return false;
}

/* at: its number in IR. */
static void check_parameter(struct unit *unit, const struct far_op *op, LLVMValueRef function, unsigned index,
                            unsigned at)
{
    const struct far_param *param = iface_param(unit->iface, op, index);
    const char *name = iface_string(unit->iface, op->name);
    char text[64];

    if (at < LLVMCountParams(function) && type_matches(LLVMTypeOf(LLVMGetParam(function, at)), param) &&
        !passed_in_memory(function, at + 1))
        return;
    unit_error(unit, function,
               "operation '%s' does not have the signature of its header: parameter %u is not %s as '%s' says "
               "(%s:%u) [FC-0202]",
               name, index + 1, describe_expected(param, text, sizeof text), iface_string(unit->iface, op->signature),
               iface_string(unit->iface, op->file), op->line);
}

static void check_result(struct unit *unit, const struct far_op *op, LLVMValueRef function)
{
    const struct far_param *result = iface_result(unit->iface, op);
    const char *name = iface_string(unit->iface, op->name);
    char text[64];

    if (type_matches(LLVMGetReturnType(LLVMGlobalGetValueType(function)), result))
        return;
    unit_error(unit, function,
               "operation '%s' does not have the signature of its header: it does not return %s as '%s' says "
               "(%s:%u) [FC-0202]",
               name, describe_expected(result, text, sizeof text), iface_string(unit->iface, op->signature),
               iface_string(unit->iface, op->file), op->line);
}

/* Structures and wide numbers by value: how many registers or pointers they become is the ABI's affair. */
static bool is_lowered(const struct far_param *param)
{
    return param->value.passing == FAR_PASS_STRUCT || param->value.passing == FAR_PASS_WIDE;
}

static bool has_lowered_values(const struct unit *unit, const struct far_op *op)
{
    const struct far_param *param = iface_result(unit->iface, op);

    for (uint32_t i = 0; i <= op->param_count; i++)
        if (is_lowered(&param[i]))
            return true;
    return false;
}

/*
 * All values are compared, but for those that the ABI lowers: where one stood, the parameters behind it are no longer
 * found by counting. A result that is returned in memory comes as a parameter before all others.
 */
static void check_values(struct unit *unit, const struct far_op *op, LLVMValueRef function)
{
    bool lowered_result = is_lowered(iface_result(unit->iface, op));
    unsigned before = lowered_result && LLVMCountParams(function) && passed_in_memory(function, 1);

    if (!lowered_result)
        check_result(unit, op, function);
    for (unsigned i = 0; i < op->param_count && !is_lowered(iface_param(unit->iface, op, i)); i++)
        check_parameter(unit, op, function, i, i + before);
}

static void check_operation(struct unit *unit, const struct far_op *op, LLVMValueRef function)
{
    LLVMTypeRef type = LLVMGlobalGetValueType(function);
    const char *name = iface_string(unit->iface, op->name);
    bool counted = !has_lowered_values(unit, op);

    if (op->flags & FAR_OP_ABSENT) /* it is never called through a gate, so its record says nothing of its parameters */
        return;
    if (LLVMGetFunctionCallConv(function) != LLVMCCallConv) {
        unit_error(unit, function,
                   "operation '%s' does not have the signature of its header: it has another calling convention than "
                   "'%s' (%s:%u) [FC-0202]",
                   name, iface_string(unit->iface, op->signature), iface_string(unit->iface, op->file), op->line);
        return;
    }
    if (LLVMIsFunctionVarArg(type) || (counted && LLVMCountParams(function) != op->param_count)) {
        unit_error(unit, function,
                   "operation '%s' does not have the signature of its header: %u parameters%s, not %u as '%s' "
                   "says (%s:%u) [FC-0202]",
                   name, LLVMCountParams(function), LLVMIsFunctionVarArg(type) ? " and more" : "", op->param_count,
                   iface_string(unit->iface, op->signature), iface_string(unit->iface, op->file), op->line);
        return;
    }
    check_values(unit, op, function);
}

void check_operations(struct unit *unit)
{
    for (uint32_t i = 0; i < unit->iface->ops.count; i++) {
        const struct far_op *op = iface_op(unit->iface, i);
        LLVMValueRef function = unit_operation(unit, op);

        if (function && unit_defines(function))
            check_operation(unit, op, function);
    }
}

/* Thread-local storage belongs to the threads of one process; a segment's code runs in many. */
void check_thread_locals(struct unit *unit)
{
    for (LLVMValueRef global = LLVMGetFirstGlobal(unit->module); global; global = LLVMGetNextGlobal(global)) {
        size_t length;
        const char *name = LLVMGetValueName2(global, &length);

        if (LLVMIsThreadLocal(global))
            unit_error(unit, global,
                       "thread-local variable '%.*s' in a unit of service '%s': its code runs in the threads of "
                       "many processes; keep the state in a parameter or in ordinary data under a mutex [FC-0201]",
                       (int)length, name, iface_string(unit->iface, unit->iface->service));
    }
}

/* Is this entry of the unit's annotations far_op? */
static bool says_operation(LLVMValueRef entry)
{
    LLVMValueRef name = LLVMGetNumOperands(entry) > 1 ? LLVMGetOperand(entry, 1) : NULL;
    LLVMValueRef bytes = name && LLVMIsAGlobalVariable(name) ? LLVMGetInitializer(name) : NULL;
    static const char text[] = "farcall.op";
    size_t length = 0;
    const char *string = bytes && LLVMIsAConstantDataSequential(bytes) && LLVMIsConstantString(bytes)
                             ? LLVMGetAsString(bytes, &length)
                             : "";

    return length == sizeof text && !memcmp(string, text, length);
}

/* faridl found no service; the compiler has operations. What reached one of them did not reach the other. */
void check_unclaimed(struct unit *unit)
{
    LLVMValueRef all = LLVMGetNamedGlobal(unit->module, "llvm.global.annotations");
    LLVMValueRef list = all ? LLVMGetInitializer(all) : NULL;
    int count = list ? LLVMGetNumOperands(list) : 0;

    for (int i = 0; i < count; i++) {
        LLVMValueRef entry = LLVMGetOperand(list, (unsigned)i);
        LLVMValueRef function = says_operation(entry) ? LLVMGetOperand(entry, 0) : NULL;
        size_t length;

        if (function && LLVMIsAFunction(function) && unit_defines(function) &&
            LLVMGetLinkage(function) == LLVMExternalLinkage)
            unit_error(
                unit, function,
                "operation '%s' is defined here, but faridl found no service in this unit: an option reached the "
                "compiler alone; include the service's header by its name, and say where it is by -I",
                LLVMGetValueName2(function, &length));
    }
}
