/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The types and members of an interface record. Besides indices and sizes it is checked that no type holds itself by
 * value: whoever walks structures and arrays may recurse, to a depth of TYPE_DEPTH_MAX at most. Cycles of types go
 * through pointers only.
 */
#include "runtime/format/iface_walk.h"

#define TYPE_DEPTH_MAX 64
#define POINTER_SIZE   8

#define TYPE_FLAGS (FAR_TYPE_SIGNED | FAR_TYPE_CONST | FAR_TYPE_PLAIN | FAR_TYPE_FLEXIBLE)

static int bad_type(const struct iface_walk *walk, uint32_t index, const char *what)
{
    return complain(&walk->to, "interface record: type %u: %s; build it again with faridl", index, what);
}

static bool is_counted(const struct far_type *type)
{
    return type->kind == FAR_TYPE_ARRAY || type->kind == FAR_TYPE_VECTOR;
}

static bool has_target(const struct far_type *type)
{
    return is_counted(type) || type->kind == FAR_TYPE_POINTER || type->kind == FAR_TYPE_COMPLEX;
}

static bool is_number(const struct far_type *type)
{
    return type->kind == FAR_TYPE_INT || type->kind == FAR_TYPE_FLOAT;
}

static const char *array_mistake(const struct far_type *type, const struct far_type *element)
{
    uint64_t bytes;
    if (__builtin_mul_overflow(element->size, type->count, &bytes) || bytes != type->size)
        return "the array's size is not its number of elements times their size";
    return NULL;
}

static const char *vector_mistake(const struct far_type *type, const struct far_type *element)
{
    uint64_t bytes;
    bool bits = element->kind == FAR_TYPE_BOOL; /* packed, eight in a byte */
    if (!is_number(element) && element->kind != FAR_TYPE_ENUM && element->kind != FAR_TYPE_POINTER && !bits)
        return "a vector is one of numbers";
    if (__builtin_mul_overflow(element->size, type->count, &bytes) || type->count == 0 ||
        (bits ? (type->count - 1) / 8 + 1 : bytes) > type->size)
        return "the vector's size does not hold its elements";
    return NULL;
}

static const char *target_mistake(const struct iface_walk *walk, const struct far_type *type)
{
    if (type->target >= walk->iface->types.count)
        return type->kind == FAR_TYPE_POINTER ? "the type it points to does not exist"
                                              : "its element type does not exist";
    const struct far_type *target = iface_type(walk->iface, type->target);
    switch (type->kind) {
    case FAR_TYPE_ARRAY:
        return array_mistake(type, target);
    case FAR_TYPE_VECTOR:
        return vector_mistake(type, target);
    case FAR_TYPE_COMPLEX:
        return is_number(target) && target->size <= UINT32_MAX && type->size == 2 * target->size
                   ? NULL
                   : "a complex number is two numbers of its element type";
    default:
        return type->size == POINTER_SIZE ? NULL : "a pointer has 8 bytes";
    }
}

static const char *flags_mistake(const struct far_type *type)
{
    if (type->flags & ~TYPE_FLAGS || type->reserved)
        return "unknown flags";
    if (type->flags & FAR_TYPE_CONST && type->kind != FAR_TYPE_POINTER)
        return "only pointers lead to something const";
    if (type->flags & FAR_TYPE_SIGNED && !is_number(type) && type->kind != FAR_TYPE_ENUM)
        return "only numbers have signs";
    if (type->flags & FAR_TYPE_FLEXIBLE && !iface_has_members(type))
        return "only structures end in a flexible array";
    return NULL;
}

static const char *size_mistake(const struct far_type *type)
{
    bool sizeless = type->kind == FAR_TYPE_VOID || type->kind == FAR_TYPE_FUNCTION;
    bool scalar = is_number(type) || type->kind == FAR_TYPE_BOOL || type->kind == FAR_TYPE_ENUM;
    if (sizeless && type->size)
        return "void and functions have no size";
    if (scalar && (type->size == 0 || type->size > UINT16_MAX))
        return "a number of no size, or of an impossible one";
    if (type->align == 0 || type->align & (type->align - 1))
        return "its alignment is no power of two";
    return NULL;
}

