/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What etcd's JSON gateway says (etcd 3.4, /v3): 64-bit numbers are strings, and what is zero or empty is left out. */
#include "runtime/fard/cluster_etcd_text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* A string of `json`, which is left out or has at most `most` bytes. NULL: there is something else. */
static const char *string_in(const json_t *json, const char *name, size_t most, size_t *size)
{
    const json_t *string = json_object_get(json, name);
    *size = 0;
    if (!string)
        return "";
    if (!json_is_string(string) || json_string_length(string) > most)
        return NULL;
    *size = json_string_length(string);
    return json_string_value(string);
}

/* Decimal digits, nothing else; left out: 0. etcd's revisions and leases are signed. */
static int number_in(const json_t *json, const char *name, uint64_t most, uint64_t *out)
{
    size_t size;
    const char *text = string_in(json, name, 20, &size);
    uint64_t value = 0;
    if (!text)
        return -EPROTO;
    for (size_t i = 0; i < size; i++) {
        unsigned digit = (unsigned char)text[i] - (unsigned)'0';
        if (digit > 9 || value > (most - digit) / 10)
            return -EPROTO;
        value = value * 10 + digit;
    }
    *out = value;
    return 0;
}

json_t *etcd_parse(const char *text, size_t size)
{
    json_t *json = size <= ETCD_RESPONSE_MAX ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

int etcd_read_header(const json_t *response, uint64_t *cluster, uint64_t *revision)
{
    const json_t *result = json_object_get(response, "result"); /* of those that the gateway streams */
    const json_t *header = json_object_get(result ? result : response, "header");
    if (!json_is_object(header) || number_in(header, "cluster_id", UINT64_MAX, cluster) != 0 ||
        number_in(header, "revision", INT64_MAX, revision) != 0)
        return -EPROTO;
    return *cluster ? 0 : -EPROTO;
}

static int read_text(const json_t *entry, const char *name, char *out, size_t room)
{
    size_t size;
    const char *text = string_in(entry, name, (room + 2) / 3 * 4, &size);
    long bytes = text ? etcd_base64_decode(text, size, out, room) : -EPROTO;
    return bytes < 0 || memchr(out, 0, (size_t)bytes) ? -EPROTO : (int)bytes;
}

static int read_entry(const json_t *json, struct etcd_entry *out)
{
    int key = read_text(json, "key", out->key.text, sizeof out->key.text - 1);
    int value = read_text(json, "value", out->value, ETCD_VALUE_MAX);
    if (key <= 0 || value < 0 || number_in(json, "mod_revision", INT64_MAX, &out->revision) != 0 ||
        number_in(json, "lease", INT64_MAX, &out->lease) != 0 || out->revision == 0)
        return -EPROTO;
    out->key.text[key] = out->value[value] = 0;
    out->size = (size_t)value;
    out->found = true;
    return 0;
}

int etcd_read_range(const json_t *response, struct etcd_entry *out)
{
    const json_t *entries = json_object_get(response, "kvs");
    out->found = false;
    if (!json_is_object(response) || (entries && (!json_is_array(entries) || json_array_size(entries) > 1)))
        return -EPROTO;
    return json_array_size(entries) ? read_entry(json_array_get(entries, 0), out) : 0;
}

int etcd_read_txn(const json_t *response, bool *succeeded)
{
    const json_t *json = json_object_get(response, "succeeded");
    if (json && !json_is_boolean(json))
        return -EPROTO;
    *succeeded = json_is_true(json);
    return 0;
}

int etcd_read_txn_entry(const json_t *response, unsigned index, struct etcd_entry *out)
{
    const json_t *one = json_array_get(json_object_get(response, "responses"), index);
    const json_t *range = json_object_get(one, "response_range");
    out->found = false;
    return range ? etcd_read_range(range, out) : -EPROTO;
}

int etcd_read_lease(const json_t *response, uint64_t *lease, uint64_t *seconds)
{
    const json_t *result = json_object_get(response, "result");
    const json_t *said = result ? result : response;
    if (number_in(said, "ID", INT64_MAX, lease) != 0 || number_in(said, "TTL", INT_MAX, seconds) != 0 || *lease == 0)
        return -EPROTO;
    return 0;
}

int etcd_read_refusal(const json_t *response, unsigned *code, char *words, size_t room)
{
    const json_t *said = json_object_get(response, "error");
    const json_t *number = json_object_get(response, "code");
    if (json_is_object(said)) { /* of those that the gateway streams */
        number = json_object_get(said, "grpc_code");
        said = json_object_get(said, "message");
    }
    if (!json_is_string(said) || !json_is_integer(number) || json_integer_value(number) < 1 ||
        json_integer_value(number) > 16)
        return -EPROTO;
    *code = (unsigned)json_integer_value(number);
    snprintf(words, room, "%s", json_string_value(said));
    return 0;
}
