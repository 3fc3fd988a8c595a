/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What is said to etcd's JSON gateway (etcd 3.4, /v3): 64-bit numbers are strings there, keys and values base64. */
#include "runtime/fard/cluster_etcd_text.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *base64(const char *text, size_t size)
{
    unsigned char out[(ETCD_VALUE_MAX + 2) / 3 * 4 + 1];
    if (size > ETCD_VALUE_MAX)
        return NULL;
    int length = EVP_EncodeBlock(out, (const unsigned char *)text, (int)size);
    return json_stringn((const char *)out, (size_t)length);
}

static json_t *key_text(const struct etcd_key *key)
{
    return base64(key->text, strlen(key->text));
}

static json_t *number(uint64_t value)
{
    return json_sprintf("%llu", (unsigned long long)value);
}

/* json_pack's "o" fails as a whole where a member is NULL, and lets go of the others. */
json_t *etcd_range_request(const struct etcd_key *from, const struct etcd_key *end)
{
    json_t *request = json_pack("{s:o, s:s}", "key", key_text(from), "limit", "1");
    if (end && json_object_set_new(request, "range_end", key_text(end)) != 0) {
        json_decref(request);
        return NULL;
    }
    return request;
}

json_t *etcd_compare_revision(const struct etcd_key *key, uint64_t revision)
{
    return json_pack("{s:o, s:s, s:s, s:o}", "key", key_text(key), "target", "MOD", "result", "EQUAL", "mod_revision",
                     number(revision));
}

json_t *etcd_put(const struct etcd_key *key, json_t *value, uint64_t lease)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    json_t *coded = text ? base64(text, strlen(text)) : NULL;
    free(text);
    json_decref(value);
    return json_pack("{s:{s:o, s:o, s:o}}", "requestPut", "key", key_text(key), "value", coded, "lease", number(lease));
}

json_t *etcd_delete(const struct etcd_key *key)
{
    return json_pack("{s:{s:o}}", "requestDeleteRange", "key", key_text(key));
}

json_t *etcd_get(const struct etcd_key *from, const struct etcd_key *end)
{
    return json_pack("{s:o}", "requestRange", etcd_range_request(from, end));
}

json_t *etcd_list(json_t *const *piece, size_t count)
{
    json_t *list = json_array();
    bool whole = list != NULL;
    for (size_t i = 0; i < count; i++)
        whole &= json_array_append_new(list, piece[i]) == 0; /* lets go of the piece where it fails */
    if (whole)
        return list;
    json_decref(list);
    return NULL;
}

json_t *etcd_txn_request(json_t *compare, json_t *success, json_t *failure)
{
    return json_pack("{s:o, s:o, s:o}", "compare", compare, "success", success, "failure", failure);
}
