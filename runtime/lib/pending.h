/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Services that this process was bound to before anybody had registered them (protocol.h has the layout of their ranges):
 *
 *     bind: fard gives pending addresses     the range is reserved, nothing can be done there: a call faults
 *     a call                                 fault.c → link_on_fault_MACHINE.S → far_link_pending
 *     far_link_pending                       binds; maps words, then jumps over the range; the caller goes on at the stub
 *     later calls                            jump → stub
 *
 * It is in effect an ordinary call that the program makes: locks and malloc are allowed. So a first call from a signal
 * handler is only safe where malloc would be.
 */
#ifndef FARCALL_PENDING_H
#define FARCALL_PENDING_H

#define FAR_LINK_RESULT       0 /* struct far_link_result, for link_on_fault_MACHINE.S */
#define FAR_LINK_FLOAT_RESULT 8

#ifndef __ASSEMBLER__

#include "runtime/lib/binding.h"

#include <stddef.h>

/* An import table that pending addresses were given for: what the process expects of the service. */
struct far_pending_table {
    const struct far_import_table *table; /* own copy */
    struct far_pending_table *next;
    uint64_t stub[]; /* table->op_count pending addresses, in its order */
};

/* Never freed: its addresses may be anywhere in the program. Changed with the process's lock held only. */
struct far_pending {
    uint64_t base;
    char service[FAR_SERVICE_MAX];
    uint16_t major;
    struct far_pending_table *tables;
    uint64_t linked; /* slots from 0 on that have a jump; 0: not linked. Written last: readers need no lock */
};

/*
 * fard's answer for a service that is not registered: reserve the range, remember what is expected. With the lock held;
 * table and stub are copied. 0, or -errno and *error.
 */
int pending_add(const struct far_import_table *table, uint64_t base, const uint64_t *stub, struct far_error *error);

/*
 * The service is bound now: link what addresses this process has for it, and those that fard gave to others (word[count]
 * at base; base 0: none). With the lock held. 0, or -errno and *error.
 */
int pending_link(const struct far_binding *binding, uint64_t base, const uint64_t *word, uint32_t count,
                 struct far_error *error);

/* Is this the address of a pending operation, in its slot or its twin? Signal-safe. */
bool pending_is_slot(uint64_t address);
/* NULL if it is nobody's. No lock needed. */
const struct far_pending *pending_at(uint64_t address);
uint64_t pending_slot(const struct far_pending *pending, uint64_t address);
/* The table that says what this process expects of a slot, or NULL; *index is the operation's place in it. */
const struct far_pending_table *pending_table(const struct far_pending *pending, uint64_t slot, uint32_t *index);
/* Where a call to this address ends up: the stub, once linked; the address itself otherwise. */
uint64_t pending_target(uint64_t address);

/* What the trampoline returns for a call that could not complete. */
struct far_link_result {
    uint64_t result;
    uint64_t float_result;
};

/*
 * Called by far_link_on_fault for a call to `address`. Returns where the call goes on; 0: it cannot complete, errno is
 * set and *result filled in (or the failure handler has not returned). errno is left alone otherwise.
 */
uint64_t far_link_pending(uint64_t address, struct far_link_result *result);

/* link_on_fault_MACHINE.S: what each slot of linked pages holds, FAR_STUB_SIZE bytes. */
extern const unsigned char far_pending_jump[];

_Static_assert(offsetof(struct far_link_result, result) == FAR_LINK_RESULT, "shared with assembly");
_Static_assert(offsetof(struct far_link_result, float_result) == FAR_LINK_FLOAT_RESULT, "shared with assembly");

#endif /* !__ASSEMBLER__ */
#endif
