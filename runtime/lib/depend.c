/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/depend.h"

#include "runtime/import.h"
#include "runtime/lib/binding.h"
#include "runtime/lib/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

const struct far_reloc_header *depend_read_stream(const struct far_mapping *mapping, struct far_error *error)
{
    size_t size;
    char why[256];
    struct far_extent relative[FAR_PART_COUNT];
    const void *stream =
        map_file(mapping->fds->fd[FAR_FD_RELOC], &size, mapping->service, "relocation commands", error);
    if (!stream)
        return NULL;
    for (int i = 0; i < FAR_PART_COUNT; i++)
        relative[i] = (struct far_extent){mapping->part[i].address - mapping->base, mapping->part[i].size};
    if (segment_reloc_check(stream, size, relative, why, sizeof why) == 0)
        return stream;
    far_fail(error, EPROTO, EX_DATAERR, "service %s: its relocation commands are not valid: %s", mapping->service, why);
    return NULL;
}

/* An operation that a segment needs of another service. */
struct need {
    const char *name;
    uint64_t fingerprint;
    const uint64_t *fails; /* its far_fails value; NULL: it has none */
};

struct needs {
    struct need *item;
    uint32_t count, room;
    uint16_t major, minor;
    size_t text; /* bytes of all names */
};

static int need_add(struct needs *needs, const char *name, const struct far_reloc *check)
{
    for (uint32_t i = 0; i < needs->count; i++)
        if (strcmp(needs->item[i].name, name) == 0)
            return 0;
    if (needs->count == needs->room) {
        uint32_t room = needs->room ? 2 * needs->room : 16;
        struct need *item = realloc(needs->item, room * sizeof *item);
        if (!item)
            return -ENOMEM;
        needs->item = item;
        needs->room = room;
    }
    needs->item[needs->count++] =
        (struct need){name, check->value, check->count > 1 ? &segment_reloc_words(check)[1] : NULL};
    needs->text += strlen(name) + 1;
    return 0;
}

static int needs_collect(struct needs *needs, const struct far_reloc_header *stream, const char *service)
{
    const struct far_reloc *command = segment_next_reloc(stream, NULL);
    int failed = 0;
    for (; command && !failed; command = segment_next_reloc(stream, command)) {
        if (command->code != FAR_RELOC_CHECK || strcmp(segment_reloc_string(stream, command->name), service) != 0)
            continue;
        uint32_t version = (uint32_t)segment_reloc_words(command)[0];
        needs->major = (uint16_t)(version >> 16);
        needs->minor = (uint16_t)version;
        failed = need_add(needs, segment_reloc_string(stream, command->name2), command);
    }
    return failed;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct need *)a)->name, ((const struct need *)b)->name);
}

static struct far_import_table *table_from_needs(const struct needs *needs, const char *service)
{
    size_t head = sizeof(struct far_import_table) + needs->count * sizeof(struct far_import_op);
    size_t size = (head + needs->text + 7) & ~(size_t)7;
    struct far_import_table *table = size <= FAR_IMPORT_MAX ? calloc(1, size) : NULL;
    if (!table)
        return NULL;
    memcpy(table->magic, FAR_IMPORT_MAGIC, sizeof table->magic);
    table->version = FAR_IMPORT_VERSION;
    table->size = (uint32_t)size;
    memcpy(table->service, service, strnlen(service, sizeof table->service - 1));
    table->major = needs->major;
    table->minor = needs->minor;
    table->op_count = needs->count;
    struct far_import_op *op = (struct far_import_op *)(table + 1);
    size_t at = head;
    for (uint32_t i = 0; i < needs->count; i++) {
        const uint64_t *fails = needs->item[i].fails;
        op[i] = (struct far_import_op){.fingerprint = needs->item[i].fingerprint,
                                       .fails = fails ? *fails : 0,
                                       .name = (uint32_t)at,
                                       .flags = fails ? FAR_IMPORT_HAS_FAILS : 0};
        at = (size_t)(stpcpy((char *)table + at, needs->item[i].name) + 1 - (char *)table);
    }
    return table;
}

static int bind_service(const struct far_reloc_header *stream, const char *self, const char *service,
                        struct far_error *error)
{
    struct needs needs = {0};
    struct far_binding *binding;
    int failed = needs_collect(&needs, stream, service);
    if (!failed && needs.count == 0)
        failed = far_fail(error, EPROTO, EX_DATAERR, "service %s is bound to %s but does not say what it expects of it",
                          self, service);
    else if (failed)
        far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory to bind %s", self, service);
    if (!failed) {
        qsort(needs.item, needs.count, sizeof *needs.item, by_name);
        struct far_import_table *table = table_from_needs(&needs, service);
        failed = table ? binding_make(table, NULL, &binding, error)
                       : far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory to bind %s", self, service);
        free(table);
    }
    free(needs.item);
    return failed;
}

int depend_bind(const struct far_reloc_header *stream, const char *self, struct far_error *error)
{
    const struct far_reloc *command = segment_next_reloc(stream, NULL);
    const char *last = self;
    int failed = 0;
    for (; command && !failed; command = segment_next_reloc(stream, command)) {
        if (command->code != FAR_RELOC_CHECK) /* they come first, those of one service together */
            break;
        const char *service = segment_reloc_string(stream, command->name);
        uint16_t major = (uint16_t)(segment_reloc_words(command)[0] >> 16);
        if (strcmp(service, last) != 0 && strcmp(service, self) != 0 && !process_find_major(service, major))
            failed = bind_service(stream, self, service, error);
        last = service;
    }
    return failed;
}
