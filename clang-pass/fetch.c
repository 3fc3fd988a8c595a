/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Memory that the caller can write meanwhile is read twice: the first value is checked, or says how much room there is;
 * the second, which may be another, is used. That is a double fetch. Two reads are reported if
 *
 *     - the record says that the memory is the caller's, and both reads mean the same bytes of it;
 *     - the first comes before the second on every way, and nothing of ours writes there in between;
 *     - the first decides whether the second is reached at all, or is a size or an index;
 *     - the second is used, and not only compared with constants.
 *
 * A string is the same: what strlen() has measured, strcpy() reads again. memcpy() with a length does not trust the
 * string twice. Elements of an array under a loop's own pointer are other bytes each time, and never a pair.
 */
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>
#include <string.h>

#include "clang-pass/fetch.h"

enum kind { READ_LOAD, READ_COPY, READ_MEASURE, READ_STRING };

struct read {
    LLVMValueRef at;
    enum kind kind;
    struct spot spot;
    unsigned long long size; /* bytes; 0: not known */
    LLVMValueRef target;     /* READ_COPY: where to */
    bool reported;
};

struct reads {
    struct read *list;
    size_t count, room;
};

struct search {
    struct examined *examined;
    struct reads reads;
    struct reads writes; /* kind does not matter; size 0: from there on, anything */
    struct flow flow;
};

static void add(struct reads *reads, struct read read)
{
    if (reads->count == reads->room) {
        reads->room = reads->room ? 2 * reads->room : 32;
        reads->list = realloc(reads->list, reads->room * sizeof *reads->list);
        if (!reads->list)
            abort();
    }
    reads->list[reads->count++] = read;
}

static unsigned long long constant_or_zero(LLVMValueRef value)
{
    return LLVMIsAConstantInt(value) ? LLVMConstIntGetZExtValue(value) : 0;
}

static void add_read(struct search *search, LLVMValueRef at, enum kind kind, LLVMValueRef address,
                     unsigned long long size)
{
    struct read read = {.at = at, .kind = kind, .size = size};

    if (spot_of(search->examined, address, &read.spot) && spot_is_untrusted(search->examined, &read.spot)) {
        read.target = kind == READ_COPY ? LLVMGetOperand(at, 0) : NULL;
        add(&search->reads, read);
    }
}

/* An address that is not understood is no address of the caller's memory: that one comes from parameters. */
static void add_write(struct search *search, LLVMValueRef at, LLVMValueRef address, unsigned long long size)
{
    struct read write = {.at = at, .size = size};

    if (spot_of(search->examined, address, &write.spot))
        add(&search->writes, write);
    else
        add(&search->writes, (struct read){.at = at, .spot.base = NULL});
}

static bool is_named(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!strcmp(name, names[i]))
            return true;
    }
    return false;
}

static void take_call(struct search *search, LLVMValueRef call)
{
    static const char *const copies[] = {"memcpy", "memmove"};
    static const char *const strings[] = {"strcpy", "stpcpy", "strcat"};
    const char *name = call_name(call);
    unsigned count = LLVMGetNumArgOperands(call);

    if (is_named(name, copies, 2) && count >= 3)
        add_read(search, call, READ_COPY, LLVMGetOperand(call, 1), constant_or_zero(LLVMGetOperand(call, 2)));
    else if (is_named(name, strings, 3) && count == 2)
        add_read(search, call, READ_STRING, LLVMGetOperand(call, 1), 0);
    else if (!strcmp(name, "strlen") && count == 1)
        add_read(search, call, READ_MEASURE, LLVMGetOperand(call, 0), 0);
    for (unsigned i = 0; i < count; i++) {
        LLVMValueRef argument = LLVMGetOperand(call, i);

        if (LLVMGetTypeKind(LLVMTypeOf(argument)) == LLVMPointerTypeKind && !call_only_reads(call, i))
            add_write(search, call, argument,
                      is_named(name, copies, 2) ? constant_or_zero(LLVMGetOperand(call, 2)) : 0);
    }
}

