/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Capabilities that can be handed on (docs/capabilities.md): who can say the token has the right, whoever he is. The table
 * in memory; no I/O. Tokens are not kept, only their SHA-256, so that nobody finds one in the store or in a dump of fard.
 *
 * They form trees: a narrowed one has a parent, grants no more than it, and dies with it.
 */
#ifndef FARCALL_CAPABILITY_H
#define FARCALL_CAPABILITY_H

#include "runtime/fard/error.h"
#include "runtime/fard/manage.h"

#include <stdbool.h>
#include <sys/types.h>

#define CAPABILITIES_MAX        16384u
#define CAPABILITIES_OF_UID_MAX 256u /* that one uid has narrowed */
#define CAPABILITY_DEPTH_MAX    16u  /* times that one was narrowed from another */
#define CAPABILITY_DIGEST       32

struct capability {
    uint32_t id;     /* never given again */
    uint32_t parent; /* 0: a manager granted it */
    uint32_t service_id;
    enum far_level level;
    uid_t uid;       /* who made it */
    int64_t expires; /* seconds since 1970; 0: never */
    uint8_t digest[CAPABILITY_DIGEST];
    char ops[FAR_CAPABILITY_OPS]; /* names, each ended by a newline; empty: all */
    char note[FAR_CAPABILITY_NOTE];
    uid_t *holder; /* who was given the service's memory by it: whose processes revoking it may end */
    uint32_t holder_count;
};

struct capabilities {
    struct capability **item; /* by rising id */
    uint32_t count, room;
};

void capabilities_init(struct capabilities *table);
void capabilities_free(struct capabilities *table);

/* A copy is kept, without holders; its id must be greater than any there is. 0 or -ENOMEM. */
int capability_add(struct capabilities *table, const struct capability *capability);
void capability_drop(struct capabilities *table, uint32_t id);
bool capability_has_holder(const struct capability *capability, uid_t uid);
int capability_add_holder(struct capabilities *table, uint32_t id, uid_t uid); /* 0 or -ENOMEM */
void capabilities_forget_service(struct capabilities *table, uint32_t service_id);
const struct capability *capability_find(const struct capabilities *table, uint32_t id); /* or NULL */
/* Takes as long whether there is one, or which. */
const struct capability *capability_find_digest(const struct capabilities *table,
                                                const uint8_t digest[CAPABILITY_DIGEST]);
/* The first whose id is greater, or NULL. */
const struct capability *capability_after(const struct capabilities *table, uint32_t id);

/* Is `id` this ancestor, or below it? */
bool capability_is_below(const struct capabilities *table, uint32_t id, uint32_t ancestor);
/* How many it was narrowed from, one from the other. */
uint32_t capability_depth(const struct capabilities *table, const struct capability *capability);
uint32_t capabilities_of_uid(const struct capabilities *table, uid_t uid);
bool capability_expired(const struct capability *capability, int64_t now);
/* When the next one expires; 0: none does. */
int64_t capabilities_next_expiry(const struct capabilities *table);

/* Does its list of operations name this one? An empty list names all. */
bool capability_names(const struct capability *capability, const char *op);
/* Which of those presented grants the most for this service: the highest level, all operations before some; or NULL. */
const struct capability *capability_best(const struct capabilities *table, uint32_t service_id,
                                         const uint32_t *presented, uint32_t count);

/* Can there be one with these rights? A trusted client runs the code itself: no list of operations could bind it. */
int capability_check_rights(const struct capability *wanted, int64_t now, struct far_error *error);
/* May it be narrowed so? Fills in what the wish leaves open (level UNSET, expires 0, no operations) from the parent. */
int capability_narrow(const struct capability *parent, struct capability *wanted, int64_t now, struct far_error *error);

/*
 * Wrong tokens, counted for each uid: a burst of GUESSES_BURST, one more every GUESS_REGAINED_S seconds. A uid that has none
 * left is not listened to, whatever it presents.
 */
#define GUESSES_BURST    10
#define GUESS_REGAINED_S 6
#define GUESSERS_MAX     64

struct guesser {
    uid_t uid;
    int64_t clear_at; /* seconds, monotonic: when all is forgotten; 0: free */
};
struct guesses {
    struct guesser guesser[GUESSERS_MAX];
};

bool guess_allowed(const struct guesses *guesses, uid_t uid, int64_t now);
void guess_failed(struct guesses *guesses, uid_t uid, int64_t now);

#endif
