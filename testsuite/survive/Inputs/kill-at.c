/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * usage: kill-at N PROGRAM ARGS…, or kill-at N -p PID: run the program, or take the one that runs, and SIGKILL it when it
 * is about to do its N-th system call that anybody else could notice: a write, a message, a name made or removed. SIGTERM is
 * passed on. The exit code is the program's; 137 if it was killed so.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#ifndef PTRACE_GET_SYSCALL_INFO
#define PTRACE_GET_SYSCALL_INFO 0x420e
#endif

struct syscall_info {
    unsigned char op, pad[3];
    unsigned arch;
    unsigned long long instruction, stack, number, argument[6];
};

static pid_t program;

static void pass_on(int number)
{
    kill(program, number);
}

static int can_be_noticed(unsigned long long number)
{
    static const long noticed[] = {
        SYS_write,    SYS_writev,    SYS_pwrite64, SYS_pwritev, SYS_fsync,     SYS_fdatasync, SYS_sendmsg,   SYS_sendto,
        SYS_renameat, SYS_renameat2, SYS_unlinkat, SYS_mkdirat, SYS_ftruncate, SYS_linkat,    SYS_fallocate,
#ifdef SYS_unlink
        SYS_unlink,   SYS_rename,    SYS_mkdir,
#endif
    };
    for (size_t i = 0; i < sizeof noticed / sizeof *noticed; i++)
        if ((unsigned long long)noticed[i] == number)
            return 1;
    return 0;
}

static int about_to(pid_t pid)
{
    struct syscall_info info;
    return ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) > 0 && info.op == 1 && can_be_noticed(info.number);
}

static int follow(long n)
{
    int status, pass = 0;
    for (;;) {
        if (ptrace(PTRACE_SYSCALL, program, 0, pass) < 0 && errno == ESRCH)
            pass = 0;
        while (waitpid(program, &status, 0) < 0)
            if (errno != EINTR)
                return EX_OSERR;
        if (WIFEXITED(status))
            return WEXITSTATUS(status);
        if (WIFSIGNALED(status))
            return 128 + WTERMSIG(status);
        int stop = WSTOPSIG(status);
        pass = stop == (SIGTRAP | 0x80) || status >> 16 ? 0 : stop;
        if (stop == (SIGTRAP | 0x80) && about_to(program) && --n == 0)
            kill(program, SIGKILL);
    }
}

#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

/* Says so when it counts. */
static int take(pid_t pid, long n)
{
    program = pid;
    if (ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) < 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0 ||
        waitpid(pid, NULL, 0) != pid) {
        perror("kill-at");
        return EX_OSERR;
    }
    puts("counting");
    fflush(stdout);
    return follow(n);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return EX_USAGE;
    if (argc == 4 && strcmp(argv[2], "-p") == 0)
        return take((pid_t)atol(argv[3]), atol(argv[1]));
    program = fork();
    if (program == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    const struct sigaction action = {.sa_handler = pass_on};
    sigaction(SIGTERM, &action, NULL);
    if (waitpid(program, NULL, 0) != program || ptrace(PTRACE_SETOPTIONS, program, 0, OPTIONS) < 0) {
        perror("kill-at");
        kill(program, SIGKILL);
        return EX_OSERR;
    }
    return follow(atol(argv[1]));
}
