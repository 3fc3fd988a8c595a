/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The system calls of a host, by group. What is in no list is forbidden; what the kernel has beyond LAST_CALL does not
 * exist for a host (ENOSYS), as on an older kernel.
 */
#ifndef FARCALL_SANDBOX_CALLS_H
#define FARCALL_SANDBOX_CALLS_H

#define LAST_CALL SYS_set_mempolicy_home_node

/* Files: which of them is Landlock's and the uid's business. */
/* clang-format off */
#define CALLS_FILES(X)                                                                                         \
    X(read) X(write) X(readv) X(writev) X(pread64) X(pwrite64) X(preadv) X(pwritev) X(preadv2) X(pwritev2)     \
    X(close) X(close_range) X(lseek) X(dup) X(dup3) X(fcntl) X(flock) X(fsync) X(fdatasync) X(sync_file_range) \
    X(syncfs) X(ftruncate) X(truncate) X(fallocate) X(fadvise64) X(readahead) X(copy_file_range) X(sendfile)   \
    X(splice) X(tee) X(vmsplice) X(pipe2) X(openat) X(openat2) X(fstat) X(newfstatat) X(statx) X(statfs)       \
    X(fstatfs) X(faccessat) X(faccessat2) X(readlinkat) X(getdents64) X(getcwd) X(chdir) X(fchdir) X(umask)    \
    X(mkdirat) X(unlinkat) X(renameat) X(renameat2) X(linkat) X(symlinkat) X(fchmod) X(fchown) X(getxattr)     \
    X(lgetxattr) X(fgetxattr) X(listxattr) X(llistxattr) X(flistxattr) X(inotify_init1) X(inotify_add_watch)   \
    X(inotify_rm_watch)

/* A file's mode, owner and times, by its path: Landlock has no right for them. */
#define CALLS_ATTRIBUTES(X) X(fchmodat) X(fchownat) X(utimensat)

#define CALLS_MEMORY(X)                                                                                         \
    X(mmap) X(munmap) X(mprotect) X(mremap) X(madvise) X(brk) X(mlock) X(mlock2) X(munlock) X(mlockall)         \
    X(munlockall) X(msync) X(mincore) X(memfd_create) X(membarrier) X(pkey_alloc) X(pkey_free) X(pkey_mprotect) \
    X(mbind) X(get_mempolicy) X(set_mempolicy)

#define CALLS_THREADS(X)                                                                                         \
    X(futex) X(set_robust_list) X(get_robust_list) X(set_tid_address) X(rseq) X(exit) X(exit_group) X(gettid)    \
    X(sched_yield) X(sched_getaffinity) X(sched_getparam) X(sched_getscheduler) X(sched_get_priority_max)        \
    X(sched_get_priority_min) X(sched_rr_get_interval) X(sched_getattr) X(getpriority) X(getcpu) X(rt_sigaction) \
    X(rt_sigprocmask) X(rt_sigreturn) X(rt_sigpending) X(rt_sigsuspend) X(rt_sigtimedwait) X(sigaltstack)        \
    X(restart_syscall) X(pidfd_open) X(wait4) X(waitid)

#define CALLS_FACTS(X)                                                                                    \
    X(getpid) X(getppid) X(getuid) X(geteuid) X(getgid) X(getegid) X(getgroups) X(getresuid) X(getresgid) \
    X(getpgid) X(getsid) X(sysinfo) X(uname) X(getrandom) X(getrusage) X(times) X(getrlimit) X(setrlimit) \
    X(capget)

#define CALLS_TIME(X)                                                                                          \
    X(nanosleep) X(clock_nanosleep) X(clock_gettime) X(clock_getres) X(gettimeofday) X(timer_create)           \
    X(timer_settime) X(timer_gettime) X(timer_getoverrun) X(timer_delete) X(timerfd_create) X(timerfd_settime) \
    X(timerfd_gettime) X(getitimer) X(setitimer)

#define CALLS_WAITING(X)                                                                                       \
    X(epoll_create1) X(epoll_ctl) X(epoll_pwait) X(epoll_pwait2) X(ppoll) X(pselect6) X(eventfd2) X(signalfd4)

