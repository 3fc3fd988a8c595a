/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include <stdio.h>
#include <string.h>

#include "clang-pass/fetch.h"

#define DEPTH_MOST 8 /* pointers followed, and operations inside an index */

#define NO_TYPE UINT32_MAX

/* --- addresses --- */

/* An index as its source has it: how it was widened does not matter. */
static LLVMValueRef without_casts(LLVMValueRef value)
{
    while (LLVMIsASExtInst(value) || LLVMIsAZExtInst(value))
        value = LLVMGetOperand(value, 0);
    return value;
}

static bool add_step(struct spot *spot, LLVMValueRef index, unsigned long long scale)
{
    if (LLVMIsAConstantInt(index)) {
        spot->offset += LLVMConstIntGetSExtValue(index) * (long long)scale;
        return true;
    }
    if (LLVMIsConstant(index) || spot->step_count == SPOT_STEPS)
        return false;
    spot->steps[spot->step_count].value = without_casts(index);
    spot->steps[spot->step_count++].scale = scale;
    return true;
}

/* What one getelementptr adds. */
static bool add_element(const struct examined *examined, LLVMValueRef element, struct spot *spot)
{
    LLVMTypeRef type = LLVMGetGEPSourceElementType(element);
    int operands = LLVMGetNumOperands(element);
    bool known = add_step(spot, LLVMGetOperand(element, 1), LLVMABISizeOfType(examined->layout, type));

    for (int i = 2; i < operands && known; i++) {
        LLVMValueRef index = LLVMGetOperand(element, (unsigned)i);

        if (LLVMGetTypeKind(type) == LLVMStructTypeKind) {
            unsigned member = (unsigned)LLVMConstIntGetZExtValue(index);

            spot->offset += (long long)LLVMOffsetOfElement(examined->layout, type, member);
            type = LLVMStructGetTypeAtIndex(type, member);
        } else {
            type = LLVMGetElementType(type);
            known = add_step(spot, index, LLVMABISizeOfType(examined->layout, type));
        }
    }
    return known;
}

bool spot_of(const struct examined *examined, LLVMValueRef address, struct spot *spot)
{
    *spot = (struct spot){0};
    while (LLVMIsAGetElementPtrInst(address)) {
        if (!add_element(examined, address, spot))
            return false;
        address = LLVMGetOperand(address, 0);
    }
    spot->base = address;
    return true;
}

/* --- are two values the same, whatever the caller does? --- */

static bool same_value(const struct examined *examined, LLVMValueRef one, LLVMValueRef other, unsigned depth);

static bool same_spot(const struct examined *examined, const struct spot *one, const struct spot *other, unsigned depth)
{
    bool same = one->offset == other->offset && one->step_count == other->step_count &&
                same_value(examined, one->base, other->base, depth);

    for (unsigned i = 0; i < one->step_count && same; i++)
        same = one->steps[i].scale == other->steps[i].scale &&
               same_value(examined, one->steps[i].value, other->steps[i].value, depth);
    return same;
}

/* Two reads of one pointer of the caller's: its own double fetch, but what follows goes by the same name. */
static bool same_load(const struct examined *examined, LLVMValueRef one, LLVMValueRef other, unsigned depth)
{
    struct spot first, second;

    return spot_of(examined, LLVMGetOperand(one, 0), &first) && spot_of(examined, LLVMGetOperand(other, 0), &second) &&
           spot_is_untrusted(examined, &first) && same_spot(examined, &first, &second, depth);
}

static bool is_pure(LLVMValueRef value)
{
    return LLVMIsACastInst(value) || LLVMIsABinaryOperator(value);
}

static bool same_value(const struct examined *examined, LLVMValueRef one, LLVMValueRef other, unsigned depth)
{
    if (one == other)
        return true;
    if (!depth || !LLVMIsAInstruction(one) || !LLVMIsAInstruction(other) || LLVMTypeOf(one) != LLVMTypeOf(other) ||
        LLVMGetInstructionOpcode(one) != LLVMGetInstructionOpcode(other))
        return false;
    if (LLVMIsALoadInst(one))
        return same_load(examined, one, other, depth - 1);
    if (!is_pure(one))
        return false;
    for (int i = 0; i < LLVMGetNumOperands(one); i++) {
        if (!same_value(examined, LLVMGetOperand(one, (unsigned)i), LLVMGetOperand(other, (unsigned)i), depth - 1))
            return false;
    }
    return true;
}

bool spot_same_base(const struct examined *examined, const struct spot *one, const struct spot *other)
{
    return same_value(examined, one->base, other->base, DEPTH_MOST);
}

bool spot_same(const struct examined *examined, const struct spot *one, const struct spot *other)
{
    return same_spot(examined, one, other, DEPTH_MOST);
}

/* --- whose memory, and what the record calls it --- */

/* What lies at an offset of a type: a pointer, or a member's name. */
struct found {
    const struct far_type *type; /* NULL: nothing known */
    const struct far_value *value;
    const char *name;
};

