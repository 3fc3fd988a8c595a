/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int result(int value)
{
    return value < 0 ? -errno : value;
}

static int open_and_close(const char *path, int flags)
{
    int fd = open(path, flags, 0600);
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

int probe_read(const char *path)
{
    return open_and_close(path, O_RDONLY);
}

int probe_write(const char *path)
{
    return open_and_close(path, O_WRONLY | O_CREAT);
}

int probe_socket(int family)
{
    int fd = socket(family, SOCK_STREAM, 0);
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

int probe_execve(void)
{
    char *arguments[] = {(char *)"true", NULL}, *environment[] = {NULL};
    return result(execve("/bin/true", arguments, environment));
}

/* As many children at once as it gets; returns how many. */
int probe_fork(int count)
{
    int made = 0;
    for (; made < count; made++) {
        pid_t pid = fork();
        if (pid < 0)
            break;
        if (pid == 0) {
            sleep(1);
            _exit(0);
        }
    }
    while (waitpid(-1, NULL, 0) > 0)
        ;
    return made;
}

int probe_ptrace(int pid)
{
    return result((int)ptrace(PTRACE_ATTACH, pid, NULL, NULL));
}

int probe_kill(int pid)
{
    return result(kill(pid, SIGTERM));
}

int probe_mount(void)
{
    return result(mount("none", "/mnt", "tmpfs", 0, NULL));
}

int probe_memory(int megabytes)
{
    size_t size = (size_t)megabytes << 20;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    munmap(memory, size);
    return 0;
}

int probe_files(int count)
{
    int failed = 0;
    for (int i = 0; i < count && !failed; i++)
        failed = dup(0) < 0 ? -errno : 0;
    return failed;
}

int probe_burn(void)
{
    for (volatile unsigned long i = 0;; i++)
        ;
    return 0;
}

static void *thread(void *argument)
{
    return argument;
}

/* What must go on working: threads, time, memory, a signal to oneself, the zone files. */
int probe_works(void)
{
    pthread_t id;
    void *back = NULL;
    time_t now = 0;
    struct tm local;
    if (pthread_create(&id, NULL, thread, &id) || pthread_join(id, &back) || back != &id)
        return 1;
    if (!localtime_r(&now, &local) || open_and_close("/dev/urandom", O_RDONLY) || open_and_close("/dev/null", O_RDWR))
        return 2;
    char *memory = malloc(1 << 20);
    if (!memory)
        return 3;
    memset(memory, 1, 1 << 20);
    free(memory);
    return pthread_kill(pthread_self(), 0) ? 4 : 0;
}

int probe_mode(const char *path)
{
    return result(chmod(path, 0777));
}

/* Another process of the same uid: made slow, and kept off most CPUs. */
int probe_nice(int pid)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    int failed = result(setpriority(PRIO_PROCESS, (unsigned)pid, 19));
    return failed < 0 ? result(sched_setaffinity(pid, sizeof one, &one)) : failed;
}

int probe_shared(int megabytes)
{
    size_t size = (size_t)megabytes << 20;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int mapped = memory == MAP_FAILED ? -errno : 0;
    int fd = memfd_create("probe", 0);
    return mapped < 0 && fd < 0 ? mapped : 0;
}

/* "SOCKET HEX": says the packet to fard itself; 0 if it was done, or fard's error, negated. */
int probe_manage(const char *packet)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *hex = strchr(packet, ' ');
    unsigned char bytes[65536];
    size_t size = 0;
    if (!hex || (size_t)(hex - packet) >= sizeof address.sun_path)
        return -EINVAL;
    memcpy(address.sun_path, packet, (size_t)(hex - packet));
    for (hex++; hex[0] && hex[1] && size < sizeof bytes; hex += 2) {
        const char digits[3] = {hex[0], hex[1], '\0'};
        bytes[size++] = (unsigned char)strtoul(digits, NULL, 16);
    }
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), code;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0 || send(fd, bytes, size, 0) < 0 ||
        recv(fd, bytes, sizeof bytes, 0) < 20)
        return -errno;
    close(fd);
    memcpy(&code, bytes + 16, sizeof code);
    return bytes[8] == 1 ? -code : 0; /* FAR_MSG_ERROR */
}
