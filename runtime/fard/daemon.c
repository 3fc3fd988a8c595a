/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* The daemon says that it is ready, or ends; then its own exit code is the command's. */
static _Noreturn void wait_for_daemon(pid_t daemon, int report)
{
    char ready;
    int status;
    ssize_t n;
    do
        n = read(report, &ready, 1);
    while (n < 0 && errno == EINTR);
    if (n == 1)
        _exit(EX_OK);
    if (waitpid(daemon, &status, 0) == daemon && WIFEXITED(status))
        _exit(WEXITSTATUS(status));
    _exit(EX_SOFTWARE);
}

int daemon_fork(int *report)
{
    int ends[2];
    /* What the starter left open is his: a lock, or a pipe whose end somebody waits for. */
    syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid_t daemon = fork();
    if (daemon < 0) {
        int result = -errno;
        close(ends[0]);
        close(ends[1]);
        return result;
    }
    if (daemon > 0) {
        close(ends[1]);
        wait_for_daemon(daemon, ends[0]);
    }
    close(ends[0]);
    *report = ends[1];
    return setsid() < 0 ? -errno : 0;
}

int daemon_log_open(const char *log_path)
{
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    int result = log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 ? -errno : 0;
    if (log > 2)
        close(log);
    return result;
}

/* The command may return once all can be had. */
int daemon_ready(int report, const char *log_path)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int result = null < 0 || chdir("/") < 0 || dup2(null, 0) < 0 ? -errno : 0;
    result = result ? result : daemon_log_open(log_path);
    if (!result && write(report, "", 1) != 1)
        result = -errno;
    if (null > 2)
        close(null);
    close(report);
    return result;
}
