/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Global data that domains share: far_shared(protocol). */
#include "idl/check.h"

#include <string.h>

static void data_error(struct unit *unit, struct place place, enum fc_number number, const char *message,
                       const char *advice)
{
    diag_error(unit->diagnostics, place, number, message, advice);
}

static bool read_protocol(struct unit *unit, const struct annotation *annotation, struct model_data *data)
{
    static const char *const names[] = {
#define X(NAME, name) name,
        FAR_PROTOCOLS(X)
#undef X
    };
    const char *list = "";
    for (unsigned i = 0; i < FAR_PROTOCOL_COUNT; i++) {
        list = arena_format(unit->arena, "%s%s%s", list, i ? ", " : "", names[i]);
        if (strcmp(annotation->argument, names[i]) != 0)
            continue;
        data->protocol = i;
        return true;
    }
    data_error(unit, annotation->place, FC_SHARED_PROTOCOL,
               arena_format(unit->arena, "'%s' is no protocol of far_shared", annotation->argument),
               arena_format(unit->arena, "the protocols are: %s", list));
    return false;
}

/* What other domains can share: an object with a size and a name of its own that one of them has. */
static const char *mistake_of(const struct declaration *declaration)
{
    if (declaration->type.type->kind == TYPE_FUNCTION)
        return "is a function";
    if (declaration->storage & STORAGE_TYPEDEF)
        return "is a type";
    if (declaration->storage & STORAGE_THREAD)
        return "is thread-local";
    if (declaration->storage & STORAGE_STATIC)
        return "is static, so no other domain can name it";
    return declaration->type.type->complete && !declaration->type.type->flexible ? NULL : "has no size here";
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool data_make(struct checking *checking, const struct declaration *declaration, struct model_data *data)
{
    struct unit *unit = checking->unit;
    struct subject subject = {
        .checking = checking,
        .unit = unit,
        .declaration = declaration,
        .where = ON_DATA,
        .words = ON_DATA,
        .owner = "this declaration",
        .name = arena_format(unit->arena, "'%s'", declaration->name),
        .place = declaration->place,
        .type = declaration->type,
        .annotations = declaration->annotations,
        .set = annotation_set(declaration->annotations),
    };
    const char *mistake = mistake_of(declaration);
    const struct annotation *annotation = annotation_find(declaration->annotations, ANNOTATION_SHARED);
    *data = (struct model_data){
        .name = declaration->name,
        .type = declaration->type,
        .signature = type_spelling(unit->arena, declaration->type, declaration->name),
        .file = base_name(declaration->begin.file),
        .line = declaration->begin.line,
        .place = declaration->place,
    };
    if (!rules_hold(&subject))
        return false;
    if (mistake)
        data_error(
            unit, annotation->place, FC_SHARED_DATA,
            arena_format(unit->arena, "far_shared describes global data, but '%s' %s", declaration->name, mistake),
            "write it before the declaration of a global variable of a "
            "complete type");
    return !mistake && read_protocol(unit, annotation, data);
}