static const char *type_mistake(const struct iface_walk *walk, const struct far_type *type)
{
    if (type->kind >= FAR_TYPE_COUNT)
        return "no such kind of type";
    const char *mistake = flags_mistake(type);
    mistake = mistake ? mistake : size_mistake(type);
    if (mistake)
        return mistake;
    if (!walk_text(walk, type->name))
        return "its name is not in the record";
    if (iface_has_members(type) && !range_inside(type->first_member, type->member_count, walk->iface->members.count))
        return "its members do not exist";
    if (!iface_has_members(type) && type->member_count)
        return "it has members, but it is no structure";
    if ((!has_target(type) && type->target) || (!is_counted(type) && type->count))
        return "it has elements, but it is no array";
    return has_target(type) ? target_mistake(walk, type) : NULL;
}

static const char *bit_field_mistake(const struct far_member *member, const struct far_type *type)
{
    if (member->bit_width == 0)
        return member->bit_offset ? "a member that is no bit-field has a place in bits" : NULL;
    if (type->kind != FAR_TYPE_INT && type->kind != FAR_TYPE_BOOL && type->kind != FAR_TYPE_ENUM)
        return "a bit-field is no integer";
    if (member->bit_width > 8 * type->size)
        return "a bit-field is wider than its type";
    return member->value ? "a bit-field says how it crosses, but it is plain bytes" : NULL;
}

static const char *member_mistake(const struct iface_walk *walk, const struct far_type *holder,
                                  const struct far_member *member)
{
    if (member->type >= walk->iface->types.count)
        return "a member's type does not exist";
    if (!walk_text(walk, member->name) || member->reserved)
        return "a member's name is not in the record";
    if (member->flags & ~FAR_MEMBER_DEFAULT)
        return "a member has unknown flags";
    if (member->value > walk->iface->values.count)
        return "how a member crosses does not exist";
    if (holder->kind != FAR_TYPE_UNION && (member->case_count || member->flags & FAR_MEMBER_DEFAULT))
        return "a member has cases, but only unions are selected from";
    if (!range_inside(member->first_case, member->case_count, walk->iface->cases.count))
        return "a member's cases do not exist";
    const struct far_type *type = iface_type(walk->iface, member->type);
    const char *mistake = bit_field_mistake(member, type);
    /* A bit-field's bits may lie anywhere from its offset on, so only the bits themselves must be inside. */
    uint64_t bytes = member->bit_width ? ((uint64_t)member->bit_offset + member->bit_width + 7) / 8 : type->size;
    if (!mistake && !range_inside(member->offset, bytes, holder->size))
        mistake = "a member lies outside the structure";
    return mistake;
}

static int check_members_of(const struct iface_walk *walk, uint32_t index, const struct far_type *type,
                            uint64_t *budget)
{
    for (uint32_t i = 0; i < type->member_count; i++) {
        /* Every member belongs to one type, so all types together cannot look at more than there are. */
        if ((*budget)-- == 0)
            return bad_type(walk, index, "it shares members with other types");
        const char *mistake = member_mistake(walk, type, iface_member(walk->iface, type->first_member + i));
        if (mistake)
            return bad_type(walk, index, mistake);
    }
    return 0;
}

/* The next type that `type` holds by value, and that is still of interest, from member *next on; or NULL. */
static const struct far_type *next_inside(const struct iface_walk *walk, const struct far_type *type, uint32_t *next,
                                          uint32_t *index)
{
    bool elements = has_target(type) && type->kind != FAR_TYPE_POINTER;
    uint32_t count = elements ? 1 : type->member_count;
    while (*next < count) {
        uint32_t at = (*next)++;
        *index = elements ? type->target : iface_member(walk->iface, type->first_member + at)->type;
        if (!(walk->facts[*index] & IFACE_TYPE_DONE))
            return iface_type(walk->iface, *index);
    }
    return NULL;
}

/* Does this way of crossing leave the bytes as they are? Arrays cross as their elements do. */
static bool crosses_as_bytes(const struct iface_walk *walk, uint32_t value)
{
    for (unsigned level = 0; value && level < TYPE_DEPTH_MAX; level++) {
        if (value > walk->iface->values.count)
            return false;
        const struct far_value *at = iface_value(walk->iface, value - 1);
        if (at->passing != FAR_PASS_ARRAY)
            return at->passing == FAR_PASS_VALUE || at->passing == FAR_PASS_FLOAT || at->passing == FAR_PASS_WIDE ||
                   at->passing == FAR_PASS_STRUCT;
        value = at->inside;
    }
    return value == 0;
}

