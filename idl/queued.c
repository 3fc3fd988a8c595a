/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a queued call may carry: it is made later, perhaps when its caller has long ended, so it is whole when it is made. */
#include "idl/check.h"

static bool is_plain_value(const struct model_value *value)
{
    return value->passing == FAR_PASS_VALUE || value->passing == FAR_PASS_FLOAT;
}

/* Strings of characters, and counted plain bytes, that go in and are not kept. */
static bool is_plain_memory(const struct model_value *value)
{
    const struct type *target = value->type.type->kind == TYPE_POINTER ? value->type.type->target.type : NULL;
    bool text = value->passing == FAR_PASS_STRING && target && target->size == 1;
    bool counted = value->passing == FAR_PASS_BUFFER || text;
    bool only_in = (value->flags & (FAR_VALUE_IN | FAR_VALUE_OUT)) == FAR_VALUE_IN;
    return counted && only_in && !value->inside && !(value->flags & (FAR_VALUE_GRANTED | FAR_VALUE_DEEP)) &&
           value->lifetime == FAR_LIFETIME_NONE;
}

static void queued_error(struct unit *unit, struct place place, const char *message, const char *advice)
{
    diag_error(unit->diagnostics, place, FC_QUEUED, message, advice);
}

bool queued_fits(struct unit *unit, const struct model_op *op)
{
    bool good = true;
    if (op->result.value.passing != FAR_PASS_VOID && !is_plain_value(&op->result.value)) {
        queued_error(unit, op->result.place,
                     arena_format(unit->arena, "%s is far_queued, but what it returns is no plain value", op->name),
                     "let it return an integer, a floating-point number or nothing");
        good = false;
    }
    for (uint32_t i = 0; i < op->param_count; i++) {
        const struct model_param *param = &op->params[i];
        if (is_plain_value(&param->value) || is_plain_memory(&param->value))
            continue;
        queued_error(
            unit, param->place,
            arena_format(unit->arena,
                         "%s is far_queued, but its parameter %u, %s, cannot wait: only values, "
                         "strings and counted plain bytes that go in can",
                         op->name, i + 1, param->description),
            "pass a value, or a copy of the bytes: const …, with __null_terminated or __sized_by(n); what comes "
            "back is its result, a plain value");
        good = false;
    }
    return good;
}
