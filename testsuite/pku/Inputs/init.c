/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The first process of the virtual machine: makes the file systems that programs expect, runs /commands with the shell,
 * its output on the second serial port, tells how that ended, and switches the machine off.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void mount_on(const char *type, const char *directory)
{
    mkdir(directory, 0755);
    if (mount(type, directory, type, 0, NULL) != 0)
        perror(directory);
}

/* Without the line discipline's changes: bytes arrive as they were written. */
static void write_to_the_port(void)
{
    struct termios port;
    int fd = open("/dev/ttyS1", O_WRONLY | O_NOCTTY);
    if (fd < 0)
        return;
    if (tcgetattr(fd, &port) == 0) {
        cfmakeraw(&port);
        tcsetattr(fd, TCSANOW, &port);
    }
    dup2(fd, 1);
    dup2(fd, 2);
}

static int run_commands(void)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        setsid();
        execl("/bin/sh", "sh", "/commands", (char *)NULL);
        _exit(127);
    }
    for (pid_t ended = 0; ended >= 0 && ended != child;) /* orphans of others come here too */
        ended = wait(&status);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(void)
{
    mount_on("proc", "/proc");
    mount_on("sysfs", "/sys");
    mount_on("devtmpfs", "/dev");
    mount_on("tmpfs", "/dev/shm");
    mount_on("tmpfs", "/run");
    mkdir("/tmp", 0755); /* not mounted: files may have been put there */
    chmod("/tmp", 01777);
    write_to_the_port();
    setenv("PATH", "/bin", 1);
    setenv("HOME", "/tmp", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    dprintf(1, "\nvm: exit %d\n", run_commands());
    tcdrain(1);
    sync();
    reboot(RB_AUTOBOOT); /* QEMU is told to end instead */
    return 0;
}
