/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a frame says of itself, checked before anything is done with it. By pieces, so that what it carries can be received straight
 * to where it belongs: the frame, its head (CALL: struct wire_call and perhaps struct far_wide; ANSWER: struct wire_reply), the table
 * of extents; then bytes. All are checked in private memory: the caller's copy is what he goes on with.
 *
 * 0, or -EPROTO and why. What the numbers mean (the slot, the sequence number that is next) is for whoever serves.
 */
#ifndef FARCALL_WIRE_CHECK_H
#define FARCALL_WIRE_CHECK_H

#include "runtime/net/wire.h"

#include <stddef.h>

#define WIRE_FLAGS_KNOWN 0u /* of frames */
#define WIRE_EXTENTS_MAX (1u << 20)

/* Known, of a size that its type can have. */
int wire_check_frame(const struct wire_frame *frame, char *why, size_t room);

/* The head's own numbers. *table: bytes of the table of extents; *bytes: what follows it. They fill the frame exactly. */
int wire_check_call(const struct wire_frame *frame, const struct wire_call *call, uint64_t *table, uint64_t *bytes,
                    char *why, size_t room);
int wire_check_reply(const struct wire_frame *frame, const struct wire_reply *reply, uint64_t *table, uint64_t *bytes,
                     char *why, size_t room);
/* Ascending, without overlap, none empty, inside an area of that many bytes, `bytes` in all. */
int wire_check_extents(const struct wire_extent *extent, uint32_t count, uint64_t bytes, uint64_t area, char *why,
                       size_t room);

/* For an A-stack of that size, known to this side by that number. */
int wire_check_hello(const struct wire_hello *hello, uint32_t channel, uint64_t size, char *why, size_t room);
int wire_check_fate(const struct wire_fate *fate, char *why, size_t room);

#endif
