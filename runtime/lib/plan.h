/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A plan: what a gate needs to know of one operation, worked out once from the interface record, by clients at the first
 * call, so that others look nothing up. Both sides of the process gate make the same plans from the same record.
 *
 * A parameter has two places. `abi` is where this machine's calling convention has it: in an integer register, in a
 * floating-point register, or on the stack, eight bytes each, in parameter order; abi.h says how many registers there
 * are. `astack` is where it lies in an A-stack, which is the same on all machines, so that client and host need not be
 * of one kind: the first six integers and pointers in the call line, the first eight floats and then all that is left
 * in the wide block.
 */
#ifndef FARCALL_PLAN_H
#define FARCALL_PLAN_H

#include "runtime/astack.h"
#include "runtime/iface.h"
#include "runtime/lib/places.h"

#include <stdbool.h>

struct far_plan_param {
    uint8_t passing; /* enum far_passing */
    uint8_t flags;   /* FAR_VALUE_…, those that a gate looks at */
    uint8_t width;
    struct far_where abi, astack; /* abi: of what is one word; others are in the plan's placement */
    bool late;                    /* its size needs another parameter's memory: placed and copied after the others */
    bool measured;                /* another parameter's size is read from this one's memory */
    uint32_t size_count;          /* BUFFER: the size expression */
    const struct far_expr *size;
    const struct far_expr *size_of; /* BUFFER of a simple size: the parameter that is multiplied; NULL: none is */
    uint64_t size_scale;            /* the same: by how much; 0: the expression is not as simple as that */
    uint64_t target_size;           /* GLOBAL: bytes of what it points to, at least 1 */
    uint16_t align; /* GRANTED: of what it points to: a copy is aligned, and what is no copy must be too */
    bool writes;    /* the same: may the operation write there? */
    uint64_t mask;  /* the bits of the word that mean something */
};

#define FAR_PLAN_FAST         0x1u  /* client: only plain values in registers: copy, publish, wait */
#define FAR_PLAN_FAST_HOST    0x2u  /* host: the same, and nothing to check */
#define FAR_PLAN_FLOATS       0x4u  /* some parameter travels in a floating-point register */
#define FAR_PLAN_BY_REFERENCE 0x8u  /* some parameter travels in the area */
#define FAR_PLAN_WIDE         0x10u /* some parameter travels in the wide block */
#define FAR_PLAN_WALK         0x20u /* memory with pointers in it, that comes out, or that is kept: runtime/walk */
#define FAR_PLAN_DIRECT       0x40u /* client: fast, if its buffers lie where the service reaches them */
#define FAR_PLAN_DIRECT_HOST  0x80u /* host: the same; plain sizes and addresses are all there is to check */

struct far_plan {
    const struct far_op *op;
    const char *name;
    const char
        *refusal; /* why no gate carries it, for messages, and nothing below is filled in; NULL: it can be called */
    uint8_t flags;
    uint8_t param_count;
    uint8_t buffers;   /* DIRECT: which words of the call line are buffers, one bit each */
    uint8_t addressed; /* DIRECT_HOST: which are any memory */
    struct far_taken astack;
    uint8_t result; /* enum far_passing */
    uint8_t result_width;
    bool result_signed;
    uint64_t result_target_size;         /* GLOBAL: bytes of what it points to, at least 1 */
    uint64_t result_mask;                /* the bits of the result that mean something */
    uint64_t mask[FAR_ASTACK_REGISTERS]; /* the same for each integer of the call line */
    struct far_plan_param param[FAR_PARAM_MAX];
    struct far_placement placement; /* on this machine */
    uint64_t result_bytes;          /* of a result by value */
};

/*
 * All operations of a service, by slot. The arrays have a place for each slot that there can be. No malloc: a client may
 * make its plans inside a signal handler, at its first call through a gate.
 */
struct far_plans {
    void *memory; /* all of this, mapped */
    size_t size;
    bool descriptors;       /* the interface has some: channels have sockets */
    uint32_t slot_count;    /* beyond it, no operation has a slot */
    uint8_t *slot_flags;    /* gate_MACHINE.S reads these: FAR_SLOT_… */
    struct far_plan **plan; /* NULL where no operation has the slot */
};

/* From a sound record, which must outlive the plans. 0 or -ENOMEM. */
int plans_from_iface(struct far_plans *plans, const struct far_iface *iface);
void plans_free(struct far_plans *plans);
/* The plan of a function of the service's that is no operation: one of the record's callbacks, called by that slot. Never
 * freed. NULL: no memory. */
const struct far_plan *plan_of_function(const struct far_iface *iface, uint32_t callback, uint32_t slot);

/* A value as the ABI passes it: sign- or zero-extended from its width (1, 2, 4 or 8 bytes). */
static inline uint64_t far_extend(uint64_t value, unsigned width, bool is_signed)
{
    unsigned unused = 64 - 8 * width;
    return is_signed ? (uint64_t)((int64_t)(value << unused) >> unused) : value << unused >> unused;
}

/* Has the function refused, by what it returned (as it crosses), to release a handle that it takes far_release? */
static inline bool far_release_is_refused(const struct far_iface *iface, const struct far_value *value,
                                          const struct far_value *result, uint64_t returned)
{
    return value->flags & FAR_VALUE_RELEASE && value->passing == FAR_PASS_HANDLE && value->select_count &&
           iface_expr(iface, value->select_first)->value ==
               far_extend(returned, result->width, result->flags & FAR_VALUE_SIGNED);
}

/* Does the operation say by its result that it has failed? */
static inline bool plan_says_failed(const struct far_plan *plan, uint64_t result, uint64_t float_result)
{
    uint64_t word = plan->result == FAR_PASS_FLOAT ? float_result : result;
    return plan->op->flags & FAR_OP_HAS_FAILS && ((word ^ plan->op->fails) & plan->result_mask) == 0;
}

/* One parameter's word, of a call line's arguments and a wide block. */
static inline uint64_t *far_line_word(uint64_t *argument, struct far_wide *wide, struct far_where where)
{
    uint64_t *words = where.place == FAR_PLACE_INTEGER ? argument
                      : where.place == FAR_PLACE_FLOAT ? wide->floats
                                                       : wide->more;
    return &words[where.index];
}

/* The same in the A-stack. */
static inline uint64_t *far_astack_word(struct far_astack *astack, struct far_where where)
{
    return far_line_word(astack->call.argument, &astack->wide, where);
}

#endif
