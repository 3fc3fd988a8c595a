/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* System calls that x86-64 has beside those of sandbox_calls.h: older forms, and its own. */
#ifndef FARCALL_SANDBOX_CALLS_X86_64_H
#define FARCALL_SANDBOX_CALLS_X86_64_H

#include <linux/audit.h>

#define SANDBOX_ARCHITECTURE AUDIT_ARCH_X86_64
/* x32's calls carry this bit, and are no other architecture to a filter. */
#define FOREIGN_CALLS 0x40000000u

/* clang-format off */
#define CALLS_OF_MACHINE(X)                                                                                      \
    X(open) X(creat) X(stat) X(lstat) X(access) X(poll) X(select) X(pipe) X(dup2) X(pause) X(alarm) X(time)      \
    X(epoll_wait) X(epoll_create) X(eventfd) X(signalfd) X(inotify_init) X(readlink) X(rename) X(mkdir) X(rmdir) \
    X(unlink) X(link) X(symlink) X(getdents) X(arch_prctl) X(getpgrp)

#define ATTRIBUTES_OF_MACHINE(X) X(chmod) X(chown) X(lchown) X(utime) X(utimes) X(futimesat)

#define PROCESSES_OF_MACHINE(X) X(fork) X(vfork)

#define REPORTED_OF_MACHINE(X)                                                                              \
    X(fork, "--processes") X(vfork, "--processes") X(mknod, "") X(iopl, "") X(ioperm, "") X(modify_ldt, "") \
    X(ustat, "") X(sysfs, "") X(uselib, "")
/* clang-format on */

#endif