static void take_instruction(struct search *search, LLVMValueRef at)
{
    LLVMTargetDataRef layout = search->examined->layout;

    if (LLVMIsALoadInst(at))
        add_read(search, at, READ_LOAD, LLVMGetOperand(at, 0), LLVMStoreSizeOfType(layout, LLVMTypeOf(at)));
    else if (LLVMIsAStoreInst(at))
        add_write(search, at, LLVMGetOperand(at, 1), LLVMStoreSizeOfType(layout, LLVMTypeOf(LLVMGetOperand(at, 0))));
    else if (LLVMIsACallInst(at))
        take_call(search, at);
}

/* Of one base: do the bytes overlap, for all that is known? */
static bool overlap(const struct read *one, const struct read *other)
{
    if (one->spot.step_count || other->spot.step_count)
        return true;
    return (!one->size || one->spot.offset + (long long)one->size > other->spot.offset) &&
           (!other->size || other->spot.offset + (long long)other->size > one->spot.offset);
}

/* The memory of `write`, or one that a pointer found there led to. */
static bool may_change(const struct search *search, const struct read *write, const struct read *read)
{
    struct spot spot = read->spot;

    if (!write->spot.base)
        return true;
    if (spot_same_base(search->examined, &write->spot, &spot))
        return overlap(write, read);
    while (LLVMIsALoadInst(spot.base) && spot_of(search->examined, LLVMGetOperand(spot.base, 0), &spot)) {
        if (spot_same_base(search->examined, &write->spot, &spot))
            return true;
    }
    return false;
}

static bool is_rewritten(const struct search *search, const struct read *first, const struct read *second)
{
    for (size_t i = 0; i < search->writes.count; i++) {
        const struct read *write = &search->writes.list[i];

        if (flow_is_between(&search->flow, first->at, write->at, second->at) && may_change(search, write, second))
            return true;
    }
    return false;
}

/* The copy that memcpy() made is read: as if those bytes were read where they came from. */
static void collect_from_copy(const struct search *search, const struct read *copy, const struct read *part,
                              struct uses *uses)
{
    struct spot target, local;
    LLVMValueRef function = search->examined->function;

    if (!spot_of(search->examined, copy->target, &target) || target.step_count)
        return;
    target.offset += part->spot.offset - copy->spot.offset;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
            if (LLVMIsALoadInst(i) && spot_of(search->examined, LLVMGetOperand(i, 0), &local) &&
                local.base == target.base && local.offset == target.offset && !local.step_count)
                uses_collect(uses, i);
        }
    }
}

static void collect(const struct search *search, const struct read *read, const struct read *with, struct uses *uses)
{
    if (read->kind == READ_COPY)
        collect_from_copy(search, read, with, uses);
    else if (read->kind == READ_STRING)
        uses->kinds |= USE_VALUE;
    else
        uses_collect(uses, read->at);
}

/* How the first read is relied on, or NULL. */
static const char *reliance(const struct search *search, const struct read *first, const struct uses *uses)
{
    if (uses->kinds & USE_SIZE)
        return "says how many bytes";
    for (size_t i = 0; i < uses->branch_count; i++) {
        if (flow_decides(&search->flow, first->at, uses->branches[i]))
            return "is checked";
    }
    return uses->kinds & USE_INDEX ? "is an index" : NULL;
}

static bool read_same(const struct search *search, const struct read *first, const struct read *second)
{
    bool strings = first->kind == READ_MEASURE || second->kind == READ_STRING;

    if (strings || second->kind == READ_MEASURE)
        return first->kind == READ_MEASURE && second->kind == READ_STRING &&
               spot_same(search->examined, &first->spot, &second->spot);
    if (first->kind == READ_LOAD && second->kind == READ_LOAD)
        return first->size == second->size && spot_same(search->examined, &first->spot, &second->spot);
    if (first->spot.step_count || second->spot.step_count || !overlap(first, second) ||
        !spot_same_base(search->examined, &first->spot, &second->spot))
        return false;
    if (first->kind == READ_COPY && second->kind == READ_COPY)
        return true;
    return first->kind == READ_COPY ? second->spot.offset >= first->spot.offset
                                    : first->spot.offset >= second->spot.offset;
}

