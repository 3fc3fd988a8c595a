/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The members of a structure or union as values. A structure is described once, whoever reaches it: what its members
 * say depends on nothing outside. A member that is not plain and that nobody described has no value; crossing.c decides
 * whether that matters.
 */
#include "idl/check.h"

#include <stdlib.h>
#include <string.h>

/* --- plain types --- */

static bool members_are_plain(const struct type *type)
{
    for (const struct member *member = type->members; member; member = member->next)
        if (!type_is_plain(member->type, level_annotations(member->annotations, member->type)))
            return false;
    return true;
}

bool type_is_plain(struct typeref ref, const struct annotation *own)
{
    const struct type *type = ref.type;
    const struct annotation *words = level_annotations(own, ref);
    switch (type->kind) {
    case TYPE_POINTER:
        return (annotation_set(words) & HAS(OPAQUE)) != 0;
    case TYPE_ARRAY:
        return type_is_plain(type->target, annotation_set(own) & HAS(FD) ? own : NULL);
    case TYPE_STRUCT:
    case TYPE_UNION:
        if (!type->complete)
            return false;
        if (!type->plain)
            ref.type->plain = members_are_plain(type) ? 1 : -1;
        return type->plain > 0;
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_ENUM:
        return type->complete && !(annotation_set(words) & HAS(FD));
    case TYPE_FLOAT:
    case TYPE_COMPLEX:
    case TYPE_VECTOR:
        return true;
    case TYPE_UNKNOWN:
        return type->complete && type->bit_width;
    default:
        return false;
    }
}

/* --- cases of unions --- */

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/* The arguments of far_case, evaluated. False if one is no constant. */
static bool read_cases(struct subject *s, const struct annotation *annotation, struct model_member *out)
{
    const char *call = arena_format(s->unit->arena, "far_case(%s)", annotation->argument);
    const struct expr *expr = unit_parse_expression(s->unit, call, annotation->place, NULL);
    const struct expr *first = expr && expr->kind == EXPR_CALL ? expr->right : NULL;
    uint32_t count = 0;
    for (const struct expr *e = first; e; e = e->next)
        count++;
    int64_t *cases = arena_alloc(s->unit->arena, (count + 1) * sizeof *cases);
    for (const struct expr *e = first; e; e = e->next) {
        struct constant c = constant_evaluate(s->unit, e);
        if (!c.known || c.is_real || (!c.is_signed && c.value > INT64_MAX)) {
            subject_error(s, FC_CASE_NOT_CONSTANT, annotation->place,
                          "what far_case of {what} of {op} names is not an integer constant",
                          "name the selector's values: far_case(KIND_TEXT), far_case(1, 2)");
            return false;
        }
        cases[out->case_count++] = (int64_t)c.value;
    }
    qsort(cases, out->case_count, sizeof *cases, by_value);
    out->cases = cases;
    return expr != NULL;
}

static bool case_is_taken(const struct model_member *member, int64_t value)
{
    for (uint32_t i = 0; i < member->case_count; i++)
        if (member->cases[i] == value)
            return true;
    return false;
}

static void check_distinct(struct subject *s, const struct structure *structure, const struct model_member *member)
{
    const struct annotation *place =
        annotation_find(s->annotations, member->is_default ? ANNOTATION_DEFAULT : ANNOTATION_CASE);
    for (uint32_t i = 0; i + 1 < member->case_count; i++)
        if (member->cases[i] == member->cases[i + 1]) {
            subject_error(s, FC_CASE_TWICE, place->place, "far_case of {what} of {op} names the same value twice",
                          "keep one of them");
            return;
        }
    for (const struct model_member *other = structure->members; other < member; other++) {
        bool both_default = other->is_default && member->is_default;
        bool shared = false;
        for (uint32_t i = 0; i < member->case_count; i++)
            shared |= case_is_taken(other, member->cases[i]);
        if (!both_default && !shared)
            continue;
        s->detail = other->member->name ? other->member->name : "an anonymous one";
        subject_error(s, FC_CASE_TWICE, place->place,
                      both_default ? "two members of {op} are far_default: {what} and '{detail}'"
                                   : "the same far_case selects two members of {op}: {what} and "
                                     "'{detail}'",
                      "a selector's value selects one member");
        return;
    }
}

