/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What is found by a name: a hash table whose links lie inside what they link, so that taking something out can never fail. Finding
 * takes as long among a hundred thousand as among ten. Several may have one name.
 */
#ifndef FARCALL_FARD_NAMES_H
#define FARCALL_FARD_NAMES_H

#include <stdint.h>

struct name_link {
    struct name_link *next;
    const char *name; /* its owner's; must not change while it is linked */
    uint32_t hash;
};

struct names {
    struct name_link **bucket;
    uint32_t bucket_count; /* 0, or a power of two */
    uint32_t count;
};

/* 0 or -ENOMEM. */
int names_add(struct names *names, struct name_link *link, const char *name);
/* One that is not linked may be taken out as well. */
void names_remove(struct names *names, struct name_link *link);
struct name_link *names_first(const struct names *names, const char *name); /* or NULL */
struct name_link *names_next(const struct name_link *link);                 /* another of the same name, or NULL */
void names_free(struct names *names);                                       /* not what it links */

#endif
