/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A courier's process: the rights of the user whose calls it makes, and nothing of fard's. It does not outlive fard. */
#include "runtime/fard/child.h"
#include "runtime/fard/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define NOBODYS_GROUP 65534
#define PROGRAM_FD    3

static bool take_groups(uid_t uid)
{
    const struct passwd *user = getpwuid(uid);
    gid_t group = user ? user->pw_gid : NOBODYS_GROUP;
    if (user ? initgroups(user->pw_name, group) < 0 : setgroups(0, NULL) < 0)
        return false;
    return setresgid(group, group, group) == 0;
}

static bool become_user(const struct fard *fard, uid_t uid)
{
    struct rlimit no_core = {0, 0};
    if (fard->uid == 0 && (!take_groups(uid) || setresuid(uid, uid, uid) < 0))
        return false;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &no_core) == 0;
}

/* Standard error stays fard's: its log. */
static bool arrange_descriptors(int program)
{
    int null = open("/dev/null", O_RDWR), away = fcntl(program, F_DUPFD, 64);
    return null >= 0 && away >= 0 && dup2(null, 0) >= 0 && dup2(null, 1) >= 0 &&
           dup3(away, PROGRAM_FD, O_CLOEXEC) >= 0 && syscall(SYS_close_range, PROGRAM_FD + 1, ~0u, 0) == 0;
}

/* Its calls trap, whatever its user is granted: nothing of a service's runs in it. */
static void keep_environment(char **kept, size_t room, char *socket)
{
    static const char *const names[] = {"PATH=",
                                        "LANG=",
                                        "LC_",
                                        "TZ=",
                                        "LD_LIBRARY_PATH=",
                                        FAR_ENV_SPIN "=",
                                        "FARCALL_TEST_",
                                        "ASAN_OPTIONS=",
                                        "UBSAN_OPTIONS=",
                                        "LSAN_OPTIONS=",
                                        "TSAN_OPTIONS="};
    static char level[] = FAR_ENV_LEVEL "=none", now[] = FAR_ENV_BIND_NOW "=1", gate[] = FAR_ENV_GATE "=process";
    size_t count = 0;
    kept[count++] = socket;
    kept[count++] = level;
    kept[count++] = now;
    kept[count++] = gate;
    child_keep_environment(names, sizeof names / sizeof *names, kept, count, room);
}

/* The user may not reach the folder that it lies in; fard, which starts it, can. */
static _Noreturn void become_courier(const struct fard *fard, const struct queue_line_name *line, const char *path,
                                     char *socket, pid_t parent)
{
    char *environment[32], *arguments[] = {(char *)(uintptr_t)"far-courier", (char *)(uintptr_t)line->service, NULL};
    int program = open(path, O_PATH | O_CLOEXEC);
    child_reset_signals();
    setsid();
    umask(077);
    if (program < 0 || chdir("/") < 0 || !become_user(fard, line->uid) || !arrange_descriptors(program))
        _exit(EX_OSERR);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EX_OSERR);
    keep_environment(environment, sizeof environment / sizeof *environment, socket);
    execve(path, arguments, environment);
    if (errno == EACCES)
        syscall(SYS_execveat, PROGRAM_FD, "", arguments, environment, AT_EMPTY_PATH);
    _exit(EX_OSERR);
}

static int spawn(const struct fard *fard, const struct queue_line_name *line, const char *path, char *socket,
                 pid_t *pid, int *pidfd)
{
    pid_t parent = getpid();
    *pid = fork();
    if (*pid == 0)
        become_courier(fard, line, path, socket, parent);
    if (*pid < 0)
        return -errno;
    *pidfd = (int)syscall(SYS_pidfd_open, *pid, 0);
    if (*pidfd >= 0)
        return 0;
    int result = -errno;
    kill(*pid, SIGKILL);
    waitpid(*pid, NULL, 0);
    return result;
}

int courier_spawn(const struct fard *fard, const struct queue_line_name *line, pid_t *pid, int *pidfd)
{
    char *path = NULL, *socket = NULL, *host = strdup(fard->host_program);
    bool made = host && asprintf(&path, "%s/far-courier", dirname(host)) >= 0;
    made = made && asprintf(&socket, FAR_SOCKET_ENV "=%s", fard->socket_path) >= 0;
    int result = !made ? -ENOMEM : access(path, F_OK) < 0 ? -errno : spawn(fard, line, path, socket, pid, pidfd);
    free(host);
    free(path);
    free(socket);
    return result;
}
