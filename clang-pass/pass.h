/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The pass, between clang's front end and its optimiser. Given the interface record of the service whose operations a
 * unit defines, it
 *
 *     check.c      compares each operation with the record and refuses thread-local variables
 *     assembly.c   reports system calls and assembly in data-shipped code, and notes them for farld
 *     fetch.c      reports double fetches, on a copy of the operations made by view.c; place_of.c tells what is read
 *     place.c      gives each operation its section and visibility, embeds the record as .far.iface
 *     shared.c     aligns variables alike on all machines, names strings that they point at
 *     canonical.c  makes &operation the address of its stub
 *
 * It runs first, so that every later pass sees one name for one address. verdict.c waits for farcc to say which record
 * it is, or that there is none.
 */
#ifndef FARCALL_PASS_H
#define FARCALL_PASS_H

#include <llvm-c/Core.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pass_options {
    const char *record_file; /* "": none is given */
    int verdict;             /* a descriptor that names one later, or -1 */
    const char *errors;      /* checks whose findings are errors, with commas between */
    const char *ignored;     /* checks that are left out */
    bool drop_places;        /* no source places in the object */
    bool places_later;       /* ask for them when there is something to say */
};

/* The whole pass. Returns whether this is a service's unit, and all is well. */
bool pass_run(LLVMModuleRef module, const struct pass_options *options);
/* What is left to do when bitcode is linked. Returns whether the module changed. */
bool pass_link(LLVMModuleRef module, const char *record_file);

/* A message, shown at `place` (a DILocation), where `variable` (a DIVariable) or the function `symbol` was declared. */
struct report {
    bool is_warning; /* an error makes clang fail */
    const char *symbol;
    LLVMMetadataRef place;    /* or NULL */
    LLVMMetadataRef variable; /* or NULL */
    const char *message;
};

/* Implemented in shim.cpp. */
void pass_report(LLVMContextRef context, const struct report *report);
LLVMMetadataRef pass_place_of(LLVMValueRef function, const char **name, size_t *length); /* or NULL */
LLVMMetadataRef pass_with_column(LLVMMetadataRef place, unsigned column);
/* A copy with declarations in the place of what is not to be kept. */
LLVMModuleRef pass_clone(LLVMModuleRef module, bool (*keeps)(LLVMValueRef, void *), void *context);
bool pass_inline(LLVMValueRef call); /* false: it is still there */
void pass_make_shareable(LLVMModuleRef module);
__attribute__((noreturn)) void pass_give_up(void);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#include "runtime/iface.h"

/* The checks whose findings may be ignored or made errors. */
#define CHECKS(X)                        \
    X(DOUBLE_FETCH, "double-fetch", 203) \
    X(SYSTEM_CALL, "system-call", 204)   \
    X(ASSEMBLY, "assembly", 205)

enum check {
#define X(NAME, name, number) CHECK_##NAME,
    CHECKS(X)
#undef X
        CHECK_COUNT
};

/* What the stages share. */
struct unit {
    LLVMModuleRef module;
    LLVMContextRef context;
    const struct far_iface *iface; /* checked */
    const struct pass_options *options;
    unsigned errors;
};

/* Report at the function or variable `global` and count. */
__attribute__((format(printf, 3, 4))) void unit_error(struct unit *unit, LLVMValueRef global, const char *format, ...);
/* What a check found: a warning, an error, or nothing, as the options say; its number is added. place: a DILocation or NULL. */
__attribute__((format(printf, 5, 6))) void unit_finding(struct unit *unit, enum check check, LLVMValueRef function,
                                                        LLVMMetadataRef place, const char *format, ...);
/* Line and column of a function's name in its definition: a DILocation, or NULL without debug information. */
LLVMMetadataRef definition_place(LLVMValueRef function);
bool unit_ignores(const struct unit *unit, enum check check);
/* "kv.c:12:8", or "function kv_get" where debug information does not know. Returns text. */
const char *place_text(LLVMValueRef instruction, char *text, size_t size);
/* The function of this unit that is operation `op`, or NULL: not mentioned here, or a static one of the same name. */
LLVMValueRef unit_operation(const struct unit *unit, const struct far_op *op);
bool unit_defines(LLVMValueRef function);

/*
 * The record's file as the verdict names it, "" for none. Does not return if farcc says that all is in vain. text: room for
 * the name.
 */
const char *verdict_wait(int descriptor, char *text, size_t size);
/* Before a message: if places can be had, end here and be started again with them. */
void ask_for_places(const struct pass_options *options);

void check_operations(struct unit *unit);
void check_thread_locals(struct unit *unit);
void check_unclaimed(struct unit *unit); /* where there is no record */
void check_assembly(struct unit *unit);
void check_double_fetches(struct unit *unit);
void note_system_calls(const struct unit *unit);
void place_operations(const struct unit *unit);
void make_data_shareable(const struct unit *unit);
void embed_record(const struct unit *unit);
/* A constant of these bytes in a section that is never loaded, and that an ordinary link leaves out. */
void embed_bytes(const struct unit *unit, const char *name, const char *section, const void *bytes, size_t size);
void make_addresses_canonical(const struct unit *unit);
#endif

#endif
