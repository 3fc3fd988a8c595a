/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The store's rows about queued calls (queue.c). What a function changes is on the disk when it returns 0. */
#ifndef FARCALL_STORE_QUEUE_H
#define FARCALL_STORE_QUEUE_H

#include "runtime/fard/store.h"
#include "runtime/queue.h"

/* All return 0, FARD_REFUSED with a text for people, or a negative errno. */

/* What a user has, waiting or unclaimed. */
struct queue_usage {
    uint64_t calls;
    uint64_t bytes;
};
int store_queue_usage(struct store *store, uid_t uid, struct queue_usage *usage, struct far_error *error);

/* The ticket of a call that the user has put there by that mark; 0: he has not. */
int store_queue_find(struct store *store, uid_t uid, const struct far_queue_call *call, uint64_t *ticket,
                     struct far_error *error);
/* memory: call->bytes, its parameters. */
int store_queue_put(struct store *store, uid_t uid, const struct far_queue_call *call, const void *memory,
                    uint64_t *ticket, struct far_error *error);

#define STORE_QUEUE_ANYBODY ((int64_t)-1)
/* uid: or STORE_QUEUE_ANYBODY. *found: there is such a ticket. */
int store_queue_get(struct store *store, uint64_t ticket, int64_t uid, struct far_queue_entry *entry, bool *found,
                    struct far_error *error);
/* Those after a ticket, `room` at most. */
int store_queue_list(struct store *store, uint64_t after, int64_t uid, struct far_queue_entry *entry, uint32_t room,
                     uint32_t *count, struct far_error *error);
int store_queue_remove(struct store *store, uint64_t ticket, struct far_error *error);

/* Whose calls of what wait in one line. */
struct queue_line_name {
    uid_t uid;
    char service[FAR_SERVICE_MAX];
    uint16_t major;
};
/* The first that waits there, with memory[FAR_QUEUE_BYTES_MAX]; *ticket 0: none. call NULL: nobody wants to see it. */
int store_queue_next(struct store *store, const struct queue_line_name *line, uint64_t *ticket,
                     struct far_queue_call *call, void *memory, struct far_error *error);
/* Lines in which something waits. A call-back that returns non-zero ends the walk. */
int store_queue_each_line(struct store *store, int (*each)(void *context, const struct queue_line_name *line),
                          void *context, struct far_error *error);

int store_queue_begin(struct store *store, uint64_t ticket, struct far_error *error);
/* It had not been begun after all. */
int store_queue_return(struct store *store, uint64_t ticket, struct far_error *error);
/* DONE or FAILED. */
int store_queue_end(struct store *store, const struct far_queue_mark *mark, struct far_error *error);
/* Begun, and nobody knows how far it came: it waits again if it may be repeated, else that is what it says. mark->ticket 0: all
 * that had been begun. */
int store_queue_interrupt(struct store *store, const struct far_queue_mark *mark, struct far_error *error);

#endif
