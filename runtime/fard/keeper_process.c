/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * far-keeper: holds descriptors while no fard does. It knows nothing of what they are, but that a name which begins with
 * "host-" is a process. Whoever takes the store next connects; without a fard it looks ten times a second whether there
 * is still a store to be taken, and ends those processes and itself when it has been removed, or nobody has come for a week; one that begins with "output-"
 * is a pipe, which must not run full meanwhile.
 */
#include "runtime/fard/confined.h"
#include "runtime/fard/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS  100
#define PIPE_MAX (32 << 10) /* bytes of a host's output that are kept while nobody reads it */

struct held {
    char name[KEEPER_NAME_MAX];
    int fd;
};

struct process {
    char *path; /* of its socket */
    struct stat socket;
    int fard;              /* -1: there is none */
    int64_t alone_since;   /* milliseconds */
    int64_t alone_at_most; /* 0: for ever */
    struct held *held;
    size_t count, room;
};

static bool store_is_there(const struct process *process)
{
    struct stat now;
    return lstat(process->path, &now) == 0 && now.st_dev == process->socket.st_dev &&
           now.st_ino == process->socket.st_ino;
}

static _Noreturn void end(const struct process *process)
{
    if (store_is_there(process))
        unlink(process->path);
    _exit(EX_OK);
}

static _Noreturn void end_with_hosts(const struct process *process)
{
    for (size_t i = 0; i < process->count; i++)
        if (strncmp(process->held[i].name, "host-", 5) == 0)
            syscall(SYS_pidfd_send_signal, process->held[i].fd, SIGKILL, NULL, 0);
    end(process);
}

static void drop(struct process *process, const char *name)
{
    for (size_t i = 0; i < process->count; i++) {
        if (strcmp(process->held[i].name, name) != 0)
            continue;
        close(process->held[i].fd);
        process->held[i] = process->held[--process->count];
        return;
    }
}

static void keep(struct process *process, const char *name, int fd)
{
    drop(process, name);
    if (process->count == process->room) {
        size_t room = process->room ? 2 * process->room : 64;
        struct held *held = reallocarray(process->held, room, sizeof *held);
        if (!held) {
            close(fd);
            return;
        }
        process->held = held;
        process->room = room;
    }
    struct held *held = &process->held[process->count++];
    snprintf(held->name, sizeof held->name, "%s", name);
    held->fd = fd;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void lose_fard(struct process *process)
{
    close(process->fard);
    process->fard = -1;
    process->alone_since = now_ms();
    if (!process->count)
        end(process);
}

static void hear(struct process *process)
{
    struct keeper_message message;
    int fd, failed = keeper_receive(process->fard, &message, &fd);
    if (failed) {
        lose_fard(process);
        return;
    }
    if (message.word == KEEPER_QUIT)
        end(process);
    if (message.word == KEEPER_KEEP && fd >= 0) {
        keep(process, message.name, fd);
        return;
    }
    if (message.word == KEEPER_DROP)
        drop(process, message.name);
    if (fd >= 0)
        close(fd);
}

static int hand_over(const struct process *process)
{
    int failed = 0;
    for (size_t i = 0; i < process->count && !failed; i++)
        failed = keeper_send(process->fard, KEEPER_HELD, process->held[i].name, process->held[i].fd);
    return failed ? failed : keeper_send(process->fard, KEEPER_LAST, NULL, -1);
}

/* A host under our uid is none of fard's. */
static bool may_have_all(int socket)
{
    struct ucred who;
    socklen_t size = sizeof who;
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && (who.uid == geteuid() || who.uid == 0) &&
           !peer_is_confined(socket);
}

/* There is one fard a store; its lock says so. */
static void greet(struct process *process)
{
    const struct timeval patience = {5, 0};
    int socket = accept4(KEEPER_FD, NULL, NULL, SOCK_CLOEXEC);
    if (socket < 0)
        return;
    if (process->fard >= 0 || !may_have_all(socket)) {
        close(socket);
        return;
    }
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    process->fard = socket;
    if (hand_over(process))
        lose_fard(process);
}

/* To the end of a line, so that the next fard begins with a whole one. The pipe does not block: fard has made it so. */
static void discard_line(int pipe)
{
    char byte;
    while (read(pipe, &byte, 1) == 1 && byte != '\n')
        ;
}

/* Nobody reads what hosts write: the oldest goes before a pipe is full, so that no service waits for a fard. */
static void drain(const struct held *held)
{
    char bytes[4096];
    int waiting = 0;
    if (strncmp(held->name, "output-", 7) != 0)
        return;
    while (ioctl(held->fd, FIONREAD, &waiting) == 0 && waiting > PIPE_MAX) {
        if (read(held->fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes)
            return;
        if (bytes[sizeof bytes - 1] != '\n')
            discard_line(held->fd);
    }
}

static void look(const struct process *process)
{
    bool too_long = process->alone_at_most && now_ms() - process->alone_since >= process->alone_at_most;
    if (too_long || !store_is_there(process))
        end_with_hosts(process);
    for (size_t i = 0; i < process->count; i++)
        drain(&process->held[i]);
}

static _Noreturn void serve(struct process *process)
{
    for (;;) {
        struct pollfd ready[] = {{.fd = process->fard, .events = POLLIN}, {.fd = KEEPER_FD, .events = POLLIN}};
        int count = poll(ready, 2, process->fard < 0 ? LOOK_MS : -1);
        if (count > 0 && ready[0].revents)
            hear(process); /* before a new one: the old one's end may be what there is to hear */
        else if (count > 0 && ready[1].revents)
            greet(process);
        if (process->fard < 0)
            look(process);
    }
}

/* What makes no sense is as if nothing had been said: there is nobody to tell. */
static int64_t patience_ms(void)
{
    char *end;
    const char *said = getenv(KEEPER_SECONDS_ENV);
    errno = 0;
    unsigned long seconds = said ? strtoul(said, &end, 10) : KEEPER_SECONDS;
    bool sound = !said || (*said >= '0' && *said <= '9' && *end == '\0' && !errno && seconds <= UINT32_MAX);
    return (int64_t)(sound ? seconds : KEEPER_SECONDS) * 1000;
}

int keeper_process(int argc, char **argv)
{
    struct process process = {.fard = -1, .alone_since = now_ms(), .alone_at_most = patience_ms()};
    int listening = 0;
    socklen_t size = sizeof listening;
    if (argc != 2 || getsockopt(KEEPER_FD, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 || !listening) {
        fputs(KEEPER_PROGRAM ": fard starts this program, to hold what must outlive it; see fard --help\n", stderr);
        return EX_USAGE;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    prctl(PR_SET_NAME, KEEPER_PROGRAM);
    if (asprintf(&process.path, "%s/" KEEPER_SOCKET, argv[1]) < 0 || lstat(process.path, &process.socket) < 0)
        return EX_OSERR;
    serve(&process);
}
