/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Sees each load of code that was compiled with -fsanitize=thread, in memory that two sides share. What is read twice in one
 * message may have been changed in between: a double fetch.
 */
#ifndef FARCALL_WATCH_H
#define FARCALL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One side's view of an A-stack. `skip` says which bytes are not looked at; the words that are waited for are among them. */
struct watched {
    const char *memory;
    uint64_t size;
    bool (*skip)(uint64_t offset);
    uint8_t *count; /* of loads, by byte */
    uint64_t loads, twice;
    const char *name;
};

/* What these functions read they do not believe; each says why. Ends with a name that is NULL. */
struct watch_exception {
    const char *function, *why;
};

/* Both views: from now on. */
void watch_begin(struct watched *side, unsigned count, const struct watch_exception *exceptions);
/* A message has been published: what was read before may be read again. */
void watch_message(void);
/* A word that is written last. At most four. */
void watch_publishes(const void *word);

#endif
