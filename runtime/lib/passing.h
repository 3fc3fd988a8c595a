/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Descriptors of a client's calls and of its functions that are called back. What a call passes, the caller keeps, and the
 * service has until the call returns; what comes back is the caller's. A function is passed what is closed again after it,
 * and what it gives is the service's: closed here when it is on its way.
 */
#ifndef FARCALL_PASSING_H
#define FARCALL_PASSING_H

#include "runtime/lib/channel.h"
#include "runtime/lib/descriptors.h"
#include "runtime/walk/walk.h"

/* Of one call, or of one function that runs. Begins as zero; in memory of its walk when there are any. */
struct passing {
    struct descriptors *going, *come;
    int error; /* why none could be taken; 0: they are a lie, or fine */
};

/* The walk's hooks: at the caller, coming is for good (`lends` false). */
unsigned passing_out(struct passing *passing, const struct walk *walk, int descriptor, uint32_t *word);
unsigned passing_in(struct passing *passing, const struct walk *walk, const struct far_channel *channel, bool lends,
                    uint32_t word, int *descriptor);
void passing_drop(struct passing *passing, const struct walk *walk, int descriptor);

/* Is there anything that goes along? */
bool passing_has_any(const struct passing *passing);
/* What goes with the next message of this channel. 0 or an errno. */
int passing_send(const struct passing *passing, const struct far_channel *channel);
/* After the answer was taken, or was not believed: what nobody named, or all. */
void passing_settle(const struct passing *passing, bool believed);
/* A function has given them away. */
void passing_given(const struct passing *passing);
/* What functions at that depth of calls and above have been lent. */
void passing_end_lent(struct far_thread *thread, uint32_t depth);
/* The call, or the function, came to nothing: what was sent with it is not for the next one. */
void passing_forget(const struct far_channel *channel);

#endif