static void report(struct search *search, const struct read *first, const struct read *second, const struct read *named,
                   const char *how)
{
    struct examined *examined = search->examined;
    char spot[300], place[600];

    unit_finding(examined->unit, CHECK_DOUBLE_FETCH, examined->function, LLVMInstructionGetDebugLoc(second->at),
                 "operation '%s' reads %s twice, and the caller may change it in between: what is read first, at %s, "
                 "%s; what is read here is used; read it once, into a variable",
                 iface_string(examined->unit->iface, examined->op->name),
                 spot_text(examined, &named->spot, spot, sizeof spot), place_text(first->at, place, sizeof place), how);
}

/* part: which bytes, of all that both read. */
static bool examine_part(struct search *search, const struct read *first, const struct read *second,
                         const struct read *part)
{
    struct uses before = {0}, after = {0};
    const char *how;

    collect(search, first, part, &before);
    collect(search, second, part, &after);
    how = after.kinds & ~USE_CHECK ? reliance(search, first, &before) : NULL;
    if (how)
        report(search, first, second, part, how);
    return how != NULL;
}

/* Two copies, say of a header and then of the whole: each part of the first one that is looked at. */
static bool examine_copies(struct search *search, const struct read *first, const struct read *second)
{
    LLVMValueRef function = search->examined->function;
    struct spot target, local;

    if (!spot_of(search->examined, first->target, &target) || target.step_count)
        return false;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
            struct read part = *first;

            if (!LLVMIsALoadInst(i) || !spot_of(search->examined, LLVMGetOperand(i, 0), &local) ||
                local.base != target.base || local.step_count || local.offset < target.offset)
                continue;
            part.spot.offset += local.offset - target.offset;
            if (part.spot.offset >= second->spot.offset && examine_part(search, first, second, &part))
                return true;
        }
    }
    return false;
}

/* Whether the two are a double fetch. */
static bool examine_pair(struct search *search, struct read *first, struct read *second)
{
    if (!read_same(search, first, second) || !flow_dominates(&search->flow, first->at, second->at))
        return false;
    flow_mark_ways(&search->flow, first->at, second->at);
    if (is_rewritten(search, first, second))
        return false;
    if (first->kind == READ_COPY && second->kind == READ_COPY)
        return examine_copies(search, first, second);
    return examine_part(search, first, second, first->kind == READ_COPY ? second : first);
}

/* One report for what is read again and again. */
static void mark_reported(struct search *search, const struct read *found)
{
    for (size_t i = 0; i < search->reads.count; i++) {
        struct read *read = &search->reads.list[i];

        read->reported |= spot_same(search->examined, &read->spot, &found->spot);
    }
}

static void examine_pairs(struct search *search)
{
    struct read *list = search->reads.list;

    for (size_t i = 0; i < search->reads.count; i++) {
        for (size_t j = 0; j < search->reads.count && !list[i].reported; j++) {
            if (i == j || list[j].reported || !examine_pair(search, &list[i], &list[j]))
                continue;
            mark_reported(search, &list[i]);
            mark_reported(search, &list[j]);
        }
    }
}

static void examine(struct examined *examined)
{
    struct search search = {.examined = examined};
    LLVMValueRef function = examined->function;

    if (flow_make(&search.flow, function)) {
        for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block)) {
            for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i))
                take_instruction(&search, i);
        }
        examine_pairs(&search);
        flow_free(&search.flow);
    }
    free(search.reads.list);
    free(search.writes.list);
}

void check_double_fetches(struct unit *unit)
{
    LLVMModuleRef copy = unit_ignores(unit, CHECK_DOUBLE_FETCH) ? NULL : view_make(unit);

    if (!copy)
        return;
    for (uint32_t i = 0; i < unit->iface->ops.count; i++) {
        const struct far_op *op = iface_op(unit->iface, i);
        LLVMValueRef function = LLVMGetNamedFunction(copy, iface_string(unit->iface, op->name));
        struct examined examined = {unit, op, function, LLVMGetModuleDataLayout(copy)};

        if (function && unit_defines(function) && LLVMGetLinkage(function) != LLVMInternalLinkage &&
            view_counts(unit, op, function))
            examine(&examined);
    }
    LLVMDisposeModule(copy);
}
