/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/process.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif
#define PIDFS 0x50494446 /* statfs.f_type of pidfds that have an inode for each process: Linux 6.9 */

int process_of_peer(int socket, pid_t pid)
{
    int fd;
    socklen_t size = sizeof fd;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &fd, &size) == 0)
        return fd;
    if (errno != ENOPROTOOPT)
        return -errno;
    fd = (int)syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : fd;
}

static bool on_pidfs(int pidfd)
{
    struct statfs where;
    return fstatfs(pidfd, &where) == 0 && (unsigned long)where.f_type == PIDFS;
}

bool process_same(int pidfd, pid_t pid, int other_pidfd, pid_t other_pid)
{
    struct stat one, other;
    if (pidfd >= 0 && other_pidfd >= 0 && on_pidfs(pidfd) && on_pidfs(other_pidfd) && fstat(pidfd, &one) == 0 &&
        fstat(other_pidfd, &other) == 0)
        return one.st_ino == other.st_ino;
    return pid > 0 && pid == other_pid;
}
