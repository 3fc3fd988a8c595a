/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Sizes, alignments and offsets: System V ABI for x86-64, with GNU's packed and aligned attributes and #pragma pack.
 * The rules follow what clang and gcc do; testsuite/unit/idl_layout.c holds them against the compiler.
 */
#include "idl/tree.h"

#define SIZE_LIMIT ((uint64_t)1 << 47) /* a larger object fits no address space */

uint64_t layout_align_up(uint64_t value, uint64_t align)
{
    return align > 1 ? (value + align - 1) / align * align : value;
}

uint32_t layout_basic_align(enum type_kind kind, uint64_t size)
{
    if (size == 0)
        return 1;
    if (kind == TYPE_COMPLEX)
        return (uint32_t)(size / 2);
    if (kind == TYPE_UNKNOWN)
        return 8; /* va_list */
    return size > 16 ? 16 : (uint32_t)size;
}

void layout_pointer(struct type *type)
{
    type->size = 8;
    type->align = 8;
    type->complete = true;
}

void layout_array(struct type *type)
{
    const struct type *element = type->target.type;
    type->align = element->align;
    if (!element->complete || !type->has_count)
        return;
    if (element->size && type->count > SIZE_LIMIT / element->size)
        return;
    type->size = element->size * type->count;
    type->complete = true;
}

struct cursor {
    uint64_t bits; /* first bit not used yet */
    uint64_t most; /* union: bits of the longest member */
    uint32_t align;
};

static uint32_t member_align(const struct type *type, const struct member *member)
{
    uint32_t align = type->packed || member->packed ? 1 : member->type.type->align;
    if (member->min_align > align)
        align = member->min_align;
    if (type->pack && align > type->pack)
        align = type->pack;
    return align;
}

static void place_bit_field(const struct type *type, struct member *member, struct cursor *cursor)
{
    uint64_t unit = member->type.type->size * 8;
    uint32_t align = member_align(type, member);
    uint64_t at = type->kind == TYPE_UNION ? 0 : cursor->bits;
    if (member->bit_width == 0) /* ends the unit, whatever `packed` says */
        at = layout_align_up(at, (uint64_t)(type->pack ? align : member->type.type->align) * 8);
    else if (member->min_align)
        at = layout_align_up(at, (uint64_t)member->min_align * 8);
    else if (!type->pack && !type->packed && !member->packed && at % ((uint64_t)align * 8) + member->bit_width > unit)
        at = layout_align_up(at, (uint64_t)align * 8);
    member->offset = at / 8;
    member->bit_offset = (uint32_t)(at % 8);
    cursor->bits = at + member->bit_width;
    /* An unnamed bit-field moves what follows but does not align the whole. */
    if (member->name && align > cursor->align)
        cursor->align = align;
}

static void place_member(const struct type *type, struct member *member, struct cursor *cursor)
{
    uint32_t align = member_align(type, member);
    uint64_t at = type->kind == TYPE_UNION ? 0 : layout_align_up((cursor->bits + 7) / 8, align);
    member->offset = at;
    cursor->bits = (at + member->type.type->size) * 8;
    if (align > cursor->align)
        cursor->align = align;
}

static bool is_flexible(const struct type *type, const struct member *member)
{
    return type->kind == TYPE_STRUCT && !member->next && member->type.type->kind == TYPE_ARRAY &&
           !member->type.type->has_count && !member->type.type->count_expr && member->type.type->target.type->complete;
}

void layout_structure(struct unit *unit, struct type *type)
{
    struct cursor cursor = {.align = 1};
    for (struct member *member = type->members; member; member = member->next) {
        const struct type *inner = member->type.type;
        if (is_flexible(type, member)) {
            type->flexible = true;
        } else if (!inner->complete) {
            /* C has no such member; but a size that is merely not followed here matters only to who needs it. */
            if (inner->kind == TYPE_STRUCT || inner->kind == TYPE_UNION || inner->kind == TYPE_VOID)
                diag_error(unit->diagnostics, member->place, FC_INCOMPLETE_MEMBER,
                           "this member's type has no size here", "define its type before this structure");
            return;
        }
        if (member->is_bit_field)
            place_bit_field(type, member, &cursor);
        else
            place_member(type, member, &cursor);
        if (cursor.bits > cursor.most)
            cursor.most = cursor.bits;
        if (cursor.most / 8 > SIZE_LIMIT) {
            diag_error(unit->diagnostics, type->place, FC_TOO_COMPLEX, "this structure is larger than memory", NULL);
            return;
        }
    }
    type->align = cursor.align > type->min_align ? cursor.align : type->min_align;
    type->size = layout_align_up((cursor.most + 7) / 8, type->align);
    type->complete = true;
}

void layout_enum(struct unit *unit, struct type *type, bool negative, uint64_t least, uint64_t most)
{
    if (!type->target.type) {
        static const struct {
            uint64_t most, least;
            enum basic_type if_negative, otherwise;
        } choices[] = {
            {UINT8_MAX, (uint64_t)INT8_MIN, BASIC_SCHAR, BASIC_UCHAR},
            {UINT16_MAX, (uint64_t)INT16_MIN, BASIC_SHORT, BASIC_USHORT},
            {UINT32_MAX, (uint64_t)INT32_MIN, BASIC_INT, BASIC_UINT},
            {UINT64_MAX, (uint64_t)INT64_MIN, BASIC_LONG, BASIC_ULONG},
        };
        for (unsigned i = type->packed ? 0 : 2; i < 4 && !type->target.type; i++)
            if (negative ? most <= choices[i].most / 2 && (int64_t)least >= (int64_t)choices[i].least
                         : most <= choices[i].most)
                type->target.type = unit_basic(unit, negative ? choices[i].if_negative : choices[i].otherwise);
        if (!type->target.type)
            type->target.type = unit_basic(unit, BASIC_LONG);
    }
    type->size = type->target.type->size;
    type->align = type->target.type->align > type->min_align ? type->target.type->align : type->min_align;
    type->is_signed = type->target.type->is_signed;
    type->complete = true;
}
