/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Chunks of addresses. The cursor says what was given out; it and the chunk are written in one txn, which does nothing unless the cursor
 * is still as it was read. Whoever comes second is told what it is now, and tries again; of one node it is one at a time. A chunk is under no lease: it is its node's for ever. If the answer is
 * lost, the same txn is said again, and knows its own chunk by the token; if nobody waits for it any more, the chunk is lost, never
 * given to another.
 */
#include "runtime/fard/cluster_etcd.h"
#include "runtime/segment.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

/* All this node gave out before it was in a cluster, as one chunk at the window's beginning. */
static bool has_claim(const struct etcd_operation *operation)
{
    return operation->keeper->identity.cursor > FAR_WINDOW_BEGIN;
}

static struct range claim_of(const struct etcd_operation *operation)
{
    return (struct range){FAR_WINDOW_BEGIN, operation->keeper->identity.cursor - FAR_WINDOW_BEGIN};
}

/* What was read: the cursor, the last chunk (never above the cursor, whatever became of that), and whose the window's beginning is. */
struct found {
    struct etcd_entry cursor, last, first;
};

static json_t *gets(const struct etcd_key *place)
{
    struct etcd_key cursor = etcd_key(ETCD_CURSOR), from = etcd_key(ETCD_RANGES), end = etcd_key_behind(ETCD_RANGES);
    struct etcd_key first = etcd_key_address(ETCD_RANGES, FAR_WINDOW_BEGIN);
    json_t *list = ETCD_LIST(etcd_get(&cursor, NULL), etcd_get(&from, &end), etcd_get(&first, NULL));
    if (place && json_array_append_new(list, etcd_get(place, NULL)) != 0) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static int read_found(const json_t *response, struct found *found)
{
    return etcd_read_txn_entry(response, 0, &found->cursor) != 0 ||
                   etcd_read_txn_entry(response, 1, &found->last) != 0 ||
                   etcd_read_txn_entry(response, 2, &found->first) != 0
               ? -EPROTO
               : 0;
}

static void choose(struct etcd_operation *operation, const struct found *found);

static void taken(struct etcd_ask *ask, int result, const json_t *response, const struct far_error *error)
{
    struct etcd_operation *operation = etcd_operation_of(ask);
    struct etcd_entry there = {0};
    struct found found;
    bool succeeded = false;
    if (result)
        etcd_operation_answer(operation, result, NULL, error);
    else if (etcd_read_txn(response, &succeeded) != 0 ||
             (!succeeded && (read_found(response, &found) != 0 || etcd_read_txn_entry(response, 3, &there) != 0)))
        etcd_operation_nonsense(operation, "an answer");
    else if (succeeded || (there.found && etcd_token_is(&there, operation->token)))
        etcd_operation_give_chunk(operation);
    else
        choose(operation, &found);
}

static json_t *put_chunk(const struct etcd_operation *operation, const struct range *chunk)
{
    struct etcd_key key = etcd_key_address(ETCD_RANGES, chunk->base);
    return etcd_put(&key, etcd_write_chunk(operation->keeper->identity.node, chunk, operation->token), 0);
}

static void take(struct etcd_operation *operation, bool with_claim)
{
    struct etcd_key cursor = etcd_key(ETCD_CURSOR);
    struct etcd_key place = etcd_key_address(ETCD_RANGES, operation->chunk.base);
    struct range claim = claim_of(operation);
    json_t *put_cursor = etcd_put(&cursor, etcd_write_cursor(operation->next), 0);
    json_t *chunk = put_chunk(operation, &operation->chunk);
    json_t *compare =
        ETCD_LIST(etcd_compare_revision(&cursor, operation->cursor_revision), etcd_compare_revision(&place, 0));
    json_t *success =
        with_claim ? ETCD_LIST(put_cursor, chunk, put_chunk(operation, &claim)) : ETCD_LIST(put_cursor, chunk);
    etcd_operation_ask(operation, "kv/txn", etcd_txn_request(compare, success, gets(&place)), taken);
}

static void refuse_claim(struct etcd_operation *operation)
{
    etcd_operation_fail(
        operation, EEXIST, EX_CONFIG, NULL,
        "this node had given out addresses up to 0x%llx before it joined, and the cluster has given the "
        "same ones to others; start fard here with a new store (--store), and register its services again",
        (unsigned long long)operation->keeper->identity.cursor);
}

/* An etcd that was made anew, or is an old copy of itself, would give out again what is in use. */
static void refuse_forgetful(struct etcd_operation *operation, uint64_t next)
{
    etcd_operation_fail(
        operation, EEXIST, EX_CONFIG, NULL,
        "etcd has given out addresses up to 0x%llx, and this node has seen some up to 0x%llx: it has lost "
        "what it held, or is another one; restore it, or start all nodes with new stores (--store)",
        (unsigned long long)next, (unsigned long long)operation->keeper->identity.known);
}

/* 0; -EPROTO */
static int next_free(const struct found *found, uint64_t *next)
{
    struct range chunk;
    char node[FAR_NODE_NAME_MAX];
    if (etcd_read_cursor(&found->cursor, next) != 0 ||
        (found->last.found && etcd_read_chunk(&found->last, &chunk, node) != 0))
        return -EPROTO;
    if (found->last.found && range_after(&chunk) > *next)
        *next = range_after(&chunk);
    return 0;
}

static bool claim_is_noted(const struct etcd_operation *operation, const struct found *found)
{
    struct range chunk;
    char node[FAR_NODE_NAME_MAX];
    return found->first.found && etcd_read_chunk(&found->first, &chunk, node) == 0 &&
           strcmp(node, operation->keeper->identity.node) == 0 && chunk.size >= claim_of(operation).size;
}

static void choose(struct etcd_operation *operation, const struct found *found)
{
    bool nobody = !found->cursor.found && !found->last.found;
    bool with_claim = has_claim(operation) && nobody;
    uint64_t next;
    if (next_free(found, &next) != 0) {
        etcd_operation_nonsense(operation, "the cursor, or the last chunk,");
        return;
    }
    if (has_claim(operation) && !with_claim && !claim_is_noted(operation, found)) {
        refuse_claim(operation);
        return;
    }
    if (next < operation->keeper->identity.known) {
        refuse_forgetful(operation, next);
        return;
    }
    struct range claim = claim_of(operation);
    if (with_claim)
        next = range_after(&claim);
    if (range_take(next, operation->bytes, &operation->chunk, &operation->next) != 0) {
        etcd_operation_fail(operation, ENOSPC, EX_UNAVAILABLE, NULL,
                            "the cluster's address window has no room left for %llu bytes",
                            (unsigned long long)operation->bytes);
        return;
    }
    operation->cursor_revision = found->cursor.found ? found->cursor.revision : 0;
    take(operation, with_claim);
}

static void read_answered(struct etcd_ask *ask, int result, const json_t *response, const struct far_error *error)
{
    struct etcd_operation *operation = etcd_operation_of(ask);
    struct found found;
    if (result)
        etcd_operation_answer(operation, result, NULL, error);
    else if (read_found(response, &found) != 0)
        etcd_operation_nonsense(operation, "an entry");
    else
        choose(operation, &found);
}

static void begin(struct etcd_operation *operation)
{
    etcd_operation_ask(operation, "kv/txn", etcd_txn_request(json_array(), gets(NULL), json_array()), read_answered);
}

void etcd_chunk_next(struct cluster_keeper *keeper)
{
    for (struct list *at = keeper->operations.next; !keeper->taking && at != &keeper->operations; at = at->next) {
        struct etcd_operation *operation = list_entry(at, struct etcd_operation, link);
        if (operation->wants_chunk) {
            keeper->taking = operation;
            etcd_operation_later(operation);
        }
    }
}

void etcd_lease(struct cluster_keeper *keeper, uint64_t bytes, struct cluster_question *question)
{
    struct etcd_operation *operation = etcd_operation_new(keeper, question);
    if (!operation)
        return;
    operation->bytes = bytes ? bytes : 1;
    operation->wants_chunk = true;
    operation->begin = begin;
    etcd_chunk_next(keeper);
}
