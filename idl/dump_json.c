/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The model as JSON. */
#include "idl/dump.h"

#include <inttypes.h>

#include "runtime/format/json.h"

static void json_param(struct json *json, struct dumping *d, const char *name, const struct model_param *param,
                       const struct names *names);

/* The fields of a value, in the object that is open. */
static void json_value(struct json *json, struct dumping *d, const struct model_value *value, const struct names *names)
{
    json_string(json, "type", d->model->types[value->type_index].name);
    json_string(json, "passing", far_passing_name(value->passing));
    json_number(json, "width", value->width);
    json_bool(json, "signed", value->flags & FAR_VALUE_SIGNED);
    json_bool(json, "in", value->flags & FAR_VALUE_IN);
    json_bool(json, "out", value->flags & FAR_VALUE_OUT);
    json_bool(json, "optional", value->flags & FAR_VALUE_OPTIONAL);
    json_bool(json, "release", value->flags & FAR_VALUE_RELEASE);
    json_bool(json, "deep", value->flags & FAR_VALUE_DEEP);
    json_bool(json, "deep_only", value->flags & FAR_VALUE_DEEP_ONLY);
    json_bool(json, "granted", value->flags & FAR_VALUE_GRANTED);
    if (value->size_count)
        json_string(json, "bytes", expression_text(d, value->size, value->size_count));
    if (value->select_count && value->passing == FAR_PASS_HANDLE)
        json_string(json, "release_unless", arena_format(d->arena, "%" PRId64, (int64_t)value->select->node.value));
    else if (value->select_count)
        json_string(json, "selected_by", expression_text(d, value->select, value->select_count));
    if (value->lifetime)
        json_string(json, "lifetime", lifetime_text(d, value, names));
    if (value->inside) {
        json_open(json, "each", '{');
        json_value(json, d, value->inside, names);
        json_close(json, '}');
    }
    if (!value->callback)
        return;
    const struct model_callback *callback = value->callback;
    const struct names own = {&callback->result, callback->params, NULL};
    json_open(json, "callback", '{');
    json_param(json, d, "result", &callback->result, &own);
    json_open(json, "parameters", '[');
    for (uint32_t i = 0; i < callback->param_count; i++)
        json_param(json, d, NULL, &callback->params[i], &own);
    json_close(json, ']');
    json_close(json, '}');
}

static void json_param(struct json *json, struct dumping *d, const char *name, const struct model_param *param,
                       const struct names *names)
{
    json_open(json, name, '{');
    json_string(json, "name", param->name);
    json_string(json, "description", param->description);
    json_value(json, d, &param->value, names);
    json_close(json, '}');
}

static void json_op(struct json *json, struct dumping *d, const struct model_op *op)
{
    const struct names names = {&op->result, op->params, NULL};
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
    json_bool(json, "async", op->flags & FAR_OP_ASYNC);
    json_bool(json, "queued", op->flags & FAR_OP_QUEUED);
    json_bool(json, "idempotent", op->flags & FAR_OP_IDEMPOTENT);
    json_bool(json, "absent", op->flags & FAR_OP_ABSENT);
    json_number(json, "deadline_ms", op->deadline_ms);
    json_string(json, "vouched", op->vouched);
    json_param(json, d, "result", &op->result, &names);
    json_open(json, "parameters", '[');
    for (uint32_t i = 0; i < op->param_count; i++)
        json_param(json, d, NULL, &op->params[i], &names);
    json_close(json, ']');
    json_close(json, '}');
}

static void json_cases(struct json *json, struct dumping *d, const struct model_member *member)
{
    if (member->is_default)
        json_bool(json, "default", true);
    if (!member->case_count)
        return;
    json_open(json, "cases", '[');
    for (uint32_t i = 0; i < member->case_count; i++)
        json_string(json, NULL, arena_format(d->arena, "%lld", (long long)member->cases[i]));
    json_close(json, ']');
}

static void json_member(struct json *json, struct dumping *d, const struct model_type *type,
                        const struct model_member *m)
{
    const struct member *member = m->member;
    const struct names names = {NULL, NULL, type};
    json_open(json, NULL, '{');
    json_string(json, "name", member->name);
    json_string(json, "type", d->model->types[m->type].name);
    json_number(json, "offset", member->offset);
    if (member->is_bit_field) {
        json_number(json, "bit_offset", member->bit_offset);
        json_number(json, "bit_width", member->bit_width);
    }
    json_cases(json, d, m);
    if (m->value) {
        json_open(json, "value", '{');
        json_value(json, d, m->value, &names);
        json_close(json, '}');
    }
    json_close(json, '}');
}

static void json_type(struct json *json, struct dumping *d, const struct model_type *type)
{
    json_open(json, NULL, '{');
    json_string(json, "name", type->name);
    json_string(json, "kind", far_type_kind_name(type->kind));
    if (dump_has_layout(type)) {
        json_number(json, "size", type->ref.type->size);
        json_number(json, "align", type->ref.type->align);
    }
    json_bool(json, "plain", type->plain);
    if (type->member_count)
        json_open(json, "members", '[');
    for (uint32_t i = 0; i < type->member_count; i++)
        json_member(json, d, type, &type->members[i]);
    if (type->member_count)
        json_close(json, ']');
    json_close(json, '}');
}

static void json_data(struct json *json, const struct model *model, const struct model_data *data)
{
    json_open(json, NULL, '{');
    json_string(json, "name", data->name);
    json_string(json, "type", model->types[data->type_index].name);
    json_string(json, "protocol", far_protocol_name(data->protocol));
    json_string(json, "signature", data->signature);
    json_string(json, "file", data->file);
    json_number(json, "line", data->line);
    json_hex(json, "fingerprint", data->fingerprint);
    json_close(json, '}');
}

void dump_json(struct dumping *d)
{
    const struct model *model = d->model;
    struct json json = {.out = d->out};
    json_open(&json, NULL, '{');
    json_string(&json, "service", model->service);
    json_number(&json, "major", model->major);
    json_number(&json, "minor", model->minor);
    json_hex(&json, "fingerprint", model->fingerprint);
    json_open(&json, "operations", '[');
    for (uint32_t i = 0; i < model->op_count; i++)
        json_op(&json, d, &model->ops[i]);
    json_close(&json, ']');
    json_open(&json, "types", '[');
    for (uint32_t i = 0; i < model->type_count; i++)
        json_type(&json, d, &model->types[i]);
    json_close(&json, ']');
    json_open(&json, "data", '[');
    for (uint32_t i = 0; i < model->data_count; i++)
        json_data(&json, model, &model->data[i]);
    json_close(&json, ']');
    json_close(&json, '}');
}
