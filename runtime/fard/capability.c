/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/capability.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

void capabilities_init(struct capabilities *table)
{
    *table = (struct capabilities){0};
}

static void wipe(struct capability *capability)
{
    free(capability->holder);
    explicit_bzero(capability, sizeof *capability);
    free(capability);
}

void capabilities_free(struct capabilities *table)
{
    for (uint32_t i = 0; i < table->count; i++)
        wipe(table->item[i]);
    free(table->item);
    capabilities_init(table);
}

static int make_room(struct capabilities *table)
{
    if (table->count < table->room)
        return 0;
    uint32_t room = table->room ? 2 * table->room : 16;
    struct capability **grown = reallocarray(table->item, room, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    table->item = grown;
    table->room = room;
    return 0;
}

int capability_add(struct capabilities *table, const struct capability *capability)
{
    struct capability *copy = malloc(sizeof *copy);
    if (!copy || make_room(table)) {
        free(copy);
        return -ENOMEM;
    }
    *copy = *capability;
    copy->holder = NULL;
    copy->holder_count = 0;
    table->item[table->count++] = copy;
    return 0;
}

/* The place of the first whose id is not less. */
static uint32_t place_of(const struct capabilities *table, uint32_t id)
{
    uint32_t low = 0, high = table->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (table->item[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct capability *capability_find(const struct capabilities *table, uint32_t id)
{
    uint32_t place = place_of(table, id);
    return place < table->count && table->item[place]->id == id ? table->item[place] : NULL;
}

void capability_drop(struct capabilities *table, uint32_t id)
{
    uint32_t place = place_of(table, id);
    if (place == table->count || table->item[place]->id != id)
        return;
    wipe(table->item[place]);
    memmove(&table->item[place], &table->item[place + 1], (--table->count - place) * sizeof *table->item);
}

bool capability_has_holder(const struct capability *capability, uid_t uid)
{
    for (uint32_t i = 0; i < capability->holder_count; i++)
        if (capability->holder[i] == uid)
            return true;
    return false;
}

int capability_add_holder(struct capabilities *table, uint32_t id, uid_t uid)
{
    uint32_t place = place_of(table, id);
    struct capability *capability = place < table->count ? table->item[place] : NULL;
    if (!capability || capability->id != id || capability_has_holder(capability, uid))
        return 0;
    uid_t *grown = reallocarray(capability->holder, capability->holder_count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    capability->holder = grown;
    capability->holder[capability->holder_count++] = uid;
    return 0;
}

void capabilities_forget_service(struct capabilities *table, uint32_t service_id)
{
    for (uint32_t i = table->count; i-- > 0;)
        if (table->item[i]->service_id == service_id)
            capability_drop(table, table->item[i]->id);
}

static bool digests_equal(const uint8_t *a, const uint8_t *b)
{
    volatile uint8_t difference = 0;
    for (int i = 0; i < CAPABILITY_DIGEST; i++)
        difference |= a[i] ^ b[i];
    return difference == 0;
}

const struct capability *capability_find_digest(const struct capabilities *table,
                                                const uint8_t digest[CAPABILITY_DIGEST])
{
    const struct capability *found = NULL;
    for (uint32_t i = 0; i < table->count; i++)
        found = digests_equal(table->item[i]->digest, digest) ? table->item[i] : found;
    return found;
}

const struct capability *capability_after(const struct capabilities *table, uint32_t id)
{
    uint32_t place = id == UINT32_MAX ? table->count : place_of(table, id + 1);
    return place < table->count ? table->item[place] : NULL;
}

bool capability_is_below(const struct capabilities *table, uint32_t id, uint32_t ancestor)
{
    const struct capability *at = capability_find(table, id);
    while (at && at->id != ancestor)
        at = at->parent ? capability_find(table, at->parent) : NULL;
    return at != NULL;
}

uint32_t capability_depth(const struct capabilities *table, const struct capability *capability)
{
    uint32_t depth = 0;
    while (capability && capability->parent) {
        capability = capability_find(table, capability->parent);
        depth++;
    }
    return depth;
}

uint32_t capabilities_of_uid(const struct capabilities *table, uid_t uid)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < table->count; i++)
        count += table->item[i]->parent && table->item[i]->uid == uid;
    return count;
}

bool capability_expired(const struct capability *capability, int64_t now)
{
    return capability->expires && capability->expires <= now;
}

int64_t capabilities_next_expiry(const struct capabilities *table)
{
    int64_t next = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        int64_t at = table->item[i]->expires;
        if (at && (!next || at < next))
            next = at;
    }
    return next;
}

static bool list_names(const char *ops, const char *op, size_t length)
{
    while (*ops) {
        size_t here = strcspn(ops, "\n");
        if (here == length && memcmp(ops, op, length) == 0)
            return true;
        ops += here + (ops[here] == '\n');
    }
    return false;
}

bool capability_names(const struct capability *capability, const char *op)
{
    return !capability->ops[0] || list_names(capability->ops, op, strlen(op));
}

static bool grants_more(const struct capability *a, const struct capability *b)
{
    return !b || a->level > b->level || (a->level == b->level && !a->ops[0] && b->ops[0]);
}

const struct capability *capability_best(const struct capabilities *table, uint32_t service_id,
                                         const uint32_t *presented, uint32_t count)
{
    const struct capability *best = NULL;
    for (uint32_t i = 0; i < count; i++) {
        const struct capability *capability = capability_find(table, presented[i]);
        if (capability && capability->service_id == service_id && grants_more(capability, best))
            best = capability;
    }
    return best;
}

int capability_check_rights(const struct capability *wanted, int64_t now, struct far_error *error)
{
    if (wanted->level == FAR_LEVEL_UNSET || wanted->level >= FAR_LEVEL_COUNT)
        return refuse(error, EINVAL, EX_USAGE, "capability: no level was given: none, read or trusted");
    if (wanted->ops[0] && wanted->level == FAR_LEVEL_TRUSTED)
        return refuse(error, EINVAL, EX_USAGE,
                      "capability: one with a list of operations cannot be trusted: who runs the service's code itself "
                      "is held by no list; ask for read or none");
    if (capability_expired(wanted, now))
        return refuse(error, EINVAL, EX_USAGE, "capability: it would have expired already");
    return 0;
}

static int check_subset(const struct capability *parent, const struct capability *wanted, struct far_error *error)
{
    for (const char *op = wanted->ops; *op;) {
        size_t length = strcspn(op, "\n");
        if (parent->ops[0] && !list_names(parent->ops, op, length))
            return refuse(error, EACCES, EX_NOPERM, "capability: the one presented does not grant operation %.*s",
                          (int)length, op);
        op += length + (op[length] == '\n');
    }
    return 0;
}

int capability_narrow(const struct capability *parent, struct capability *wanted, int64_t now, struct far_error *error)
{
    wanted->parent = parent->id;
    wanted->service_id = parent->service_id;
    wanted->level = wanted->level == FAR_LEVEL_UNSET ? parent->level : wanted->level;
    wanted->expires = wanted->expires ? wanted->expires : parent->expires;
    if (!wanted->ops[0])
        memcpy(wanted->ops, parent->ops, sizeof wanted->ops);
    if (wanted->level > parent->level)
        return refuse(error, EACCES, EX_NOPERM, "capability: the one presented grants no more than %s",
                      parent->level == FAR_LEVEL_READ ? "read" : "none");
    if (parent->expires && wanted->expires > parent->expires)
        return refuse(error, EACCES, EX_NOPERM, "capability: the one presented expires earlier");
    int result = check_subset(parent, wanted, error);
    return result ? result : capability_check_rights(wanted, now, error);
}
