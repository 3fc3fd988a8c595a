/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Names: published and withdrawn. First what there is is read, so that who is refused hears why; then one txn writes the name and the
 * address that finds it, and does nothing unless the name is still as it was read, the address is free, and this node's presence is the
 * one that it had. If the answer is lost the same txn is said again, and knows its own entry by the token. A txn may also be executed
 * after a later one was answered (a member that was stopped goes on): so withdrawing leaves a mark, and a name that is not there is
 * published only if that is still as it was. Otherwise such a txn would bring back what was withdrawn.
 */
#include "runtime/fard/cluster_etcd.h"
#include "runtime/fard/registry.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static const char *own_node(const struct etcd_operation *operation)
{
    return operation->keeper->identity.node;
}

static bool is_own(const struct etcd_operation *operation)
{
    return strcmp(operation->before.node, own_node(operation)) == 0;
}

/* Whatever else it says, it is the same. */
static bool is_unchanged(const struct etcd_operation *operation)
{
    struct link_service other = operation->service;
    other.revision = operation->before.revision;
    return memcmp(&other, &operation->before, sizeof other) == 0;
}

static bool same_place(const struct etcd_operation *operation)
{
    return operation->there && operation->before.base == operation->service.base;
}

/* ---- Why not ---- */

static void refuse_taken(struct etcd_operation *operation)
{
    const struct link_service *there = &operation->before;
    etcd_operation_fail(operation, EEXIST, EX_CANTCREAT, there,
                        "service '%s' %u is registered on node '%s' already; use `far unregister %s` there first, or "
                        "--name",
                        there->name, there->major, there->node, there->name);
}

static void refuse_stale(struct etcd_operation *operation)
{
    const struct link_service *there = operation->there ? &operation->before : NULL;
    etcd_operation_fail(operation, ESTALE, EX_TEMPFAIL, there,
                        "service '%s' %u: its entry has changed since (revision %llu, and %llu was expected)",
                        operation->service.name, operation->service.major,
                        there ? (unsigned long long)there->revision : 0,
                        (unsigned long long)operation->service.revision);
}

static void refuse_place(struct etcd_operation *operation, const struct link_service *other)
{
    etcd_operation_fail(operation, EADDRINUSE, EX_PROTOCOL, other,
                        "service '%s': its range is that of service '%s' on node '%s'", operation->service.name,
                        other->name, other->node);
}

static void refuse_range(struct etcd_operation *operation)
{
    etcd_operation_fail(
        operation, EADDRINUSE, EX_PROTOCOL, NULL,
        "service '%s': its addresses at 0x%llx were not leased to node '%s' by the cluster's etcd; start "
        "fard here with a new store (--store), and register its services again",
        operation->service.name, (unsigned long long)operation->service.base, own_node(operation));
}

/* ---- The txn ---- */

static struct etcd_key node_key(const struct etcd_operation *operation)
{
    return etcd_key_node(own_node(operation));
}

static json_t *fences(const struct etcd_operation *operation, bool publishing)
{
    uint64_t known = operation->there ? operation->before.revision : 0;
    struct etcd_key node = node_key(operation);
    json_t *name = etcd_compare_revision(&operation->names, known);
    json_t *session = etcd_compare_revision(&node, operation->keeper->session.revision);
    if (!publishing)
        return ETCD_LIST(name, session);
    return ETCD_LIST(name, session, etcd_compare_revision(&operation->gone, operation->gone_revision),
                     etcd_compare_revision(&operation->addresses, same_place(operation) ? known : 0));
}

static json_t *if_not(const struct etcd_operation *operation)
{
    struct etcd_key node = node_key(operation);
    return ETCD_LIST(etcd_get(&operation->names, NULL), etcd_get(&node, NULL), etcd_get(&operation->addresses, NULL));
}

static json_t *entries(const struct etcd_operation *operation)
{
    json_t *value = etcd_write_service(&operation->service, operation->token);
    json_t *name = etcd_put(&operation->names, json_incref(value), 0);
    json_t *address = etcd_put(&operation->addresses, value, 0);
    if (!operation->there || same_place(operation))
        return ETCD_LIST(name, address);
    struct etcd_key old = etcd_key_address(ETCD_ADDRESSES, operation->before.base);
    return ETCD_LIST(name, address, etcd_delete(&old));
}

static json_t *deletes(const struct etcd_operation *operation)
{
    return ETCD_LIST(etcd_delete(&operation->names), etcd_delete(&operation->addresses),
                     etcd_put(&operation->gone, json_object(), 0));
}

/* What stands in the way now: it is as if it had been read so in the first place. */
struct way {
    struct etcd_entry name, node, address;
};

