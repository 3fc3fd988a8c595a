/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Executable memory of this process without a way round the gate: code in a domain may jump to any of it. What the C library
 * is known to have is made harmless (neutralise.c); anything else that writes PKRU, and memory that is writable and
 * executable at once, is refused with its place.
 */
#ifndef FARCALL_PKU_SWEEP_H
#define FARCALL_PKU_SWEEP_H

#include "runtime/protocol.h"

#include <stdbool.h>
#include <stdint.h>

/* Look at all of it. 0, or -EBUSY and *error. */
int pku_sweep(struct far_error *error);
/* Has an object been loaded since the last look? */
bool pku_code_has_changed(void);

/* Make the instruction `name` at `address` harmless. false: it is none that this version knows. */
bool pku_neutralise(uint64_t address, const char *name);
/* Code of a domain, which was looked at before it became that: nobody else can read it now. */
bool pku_is_domains(uint64_t begin, uint64_t end);
/* A place of this gate's own, which has a check behind it. */
bool pku_is_own_site(uint64_t address);

#endif
