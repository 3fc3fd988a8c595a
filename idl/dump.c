/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The model as text (for people and golden tests); as JSON: dump_json.c; values in words: dump_value.c. */
#include "idl/dump.h"

#include <inttypes.h>
#include <string.h>

#define LEVEL 4 /* columns that what a value leads to is indented by */

static void dump_param(struct dumping *d, const char *word, const struct model_param *param, const struct names *names,
                       int indent);

/* What a value leads to, below it. */
static void dump_inside(struct dumping *d, const struct model_value *value, const struct names *names, int indent)
{
    if (value->callback) {
        const struct model_callback *callback = value->callback;
        const struct names own = {&callback->result, callback->params, NULL};
        dump_param(d, "answers", &callback->result, &own, indent);
        for (uint32_t i = 0; i < callback->param_count; i++)
            dump_param(d, "is given", &callback->params[i], &own, indent);
    }
    if (!value->inside)
        return;
    fprintf(d->out, "%*seach %s", indent, "", value_text(d, value->inside, names));
    fprintf(d->out, "  (%s)\n", d->model->types[value->inside->type_index].name);
    dump_inside(d, value->inside, names, indent + LEVEL);
}

static void dump_param(struct dumping *d, const char *word, const struct model_param *param, const struct names *names,
                       int indent)
{
    fprintf(d->out, "%*s%-8s %s  `%s`\n", indent, "", word, value_text(d, &param->value, names), param->description);
    dump_inside(d, &param->value, names, indent + LEVEL);
}

/* -1 as headers say it, also where the result is a size_t. What lies further below may be a double's bits. */
static void dump_fails(FILE *out, uint64_t fails)
{
    if (0 - fails <= INT32_MAX && fails)
        fprintf(out, ", fails -%" PRIu64, 0 - fails);
    else
        fprintf(out, ", fails 0x%" PRIx64, fails);
}

static void dump_op(struct dumping *d, const struct model_op *op)
{
    FILE *out = d->out;
    const struct names names = {&op->result, op->params, NULL};
    fprintf(out, "\n%s  slot %" PRIu32 ", %s shipped", op->name, op->slot,
            op->flags & FAR_OP_DATA_SHIPPED ? "data" : "function");
    if (op->flags & FAR_OP_HAS_FAILS)
        dump_fails(out, op->fails);
    if (op->flags & FAR_OP_ONEWAY)
        fprintf(out, ", one-way");
    if (op->flags & FAR_OP_ASYNC)
        fprintf(out, ", asynchronous");
    if (op->flags & FAR_OP_QUEUED)
        fprintf(out, ", queued");
    if (op->flags & FAR_OP_IDEMPOTENT)
        fprintf(out, ", idempotent");
    if (op->flags & FAR_OP_ABSENT)
        fprintf(out, ", absent");
    if (op->deadline_ms)
        fprintf(out, ", deadline %" PRIu32 " ms", op->deadline_ms);
    if (op->vouched)
        fprintf(out, ", vouches for %s", op->vouched);
    fprintf(out, "\n    %s:%" PRIu32 ": %s\n", op->file, op->line, op->signature);
    dump_param(d, "returns", &op->result, &names, LEVEL);
    for (uint32_t i = 0; i < op->param_count; i++)
        dump_param(d, "takes", &op->params[i], &names, LEVEL);
}

/* The type's name; one without a name says where it was written, or all of them would look alike. */
static const char *type_title(struct dumping *d, const struct model_type *type)
{
    const struct type *inner = type->ref.type;
    while (inner->kind == TYPE_POINTER || inner->kind == TYPE_ARRAY)
        inner = inner->target.type;
    const char *unnamed = strstr(type->name, "<unnamed>"), *end = unnamed ? strchr(unnamed, '>') : NULL;
    if (!unnamed || !inner->place.file)
        return type->name;
    const char *slash = strrchr(inner->place.file, '/');
    return arena_format(d->arena, "%.*s at %s:%" PRIu32 "%s", (int)(end - type->name), type->name,
                        slash ? slash + 1 : inner->place.file, inner->place.line, end);
}

