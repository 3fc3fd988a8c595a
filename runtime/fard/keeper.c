/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* fard's side of its keeper: finding it, starting it, and giving all to a new one when it dies. */
#include "runtime/fard/keeper.h"
#include "runtime/fard/error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIND_TRIES   20
#define FIND_WAIT_US 50000

struct kept {
    struct list link;
    char name[KEEPER_NAME_MAX];
    int fd;
    bool back; /* handed over, and not taken yet: ours to close */
};

struct keeper {
    struct loop *loop;
    struct source source; /* the connection; -1: systemd keeps, or nobody */
    struct list kept;
    const char *path;
    int folder;
    pid_t pid;              /* if it is a child of ours */
    struct notify *systemd; /* NULL: a process keeps */
    pid_t manager;          /* who started us, and keeps for us if systemd does */
};

static struct kept *find(struct keeper *keeper, const char *name)
{
    for (struct list *at = keeper->kept.next; at != &keeper->kept; at = at->next) {
        struct kept *kept = list_entry(at, struct kept, link);
        if (strcmp(kept->name, name) == 0)
            return kept;
    }
    return NULL;
}

static void forget(struct kept *kept)
{
    if (kept->back)
        close(kept->fd);
    list_take_out(&kept->link);
    free(kept);
}

/* Losing its socket would let it run its destructors, and the data may be another's by now. */
static bool kill_host(const struct kept *kept)
{
    return strncmp(kept->name, "host-", 5) == 0 && syscall(SYS_pidfd_send_signal, kept->fd, SIGKILL, NULL, 0) == 0;
}

static void remember(struct keeper *keeper, const char *name, int fd, bool back)
{
    struct kept *kept = find(keeper, name);
    if (kept && kept->back)
        kill_host(kept); /* that of a fard which did not live to note it */
    if (kept)
        forget(kept);
    kept = calloc(1, sizeof *kept);
    if (!kept) {
        if (back)
            close(fd);
        return;
    }
    snprintf(kept->name, sizeof kept->name, "%s", name);
    kept->fd = fd;
    kept->back = back;
    list_append(&keeper->kept, &kept->link);
}

/* The folder's descriptor makes the path short enough, whatever the store's is. */
static void address_make(const struct keeper *keeper, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/" KEEPER_SOCKET, keeper->folder);
}

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

static int connect_to(const struct keeper *keeper)
{
    const struct timeval patience = {5, 0};
    struct sockaddr_un address;
    struct ucred who;
    socklen_t size = sizeof who;
    int fd = new_socket();
    address_make(keeper, &address);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0 || (who.uid != geteuid() && who.uid != 0)) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static int take_all_back(struct keeper *keeper, int socket)
{
    struct keeper_message message;
    int fd, failed;
    while ((failed = keeper_receive(socket, &message, &fd)) == 0 && message.word == KEEPER_HELD && fd >= 0)
        remember(keeper, message.name, fd, true);
    return failed ? failed : message.word == KEEPER_LAST ? 0 : -EPROTO;
}

/* One that is just losing its last fard may not know it yet. */
static int find_process(struct keeper *keeper)
{
    for (int tries = 0; tries < FIND_TRIES; tries++) {
        int fd = connect_to(keeper);
        if (fd < 0)
            return -1;
        if (take_all_back(keeper, fd) == 0)
            return fd;
        close(fd);
        usleep(FIND_WAIT_US);
    }
    fard_log("the keeper of this store does not answer; a new one is started");
    return -1;
}

/* Between fork and exec: only system calls. Listening again says to who connects that it is this process that does. */
static _Noreturn void become_keeper(const struct keeper *keeper, int listener)
{
    char program[] = KEEPER_PROGRAM;
    char *arguments[] = {program, (char *)(uintptr_t)keeper->path, NULL};
    sigset_t none;
    sigemptyset(&none);
    setsid();
    sigprocmask(SIG_SETMASK, &none, NULL);
    int null = open("/dev/null", O_RDWR);
    int away = fcntl(listener, F_DUPFD, 64);
    if (null >= 0 && away >= 0 && dup2(null, 0) >= 0 && dup2(null, 1) >= 0 && dup2(null, 2) >= 0 &&
        dup2(away, KEEPER_FD) >= 0 && listen(KEEPER_FD, 8) == 0 && chdir("/") == 0 &&
        syscall(SYS_close_range, KEEPER_FD + 1, ~0u, 0) == 0)
        execv("/proc/self/exe", arguments);
    _exit(127);
}

