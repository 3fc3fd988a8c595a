/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The interface record of a model: tables of fixed-size entries, then the strings (runtime/iface.h). */
#include "idl/model.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_BUCKETS 4096

struct text {
    uint32_t offset;
    struct text *next;
};

/* A table that grows while the model is walked; written out behind the ones before it. */
struct column {
    void *entries;
    uint32_t count;
    uint32_t room;
    size_t size; /* bytes an entry */
};

struct record {
    const struct model *model;
    struct arena *arena;
    struct column ops, params, values, callbacks, types, members, cases, exprs, data, strings;
    struct text *texts[TEXT_BUCKETS]; /* the strings so far, to share equal ones */
};

static void *append(struct record *record, struct column *column)
{
    if (column->count == column->room) {
        column->entries = arena_grow(record->arena, column->entries, column->count, column->size);
        column->room = column->count ? column->count * 2 : 8;
    }
    return (char *)column->entries + column->size * column->count++;
}

static struct text **bucket_of(struct record *record, const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return &record->texts[hash % TEXT_BUCKETS];
}

/* Strings are known by their offset plus 1 until the table's own place is known; 0 is "no string". */
static uint32_t add_string(struct record *record, const char *text)
{
    const char *bytes = record->strings.entries;
    if (!text || !*text)
        return 0;
    struct text **bucket = bucket_of(record, text);
    for (const struct text *known = *bucket; known; known = known->next)
        if (strcmp(bytes + known->offset, text) == 0)
            return known->offset + 1;
    uint32_t offset = record->strings.count;
    struct text *added = ARENA_NEW(record->arena, struct text);
    *added = (struct text){offset, *bucket};
    *bucket = added;
    for (const char *c = text;; c++) {
        *(char *)append(record, &record->strings) = *c;
        if (!*c)
            return offset + 1;
    }
}

/* Readers of a record accept ASCII identifiers only; a parameter's name serves messages, so another is left out. */
static const char *plain_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t length = name ? strspn(name, allowed) : 0;
    return length && !name[length] && length < 500 ? name : NULL;
}

static uint32_t add_exprs(struct record *record, const struct model_expr *nodes, uint32_t count)
{
    uint32_t first = count ? record->exprs.count : 0;
    for (uint32_t i = 0; i < count; i++) {
        struct far_expr node = nodes[i].node;
        node.name = add_string(record, nodes[i].name);
        *(struct far_expr *)append(record, &record->exprs) = node;
    }
    return first;
}

static uint32_t add_inside(struct record *record, const struct model_value *value);

static struct far_value value_bytes(struct record *record, const struct model_value *value)
{
    return (struct far_value){
        .type = value->type_index,
        .passing = (uint8_t)value->passing,
        .width = (uint8_t)value->width,
        .flags = (uint16_t)value->flags,
        .size_first = add_exprs(record, value->size, value->size_count),
        .size_count = value->size_count,
        .inside = add_inside(record, value),
        .select_first = add_exprs(record, value->select, value->select_count),
        .select_count = value->select_count,
        .lifetime = (uint8_t)value->lifetime,
        .lifetime_of = (uint8_t)value->lifetime_of,
    };
}

static uint32_t add_value(struct record *record, const struct model_value *value)
{
    struct far_value out = value_bytes(record, value);
    *(struct far_value *)append(record, &record->values) = out;
    return record->values.count;
}

static struct far_param param_bytes(struct record *record, const struct model_param *param)
{
    return (struct far_param){
        .name = add_string(record, plain_name(param->name)),
        .description = add_string(record, param->description),
        .value = value_bytes(record, &param->value),
    };
}

/* The entries of one function lie together, so they are made before the first of them is added. */
static uint32_t add_params(struct record *record, const struct model_param *result, const struct model_param *params,
                           uint32_t count)
{
    struct far_param *made = arena_alloc(record->arena, (count + 1) * sizeof *made);
    made[0] = param_bytes(record, result);
    for (uint32_t i = 0; i < count; i++)
        made[i + 1] = param_bytes(record, &params[i]);
    uint32_t first = record->params.count;
    for (uint32_t i = 0; i <= count; i++)
        *(struct far_param *)append(record, &record->params) = made[i];
    return first;
}