static void find_at(const struct far_iface *iface, uint32_t index, uint64_t offset, struct found *found,
                    unsigned depth);

static void find_member(const struct far_iface *iface, const struct far_type *type, uint64_t offset,
                        struct found *found, unsigned depth)
{
    for (uint32_t i = 0; i < type->member_count && !found->type; i++) {
        const struct far_member *member = iface_member(iface, type->first_member + i);
        uint64_t size = iface_type(iface, member->type)->size;
        bool inside = offset >= member->offset && (!size || offset < member->offset + size);

        if (!inside)
            continue;
        found->value = member->value ? iface_value(iface, member->value - 1) : NULL;
        found->name = iface_string(iface, member->name);
        find_at(iface, member->type, offset - member->offset, found, depth);
    }
}

static void find_at(const struct far_iface *iface, uint32_t index, uint64_t offset, struct found *found, unsigned depth)
{
    const struct far_type *type = iface_type(iface, index);

    if (!depth)
        return;
    if (type->kind == FAR_TYPE_STRUCT || type->kind == FAR_TYPE_UNION) {
        find_member(iface, type, offset, found, depth - 1);
    } else if (type->kind == FAR_TYPE_ARRAY) {
        uint64_t size = iface_type(iface, type->target)->size;

        find_at(iface, type->target, size ? offset % size : 0, found, depth - 1);
    } else if (offset == 0) {
        found->type = type;
    }
}

static uint32_t pointed_type(const struct examined *examined, LLVMValueRef pointer, unsigned depth);

/* What the record knows of the memory that a spot means. A base may lead to many elements of its type. */
static struct found found_at(const struct examined *examined, const struct spot *spot, unsigned depth)
{
    const struct far_iface *iface = examined->unit->iface;
    uint32_t type = pointed_type(examined, spot->base, depth);
    uint64_t size = type == NO_TYPE ? 0 : iface_type(iface, type)->size;
    struct found found = {0};

    if (type != NO_TYPE && spot->offset >= 0)
        find_at(iface, type, size ? (uint64_t)spot->offset % size : (uint64_t)spot->offset, &found, DEPTH_MOST);
    return found;
}

static const struct far_param *parameter_of(const struct examined *examined, LLVMValueRef value)
{
    for (uint32_t i = 0; i < examined->op->param_count; i++) {
        if (LLVMGetParam(examined->function, i) == value)
            return iface_param(examined->unit->iface, examined->op, i);
    }
    return NULL;
}

/* A handle in a structure leads to the server's own memory, what is opaque is not followed. */
static bool is_followed(const struct far_value *value)
{
    return !value || (value->passing != FAR_PASS_HANDLE && value->passing != FAR_PASS_OPAQUE &&
                      value->passing != FAR_PASS_WITHHELD && value->passing != FAR_PASS_CALLBACK);
}

/* The type of what lies behind a pointer that is the caller's, or NO_TYPE. */
static uint32_t pointed_type(const struct examined *examined, LLVMValueRef pointer, unsigned depth)
{
    const struct far_param *param = LLVMIsAArgument(pointer) ? parameter_of(examined, pointer) : NULL;
    const struct far_type *type = NULL;
    struct found found;
    struct spot spot;

    if (!depth)
        return NO_TYPE;
    if (param && view_follows(param)) {
        type = iface_type(examined->unit->iface, param->value.type);
    } else if (LLVMIsALoadInst(pointer) && spot_of(examined, LLVMGetOperand(pointer, 0), &spot)) {
        found = found_at(examined, &spot, depth - 1);
        type = is_followed(found.value) ? found.type : NULL;
    }
    return type && type->kind == FAR_TYPE_POINTER ? type->target : NO_TYPE;
}

bool spot_is_untrusted(const struct examined *examined, const struct spot *spot)
{
    return pointed_type(examined, spot->base, DEPTH_MOST) != NO_TYPE;
}

static void base_text(const struct examined *examined, LLVMValueRef base, char *text, size_t size)
{
    const struct far_param *param = LLVMIsAArgument(base) ? parameter_of(examined, base) : NULL;
    struct spot spot;

    if (param && param->name)
        snprintf(text, size, "%s", iface_string(examined->unit->iface, param->name));
    else if (LLVMIsALoadInst(base) && spot_of(examined, LLVMGetOperand(base, 0), &spot))
        spot_text(examined, &spot, text, size);
    else
        snprintf(text, size, "parameter");
}

const char *spot_text(const struct examined *examined, const struct spot *spot, char *text, size_t size)
{
    struct found found = found_at(examined, spot, DEPTH_MOST);
    char base[256];

    base_text(examined, spot->base, base, sizeof base);
    if (found.name && *found.name)
        snprintf(text, size, "%s%s->%s", base, spot->step_count ? "[…]" : "", found.name);
    else if (spot->step_count)
        snprintf(text, size, "%s[…]", base);
    else if (spot->offset)
        snprintf(text, size, "%s, %lld bytes in", base, spot->offset);
    else
        snprintf(text, size, "*%s", base);
    return text;
}