static int read_way(const json_t *response, struct way *way)
{
    return etcd_read_txn_entry(response, 0, &way->name) != 0 || etcd_read_txn_entry(response, 1, &way->node) != 0 ||
                   etcd_read_txn_entry(response, 2, &way->address) != 0
               ? -EPROTO
               : 0;
}

static bool session_is_as_it_was(const struct etcd_operation *operation, const struct etcd_entry *node)
{
    return node->found && node->revision == operation->keeper->session.revision;
}

static void give(struct etcd_operation *operation, uint64_t revision)
{
    struct link_service service = operation->service;
    service.revision = revision;
    etcd_operation_answer(operation, 0, &service, NULL);
}

/* It did nothing: it had been done before, or something has changed since it was read, and all is read again. */
static void deal_with_way(struct etcd_operation *operation, const struct way *way, bool publishing)
{
    struct cluster_keeper *keeper = operation->keeper;
    if (publishing && way->name.found && etcd_token_is(&way->name, operation->token)) {
        give(operation, way->name.revision);
        return;
    }
    if (!session_is_as_it_was(operation, &way->node))
        etcd_session_lost(keeper, &way->node);
    etcd_operation_with_session(operation);
}

static void put_answered(struct etcd_ask *ask, int result, const json_t *response, const struct far_error *error)
{
    struct etcd_operation *operation = etcd_operation_of(ask);
    uint64_t cluster, revision;
    bool succeeded = false;
    struct way way;
    if (result)
        etcd_operation_answer(operation, result, NULL, error);
    else if (etcd_read_txn(response, &succeeded) != 0 || etcd_read_header(response, &cluster, &revision) != 0 ||
             (!succeeded && read_way(response, &way) != 0))
        etcd_operation_nonsense(operation, "an answer");
    else if (succeeded)
        give(operation, revision);
    else
        deal_with_way(operation, &way, true);
}

static void deleted(struct etcd_ask *ask, int result, const json_t *response, const struct far_error *error)
{
    struct etcd_operation *operation = etcd_operation_of(ask);
    bool succeeded = false;
    struct way way;
    if (result)
        etcd_operation_answer(operation, result, NULL, error);
    else if (etcd_read_txn(response, &succeeded) != 0 || (!succeeded && read_way(response, &way) != 0))
        etcd_operation_nonsense(operation, "an answer");
    else if (succeeded)
        etcd_operation_answer(operation, 0, NULL, NULL);
    else
        deal_with_way(operation, &way, false);
}

/* ---- What there is ---- */

struct found {
    struct etcd_entry name, chunk, address, gone;
};

static json_t *look_request(const struct etcd_operation *operation)
{
    const struct link_service *service = &operation->service;
    struct etcd_key chunk = etcd_key_address(ETCD_RANGES, service->base), chunks = etcd_key_behind(ETCD_RANGES);
    struct etcd_key last = etcd_key_address(ETCD_ADDRESSES, service->base + service->size - 1);
    struct etcd_key addresses = etcd_key_behind(ETCD_ADDRESSES);
    return etcd_txn_request(json_array(),
                            ETCD_LIST(etcd_get(&operation->names, NULL), etcd_get(&chunk, &chunks),
                                      etcd_get(&last, &addresses), etcd_get(&operation->gone, NULL)),
                            json_array());
}

static int read_found(struct etcd_operation *operation, const json_t *response, struct found *found)
{
    if (etcd_read_txn_entry(response, 0, &found->name) != 0 || etcd_read_txn_entry(response, 1, &found->chunk) != 0 ||
        etcd_read_txn_entry(response, 2, &found->address) != 0 || etcd_read_txn_entry(response, 3, &found->gone) != 0)
        return -EPROTO;
    operation->gone_revision = found->gone.found ? found->gone.revision : 0;
    operation->there = found->name.found;
    return found->name.found ? etcd_read_service(&found->name, &operation->before) : 0;
}

static bool is_leased(const struct etcd_operation *operation, const struct found *found)
{
    struct range chunk;
    char node[FAR_NODE_NAME_MAX];
    if (operation->there && operation->before.base == operation->service.base &&
        operation->before.size == operation->service.size)
        return true;
    return found->chunk.found && etcd_read_chunk(&found->chunk, &chunk, node) == 0 &&
           strcmp(node, own_node(operation)) == 0 && operation->service.base - chunk.base < chunk.size &&
           operation->service.size <= chunk.size - (operation->service.base - chunk.base);
}

