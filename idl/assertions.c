/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/assertions.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

#define ROUNDABOUT_MOST 8 /* types without names inside types without names */

struct writer {
    const struct model *model;
    const struct unit *unit;
    FILE *out;
};

/* A macro may have been defined with the name that a type or member got before it. */
static void forget_macro(const struct writer *writer, const char *name)
{
    fprintf(writer->out, "#undef %s\n", name);
}

/* --- what to call a type --- */

/* What is left of a type without its pointers and arrays; *steps: how many of them there were. */
static const struct type *stripped(const struct type *type, unsigned *steps)
{
    for (*steps = 0; type->kind == TYPE_POINTER || type->kind == TYPE_ARRAY; ++*steps)
        type = type->target.type;
    return type;
}

static bool has_members(const struct type *type)
{
    return type->kind == TYPE_STRUCT || type->kind == TYPE_UNION;
}

static const char *keyword(const struct type *type)
{
    return type->kind == TYPE_STRUCT ? "struct" : type->kind == TYPE_UNION ? "union" : "enum";
}

static const char *stars(struct arena *arena, unsigned count)
{
    char *text = arena_alloc(arena, count + 1);
    memset(text, '*', count);
    return text;
}

static const char *type_name(const struct writer *writer, const struct type *type, unsigned roundabout);

/* `*outer->member`, as an expression of that type, if a member of `outer` leads there. */
static const char *through_member(const struct writer *writer, const struct type *wanted, const struct type *outer,
                                  const struct type *within, unsigned roundabout)
{
    for (const struct member *member = within->members; member; member = member->next) {
        const struct type *type = member->type.type;
        unsigned steps = 0;
        const char *name = NULL;
        if (!member->name && has_members(type))
            name = through_member(writer, wanted, outer, type, roundabout);
        if (name)
            return name;
        if (!member->name || type == outer || stripped(type, &steps) != wanted)
            continue;
        name = type_name(writer, outer, roundabout + 1);
        if (!name)
            return NULL;
        forget_macro(writer, member->name);
        return arena_format(writer->unit->arena, "__typeof__(%s((%s *)0)->%s)", stars(writer->unit->arena, steps), name,
                            member->name);
    }
    return NULL;
}

/* A typedef that leads to it through pointers and arrays: `typedef struct { … } *handle;`. */
static const char *through_typedef(const struct writer *writer, const struct type *wanted)
{
    for (size_t i = 0; i < writer->unit->name_room; i++) {
        const struct name *name = writer->unit->names[i].name;
        unsigned steps = 0;
        if (!name || !name->symbol || name->symbol->kind != SYMBOL_TYPEDEF ||
            stripped(name->symbol->type.type, &steps) != wanted)
            continue;
        forget_macro(writer, name->text);
        return arena_format(writer->unit->arena, "__typeof__(%s*(%s *)0)", stars(writer->unit->arena, steps),
                            name->text);
    }
    return NULL;
}

/* A type without a name of its own. */
static const char *roundabout_name(const struct writer *writer, const struct type *type, unsigned roundabout)
{
    const char *name = through_typedef(writer, type);
    for (uint32_t i = 0; i < writer->model->type_count && !name && roundabout < ROUNDABOUT_MOST; i++) {
        const struct type *outer = writer->model->types[i].ref.type;
        if (outer && has_members(outer) && outer != type)
            name = through_member(writer, type, outer, outer, roundabout);
    }
    return name;
}

/* How C names a structure, union or enumeration outside of all others; NULL: not at all. */
static const char *type_name(const struct writer *writer, const struct type *type, unsigned roundabout)
{
    const char *own = type->name ? type->name : type->typedef_name;
    /* A typedef with an alignment of its own is another type than the one with that tag. */
    if (type->name && unit_find_tag(writer->unit, type->name) != type)
        own = NULL;
    if (!own)
        return roundabout_name(writer, type, roundabout);
    forget_macro(writer, own);
    return type->name ? arena_format(writer->unit->arena, "%s %s", keyword(type), own) : own;
}

