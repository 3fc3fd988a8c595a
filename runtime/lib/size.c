/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/size.h"

/* A number as an expression sees it: never negative. */
static bool number_from(const struct far_expr *node, uint64_t raw, uint64_t *number)
{
    bool is_signed = node->flags & FAR_EXPR_SIGNED;
    *number = far_extend(raw, node->width, is_signed);
    return !is_signed || (int64_t)*number >= 0;
}

static bool push_operand(const struct far_sizes *sizes, const struct far_expr *node, uint64_t *top)
{
    switch (node->code) {
    case FAR_EXPR_CONST:
        *top = node->value;
        return true;
    case FAR_EXPR_PARAM:
        return number_from(node, sizes->value[node->index], top);
    case FAR_EXPR_DEREF:
        *top = 0;
        if (!sizes->value[node->index])
            return true;
        return sizes->bytes[node->index] >= node->width && number_from(node, sizes->measured[node->index], top);
    default: /* of a structure or a result: plans with these are refused, see plan.c */
        return false;
    }
}

bool size_apply_operator(unsigned code, uint64_t *left, uint64_t right)
{
    switch (code) {
    case FAR_EXPR_ADD:
        return !__builtin_add_overflow(*left, right, left);
    case FAR_EXPR_SUB:
        return !__builtin_sub_overflow(*left, right, left);
    case FAR_EXPR_MUL:
        return !__builtin_mul_overflow(*left, right, left);
    case FAR_EXPR_DIV:
        if (right == 0)
            return false;
        *left /= right;
        return true;
    case FAR_EXPR_MOD:
        if (right == 0)
            return false;
        *left %= right;
        return true;
    case FAR_EXPR_SHL:
        if (right > 63 || *left > UINT64_MAX >> right)
            return false;
        *left <<= right;
        return true;
    case FAR_EXPR_SHR:
        *left = right > 63 ? 0 : *left >> right;
        return true;
    case FAR_EXPR_AND:
        *left &= right;
        return true;
    default:
        return false;
    }
}

unsigned size_evaluate(const struct far_plan *plan, const struct far_sizes *sizes, const struct far_plan_param *param,
                       uint64_t *bytes)
{
    uint64_t stack[FAR_EXPR_MAX];
    unsigned depth = 0;
    for (uint32_t i = 0; i < param->size_count; i++) {
        const struct far_expr *node = &param->size[i];
        bool operand = FAR_EXPR_IS_OPERAND(node->code);
        if (operand && node->code != FAR_EXPR_CONST && node->index >= plan->param_count)
            return FAR_CALL_BAD_SIZE;
        if (operand ? depth == FAR_EXPR_MAX : depth < 2)
            return FAR_CALL_BAD_SIZE;
        if (operand) {
            if (!push_operand(sizes, node, &stack[depth++]))
                return FAR_CALL_BAD_SIZE;
        } else if (!size_apply_operator(node->code, &stack[depth - 2], stack[depth - 1])) {
            return FAR_CALL_BAD_SIZE;
        } else {
            depth--;
        }
    }
    if (depth != 1 || stack[0] > FAR_ASTACK_MAX)
        return FAR_CALL_BAD_SIZE;
    *bytes = stack[0];
    return FAR_CALL_DONE;
}

/* NULL goes with a size of zero, as in crc32(0, NULL, 0), and where the interface says so. */
static unsigned place_null(const struct far_plan_param *param, uint64_t *bytes)
{
    bool fine = *bytes == 0 || param->flags & FAR_VALUE_OPTIONAL;
    *bytes = 0;
    return fine ? FAR_CALL_DONE : FAR_CALL_BAD_ARGUMENT;
}

unsigned sizes_place(const struct far_plan *plan, struct far_sizes *sizes, bool late)
{
    for (uint32_t i = 0; i < plan->param_count; i++) {
        const struct far_plan_param *param = &plan->param[i];
        if (!far_by_reference(param) || param->late != late)
            continue;
        unsigned status = FAR_CALL_DONE;
        if (param->passing == FAR_PASS_BUFFER)
            status = size_evaluate(plan, sizes, param, &sizes->bytes[i]);
        if (!status && !sizes->value[i])
            status = param->passing == FAR_PASS_STRING && !(param->flags & FAR_VALUE_OPTIONAL)
                         ? FAR_CALL_BAD_ARGUMENT
                         : place_null(param, &sizes->bytes[i]);
        if (status)
            return status;
        if (sizes->direct[i])
            continue;
        sizes->offset[i] = sizes->end;
        sizes->end += (sizes->bytes[i] + FAR_ASTACK_ALIGN - 1) & ~(uint64_t)(FAR_ASTACK_ALIGN - 1);
        if (sizes->end > FAR_ASTACK_MAX)
            return FAR_CALL_BAD_SIZE;
    }
    return FAR_CALL_DONE;
}
