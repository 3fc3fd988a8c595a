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

void unit_error(struct unit *unit, LLVMValueRef global, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    pass_report(unit->context, LLVMGetValueName2(global, &length),
                LLVMIsAGlobalVariable(global) ? debug_variable(global) : NULL, message);
    unit->errors++;
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

static bool run_on_unit(LLVMModuleRef module, const struct far_iface *iface)
{
    struct unit unit = {.module = module, .context = LLVMGetModuleContext(module), .iface = iface};

    check_operations(&unit);
    check_thread_locals(&unit);
    if (unit.errors)
        return false;
    place_operations(&unit);
    make_addresses_canonical(&unit);
    embed_record(&unit);
    return true;
}

bool pass_run(LLVMModuleRef module, const char *record_file)
{
    LLVMContextRef context = LLVMGetModuleContext(module);
    char why[512], message[1024];
    bool changed = false;
    size_t size;
    void *record;

    if (!*record_file)
        return false;
    errno = 0;
    record = read_record(record_file, &size, why, sizeof why);
    if (record && !iface_check(record, size, why, sizeof why)) {
        changed = run_on_unit(module, record);
    } else {
        snprintf(message, sizeof message, "interface record '%s': %s [FC-0200]", record_file, why);
        pass_report(context, "", NULL, message);
    }
    free(record);
    return changed;
}
