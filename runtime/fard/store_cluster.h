/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What the store keeps of a cluster (docs/cluster.md). Of this node: the addresses that were leased to it, the services of other
 * nodes that somebody here was bound to, which revisions of its own entries it knows. And of all nodes, if this is the one
 * that keeps the names: who leases what, and the names.
 */
#ifndef FARCALL_STORE_CLUSTER_H
#define FARCALL_STORE_CLUSTER_H

#include "runtime/fard/store.h"
#include "runtime/net/link.h"

/* ---- Addresses ---- */

/* From here on ranges come from chunks alone. */
void store_join_cluster(struct store *store);
/* A chunk is this node's, for ever. */
int store_add_chunk(struct store *store, const struct range *chunk, struct far_error *error);
bool store_has_chunks(const struct store *store);
/* The largest range that could be taken from a chunk now. */
uint64_t store_chunk_room(const struct store *store);
/* The largest that was wanted in vain since this was asked last; 0: nothing was. */
uint64_t store_wanted_in_vain(struct store *store);
/* Why there are no more addresses, for whoever wants some; NULL: more are on their way. */
void store_say_no_room(struct store *store, const struct far_error *why);
/* This store has given out everything below it before it knew of others; 0: nothing. */
uint64_t store_claimed(const struct store *store);
/* Where the range of that number is; false: there is none. */
bool store_find_range(struct store *store, uint32_t id, struct range *range);
/* The same place as a service has on another node: recorded, so that it has a number here. One that it had before: the same. */
int store_take_given_range(struct store *store, const char *name, const struct range *range, uint32_t *id,
                           struct far_error *error);

/* ---- Services of other nodes ---- */

int store_put_away(struct store *store, uint32_t id, const struct link_service *entry, const void *shippings,
                   size_t size, struct far_error *error);
/* Its segments go too, if nobody needs them. */
int store_remove_away(struct store *store, uint32_t id, struct far_error *error);
struct stored_away {
    uint32_t id;
    const struct link_service *entry; /* sound: link_service_is_sound() */
    const char *shippings;
    size_t shipping_bytes;
};
int store_each_away(struct store *store, int (*each)(void *context, const struct stored_away *row), void *context,
                    struct far_error *error);

/* ---- This node's own entries ---- */

int store_set_published(struct store *store, uint32_t id, uint64_t revision, struct far_error *error);
uint64_t store_published(struct store *store, uint32_t id); /* 0: never */
/* Unregistered, and not said yet. The first such; false: there is none. */
int store_note_withdrawn(struct store *store, const struct link_service *entry, struct far_error *error);
bool store_first_withdrawn(struct store *store, struct link_service *entry);
int store_forget_withdrawn(struct store *store, const char *name, uint16_t major, struct far_error *error);

/* ---- What the keeper of the names keeps ---- */

/*
 * A chunk of at least `bytes` bytes for a node, behind everything that this store knows of. claimed: as store_claimed() says of the node's;
 * refused if somebody else has some of that.
 */
int store_lease(struct store *store, const char *node, uint64_t bytes, uint64_t claimed, struct range *chunk,
                struct far_error *error);
bool store_lease_covers(struct store *store, const char *node, const struct range *range);
/* With a new revision, which is filled in. */
int store_put_name(struct store *store, struct link_service *entry, struct far_error *error);
int store_remove_name(struct store *store, const char *name, uint32_t major, struct far_error *error);
/* False: there is none. `version`: major + 1, 0 for the lowest. */
bool store_find_name(struct store *store, const char *name, uint32_t version, struct link_service *entry);
/* The entry that a name had before it was withdrawn: whoever registers the same file again may have its place. */
bool store_former_name(struct store *store, const char *name, uint32_t major, struct link_service *entry);
bool store_find_name_at(struct store *store, uint64_t address, struct link_service *entry);
/* Whose range this one would overlap. */
bool store_find_name_over(struct store *store, const struct range *range, struct link_service *entry);
bool store_next_name(struct store *store, const char *name, uint32_t version, struct link_service *entry);

/* What another node says of a service: can it be believed? Strings end, names are names, the range is one. */
bool link_service_is_sound(const struct link_service *entry);
bool link_name_is_sound(const struct link_name *name);

#endif
