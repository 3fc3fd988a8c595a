/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Thunks: addresses in the host that stand for functions of clients'. A thunk belongs to one function of one client process,
 * from when that is first passed until the process has ended; after that it does nothing, and is given away again only
 * when no other is left, the longest dead first: a service may have kept it. So it is for good called in the one way that its
 * first owner's function was: whoever has it next, what the service passes is what that function takes.
 *
 * Who has how many: runtime/room.h, by user. The last quarter is for ways of calling that have few.
 */
#ifndef FARCALL_THUNK_H
#define FARCALL_THUNK_H

#define FAR_THUNKS_MAX 16384
#define FAR_THUNK_SIZE 16

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

struct host_client;
struct host_user;
struct far_frame;

struct thunk_target {
    const struct host_client *client;
    uint32_t function;      /* its number, as the client says */
    uint32_t callback;      /* index of the record's */
    struct host_user *user; /* the client's; NULL: nobody's share is looked at */
};

/* The thunk for this target: the same for the same. 0: there are too many, or this user has too many. */
uint64_t thunk_get(const struct thunk_target *target);
/* Whom thunk `number` calls now. False: nobody. */
bool thunk_target(uint32_t number, struct thunk_target *target);
/* The same for what may be a thunk's address. False: it is none. */
bool thunk_at(uint64_t address, struct thunk_target *target);
/* The client has ended, and with it all of its functions. */
void thunks_forget(const struct host_client *client);

void far_thunks(void); /* thunk_MACHINE.S */
/* What they lead to (callback.c): fills in result and float_result. */
void far_thunk_called(struct far_frame *frame, uint32_t number);

#endif
#endif
