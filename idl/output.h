/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Output files: written beside their place and renamed, so that a failure leaves nothing half-made. */
#ifndef FARCALL_IDL_OUTPUT_H
#define FARCALL_IDL_OUTPUT_H

#include <stddef.h>

/* Both return 0, or an exit code of <sysexits.h> after saying on stderr what went wrong. */
int output_bytes(const char *path, const void *bytes, size_t size);
/* A relocatable ELF64 object that carries the record in .far.iface. */
int output_object(const char *path, const void *record, size_t size);

#endif
