/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Double fetches: the stages between a service's operations and a warning.
 *
 *     view.c    a copy of the operations, with the unit's own functions inlined and variables as values
 *     reads.c   which functions are worth inlining
 *     spot.c    which memory of the caller's an address means
 *     flow.c    what comes before what: blocks, dominance, ways
 *     uses.c    what becomes of a value that was read
 *     fetch.c   pairs of reads, and which of them to report
 */
#ifndef FARCALL_PASS_FETCH_H
#define FARCALL_PASS_FETCH_H

#include <llvm-c/Target.h>

#include "clang-pass/pass.h"

/* --- view.c --- */

/* NULL: no operation here takes anything by reference. Otherwise the copy, to be disposed of. */
LLVMModuleRef view_make(const struct unit *unit);
/* Does the record say that this parameter leads to the caller's memory? */
bool view_follows(const struct far_param *param);
/* Can the function's arguments be counted as the record counts parameters? */
bool view_counts(const struct unit *unit, const struct far_op *op, LLVMValueRef function);

/* --- reads.c --- */

/* strings: measuring and copying strings counts too. */
bool function_reads(LLVMValueRef function, bool strings);

/* --- spot.c --- */

#define SPOT_STEPS 4

/* Memory: base + offset + the sum of step × scale. */
struct spot {
    LLVMValueRef base;
    long long offset;
    struct {
        LLVMValueRef value;
        unsigned long long scale;
    } steps[SPOT_STEPS];
    unsigned step_count;
};

/* One operation of the copy. */
struct examined {
    struct unit *unit;
    const struct far_op *op;
    LLVMValueRef function;
    LLVMTargetDataRef layout;
};

/* Any address; false if it has more steps than a spot holds. */
bool spot_of(const struct examined *examined, LLVMValueRef address, struct spot *spot);
/* Is it the caller's memory? */
bool spot_is_untrusted(const struct examined *examined, const struct spot *spot);
bool spot_same_base(const struct examined *examined, const struct spot *one, const struct spot *other);
bool spot_same(const struct examined *examined, const struct spot *one, const struct spot *other);
/* "msg->len", as the record names what lies there. */
const char *spot_text(const struct examined *examined, const struct spot *spot, char *text, size_t size);

/* --- flow.c --- */

struct flow {
    LLVMBasicBlockRef *blocks; /* by address */
    size_t count;
    size_t entry;
    size_t *first_successor; /* count + 1 of them */
    size_t *successors;
    size_t *first_predecessor;
    size_t *predecessors;
    bool *reaching; /* of flow_mark_ways: blocks from which the end is reached without passing the start again */
    size_t way_end; /* the block of the end */
    size_t *stack;
};

/* false: too many blocks to look at. */
bool flow_make(struct flow *flow, LLVMValueRef function);
void flow_free(struct flow *flow);
size_t flow_block(const struct flow *flow, LLVMBasicBlockRef block);
bool flow_dominates(struct flow *flow, LLVMValueRef one, LLVMValueRef other);
/* Mark the ways from one instruction to another that it dominates. */
void flow_mark_ways(struct flow *flow, LLVMValueRef from, LLVMValueRef to);
/* After that: does this instruction lie on one of them? */
bool flow_is_between(const struct flow *flow, LLVMValueRef from, LLVMValueRef at, LLVMValueRef to);
/* After that: does the outcome of this branch decide whether the end is reached? */
bool flow_decides(const struct flow *flow, LLVMValueRef from, LLVMValueRef branch);

/* --- uses.c --- */

#define USE_CHECK   0x01u /* compared with a constant */
#define USE_BOUND   0x02u /* compared with something else */
#define USE_SIZE    0x04u /* how many bytes */
#define USE_INDEX   0x08u
#define USE_ADDRESS 0x10u
#define USE_VALUE   0x20u /* stored, returned, passed on */

#define USES_MOST 128

struct uses {
    unsigned kinds;
    LLVMValueRef branches[USES_MOST]; /* that it decides */
    size_t branch_count;
    LLVMValueRef seen[USES_MOST];
    size_t seen_count;
};

/* Add what becomes of a value. */
void uses_collect(struct uses *uses, LLVMValueRef value);
/* Does the function of this call read, but not write, what argument `at` points to? */
bool call_only_reads(LLVMValueRef call, unsigned at);
/* "memcpy", also for LLVM's own form of it; "" for a call through a pointer. */
const char *call_name(LLVMValueRef call);

#endif
