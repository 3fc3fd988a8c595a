/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_FIRST 64u

/* FNV-1a. Who may choose names is either trusted to register services or gets few of them (pending.h). */
static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    return hash;
}

static struct name_link **bucket_of(const struct names *names, uint32_t hash)
{
    return &names->bucket[hash & (names->bucket_count - 1)];
}

static void put(const struct names *names, struct name_link *link)
{
    struct name_link **bucket = bucket_of(names, link->hash);
    link->next = *bucket;
    *bucket = link;
}

static int grow(struct names *names)
{
    struct names grown = {.bucket_count = names->bucket_count ? 2 * names->bucket_count : BUCKETS_FIRST,
                          .count = names->count};
    grown.bucket = calloc(grown.bucket_count, sizeof(struct name_link *));
    if (!grown.bucket)
        return -ENOMEM;
    for (uint32_t i = 0; i < names->bucket_count; i++) {
        for (struct name_link *at = names->bucket[i], *next; at; at = next) {
            next = at->next;
            put(&grown, at);
        }
    }
    free(names->bucket);
    *names = grown;
    return 0;
}

int names_add(struct names *names, struct name_link *link, const char *name)
{
    if (names->count >= names->bucket_count && grow(names) != 0)
        return -ENOMEM;
    link->name = name;
    link->hash = hash_of(name);
    put(names, link);
    names->count++;
    return 0;
}

void names_remove(struct names *names, struct name_link *link)
{
    struct name_link **at = link->name && names->bucket_count ? bucket_of(names, link->hash) : NULL;
    while (at && *at && *at != link)
        at = &(*at)->next;
    if (!at || !*at)
        return;
    *at = link->next;
    link->name = NULL;
    names->count--;
}

static struct name_link *find(struct name_link *from, uint32_t hash, const char *name)
{
    while (from && (from->hash != hash || strcmp(from->name, name) != 0))
        from = from->next;
    return from;
}

struct name_link *names_first(const struct names *names, const char *name)
{
    uint32_t hash = hash_of(name);
    return names->bucket_count ? find(*bucket_of(names, hash), hash, name) : NULL;
}

struct name_link *names_next(const struct name_link *link)
{
    return find(link->next, link->hash, link->name);
}

void names_free(struct names *names)
{
    free(names->bucket);
    *names = (struct names){0};
}
