/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Sizes, alignments and offsets, as clang has them on Linux: the System V ABI for x86-64 and the AAPCS64 for aarch64,
 * with GNU's packed and aligned, #pragma pack and ms_struct. testsuite/corpus holds them against clang on real headers,
 * testsuite/layout on random structures, and the static assertions of each service (assertions.c) in every build.
 */
#include "idl/tree.h"

#include <elf.h>

#define SIZE_LIMIT ((uint64_t)1 << 47) /* a larger object fits no address space */

/* --- what differs from machine to machine --- */

struct machine {
    uint16_t elf_machine;
    uint32_t va_list_size;
    uint32_t bit_int_align_most;   /* of _BitInt(n) */
    uint32_t vector_align_most;    /* 0: as large as the vector */
    bool unnamed_bit_fields_align; /* they count for the alignment of the whole, those of width 0 too */
};

static const struct machine machines[] = {
    {EM_X86_64, .va_list_size = 24, .bit_int_align_most = 8, .vector_align_most = 0, .unnamed_bit_fields_align = false},
    {EM_AARCH64, .va_list_size = 32, .bit_int_align_most = 16, .vector_align_most = 16,
     .unnamed_bit_fields_align = true},
};

static const struct machine *machine_of(const struct unit *unit)
{
    for (size_t i = 1; i < sizeof machines / sizeof *machines; i++)
        if (machines[i].elf_machine == unit->machine)
            return &machines[i];
    return &machines[0];
}

/* --- types without members --- */

uint64_t layout_align_up(uint64_t value, uint64_t align)
{
    return align > 1 ? (value + align - 1) / align * align : value;
}

static uint64_t power_above(uint64_t value)
{
    uint64_t power = 1;
    while (power < value)
        power *= 2;
    return power;
}

static uint32_t align_at_most(uint64_t align, uint32_t most)
{
    return most && align > most ? most : (uint32_t)align;
}

void layout_basic(const struct unit *unit, struct type *type, enum basic_type basic, uint64_t usual_size)
{
    uint64_t size = basic == BASIC_VA_LIST ? machine_of(unit)->va_list_size : usual_size;
    type->size = size;
    type->align = align_at_most(size ? size : 1, 16);
    if (type->kind == TYPE_COMPLEX)
        type->align = (uint32_t)(size / 2);
    if (basic == BASIC_VA_LIST) /* a structure with pointers, inside the compiler */
        type->align = align_at_most(8, unit->pack);
    type->complete = basic != BASIC_VOID;
}

/* _Atomic gives small objects a size that one instruction can handle. */
#define ATOMIC_PROMOTED_MOST 16

uint64_t layout_size(struct typeref type)
{
    uint64_t size = type.type->size;
    if (!(type.qualifiers & QUALIFIER_ATOMIC) || type.type->kind == TYPE_ARRAY || size > ATOMIC_PROMOTED_MOST)
        return size;
    return power_above(size);
}

uint32_t layout_align(struct typeref type)
{
    uint64_t size = type.type->size;
    if (!(type.qualifiers & QUALIFIER_ATOMIC) || type.type->kind == TYPE_ARRAY || size > ATOMIC_PROMOTED_MOST || !size)
        return type.type->align;
    return (uint32_t)power_above(size);
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
    uint64_t size = layout_size(type->target);
    type->align = layout_align(type->target);
    if (!element->complete || !type->has_count)
        return;
    if (size && type->count > SIZE_LIMIT / size)
        return;
    type->size = layout_align_up(size * type->count, type->align);
    type->complete = true;
}

void layout_vector(const struct unit *unit, struct type *type, uint64_t bits)
{
    uint64_t size = power_above(bits > 8 ? (bits + 7) / 8 : 1);
    if (size > SIZE_LIMIT)
        return;
    uint64_t element = type->target.type->kind == TYPE_BOOL ? 1 : type->target.type->size * 8;
    type->size = size;
    type->count = element ? bits / element : 0;
    type->align = align_at_most(size, machine_of(unit)->vector_align_most);
    type->complete = true;
}

void layout_bit_int(const struct unit *unit, struct type *type, uint64_t bits)
{
    uint64_t bytes = (bits + 7) / 8;
    type->align = align_at_most(power_above(bytes), machine_of(unit)->bit_int_align_most);
    type->size = layout_align_up(bytes, type->align);
    type->complete = true;
}

/* --- structures and unions --- */

/* The rules for one structure, and how far it is laid out. */
struct layout {
    const struct machine *machine;
    bool is_union, packed, is_ms;
    uint32_t pack;     /* bytes; 0: none */
    uint64_t bits;     /* that are taken; a multiple of 8 */
    uint64_t unfilled; /* of them, at the end: free for a bit-field */
    uint64_t ms_unit;  /* ms_struct: bits of the storage unit that the last bit-field is in; 0: none */
    uint64_t most;     /* the most that were ever taken: ms_struct can give some back */
    uint32_t align;    /* bytes */
};

