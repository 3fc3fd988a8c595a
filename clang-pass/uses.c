/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include <string.h>

#include "clang-pass/fetch.h"

const char *call_name(LLVMValueRef call)
{
    LLVMValueRef called = LLVMGetCalledValue(call);
    size_t length;
    const char *name = called && LLVMIsAFunction(called) ? LLVMGetValueName2(called, &length) : "";

    if (!strncmp(name, "llvm.memcpy.", 12))
        return "memcpy";
    if (!strncmp(name, "llvm.memmove.", 13))
        return "memmove";
    return strncmp(name, "llvm.memset.", 12) ? name : "memset";
}

/* What standard functions do with their arguments. sizes, reads: a bit for each argument. */
static const struct {
    const char *name;
    unsigned sizes, reads;
} known[] = {
    {"memcpy", 0x4, 0x2},   {"memmove", 0x4, 0x2},     {"memset", 0x4, 0},    {"memcmp", 0x4, 0x3},
    {"bcmp", 0x4, 0x3},     {"memchr", 0x4, 0x1},      {"malloc", 0x1, 0},    {"calloc", 0x3, 0},
    {"realloc", 0x2, 0},    {"reallocarray", 0x6, 0},  {"alloca", 0x1, 0},    {"aligned_alloc", 0x2, 0},
    {"strlen", 0, 0x1},     {"strnlen", 0x2, 0x1},     {"strcmp", 0, 0x3},    {"strncmp", 0x4, 0x3},
    {"strcasecmp", 0, 0x3}, {"strncasecmp", 0x4, 0x3}, {"strchr", 0, 0x1},    {"strrchr", 0, 0x1},
    {"strcpy", 0, 0x2},     {"stpcpy", 0, 0x2},        {"strncpy", 0x4, 0x2}, {"strcat", 0, 0x2},
    {"strncat", 0x4, 0x2},  {"strdup", 0, 0x1},        {"strndup", 0x2, 0x1}, {"printf", 0, ~0u},
    {"fprintf", 0, ~1u},    {"snprintf", 0x2, ~1u},    {"sprintf", 0, ~1u},   {"puts", 0, 0x1},
    {"fputs", 0, 0x1},      {"fwrite", 0x6, 0x1},      {"write", 0x4, 0x2},   {"read", 0x4, 0},
    {"fread", 0x6, 0},      {"atoi", 0, 0x1},          {"free", 0, ~0u},      {"strcspn", 0, 0x3},
    {"strspn", 0, 0x3},     {"strstr", 0, 0x3},        {"memmem", 0xa, 0x5},
};

static unsigned known_call(LLVMValueRef call, bool sizes)
{
    const char *name = call_name(call);

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!strcmp(known[i].name, name))
            return sizes ? known[i].sizes : known[i].reads;
    }
    return sizes || strncmp(name, "llvm.", 5) ? 0 : ~0u; /* LLVM's other functions are no functions */
}

bool call_only_reads(LLVMValueRef call, unsigned at)
{
    return at < 32 && known_call(call, false) >> at & 1;
}

static bool first_visit(struct uses *uses, LLVMValueRef value)
{
    for (size_t i = 0; i < uses->seen_count; i++) {
        if (uses->seen[i] == value)
            return false;
    }
    if (uses->seen_count == USES_MOST)
        return false;
    uses->seen[uses->seen_count++] = value;
    return true;
}

static void add_branch(struct uses *uses, LLVMValueRef branch)
{
    if (uses->branch_count < USES_MOST)
        uses->branches[uses->branch_count++] = branch;
}

/* The outcome of a comparison, up to the branches that it decides. */
static void follow_outcome(struct uses *uses, LLVMValueRef outcome)
{
    for (LLVMUseRef use = LLVMGetFirstUse(outcome); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);

        switch (LLVMGetInstructionOpcode(user)) {
        case LLVMBr:
        case LLVMSwitch:
            add_branch(uses, user);
            break;
        case LLVMAnd:
        case LLVMOr:
        case LLVMXor:
        case LLVMZExt:
        case LLVMTrunc:
        case LLVMPHI:
        case LLVMSelect:
        case LLVMICmp:
        case LLVMFreeze:
        case LLVMCall: /* llvm.expect */
            if (first_visit(uses, user))
                follow_outcome(uses, user);
            break;
        default:
            break;
        }
    }
}

static void use_in_comparison(struct uses *uses, LLVMValueRef comparison, LLVMValueRef value)
{
    LLVMValueRef other = LLVMGetOperand(comparison, LLVMGetOperand(comparison, 0) == value);

    uses->kinds |= LLVMIsConstant(other) ? USE_CHECK : USE_BOUND;
    if (first_visit(uses, comparison))
        follow_outcome(uses, comparison);
}

static void use_in_call(struct uses *uses, LLVMValueRef call, LLVMValueRef value)
{
    unsigned count = LLVMGetNumArgOperands(call), sizes = known_call(call, true);

    if (LLVMGetCalledValue(call) == value)
        uses->kinds |= USE_ADDRESS;
    for (unsigned i = 0; i < count; i++) {
        if (LLVMGetOperand(call, i) == value)
            uses->kinds |= i < 32 && sizes >> i & 1 ? USE_SIZE : USE_VALUE;
    }
    if (!strncmp(call_name(call), "llvm.expect", 11) && first_visit(uses, call))
        uses_collect(uses, call);
}

static void collect_one(struct uses *uses, LLVMValueRef user, LLVMValueRef value)
{
    switch (LLVMGetInstructionOpcode(user)) {
    case LLVMICmp:
    case LLVMFCmp:
        use_in_comparison(uses, user, value);
        break;
    case LLVMSwitch:
        uses->kinds |= USE_CHECK;
        add_branch(uses, user);
        break;
    case LLVMCall:
    case LLVMInvoke:
        use_in_call(uses, user, value);
        break;
    case LLVMGetElementPtr:
        uses->kinds |= LLVMGetOperand(user, 0) == value ? 0 : USE_INDEX;
        if (LLVMGetOperand(user, 0) == value && first_visit(uses, user))
            uses_collect(uses, user);
        break;
    case LLVMLoad:
        uses->kinds |= USE_ADDRESS;
        break;
    case LLVMStore:
        uses->kinds |= LLVMGetOperand(user, 1) == value ? USE_ADDRESS : USE_VALUE;
        break;
    case LLVMAlloca:
        uses->kinds |= USE_SIZE;
        break;
    case LLVMRet:
        uses->kinds |= USE_VALUE;
        break;
    default: /* arithmetic, casts, phis: what becomes of their results */
        if (first_visit(uses, user))
            uses_collect(uses, user);
        break;
    }
}

void uses_collect(struct uses *uses, LLVMValueRef value)
{
    for (LLVMUseRef use = LLVMGetFirstUse(value); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);

        if (LLVMIsAInstruction(user))
            collect_one(uses, user, value);
    }
}
