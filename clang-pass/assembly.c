/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A data-shipped operation runs in whichever process calls it. What it asks of the kernel concerns that process, and
 * assembly is not seen through by anyone: farld's walk over relocations knows of neither. So both are reported here, in
 * the operation and in all functions of the unit that it reaches, and system calls in assembly are noted for farld.
 */
#include <llvm-c/DebugInfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clang-pass/functions.h"
#include "clang-pass/pass.h"
#include "runtime/segment.h"

struct reached {
    LLVMValueRef *functions; /* in the order found; data that they refer to stands between them */
    size_t *from;            /* the index of the one before; SIZE_MAX: it is the first */
    size_t count, room;
};

static void reach(struct reached *reached, LLVMValueRef function, size_t from)
{
    for (size_t i = 0; i < reached->count; i++) {
        if (reached->functions[i] == function)
            return;
    }
    if (reached->count == reached->room) {
        reached->room = reached->room ? 2 * reached->room : 16;
        reached->functions = realloc(reached->functions, reached->room * sizeof *reached->functions);
        reached->from = realloc(reached->from, reached->room * sizeof *reached->from);
        if (!reached->functions || !reached->from)
            abort();
    }
    reached->functions[reached->count] = function;
    reached->from[reached->count++] = from;
}

static void reached_free(struct reached *reached)
{
    free(reached->functions);
    free(reached->from);
}