static void raise_align(struct layout *layout, uint64_t align)
{
    if (align > layout->align)
        layout->align = (uint32_t)align;
}

/* Everything below this line counts in bits. */
static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Packing leaves a bit-field any bit; #pragma pack gives some of its type's alignment back to a packed one, as clang has it. */
static uint64_t bit_field_align(const struct layout *layout, const struct member *member, uint64_t natural)
{
    uint64_t chosen = (uint64_t)member->min_align * 8, pack = (uint64_t)layout->pack * 8;
    bool packed = (layout->packed || member->packed) && !layout->is_ms && member->bit_width;
    uint64_t unpacked = greater(natural, chosen), align = packed ? greater(1, chosen) : unpacked;
    if (pack && member->bit_width)
        align = packed ? lesser(unpacked, pack) : lesser(align, pack);
    return layout->is_ms && layout->is_union ? 1 : align;
}

/* Microsoft's rule: bit-fields of one size share storage units of their declared type. */
static uint64_t place_ms_bit_field(struct layout *layout, const struct member *member, uint64_t unit)
{
    uint64_t natural = unit, width = member->bit_width;
    if (layout->ms_unit != unit || layout->unfilled < width) {
        if (!layout->ms_unit && !width)
            natural = 1; /* width 0 after something else than a bit-field: nothing */
        layout->unfilled = 0;
        layout->ms_unit = 0;
    }
    uint64_t align = bit_field_align(layout, member, natural);
    uint64_t at = layout->is_union ? 0 : layout->bits - layout->unfilled;
    if (width == 0 || width > layout->unfilled) {
        at = layout_align_up(at, align);
        layout->unfilled = 0;
    }
    raise_align(layout, align / 8);
    if (layout->is_union) {
        layout->bits = greater(layout->bits, width ? unit : 8);
    } else if (width) {
        if (!layout->unfilled) {
            layout->bits = at + unit;
            layout->unfilled = unit;
        }
        layout->unfilled -= width;
        layout->ms_unit = unit;
    } else {
        layout->bits = layout_align_up(at, 8);
        layout->unfilled = layout->bits - at;
        layout->ms_unit = 0;
    }
    return at;
}

/* The usual rule: the next free bits, unless they would straddle two of the declared type's storage units. */
static uint64_t place_bit_field(struct layout *layout, const struct member *member, uint64_t unit)
{
    uint64_t align = bit_field_align(layout, member, (uint64_t)layout_align(member->type) * 8);
    uint64_t chosen = (uint64_t)member->min_align * 8, pack = (uint64_t)layout->pack * 8, width = member->bit_width;
    uint64_t at = layout->is_union ? 0 : layout->bits - layout->unfilled;
    if (width == 0 || (!pack && at % align + width > unit))
        at = layout_align_up(at, align);
    else if (chosen && (!pack || chosen <= pack))
        at = layout_align_up(at, chosen);
    if (member->name || layout->machine->unnamed_bit_fields_align)
        raise_align(layout, align / 8);
    if (layout->is_union) {
        layout->bits = greater(layout->bits, layout_align_up(width, 8));
    } else {
        layout->bits = layout_align_up(at + width, 8);
        layout->unfilled = layout->bits - (at + width);
    }
    return at;
}

static const struct type *element_of(const struct type *type)
{
    while (type->kind == TYPE_ARRAY)
        type = type->target.type;
    return type;
}

/* ms_struct: a number is aligned to its size, whatever a typedef says. */
static uint32_t ms_align(const struct member *member)
{
    const struct type *type = element_of(member->type.type);
    bool is_number = type->kind == TYPE_BOOL || type->kind == TYPE_INT || type->kind == TYPE_FLOAT;
    uint32_t align = layout_align(member->type);
    return is_number && type->size > align ? (uint32_t)type->size : align;
}

static uint64_t place_whole(struct layout *layout, const struct member *member)
{
    uint32_t align = layout->is_ms ? ms_align(member) : layout_align(member->type);
    if (layout->packed || member->packed)
        align = 1;
    if (member->min_align > align)
        align = member->min_align;
    if (layout->pack && align > layout->pack)
        align = layout->pack;
    uint64_t at = layout->is_union ? 0 : layout_align_up(layout->bits, (uint64_t)align * 8);
    layout->bits = greater(layout->bits, at + layout_size(member->type) * 8);
    layout->unfilled = 0;
    layout->ms_unit = 0;
    raise_align(layout, align);
    return at;
}

