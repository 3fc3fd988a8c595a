/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The pass, between clang's front end and its optimiser. Given the interface record of the service whose operations a
 * unit defines, it
 *
 *     check.c      compares each operation with the record and refuses thread-local variables
 *     place.c      gives each operation its section and visibility, embeds the record as .far.iface
 *     canonical.c  makes &operation the address of its stub
 *
 * It runs first, so that every later pass sees one name for one address.
 */
#ifndef FARCALL_PASS_H
#define FARCALL_PASS_H

#include <llvm-c/Core.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The whole pass. record_file "" means there is nothing to do. Returns whether the module changed. */
bool pass_run(LLVMModuleRef module, const char *record_file);

/*
 * An error that makes clang fail, shown at the declaration of the function `symbol`, or where `variable` (a DIVariable,
 * or NULL) was declared. Implemented in shim.cpp.
 */
void pass_report(LLVMContextRef context, const char *symbol, LLVMMetadataRef variable, const char *message);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#include "runtime/iface.h"

/* What the stages share. */
struct unit {
    LLVMModuleRef module;
    LLVMContextRef context;
    const struct far_iface *iface; /* checked */
    unsigned errors;
};

/* Report at the function or variable `global` and count. */
__attribute__((format(printf, 3, 4))) void unit_error(struct unit *unit, LLVMValueRef global, const char *format, ...);
/* The function of this unit that is operation `op`, or NULL: not mentioned here, or a static one of the same name. */
LLVMValueRef unit_operation(const struct unit *unit, const struct far_op *op);
bool unit_defines(LLVMValueRef function);

void check_operations(struct unit *unit);
void check_thread_locals(struct unit *unit);
void place_operations(const struct unit *unit);
void embed_record(const struct unit *unit);
void make_addresses_canonical(const struct unit *unit);
#endif

#endif