/* The assembly that this instruction is, or NULL. */
static const char *assembly_of(LLVMValueRef instruction, size_t *length)
{
    LLVMValueRef called =
        LLVMIsACallInst(instruction) || LLVMIsAInvokeInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;

    if (!called || !LLVMIsAInlineAsm(called))
        return NULL;
    return LLVMGetInlineAsmAsmString(called, length);
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* "syscall" alone, and not as a part of another word. */
static bool has_instruction(const char *text, size_t length, const char *name)
{
    size_t size = strlen(name);

    for (size_t i = 0; i + size <= length; i++) {
        if (!memcmp(text + i, name, size) && (i == 0 || !is_word(text[i - 1])) &&
            (i + size == length || !is_word(text[i + size])))
            return true;
    }
    return false;
}

static bool calls_kernel(const char *text, size_t length)
{
    static const char *const instructions[] = {"syscall", "sysenter", "int", "svc"};

    for (size_t i = 0; i < sizeof instructions / sizeof *instructions; i++) {
        if (has_instruction(text, length, instructions[i]))
            return true;
    }
    return false;
}

/* An empty text is a barrier for the compiler, or hides a value from it: no instruction at all. */
static bool is_empty(const char *text, size_t length)
{
    return strspn(text, " \t\n;") >= length;
}

static bool calls_syscall(LLVMValueRef instruction)
{
    LLVMValueRef called = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
    size_t length;

    return called && LLVMIsAFunction(called) && LLVMIsDeclaration(called) &&
           !strcmp(LLVMGetValueName2(called, &length), "syscall");
}

#define SEGMENT_GS 256 /* address spaces of x86-64 */
#define SEGMENT_FS 257

static bool is_in_segment(LLVMValueRef operand)
{
    LLVMTypeRef type = LLVMTypeOf(operand);
    unsigned space = LLVMGetTypeKind(type) == LLVMPointerTypeKind ? LLVMGetPointerAddressSpace(type) : 0;

    return space == SEGMENT_FS || space == SEGMENT_GS;
}

/*
 * Where the caller's thread has its own data: by the builtin, or through a segment register. No relocation shows it. What
 * compilers read there by themselves (the stack protector) is not in the code yet.
 */
static bool asks_for_thread(LLVMValueRef instruction)
{
    static const char *const intrinsics[] = {"llvm.thread.pointer", "llvm.x86.rdfsbase", "llvm.x86.rdgsbase"};
    LLVMValueRef called = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
    const char *name = called && LLVMIsAFunction(called) ? LLVMGetValueName2(called, &(size_t){0}) : "";
    int operands = LLVMGetNumOperands(instruction);

    for (size_t i = 0; i < sizeof intrinsics / sizeof *intrinsics; i++) {
        if (!strncmp(name, intrinsics[i], strlen(intrinsics[i])))
            return true;
    }
    for (int i = 0; i < operands; i++) {
        if (is_in_segment(LLVMGetOperand(instruction, (unsigned)i)))
            return true;
    }
    return false;
}

/* "kv_get → helper": functions; data on the way is left out. */
static const char *path_text(const struct reached *reached, size_t at, char *text, size_t size)
{
    size_t length;

    while (!LLVMIsAFunction(reached->functions[at]))
        at = reached->from[at];

    if (reached->from[at] == SIZE_MAX) {
        snprintf(text, size, "%s", LLVMGetValueName2(reached->functions[at], &length));
        return text;
    }
    path_text(reached, reached->from[at], text, size);
    length = strlen(text);
    snprintf(text + length, size - length, " → %s", LLVMGetValueName2(reached->functions[at], &(size_t){0}));
    return text;
}

static void report_instruction(struct unit *unit, const struct reached *reached, size_t at, LLVMValueRef instruction)
{
    LLVMMetadataRef place = LLVMInstructionGetDebugLoc(instruction);
    LLVMValueRef function = reached->functions[at];
    size_t length = 0;
    const char *text = assembly_of(instruction, &length);
    char path[512];

    if (text && is_empty(text, length))
        return;
    if ((text && calls_kernel(text, length)) || calls_syscall(instruction)) {
        if (!unit_ignores(unit, CHECK_SYSTEM_CALL))
            unit_finding(unit, CHECK_SYSTEM_CALL, function, place,
                         "system call in data-shipped code (%s): the kernel answers for the process that runs it, and "
                         "that is each caller's; say far_function_shipped, or keep it from there",
                         path_text(reached, at, path, sizeof path));
    } else if (text && !unit_ignores(unit, CHECK_ASSEMBLY)) {
        unit_finding(unit, CHECK_ASSEMBLY, function, place,
                     "assembly in data-shipped code (%s): nobody sees what it touches, and it runs in each caller's "
                     "process; use a builtin, or --farcall-ignore=assembly if it is harmless",
                     path_text(reached, at, path, sizeof path));
    } else if (asks_for_thread(instruction) && !unit_ignores(unit, CHECK_ASSEMBLY)) {
        unit_finding(
            unit, CHECK_ASSEMBLY, function, place,
            "the thread pointer in data-shipped code (%s): it is another one in each caller's thread; pass what "
            "is meant as a parameter",
            path_text(reached, at, path, sizeof path));
    }
}

/* What an instruction, or a constant, refers to: functions of the unit, and whatever may lead to some. */
static void reach_operands(struct reached *reached, LLVMValueRef user, size_t from)
{
    int operands = LLVMGetNumOperands(user);

    for (int i = 0; i < operands; i++) {
        LLVMValueRef operand = LLVMGetOperand(user, (unsigned)i);

        if (!operand || !LLVMIsAConstant(operand))
            continue;
        if (LLVMIsAFunction(operand) ? unit_defines(operand) : LLVMGetNumOperands(operand) > 0)
            reach(reached, operand, from);
    }
}

/* All functions of the unit that `start` calls or takes the address of, or of data that holds it. */
static void reach_all(struct reached *reached, LLVMValueRef start)
{
    reach(reached, start, SIZE_MAX);
    for (size_t at = 0; at < reached->count; at++) {
        if (!LLVMIsAFunction(reached->functions[at])) {
            reach_operands(reached, reached->functions[at], at);
            continue;
        }
        for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(reached->functions[at]); block;
             block = LLVMGetNextBasicBlock(block))
            for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i))
                reach_operands(reached, i, at);
    }
}

static void report_function(struct unit *unit, const struct reached *reached, size_t at)
{
    if (!LLVMIsAFunction(reached->functions[at]))
        return;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(reached->functions[at]); block;
         block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i))
            report_instruction(unit, reached, at, i);
}

/* One function is reported once, by the first operation that reaches it. */
static void report_operation(struct unit *unit, LLVMValueRef operation, struct reached *reported)
{
    struct reached reached = {0};

    reach_all(&reached, operation);
    for (size_t at = 0; at < reached.count; at++) {
        size_t before = reported->count;

        reach(reported, reached.functions[at], SIZE_MAX);
        if (reported->count > before)
            report_function(unit, &reached, at);
    }
    reached_free(&reached);
}

static void report_file_assembly(struct unit *unit, const char *name)
{
    struct report report = {.is_warning = true, .symbol = name};
    size_t length = 0;
    const char *text = LLVMGetModuleInlineAsm(unit->module, &length);

    if (is_empty(text, length) || unit_ignores(unit, CHECK_ASSEMBLY))
        return;
    unit_finding(unit, CHECK_ASSEMBLY, LLVMGetNamedFunction(unit->module, report.symbol), NULL,
                 "assembly outside of functions in the unit of data-shipped operation '%s': nobody sees what it "
                 "touches, or who calls it",
                 name);
}

