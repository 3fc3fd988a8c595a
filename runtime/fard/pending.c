/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/pending.h"
#include "runtime/fard/registry.h"
#include "runtime/fard/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static void pending_free(struct pending *pending)
{
    if (!pending)
        return;
    for (uint32_t i = 0; i < pending->count; i++)
        free(pending->op[i].name);
    free(pending->op);
    free(pending->order);
    free(pending);
}

void pendings_free(struct pendings *pendings)
{
    for (uint32_t i = 0; i < pendings->count; i++)
        pending_free(pendings->item[i]);
    free(pendings->item);
    names_free(&pendings->names);
    *pendings = (struct pendings){0};
}

static struct pending *of_link(struct name_link *link)
{
    return link ? (struct pending *)(void *)((char *)link - offsetof(struct pending, by_name)) : NULL;
}

static struct pending *find_exactly(const struct pendings *pendings, const char *service, int32_t major)
{
    struct name_link *at = names_first(&pendings->names, service);
    while (at && of_link(at)->major != major)
        at = names_next(at);
    return of_link(at);
}

struct pending *pending_find(const struct pendings *pendings, const char *service, uint16_t major)
{
    struct pending *pending = find_exactly(pendings, service, major);
    return pending ? pending : find_exactly(pendings, service, -1);
}

struct pending *pending_named(const struct pendings *pendings, const char *service, uint32_t version)
{
    struct name_link *first = names_first(&pendings->names, service);
    if (version)
        return pending_find(pendings, service, (uint16_t)(version - 1));
    return first && names_next(first) ? NULL : of_link(first);
}

/* There are few of them, and few ask: those who call what their process was never bound to. */
struct pending *pending_find_address(const struct pendings *pendings, uint64_t address)
{
    for (uint32_t i = 0; i < pendings->count; i++)
        if (address - pendings->item[i]->range.base < FAR_PENDING_SIZE)
            return pendings->item[i];
    return NULL;
}

const char *pending_op_at(const struct pending *pending, uint64_t address)
{
    uint64_t slot = (address - pending->range.base) / FAR_STUB_SIZE;
    return address % FAR_STUB_SIZE == 0 && slot >= 1 && slot <= pending->count ? pending->op[slot - 1].name : NULL;
}

void pending_forget(struct pendings *pendings, struct pending *pending)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < pendings->count; i++)
        if (pendings->item[i] != pending)
            pendings->item[kept++] = pendings->item[i];
    pendings->count = kept;
    names_remove(&pendings->names, &pending->by_name);
    pending_free(pending);
}

