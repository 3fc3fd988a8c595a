/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * All that an operation reaches, looked over for pointers that nobody described. What a member must say depends on the
 * way: below far_deep, pointers to structures describe themselves; what lies in memory that only comes out was put
 * there by the service, which must say how long it stays.
 */
#include "idl/check.h"

#include <inttypes.h>
#include <string.h>

struct crossing {
    struct checking *checking;
    const struct declaration *declaration;
    const struct model_param *param; /* where the way begins */
    struct visit *visits;            /* structures to be looked at: how far they lead is the header's choice */
    bool complete;
};

/* The way to a value. */
struct way {
    unsigned holder; /* FAR_VALUE_IN | OUT of the bytes around it */
    bool lives;      /* something around it has a lifetime */
    bool deep;       /* something around it is far_deep */
    bool called;     /* it is a callback's */
    const char *path;
};

struct visit {
    struct structure *structure;
    struct way way;
    struct visit *next;
};

static struct diagnostic *crossing_error(struct crossing *crossing, const struct way *way, struct subject *s,
                                         enum fc_number number, const char *message, const char *advice)
{
    s->name = way->path;
    s->owner = crossing->declaration->name;
    crossing->complete = false;
    struct diagnostic *said = subject_error(s, number, s->place, message, advice);
    struct arena *arena = s->unit->arena;
    if (s->place.offset != crossing->param->place.offset)
        diag_note(s->unit->diagnostics, said, crossing->param->place,
                  arena_format(arena, "it is reached from here: `%s`", crossing->param->description));
    return said;
}

static void visit_value(struct crossing *crossing, struct way way, const struct model_value *value, struct subject *at);

/* --- structures --- */

static struct subject member_subject(const struct crossing *crossing, const struct structure *structure,
                                     const struct model_member *member, struct scope *scope)
{
    struct subject s = {
        .checking = crossing->checking,
        .unit = crossing->checking->unit,
        .scope = scope,
        .member = member->member,
        .where = ON_MEMBER,
        .words = ON_MEMBER,
        .place = member->member->place,
        .type = member->member->type,
        .annotations = level_annotations(member->member->annotations, member->member->type),
    };
    *scope = (struct scope){.checking = crossing->checking, .structure = structure->type};
    s.set = annotation_set(s.annotations);
    return s;
}

static void undescribed_member(struct crossing *crossing, const struct way *way, struct subject *s)
{
    const struct type *type = s->type.type;
    while (type->kind == TYPE_ARRAY)
        type = type->target.type;
    if (type->kind == TYPE_UNKNOWN)
        (void)crossing_error(crossing, way, s, FC_TYPE_NOT_CARRIED,
                             "{what} of {op} has type {type}, which no gate carries",
                             "do not pass structures that hold it");
    else if (type->kind == TYPE_POINTER && type->target.type->kind == TYPE_FUNCTION)
        (void)crossing_error(crossing, way, s, FC_CALLBACK,
                             "{what} of {op} points to a function, and nothing says who calls it",
                             "write far_callback after its star if the service calls it, and "
                             "describe its parameters in "
                             "it; far_opaque if the other side never calls it{describes}");
    else
        (void)crossing_error(crossing, way, s, FC_UNDESCRIBED_MEMBER, "pointer {what} of {op} is not described",
                             "{suggest}{describes}");
}

/* A way too long to be read begins with what can be. */
#define PATH_LIMIT 400

static const char *member_path(struct arena *arena, const struct way *way, const struct member *member)
{
    if (strlen(way->path) > PATH_LIMIT && member->name)
        return arena_format(arena, "%.*s → … → member '%s'", PATH_LIMIT / 2, way->path, member->name);
    return member->name ? arena_format(arena, "%s → member '%s'", way->path, member->name) : way->path;
}

static void visit_member(struct crossing *crossing, struct way way, const struct structure *structure,
                         const struct model_member *member)
{
    struct scope scope;
    if (member->wrong) {
        crossing->complete = false;
        return;
    }
    struct subject s = member_subject(crossing, structure, member, &scope);
    way.path = member_path(s.unit->arena, &way, member->member);
    if (member->value)
        visit_value(crossing, way, member->value, &s);
    else if (!type_is_plain(s.type, s.annotations))
        undescribed_member(crossing, &way, &s);
    else
        return;
    bool in_union = structure->type->kind == TYPE_UNION;
    if (in_union && structure->has_cases && !member->case_count && !member->is_default)
        (void)crossing_error(crossing, &way, &s, FC_SELECTOR, "{what} of {op} is in a union, and no case selects it",
                             "write far_case(value) or far_default at it{describes}");
}

