/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The types that a model's operations reach: a work list, breadth first, so that its order is the order of use. */
#include "idl/check.h"

#include <string.h>

#define NAME_LIMIT        4000  /* bytes of a type's name */
#define RECORD_ALIGN_MOST 32768 /* bytes: a power of two in 16 bits */
#define TYPE_BUCKETS      4096

struct collection {
    struct model *model;
    struct checking *checking;
    struct unit *unit;
    uint32_t room;
    uint32_t *next; /* by type: the next one of the same bucket, plus 1 */
    uint32_t buckets[TYPE_BUCKETS];
};

static enum far_type_kind kind_in_record(struct typeref ref, uint32_t view)
{
    if (view == VIEW_OPAQUE)
        return FAR_TYPE_OPAQUE;
    switch (ref.type->kind) {
    case TYPE_VOID:
        return FAR_TYPE_VOID;
    case TYPE_BOOL:
        return FAR_TYPE_BOOL;
    case TYPE_INT:
        return FAR_TYPE_INT;
    case TYPE_FLOAT:
        return FAR_TYPE_FLOAT;
    case TYPE_ENUM:
        return ref.type->complete ? FAR_TYPE_ENUM : FAR_TYPE_OPAQUE;
    case TYPE_POINTER:
        return FAR_TYPE_POINTER;
    case TYPE_ARRAY:
        return FAR_TYPE_ARRAY;
    case TYPE_STRUCT:
        return ref.type->complete ? FAR_TYPE_STRUCT : FAR_TYPE_OPAQUE;
    case TYPE_UNION:
        return ref.type->complete ? FAR_TYPE_UNION : FAR_TYPE_OPAQUE;
    case TYPE_FUNCTION:
        return FAR_TYPE_FUNCTION;
    case TYPE_COMPLEX:
        return FAR_TYPE_COMPLEX;
    case TYPE_VECTOR:
        return FAR_TYPE_VECTOR;
    case TYPE_UNKNOWN:
        if (type_is_plain(ref, NULL)) /* _BitInt */
            return FAR_TYPE_INT;
        return FAR_TYPE_OPAQUE;
    default: /* typeof: bytes that nobody looks into */
        return FAR_TYPE_OPAQUE;
    }
}

/* What qualifies the type itself says nothing about its layout; what it points to keeps its qualifiers. */
static struct typeref unqualified(struct typeref ref)
{
    ref.qualifiers = 0;
    ref.alias = NULL;
    return ref;
}

static bool unnamed(const struct type *type)
{
    while (type->kind == TYPE_POINTER || type->kind == TYPE_ARRAY)
        type = type->target.type;
    bool tagged = type->kind == TYPE_STRUCT || type->kind == TYPE_UNION || type->kind == TYPE_ENUM;
    return tagged && !type->name && !type->typedef_name;
}

static const struct type *innermost(const struct type *type)
{
    while (type->kind == TYPE_POINTER || type->kind == TYPE_ARRAY)
        type = type->target.type;
    return type;
}

static uint32_t *bucket_of(struct collection *collection, const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return &collection->buckets[hash % TYPE_BUCKETS];
}

static uint32_t find(struct collection *collection, const struct model_type *wanted)
{
    for (uint32_t at = *bucket_of(collection, wanted->name); at; at = collection->next[at - 1]) {
        const struct model_type *type = &collection->model->types[at - 1];
        if (type->kind != wanted->kind || type->view != wanted->view || strcmp(type->name, wanted->name) != 0)
            continue;
        /* Two structures without a name are spelled alike and still differ. */
        if (!unnamed(wanted->ref.type) || innermost(type->ref.type) == innermost(wanted->ref.type))
            return at - 1;
    }
    return UINT32_MAX;
}

static struct model_type seen_as(struct arena *arena, struct typeref type, uint32_t view)
{
    struct typeref ref = unqualified(type);
    return (struct model_type){
        .ref = ref,
        .view = view,
        .kind = kind_in_record(ref, view),
        .name = type_spelling_resolved(arena, ref, NULL),
    };
}

/* An array is as its elements are, which are reached, too. */
static bool is_aligned_too_much(const struct model_type *type)
{
    const struct type *c = type->ref.type;
    return type->view != VIEW_OPAQUE && type->kind != FAR_TYPE_ARRAY && c->complete && c->align > RECORD_ALIGN_MOST;
}

static uint32_t reach(struct collection *collection, struct typeref type, uint32_t view)
{
    struct model *model = collection->model;
    struct model_type wanted = seen_as(collection->unit->arena, type, view);
    uint32_t index = find(collection, &wanted);
    if (index != UINT32_MAX)
        return index;
    if (model->type_count == collection->room) {
        model->types = arena_grow(collection->unit->arena, model->types, model->type_count, sizeof *model->types);
        collection->next =
            arena_grow(collection->unit->arena, collection->next, model->type_count, sizeof *collection->next);
        collection->room = model->type_count ? model->type_count * 2 : 8;
    }
    if (strlen(wanted.name) > NAME_LIMIT || strstr(wanted.name, TYPE_SPELLING_CUT))
        diag_error(collection->unit->diagnostics, type.type->place, FC_TOO_COMPLEX,
                   "a type that an operation reaches is too complicated to be named",
                   "hide it: far_handle on the parameter, far_opaque on the member");
    if (is_aligned_too_much(&wanted))
        diag_error(collection->unit->diagnostics, type.type->place, FC_BAD_CONSTANT,
                   "a type that an operation reaches is aligned to more than 32768 bytes",
                   "hide it: far_handle on the parameter, far_opaque on the member");
    uint32_t *bucket = bucket_of(collection, wanted.name);
    collection->next[model->type_count] = *bucket;
    model->types[model->type_count] = wanted;
    *bucket = ++model->type_count;
    return model->type_count - 1;
}

