/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What any user can bring about as often as he likes, and an operator should read about: once a minute and uid, with how
 * often it was since. With more uids than there is room for, the rest is counted but not said: the log grows by no more
 * than NUISANCES_MAX lines a minute.
 */
#ifndef FARCALL_NUISANCE_H
#define FARCALL_NUISANCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NUISANCES_MAX  32
#define NUISANCE_EVERY 60000 /* milliseconds */

struct nuisance {
    const char *event; /* a literal; NULL: the place is free */
    uid_t uid;
    int64_t said_at;
    uint64_t unsaid; /* since then */
};

struct nuisances {
    struct nuisance item[NUISANCES_MAX];
};

/* Is it to be said? *unsaid: how often it was not, since it was the last time. */
bool nuisance_count(struct nuisances *nuisances, const char *event, uid_t uid, int64_t now_ms, uint64_t *unsaid);
/* Counts it, and says it if it is to be said. */
void nuisance_say(struct nuisances *nuisances, const char *event, uid_t uid, pid_t pid, const char *what);

#endif
