/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/cluster_names.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

int cluster_names_lease(struct store *store, const char *node, const struct link_lease *lease, struct range *chunk,
                        struct far_error *error)
{
    return store_lease(store, node, lease->bytes, lease->cursor, chunk, error);
}

static bool is_of(const struct link_service *entry, const char *node)
{
    return strcmp(entry->node, node) == 0;
}

static int refuse_taken(const struct link_service *there, struct far_error *error)
{
    return refuse(error, EEXIST, EX_CANTCREAT,
                  "service '%s' %u is registered on node '%s' already; use `far unregister %s` there first, or --name",
                  there->name, there->major, there->node, there->name);
}

static int refuse_stale(const struct link_service *wanted, const struct link_service *there, struct far_error *error)
{
    return refuse(error, ESTALE, EX_TEMPFAIL,
                  "service '%s' %u: its entry has changed since (revision %llu, and %llu was expected)", wanted->name,
                  wanted->major, (unsigned long long)there->revision, (unsigned long long)wanted->revision);
}

static int check_range(struct store *store, const struct link_service *entry, struct link_service *other,
                       struct far_error *error)
{
    const struct range range = {entry->base, entry->size};
    if (store_find_name_over(store, &range, other) &&
        (strcmp(other->name, entry->name) != 0 || other->major != entry->major))
        return refuse(error, EADDRINUSE, EX_PROTOCOL, "service '%s': its range is that of service '%s' on node '%s'",
                      entry->name, other->name, other->node);
    return 0;
}

/* Whatever else it says, it is the same. */
static bool is_unchanged(const struct link_service *there, const struct link_service *entry)
{
    struct link_service other = *entry;
    other.revision = there->revision;
    return memcmp(there, &other, sizeof other) == 0;
}

int cluster_names_publish(struct store *store, const char *node, struct link_service *entry, struct far_error *error)
{
    struct link_service there;
    bool known = store_find_name(store, entry->name, entry->major + 1, &there);
    if (known && !is_of(&there, node)) {
        *entry = there;
        return refuse_taken(&there, error);
    }
    if (known && entry->revision && entry->revision != there.revision) {
        int result = refuse_stale(entry, &there, error);
        *entry = there;
        return result;
    }
    if (known && is_unchanged(&there, entry)) {
        entry->revision = there.revision;
        return 0;
    }
    int result = check_range(store, entry, &there, error);
    return result ? result : store_put_name(store, entry, error);
}

bool cluster_names_comes_back(struct store *store, const struct link_service *entry)
{
    struct link_service former;
    return store_former_name(store, entry->name, entry->major, &former) && former.base == entry->base &&
           former.size == entry->size && entry->executable_count &&
           memcmp(former.executable[0].build_id, entry->executable[0].build_id, sizeof former.executable[0].build_id) ==
               0;
}

int cluster_names_withdraw(struct store *store, const char *node, const struct link_service *entry,
                           struct far_error *error)
{
    struct link_service there;
    if (!store_find_name(store, entry->name, entry->major + 1, &there))
        return 0;
    if (!is_of(&there, node))
        return refuse(error, EEXIST, EX_CANTCREAT, "service '%s' is node '%s''s", there.name, there.node);
    return store_remove_name(store, entry->name, entry->major, error);
}

static int refuse_unknown(struct far_error *error, const char *what)
{
    return refuse(error, ENOENT, EX_UNAVAILABLE, "no node of the cluster has %s registered", what);
}

int cluster_names_find(struct store *store, const struct link_name *name, struct link_service *entry,
                       struct far_error *error)
{
    return store_find_name(store, name->name, name->major, entry) ? 0 : refuse_unknown(error, name->name);
}

int cluster_names_find_address(struct store *store, uint64_t address, struct link_service *entry,
                               struct far_error *error)
{
    return store_find_name_at(store, address, entry) ? 0 : refuse_unknown(error, "anything there");
}

int cluster_names_next(struct store *store, const struct link_name *behind, struct link_service *entry,
                       struct far_error *error)
{
    return store_next_name(store, behind->name, behind->major, entry) ? 0 : refuse_unknown(error, "more");
}