/* How a value's type is seen: at the end of the steps that lead to it there may be a pointer that nobody follows. */
static uint32_t view_of(const struct model_value *value)
{
    if (!value)
        return VIEW_OPEN;
    if (value->passing == FAR_PASS_HANDLE || value->passing == FAR_PASS_OPAQUE || value->passing == FAR_PASS_WITHHELD)
        return value->type.type->kind == TYPE_POINTER ? VIEW_HANDLE : VIEW_OPEN;
    uint32_t inside = view_of(value->inside);
    return inside == VIEW_OPEN ? VIEW_OPEN : inside + 1;
}

static void reach_param(struct collection *collection, struct model_param *param);

static void reach_value(struct collection *collection, struct model_value *value)
{
    value->type_index = reach(collection, value->type, view_of(value));
    if (value->inside)
        reach_value(collection, value->inside);
    if (!value->callback)
        return;
    struct model_callback *callback = value->callback;
    callback->type_index = reach(collection, callback->type, VIEW_OPEN);
    reach_param(collection, &callback->result);
    for (uint32_t i = 0; i < callback->param_count; i++)
        reach_param(collection, &callback->params[i]);
}

static void reach_param(struct collection *collection, struct model_param *param)
{
    reach_value(collection, &param->value);
}

static void reach_members(struct collection *collection, uint32_t index)
{
    const struct type *type = collection->model->types[index].ref.type;
    const struct structure *structure = structure_described(collection->checking, type, NULL);
    for (uint32_t i = 0; i < structure->count; i++) {
        struct model_member *member = &structure->members[i];
        if (member->value)
            reach_value(collection, member->value);
        member->type = member->value ? member->value->type_index : reach(collection, member->member->type, VIEW_OPEN);
    }
    collection->model->types[index].members = structure->members;
    collection->model->types[index].member_count = structure->count;
    collection->model->types[index].crosses = structure->visited != 0;
}

/* The numbers that a complex one is made of. */
static struct typeref complex_part(struct unit *unit, const struct type *type)
{
    static const enum basic_type parts[] = {BASIC_HALF, BASIC_FLOAT, BASIC_DOUBLE, BASIC_LDOUBLE};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (unit_basic(unit, parts[i])->size * 2 == type->size)
            return (struct typeref){.type = unit_basic(unit, parts[i])};
    return (struct typeref){.type = unit_basic(unit, BASIC_DOUBLE)};
}

static void reach_parts(struct collection *collection, uint32_t index)
{
    const struct model_type type = collection->model->types[index];
    struct typeref part = type.ref.type->target;
    uint32_t view = VIEW_OPEN;
    switch (type.kind) {
    case FAR_TYPE_STRUCT:
    case FAR_TYPE_UNION:
        reach_members(collection, index);
        return;
    case FAR_TYPE_POINTER:
    case FAR_TYPE_ARRAY:
        view = type.view == VIEW_OPEN ? VIEW_OPEN : type.view == VIEW_HANDLE ? VIEW_OPAQUE : type.view - 1;
        break;
    case FAR_TYPE_COMPLEX:
        part = part.type ? part : complex_part(collection->unit, type.ref.type);
        break;
    case FAR_TYPE_VECTOR:
        break;
    default:
        return;
    }
    uint32_t target = reach(collection, part, view);
    collection->model->types[index].target = target;
}

/* Of a type by itself: that a pointer is far_opaque is said where it is used. */
static bool is_plain(const struct model_type *type)
{
    const struct type *element = type->ref.type;
    while (element->kind == TYPE_ARRAY)
        element = element->target.type;
    bool bytes = type->kind != FAR_TYPE_OPAQUE && element->kind != TYPE_POINTER && element->kind != TYPE_FUNCTION;
    return bytes && type_is_plain(type->ref, NULL);
}

void model_collect_types(struct model *model, struct checking *checking)
{
    struct collection collection = {.model = model, .checking = checking, .unit = checking->unit};
    for (uint32_t i = 0; i < model->op_count; i++) {
        reach_param(&collection, &model->ops[i].result);
        for (uint32_t j = 0; j < model->ops[i].param_count; j++)
            reach_param(&collection, &model->ops[i].params[j]);
    }
    for (uint32_t i = 0; i < model->data_count; i++)
        model->data[i].type_index = reach(&collection, model->data[i].type, VIEW_OPEN);
    for (uint32_t i = 0; i < model->type_count; i++)
        reach_parts(&collection, i);
    for (uint32_t i = 0; i < model->type_count; i++)
        model->types[i].plain = is_plain(&model->types[i]);
}