/* Bits that nobody follows mean the same on both sides, though their type is a pointer. */
static bool crosses_as_bits(const struct iface_walk *walk, uint32_t value)
{
    for (unsigned level = 0; value && value <= walk->iface->values.count && level < TYPE_DEPTH_MAX; level++) {
        const struct far_value *at = iface_value(walk->iface, value - 1);
        if (at->passing != FAR_PASS_ARRAY)
            return at->passing == FAR_PASS_OPAQUE;
        value = at->inside;
    }
    return false;
}

static uint8_t facts_of_members(const struct iface_walk *walk, const struct far_type *type)
{
    uint8_t facts = IFACE_TYPE_PLAIN | IFACE_TYPE_DESCRIBED;
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(walk->iface, type->first_member + i);
        bool plain = walk->facts[member->type] & IFACE_TYPE_PLAIN;
        bool opaque = member->value && crosses_as_bits(walk, member->value);
        if (!opaque && (!plain || !crosses_as_bytes(walk, member->value)))
            facts &= (uint8_t)~IFACE_TYPE_PLAIN;
        if (!plain && !member->value)
            facts &= (uint8_t)~IFACE_TYPE_DESCRIBED;
        if (member->case_count || member->flags & FAR_MEMBER_DEFAULT)
            facts |= IFACE_TYPE_CASES;
    }
    return facts;
}

/* Of a type all of whose parts are known. */
static uint8_t facts_of(const struct iface_walk *walk, const struct far_type *type)
{
    switch ((enum far_type_kind)type->kind) {
    case FAR_TYPE_BOOL:
    case FAR_TYPE_INT:
    case FAR_TYPE_FLOAT:
    case FAR_TYPE_ENUM:
    case FAR_TYPE_COMPLEX:
        return IFACE_TYPE_PLAIN;
    case FAR_TYPE_ARRAY:
    case FAR_TYPE_VECTOR:
        return walk->facts[type->target] & IFACE_TYPE_PLAIN;
    case FAR_TYPE_STRUCT:
    case FAR_TYPE_UNION:
        return facts_of_members(walk, type);
    default:
        return 0;
    }
}

/* Depth first over what is held by value, each type once. */
static int check_nesting_from(const struct iface_walk *walk, uint32_t root)
{
    struct {
        uint32_t index, next;
    } stack[TYPE_DEPTH_MAX];
    unsigned depth = 0;
    stack[depth].index = root;
    stack[depth++].next = 0;
    walk->facts[root] = IFACE_TYPE_OPEN;
    while (depth) {
        uint32_t index = stack[depth - 1].index, inner;
        const struct far_type *type = iface_type(walk->iface, index);
        if (!next_inside(walk, type, &stack[depth - 1].next, &inner)) {
            walk->facts[index] = IFACE_TYPE_DONE | facts_of(walk, type);
            depth--;
            continue;
        }
        if (walk->facts[inner] & IFACE_TYPE_OPEN)
            return bad_type(walk, inner, "it holds itself by value");
        if (depth == TYPE_DEPTH_MAX)
            return bad_type(walk, inner, "structures are nested too deeply");
        walk->facts[inner] = IFACE_TYPE_OPEN;
        stack[depth].index = inner;
        stack[depth++].next = 0;
    }
    return 0;
}

static int check_nesting(const struct iface_walk *walk)
{
    for (uint32_t i = 0; i < walk->iface->types.count; i++) {
        int err = walk->facts[i] ? 0 : check_nesting_from(walk, i);
        if (err)
            return err;
        if (iface_type(walk->iface, i)->flags & FAR_TYPE_PLAIN && !(walk->facts[i] & IFACE_TYPE_PLAIN))
            return bad_type(walk, i, "it is marked plain, but holds pointers, descriptors or what nobody looks into");
    }
    return 0;
}

int iface_check_types(const struct iface_walk *walk)
{
    uint64_t budget = walk->iface->members.count;
    for (uint32_t i = 0; i < walk->iface->types.count; i++) {
        const struct far_type *type = iface_type(walk->iface, i);
        const char *mistake = type_mistake(walk, type);
        int err = mistake ? bad_type(walk, i, mistake) : check_members_of(walk, i, type, &budget);
        if (err)
            return err;
    }
    return check_nesting(walk);
}
