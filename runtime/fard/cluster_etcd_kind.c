/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* etcd as the keeper of a fard's names. */
#include "runtime/fard/cluster_etcd.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/node_parts.h"
#include "runtime/fard/store_cluster.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

static int kind_begin(struct fard *fard, const char *where, struct cluster_keeper **out, struct far_error *error)
{
    struct etcd_identity identity = {.seconds = ETCD_SESSION_SECONDS, .cursor = store_claimed(fard->store)};
    snprintf(identity.node, sizeof identity.node, "%s", node_own_name(fard));
    snprintf(identity.address, sizeof identity.address, "%s", node_own_address(fard));
    if (!identity.node[0])
        return refuse(error, EINVAL, EX_USAGE,
                      "--etcd needs a certificate that says which node this is (--tls DIR); `far cert` makes one");
    int result = etcd_open(&fard->loop, &identity, where, fard->nodes->tls_folder, out, error);
    if (!result)
        (*out)->fard = fard;
    return result;
}

static void kind_lease(struct cluster_keeper *keeper, uint64_t bytes, struct cluster_question *question)
{
    const struct store *store = keeper->fard->store;
    keeper->identity.cursor = store_claimed(store);
    keeper->identity.known = store_has_chunks(store) ? store_cursor(store) : 0;
    etcd_lease(keeper, bytes, question);
}

const struct cluster_kind cluster_etcd = {
    .name = "etcd",
    .begin = kind_begin,
    .lease = kind_lease,
    .publish = etcd_publish,
    .withdraw = etcd_withdraw,
    .find = etcd_find,
    .find_address = etcd_find_address,
    .next = etcd_next,
    .drop = etcd_drop,
    .leave = etcd_leave,
    .end = etcd_close,
};
