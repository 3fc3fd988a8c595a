/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The model as text (for people and golden tests) and as JSON. */
#include "idl/model.h"

#include "runtime/format/json.h"

#include <inttypes.h>

static const char *size_text(const struct model_param *param, const struct model_op *op, struct arena *arena)
{
    const char *stack[FAR_EXPR_MAX];
    uint32_t depth = 0;
    for (uint32_t i = 0; i < param->value.size_count; i++) {
        const struct far_expr *node = &param->value.size[i].node;
        static const char operators[FAR_EXPR_CODE_COUNT] = {
            [FAR_EXPR_ADD] = '+', [FAR_EXPR_SUB] = '-', [FAR_EXPR_MUL] = '*', [FAR_EXPR_DIV] = '/'};
        switch ((enum far_expr_code)node->code) {
        case FAR_EXPR_CONST:
            stack[depth++] = arena_format(arena, "%" PRIu64, node->value);
            break;
        case FAR_EXPR_PARAM:
            stack[depth++] = op->params[node->index].name;
            break;
        case FAR_EXPR_DEREF:
            stack[depth++] = arena_format(arena, "*%s", op->params[node->index].name);
            break;
        default:
            depth--;
            stack[depth - 1] = arena_format(arena, "(%s %c %s)", stack[depth - 1], operators[node->code], stack[depth]);
            break;
        }
    }
    return stack[0];
}

static const char *direction(const struct model_param *param)
{
    static const char *const words[] = {"", " in", " out", " inout"};
    return words[param->value.flags & (FAR_VALUE_IN | FAR_VALUE_OUT)];
}

static void dump_param(const struct model_param *param, const struct model_op *op, struct arena *arena, FILE *out)
{
    fprintf(out, "    %-8s %s%s", param == &op->result ? "returns" : "takes", far_passing_name(param->value.passing),
            direction(param));
    if (param->value.passing == FAR_PASS_VALUE)
        fprintf(out, " %s%u", param->value.flags & FAR_VALUE_SIGNED ? "s" : "u", param->value.width * 8);
    if (param->value.passing == FAR_PASS_FLOAT)
        fprintf(out, " %u", param->value.width * 8);
    if (param->value.passing == FAR_PASS_BUFFER)
        fprintf(out, " %s bytes", size_text(param, op, arena));
    if (param->value.flags & FAR_VALUE_OPTIONAL)
        fprintf(out, " or NULL");
    if (param->value.flags & FAR_VALUE_RELEASE)
        fprintf(out, ", released");
    fprintf(out, "  `%s`\n", param->description);
}

static void dump_op(const struct model_op *op, struct arena *arena, FILE *out)
{
    fprintf(out, "\n%s  slot %" PRIu32 ", %s shipped", op->name, op->slot,
            op->flags & FAR_OP_DATA_SHIPPED ? "data" : "function");
    if (op->flags & FAR_OP_HAS_FAILS)
        fprintf(out, ", fails 0x%" PRIx64, op->fails);
    if (op->flags & FAR_OP_ONEWAY)
        fprintf(out, ", one-way");
    if (op->flags & FAR_OP_IDEMPOTENT)
        fprintf(out, ", idempotent");
    if (op->flags & FAR_OP_ABSENT)
        fprintf(out, ", absent");
    if (op->deadline_ms)
        fprintf(out, ", deadline %" PRIu32 " ms", op->deadline_ms);
    fprintf(out, "\n    %s:%" PRIu32 ": %s\n", op->file, op->line, op->signature);
    dump_param(&op->result, op, arena, out);
    for (uint32_t i = 0; i < op->param_count; i++)
        dump_param(&op->params[i], op, arena, out);
}

static void dump_operations(const struct model *model, struct arena *arena, FILE *out)
{
    fprintf(out, "service %s %u.%u, %" PRIu32 " operations, %" PRIu32 " types\n", model->service, model->major,
            model->minor, model->op_count, model->type_count);
    for (uint32_t i = 0; i < model->op_count; i++)
        dump_op(&model->ops[i], arena, out);
}

static bool has_layout(const struct model_type *type)
{
    return type->kind != FAR_TYPE_VOID && type->kind != FAR_TYPE_FUNCTION && type->view != VIEW_OPAQUE &&
           type->ref.type->complete;
}

static void dump_member(const struct model *model, const struct model_member *member, FILE *out)
{
    const struct member *m = member->member;
    fprintf(out, "    %6" PRIu64, m->offset);
    if (m->is_bit_field)
        fprintf(out, " bits %" PRIu32 "-%" PRIu32, m->bit_offset, m->bit_offset + m->bit_width - 1);
    fprintf(out, "  %s  (%s)\n", m->name ? m->name : "<anonymous>", model->types[member->type].name);
}

