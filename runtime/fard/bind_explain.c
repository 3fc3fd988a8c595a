/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/bind_explain.h"

#include "runtime/format/detail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct explaining {
    const struct far_import_table *table;
    struct import_details then;
    const struct far_iface *now;
    char *text;
};

static bool say(const struct explaining *at, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool say(const struct explaining *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(at->text, BIND_EXPLAIN_TEXT, format, arguments);
    va_end(arguments);
    return true;
}

static bool explain_function(const struct explaining *at, uint32_t index, const struct far_op *op)
{
    const uint32_t *then = at->then.digest + at->then.first[index];
    uint32_t count = at->then.first[index + 1] - at->then.first[index];
    if (count < 2)
        return false;
    if (count - 2 != op->param_count)
        return say(at, "it had %u parameters, and has %u", count - 2, op->param_count);
    for (uint32_t i = 0; i < op->param_count; i++)
        if (then[i + 2] != detail_of_param(at->now, op, i + 1))
            return say(at, "parameter %u has changed, which is now '%.200s'", i + 1,
                       iface_string(at->now, iface_param(at->now, op, i)->description));
    if (then[1] != detail_of_param(at->now, op, 0))
        return say(at, "its result has changed");
    if (then[0] != detail_of_annotations(at->now, op))
        return say(at, "what it returns when a call fails, its deadline, or another of its annotations has changed");
    return false;
}

/* A name of the import library, which nobody has checked yet. */
static const char *name_then(const struct explaining *at, uint32_t offset)
{
    return import_detail_name(at->table, offset);
}

static const struct far_import_member *member_then(const struct explaining *at, const struct far_import_type *type,
                                                   const char *name)
{
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_import_member *member = &at->then.member[type->first_member + i];
        if (strcmp(name_then(at, member->name), name) == 0)
            return member;
    }
    return NULL;
}

static bool has_member(const struct far_iface *iface, const struct far_type *type, const char *name)
{
    for (uint32_t i = 0; i < type->member_count; i++)
        if (strcmp(iface_string(iface, iface_member(iface, type->first_member + i)->name), name) == 0)
            return true;
    return false;
}

static bool explain_members(const struct explaining *at, const struct far_import_type *then, const struct far_type *now)
{
    const char *type = iface_string(at->now, now->name);
    for (uint32_t i = 0; i < then->member_count; i++) {
        const char *name = name_then(at, at->then.member[then->first_member + i].name);
        if (name[0] && !has_member(at->now, now, name))
            return say(at, "member '%.100s' of %.100s is gone", name, type);
    }
    for (uint32_t i = 0; i < now->member_count; i++) {
        const struct far_member *member = iface_member(at->now, now->first_member + i);
        const char *name = iface_string(at->now, member->name);
        const struct far_import_member *before = member_then(at, then, name);
        if (!before)
            return say(at, "member '%.100s' of %.100s is new", name, type);
        if (before->digest != detail_of_member(at->now, member))
            return say(at, "member '%.100s' of %.100s has changed, or has another place", name, type);
    }
    return false;
}

/* Only where no member says why. */
static bool explain_size(const struct explaining *at, const struct far_import_type *then, const struct far_type *now)
{
    return then->digest != detail_of_type(at->now, now) &&
           say(at, "%.200s has another size or alignment", iface_string(at->now, now->name));
}

static const struct far_import_type *type_then(const struct explaining *at, const char *name)
{
    for (uint32_t i = 0; i < at->then.type_count; i++)
        if (strcmp(name_then(at, at->then.type[i].name), name) == 0)
            return &at->then.type[i];
    return NULL;
}

typedef bool explain_type(const struct explaining *at, const struct far_import_type *then, const struct far_type *now);

static bool explain_types(const struct explaining *at, const uint8_t *reached, explain_type *explain)
{
    for (uint32_t i = 0; i < at->now->types.count; i++) {
        const struct far_type *now = iface_type(at->now, i);
        if (!reached[i] || !detail_has_members(at->now, now))
            continue;
        const struct far_import_type *then = type_then(at, iface_string(at->now, now->name));
        if (then && explain(at, then, now))
            return true;
    }
    return false;
}

const char *bind_explain(const struct far_import_table *table, uint32_t index, const struct far_iface *iface,
                         const struct far_op *op, char text[BIND_EXPLAIN_TEXT])
{
    struct explaining at = {.table = table, .now = iface, .text = text};
    text[0] = '\0';
    uint8_t *reached = import_details(table, &at.then) ? calloc(1, iface->types.count + 1) : NULL;
    if (!reached)
        return text;
    /* Members first: a structure that has another size changes the size of what points to it, too. */
    bool known = detail_reach(iface, op, reached) == 0 &&
                 (explain_types(&at, reached, explain_members) || explain_types(&at, reached, explain_size));
    if (!known)
        explain_function(&at, index, op);
    free(reached);
    return text;
}
