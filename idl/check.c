/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * From a parsed unit to a model: which service, which operations and shared data, each made by operation_make() and
 * data_make(). Everything is looked at before anything is given up.
 */
#include "idl/check.h"
#include "idl/cures.h"

#include "runtime/segment.h"

#include <ctype.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct service {
    const struct service_mark *mark;
    const char *name;
    uint16_t major, minor;
    bool valid;
};

struct check {
    struct unit *unit;
    struct service *services;
    size_t service_count;
    struct service *chosen;
    bool source;
    bool defines;
    const struct declaration **found; /* operations of the chosen service */
    size_t found_count, found_room;
    const struct declaration **data; /* its shared data */
    size_t data_count, data_room;
};

static struct diagnostic *check_error(struct check *check, struct place place, enum fc_number number,
                                      const char *message, const char *advice)
{
    return diag_error(check->unit->diagnostics, place, number, message, advice);
}

/* --- services --- */

static const char *trimmed(struct arena *arena, const char *text, size_t length)
{
    while (length && isspace((unsigned char)*text))
        text++, length--;
    while (length && isspace((unsigned char)text[length - 1]))
        length--;
    return arena_copy(arena, text, length);
}

static bool is_identifier(const char *name)
{
    if (!isalpha((unsigned char)*name) && *name != '_')
        return false;
    while (isalnum((unsigned char)*name) || *name == '_')
        name++;
    return !*name;
}

static bool read_version(struct check *check, const char *text, struct place place, uint16_t *version)
{
    const struct expr *expr = unit_parse_expression(check->unit, text, place, NULL);
    struct constant c = constant_evaluate(check->unit, expr);
    *version = (uint16_t)c.value;
    return c.known && !c.is_real && c.value <= UINT16_MAX;
}

/* "kv,1,0" */
static void read_service(struct check *check, struct service *service)
{
    const struct annotation *annotation = annotation_find(service->mark->annotation, ANNOTATION_SERVICE);
    const char *text = annotation->argument, *first = strchr(text, ','),
               *second = first ? strchr(first + 1, ',') : NULL;
    struct arena *arena = check->unit->arena;
    service->valid = second != NULL;
    if (!second) {
        check_error(check, annotation->place, FC_SERVICE_VERSION,
                    "far_service needs a name, a major and a minor version", "write far_service(name, 1, 0);");
        return;
    }
    service->name = trimmed(arena, text, (size_t)(first - text));
    if (!is_identifier(service->name) || strlen(service->name) > FAR_NAME_MAX) {
        check_error(check, annotation->place, FC_SERVICE_NAME,
                    arena_format(arena, "'%s' cannot be a service's name", service->name),
                    "a name is a C identifier of at most 63 characters");
        service->valid = false;
    }
    const char *major = trimmed(arena, first + 1, (size_t)(second - first - 1));
    if (!read_version(check, major, annotation->place, &service->major) ||
        !read_version(check, second + 1, annotation->place, &service->minor)) {
        check_error(check, annotation->place, FC_SERVICE_VERSION, "a service's versions are constants from 0 to 65535",
                    "write far_service(name, 1, 0);");
        service->valid = false;
    }
}

static const char *file_of(const struct service *service)
{
    return service->mark->annotation->place.file;
}

static struct place place_of(const struct service *service)
{
    return service->mark->annotation->place;
}

static void read_services(struct check *check)
{
    size_t count = 0;
    for (const struct service_mark *mark = check->unit->services; mark; mark = mark->next)
        count++;
    check->services = arena_alloc(check->unit->arena, (count + 1) * sizeof *check->services);
    for (const struct service_mark *mark = check->unit->services; mark; mark = mark->next) {
        struct service *service = &check->services[check->service_count++];
        service->mark = mark;
        read_service(check, service);
        for (struct service *other = check->services; other < service; other++)
            if (strcmp(file_of(other), file_of(service)) == 0)
                check_error(check, place_of(service), FC_TWO_SERVICES, "a second far_service in the same file",
                            "one header describes one service: split it");
    }
}

/*
 * The service that a declaration belongs to: its own file's; else the one declared last before it; else the only one. /
 */