static void describe_cases(struct subject *s, struct structure *structure, struct model_member *out)
{
    const struct annotation *words = annotation_find(s->annotations, ANNOTATION_CASE);
    out->is_default = (s->set & HAS(DEFAULT)) != 0;
    if (words)
        out->wrong = !read_cases(s, words, out);
    structure->has_cases |= out->is_default || words;
    if (words || out->is_default)
        check_distinct(s, structure, out);
}

/* --- members --- */

static const char *member_name(struct arena *arena, const struct member *member)
{
    return member->name ? arena_format(arena, "member '%s'", member->name) : "an anonymous member";
}

/* Followed below far_deep: one object of a complete type, about which no word says what it is. */
static bool is_deep_only(const struct subject *s)
{
    const struct type *type = s->type.type;
    uint64_t says_nothing = HAS(NULLABLE) | HAS(CASE) | HAS(DEFAULT);
    return type->kind == TYPE_POINTER && !(s->set & ~says_nothing) && is_structure_type(type->target.type) &&
           type->target.type->complete && !type->target.type->flexible;
}

static bool is_undescribed(const struct subject *s)
{
    const struct type *type = s->type.type;
    if (type->kind == TYPE_POINTER)
        return !(s->set & (SET_EXTENTS | SET_DIRECTIONS | HAS(DEEP) | HAS(LIFETIME)));
    if (type->kind != TYPE_ARRAY)
        return type->kind == TYPE_UNKNOWN;
    const struct type *element = type;
    while (element->kind == TYPE_ARRAY)
        element = element->target.type;
    bool silent = element->kind == TYPE_POINTER && !element->annotations;
    return silent || element->kind == TYPE_UNKNOWN;
}

static bool needs_value(const struct subject *s)
{
    uint64_t of_unions = s->scope->structure->kind == TYPE_UNION ? HAS(CASE) | HAS(DEFAULT) : 0;
    if (s->set & ~of_unions) /* right or wrong: that is looked at there */
        return true;
    if (s->type.type->kind == TYPE_ARRAY && s->type.type->target.type->annotations)
        return true;
    return !type_is_plain(s->type, s->annotations);
}

static void describe_deep_only(struct subject *s)
{
    const struct typeref target = s->type.type->target;
    struct model_value *value = s->value = ARENA_NEW(s->unit->arena, struct model_value);
    *value = (struct model_value){.type = s->type, .passing = FAR_PASS_BUFFER, .width = 8, .size_count = 1};
    value->flags = FAR_VALUE_DEEP_ONLY | FAR_VALUE_OPTIONAL;
    value->size = ARENA_NEW(s->unit->arena, struct model_expr);
    value->size->node = (struct far_expr){.code = FAR_EXPR_CONST, .value = target.type->size};
    if (type_is_plain(target, NULL))
        return;
    value->inside = ARENA_NEW(s->unit->arena, struct model_value);
    *value->inside = (struct model_value){.type = target, .passing = FAR_PASS_STRUCT};
}

static void describe_value(struct subject *s, struct model_member *out)
{
    if (is_deep_only(s)) {
        describe_deep_only(s);
        out->value = s->value;
    } else if (!is_undescribed(s) && needs_value(s)) {
        s->value = ARENA_NEW(s->unit->arena, struct model_value);
        out->wrong |= !value_describe(s);
        out->value = out->wrong ? NULL : s->value;
    }
}

/* --- structures without a name, which may read the one around them --- */

static bool has_no_name(const struct type *type)
{
    return is_structure_type(type) && !type->name && !type->typedef_name;
}

