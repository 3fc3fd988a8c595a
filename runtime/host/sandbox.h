/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What keeps a service's code inside its host. Entered when everything that far-host itself needs is open and mapped,
 * and before the first byte of the service's code runs: its IFUNC resolvers, its constructors, its operations.
 *
 *     sandbox.c            the order
 *     sandbox_limits.c     memory, CPU, descriptors, processes (setrlimit)
 *     sandbox_rights.c     capabilities, no_new_privs, not dumpable
 *     sandbox_landlock.c   files and TCP ports; signals and abstract sockets outside
 *     sandbox_seccomp.c    system calls (sandbox_calls*.h)
 *     sandbox_report.c     a forbidden one: says which operation used it, and ends the host
 */
#ifndef FARCALL_SANDBOX_H
#define FARCALL_SANDBOX_H

#include "runtime/host/host.h"

#include <sys/syscall.h>

/* The machine's calls beside those that all machines have. */
#if defined(__x86_64__)
#include "runtime/host/sandbox_calls_x86_64.h"
#elif defined(__aarch64__)
#include "runtime/host/sandbox_calls_aarch64.h"
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif

/* All of them: 0, or -errno and *error. */
int sandbox_enter(const struct host *host, const struct far_host_rights *rights, struct far_error *error);

int sandbox_limit(const struct far_host_rights *rights, struct far_error *error);
int sandbox_drop_rights(struct far_error *error);
int sandbox_landlock(const struct far_host_rights *rights, struct far_error *error);
int sandbox_seccomp(const struct far_host_rights *rights, struct far_error *error);
/* SIGSYS is reported from now on. */
int sandbox_report(const struct host *host, struct far_error *error);

/* Which worker the calling thread is, for the report. NULL: none, it belongs to the service. */
void sandbox_this_worker(const struct worker *worker);

#endif