static void visit_structure(struct crossing *crossing, struct way way, const struct type *type)
{
    struct structure *structure = structure_described(crossing->checking, type, NULL);
    unsigned state = 1u << ((way.holder & 3) | (way.lives ? 4 : 0) | (way.deep ? 8 : 0) | (way.called ? 16 : 0));
    if (structure->visited & state)
        return;
    structure->visited |= state;
    struct visit *visit = ARENA_NEW(crossing->checking->unit->arena, struct visit);
    *visit = (struct visit){structure, way, crossing->visits};
    crossing->visits = visit;
}

static void visit_all(struct crossing *crossing)
{
    while (crossing->visits) {
        const struct visit *visit = crossing->visits;
        const struct structure *structure = visit->structure;
        crossing->visits = visit->next;
        for (uint32_t i = 0; i < structure->count; i++)
            visit_member(crossing, visit->way, structure, &structure->members[i]);
    }
}

/* What one operand can be: [least, most]. False of a computed selector, about which nothing is known. */
static bool selector_range(const struct model_value *value, int64_t *least, int64_t *most)
{
    const struct far_expr *node = &value->select->node;
    if (value->select_count != 1 || node->code == FAR_EXPR_CONST || !node->width || node->width > 8)
        return false;
    unsigned spare = 64 - node->width * 8;
    bool is_signed = node->flags & FAR_EXPR_SIGNED;
    *least = is_signed ? INT64_MIN >> spare : 0;
    *most = is_signed || !spare ? INT64_MAX >> (is_signed ? spare : 0) : (int64_t)(UINT64_MAX >> spare);
    return true;
}

/* C's switch would convert such a case; here it would only never be met. */
static void check_cases(struct crossing *crossing, const struct way *way, const struct model_value *value,
                        struct subject *at)
{
    const struct structure *structure = structure_described(crossing->checking, value->type.type, NULL);
    int64_t least = 0, most = 0;
    if (!selector_range(value, &least, &most))
        return;
    for (uint32_t i = 0; i < structure->count; i++) {
        const struct model_member *member = &structure->members[i];
        for (uint32_t k = 0; k < member->case_count; k++) {
            if (member->cases[k] >= least && member->cases[k] <= most)
                continue;
            at->detail = arena_format(crossing->checking->unit->arena, "%" PRId64, member->cases[k]);
            (void)crossing_error(crossing, way, at, FC_SELECTOR,
                                 "the selector of {what} of {op} is never {detail}, which a far_case names",
                                 "name the value as the selector's type has it, or let the selector have another type");
            return;
        }
    }
}

static void visit_union(struct crossing *crossing, const struct way *way, const struct model_value *value,
                        struct subject *at)
{
    if (value->select_count)
        check_cases(crossing, way, value, at);
    bool selected = value->select_count || (at->set & HAS(SELECTED_BY));
    if (!selected && !type_is_plain(value->type, NULL))
        (void)crossing_error(crossing, way, at, FC_UNION_WITHOUT_SELECTOR,
                             "{what} of {op} is a union with pointers in it, and "
                             "nothing says which member is in use",
                             "write far_selected_by(kind) where the union is, and "
                             "far_case(value) at its members{describes}");
}

/* --- values --- */

static void visit_inside(struct crossing *crossing, struct way way, const struct model_value *value, struct subject *at)
{
    const struct model_value *inside = value->inside;
    if (!inside)
        return;
    if (inside->what && inside->passing != FAR_PASS_STRUCT)
        way.path = arena_format(crossing->checking->unit->arena, "%s → %s", way.path, inside->what);
    visit_value(crossing, way, inside, at);
}

/* The way of a pointer's target. A const member of what only comes out comes out too. */
static unsigned way_of_target(const struct way *way, const struct model_value *value)
{
    unsigned own = value->flags & (FAR_VALUE_IN | FAR_VALUE_OUT);
    return own && !(way->holder == FAR_VALUE_OUT && way->lives) ? own : way->holder;
}

/* Nobody waits for what it would fill in. */
static bool is_oneway(const struct crossing *crossing)
{
    return (annotation_set(crossing->declaration->annotations) & HAS(ONEWAY)) != 0;
}