static struct service *service_of(const struct check *check, const struct declaration *declaration)
{
    struct service *last = NULL;
    for (size_t i = 0; i < check->service_count; i++)
        if (strcmp(file_of(&check->services[i]), declaration->place.file) == 0)
            return &check->services[i];
    for (size_t i = 0; i < check->service_count; i++)
        if (place_of(&check->services[i]).offset < declaration->place.offset)
            last = &check->services[i];
    return last ? last : check->service_count == 1 ? &check->services[0] : NULL;
}

/* --- operations --- */

static bool is_operation(const struct declaration *declaration)
{
    return (annotation_set(declaration->annotations) & HAS(OP)) != 0;
}

static const struct declaration *definition_of(const struct check *check, const char *name)
{
    for (const struct declaration *d = unit_declarations(check->unit, name); d; d = d->again)
        if (d->has_body)
            return d;
    return NULL;
}

/* A source serves the service whose operations it defines. */
static void choose_from_definitions(struct check *check)
{
    for (const struct declaration *d = check->unit->declarations; d; d = d->next) {
        const struct declaration *definition = is_operation(d) ? definition_of(check, d->name) : NULL;
        if (!definition)
            continue;
        struct service *service = service_of(check, d);
        check->defines = true;
        if (check->chosen && service && service != check->chosen) {
            check_error(check, definition->place, FC_TWO_SERVICES, "this source defines operations of two services",
                        "one object file belongs to one service: split it");
            return;
        }
        check->chosen = service ? service : check->chosen;
    }
}

static void choose_from_header(struct check *check)
{
    for (size_t i = 0; i < check->service_count && !check->chosen; i++)
        if (strcmp(file_of(&check->services[i]), check->unit->main_file) == 0)
            check->chosen = &check->services[i];
    if (!check->chosen && check->service_count == 1)
        check->chosen = &check->services[0];
    if (!check->chosen && check->service_count > 1)
        check_error(check, place_of(&check->services[1]), FC_TWO_SERVICES,
                    "the headers included here declare several services",
                    "say which one is meant: put far_service into this header");
}

static void add_operation(struct check *check, const struct declaration *declaration)
{
    struct arena *arena = check->unit->arena;
    for (size_t i = 0; i < check->found_count; i++) {
        if (strcmp(check->found[i]->name, declaration->name) != 0)
            continue;
        struct diagnostic *said =
            check_error(check, declaration->place, FC_DUPLICATE_OPERATION,
                        arena_format(arena,
                                     "operation %s is declared with far_op a second "
                                     "time (first in line %u of %s)",
                                     declaration->name, check->found[i]->place.line, check->found[i]->place.file),
                        "keep one annotated declaration; plain ones may be repeated");
        diag_note(check->unit->diagnostics, said, check->found[i]->place, "first declared here");
        return;
    }
    if (check->found_count == FAR_SLOT_MAX - 1)
        check_error(check, declaration->place, FC_TOO_MANY_OPERATIONS, "a service has at most 4094 operations",
                    "split it into two services");
    if (check->found_count >= FAR_SLOT_MAX - 1)
        return;
    if (check->found_count == check->found_room) {
        check->found = arena_grow(arena, check->found, check->found_count, sizeof *check->found);
        check->found_room = check->found_count ? check->found_count * 2 : 8;
    }
    check->found[check->found_count++] = declaration;
}

static void check_stray(struct check *check, const struct annotation *a)
{
    bool unknown = a->word == ANNOTATION_COUNT;
    struct arena *arena = check->unit->arena;
    check_error(check, a->place, unknown ? FC_UNKNOWN_ANNOTATION : FC_MISPLACED_ANNOTATION,
                unknown ? arena_format(arena, "'%s' is no annotation of farcall's", a->text)
                        : arena_format(arena, "%s describes nothing here", annotation_word_macro(a->word)),
                "see docs/annotations.md for where each word stands");
}

static void check_member_words(struct check *check, const struct annotation *list)
{
    for (const struct annotation *a = list; a; a = a->next)
        if (!(annotation_where(a->word) & ON_MEMBER))
            check_error(check, a->place, a->word == ANNOTATION_COUNT ? FC_UNKNOWN_ANNOTATION : FC_MISPLACED_ANNOTATION,
                        arena_format(check->unit->arena, "%s cannot describe a structure's member",
                                     annotation_word_macro(a->word)),
                        "see docs/annotations.md for where each word stands");
}

