/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * kv: a chained hash table as a service. An ordinary C header; what starts with far_ or __ after a star tells faridl how
 * each operation crosses into another protection domain. A client trusted with "read" may follow every pointer it sees
 * here; a client without that right calls kv_get, which copies.
 */
#ifndef KV_H
#define KV_H

#include <farcall/annotate.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Annotations read best in front of their operation, on a line of their own. */
/* clang-format off */
far_service(kv, 1, 0);

/* One entry. Lies in the service's heap, at the same address in every domain. */
struct kv_node {
    struct kv_node *far_opaque next_in_bucket; /* the service's own business */
    struct kv_node *next;                      /* list of all nodes, newest first: follow it from kv_first() */
    uint64_t hash;
    size_t size;                    /* bytes of value */
    char *__null_terminated key;
    void *__sized_by(size) value;
};

/* The node that holds `key`, or NULL: with errno ENOENT if there is none, EHOSTDOWN if the service cannot answer. */
far_op far_data_shipped far_fails(NULL)
    const struct kv_node *far_global kv_find(const char *far_in __null_terminated key);

/* Store a copy of the value under a copy of the key, replacing what was there. 0, or -1 and errno. */
far_op far_function_shipped far_fails(-1)
    int kv_put(const char *__null_terminated key, const void *__sized_by(n) val, size_t n);

/*
 * Copy the value of `key` out: at most `capacity` bytes into buffer, and its whole size into *size.
 * 0, or -1 and errno: ENOENT, ERANGE if it did not fit.
 */
far_op far_function_shipped far_fails(-1)
    int kv_get(const char *__null_terminated key, void *far_out __sized_by(capacity) buffer, size_t capacity,
               size_t *far_out size);

/* Forget `key`. 0, or -1 and errno ENOENT. */
far_op far_function_shipped far_fails(-1)
    int kv_remove(const char *__null_terminated key);

/* The newest node, head of the list of all nodes; NULL if the table is empty. */
far_op far_data_shipped far_fails(NULL)
    const struct kv_node *far_global kv_first(void);

/* How many nodes there are; SIZE_MAX and errno if the service cannot answer. */
far_op far_data_shipped far_fails(SIZE_MAX)
    size_t kv_count(void);

/* Nothing, by data shipping and by function shipping: what a call costs. Returns 0; -1 if the service cannot answer. */
far_op far_data_shipped far_fails(-1)
    int kv_null(void);
far_op far_function_shipped far_fails(-1)
    int kv_null_function(void);

#ifdef __cplusplus
}
#endif

#endif
