/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The answer to RESOLVE and BIND: an import table against a registered service. No I/O. */
#ifndef FARCALL_BIND_H
#define FARCALL_BIND_H

#include "runtime/fard/registry.h"
#include "runtime/import.h"

/*
 * Check service, version and the fingerprint of each operation, and write the reply body (struct far_bind_reply and the
 * stub addresses) into reply[size]; *used is its length. `fds` of the reply says which descriptors the level allows.
 * `why` says what the level comes from, and is no longer good than the policy. table was checked by import_check(), request by protocol_check_bind(). Returns 0, FARD_REFUSED, or -EMSGSIZE if size is too small.
 */
int bind_answer(const struct registry *registry, const struct far_import_table *table,
                const struct principal *principal, const struct far_bind_request *request, void *reply, size_t size,
                size_t *used, struct policy_reason *why, struct far_error *error);

/* The descriptors for a client on `machine` whose bits are set in `mask`, in protocol order. fds has room for FAR_FD_COUNT. Returns how many. */
unsigned bind_descriptors(const struct service *service, uint32_t machine, enum far_level level, uint32_t mask,
                          int *fds);

#endif
