/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * How much a host has room for, and who gets it. fard admits channels by it, and the host holds to it as well: a client that
 * closes its channel in the middle of a call has gone for fard, and still has the host's thread.
 *
 *     --memory: one half for the stacks of channels' threads, one half for what calls carry and the service allocates
 *
 * No user has more than half of a room, and the last quarter is for users that have little: whoever takes all that he can
 * get leaves the others enough to begin with, and so do two of them.
 */
#ifndef FARCALL_ROOM_H
#define FARCALL_ROOM_H

#include "runtime/protocol.h"

#include <stdbool.h>

#define ROOM_STACK_LEAST   (64u << 10)  /* what may be said */
#define ROOM_STACK_MOST    (256u << 20) /* the same */
#define ROOM_STACK_SMALL   (256u << 10) /* what a host with little memory has if nothing is said */
#define ROOM_STACK_LARGE   (1u << 20)   /* the same with much */
#define ROOM_CHANNELS_MOST 8192u        /* mappings of a process: 65530, and each takes up to six */
#define ROOM_STACKS_LEAST  16u          /* that half of --memory must hold */

/* Bytes of a thread's stack; 0: as the system has them. */
static inline uint64_t room_stack(uint64_t memory, uint64_t said)
{
    uint64_t fitting = memory / 1024 / 4096 * 4096;
    if (said || !memory)
        return said;
    return fitting < ROOM_STACK_SMALL ? ROOM_STACK_SMALL : fitting > ROOM_STACK_LARGE ? ROOM_STACK_LARGE : fitting;
}

/* The least that --memory can be. */
static inline uint64_t room_memory_least(uint64_t said_stack)
{
    return 2 * ROOM_STACKS_LEAST * room_stack(1, said_stack);
}

/* Channels that a host can serve at once. */
static inline uint32_t room_channels(const struct far_host_rights *rights)
{
    uint64_t room = ROOM_CHANNELS_MOST, stack = room_stack(rights->memory, rights->stack);
    if (rights->memory && rights->memory / 2 / stack < room)
        room = rights->memory / 2 / stack;
    if (rights->processes && rights->processes - 1 < room)
        room = rights->processes - 1; /* its first thread */
    return room ? (uint32_t)room : 1;
}

/* Bytes that calls may carry at once. physical: the machine's memory. */
static inline uint64_t room_call_bytes(const struct far_host_rights *rights, uint64_t physical)
{
    uint64_t room = rights->memory / 2;
    return room && room < physical / 4 ? room : physical / 4;
}

static inline uint64_t room_of_one(uint64_t room)
{
    return room > 1 ? room / 2 : room;
}

/* May a user who has `own` of what `all` have together get `more`? */
static inline bool room_admits(uint64_t room, uint64_t all, uint64_t own, uint64_t more)
{
    uint64_t little = room / 16 ? room / 16 : 1;
    if (all > room || own > room || more > room - all || own + more > room_of_one(room))
        return false;
    return all + more <= room / 4 * 3 || own + more <= little;
}

#endif