static uint32_t add_callback(struct record *record, const struct model_callback *callback)
{
    struct far_callback out = {
        .type = callback->type_index,
        .first_param = add_params(record, &callback->result, callback->params, callback->param_count),
        .param_count = callback->param_count,
    };
    *(struct far_callback *)append(record, &record->callbacks) = out;
    return record->callbacks.count;
}

static uint32_t add_inside(struct record *record, const struct model_value *value)
{
    if (value->callback)
        return add_callback(record, value->callback);
    return value->inside ? add_value(record, value->inside) : 0;
}

static void add_op(struct record *record, const struct model_op *op)
{
    struct far_op out = {
        .name = add_string(record, op->name),
        .slot = op->slot,
        .flags = op->flags,
        .first_param = add_params(record, &op->result, op->params, op->param_count),
        .param_count = op->param_count,
        .deadline_ms = op->deadline_ms,
        .fails = op->fails,
        .fingerprint = op->fingerprint,
        .signature = add_string(record, op->signature),
        .file = add_string(record, op->file),
        .line = op->line,
        .vouched = op->vouched ? add_string(record, op->vouched) : 0,
    };
    *(struct far_op *)append(record, &record->ops) = out;
}

static void add_member(struct record *record, const struct model_member *member, bool with_value)
{
    struct far_member out = {
        .name = add_string(record, member->member->name),
        .type = member->type,
        .offset = member->member->offset,
        .bit_width = (uint16_t)member->member->bit_width,
        .bit_offset = (uint16_t)member->member->bit_offset,
        .value = with_value && member->value ? add_value(record, member->value) : 0,
        .first_case = member->case_count ? record->cases.count : 0,
        .case_count = member->case_count,
        .flags = member->is_default ? FAR_MEMBER_DEFAULT : 0,
    };
    for (uint32_t i = 0; i < member->case_count; i++)
        *(int64_t *)append(record, &record->cases) = member->cases[i];
    *(struct far_member *)append(record, &record->members) = out;
}

static void add_type(struct record *record, const struct model_type *type)
{
    const struct type *c = type->ref.type;
    bool sized =
        type->kind != FAR_TYPE_VOID && type->kind != FAR_TYPE_FUNCTION && c->complete && type->view != VIEW_OPAQUE;
    bool counted = type->kind == FAR_TYPE_ARRAY || type->kind == FAR_TYPE_VECTOR;
    bool derived = counted || type->kind == FAR_TYPE_POINTER || type->kind == FAR_TYPE_COMPLEX;
    struct far_type out = {
        .name = add_string(record, type->name),
        .kind = (uint8_t)type->kind,
        .align = (uint16_t)(sized ? c->align : 1),
        .size = sized ? c->size : 0,
        .target = derived ? type->target : 0,
        .count = type->kind == FAR_TYPE_VECTOR ? c->size / c->target.type->size
                 : counted                     ? c->count
                                               : 0,
        .first_member = type->member_count ? record->members.count : 0,
        .member_count = type->member_count,
    };
    if (c->is_signed && (type->kind == FAR_TYPE_INT || type->kind == FAR_TYPE_ENUM || type->kind == FAR_TYPE_FLOAT))
        out.flags |= FAR_TYPE_SIGNED;
    if (type->kind == FAR_TYPE_POINTER && (c->target.qualifiers & QUALIFIER_CONST))
        out.flags |= FAR_TYPE_CONST;
    out.flags |= (type->plain ? FAR_TYPE_PLAIN : 0) | (c->flexible && sized ? FAR_TYPE_FLEXIBLE : 0);
    *(struct far_type *)append(record, &record->types) = out;
    for (uint32_t i = 0; i < type->member_count; i++)
        add_member(record, &type->members[i], type->crosses || type->plain);
}

static void add_data(struct record *record, const struct model_data *data)
{
    struct far_data out = {
        .name = add_string(record, data->name),
        .type = data->type_index,
        .protocol = data->protocol,
        .signature = add_string(record, data->signature),
        .file = add_string(record, data->file),
        .line = data->line,
        .fingerprint = data->fingerprint,
    };
    *(struct far_data *)append(record, &record->data) = out;
}

static struct far_table place_table(struct column *column, size_t *end)
{
    struct far_table table = {.offset = (uint32_t)*end, .count = column->count};
    *end += layout_align_up(column->size * column->count, 8);
    return table;
}

