/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include <stdlib.h>
#include <string.h>

#include "clang-pass/fetch.h"

#define BLOCKS_MOST 5000

static int by_address(const void *a, const void *b)
{
    const LLVMBasicBlockRef *one = a, *other = b;

    return *one < *other ? -1 : *one > *other;
}

size_t flow_block(const struct flow *flow, LLVMBasicBlockRef block)
{
    LLVMBasicBlockRef *found = bsearch(&block, flow->blocks, flow->count, sizeof *flow->blocks, by_address);

    return found ? (size_t)(found - flow->blocks) : flow->count;
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);

    if (!memory)
        abort();
    return memory;
}

static void add_successors(struct flow *flow)
{
    size_t edges = 0, next = 0;

    for (size_t i = 0; i < flow->count; i++)
        edges += LLVMGetNumSuccessors(LLVMGetBasicBlockTerminator(flow->blocks[i]));
    flow->successors = allocate(edges, sizeof *flow->successors);
    flow->predecessors = allocate(edges, sizeof *flow->predecessors);
    for (size_t i = 0; i < flow->count; i++) {
        LLVMValueRef end = LLVMGetBasicBlockTerminator(flow->blocks[i]);

        flow->first_successor[i] = next;
        for (unsigned s = 0; s < LLVMGetNumSuccessors(end); s++)
            flow->successors[next++] = flow_block(flow, LLVMGetSuccessor(end, s));
    }
    flow->first_successor[flow->count] = next;
}

/* Counted, summed up, then filled from the back. */
static void add_predecessors(struct flow *flow)
{
    for (size_t e = 0; e < flow->first_successor[flow->count]; e++)
        flow->first_predecessor[flow->successors[e]]++;
    for (size_t i = 1; i <= flow->count; i++)
        flow->first_predecessor[i] += flow->first_predecessor[i - 1];
    for (size_t i = 0; i < flow->count; i++) {
        for (size_t e = flow->first_successor[i]; e < flow->first_successor[i + 1]; e++)
            flow->predecessors[--flow->first_predecessor[flow->successors[e]]] = i;
    }
}

bool flow_make(struct flow *flow, LLVMValueRef function)
{
    *flow = (struct flow){.count = LLVMCountBasicBlocks(function)};
    if (flow->count == 0 || flow->count > BLOCKS_MOST)
        return false;
    flow->blocks = allocate(flow->count, sizeof *flow->blocks);
    flow->first_successor = allocate(flow->count + 1, sizeof *flow->first_successor);
    flow->first_predecessor = allocate(flow->count + 1, sizeof *flow->first_predecessor);
    flow->reaching = allocate(flow->count, sizeof *flow->reaching);
    flow->stack = allocate(flow->count, sizeof *flow->stack);
    LLVMGetBasicBlocks(function, flow->blocks);
    qsort(flow->blocks, flow->count, sizeof *flow->blocks, by_address);
    flow->entry = flow_block(flow, LLVMGetEntryBasicBlock(function));
    add_successors(flow);
    add_predecessors(flow);
    return true;
}

void flow_free(struct flow *flow)
{
    free(flow->blocks);
    free(flow->first_successor);
    free(flow->successors);
    free(flow->first_predecessor);
    free(flow->predecessors);
    free(flow->reaching);
    free(flow->stack);
}

static bool comes_before(LLVMValueRef one, LLVMValueRef other)
{
    while (one && one != other)
        one = LLVMGetNextInstruction(one);
    return one != NULL;
}

/* Backwards from a block, never through another. */
static void mark_reaching(struct flow *flow, size_t end, size_t barrier)
{
    size_t waiting = 0;

    memset(flow->reaching, 0, flow->count * sizeof *flow->reaching);
    flow->stack[waiting++] = end;
    while (waiting) {
        size_t block = flow->stack[--waiting];

        for (size_t e = flow->first_predecessor[block]; e < flow->first_predecessor[block + 1]; e++) {
            size_t before = flow->predecessors[e];

            if (before == barrier || flow->reaching[before])
                continue;
            flow->reaching[before] = true;
            flow->stack[waiting++] = before;
        }
    }
}

bool flow_dominates(struct flow *flow, LLVMValueRef one, LLVMValueRef other)
{
    size_t from = flow_block(flow, LLVMGetInstructionParent(one));
    size_t to = flow_block(flow, LLVMGetInstructionParent(other));

    if (from == to)
        return comes_before(one, other);
    if (from == flow->entry)
        return true;
    if (to == flow->entry)
        return false;
    mark_reaching(flow, to, from);
    return !flow->reaching[flow->entry];
}

void flow_mark_ways(struct flow *flow, LLVMValueRef from, LLVMValueRef to)
{
    size_t start = flow_block(flow, LLVMGetInstructionParent(from));
    size_t end = flow_block(flow, LLVMGetInstructionParent(to));

    flow->way_end = end;
    if (start == end)
        memset(flow->reaching, 0, flow->count * sizeof *flow->reaching);
    else
        mark_reaching(flow, end, start);
}

bool flow_is_between(const struct flow *flow, LLVMValueRef from, LLVMValueRef at, LLVMValueRef to)
{
    LLVMBasicBlockRef block = LLVMGetInstructionParent(at), start = LLVMGetInstructionParent(from),
                      end = LLVMGetInstructionParent(to);

    if (at == from || at == to)
        return false;
    if (block == start)
        return comes_before(from, at) && (start != end || comes_before(at, to));
    if (flow->reaching[flow_block(flow, block)])
        return true;
    return block == end && comes_before(at, to);
}

bool flow_decides(const struct flow *flow, LLVMValueRef from, LLVMValueRef branch)
{
    size_t block = flow_block(flow, LLVMGetInstructionParent(branch));
    size_t start = flow_block(flow, LLVMGetInstructionParent(from));
    bool misses = false;

    if (start == flow->way_end || (block != start && !flow->reaching[block] && block != flow->way_end))
        return false;
    for (size_t e = flow->first_successor[block]; e < flow->first_successor[block + 1]; e++) {
        size_t next = flow->successors[e];

        misses |= next != start && next != flow->way_end && !flow->reaching[next];
    }
    return misses;
}
