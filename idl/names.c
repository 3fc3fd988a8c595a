/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The words of one unit, each kept once: an open hash table with linear probing. */
#include "idl/tree.h"

#include <string.h>

#define FIRST_ROOM 2048

/* Eight bytes a step. Multiplying spreads bits upwards only, so the shift brings the upper ones down again. */
static uint32_t name_hash(const char *text, size_t length)
{
    const uint64_t factor = 0x9e3779b97f4a7c15u;
    uint64_t hash = length, piece = 0;
    for (; length > 8; text += 8, length -= 8) {
        memcpy(&piece, text, 8);
        hash = (hash ^ piece) * factor;
        hash ^= hash >> 32;
    }
    piece = 0;
    memcpy(&piece, text, length);
    hash = (hash ^ piece) * factor;
    hash = (hash ^ hash >> 32) * factor;
    return (uint32_t)(hash >> 32);
}

/* The slot where that name is or would be. */
static struct name_slot *find_slot(const struct unit *unit, const char *text, size_t length, uint32_t hash)
{
    size_t mask = unit->name_room - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        struct name_slot *slot = &unit->names[at];
        if (!slot->name ||
            (slot->hash == hash && slot->length == length && memcmp(slot->name->text, text, length) == 0))
            return slot;
    }
}

static void make_room(struct unit *unit)
{
    struct name_slot *old = unit->names;
    size_t old_room = unit->name_room;
    unit->name_room = old_room ? old_room * 2 : FIRST_ROOM;
    unit->names = arena_alloc(unit->arena, unit->name_room * sizeof *unit->names);
    for (size_t i = 0; i < old_room; i++)
        if (old[i].name)
            *find_slot(unit, old[i].name->text, old[i].length, old[i].hash) = old[i];
}

/* Names lie close together, so that looking them up touches few pages. */
static struct name *take_piece(struct unit *unit, size_t size)
{
    const size_t block = (size_t)32 << 10, align = sizeof(void *);
    size = (size + align - 1) / align * align;
    if (size > block / 8)
        return arena_alloc(unit->arena, size);
    if (size > unit->name_block_left) {
        unit->name_block = arena_alloc(unit->arena, block);
        unit->name_block_left = block;
    }
    struct name *piece = (struct name *)unit->name_block;
    unit->name_block += size;
    unit->name_block_left -= size;
    return piece;
}

struct name *unit_name(struct unit *unit, const char *text, size_t length)
{
    if (unit->name_count * 2 >= unit->name_room)
        make_room(unit);
    uint32_t hash = name_hash(text, length);
    struct name_slot *slot = find_slot(unit, text, length, hash);
    if (slot->name)
        return slot->name;
    struct name *name = take_piece(unit, sizeof *name + length + 1);
    memcpy(name->text, text, length);
    *slot = (struct name_slot){hash, (uint32_t)length, name};
    unit->name_count++;
    return name;
}

static const struct name *known_name(const struct unit *unit, const char *text)
{
    if (!text || !unit->name_room)
        return NULL;
    size_t length = strlen(text);
    return find_slot(unit, text, length, name_hash(text, length))->name;
}

struct symbol *unit_symbol(const struct unit *unit, const char *text)
{
    const struct name *name = known_name(unit, text);
    return name ? name->symbol : NULL;
}

struct type *unit_find_tag(const struct unit *unit, const char *tag)
{
    const struct name *name = known_name(unit, tag);
    return name ? name->tag : NULL;
}

const struct declaration *unit_declarations(struct unit *unit, const char *name)
{
    const struct symbol *symbol = unit_symbol(unit, name);
    return symbol ? symbol->declarations : NULL;
}

struct symbol *unit_add_symbol(struct unit *unit, const char *text, enum symbol_kind kind, struct typeref type)
{
    struct name *name = unit_name(unit, text, strlen(text));
    if (!name->symbol)
        name->symbol = ARENA_NEW(unit->arena, struct symbol);
    name->symbol->name = name->text;
    name->symbol->kind = kind;
    name->symbol->type = type;
    return name->symbol;
}