static uint32_t greater(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t reach_of_nodes(const struct model_expr *nodes, uint32_t count)
{
    uint32_t reach = 0;
    for (uint32_t i = 0; i < count; i++)
        if (nodes[i].node.code == FAR_EXPR_MEMBER)
            reach = greater(reach, nodes[i].node.index);
    return reach;
}

/* How many structures further out the expressions of a structure's values read. */
static uint32_t reach_of(struct checking *checking, const struct structure *structure)
{
    uint32_t reach = 0;
    for (uint32_t i = 0; i < structure->count; i++) {
        const struct type *inner = structure->members[i].member->type.type;
        for (const struct model_value *value = structure->members[i].value; value; value = value->inside) {
            reach = greater(reach, reach_of_nodes(value->size, value->size_count));
            reach = greater(reach, reach_of_nodes(value->select, value->select_count));
        }
        while (inner->kind == TYPE_ARRAY)
            inner = inner->target.type;
        uint32_t nested = has_no_name(inner) ? structure_described(checking, inner, NULL)->reach : 0;
        reach = greater(reach, nested ? nested - 1 : 0);
    }
    return reach;
}

/* typeof may have it stand in two structures; what it reads lies in one of them only. */
static void describe_nameless(struct subject *s, const struct type *type)
{
    const struct structure *structure = structure_described(s->checking, type, s->scope);
    if (structure->reach && structure->around != s->scope->structure)
        subject_error(
            s, FC_SIZE_UNKNOWN_NAME, s->place,
            "the type of {what} of {op} stands in another structure too, and reads sizes from what is around it",
            "write the structure again here, or give it members of its own for the sizes");
}

static void describe_member(struct checking *checking, struct structure *structure, struct scope *scope,
                            const struct member *member)
{
    struct unit *unit = checking->unit;
    struct subject s = {
        .checking = checking,
        .unit = unit,
        .scope = scope,
        .member = member,
        .where = ON_MEMBER,
        .words = ON_MEMBER,
        .owner = scope->owner,
        .name = member_name(unit->arena, member),
        .place = member->place,
        .type = member->type,
        .annotations = level_annotations(member->annotations, member->type),
    };
    struct model_member *out = &structure->members[structure->count];
    s.set = annotation_set(s.annotations);
    out->member = member;
    const struct type *inner = member->type.type;
    while (inner->kind == TYPE_ARRAY)
        inner = inner->target.type;
    if (has_no_name(inner)) /* now, while it is known in what it stands */
        describe_nameless(&s, inner);
    if (structure->type->kind == TYPE_UNION)
        describe_cases(&s, structure, out);
    describe_value(&s, out);
    structure->count++;
}

static void describe_members(struct checking *checking, struct structure *structure, const struct scope *outer)
{
    const struct type *type = structure->type;
    struct arena *arena = checking->unit->arena;
    uint32_t count = 0;
    for (const struct member *member = type->members; member; member = member->next)
        count++;
    structure->members = arena_alloc(arena, (count + 1) * sizeof *structure->members);
    struct scope scope = {
        .checking = checking,
        .owner = type_spelling(arena, (struct typeref){.type = (struct type *)type}, NULL),
        .structure = type,
        .outer = has_no_name(type) ? outer : NULL,
    };
    for (const struct member *member = type->members; member; member = member->next)
        if (member->name || !member->is_bit_field) /* unnamed bit-fields are
                                                  padding: the offsets say so */
            describe_member(checking, structure, &scope, member);
    (void)scope_finish(&scope);
    structure->reach = reach_of(checking, structure);
}

struct structure *structure_described(struct checking *checking, const struct type *type, const struct scope *outer)
{
    struct structure **bucket = &checking->structures[(uintptr_t)type / sizeof *type % STRUCTURE_BUCKETS];
    for (struct structure *structure = *bucket; structure; structure = structure->next)
        if (structure->type == type)
            return structure;
    struct structure *structure = ARENA_NEW(checking->unit->arena, struct structure);
    structure->type = type;
    structure->around = outer ? outer->structure : NULL;
    structure->next = *bucket;
    *bucket = structure;
    describe_members(checking, structure, outer);
    return structure;
}

struct wanted {
    const struct type *type;
    struct wanted *next;
};

void structure_want(struct subject *s, const struct type *type)
{
    if (has_no_name(type)) { /* it stands inside another one, which is being described */
        describe_nameless(s, type);
        return;
    }
    struct wanted *wanted = ARENA_NEW(s->unit->arena, struct wanted);
    wanted->type = type;
    wanted->next = s->checking->wanted;
    s->checking->wanted = wanted;
}

void structures_finish(struct checking *checking)
{
    while (checking->wanted) {
        const struct type *type = checking->wanted->type;
        checking->wanted = checking->wanted->next;
        (void)structure_described(checking, type, NULL);
    }
}
