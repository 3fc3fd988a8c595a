/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service that tries what it should not: what a sandbox refuses by an error comes back as errno, negated. */
#include <farcall/annotate.h>
far_service(probe, 1, 0);
far_op far_fails(-1000) int probe_read(const char *__null_terminated path);
far_op far_fails(-1000) int probe_write(const char *__null_terminated path);
far_op far_fails(-1000) int probe_socket(int family);
far_op far_fails(-1000) int probe_execve(void);
far_op far_fails(-1000) int probe_fork(int count);
far_op far_fails(-1000) int probe_ptrace(int pid);
far_op far_fails(-1000) int probe_kill(int pid);
far_op far_fails(-1000) int probe_mount(void);
far_op far_fails(-1000) int probe_memory(int megabytes);
far_op far_fails(-1000) int probe_files(int count);
far_op far_fails(-1000) int probe_burn(void);
far_op far_fails(-1000) int probe_mode(const char *__null_terminated path);
far_op far_fails(-1000) int probe_nice(int pid);
far_op far_fails(-1000) int probe_shared(int megabytes);
far_op far_fails(-1000) int probe_manage(const char *__null_terminated packet);
far_op far_fails(-1000) int probe_works(void);
