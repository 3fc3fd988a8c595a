/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Every structure and union of a unit with its layout, whether an operation reaches it or not (--all-types). */
#include "idl/model.h"

#include "runtime/format/json.h"

#include <inttypes.h>

static const char *kind_name(const struct type *type)
{
    return type->kind == TYPE_STRUCT ? "struct" : "union";
}

/* A structure without a tag goes by its first typedef, else by where it stands. */
static const char *structure_name(const struct type *type, struct arena *arena)
{
    if (type->name)
        return arena_format(arena, "%s %s", kind_name(type), type->name);
    if (type->typedef_name)
        return type->typedef_name;
    return arena_format(arena, "%s (unnamed at %s:%" PRIu32 ")", kind_name(type), type->place.file, type->place.line);
}

static void dump_member(const struct member *member, struct arena *arena, FILE *out)
{
    fprintf(out, "    %6" PRIu64, member->offset);
    if (member->is_bit_field && member->bit_width == 0)
        fprintf(out, " bits none");
    else if (member->is_bit_field)
        fprintf(out, " bits %" PRIu32 "-%" PRIu32, member->bit_offset, member->bit_offset + member->bit_width - 1);
    fprintf(out, "  %s\n", type_spelling(arena, member->type, member->name));
}

static void dump_structure(const struct type *type, struct arena *arena, FILE *out)
{
    fprintf(out, "%s", structure_name(type, arena));
    if (type->complete)
        fprintf(out, ": size %" PRIu64 ", align %" PRIu32 "\n", type->size, type->align);
    else
        fprintf(out, ": size not known\n");
    for (const struct member *member = type->complete ? type->members : NULL; member; member = member->next)
        dump_member(member, arena, out);
}

static void json_member(struct json *json, const struct member *member, struct arena *arena)
{
    json_open(json, NULL, '{');
    json_string(json, "name", member->name);
    json_string(json, "type", type_spelling(arena, member->type, NULL));
    json_number(json, "offset", member->offset);
    if (member->is_bit_field) {
        json_number(json, "bit_offset", member->bit_offset);
        json_number(json, "bit_width", member->bit_width);
    }
    json_close(json, '}');
}

static void json_structure(struct json *json, const struct type *type, struct arena *arena)
{
    json_open(json, NULL, '{');
    json_string(json, "name", structure_name(type, arena));
    json_string(json, "kind", kind_name(type));
    json_string(json, "tag", type->name);
    json_string(json, "typedef", type->typedef_name);
    json_string(json, "file", type->place.file);
    json_number(json, "line", type->place.line);
    if (type->complete) {
        json_number(json, "size", type->size);
        json_number(json, "align", type->align);
        json_open(json, "members", '[');
        for (const struct member *member = type->members; member; member = member->next)
            json_member(json, member, arena);
        json_close(json, ']');
    }
    json_close(json, '}');
}

static void json_structures(const struct unit *unit, FILE *out)
{
    struct json json = {.out = out};
    json_open(&json, NULL, '{');
    json_open(&json, "types", '[');
    for (size_t i = 0; i < unit->structure_count; i++)
        json_structure(&json, unit->structures[i], unit->arena);
    json_close(&json, ']');
    json_close(&json, '}');
}

void dump_structures(const struct unit *unit, enum dump what, FILE *out)
{
    if (what == DUMP_JSON)
        json_structures(unit, out);
    for (size_t i = 0; what == DUMP_LAYOUT && i < unit->structure_count; i++)
        dump_structure(unit->structures[i], unit->arena, out);
}