static void place_member(struct layout *layout, struct member *member)
{
    uint64_t unit = member->type.type->size * 8, at;
    if (!member->is_bit_field)
        at = place_whole(layout, member);
    else if (layout->is_ms)
        at = place_ms_bit_field(layout, member, unit);
    else
        at = place_bit_field(layout, member, unit);
    layout->most = greater(layout->most, layout->bits);
    member->offset = at / 8;
    member->bit_offset = (uint32_t)(at % 8);
}

/* An array without a length: at the end of a structure, or, as GNU C has it, in a union. */
static bool is_flexible(const struct type *type, const struct member *member)
{
    return (type->kind == TYPE_UNION || !member->next) && member->type.type->kind == TYPE_ARRAY &&
           !member->type.type->has_count && !member->type.type->count_expr && member->type.type->target.type->complete;
}

/* Does more follow than the type's size says? An array of length 0 at the end is the old way to write a flexible one. */
static bool ends_flexibly(const struct type *type, const struct member *member)
{
    const struct type *inner = member->type.type;
    bool empty = inner->kind == TYPE_ARRAY && inner->has_count && inner->count == 0;
    return (type->kind == TYPE_UNION || !member->next) && (empty || inner->flexible);
}

/* A structure is laid out once more when attributes follow its closing brace. */
static void note_structure(struct unit *unit, struct type *type)
{
    if (unit->structure_count && unit->structures[unit->structure_count - 1] == type)
        return;
    if (unit->structure_count == unit->structure_room) {
        unit->structures = arena_grow(unit->arena, unit->structures, unit->structure_count, sizeof *unit->structures);
        unit->structure_room = unit->structure_count ? unit->structure_count * 2 : 8;
    }
    unit->structures[unit->structure_count++] = type;
}

/* C has no member of such a type; but a size that is merely not followed here matters only to who needs it. */
static bool member_is_complete(struct unit *unit, struct type *type, const struct member *member)
{
    const struct type *inner = member->type.type;
    type->flexible |= is_flexible(type, member) || ends_flexibly(type, member);
    if (is_flexible(type, member))
        return true;
    if (!inner->complete && (inner->kind == TYPE_STRUCT || inner->kind == TYPE_UNION || inner->kind == TYPE_VOID))
        diag_error(unit->diagnostics, member->place, FC_INCOMPLETE_MEMBER, "this member's type has no size here",
                   "define its type before this structure");
    return inner->complete;
}

void layout_structure(struct unit *unit, struct type *type)
{
    struct layout layout = {.machine = machine_of(unit),
                            .is_union = type->kind == TYPE_UNION,
                            .packed = type->packed,
                            .is_ms = type->ms_struct || unit->ms_structures,
                            .pack = type->pack ? type->pack : unit->pack,
                            .align = type->min_align ? type->min_align : 1};
    note_structure(unit, type);
    for (struct member *member = type->members; member; member = member->next) {
        if (!member_is_complete(unit, type, member))
            return;
        place_member(&layout, member);
        if (layout.most / 8 > SIZE_LIMIT) {
            diag_error(unit->diagnostics, type->place, FC_TOO_COMPLEX, "this structure is larger than memory", NULL);
            return;
        }
    }
    type->align = layout.align;
    type->size = layout_align_up(layout.most / 8, type->align);
    type->complete = true;
}

/* --- enumerations --- */

static enum basic_type enum_beneath(bool small, bool negative, uint64_t least, uint64_t most)
{
    static const struct {
        uint64_t most, least;
        enum basic_type if_negative, otherwise;
    } choices[] = {
        {UINT8_MAX, (uint64_t)INT8_MIN, BASIC_SCHAR, BASIC_UCHAR},
        {UINT16_MAX, (uint64_t)INT16_MIN, BASIC_SHORT, BASIC_USHORT},
        {UINT32_MAX, (uint64_t)INT32_MIN, BASIC_INT, BASIC_UINT},
        {UINT64_MAX, (uint64_t)INT64_MIN, BASIC_LONG, BASIC_ULONG},
    };
    for (unsigned i = small ? 0 : 2; i < sizeof choices / sizeof *choices; i++)
        if (negative ? most <= choices[i].most / 2 && (int64_t)least >= (int64_t)choices[i].least
                     : most <= choices[i].most)
            return negative ? choices[i].if_negative : choices[i].otherwise;
    return BASIC_LONG;
}

void layout_enum(struct unit *unit, struct type *type, bool negative, uint64_t least, uint64_t most)
{
    if (!type->target.type)
        type->target.type = unit_basic(unit, enum_beneath(type->packed || unit->short_enums, negative, least, most));
    type->size = type->target.type->size;
    type->align = type->min_align ? type->min_align : type->target.type->align;
    type->is_signed = type->target.type->is_signed;
    type->complete = true;
}
