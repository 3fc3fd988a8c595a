/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The process of a host: its own uid where fard may, nothing inherited but its socket, whose end is its own. */
#include "runtime/fard/child.h"
#include "runtime/fard/emulator.h"
#include "runtime/fard/fard.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define IMAGE_FD   (FAR_HOST_FD + 1) /* far-host itself, until exec; an emulator reads it there */
#define IMAGE_PATH "/proc/self/fd/4"
_Static_assert(IMAGE_FD == 4, "IMAGE_PATH names it");

/* Between fork and exec: only system calls. */
static const char *drop_rights(uid_t uid, bool change_uid)
{
    struct rlimit no_core = {0, 0};
    if (change_uid && (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0))
        return "it cannot be given its own uid";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return "no_new_privs is refused";
    if (setrlimit(RLIMIT_CORE, &no_core) < 0)
        return "its core limit cannot be set";
    return NULL;
}

static const char *arrange_descriptors(int socket, int image, bool keep_image)
{
    int null = open("/dev/null", O_RDWR);
    /* They may be any numbers, the wanted ones included: away first, then into place. */
    int socket_away = fcntl(socket, F_DUPFD, 64), image_away = fcntl(image, F_DUPFD, 64);
    if (null < 0 || socket_away < 0 || image_away < 0 || dup2(null, 0) < 0 || dup2(2, 1) < 0 ||
        dup2(socket_away, FAR_HOST_FD) < 0 || dup3(image_away, IMAGE_FD, keep_image ? 0 : O_CLOEXEC) < 0)
        return "its descriptors cannot be arranged";
    if (syscall(SYS_close_range, IMAGE_FD + 1, ~0u, 0) < 0)
        return "fard's descriptors cannot be closed in it (Linux 5.9 is needed)";
    return NULL;
}

/* What went wrong before there was a far-host travels as its own message would. */
static _Noreturn void fail_start(int socket, const char *what, const char *program, int code)
{
    struct {
        struct far_message head;
        struct far_error error;
    } message = {.head = {FAR_PROTOCOL_MAGIC, sizeof message, FAR_MSG_HOST_FAILED, 1, 0}};
    refuse(&message.error, code, EX_OSERR, "starting %s: %s: %s", program, what, strerror(code));
    send(socket, &message, sizeof message, MSG_NOSIGNAL);
    _exit(EX_OSERR);
}

/* What a host needs of it. */
static void keep_environment(char **kept, size_t room)
{
    static const char *const names[] = {"PATH=",
                                        "QEMU_LD_PREFIX=",
                                        "LANG=",
                                        "LC_",
                                        "TZ=",
                                        "LD_LIBRARY_PATH=",
                                        FAR_SOCKET_ENV "=",
                                        FAR_ENV_PERF "=",
                                        FAR_ENV_SPIN "=",
                                        "FARCALL_BIND_NOW=",
                                        "FARCALL_TEST_",
                                        "ASAN_OPTIONS=",
                                        "UBSAN_OPTIONS=",
                                        "LSAN_OPTIONS="};
    child_keep_environment(names, sizeof names / sizeof *names, kept, 0, room);
}

/* The host's uid may not reach the folder that far-host lies in; fard, which starts it, can, and so it is run all the
 * same. */
static void exec_host(const char *program, const char *name, char **environment)
{
    char *arguments[] = {(char *)(uintptr_t)"far-host", (char *)(uintptr_t)name, NULL};
    execve(program, arguments, environment);
    if (errno == EACCES)
        syscall(SYS_execveat, IMAGE_FD, "", arguments, environment, AT_EMPTY_PATH);
}

static void exec_emulator(const struct host_command *command, const char *name, char **environment)
{
    char *arguments[HOST_COMMAND_WORDS + 3];
    size_t count = 0;
    for (; command->word[count]; count++)
        arguments[count] = command->word[count];
    arguments[count++] = (char *)(uintptr_t)IMAGE_PATH;
    arguments[count++] = (char *)(uintptr_t)name;
    arguments[count] = NULL;
    execvpe(command->word[0], arguments, environment);
}

static _Noreturn void become_host(const struct host_command *command, const char *name, uid_t uid, bool change_uid,
                                  int socket)
{
    const char *program = command->program, *emulator = command->word[0];
    char *environment[32];
    int image = open(program, (emulator ? O_RDONLY : O_PATH) | O_CLOEXEC);
    if (image < 0)
        fail_start(socket, "far-host is not there", program, errno);
    child_reset_signals();
    setsid(); /* no terminal to push input into, no signals meant for fard's group */
    umask(077);
    const char *wrong = chdir("/") < 0 ? "/ cannot be entered" : NULL;
    wrong = wrong ? wrong : drop_rights(uid, change_uid);
    wrong = wrong ? wrong : arrange_descriptors(socket, image, emulator != NULL);
    if (wrong)
        fail_start(socket, wrong, program, errno);
    keep_environment(environment, sizeof environment / sizeof *environment);
    if (emulator)
        exec_emulator(command, name, environment);
    else
        exec_host(program, name, environment);
    fail_start(FAR_HOST_FD,
               emulator ? "its emulator cannot be run by the host's uid" : "it cannot be run by the host's uid",
               emulator ? emulator : program, errno);
}

int host_spawn(const struct host_command *command, const char *name, uid_t uid, bool change_uid, int output, pid_t *pid,
               int *pidfd, int *socket)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    *pid = fork();
    if (*pid == 0 && dup2(output, STDERR_FILENO) < 0) /* arrange_descriptors() makes it standard output as well */
        fail_start(ends[1], "its output cannot be arranged", command->program, errno);
    if (*pid == 0)
        become_host(command, name, uid, change_uid, ends[1]);
    int result = *pid < 0 ? -errno : 0;
    close(ends[1]);
    *pidfd = result ? -1 : (int)syscall(SYS_pidfd_open, *pid, 0);
    if (!result && *pidfd < 0) {
        result = -errno;
        kill(*pid, SIGKILL);
        waitpid(*pid, NULL, 0);
    }
    if (result)
        close(ends[0]);
    else
        *socket = ends[0];
    return result;
}