/* --- what is asserted --- */

static void assert_whole(const struct writer *writer, const char *name, uint64_t size, uint64_t align)
{
    fprintf(writer->out,
            "_Static_assert(sizeof(%s) == %" PRIu64 ", FARCALL_LAYOUT(\"size %" PRIu64 "\"));\n"
            "_Static_assert(_Alignof(%s) == %" PRIu64 ", FARCALL_LAYOUT(\"alignment %" PRIu64 "\"));\n",
            name, size, size, name, align, align);
}

/* A bit-field has no address; its neighbours' offsets and the whole size hold it. */
static void assert_members(const struct writer *writer, const char *name, const struct type *type, uint64_t base)
{
    for (const struct member *member = type->members; member; member = member->next) {
        uint64_t offset = base + member->offset;
        if (!member->name && has_members(member->type.type))
            assert_members(writer, name, member->type.type, offset);
        if (!member->name || member->is_bit_field)
            continue;
        forget_macro(writer, member->name);
        fprintf(writer->out,
                "_Static_assert(__builtin_offsetof(%s, %s) == %" PRIu64 ", FARCALL_LAYOUT(\"offset %" PRIu64 "\"));\n",
                name, member->name, offset, offset);
    }
}

static void assert_sign(const struct writer *writer, const char *name, const struct type *type)
{
    fprintf(writer->out, "_Static_assert(((%s)-1 < 1) == %d, FARCALL_LAYOUT(\"%s\"));\n", name, type->is_signed,
            type->is_signed ? "signed" : "unsigned");
}

/* No copy that a typedef made with an alignment of its own. */
static bool is_plain(const struct unit *unit, const struct type *type)
{
    for (unsigned i = 0; i < BASIC_COUNT; i++)
        if (unit->basic[i] == type)
            return true;
    return false;
}

static void assert_type(const struct writer *writer, const struct type *type)
{
    bool is_basic = type->kind == TYPE_BOOL || type->kind == TYPE_INT || type->kind == TYPE_FLOAT;
    if ((!has_members(type) && type->kind != TYPE_ENUM && !is_basic) || !type->complete)
        return;
    if (is_basic && is_plain(writer->unit, type))
        assert_whole(writer, type->name, type->size, type->align);
    if (is_basic)
        return;
    const char *name = type_name(writer, type, 0);
    if (!name) {
        fprintf(writer->out, "/* %s without a name that C could reach it by */\n", keyword(type));
        return;
    }
    assert_whole(writer, name, type->size, type->align);
    assert_members(writer, name, type, 0);
    if (type->kind == TYPE_ENUM)
        assert_sign(writer, name, type);
}

void assertions_write(const struct model *model, const struct unit *unit, FILE *out)
{
    const struct writer writer = {model, unit, out};
    fprintf(out,
            "/* Made by faridl for service %s: the compiler confirms what the interface record says. */\n"
            "#if __INCLUDE_LEVEL__ /* included, no flag against extensions counts here */\n"
            "#pragma GCC system_header\n"
            "#endif\n"
            "#define FARCALL_LAYOUT(what) \"the interface record says \" what \"; the compiler does not. Either a flag "
            "\" \\\n"
            "    \"that changes layouts reached only one of faridl and the compiler, or this is an error in faridl\"\n"
            "#if !defined __%s__ || !defined __LP64__\n"
            "#error \"the interface record is for %s, this compiler makes code for something else\"\n"
            "#endif\n",
            model->service, unit->machine == EM_AARCH64 ? "aarch64" : "x86_64",
            unit->machine == EM_AARCH64 ? "aarch64" : "x86-64");
    for (uint32_t i = 0; i < model->type_count; i++)
        if (model->types[i].view != VIEW_OPAQUE && model->types[i].ref.type)
            assert_type(&writer, model->types[i].ref.type);
}