/* The place in `order` of the first name that is not less. */
static uint32_t place_of(const struct pending *pending, const char *op)
{
    uint32_t low = 0, high = pending->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (strcmp(pending->op[pending->order[middle]].name, op) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t pending_address(const struct pending *pending, const char *op)
{
    uint32_t place = place_of(pending, op);
    if (place == pending->count || strcmp(pending->op[pending->order[place]].name, op) != 0)
        return 0;
    return pending->range.base + (uint64_t)(pending->order[place] + 1) * FAR_STUB_SIZE;
}

static int make_room(struct pending *pending, uint32_t more)
{
    uint32_t room = pending->room ? pending->room : 8;
    while (room < pending->count + more)
        room *= 2;
    if (room == pending->room)
        return 0;
    struct pending_op *op = reallocarray(pending->op, room, sizeof *op);
    if (!op)
        return -ENOMEM;
    pending->op = op;
    uint32_t *order = reallocarray(pending->order, room, sizeof *order);
    if (!order)
        return -ENOMEM;
    pending->order = order;
    pending->room = room;
    return 0;
}

/* The next slot is this name's. There must be room; the name is the table's from now on. */
static void append_op(struct pending *pending, char *op, uid_t uid)
{
    uint32_t place = place_of(pending, op);
    memmove(pending->order + place + 1, pending->order + place, (pending->count - place) * sizeof *pending->order);
    pending->order[place] = pending->count;
    pending->op[pending->count++] = (struct pending_op){op, uid};
}

static int append_item(struct pendings *pendings, struct pending *pending)
{
    if (pendings->count == pendings->room) {
        uint32_t room = pendings->room ? 2 * pendings->room : 16;
        struct pending **item = reallocarray(pendings->item, room, sizeof *item);
        if (!item)
            return -ENOMEM;
        pendings->item = item;
        pendings->room = room;
    }
    if (names_add(&pendings->names, &pending->by_name, pending->name) != 0)
        return -ENOMEM;
    pendings->item[pendings->count++] = pending;
    return 0;
}

/* ---- What the store had ---- */

int pending_restore(struct pendings *pendings, const struct pending *row)
{
    if (row->major < -1 || row->major > UINT16_MAX || find_exactly(pendings, row->name, row->major) ||
        row->range.size < FAR_PENDING_SIZE)
        return -EINVAL;
    struct pending *pending = calloc(1, sizeof *pending);
    if (!pending)
        return -ENOMEM;
    pending->id = row->id;
    pending->range = row->range;
    pending->uid = row->uid;
    pending->major = row->major;
    memcpy(pending->name, row->name, sizeof pending->name);
    int result = append_item(pendings, pending);
    if (result)
        free(pending);
    return result;
}

int pending_restore_op(struct pendings *pendings, uint32_t id, uint32_t slot, const char *op, uid_t uid)
{
    struct pending *pending = pendings->count ? pendings->item[pendings->count - 1] : NULL;
    if (!pending || pending->id != id || slot != pending->count + 1 || slot >= FAR_PENDING_SLOTS ||
        pending_address(pending, op))
        return -EINVAL;
    char *name = make_room(pending, 1) ? NULL : strdup(op);
    if (!name)
        return -ENOMEM;
    append_op(pending, name, uid);
    return 0;
}

/* ---- New ones ---- */

/* What one uid has asked for that is of use to nobody yet. */
static void count_use(const struct registry *registry, uid_t uid, uint32_t *names, uint32_t *ops)
{
    const struct pendings *pendings = &registry->pendings;
    *names = *ops = 0;
    for (uint32_t i = 0; i < pendings->count; i++) {
        const struct pending *pending = pendings->item[i];
        if (pending->major < 0 ? registry_find(registry, pending->name) != NULL
                               : registry_find_major(registry, pending->name, (uint16_t)pending->major) != NULL)
            continue;
        *names += pending->uid == uid;
        for (uint32_t slot = 0; slot < pending->count; slot++)
            *ops += pending->op[slot].uid == uid;
    }
}

static uint32_t ops_of_uid(const struct pending *pending, uid_t uid)
{
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < pending->count; slot++)
        count += pending->op[slot].uid == uid;
    return count;
}

static int check_uid_limits(const struct registry *registry, const struct pending_wish *wish,
                            const struct pending *pending, uint32_t fresh, struct far_error *error)
{
    uint32_t names, ops, here = ops_of_uid(pending, wish->uid);
    if (here + fresh > PENDING_UID_NAME_OPS_MAX)
        return refuse(error, EDQUOT, EX_UNAVAILABLE,
                      "service '%s' is not registered, and uid %u asks for pending addresses for %u more operations of "
                      "it, after %u; one uid is given at most %u; register it with `far register`",
                      wish->service, wish->uid, fresh, here, PENDING_UID_NAME_OPS_MAX);
    count_use(registry, wish->uid, &names, &ops);
    if ((!pending->id && names >= PENDING_UID_NAMES_MAX) || ops + fresh > PENDING_UID_OPS_MAX)
        return refuse(error, EDQUOT, EX_UNAVAILABLE,
                      "service '%s' is not registered, and uid %u has asked for %u names (%u operations) that nobody "
                      "has registered; at most %u names (%u operations) are kept; register it with `far register`",
                      wish->service, wish->uid, names, ops, PENDING_UID_NAMES_MAX, PENDING_UID_OPS_MAX);
    return 0;
}

static int check_limits(const struct registry *registry, const struct pending_wish *wish, const struct pending *pending,
                        uint32_t fresh, struct far_error *error)
{
    if (pending->count + fresh >= FAR_PENDING_SLOTS)
        return refuse(
            error, EDQUOT, EX_UNAVAILABLE,
            "service '%s' is not registered, and there are pending addresses for %u operations of it already; "
            "at most %u are given; register it with `far register`",
            wish->service, pending->count, FAR_PENDING_SLOTS - 1);
    if (!pending->id && registry->pendings.count >= PENDING_NAMES_MAX)
        return refuse(error, EDQUOT, EX_UNAVAILABLE,
                      "service '%s' is not registered, and there are pending addresses for %u names already; register "
                      "it with `far register`, or give up one of those that `far map` shows by `far unregister`",
                      wish->service, PENDING_NAMES_MAX);
    return wish->unlimited ? 0 : check_uid_limits(registry, wish, pending, fresh, error);
}

/* Copies of the names that have no slot yet, in the order of the wish. */
struct fresh {
    char **op;
    uint32_t count;
};

static void fresh_free(struct fresh *fresh)
{
    for (uint32_t i = 0; i < fresh->count; i++)
        free(fresh->op[i]);
    free(fresh->op);
}

static int fresh_collect(const struct pending *pending, const struct pending_wish *wish, struct fresh *fresh)
{
    fresh->op = calloc(wish->op_count ? wish->op_count : 1, sizeof *fresh->op);
    if (!fresh->op)
        return -ENOMEM;
    for (uint32_t i = 0; i < wish->op_count; i++) {
        if (pending_address(pending, wish->op[i]))
            continue;
        if (!(fresh->op[fresh->count] = strdup(wish->op[i])))
            return -ENOMEM;
        fresh->count++;
    }
    return 0;
}

/* On the disk first. What can fail for want of memory comes before that. */
static int add_fresh(struct registry *registry, struct store *store, const struct pending_wish *wish,
                     struct pending *pending, struct fresh *fresh, struct far_error *error)
{
    bool known = pending->id != 0;
    const struct pending_wish added = {wish->service, (const char *const *)fresh->op, fresh->count, wish->uid, true,
                                       wish->major};
    int result = check_limits(registry, wish, pending, fresh->count, error);
    result = result ? result : make_room(pending, fresh->count);
    if (!result && !known)
        result = append_item(&registry->pendings, pending);
    if (result)
        return result;
    result = store_add_pending(store, pending, &added, error);
    if (result) {
        registry->pendings.count -= !known;
        if (!known)
            names_remove(&registry->pendings.names, &pending->by_name);
        return result;
    }
    for (uint32_t i = 0; i < fresh->count; i++)
        append_op(pending, fresh->op[i], wish->uid);
    fresh->count = 0;
    return 0;
}

static struct pending *pending_new(const struct pending_wish *wish)
{
    struct pending *pending = calloc(1, sizeof *pending);
    if (!pending)
        return NULL;
    memcpy(pending->name, wish->service, strnlen(wish->service, sizeof pending->name - 1));
    pending->uid = wish->uid;
    pending->major = wish->major;
    return pending;
}

int pending_take(struct registry *registry, struct store *store, const struct pending_wish *wish,
                 const struct pending **out, struct far_error *error)
{
    struct fresh fresh = {0};
    struct pending *known = pending_find(&registry->pendings, wish->service, wish->major);
    struct pending *pending = known ? known : pending_new(wish);
    int result = pending ? fresh_collect(pending, wish, &fresh) : -ENOMEM;
    if (!result && pending->major < 0)
        result = store_set_pending_major(store, pending, wish->major, error);
    if (!result && (fresh.count || !known))
        result = add_fresh(registry, store, wish, pending, &fresh, error);
    fresh_free(&fresh);
    if (result && !known)
        pending_free(pending);
    *out = pending;
    return result;
}
