/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A call with its parameters on the way, client side, in private memory: what its answer is taken by. An ordinary call has
 * one on its stack (marshal.c, call_walk.c); an asynchronous one keeps it from being sent to being claimed.
 */
#ifndef FARCALL_CROSSING_H
#define FARCALL_CROSSING_H

#include "runtime/lib/call.h"
#include "runtime/lib/passing.h"
#include "runtime/lib/size.h"
#include "runtime/walk/walk.h"

/* Plain bytes. */
struct crossing {
    const struct far_plan *plan;
    const struct far_binding *shares; /* with whom the domain segment may be shared; NULL: copy everything */
    uint64_t word[FAR_PARAM_MAX];     /* as the caller passed them, read once */
    struct far_sizes sizes;
    struct far_sent sent;
};

/* What the walk's hooks are given. */
struct walking {
    struct far_binding *binding;
    bool sharing;                /* memory in the domain segment goes over as its address */
    struct far_channel *channel; /* by which the call goes, and the answer comes */
    struct passing passing;
    bool batched; /* several calls share the channel: no descriptors go along */
};

/* The same for a plan with FAR_PLAN_WALK. */
struct walk_crossing {
    struct walk walk;
    struct walking walking;
    struct walk_memory memory;
    struct walk_results results;
    struct far_sent sent;
};

/*
 * Send: open the channel if need be, parameters in, publish. Nothing was sent unless it returns 0; otherwise as
 * call_by_plan(). Finish: wait, parameters out, result; the same returns. The deadline is what `sent` says then.
 */
int crossing_send(struct crossing *crossing, const struct far_frame *frame, struct far_binding *binding,
                  const struct far_plan *plan, struct far_channel *channel, struct far_error *error);
int crossing_finish(struct crossing *crossing, struct far_frame *frame, struct far_binding *binding,
                    struct far_channel *channel, struct far_error *error);
int walk_crossing_send(struct walk_crossing *crossing, const struct far_frame *frame, struct far_binding *binding,
                       const struct far_plan *plan, struct far_channel *channel, struct far_error *error);
int walk_crossing_finish(struct walk_crossing *crossing, struct far_frame *frame, struct far_binding *binding,
                         const struct far_plan *plan, struct far_channel *channel, struct far_error *error);

/*
 * The same in steps, for a call that crosses with others (batch.h). Prepare: everything is found and measured; as
 * call_by_plan(). Put: into a call line's arguments, a wide block if the plan has one, and an area. Take: what came back in a
 * reply line and that area; 0, or as call_by_plan().
 */
int crossing_prepare(struct crossing *crossing, const struct far_frame *frame, const struct far_plan *plan,
                     struct far_error *error);
void crossing_put(const struct crossing *crossing, uint64_t *argument, struct far_wide *wide, char *area);
/* To another node: what was put into the area there, which begins at that byte of the A-stack's. */
void crossing_note(const struct crossing *crossing, struct far_channel *channel, uint64_t base);
int crossing_take(const struct crossing *crossing, struct far_frame *frame, struct far_binding *binding,
                  const struct far_plan *plan, const struct far_reply_line *reply, const char *area,
                  struct far_error *error);
int walk_crossing_prepare(struct walk_crossing *crossing, const struct far_frame *frame, struct far_binding *binding,
                          const struct far_plan *plan);
/* To another node, before it is put: as crossing_note(). */
void walk_crossing_notes(struct walk_crossing *crossing, struct far_channel *channel, uint64_t base);
void walk_crossing_put(const struct walk_crossing *crossing, const struct far_plan *plan, uint64_t *argument,
                       struct far_wide *wide, char *area);
int walk_crossing_take(struct walk_crossing *crossing, struct far_frame *frame, struct far_binding *binding,
                       const struct far_plan *plan, const struct far_reply_line *reply, const char *area, uint64_t room,
                       struct far_error *error);

#endif
