/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Values in etcd: JSON objects. Numbers of 64 bits are strings "0x…". Members that are not known are passed over, so that a later
 * version may add some.
 */
#include "runtime/fard/cluster_etcd_text.h"
#include "runtime/fard/registry.h"
#include "runtime/segment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *hex(uint64_t value)
{
    return json_sprintf("0x%llx", (unsigned long long)value);
}

static json_t *hex_bytes(const uint8_t *bytes, size_t size)
{
    char text[2 * 32 + 1];
    for (size_t i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return json_stringn(text, 2 * size);
}

static int hex_digit(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static int read_hex(const json_t *json, const char *name, uint64_t *out)
{
    const json_t *string = json_object_get(json, name);
    const char *text = json_string_value(string);
    size_t size = json_string_length(string);
    uint64_t value = 0;
    if (!text || size < 3 || size > 18 || text[0] != '0' || text[1] != 'x')
        return -EPROTO;
    for (size_t i = 2; i < size; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0)
            return -EPROTO;
        value = value << 4 | (uint64_t)digit;
    }
    *out = value;
    return 0;
}

static int read_bytes(const json_t *json, const char *name, uint8_t *out, size_t size)
{
    const json_t *string = json_object_get(json, name);
    const char *text = json_string_value(string);
    if (!text || json_string_length(string) != 2 * size)
        return -EPROTO;
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -EPROTO;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

static int read_number(const json_t *json, const char *name, uint32_t most, uint32_t *out)
{
    const json_t *number = json_object_get(json, name);
    json_int_t value = json_integer_value(number);
    if (!json_is_integer(number) || value < 0 || value > (json_int_t)most)
        return -EPROTO;
    *out = (uint32_t)value;
    return 0;
}

/* Zeros behind it, as all fixed texts in messages have. */
static int read_string(const json_t *json, const char *name, char *out, size_t room)
{
    const json_t *string = json_object_get(json, name);
    size_t size = json_string_length(string);
    if (!json_is_string(string) || size >= room || strlen(json_string_value(string)) != size)
        return -EPROTO;
    memset(out, 0, room);
    memcpy(out, json_string_value(string), size);
    return 0;
}

bool etcd_node_is_sound(const char *node, size_t room)
{
    size_t size = strnlen(node, room);
    return size > 0 && size < room && node[0] != '.' && node[0] != '-' &&
           strspn(node, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == size;
}

bool etcd_address_is_sound(const char *address, size_t room)
{
    size_t size = strnlen(address, room);
    const char *colon = size < room ? strrchr(address, ':') : NULL;
    if (size == 0)
        return true;
    return colon && colon > address && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1) &&
           strspn(address, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:[]%") == size;
}

static json_t *object_of(const struct etcd_entry *entry)
{
    json_t *json = entry->found ? json_loadb(entry->value, entry->size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

static json_t *write_executables(const struct link_service *service)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < service->executable_count && i < LINK_EXECUTABLES; i++) {
        json_t *one = json_pack("{s:I, s:o}", "machine", (json_int_t)service->executable[i].machine, "build_id",
                                hex_bytes(service->executable[i].build_id, sizeof service->executable[i].build_id));
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *etcd_write_service(const struct link_service *service, const char *token)
{
    return json_pack("{s:s, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:s}", "name", service->name, "major",
                     (json_int_t)service->major, "node", service->node, "address", service->address, "base",
                     hex(service->base), "size", hex(service->size), "fingerprint", hex(service->fingerprint),
                     "executables", write_executables(service), "token", token);
}

static int read_executables(const json_t *json, struct link_service *service)
{
    const json_t *list = json_object_get(json, "executables");
    if (!json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > LINK_EXECUTABLES)
        return -EPROTO;
    service->executable_count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < service->executable_count; i++) {
        const json_t *one = json_array_get(list, i);
        if (read_number(one, "machine", UINT16_MAX, &service->executable[i].machine) != 0 ||
            read_bytes(one, "build_id", service->executable[i].build_id, sizeof service->executable[i].build_id) != 0)
            return -EPROTO;
    }
    return 0;
}

/* Does it lie where it says that it belongs, by its name or by its address? */
static bool is_in_its_place(const struct etcd_key *key, const struct link_service *service)
{
    struct etcd_key name = etcd_key_name(service->name, service->major);
    struct etcd_key address = etcd_key_address(ETCD_ADDRESSES, service->base);
    return strcmp(key->text, name.text) == 0 || strcmp(key->text, address.text) == 0;
}

static int read_service(const json_t *json, struct link_service *service)
{
    if (read_string(json, "name", service->name, sizeof service->name) != 0 ||
        read_string(json, "node", service->node, sizeof service->node) != 0 ||
        read_string(json, "address", service->address, sizeof service->address) != 0 ||
        read_number(json, "major", UINT16_MAX, &service->major) != 0 || read_hex(json, "base", &service->base) != 0 ||
        read_hex(json, "size", &service->size) != 0 || read_hex(json, "fingerprint", &service->fingerprint) != 0)
        return -EPROTO;
    const struct range range = {service->base, service->size};
    return service_name_is_sound(service->name, sizeof service->name) &&
                   etcd_node_is_sound(service->node, sizeof service->node) &&
                   etcd_address_is_sound(service->address, sizeof service->address) && range_is_sound(&range)
               ? read_executables(json, service)
               : -EPROTO;
}

int etcd_read_service(const struct etcd_entry *entry, struct link_service *service)
{
    json_t *json = object_of(entry);
    memset(service, 0, sizeof *service);
    int result = read_service(json, service);
    json_decref(json);
    service->revision = entry->revision;
    return result == 0 && is_in_its_place(&entry->key, service) ? 0 : -EPROTO;
}

json_t *etcd_write_chunk(const char *node, const struct range *chunk, const char *token)
{
    return json_pack("{s:s, s:o, s:o, s:s}", "node", node, "base", hex(chunk->base), "size", hex(chunk->size), "token",
                     token);
}

int etcd_read_chunk(const struct etcd_entry *entry, struct range *chunk, char node[FAR_NODE_NAME_MAX])
{
    json_t *json = object_of(entry);
    int result = read_string(json, "node", node, FAR_NODE_NAME_MAX);
    result = result ? result : read_hex(json, "base", &chunk->base);
    result = result ? result : read_hex(json, "size", &chunk->size);
    json_decref(json);
    if (result != 0 || !range_is_sound(chunk) || !etcd_node_is_sound(node, FAR_NODE_NAME_MAX))
        return -EPROTO;
    struct etcd_key place = etcd_key_address(ETCD_RANGES, chunk->base);
    return strcmp(place.text, entry->key.text) == 0 ? 0 : -EPROTO;
}

json_t *etcd_write_cursor(uint64_t next)
{
    return json_pack("{s:o}", "next", hex(next));
}

int etcd_read_cursor(const struct etcd_entry *entry, uint64_t *next)
{
    *next = FAR_WINDOW_BEGIN;
    if (!entry->found)
        return 0;
    json_t *json = object_of(entry);
    int result = read_hex(json, "next", next);
    json_decref(json);
    /* Behind the last range lies a guard: the cursor may be that much behind the window. */
    return result == 0 && *next >= FAR_WINDOW_BEGIN && *next <= FAR_WINDOW_END + FAR_GRANULE && *next % FAR_GRANULE == 0
               ? 0
               : -EPROTO;
}

json_t *etcd_write_node(const char *node, const char *address, const char *token)
{
    return json_pack("{s:s, s:s, s:s}", "node", node, "address", address, "token", token);
}

int etcd_read_node(const struct etcd_entry *entry, char address[FAR_NODE_ADDRESS_MAX])
{
    char node[FAR_NODE_NAME_MAX];
    json_t *json = object_of(entry);
    int result = read_string(json, "node", node, sizeof node);
    result = result ? result : read_string(json, "address", address, FAR_NODE_ADDRESS_MAX);
    json_decref(json);
    if (result != 0 || !etcd_node_is_sound(node, sizeof node) || !etcd_address_is_sound(address, FAR_NODE_ADDRESS_MAX))
        return -EPROTO;
    struct etcd_key place = etcd_key_node(node);
    return strcmp(place.text, entry->key.text) == 0 ? 0 : -EPROTO;
}

bool etcd_token_is(const struct etcd_entry *entry, const char *token)
{
    json_t *json = object_of(entry);
    const char *text = json_string_value(json_object_get(json, "token"));
    bool is = text && strcmp(text, token) == 0;
    json_decref(json);
    return is;
}
