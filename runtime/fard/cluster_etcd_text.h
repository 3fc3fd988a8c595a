/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What is kept in etcd, and what its JSON gateway says, as text: docs/cluster.md has the model. No I/O, no state: the fuzzer reads through
 * here. Whatever etcd holds may have been written by anybody: every reader checks types, sizes and values, and says -EPROTO.
 */
#ifndef FARCALL_CLUSTER_ETCD_TEXT_H
#define FARCALL_CLUSTER_ETCD_TEXT_H

#include "runtime/fard/range.h"
#include "runtime/net/link.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of that name is a function of farcall's own writer of JSON too (format/json.h), which programs are linked with: json_stringn() it is. */
#pragma GCC poison json_string

#define ETCD_PREFIX       "/farcall/1/"
#define ETCD_KEY_MAX      128   /* bytes of a key of ours, NUL included */
#define ETCD_VALUE_MAX    4096  /* bytes of a value of ours */
#define ETCD_RESPONSE_MAX 65536 /* bytes of a response: four entries at most, and a header */
#define ETCD_TOKEN_SIZE   33    /* bytes of a token, NUL included: 128 random bits in hexadecimal digits */

/* Keys. Those of addresses are the complement of them, so that "the last at or below" is the first in etcd's own order. */
#define ETCD_CURSOR    ETCD_PREFIX "cursor"
#define ETCD_NAMES     ETCD_PREFIX "names/"
#define ETCD_GONE      ETCD_PREFIX "gone/"
#define ETCD_ADDRESSES ETCD_PREFIX "addresses/"
#define ETCD_RANGES    ETCD_PREFIX "ranges/"
#define ETCD_NODES     ETCD_PREFIX "nodes/"
struct etcd_key {
    char text[ETCD_KEY_MAX];
};
struct etcd_key etcd_key(const char *text);
struct etcd_key etcd_key_behind(const char *folder); /* the first key behind all that begin with `folder` */
struct etcd_key etcd_key_node(const char *node);
struct etcd_key etcd_key_name(const char *name, uint32_t major);
struct etcd_key etcd_key_gone(const char *name, uint32_t major);
struct etcd_key etcd_key_name_folder(const char *name); /* what the keys of all its majors begin with */
struct etcd_key etcd_key_address(const char *folder, uint64_t address);
/* The smallest key that is larger. */
struct etcd_key etcd_key_next(const struct etcd_key *key);

/* Base64 as RFC 4648 has it: whole groups, padded, no bits left over. The size of what it stands for, or -EPROTO. */
long etcd_base64_decode(const char *text, size_t size, char *out, size_t room);

/* Requests: bodies, and pieces of them. NULL: no memory; a piece that was handed over is gone either way. */
json_t *etcd_range_request(const struct etcd_key *from, const struct etcd_key *end); /* one entry; end NULL: that key */
json_t *etcd_compare_revision(const struct etcd_key *key, uint64_t revision);        /* 0: there is none */
json_t *etcd_put(const struct etcd_key *key, json_t *value, uint64_t lease);
json_t *etcd_delete(const struct etcd_key *key);
json_t *etcd_get(const struct etcd_key *from, const struct etcd_key *end);
json_t *etcd_list(json_t *const *piece, size_t count); /* one that is NULL: NULL */
#define ETCD_LIST(...) \
    etcd_list((json_t *const[]){__VA_ARGS__}, sizeof((json_t *const[]){__VA_ARGS__}) / sizeof(json_t *))
json_t *etcd_txn_request(json_t *compare, json_t *success, json_t *failure);

/* Responses. */
struct etcd_entry {
    bool found;
    struct etcd_key key;
    uint64_t revision; /* of its last change */
    uint64_t lease;
    size_t size;
    char value[ETCD_VALUE_MAX + 1];
};
json_t *etcd_parse(const char *text, size_t size); /* an object, or NULL */
int etcd_read_header(const json_t *response, uint64_t *cluster, uint64_t *revision);
int etcd_read_range(const json_t *response, struct etcd_entry *out); /* of one entry, or none */
int etcd_read_txn(const json_t *response, bool *succeeded);
int etcd_read_txn_entry(const json_t *response, unsigned index, struct etcd_entry *out);
int etcd_read_lease(const json_t *response, uint64_t *lease, uint64_t *seconds); /* granted, or kept: 0 seconds: gone */
/* What a refusal says: a code of gRPC's and its words. -EPROTO: not etcd's. */
int etcd_read_refusal(const json_t *response, unsigned *code, char *words, size_t room);

/* Values. Writers: NULL: no memory. Readers check that the value belongs where it lies. `token`: ETCD_TOKEN_SIZE bytes. */
json_t *etcd_write_service(const struct link_service *service, const char *token);
int etcd_read_service(const struct etcd_entry *entry, struct link_service *service);
json_t *etcd_write_chunk(const char *node, const struct range *chunk, const char *token);
int etcd_read_chunk(const struct etcd_entry *entry, struct range *chunk, char node[FAR_NODE_NAME_MAX]);
json_t *etcd_write_cursor(uint64_t next);
int etcd_read_cursor(const struct etcd_entry *entry, uint64_t *next); /* no entry: the beginning of the window */
json_t *etcd_write_node(const char *node, const char *address, const char *token);
int etcd_read_node(const struct etcd_entry *entry, char address[FAR_NODE_ADDRESS_MAX]);
/* Was this written with that token? */
bool etcd_token_is(const struct etcd_entry *entry, const char *token);

bool etcd_node_is_sound(const char *node, size_t room);
bool etcd_address_is_sound(const char *address, size_t room); /* HOST:PORT, or empty */

#endif
