/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/record_size.h"
#include "runtime/lib/plan.h"
#include "runtime/lib/size.h"

#include <string.h>

static bool read_number(const struct far_expr *node, const char *from, uint64_t *number)
{
    *number = 0;
    memcpy(number, from, node->width <= 8 ? node->width : 8);
    *number = far_extend(*number, node->width, node->flags & FAR_EXPR_SIGNED);
    return true;
}

static bool operand(const struct record_words *words, const struct far_expr *node, const struct record_place *around,
                    uint64_t *number)
{
    const char *memory = NULL;
    *number = 0;
    switch (node->code) {
    case FAR_EXPR_CONST:
        *number = node->value;
        return true;
    case FAR_EXPR_PARAM:
        *number = far_extend(words->word[node->index], node->width, node->flags & FAR_EXPR_SIGNED);
        return true;
    case FAR_EXPR_DEREF:
        memory = (const char *)(uintptr_t)words->word[node->index];
        return !memory || read_number(node, memory + node->value, number);
    case FAR_EXPR_MEMBER:
        for (uint32_t i = 0; around && i < node->index; i++)
            around = around->outer;
        return around && read_number(node, around->memory + node->value, number);
    default:
        if (words->result)
            *number = far_extend(*words->result, node->width, node->flags & FAR_EXPR_SIGNED);
        return words->result;
    }
}

bool record_evaluate(const struct record_words *words, uint32_t first, uint32_t count,
                     const struct record_place *around, uint64_t *number)
{
    uint64_t stack[FAR_EXPR_MAX];
    unsigned depth = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct far_expr *node = iface_expr(words->iface, first + i);
        if (FAR_EXPR_IS_OPERAND(node->code)) {
            if (!operand(words, node, around, &stack[depth++]))
                return false;
        } else if (depth < 2 || !size_apply_operator(node->code, &stack[depth - 2], stack[depth - 1])) {
            return false;
        } else {
            depth--;
        }
    }
    *number = depth == 1 ? stack[0] : 0;
    return depth == 1;
}

static bool selected(const struct far_iface *iface, const struct far_member *member, int64_t selector)
{
    for (uint32_t i = 0; i < member->case_count; i++)
        if (iface_case(iface, member->first_case + i) == selector)
            return true;
    return false;
}

const struct far_member *record_member_in_use(const struct record_words *words, const struct far_type *type,
                                              const struct far_value *value, const struct record_place *around)
{
    uint64_t selector = 0;
    const struct far_member *otherwise = NULL;
    if (!value || !value->select_count)
        return iface_member(words->iface, type->first_member);
    if (!record_evaluate(words, value->select_first, value->select_count, around, &selector))
        return NULL;
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(words->iface, type->first_member + i);
        if (selected(words->iface, member, (int64_t)selector))
            return member;
        otherwise = member->flags & FAR_MEMBER_DEFAULT ? member : otherwise;
    }
    return otherwise;
}

uint64_t record_bits(const struct far_member *member, const char *structure)
{
    const uint8_t *bytes = (const uint8_t *)structure + member->offset;
    uint64_t value = 0;
    for (unsigned i = 0, at = member->bit_offset; i < member->bit_width; i++, at++)
        value |= (uint64_t)(bytes[at / 8] >> at % 8 & 1) << i;
    return value;
}

void record_put_bits(const struct far_member *member, char *structure, uint64_t value)
{
    uint8_t *bytes = (uint8_t *)structure + member->offset;
    for (unsigned i = 0, at = member->bit_offset; i < member->bit_width; i++, at++)
        bytes[at / 8] = (uint8_t)((bytes[at / 8] & ~(1u << at % 8)) | (unsigned)(value >> i & 1) << at % 8);
}

uint32_t record_element(const struct far_iface *iface, uint32_t type)
{
    const struct far_type *outer = iface_type(iface, type);
    return outer->kind == FAR_TYPE_POINTER || outer->kind == FAR_TYPE_ARRAY ? outer->target : type;
}