static void visit_pointer(struct crossing *crossing, struct way way, const struct model_value *value,
                          struct subject *at)
{
    if ((value->flags & FAR_VALUE_DEEP_ONLY) && !way.deep) {
        undescribed_member(crossing, &way, at);
        return;
    }
    way.lives |= value->lifetime != FAR_LIFETIME_NONE && !(value->flags & FAR_VALUE_IN);
    if (way.holder == FAR_VALUE_OUT && !way.lives) {
        (void)crossing_error(crossing, &way, at, FC_LIFETIME_MISSING,
                             "{what} of {op} comes out, and nothing says how long "
                             "what it points to stays valid",
                             "write far_lifetime(call), far_lifetime(service), "
                             "far_lifetime(released), or "
                             "far_lifetime(parameter) after its star{describes}");
        return;
    }
    way.holder = way_of_target(&way, value);
    if ((way.holder & FAR_VALUE_OUT) && !way.called && is_oneway(crossing))
        (void)crossing_error(crossing, &way, at, FC_ONEWAY_ANSWERS, "{op} is far_oneway, but {what} comes back",
                             "let it go in only: far_in, or const{describes}");
    way.deep |= (value->flags & FAR_VALUE_DEEP) != 0;
    visit_inside(crossing, way, value, at);
}

static void visit_callback(struct crossing *crossing, struct way way, const struct model_value *value,
                           struct subject *at)
{
    const struct model_callback *callback = value->callback;
    const char *path = way.path;
    struct arena *arena = crossing->checking->unit->arena;
    for (uint32_t i = 0; i < callback->param_count; i++) {
        const struct model_param *param = &callback->params[i];
        way = (struct way){.holder = FAR_VALUE_IN, .called = true};
        way.path = param->name ? arena_format(arena, "%s → its parameter '%s'", path, param->name)
                               : arena_format(arena, "%s → its parameter %u", path, i + 1);
        visit_value(crossing, way, &param->value, at);
    }
    way = (struct way){.holder = FAR_VALUE_OUT, .called = true, .path = arena_format(arena, "%s → its result", path)};
    visit_value(crossing, way, &callback->result.value, at);
}

static void visit_value(struct crossing *crossing, struct way way, const struct model_value *value, struct subject *at)
{
    switch (value->passing) {
    case FAR_PASS_BUFFER:
    case FAR_PASS_STRING:
        visit_pointer(crossing, way, value, at);
        return;
    case FAR_PASS_CALLBACK:
        visit_callback(crossing, way, value, at);
        return;
    case FAR_PASS_ARRAY:
        visit_inside(crossing, way, value, at);
        return;
    case FAR_PASS_STRUCT:
        if (value->type.type->kind == TYPE_UNION)
            visit_union(crossing, &way, value, at);
        visit_structure(crossing, way, value->type.type);
        return;
    default:
        return;
    }
}

static void visit_param(struct crossing *crossing, const struct model_param *param, const struct parameter *written,
                        unsigned holder, const char *path)
{
    struct subject s = {
        .checking = crossing->checking,
        .unit = crossing->checking->unit,
        .declaration = crossing->declaration,
        .function = crossing->declaration->type.type,
        .param = written,
        .where = written ? ON_PARAMETER : ON_RESULT,
        .place = param->place,
        .type = param->value.type,
        .annotations = written ? level_annotations(written->annotations, written->type) : NULL,
    };
    s.set = annotation_set(s.annotations);
    crossing->param = param;
    visit_value(crossing, (struct way){.holder = holder, .path = path}, &param->value, &s);
    visit_all(crossing);
}

bool crossing_complete(struct checking *checking, const struct declaration *declaration, const struct model_op *op)
{
    struct crossing crossing = {.checking = checking, .declaration = declaration, .complete = true};
    struct arena *arena = checking->unit->arena;
    const struct parameter *written = declaration->type.type->params;
    visit_param(&crossing, &op->result, NULL, FAR_VALUE_OUT, "the result");
    for (uint32_t i = 0; i < op->param_count; i++, written = written->next)
        visit_param(&crossing, &op->params[i], written, FAR_VALUE_IN,
                    written->name ? arena_format(arena, "parameter '%s'", written->name)
                                  : arena_format(arena, "parameter %u", i + 1));
    return crossing.complete;
}
