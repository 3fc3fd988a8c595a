/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Which of the three places the names are kept in, by what fard was told at its start. */
#include "runtime/fard/cluster.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/node.h"

int cluster_start(struct fard *fard, const char *etcd, struct far_error *error)
{
    bool has_links = node_own_name(fard)[0] != '\0';
    if (etcd)
        return cluster_begin(fard, &cluster_etcd, etcd, error);
    if (!has_links)
        return 0;
    return cluster_begin(fard, &cluster_star, node_names_keeper(fard) ? "peer" : NULL, error);
}