/* Another service's range, at the same addresses. */
static bool is_in_the_way(const struct etcd_operation *operation, const struct link_service *other)
{
    bool itself = strcmp(other->name, operation->service.name) == 0 && other->major == operation->service.major;
    return !itself && other->base + other->size > operation->service.base;
}

static void publish_over(struct etcd_operation *operation, const struct found *found)
{
    struct link_service other;
    bool beside = found->address.found && etcd_read_service(&found->address, &other) == 0;
    if (found->address.found && !beside)
        etcd_operation_nonsense(operation, found->address.key.text);
    else if (beside && is_in_the_way(operation, &other))
        refuse_place(operation, &other);
    else if (!is_leased(operation, found))
        refuse_range(operation);
    else
        etcd_operation_ask(operation, "kv/txn",
                           etcd_txn_request(fences(operation, true), entries(operation), if_not(operation)),
                           put_answered);
}

static void publish_looked(struct etcd_ask *ask, int result, const json_t *response, const struct far_error *error)
{
    struct etcd_operation *operation = etcd_operation_of(ask);
    uint64_t expected = operation->service.revision;
    struct found found;
    if (result)
        etcd_operation_answer(operation, result, NULL, error);
    else if (read_found(operation, response, &found) != 0)
        etcd_operation_nonsense(operation, operation->names.text);
    else if (operation->there && etcd_token_is(&found.name, operation->token))
        give(operation, found.name.revision);
    else if (operation->there && !is_own(operation) && expected != operation->before.revision)
        refuse_taken(operation);
    else if (expected && (!operation->there || expected != operation->before.revision))
        refuse_stale(operation);
    else if (operation->there && is_unchanged(operation))
        give(operation, operation->before.revision);
    else
        publish_over(operation, &found);
}

static void publish_begin(struct etcd_operation *operation)
{
    etcd_operation_ask(operation, "kv/txn", look_request(operation), publish_looked);
}

static void withdraw_looked(struct etcd_ask *ask, int result, const json_t *response, const struct far_error *error)
{
    struct etcd_operation *operation = etcd_operation_of(ask);
    struct found found;
    if (result) {
        etcd_operation_answer(operation, result, NULL, error);
    } else if (read_found(operation, response, &found) != 0) {
        etcd_operation_nonsense(operation, operation->names.text);
    } else if (!operation->there) {
        etcd_operation_answer(operation, 0, NULL, NULL);
    } else if (!is_own(operation)) {
        refuse_taken(operation);
    } else {
        operation->addresses = etcd_key_address(ETCD_ADDRESSES, operation->before.base);
        etcd_operation_ask(operation, "kv/txn",
                           etcd_txn_request(fences(operation, false), deletes(operation), if_not(operation)), deleted);
    }
}

static void withdraw_begin(struct etcd_operation *operation)
{
    etcd_operation_ask(operation, "kv/txn", look_request(operation), withdraw_looked);
}

/* ---- The questions ---- */

static void refuse_entry(struct etcd_operation *operation)
{
    etcd_operation_fail(operation, EINVAL, EX_SOFTWARE, NULL, "this is no entry of a service of node '%s'",
                        own_node(operation));
}

static bool is_sound(const struct etcd_operation *operation)
{
    const struct link_service *service = &operation->service;
    const struct range range = {service->base, service->size};
    return service_name_is_sound(service->name, sizeof service->name) && service->major <= UINT16_MAX &&
           etcd_address_is_sound(service->address, sizeof service->address) &&
           strncmp(service->node, own_node(operation), sizeof service->node) == 0 && range_is_sound(&range) &&
           service->executable_count > 0 && service->executable_count <= LINK_EXECUTABLES;
}

static void begin(struct cluster_keeper *keeper, const struct link_service *service, struct cluster_question *question,
                  void (*how)(struct etcd_operation *))
{
    struct etcd_operation *operation = etcd_operation_new(keeper, question);
    if (!operation)
        return;
    operation->service = *service;
    if (!is_sound(operation)) {
        operation->begin = refuse_entry;
        etcd_operation_later(operation);
        return;
    }
    operation->names = etcd_key_name(service->name, service->major);
    operation->gone = etcd_key_gone(service->name, service->major);
    operation->addresses = etcd_key_address(ETCD_ADDRESSES, service->base);
    operation->begin = how;
    etcd_operation_with_session(operation);
}

void etcd_publish(struct cluster_keeper *keeper, const struct link_service *service, struct cluster_question *question)
{
    begin(keeper, service, question, publish_begin);
}

void etcd_withdraw(struct cluster_keeper *keeper, const struct link_service *service, struct cluster_question *question)
{
    begin(keeper, service, question, withdraw_begin);
}
