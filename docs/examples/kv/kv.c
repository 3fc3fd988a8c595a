/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * kv: a chained hash table. Plain C: nothing here knows how it is called or from where. In a segment, malloc is the
 * segment's own heap and the mutex is shared by every process that runs this code.
 */
#include "kv.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 64 };

/* One mutex for all machines whose programs use the service: aarch64's is the largest, 48 bytes. */
static union {
    pthread_mutex_t mutex;
    char room[48];
} lock = {PTHREAD_MUTEX_INITIALIZER};
static struct kv_node **buckets;
static size_t bucket_count; /* a power of two, or 0 before the first kv_put */
static struct kv_node *newest;
static size_t count;

/* FNV-1a */
static uint64_t hash_of(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
    return hash;
}

/* Where the pointer to the key's node stands, or where it would: the end of its chain. NULL before the first kv_put. */
static struct kv_node **find_place(const char *key, uint64_t hash)
{
    if (!bucket_count)
        return NULL;
    struct kv_node **place = &buckets[hash & (bucket_count - 1)];
    while (*place && ((*place)->hash != hash || strcmp((*place)->key, key) != 0))
        place = &(*place)->next_in_bucket;
    return place;
}

static struct kv_node *find_node(const char *key)
{
    struct kv_node **place = find_place(key, hash_of(key));
    return place ? *place : NULL;
}

static int grow(void)
{
    size_t more = bucket_count ? bucket_count * 2 : FIRST_BUCKETS;
    struct kv_node **wider = calloc(more, sizeof *wider);
    if (!wider)
        return bucket_count ? 0 : -1; /* full chains are slow, no chains are an error */
    for (struct kv_node *node = newest; node; node = node->next) {
        struct kv_node **bucket = &wider[node->hash & (more - 1)];
        node->next_in_bucket = *bucket;
        *bucket = node;
    }
    free(buckets);
    buckets = wider;
    bucket_count = more;
    return 0;
}

static void *copy_of(const void *bytes, size_t n)
{
    void *copy = malloc(n ? n : 1);
    return copy && n ? memcpy(copy, bytes, n) : copy;
}

static int replace_value(struct kv_node *node, const void *val, size_t n)
{
    void *value = copy_of(val, n), *old = node->value;
    if (!value)
        return -1;
    node->value = value;
    node->size = n;
    free(old);
    return 0;
}

static int insert_node(const char *key, const void *val, size_t n)
{
    struct kv_node *node = calloc(1, sizeof *node);
    if (!node)
        return -1;
    node->hash = hash_of(key);
    node->size = n;
    node->key = strdup(key);
    node->value = copy_of(val, n);
    if (!node->key || !node->value || (count >= bucket_count && grow() != 0)) {
        free(node->key);
        free(node->value);
        free(node);
        return -1;
    }
    node->next = newest;
    newest = node;
    *find_place(key, node->hash) = node; /* complete before anybody can find it */
    count++;
    return 0;
}

const struct kv_node *kv_find(const char *key)
{
    pthread_mutex_lock(&lock.mutex);
    const struct kv_node *node = find_node(key);
    pthread_mutex_unlock(&lock.mutex);
    if (!node)
        errno = ENOENT;
    return node;
}

int kv_put(const char *key, const void *val, size_t n)
{
    pthread_mutex_lock(&lock.mutex);
    struct kv_node *node = find_node(key);
    int code = node ? replace_value(node, val, n) : insert_node(key, val, n);
    pthread_mutex_unlock(&lock.mutex);
    return code;
}

int kv_get(const char *key, void *buffer, size_t capacity, size_t *size)
{
    pthread_mutex_lock(&lock.mutex);
    const struct kv_node *node = find_node(key);
    if (node) {
        *size = node->size;
        memcpy(buffer, node->value, node->size < capacity ? node->size : capacity);
    }
    pthread_mutex_unlock(&lock.mutex);
    if (node && *size <= capacity)
        return 0;
    errno = node ? ERANGE : ENOENT;
    return -1;
}

static void unlink_from_all(const struct kv_node *node)
{
    struct kv_node **place = &newest;
    while (*place != node)
        place = &(*place)->next;
    *place = node->next;
}

int kv_remove(const char *key)
{
    pthread_mutex_lock(&lock.mutex);
    struct kv_node **place = find_place(key, hash_of(key));
    struct kv_node *node = place ? *place : NULL;
    if (node) {
        *place = node->next_in_bucket;
        unlink_from_all(node);
        count--;
        free(node->key);
        free(node->value);
        free(node);
    }
    pthread_mutex_unlock(&lock.mutex);
    if (node)
        return 0;
    errno = ENOENT;
    return -1;
}

const struct kv_node *kv_first(void)
{
    return newest;
}

size_t kv_count(void)
{
    return count;
}

int kv_null(void)
{
    return 0;
}

int kv_null_function(void)
{
    return 0;
}