static void check_type_words(struct check *check, const struct type *type)
{
    for (const struct annotation *a = type->annotations; a; a = a->next)
        if (!(annotation_where(a->word) & ON_TYPE))
            check_stray(check, a);
    for (const struct member *m = type->members; m; m = m->next)
        check_member_words(check, m->annotations);
}

static void check_strays(struct check *check)
{
    for (const struct annotation *a = check->unit->strays; a; a = a->next)
        check_stray(check, a);
    for (size_t i = 0; i < check->unit->annotated_type_count; i++)
        check_type_words(check, check->unit->annotated_types[i]);
}

static bool is_data(const struct declaration *declaration)
{
    return (annotation_set(declaration->annotations) & HAS(SHARED)) != 0;
}

static void add_data(struct check *check, const struct declaration *declaration)
{
    for (size_t i = 0; i < check->data_count; i++)
        if (strcmp(check->data[i]->name, declaration->name) == 0) {
            check_error(check, declaration->place, FC_DUPLICATE_OPERATION,
                        arena_format(check->unit->arena,
                                     "'%s' is declared with far_shared a second time (first in line "
                                     "%u of %s)",
                                     declaration->name, check->data[i]->place.line, check->data[i]->place.file),
                        "keep one annotated declaration; plain ones may be repeated");
            return;
        }
    if (check->data_count == check->data_room) {
        check->data = arena_grow(check->unit->arena, check->data, check->data_count, sizeof *check->data);
        check->data_room = check->data_count ? check->data_count * 2 : 8;
    }
    check->data[check->data_count++] = declaration;
}

/* Does its file describe a service? Then all it says is meant for farcall. */
static bool in_service_header(const struct check *check, const struct declaration *declaration)
{
    const char *file = declaration->begin.file;
    if (!check->source && strcmp(file, check->unit->main_file) == 0)
        return true;
    for (size_t i = 0; i < check->service_count; i++)
        if (strcmp(file_of(&check->services[i]), file) == 0)
            return true;
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct declaration *const *)a)->name, (*(const struct declaration *const *)b)->name);
}

/* An operation without far_op would be left out silently, and so would what a second declaration says of it. */
static void check_unmarked(struct check *check)
{
    for (const struct declaration *d = check->unit->declarations; d; d = d->next) {
        if (is_operation(d) || is_data(d))
            continue;
        const struct declaration **same =
            check->found_count ? bsearch(&d, check->found, check->found_count, sizeof *check->found, by_name) : NULL;
        unmarked_check(check->unit, d, same ? *same : NULL, same || in_service_header(check, d));
    }
}

/* Every declaration of an operation must agree with the annotated one: it is the same function. */
static void check_redeclarations(struct check *check, const struct declaration *annotated)
{
    for (const struct declaration *d = unit_declarations(check->unit, annotated->name); d; d = d->again) {
        if (d == annotated || types_compatible(d->type, annotated->type))
            continue;
        struct arena *arena = check->unit->arena;
        bool later = d->place.offset > annotated->place.offset;
        struct diagnostic *said = check_error(check, later ? d->place : annotated->place, FC_INCOMPATIBLE_REDECLARATION,
                                              arena_format(arena, "declarations of %s disagree: `%s` and `%s`",
                                                           annotated->name, type_spelling(arena, d->type, d->name),
                                                           type_spelling(arena, annotated->type, annotated->name)),
                                              "an annotated declaration repeats the function's own types exactly");
        diag_note(check->unit->diagnostics, said, later ? annotated->place : d->place, "the other declaration is here");
        return;
    }
}

static void find_operations(struct check *check)
{
    for (const struct declaration *d = check->unit->declarations; d; d = d->next) {
        if (!is_operation(d) && !is_data(d))
            continue;
        struct service *service = service_of(check, d);
        if (service && service == check->chosen && is_operation(d))
            add_operation(check, d);
        else if (service && service == check->chosen)
            add_data(check, d);
        if (!service)
            check_error(check, d->place, FC_NO_SERVICE,
                        arena_format(check->unit->arena, "%s %s belongs to no service",
                                     is_operation(d) ? "operation" : "shared data", d->name),
                        "write far_service(name, 1, 0); above it");
    }
    if (check->found_count)
        qsort(check->found, check->found_count, sizeof *check->found, by_name);
    for (size_t i = 0; i < check->found_count; i++)
        check_redeclarations(check, check->found[i]);
    check_unmarked(check);
}

