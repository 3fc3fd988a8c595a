/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The types of handles (docs/gates.md). A handle is of the type that its pointer leads to, by that type's name, so that
 * it stays the same in another version of the service. Memory is one type, whatever it holds: `void *` handles, and what
 * far_lifetime(released) gives out. Only if an operation takes back just such memory (sqlite3_free_table: `char **`), and
 * nothing gives handles of that type, memory of that type is the operation's, and nobody else's.
 */
#ifndef FARCALL_HANDLE_TYPE_H
#define FARCALL_HANDLE_TYPE_H

#include "runtime/iface.h"

#define HANDLE_TYPE_MEMORY  0u
#define HANDLE_TYPE_UNKNOWN UINT64_MAX /* of a host that knew no types: is of the type that it is first used as */

/* By index of a pointer's type: what a handle is, and what memory is that is to be released. */
struct handle_types {
    uint64_t *handle;
    uint64_t *memory;
};

/* From a sound record. 0 or -ENOMEM. */
int handle_types_make(struct handle_types *types, const struct far_iface *iface);
void handle_types_free(struct handle_types *types);

/* Of a HANDLE, or of memory that is given to be released. */
static inline uint64_t handle_type_of(const struct handle_types *types, const struct far_value *value)
{
    return value->passing == FAR_PASS_HANDLE ? types->handle[value->type] : types->memory[value->type];
}

#endif
