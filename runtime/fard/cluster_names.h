/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The cluster's names, kept in this node's store: what its own questions and those of others come to. Nothing here waits for anybody. */
#ifndef FARCALL_CLUSTER_NAMES_H
#define FARCALL_CLUSTER_NAMES_H

#include "runtime/fard/cluster.h"
#include "runtime/fard/store_cluster.h"

/* All return 0, FARD_REFUSED (error->code as cluster.h says: ENOENT, EEXIST, ESTALE …) or a negative errno. */

/* As link_lease says, for this node. */
int cluster_names_lease(struct store *store, const char *node, const struct link_lease *lease, struct range *chunk,
                        struct far_error *error);
/* *entry: what the node wants; then what there is now: its own, with a new revision, or another's that is in its way. */
int cluster_names_publish(struct store *store, const char *node, struct link_service *entry, struct far_error *error);
/* Was it there before, made from the same file? Then addresses mean the same, wherever it is now. */
bool cluster_names_comes_back(struct store *store, const struct link_service *entry);
int cluster_names_withdraw(struct store *store, const char *node, const struct link_service *entry,
                           struct far_error *error);
int cluster_names_find(struct store *store, const struct link_name *name, struct link_service *entry,
                       struct far_error *error);
int cluster_names_find_address(struct store *store, uint64_t address, struct link_service *entry,
                               struct far_error *error);
int cluster_names_next(struct store *store, const struct link_name *behind, struct link_service *entry,
                       struct far_error *error);

#endif