static void dump_types(const struct model *model, FILE *out)
{
    for (uint32_t i = 0; i < model->type_count; i++) {
        const struct model_type *type = &model->types[i];
        fprintf(out, "%s %s", far_type_kind_name(type->kind), type->name);
        if (type->view == VIEW_HANDLE)
            fprintf(out, " (not followed)");
        if (has_layout(type))
            fprintf(out, ": size %" PRIu64 ", align %" PRIu32, type->ref.type->size, type->ref.type->align);
        fputc('\n', out);
        for (uint32_t j = 0; j < type->member_count; j++)
            dump_member(model, &type->members[j], out);
    }
}

static void json_param(struct json *json, const char *name, const struct model_param *param, const struct model *model,
                       const struct model_op *op, struct arena *arena)
{
    json_open(json, name, '{');
    json_string(json, "name", param->name);
    json_string(json, "description", param->description);
    json_string(json, "type", model->types[param->value.type_index].name);
    json_string(json, "passing", far_passing_name(param->value.passing));
    json_number(json, "width", param->value.width);
    json_bool(json, "signed", param->value.flags & FAR_VALUE_SIGNED);
    json_bool(json, "in", param->value.flags & FAR_VALUE_IN);
    json_bool(json, "out", param->value.flags & FAR_VALUE_OUT);
    json_bool(json, "optional", param->value.flags & FAR_VALUE_OPTIONAL);
    json_bool(json, "release", param->value.flags & FAR_VALUE_RELEASE);
    if (param->value.passing == FAR_PASS_BUFFER)
        json_string(json, "bytes", size_text(param, op, arena));
    json_close(json, '}');
}

static void json_op(struct json *json, const struct model *model, const struct model_op *op, struct arena *arena)
{
    json_open(json, NULL, '{');
    json_string(json, "name", op->name);
    json_number(json, "slot", op->slot);
    json_string(json, "shipping", op->flags & FAR_OP_DATA_SHIPPED ? "data" : "function");
    json_string(json, "signature", op->signature);
    json_string(json, "file", op->file);
    json_number(json, "line", op->line);
    json_hex(json, "fingerprint", op->fingerprint);
    if (op->flags & FAR_OP_HAS_FAILS)
        json_hex(json, "fails", op->fails);
    json_bool(json, "oneway", op->flags & FAR_OP_ONEWAY);
    json_bool(json, "idempotent", op->flags & FAR_OP_IDEMPOTENT);
    json_bool(json, "absent", op->flags & FAR_OP_ABSENT);
    json_number(json, "deadline_ms", op->deadline_ms);
    json_param(json, "result", &op->result, model, op, arena);
    json_open(json, "parameters", '[');
    for (uint32_t i = 0; i < op->param_count; i++)
        json_param(json, NULL, &op->params[i], model, op, arena);
    json_close(json, ']');
    json_close(json, '}');
}

static void json_type(struct json *json, const struct model *model, const struct model_type *type)
{
    json_open(json, NULL, '{');
    json_string(json, "name", type->name);
    json_string(json, "kind", far_type_kind_name(type->kind));
    if (has_layout(type)) {
        json_number(json, "size", type->ref.type->size);
        json_number(json, "align", type->ref.type->align);
    }
    if (type->member_count)
        json_open(json, "members", '[');
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct member *member = type->members[i].member;
        json_open(json, NULL, '{');
        json_string(json, "name", member->name);
        json_string(json, "type", model->types[type->members[i].type].name);
        json_number(json, "offset", member->offset);
        if (member->is_bit_field) {
            json_number(json, "bit_offset", member->bit_offset);
            json_number(json, "bit_width", member->bit_width);
        }
        json_close(json, '}');
    }
    if (type->member_count)
        json_close(json, ']');
    json_close(json, '}');
}

static void dump_json(const struct model *model, struct arena *arena, FILE *out)
{
    struct json json = {.out = out};
    json_open(&json, NULL, '{');
    json_string(&json, "service", model->service);
    json_number(&json, "major", model->major);
    json_number(&json, "minor", model->minor);
    json_hex(&json, "fingerprint", model->fingerprint);
    json_open(&json, "operations", '[');
    for (uint32_t i = 0; i < model->op_count; i++)
        json_op(&json, model, &model->ops[i], arena);
    json_close(&json, ']');
    json_open(&json, "types", '[');
    for (uint32_t i = 0; i < model->type_count; i++)
        json_type(&json, model, &model->types[i]);
    json_close(&json, ']');
    json_close(&json, '}');
}

void dump_model(const struct model *model, struct arena *arena, enum dump what, FILE *out)
{
    if (what == DUMP_MODEL)
        dump_operations(model, arena, out);
    else if (what == DUMP_LAYOUT)
        dump_types(model, out);
    else if (what == DUMP_JSON)
        dump_json(model, arena, out);
}
