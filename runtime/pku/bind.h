/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service in a protection domain of this process: what the runtime's binding and calling need of it. */
#ifndef FARCALL_PKU_BIND_H
#define FARCALL_PKU_BIND_H

#include "runtime/lib/gate.h"
#include "runtime/lib/map.h"

struct far_pku;

/*
 * With the parts of a trusted client mapped, and its relocation stream: fill in the linkage, write trap stubs, give all to
 * a domain. 0 and binding->pku, or -errno and *error: ENOTSUP, this machine or this service cannot.
 */
int pku_bind(struct far_binding *binding, const struct far_mapping *mapping, const struct far_reloc_header *stream,
             struct far_error *error);
/* Other code was mapped: what is executable is looked at again before the next call. */
void pku_code_was_mapped(void);
/* Memory was mapped in place of a part of it. 0 or -errno. */
int pku_mapped_again(struct far_pku *pku);

/* The gate's entry, for trap stubs; as far_gate_process. And its other half. */
void far_gate_pku(void);
void far_pku_call(struct far_frame *frame, struct far_binding *binding, uint32_t slot);

#endif
