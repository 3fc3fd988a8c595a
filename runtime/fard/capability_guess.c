/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Who has presented wrong tokens lately. 160 bits cannot be guessed; this keeps those who try from costing anything. */
#include "runtime/fard/capability.h"

static const struct guesser *find(const struct guesses *guesses, uid_t uid)
{
    for (int i = 0; i < GUESSERS_MAX; i++) {
        if (guesses->guesser[i].clear_at && guesses->guesser[i].uid == uid)
            return &guesses->guesser[i];
    }
    return NULL;
}

bool guess_allowed(const struct guesses *guesses, uid_t uid, int64_t now)
{
    const struct guesser *guesser = find(guesses, uid);
    return !guesser || guesser->clear_at - now <= (GUESSES_BURST - 1) * GUESS_REGAINED_S;
}

/* The place of a uid: its own, or that of whoever is forgotten first. */
static struct guesser *place_for(struct guesses *guesses, uid_t uid)
{
    struct guesser *place = &guesses->guesser[0];
    for (int i = 0; i < GUESSERS_MAX; i++) {
        struct guesser *guesser = &guesses->guesser[i];
        if (guesser->clear_at && guesser->uid == uid)
            return guesser;
        if (guesser->clear_at < place->clear_at)
            place = guesser;
    }
    *place = (struct guesser){uid, 0};
    return place;
}

void guess_failed(struct guesses *guesses, uid_t uid, int64_t now)
{
    struct guesser *guesser = place_for(guesses, uid);
    int64_t from = guesser->clear_at > now ? guesser->clear_at : now;
    guesser->clear_at = from + GUESS_REGAINED_S;
}