static int listen_for_it(const struct keeper *keeper)
{
    struct sockaddr_un address;
    int fd = new_socket();
    address_make(keeper, &address);
    unlinkat(keeper->folder, KEEPER_SOCKET, 0);
    mode_t mask = umask(0177);
    bool fine = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 8) == 0;
    umask(mask);
    int result = fine ? fd : -errno;
    if (!fine && fd >= 0)
        close(fd);
    return result;
}

static int start_process(struct keeper *keeper)
{
    int listener = listen_for_it(keeper);
    if (listener < 0)
        return listener;
    keeper->pid = fork();
    if (keeper->pid == 0)
        become_keeper(keeper, listener);
    int result = keeper->pid < 0 ? -errno : 0;
    close(listener);
    if (result)
        return result;
    int fd = connect_to(keeper);
    if (fd >= 0 && take_all_back(keeper, fd) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -ECONNREFUSED;
}

static int keeper_ready(struct source *source, uint32_t events);

static void watch(struct keeper *keeper, int fd)
{
    keeper->source = (struct source){fd, keeper_ready};
    if (fd >= 0)
        loop_watch(keeper->loop, &keeper->source, EPOLLIN);
}

static void let_go(struct keeper *keeper)
{
    if (keeper->source.fd >= 0) {
        loop_forget(keeper->loop, &keeper->source);
        close(keeper->source.fd);
    }
    keeper->source.fd = -1;
    if (keeper->pid > 0)
        waitpid(keeper->pid, NULL, 0);
    keeper->pid = 0;
}

/* It has died: a new one is given all that there is. */
static void replace(struct keeper *keeper)
{
    if (keeper->pid > 0)
        kill(keeper->pid, SIGKILL); /* or it does not answer any more */
    let_go(keeper);
    int fd = start_process(keeper), failed = fd < 0 ? fd : 0;
    for (struct list *at = keeper->kept.next; at != &keeper->kept && !failed; at = at->next) {
        const struct kept *kept = list_entry(at, struct kept, link);
        failed = keeper_send(fd, KEEPER_KEEP, kept->name, kept->fd);
    }
    if (fd >= 0)
        watch(keeper, fd);
    fard_log(failed ? "the keeper has died, and no other can be started (%s): what services hold is lost if fard dies"
                    : "the keeper has died; another has been started",
             strerror(-failed));
}

static int keeper_ready(struct source *source, uint32_t events)
{
    (void)events; /* it says nothing unasked: this is its end */
    replace(list_entry(source, struct keeper, source));
    return 0;
}

static bool is_ours(const char *name)
{
    static const char *const kinds[] = {"data-", "socket-", "host-", "output-", "domain-", "owner-"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
            return strlen(name) < KEEPER_NAME_MAX;
    return false;
}

static bool is_clients(const char *name)
{
    return strncmp(name, "domain-", 7) == 0 || strncmp(name, "owner-", 6) == 0;
}

/*
 * systemd 254 says how much it keeps for us; for earlier ones the unit does. One that silently kept nothing would be worse
 * than a process.
 */
static bool systemd_has_room(void)
{
    const char *room = getenv("FDSTORE");
    return room && atol(room) > 0;
}

static void take_from_systemd(struct keeper *keeper)
{
    struct notify *notify = keeper->systemd;
    for (unsigned i = 0; i < notify->given_count; i++) {
        struct given *given = &notify->given[i];
        if (given->fd >= 0 && is_ours(given->name))
            remember(keeper, given->name, notify_take(notify, given->name), true);
    }
}

int keeper_open(struct keeper **out, struct loop *loop, struct notify *notify, int folder, const char *path)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return -ENOMEM;
    keeper->loop = loop;
    keeper->folder = folder;
    keeper->path = path;
    keeper->source.fd = -1;
    list_init(&keeper->kept);
    *out = keeper;
    if (notify_can_store(notify) && systemd_has_room()) {
        keeper->systemd = notify;
        keeper->manager = getppid();
        take_from_systemd(keeper);
        return 0;
    }
    int fd = find_process(keeper);
    if (fd < 0)
        fd = start_process(keeper);
    watch(keeper, fd);
    return fd < 0 ? fd : 0;
}

int keeper_take(struct keeper *keeper, const char *name)
{
    struct kept *kept = find(keeper, name);
    if (!kept || !kept->back)
        return -1;
    kept->back = false;
    return kept->fd;
}

void keeper_keep(struct keeper *keeper, const char *name, int fd)
{
    const struct kept *there = find(keeper, name);
    if (there && there->fd == fd && !there->back)
        return;
    remember(keeper, name, fd, false);
    int failed = 0;
    if (keeper->systemd)
        failed = notify_store(keeper->systemd, name, &fd, 1);
    else if (keeper->source.fd >= 0)
        failed = keeper_send(keeper->source.fd, KEEPER_KEEP, name, fd);
    if (failed && keeper->systemd)
        fard_log("systemd does not keep %s: %s", name, strerror(-failed));
    else if (failed)
        replace(keeper);
}

void keeper_drop(struct keeper *keeper, const char *name)
{
    struct kept *kept = find(keeper, name);
    if (!kept)
        return;
    forget(kept);
    if (keeper->systemd)
        notify_discard(keeper->systemd, name);
    else if (keeper->source.fd >= 0)
        keeper_send(keeper->source.fd, KEEPER_DROP, name, -1); /* if it cannot hear, its end will be seen */
}

unsigned keeper_drop_rest(struct keeper *keeper)
{
    unsigned killed = 0;
    for (struct list *at = keeper->kept.next, *next; at != &keeper->kept; at = next) {
        struct kept *kept = list_entry(at, struct kept, link);
        char name[KEEPER_NAME_MAX];
        next = at->next;
        if (!kept->back)
            continue;
        killed += kill_host(kept);
        memcpy(name, kept->name, sizeof name);
        keeper_drop(keeper, name);
    }
    return killed;
}

static void drop_all(struct keeper *keeper)
{
    while (!list_is_empty(&keeper->kept)) {
        char name[KEEPER_NAME_MAX];
        memcpy(name, list_entry(keeper->kept.next, struct kept, link)->name, sizeof name);
        keeper_drop(keeper, name);
    }
}

bool keeper_has_room_for_clients(const struct keeper *keeper)
{
    long room = keeper->systemd ? atol(getenv("FDSTORE") ? getenv("FDSTORE") : "0") / 2 : 0, count = 2;
    for (const struct list *at = keeper->kept.next; keeper->systemd && at != &keeper->kept; at = at->next)
        count += is_clients(list_entry(at, const struct kept, link)->name);
    return !keeper->systemd || count <= room;
}

pid_t keeper_pid(const struct keeper *keeper)
{
    struct ucred who;
    socklen_t size = sizeof who;
    if (keeper->systemd)
        return keeper->manager;
    if (keeper->pid > 0)
        return keeper->pid;
    bool known = keeper->source.fd >= 0 && getsockopt(keeper->source.fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0;
    return known ? who.pid : 0;
}

void keeper_close(struct keeper *keeper, bool in_order)
{
    if (!keeper)
        return;
    if (in_order && keeper->systemd)
        drop_all(keeper);
    if (in_order && keeper->source.fd >= 0 && keeper_send(keeper->source.fd, KEEPER_QUIT, NULL, -1) != 0 &&
        keeper->pid > 0)
        kill(keeper->pid, SIGKILL);
    if (!in_order)
        keeper->pid = 0; /* it stays: nobody waits for its end */
    let_go(keeper);
    while (!list_is_empty(&keeper->kept))
        forget(list_entry(keeper->kept.next, struct kept, link));
    free(keeper);
}
