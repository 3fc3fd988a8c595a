/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What comes from etcd. The input is a response, read in all ways that there are; or, if it begins with a key's letter, a value that lies at
 * a key. Whatever is believed is sound, and is written and read again as the same.
 */
#include "runtime/fard/cluster_etcd_text.h"
#include "runtime/fard/registry.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool so)
{
    if (!so)
        abort();
}

/* The value as etcd would give it back. */
static void lay(struct etcd_entry *entry, struct etcd_key key, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    must(text && strlen(text) <= ETCD_VALUE_MAX);
    memset(entry, 0, sizeof *entry);
    entry->found = true;
    entry->key = key;
    entry->revision = 7;
    entry->size = strlen(text);
    memcpy(entry->value, text, entry->size + 1);
    free(text);
    json_decref(value);
}

static void use_service(const struct link_service *service)
{
    struct etcd_entry again;
    struct link_service other;
    const struct range range = {service->base, service->size};
    must(service_name_is_sound(service->name, sizeof service->name) && range_is_sound(&range));
    must(service->executable_count >= 1 && service->executable_count <= LINK_EXECUTABLES);
    must(etcd_address_is_sound(service->address, sizeof service->address));
    lay(&again, etcd_key_name(service->name, service->major), etcd_write_service(service, "t"));
    must(etcd_read_service(&again, &other) == 0 && etcd_token_is(&again, "t"));
    other.revision = service->revision;
    must(memcmp(&other, service, sizeof other) == 0);
}

static void use_chunk(const struct range *chunk, const char *node)
{
    struct etcd_entry again;
    struct range other;
    char name[FAR_NODE_NAME_MAX];
    must(range_is_sound(chunk));
    lay(&again, etcd_key_address(ETCD_RANGES, chunk->base), etcd_write_chunk(node, chunk, "t"));
    must(etcd_read_chunk(&again, &other, name) == 0 && other.base == chunk->base && other.size == chunk->size);
    must(strcmp(node, name) == 0);
}

static void read_value(const struct etcd_entry *entry)
{
    struct link_service service;
    struct range chunk;
    char node[FAR_NODE_NAME_MAX], address[FAR_NODE_ADDRESS_MAX];
    uint64_t next;
    if (etcd_read_service(entry, &service) == 0)
        use_service(&service);
    if (etcd_read_chunk(entry, &chunk, node) == 0)
        use_chunk(&chunk, node);
    if (etcd_read_cursor(entry, &next) == 0)
        must(next >= FAR_WINDOW_BEGIN && next <= FAR_WINDOW_END + FAR_GRANULE);
    if (etcd_read_node(entry, address) == 0)
        must(etcd_address_is_sound(address, sizeof address));
    etcd_token_is(entry, "t");
}

static void read_response(const json_t *response)
{
    static struct etcd_entry entry;
    uint64_t cluster, revision, lease, seconds;
    unsigned code;
    bool succeeded;
    char words[64];
    if (etcd_read_header(response, &cluster, &revision) == 0)
        must(cluster != 0 && revision <= INT64_MAX);
    if (etcd_read_range(response, &entry) == 0 && entry.found)
        read_value(&entry);
    etcd_read_txn(response, &succeeded);
    for (unsigned i = 0; i < 4; i++)
        if (etcd_read_txn_entry(response, i, &entry) == 0 && entry.found)
            read_value(&entry);
    if (etcd_read_lease(response, &lease, &seconds) == 0)
        must(lease != 0 && lease <= INT64_MAX);
    if (etcd_read_refusal(response, &code, words, sizeof words) == 0)
        must(code >= 1 && code <= 16 && memchr(words, 0, sizeof words));
}

/* The keys that the seeds' values lie at; what is in the value may choose another. */
static struct etcd_key key_of(uint8_t letter)
{
    switch (letter) {
    case 'n':
        return etcd_key_name("kv", 1);
    case 'a':
        return etcd_key_address(ETCD_ADDRESSES, FAR_WINDOW_BEGIN);
    case 'r':
        return etcd_key_address(ETCD_RANGES, FAR_WINDOW_BEGIN);
    case 'p':
        return etcd_key_node("b");
    default:
        return etcd_key(ETCD_CURSOR);
    }
}

static void read_base64(const uint8_t *data, size_t size)
{
    char *out = malloc(size + 1); /* exactly as large */
    long bytes = etcd_base64_decode((const char *)data, size, out, size / 2);
    must(bytes <= (long)(size / 2));
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct etcd_entry entry;
    char *text = malloc(size + 1); /* exactly as large: one byte too far is found */
    must(text != NULL);
    memcpy(text, data, size);
    json_t *response = etcd_parse(text, size);
    if (response)
        read_response(response);
    json_decref(response);
    free(text);
    read_base64(data, size);
    if (size == 0 || size - 1 > ETCD_VALUE_MAX)
        return 0;
    memset(&entry, 0, sizeof entry);
    entry.found = true;
    entry.key = key_of(data[0]);
    entry.revision = 1;
    entry.size = size - 1;
    memcpy(entry.value, data + 1, size - 1);
    read_value(&entry);
    return 0;
}
