/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A call, through a pointer that somebody gave it, into a service that this process was never bound to. Nothing is mapped at
 * the stub, so the call faults, and fard says whose it is:
 *
 *     the handler                    link_is_stub: is there an operation at this address? If not, it is an ordinary fault
 *     far_link_pending, after it     link_unbound: fard names service and operation; bound as an import library would have been
 *     later calls                    the stub is mapped; nothing is different from any other
 */
#ifndef FARCALL_LINK_UNBOUND_H
#define FARCALL_LINK_UNBOUND_H

#include "runtime/import.h"
#include "runtime/lib/binding.h"

/*
 * By raw system calls alone, on a connection of its own: this thread may have been interrupted while it held any lock.
 * Not knowing (fard cannot be reached) is no.
 */
bool link_is_stub(uint64_t address);

/* What fard says of an address: an import table of the one operation. */
struct link_found {
    union {
        struct far_import_table table;
        _Alignas(8) unsigned char bytes[2048];
    };
    bool known; /* table is filled in, and sound */
};

/* Binds the service that the address belongs to. With the process's lock held. 0, or -errno and *error. */
int link_unbound(uint64_t address, struct link_found *found, struct far_error *error);

#endif