/* Over sockets that the host has: to fard, as a client of other services. Which it may make is checked by family. */
#define CALLS_SOCKETS(X)                                                                                      \
    X(connect) X(sendto) X(sendmsg) X(sendmmsg) X(recvfrom) X(recvmsg) X(recvmmsg) X(shutdown) X(getsockname) \
    X(getpeername) X(setsockopt) X(getsockopt)

/* With --allow-net. */
#define CALLS_NET(X) X(socket) X(socketpair) X(bind) X(listen) X(accept) X(accept4)

/* With --processes. Whom it may send signals is the uid's business, and Landlock's. */
#define CALLS_PROCESSES(X)                                                                             \
    X(execve) X(execveat) X(kill) X(tgkill) X(tkill) X(rt_sigqueueinfo) X(rt_tgsigqueueinfo) X(setsid) \
    X(setpgid) X(pidfd_send_signal)

/* These do not exist for a host: the C library and others try them and do without. */
#define CALLS_NOT_THERE(X)                                                                                      \
    X(clone3) X(io_uring_setup) X(io_uring_enter) X(io_uring_register) X(io_setup) X(io_submit) X(io_getevents) \
    X(io_destroy) X(io_cancel) X(io_pgetevents)

/* Known by name when they are reported, with the option that would allow them. */
#define CALLS_REPORTED(X)                                                                                        \
    X(socket, "--allow-net") X(socketpair, "--allow-net") X(bind, "--allow-net") X(listen, "--allow-net")        \
    X(accept, "--allow-net") X(accept4, "--allow-net") X(clone, "--processes") X(execve, "--processes")          \
    X(execveat, "--processes") X(kill, "--processes") X(tgkill, "--processes") X(tkill, "--processes")           \
    X(rt_sigqueueinfo, "--processes") X(rt_tgsigqueueinfo, "--processes") X(setsid, "--processes")               \
    X(setpgid, "--processes") X( pidfd_send_signal, "--processes") X(ptrace, "") X(process_vm_readv, "")         \
    X(process_vm_writev, "") X(process_madvise, "") X(pidfd_getfd, "") X(kcmp, "") X(mount, "") X(umount2, "")   \
    X(pivot_root, "") X( chroot, "") X(move_mount, "") X(open_tree, "") X(fsopen, "") X(fsconfig, "")            \
    X(fsmount, "") X(fspick, "") X(mount_setattr, "") X(bpf, "") X(perf_event_open, "") X(userfaultfd, "")       \
    X( keyctl, "") X(add_key, "") X(request_key, "") X(init_module, "") X(finit_module, "") X(delete_module, "") \
    X(kexec_load, "") X(reboot, "") X(swapon, "") X(swapoff, "") X(sethostname, "") X(setdomainname, "")         \
    X(settimeofday, "") X( clock_settime, "") X(adjtimex, "") X(clock_adjtime, "") X(setuid, "") X(setgid, "")   \
    X(setreuid, "") X(setregid, "") X(setresuid, "") X(setresgid, "") X(setgroups, "") X(setfsuid, "")           \
    X(setfsgid, "") X(capset, "") X(unshare, "") X(setns, "") X(personality, "") X(seccomp, "") X(quotactl, "")  \
    X(acct, "") X(syslog, "") X(vhangup, "") X( name_to_handle_at, "") X(open_by_handle_at, "") X(mknodat, "")   \
    X(shmget, "") X(shmat, "") X(shmctl, "") X(shmdt, "") X(semget, "") X(semop, "") X(semctl, "")               \
    X(semtimedop, "") X(msgget, "") X(msgsnd, "") X(msgrcv, "") X(msgctl, "") X(mq_open, "") X(mq_unlink, "")    \
    X( move_pages, "") X(migrate_pages, "") X(fanotify_init, "") X(fanotify_mark, "")                            \
    X(landlock_create_ruleset, "") X(landlock_restrict_self, "") X(sched_setscheduler, "") X(sched_setparam, "") \
    X(sched_setattr, "") X(setxattr, "") X(fsetxattr, "") X(removexattr, "") X(ioprio_set, "") X(prlimit64, "")  \
    X(memfd_secret, "") X(remap_file_pages, "")
/* clang-format on */

#endif
