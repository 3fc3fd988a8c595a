/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The types that a model's operations reach: a work list, breadth first, so that its order is the order of use. */
#include "idl/model.h"

#include <string.h>

#define NAME_LIMIT 4000 /* bytes of a type's name */

struct collection {
    struct model *model;
    struct unit *unit;
    uint32_t room;
};

static enum far_type_kind kind_in_record(struct typeref ref, enum type_view view)
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
    default: /* complex, vector, typeof: bytes that nobody looks into */
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

static uint32_t find(const struct model *model, const struct model_type *wanted)
{
    for (uint32_t i = 0; i < model->type_count; i++) {
        const struct model_type *type = &model->types[i];
        if (type->kind != wanted->kind || type->view != wanted->view || strcmp(type->name, wanted->name) != 0)
            continue;
        /* Two structures without a name are spelled alike and still differ. */
        if (!unnamed(wanted->ref.type) || innermost(type->ref.type) == innermost(wanted->ref.type))
            return i;
    }
    return UINT32_MAX;
}

static struct model_type seen_as(struct arena *arena, struct typeref type, enum type_view view)
{
    struct typeref ref = unqualified(type);
    return (struct model_type){
        .ref = ref,
        .view = view == VIEW_HANDLE && ref.type->kind != TYPE_POINTER ? VIEW_OPEN : view,
        .kind = kind_in_record(ref, view),
        .name = type_spelling_resolved(arena, ref, NULL),
    };
}

static uint32_t reach(struct collection *collection, struct typeref type, enum type_view view)
{
    struct model *model = collection->model;
    struct model_type wanted = seen_as(collection->unit->arena, type, view);
    uint32_t index = find(model, &wanted);
    if (index != UINT32_MAX)
        return index;
    if (model->type_count == collection->room) {
        model->types = arena_grow(collection->unit->arena, model->types, model->type_count, sizeof *model->types);
        collection->room = model->type_count ? model->type_count * 2 : 8;
    }
    if (strlen(wanted.name) > NAME_LIMIT || strstr(wanted.name, TYPE_SPELLING_CUT))
        diag_error(collection->unit->diagnostics, type.type->place, FC_TOO_COMPLEX,
                   "a type that an operation reaches is too complicated to be named",
                   "hide it: far_handle on the parameter, far_opaque on the member");
    model->types[model->type_count] = wanted;
    return model->type_count++;
}

static void reach_members(struct collection *collection, uint32_t index)
{
    const struct type *type = collection->model->types[index].ref.type;
    uint32_t count = 0;
    for (const struct member *member = type->members; member; member = member->next)
        count++;
    struct model_member *members = arena_alloc(collection->unit->arena, (count + 1) * sizeof *members);
    count = 0;
    for (const struct member *member = type->members; member; member = member->next) {
        if (member->is_bit_field && !member->name)
            continue; /* padding; the offsets say so already */
        bool hides = (annotation_set(member->annotations) & (HAS(HANDLE) | HAS(OPAQUE))) != 0;
        uint32_t reached = reach(collection, member->type, hides ? VIEW_HANDLE : VIEW_OPEN);
        members[count++] = (struct model_member){.member = member, .type = reached};
    }
    collection->model->types[index].members = members;
    collection->model->types[index].member_count = count;
}

static void reach_parts(struct collection *collection, uint32_t index)
{
    struct model_type type = collection->model->types[index];
    if (type.kind == FAR_TYPE_POINTER || type.kind == FAR_TYPE_ARRAY) {
        enum type_view view = type.view == VIEW_HANDLE ? VIEW_OPAQUE : VIEW_OPEN;
        uint32_t target = reach(collection, type.ref.type->target, view);
        collection->model->types[index].target = target;
    } else if (type.kind == FAR_TYPE_STRUCT || type.kind == FAR_TYPE_UNION) {
        reach_members(collection, index);
    }
}

static void reach_param(struct collection *collection, struct model_param *param)
{
    enum type_view view = param->value.passing == FAR_PASS_HANDLE ? VIEW_HANDLE : VIEW_OPEN;
    param->value.type_index = reach(collection, param->value.type, view);
}

void model_collect_types(struct model *model, struct unit *unit)
{
    struct collection collection = {.model = model, .unit = unit};
    for (uint32_t i = 0; i < model->op_count; i++) {
        reach_param(&collection, &model->ops[i].result);
        for (uint32_t j = 0; j < model->ops[i].param_count; j++)
            reach_param(&collection, &model->ops[i].params[j]);
    }
    for (uint32_t i = 0; i < model->type_count; i++)
        reach_parts(&collection, i);
}
