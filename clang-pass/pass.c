/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "clang-pass/pass.h"

#include <errno.h>
#include <llvm-c/DebugInfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Larger than any record that fits the format's limits; a bigger file is not one. */
#define RECORD_LIMIT (64u << 20)

/* What debug information says about a global variable, or NULL. */
static LLVMMetadataRef debug_variable(LLVMValueRef global)
{
    size_t count = 0;
    LLVMMetadataRef variable = NULL;
    LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(global, &count);

    for (size_t i = 0; i < count && !variable; i++) {
        LLVMMetadataRef entry = LLVMValueMetadataEntriesGetMetadata(entries, (unsigned)i);

        if (LLVMGetMetadataKind(entry) == LLVMDIGlobalVariableExpressionMetadataKind)
            variable = LLVMDIGlobalVariableExpressionGetVariable(entry);
    }
    LLVMDisposeValueMetadataEntries(entries);
    return variable;
}

/* Without debug information a variable is nowhere, but its uses are somewhere. */
static LLVMMetadataRef place_of_first_use(LLVMValueRef value)
{
    LLVMMetadataRef place = NULL;

    for (LLVMUseRef use = LLVMGetFirstUse(value); use && !place; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);

        place = LLVMIsAInstruction(user) ? LLVMInstructionGetDebugLoc(user) : NULL;
    }
    return place;
}

void unit_error(struct unit *unit, LLVMValueRef global, const char *format, ...)
{
    struct report report = {0};
    char message[1024];
    va_list arguments;
    size_t length;

    ask_for_places(unit->options);
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    report.symbol = LLVMGetValueName2(global, &length);
    report.message = message;
    if (LLVMIsAFunction(global))
        report.place = definition_place(global);
    if (LLVMIsAGlobalVariable(global)) {
        report.variable = debug_variable(global);
        report.place = report.variable ? NULL : place_of_first_use(global);
    }
    pass_report(unit->context, &report);
    unit->errors++;
}

static const struct {
    const char *name;
    unsigned number;
} checks[] = {
#define X(NAME, name, number) {name, number},
    CHECKS(X)
#undef X
};

static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = list; (at = strstr(at, name)); at += length) {
        if ((at == list || at[-1] == ',') && (!at[length] || at[length] == ','))
            return true;
    }
    return false;
}

bool unit_ignores(const struct unit *unit, enum check check)
{
    return is_listed(unit->options->ignored, checks[check].name);
}

void unit_finding(struct unit *unit, enum check check, LLVMValueRef function, LLVMMetadataRef place, const char *format,
                  ...)
{
    struct report report = {.is_warning = !is_listed(unit->options->errors, checks[check].name), .place = place};
    char message[1024];
    va_list arguments;
    size_t length;
    int used;

    ask_for_places(unit->options);
    va_start(arguments, format);
    used = vsnprintf(message, sizeof message - 16, format, arguments);
    va_end(arguments);
    length = used < 0 ? 0 : strlen(message);
    snprintf(message + length, sizeof message - length, " [FC-%04u]", checks[check].number);
    report.symbol = LLVMGetValueName2(function, &length);
    report.message = message;
    pass_report(unit->context, &report);
    unit->errors += !report.is_warning;
}

LLVMValueRef unit_operation(const struct unit *unit, const struct far_op *op)
{
    LLVMValueRef function = LLVMGetNamedFunction(unit->module, iface_string(unit->iface, op->name));

    if (!function || LLVMGetLinkage(function) == LLVMInternalLinkage || LLVMGetLinkage(function) == LLVMPrivateLinkage)
        return NULL;
    return function;
}

bool unit_defines(LLVMValueRef function)
{
    return !LLVMIsDeclaration(function) && LLVMGetLinkage(function) != LLVMAvailableExternallyLinkage;
}

/* The file's bytes, to be freed, or NULL and a message. */
static void *read_record(const char *path, size_t *size, char *why, size_t why_size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    long length = -1;

    if (file && !fseek(file, 0, SEEK_END))
        length = ftell(file);
    if (length > 0 && length <= (long)RECORD_LIMIT && !fseek(file, 0, SEEK_SET))
        bytes = malloc((size_t)length);
    if (!bytes || fread(bytes, 1, (size_t)length, file) != (size_t)length) {
        snprintf(why, why_size, "%s", errno ? strerror(errno) : "not an interface record");
        free(bytes);
        bytes = NULL;
    }
    if (file)
        fclose(file);
    *size = (size_t)length;
    return bytes;
}

static bool run_on_unit(struct unit *unit)
{
    check_operations(unit);
    check_thread_locals(unit);
    check_assembly(unit);
    check_double_fetches(unit);
    if (unit->errors)
        return false;
    note_system_calls(unit);
    pass_make_shareable(unit->module);
    place_operations(unit);
    make_data_shareable(unit);
    make_addresses_canonical(unit);
    embed_record(unit);
    return true;
}

/* A checked record, to be freed, or NULL after a message. */
static void *take_record(LLVMContextRef context, const char *path)
{
    char why[512], message[1024];
    struct report report = {.symbol = "", .message = message};
    size_t size;
    void *record;

    errno = 0;
    record = read_record(path, &size, why, sizeof why);
    if (record && !iface_check(record, size, why, sizeof why))
        return record;
    snprintf(message, sizeof message, "interface record '%s': %s [FC-0200]", path, why);
    pass_report(context, &report);
    free(record);
    return NULL;
}

bool pass_run(LLVMModuleRef module, const struct pass_options *options)
{
    struct unit unit = {.module = module, .context = LLVMGetModuleContext(module), .options = options};
    const char *path = options->record_file;
    bool is_service = false;
    char text[4096];
    void *record;

    if (options->verdict >= 0)
        path = verdict_wait(options->verdict, text, sizeof text);
    if (*path && (record = take_record(unit.context, path))) {
        unit.iface = record;
        is_service = run_on_unit(&unit);
        free(record);
    } else if (!*path && options->verdict >= 0) {
        check_unclaimed(&unit);
    }
    if (options->drop_places)
        LLVMStripModuleDebugInfo(module);
    return is_service;
}

/* Functions of objects that nobody compiled with the pass are checked here, and addresses that they take. */
bool pass_link(LLVMModuleRef module, const char *record_file)
{
    static const struct pass_options none = {.record_file = "", .verdict = -1, .errors = "", .ignored = ""};
    struct unit unit = {.module = module, .context = LLVMGetModuleContext(module), .options = &none};
    void *record = take_record(unit.context, record_file);

    if (!record)
        return false;
    unit.iface = record;
    check_operations(&unit);
    check_thread_locals(&unit);
    if (!unit.errors)
        make_addresses_canonical(&unit);
    free(record);
    return !unit.errors;
}
