/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* aarch64 has no older forms of system calls, and none of its own. */
#ifndef FARCALL_SANDBOX_CALLS_AARCH64_H
#define FARCALL_SANDBOX_CALLS_AARCH64_H

#include <linux/audit.h>

#define SANDBOX_ARCHITECTURE AUDIT_ARCH_AARCH64
#define FOREIGN_CALLS        0x40000000u

/* clang-format off */
#define CALLS_OF_MACHINE(X)
#define ATTRIBUTES_OF_MACHINE(X)

#define PROCESSES_OF_MACHINE(X)
#define REPORTED_OF_MACHINE(X)
/* clang-format on */

#endif
