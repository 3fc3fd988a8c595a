/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The filter of system calls. A forbidden one is not made: the thread gets SIGSYS instead (sandbox_report.c). The kernel
 * remembers which numbers are allowed whatever their arguments, so that those cost nothing to speak of.
 *
 *     another architecture's call: the end      number beyond what we know, or listed as not there: ENOSYS
 *     allowed by number                         allowed for some arguments: a block of its own
 */
#include "runtime/host/sandbox.h"
#include "runtime/host/sandbox_calls.h"

#include "runtime/lib/error.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define PROGRAM_MAX 1024

struct program {
    struct sock_filter line[PROGRAM_MAX];
    unsigned short count;
};

#define ARGUMENT(n) \
    ((uint32_t)offsetof(struct seccomp_data, args[n])) /* its low half: both machines are little-endian */
#define NEW_SPACES \
    (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP)
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

static void add(struct program *program, uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false)
{
    program->line[program->count++] = (struct sock_filter){code, if_true, if_false, value};
}

static void load(struct program *program, uint32_t offset)
{
    add(program, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void answer(struct program *program, uint32_t action)
{
    add(program, BPF_RET | BPF_K, action, 0, 0);
}

/* For this number, `action`; the number is in the accumulator, and stays there. */
static void decide(struct program *program, long call, uint32_t action)
{
    add(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1);
    answer(program, action);
}

/* Of this number, those whose argument is one of the values; otherwise `other`. */
static void allow_values(struct program *program, long call, int argument, const uint32_t *value, uint8_t count,
                         uint32_t other)
{
    add(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, (uint8_t)(2 * count + 2));
    load(program, ARGUMENT(argument));
    for (uint8_t i = 0; i < count; i++) {
        add(program, BPF_JMP | BPF_JEQ | BPF_K, value[i], 0, 1);
        answer(program, SECCOMP_RET_ALLOW);
    }
    answer(program, other);
}

/* Of this number, those whose first argument has one of `bits` (wanted) or none of them. */
static void allow_bits(struct program *program, long call, uint32_t bits, bool wanted)
{
    add(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4);
    load(program, ARGUMENT(0));
    add(program, BPF_JMP | BPF_JSET | BPF_K, bits, wanted ? 0 : 1, wanted ? 1 : 0);
    answer(program, SECCOMP_RET_ALLOW);
    answer(program, SECCOMP_RET_TRAP);
}

static void begin(struct program *program)
{
    load(program, offsetof(struct seccomp_data, arch));
    add(program, BPF_JMP | BPF_JEQ | BPF_K, SANDBOX_ARCHITECTURE, 1, 0);
    answer(program, SECCOMP_RET_KILL_PROCESS);
    load(program, offsetof(struct seccomp_data, nr));
    add(program, BPF_JMP | BPF_JGE | BPF_K, FOREIGN_CALLS, 0, 1);
    answer(program, SECCOMP_RET_KILL_PROCESS);
    add(program, BPF_JMP | BPF_JGT | BPF_K, LAST_CALL, 0, 1);
    answer(program, SECCOMP_RET_ERRNO | ENOSYS);
}

#define ALLOW(name) decide(program, SYS_##name, SECCOMP_RET_ALLOW);

static void allow_always(struct program *program)
{
    CALLS_THREADS(ALLOW)
    CALLS_MEMORY(ALLOW)
    CALLS_FILES(ALLOW)
    CALLS_SOCKETS(ALLOW)
    CALLS_TIME(ALLOW)
    CALLS_WAITING(ALLOW)
    CALLS_FACTS(ALLOW)
    CALLS_OF_MACHINE(ALLOW)
#define NOT_THERE(name) decide(program, SYS_##name, SECCOMP_RET_ERRNO | ENOSYS);
    CALLS_NOT_THERE(NOT_THERE)
#undef NOT_THERE
}

/* Where it may write nothing it has nothing whose attributes were its own to change: all other files of its uid are others'. */
static void allow_attributes(struct program *program, const struct far_host_rights *rights)
{
    bool writes = false;
    for (uint32_t at = 0; at < rights->path_bytes; at += (uint32_t)strlen(rights->paths + at) + 1)
        writes |= rights->paths[at] == 'w';
#define ATTRIBUTE(name) decide(program, SYS_##name, writes ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EPERM);
    CALLS_ATTRIBUTES(ATTRIBUTE)
    ATTRIBUTES_OF_MACHINE(ATTRIBUTE)
#undef ATTRIBUTE
}

/* A limit of private memory is none where shared memory is free. */
static void limit_shared_memory(struct program *program)
{
    const uint32_t both = MAP_SHARED | MAP_ANONYMOUS;
    decide(program, SYS_memfd_create, SECCOMP_RET_ERRNO | ENOMEM);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 5);
    load(program, ARGUMENT(3));
    add(program, BPF_ALU | BPF_AND | BPF_K, both, 0, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, both, 0, 1);
    answer(program, SECCOMP_RET_ERRNO | ENOMEM);
    answer(program, SECCOMP_RET_ALLOW);
}

/* Its own threads, and nobody else. */
static void allow_own_signals(struct program *program)
{
    const uint32_t own[] = {(uint32_t)getpid()};
    const long calls[] = {SYS_kill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        allow_values(program, calls[i], 0, own, 1, SECCOMP_RET_TRAP);
}

static void allow_processes(struct program *program)
{
    CALLS_PROCESSES(ALLOW)
    PROCESSES_OF_MACHINE(ALLOW)
    allow_bits(program, SYS_clone, NEW_SPACES, false);
}

static void allow_threads_only(struct program *program)
{
    allow_own_signals(program);
    allow_bits(program, SYS_clone, CLONE_THREAD, true);
}

static void allow_by_arguments(struct program *program)
{
    static const uint32_t names[] = {PR_SET_NAME,    PR_GET_NAME,     PR_SET_VMA,          PR_GET_DUMPABLE,
                                     PR_GET_SECCOMP, PR_CAPBSET_READ, PR_GET_NO_NEW_PRIVS, PR_SET_PDEATHSIG};
    static const uint32_t terminals[] = {FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ};
    const uint32_t self[] = {0, (uint32_t)getpid()};
    allow_values(program, SYS_prctl, 0, names, sizeof names / sizeof *names, SECCOMP_RET_ERRNO | EPERM);
    allow_values(program, SYS_ioctl, 1, terminals, sizeof terminals / sizeof *terminals, SECCOMP_RET_ERRNO | ENOTTY);
    allow_values(program, SYS_prlimit64, 0, self, 2, SECCOMP_RET_TRAP);
    /* Others of its uid are none of its business; nor, where it is a user's own, is fard. */
    allow_values(program, SYS_sched_setaffinity, 0, self, 2, SECCOMP_RET_ERRNO | EPERM);
    decide(program, SYS_setpriority, SECCOMP_RET_ERRNO | EPERM);
}

static void allow_sockets(struct program *program, bool net)
{
    static const uint32_t local[] = {AF_UNIX};
    if (net) {
        CALLS_NET(ALLOW)
        return;
    }
    allow_values(program, SYS_socket, 0, local, 1, SECCOMP_RET_TRAP);
    allow_values(program, SYS_socketpair, 0, local, 1, SECCOMP_RET_TRAP);
}

#if defined(SANDBOX_SANITIZED)
/* A sanitizer's report must not end in ours: the program that would find names for it cannot be started. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "symbolize=0";
}
#endif

static void write_program(struct program *program, const struct far_host_rights *rights)
{
    begin(program);
    if (rights->memory)
        limit_shared_memory(program);
    allow_attributes(program, rights);
    allow_always(program);
    allow_by_arguments(program);
    allow_sockets(program, rights->flags & FAR_HOST_NET);
    if (rights->processes)
        allow_processes(program);
    else
        allow_threads_only(program);
    answer(program, SECCOMP_RET_TRAP);
}

int sandbox_seccomp(const struct far_host_rights *rights, struct far_error *error)
{
    static struct program program;
    write_program(&program, rights);
    const struct sock_fprog filter = {program.count, program.line};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0)
        return 0;
    int code = errno;
    if ((code == ENOSYS || code == EINVAL) && rights->sandbox != FAR_SANDBOX_STRICT &&
        prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
        return 0; /* a kernel without it: far describe says so */
    return far_fail(error, code, EX_UNAVAILABLE,
                    "its system calls cannot be filtered (seccomp): %s; --sandbox off does without", strerror(code));
}