static void make_data(struct check *check, struct checking *checking, struct model *model)
{
    if (check->data_count)
        qsort(check->data, check->data_count, sizeof *check->data, by_name);
    model->data = arena_alloc(check->unit->arena, (check->data_count + 1) * sizeof *model->data);
    for (size_t i = 0; i < check->data_count; i++)
        model->data_count += data_make(checking, check->data[i], &model->data[model->data_count]);
}

static void make_model(struct check *check, struct checking *checking, struct model *model)
{
    const struct service *service = check->chosen;
    *model = (struct model){.service = service->name,
                            .major = service->major,
                            .minor = service->minor,
                            .place = place_of(service),
                            .machine = check->unit->machine ? check->unit->machine : EM_X86_64};
    model->ops = arena_alloc(check->unit->arena, check->found_count * sizeof *model->ops);
    for (size_t i = 0; i < check->found_count; i++) {
        struct model_op *op = &model->ops[model->op_count];
        if (operation_make(checking, check->found[i], op))
            op->slot = ++model->op_count;
    }
    model->slot_end = model->op_count + 1;
    make_data(check, checking, model);
}

static const struct model_value *released_within(const struct model_value *value)
{
    while (value && value->lifetime != FAR_LIFETIME_RELEASED)
        value = value->inside;
    return value;
}

static bool releases(const struct model *model)
{
    for (uint32_t i = 0; i < model->op_count; i++)
        for (uint32_t at = 0; at < model->ops[i].param_count; at++)
            if (model->ops[i].params[at].value.flags & FAR_VALUE_RELEASE)
                return true;
    return false;
}

/* "Until it is released" needs an operation that releases: the client's own free() is another heap's. */
static void check_released(struct check *check, const struct model *model)
{
    if (releases(model))
        return;
    for (uint32_t i = 0; i < model->op_count; i++) {
        const struct model_op *op = &model->ops[i];
        const struct model_param *wanted = released_within(&op->result.value) ? &op->result : NULL;
        for (uint32_t at = 0; !wanted && at < op->param_count; at++)
            wanted = released_within(&op->params[at].value) ? &op->params[at] : NULL;
        if (wanted)
            check_error(check, wanted->place, FC_NEVER_RELEASED,
                        arena_format(check->unit->arena,
                                     "what %s gives is valid until it is released, but no operation releases anything",
                                     op->name),
                        "declare one that does: far_op void x_free(void *far_release p);");
    }
}

/* A header may be broken without this source being the one to say so. */
static bool nothing_to_say(const struct check *check)
{
    return check->source && !check->defines;
}

bool model_from_unit(struct unit *unit, bool source, struct model *model, bool *defines)
{
    struct check check = {.unit = unit, .source = source};
    read_services(&check);
    if (source)
        choose_from_definitions(&check);
    else
        choose_from_header(&check);
    *defines = check.defines || !source;
    if (nothing_to_say(&check))
        return false;
    if (!check.chosen && !unit->diagnostics->count && !source)
        check_error(&check, (struct place){unit->main_file, 1, 0}, FC_NO_SERVICE, "this header declares no service",
                    "write far_service(name, 1, 0); into it");
    check_strays(&check);
    describes_apply(unit);
    find_operations(&check);
    if (check.chosen && !check.found_count && !unit->diagnostics->count)
        check_error(&check, place_of(check.chosen), FC_NO_OPERATIONS,
                    arena_format(unit->arena, "service %s has no operation", check.chosen->name),
                    "put far_op before the functions that others may call");
    if (!check.chosen || !check.found_count)
        return false;
    struct checking checking = {.unit = unit};
    make_model(&check, &checking, model);
    if (!unit->diagnostics->count)
        check_released(&check, model);
    if (unit->diagnostics->count || !check.chosen->valid)
        return false;
    model_collect_types(model, &checking);
    model_fingerprint(model, unit->arena);
    return !unit->diagnostics->count;
}