/* Structures whose members somebody described: how those cross. */
static void dump_described(struct dumping *d, const struct model_type *type)
{
    bool described = false;
    for (uint32_t i = 0; i < type->member_count; i++)
        described |= type->members[i].value != NULL;
    if (!described)
        return;
    fprintf(d->out, "\n%s%s\n", type_title(d, type), type->plain ? ", plain" : "");
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct model_member *member = &type->members[i];
        const struct names names = {NULL, NULL, type};
        const char *text = member->value                         ? value_text(d, member->value, &names)
                           : d->model->types[member->type].plain ? "plain"
                                                                 : "not described";
        fprintf(d->out, "    %-8s %s", member->member->name ? member->member->name : "-", text);
        fprintf(d->out, "%s  (%s)\n", cases_text(d, member), type_title(d, &d->model->types[member->type]));
        if (member->value)
            dump_inside(d, member->value, &names, 2 * LEVEL);
    }
}

static void dump_operations(struct dumping *d)
{
    const struct model *model = d->model;
    fprintf(d->out, "service %s %u.%u, %" PRIu32 " operations, %" PRIu32 " types\n", model->service, model->major,
            model->minor, model->op_count, model->type_count);
    for (uint32_t i = 0; i < model->op_count; i++)
        dump_op(d, &model->ops[i]);
    for (uint32_t i = 0; i < model->type_count; i++)
        dump_described(d, &model->types[i]);
    for (uint32_t i = 0; i < model->data_count; i++)
        fprintf(d->out, "\n%s  shared, %s\n    %s:%" PRIu32 ": %s\n", model->data[i].name,
                far_protocol_name(model->data[i].protocol), model->data[i].file, model->data[i].line,
                model->data[i].signature);
}

bool dump_has_layout(const struct model_type *type)
{
    return type->kind != FAR_TYPE_VOID && type->kind != FAR_TYPE_FUNCTION && type->view != VIEW_OPAQUE &&
           type->ref.type->complete;
}

static void dump_member(struct dumping *d, const struct model_member *member)
{
    const struct member *m = member->member;
    FILE *out = d->out;
    fprintf(out, "    %6" PRIu64, m->offset);
    if (m->is_bit_field)
        fprintf(out, " bits %" PRIu32 "-%" PRIu32, m->bit_offset, m->bit_offset + m->bit_width - 1);
    fprintf(out, "  %s  (%s)\n", m->name ? m->name : "<anonymous>", type_title(d, &d->model->types[member->type]));
}

/* "struct" or "int" is part of how C spells the type already. */
static bool says_kind(const struct model_type *type)
{
    const char *kind = far_type_kind_name(type->kind);
    return strncmp(type->name, kind, strlen(kind)) == 0;
}

static void dump_types(struct dumping *d)
{
    const struct model *model = d->model;
    FILE *out = d->out;
    for (uint32_t i = 0; i < model->type_count; i++) {
        const struct model_type *type = &model->types[i];
        fprintf(out, "%s%s%s", says_kind(type) ? "" : far_type_kind_name(type->kind), says_kind(type) ? "" : " ",
                type_title(d, type));
        if (type->view == VIEW_HANDLE)
            fprintf(out, " (not followed)");
        if (dump_has_layout(type))
            fprintf(out, ": size %" PRIu64 ", align %" PRIu32, type->ref.type->size, type->ref.type->align);
        fputc('\n', out);
        for (uint32_t j = 0; j < type->member_count; j++)
            dump_member(d, &type->members[j]);
    }
}

void dump_model(const struct model *model, struct arena *arena, enum dump what, FILE *out)
{
    struct dumping dumping = {.model = model, .arena = arena, .out = out};
    if (what == DUMP_MODEL)
        dump_operations(&dumping);
    else if (what == DUMP_LAYOUT)
        dump_types(&dumping);
    else if (what == DUMP_JSON)
        dump_json(&dumping);
}