static void relocate(uint32_t *string, uint32_t base)
{
    if (*string)
        *string += base - 1;
}

/* The strings' place is known now: turn "offset plus 1" into offsets from the record's first byte. */
static void relocate_strings(struct record *record, struct far_iface *header)
{
    uint32_t base = header->strings.offset;
    relocate(&header->service, base);
    for (uint32_t i = 0; i < record->ops.count; i++) {
        struct far_op *op = (struct far_op *)record->ops.entries + i;
        relocate(&op->name, base);
        relocate(&op->signature, base);
        relocate(&op->file, base);
        relocate(&op->vouched, base);
    }
    for (uint32_t i = 0; i < record->params.count; i++) {
        relocate(&((struct far_param *)record->params.entries)[i].name, base);
        relocate(&((struct far_param *)record->params.entries)[i].description, base);
    }
    for (uint32_t i = 0; i < record->types.count; i++)
        relocate(&((struct far_type *)record->types.entries)[i].name, base);
    for (uint32_t i = 0; i < record->members.count; i++)
        relocate(&((struct far_member *)record->members.entries)[i].name, base);
    for (uint32_t i = 0; i < record->exprs.count; i++)
        relocate(&((struct far_expr *)record->exprs.entries)[i].name, base);
    for (uint32_t i = 0; i < record->data.count; i++) {
        struct far_data *data = (struct far_data *)record->data.entries + i;
        relocate(&data->name, base);
        relocate(&data->signature, base);
        relocate(&data->file, base);
    }
}

static void copy_table(char *bytes, const struct column *column, struct far_table table)
{
    if (column->count)
        memcpy(bytes + table.offset, column->entries, column->size * column->count);
}

static void *assemble(struct record *record, struct far_iface *header, size_t *size)
{
    size_t end = sizeof *header;
    header->ops = place_table(&record->ops, &end);
    header->params = place_table(&record->params, &end);
    header->values = place_table(&record->values, &end);
    header->callbacks = place_table(&record->callbacks, &end);
    header->types = place_table(&record->types, &end);
    header->members = place_table(&record->members, &end);
    header->cases = place_table(&record->cases, &end);
    header->exprs = place_table(&record->exprs, &end);
    header->data = place_table(&record->data, &end);
    header->strings = place_table(&record->strings, &end);
    header->size = (uint32_t)end;
    relocate_strings(record, header);
    char *bytes = arena_alloc(record->arena, end);
    memcpy(bytes, header, sizeof *header);
    copy_table(bytes, &record->ops, header->ops);
    copy_table(bytes, &record->params, header->params);
    copy_table(bytes, &record->values, header->values);
    copy_table(bytes, &record->callbacks, header->callbacks);
    copy_table(bytes, &record->types, header->types);
    copy_table(bytes, &record->members, header->members);
    copy_table(bytes, &record->cases, header->cases);
    copy_table(bytes, &record->exprs, header->exprs);
    copy_table(bytes, &record->data, header->data);
    copy_table(bytes, &record->strings, header->strings);
    *size = end;
    return bytes;
}

void *record_from_model(const struct model *model, struct arena *arena, size_t *size)
{
    struct record record = {
        .model = model,
        .arena = arena,
        .ops.size = sizeof(struct far_op),
        .params.size = sizeof(struct far_param),
        .values.size = sizeof(struct far_value),
        .callbacks.size = sizeof(struct far_callback),
        .types.size = sizeof(struct far_type),
        .members.size = sizeof(struct far_member),
        .cases.size = sizeof(int64_t),
        .exprs.size = sizeof(struct far_expr),
        .data.size = sizeof(struct far_data),
        .strings.size = 1,
    };
    struct far_iface header = {
        .magic = FAR_IFACE_MAGIC,
        .version = FAR_IFACE_VERSION,
        .service = add_string(&record, model->service),
        .major = model->major,
        .minor = model->minor,
        .fingerprint = model->fingerprint,
        .machine = model->machine,
        .slot_end = model->slot_end,
    };
    for (uint32_t i = 0; i < model->op_count; i++)
        add_op(&record, &model->ops[i]);
    for (uint32_t i = 0; i < model->type_count; i++)
        add_type(&record, &model->types[i]);
    for (uint32_t i = 0; i < model->data_count; i++)
        add_data(&record, &model->data[i]);
    return assemble(&record, &header, size);
}
