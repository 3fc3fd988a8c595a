/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/bind_pending.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_there(const struct registry *registry, const char *service, uint16_t major)
{
    const struct service *found = registry_find_major(registry, service, major);
    return found && !found->hidden;
}

static bool is_known(const struct registry *registry, const char *service)
{
    const struct service *at = registry_find(registry, service);
    while (at && at->hidden)
        at = registry_next_major(registry, at);
    return at != NULL;
}

bool bind_must_wait(const struct registry *registry, const char *service, uint16_t major)
{
    return !is_there(registry, service, major) && !is_known(registry, service);
}

bool bind_is_pending(const struct registry *registry, const char *service, uint16_t major)
{
    return bind_must_wait(registry, service, major) ||
           (!is_there(registry, service, major) && pending_find(&registry->pendings, service, major));
}

static void fill_pending_reply(const struct pending *pending, const struct far_import_table *table,
                               struct far_bind_reply *reply)
{
    uint64_t *stub = (uint64_t *)(reply + 1);
    memset(reply, 0, sizeof *reply);
    reply->flags = FAR_BIND_PENDING;
    reply->base = pending->range.base;
    reply->level = FAR_LEVEL_NONE;
    reply->op_count = table->op_count;
    reply->major = table->major;
    memcpy(reply->service, pending->name, sizeof reply->service);
    for (uint32_t i = 0; i < table->op_count; i++)
        stub[i] = pending_address(pending, import_op_name(table, i));
}

int bind_pending_answer(struct registry *registry, struct store *store, const struct far_import_table *table,
                        struct pending_asker asker, void *reply, size_t size, size_t *used, struct far_error *error)
{
    const struct pending *pending;
    *used = sizeof(struct far_bind_reply) + table->op_count * sizeof(uint64_t);
    const char **op = size < *used ? NULL : calloc(table->op_count, sizeof *op);
    if (!op)
        return size < *used ? -EMSGSIZE : -ENOMEM;
    for (uint32_t i = 0; i < table->op_count; i++)
        op[i] = import_op_name(table, i);
    const struct pending_wish wish = {table->service, op, table->op_count, asker.uid, asker.unlimited, table->major};
    int result = pending_take(registry, store, &wish, &pending, error);
    free(op);
    if (!result)
        fill_pending_reply(pending, table, reply);
    return result;
}

int bind_add_pending(const struct registry *registry, const struct service *service, void *reply, size_t size,
                     size_t *used)
{
    const struct pending *pending = pending_find(&registry->pendings, service->name, service->major);
    struct far_bind_reply *head = reply;
    uint64_t *word = (uint64_t *)((uint8_t *)reply + *used);
    if (!pending)
        return 0;
    *used += (pending->count + 1) * sizeof *word;
    if (size < *used)
        return -EMSGSIZE;
    head->pending_base = pending->range.base;
    head->pending_count = pending->count + 1;
    word[0] = 0;
    for (uint32_t i = 0; i < pending->count; i++) {
        const struct far_op *op = service_op(service, pending->op[i].name);
        word[i + 1] = op ? service_stub(service, op) : 0;
    }
    return 0;
}

/* ---- What a segment calls ---- */

static bool is_check_of(const struct far_reloc_header *stream, const struct far_reloc *command, const char *service)
{
    return command->code == FAR_RELOC_CHECK && strcmp(segment_reloc_string(stream, command->name), service) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static uint32_t without_twins(const char **op, uint32_t count)
{
    uint32_t kept = 0;
    qsort(op, count, sizeof *op, by_name);
    for (uint32_t i = 0; i < count; i++)
        if (!kept || strcmp(op[kept - 1], op[i]) != 0)
            op[kept++] = op[i];
    return kept;
}

/* `first` is the first command about its service; commands about one service follow each other. */
static int take_need(struct registry *registry, struct store *store, const struct far_reloc_header *stream,
                     const struct far_reloc *first, struct pending_asker asker, struct far_error *error)
{
    const char *service = segment_reloc_string(stream, first->name);
    uint16_t major = (uint16_t)(segment_reloc_words(first)[0] >> 16);
    const struct pending *pending;
    const char **op = calloc(stream->command_count, sizeof *op);
    uint32_t count = 0;
    if (!op)
        return -ENOMEM;
    for (const struct far_reloc *at = first; at && is_check_of(stream, at, service);
         at = segment_next_reloc(stream, at))
        op[count++] = segment_reloc_string(stream, at->name2);
    count = without_twins(op, count);
    const struct pending_wish wish = {service, op, count, asker.uid, asker.unlimited, major};
    int result = pending_take(registry, store, &wish, &pending, error);
    free(op);
    return result;
}

int bind_pending_needs(struct registry *registry, struct store *store, const struct far_segment *segment,
                       struct pending_asker asker, struct far_error *error)
{
    const struct far_reloc_header *stream = segment->reloc;
    const char *last = "";
    int result = 0;
    for (const struct far_reloc *at = segment_next_reloc(stream, NULL); at && at->code == FAR_RELOC_CHECK && !result;
         at = segment_next_reloc(stream, at)) {
        const char *service = segment_reloc_string(stream, at->name);
        uint16_t major = (uint16_t)(segment_reloc_words(at)[0] >> 16);
        if (strcmp(service, last) != 0 && bind_is_pending(registry, service, major))
            result = take_need(registry, store, stream, at, asker, error);
        last = service;
    }
    return result;
}
