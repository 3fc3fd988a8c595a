/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/handle_type.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Types, by number; 0 is none. Open addressing, `room` places, a power of two. */
struct type_set {
    uint64_t *type;
    uint64_t room;
};

static uint64_t *place_in(const struct type_set *set, uint64_t type)
{
    uint64_t i = type & (set->room - 1);
    while (set->type[i] && set->type[i] != type)
        i = (i + 1) & (set->room - 1);
    return &set->type[i];
}

static void add(struct type_set *set, uint64_t type)
{
    if (type != HANDLE_TYPE_MEMORY)
        *place_in(set, type) = type;
}

static bool has(const struct type_set *set, uint64_t type)
{
    return type != HANDLE_TYPE_MEMORY && *place_in(set, type) == type;
}

/* FNV-1a, and never one of the two that mean something else. */
static uint64_t number_of(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 0x100000001b3u;
    hash >>= 1;
    return hash ? hash : 1;
}

static uint64_t type_behind(const struct far_iface *iface, uint32_t index)
{
    const struct far_type *type = iface_type(iface, index);
    if (type->kind != FAR_TYPE_POINTER)
        return HANDLE_TYPE_MEMORY;
    const char *name = iface_string(iface, iface_type(iface, type->target)->name);
    return strcmp(name, "void") == 0 ? HANDLE_TYPE_MEMORY : number_of(name);
}

/* Which types clients are given handles of, and which of them operations take back. */
struct handle_uses {
    struct type_set given, released;
};

static void note_given(struct handle_uses *uses, const struct handle_types *types, const struct far_value *value)
{
    if (value->passing == FAR_PASS_HANDLE)
        add(&uses->given, types->handle[value->type]);
}

static void note_operation(struct handle_uses *uses, const struct handle_types *types, const struct far_iface *iface,
                           const struct far_op *op)
{
    note_given(uses, types, &iface_result(iface, op)->value);
    for (uint32_t i = 0; i < op->param_count; i++) {
        const struct far_value *value = &iface_param(iface, op, i)->value;
        if (value->passing == FAR_PASS_HANDLE && value->flags & FAR_VALUE_RELEASE)
            add(&uses->released, types->handle[value->type]);
    }
}

/* What lies in memory may go both ways; what a function of the client's takes is given to it. */
static void note_uses(struct handle_uses *uses, const struct handle_types *types, const struct far_iface *iface)
{
    for (uint32_t i = 0; i < iface->ops.count; i++)
        note_operation(uses, types, iface, iface_op(iface, i));
    for (uint32_t i = 0; i < iface->values.count; i++)
        note_given(uses, types, iface_value(iface, i));
    for (uint32_t i = 0; i < iface->callbacks.count; i++) {
        const struct far_callback *callback = iface_callback(iface, i);
        for (uint32_t at = 1; at <= callback->param_count; at++)
            note_given(uses, types, &iface_callback_param(iface, callback, at)->value);
    }
}

static bool allocate_set(struct type_set *set, uint32_t types)
{
    for (set->room = 2; set->room < 2 * (uint64_t)types + 2;)
        set->room *= 2;
    set->type = calloc(set->room, sizeof *set->type);
    return set->type;
}

static void find_memory(struct handle_types *types, const struct handle_uses *uses, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (has(&uses->released, types->handle[i]) && !has(&uses->given, types->handle[i]))
            types->memory[i] = types->handle[i];
}

int handle_types_make(struct handle_types *types, const struct far_iface *iface)
{
    uint32_t count = iface->types.count;
    struct handle_uses uses = {.given.room = 0};
    types->handle = calloc(count + 1, sizeof *types->handle);
    types->memory = calloc(count + 1, sizeof *types->memory);
    bool fine =
        types->handle && types->memory && allocate_set(&uses.given, count) && allocate_set(&uses.released, count);
    for (uint32_t i = 0; i < count && fine; i++)
        types->handle[i] = type_behind(iface, i);
    if (fine) {
        note_uses(&uses, types, iface);
        find_memory(types, &uses, count);
    } else {
        handle_types_free(types);
    }
    free(uses.given.type);
    free(uses.released.type);
    return fine ? 0 : -ENOMEM;
}

void handle_types_free(struct handle_types *types)
{
    free(types->handle);
    free(types->memory);
    *types = (struct handle_types){0};
}