void check_assembly(struct unit *unit)
{
    struct reached reported = {0};
    bool file_reported = false;

    for (uint32_t i = 0; i < unit->iface->ops.count; i++) {
        const struct far_op *op = iface_op(unit->iface, i);
        LLVMValueRef operation = op->flags & FAR_OP_DATA_SHIPPED ? unit_operation(unit, op) : NULL;

        if (!operation || !unit_defines(operation) || iface_op_vouches(unit->iface, op, "syscall"))
            continue;
        report_operation(unit, operation, &reported);
        if (!file_reported)
            report_file_assembly(unit, iface_string(unit->iface, op->name));
        file_reported = true;
    }
    reached_free(&reported);
}

/* --- for farld: which functions get to a system call in assembly, inlined or not --- */

struct text {
    char *bytes;
    size_t size;
};

static void append(struct text *text, const char *string)
{
    size_t length = strlen(string) + 1;

    text->bytes = realloc(text->bytes, text->size + length);
    if (!text->bytes)
        abort();
    memcpy(text->bytes + text->size, string, length);
    text->size += length;
}

/* Or a look at the thread pointer, which is no more neutral. */
static LLVMValueRef first_system_call(LLVMValueRef function)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
            size_t length = 0;
            const char *text = assembly_of(i, &length);

            if ((text && calls_kernel(text, length)) || asks_for_thread(i))
                return i;
        }
    }
    return NULL;
}

static const char *file_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The function that a user of a value lies in; of data and other constants: themselves. */
static LLVMValueRef user_of(LLVMUseRef use)
{
    LLVMValueRef user = LLVMGetUser(use);

    return LLVMIsAInstruction(user) ? LLVMGetBasicBlockParent(LLVMGetInstructionParent(user)) : user;
}

/*
 * Inlining may carry the call into any function that leads to it, by calls, or by addresses that the optimiser knows, in
 * data too. So all of those are noted.
 */
static void note_users(const struct functions *all, LLVMValueRef start, LLVMValueRef *calls)
{
    LLVMValueRef call = calls[functions_find(all, start)];
    struct reached users = {0};

    reach(&users, start, SIZE_MAX);
    for (size_t at = 0; at < users.count; at++) {
        for (LLVMUseRef use = LLVMGetFirstUse(users.functions[at]); use; use = LLVMGetNextUse(use)) {
            LLVMValueRef user = user_of(use);
            size_t function = functions_find(all, user);

            if (function < all->count && !calls[function])
                calls[function] = call;
            if (function < all->count || !LLVMIsAFunction(user))
                reach(&users, user, at);
        }
    }
    reached_free(&users);
}

static bool find_system_calls(const struct functions *all, LLVMModuleRef module, LLVMValueRef *calls)
{
    struct reached callers = {0};

    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        size_t at = functions_find(all, f);

        if (at < all->count && (calls[at] = first_system_call(f)))
            reach(&callers, f, SIZE_MAX);
    }
    for (size_t i = 0; i < callers.count; i++)
        note_users(all, callers.functions[i], calls);
    reached_free(&callers);
    return callers.count > 0;
}

static void note_function(LLVMValueRef function, LLVMValueRef call, struct text *notes)
{
    char place[600], what[700];
    size_t length;

    place_text(call, place, sizeof place);
    snprintf(what, sizeof what, "%s at %s in %s", asks_for_thread(call) ? FAR_NOTE_THREAD : FAR_NOTE_CALL,
             file_part(place), /* no paths in objects */
             LLVMGetValueName2(LLVMGetBasicBlockParent(LLVMGetInstructionParent(call)), &length));
    append(notes, LLVMGetValueName2(function, &length));
    append(notes, what);
}

void note_system_calls(const struct unit *unit)
{
    struct functions all = functions_of(unit->module);
    LLVMValueRef *calls = calloc(all.count + 1, sizeof *calls);
    struct text notes = {0};

    if (!calls)
        abort();
    if (find_system_calls(&all, unit->module, calls)) {
        ask_for_places(unit->options);
        for (LLVMValueRef f = LLVMGetFirstFunction(unit->module); f; f = LLVMGetNextFunction(f)) {
            size_t at = functions_find(&all, f);

            if (at < all.count && calls[at])
                note_function(f, calls[at], &notes);
        }
        embed_bytes(unit, "far_notes", FAR_SECTION_NOTES, notes.bytes, notes.size);
    }
    free(notes.bytes);
    free(calls);
    functions_free(&all);
}
