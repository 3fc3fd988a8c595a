/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * usage: step-kill PID TID N: follow a host's worker, instruction by instruction, through its next call, and SIGKILL the host
 * before the N-th. Says "waiting" when the worker is about to sleep until that call comes. If the call is over first: lets the
 * worker go and says how many instructions it had. x86-64.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define SYSCALL_INSTRUCTION 0x050f
#define RESTART_FIRST       512 /* the kernel's own numbers for a call to be begun again, as ptrace(2) shows them */
#define RESTART_LAST        516

static pid_t worker;

static int stop(void)
{
    int status;
    while (waitpid(worker, &status, __WALL) < 0)
        if (errno != EINTR)
            return 0;
    return WIFSTOPPED(status);
}

/* Is its next instruction the system call by which it waits for a call? One that we have interrupted is begun again. */
static int is_about_to_sleep(void)
{
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, worker, 0, &registers) < 0)
        return 0;
    if (registers.orig_rax == SYS_futex && (long)registers.rax <= -RESTART_FIRST &&
        (long)registers.rax >= -RESTART_LAST)
        return 1;
    errno = 0;
    long word = ptrace(PTRACE_PEEKTEXT, worker, registers.rip, 0);
    return registers.rax == SYS_futex && !errno && (word & 0xffff) == SYSCALL_INSTRUCTION &&
           (registers.rsi & 0x7f) == 0; /* FUTEX_WAIT */
}

static int step(void)
{
    return ptrace(PTRACE_SINGLESTEP, worker, 0, 0) == 0 && stop();
}

int main(int argc, char **argv)
{
    long n = argc == 4 ? atol(argv[3]) : 0, count = 0;
    pid_t host = argc == 4 ? (pid_t)atol(argv[1]) : 0;
    worker = argc == 4 ? (pid_t)atol(argv[2]) : 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!n || ptrace(PTRACE_SEIZE, worker, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, worker, 0, 0) < 0 || !stop()) {
        perror("step-kill");
        return EX_OSERR;
    }
    while (!is_about_to_sleep())
        if (!step())
            return EX_SOFTWARE;
    printf("waiting\n");
    do {
        if (++count == n) {
            kill(host, SIGKILL);
            printf("killed\n");
            return EX_OK;
        }
        if (!step()) /* the first one sleeps until the call has come */
            return EX_SOFTWARE;
    } while (!is_about_to_sleep());
    ptrace(PTRACE_DETACH, worker, 0, 0);
    printf("%ld\n", count);
    return EX_OK;
}
