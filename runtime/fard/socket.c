/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The socket that fard listens on: one fard a socket; one left behind by a fard that died is replaced. */
#include "runtime/fard/fard.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define LISTENER_TRIES   20
#define LISTENER_WAIT_US 50000

int socket_default_path(char *path, size_t size, struct far_error *error)
{
    const char *chosen = getenv(FAR_SOCKET_ENV), *runtime = getenv("XDG_RUNTIME_DIR");
    int length;
    if (chosen && *chosen)
        length = snprintf(path, size, "%s", chosen);
    else if (getuid() == 0)
        length = snprintf(path, size, "%s", FAR_SOCKET_SYSTEM);
    else if (runtime && *runtime)
        length = snprintf(path, size, "%s%s", runtime, FAR_SOCKET_USER_SUFFIX);
    else
        return refuse(error, ENOENT, EX_USAGE,
                      "no place for the socket: XDG_RUNTIME_DIR is not set; say --socket PATH");
    if (length < 0 || (size_t)length >= size)
        return refuse(error, ENAMETOOLONG, EX_USAGE, "the socket's path is too long; say --socket PATH");
    return 0;
}

static int refuse_path(struct far_error *error, const char *path, const char *what)
{
    int code = errno;
    return refuse(error, code, EX_CANTCREAT, "%s: %s: %s; choose another --socket", path, what, strerror(code));
}

static int create_folder(const char *path, struct far_error *error)
{
    char copy[sizeof((struct sockaddr_un *)0)->sun_path];
    strcpy(copy, path);
    const char *folder = dirname(copy);
    mode_t mask = umask(022);
    int made = mkdir(folder, 0755);
    umask(mask);
    return made == 0 || errno == EEXIST ? 0 : refuse_path(error, folder, "the socket's folder cannot be created");
}

/* Beside the socket, and left there: removing a lock file would open a race. */
static int take_lock(struct fard *fard, const char *path, struct far_error *error)
{
    char *lock;
    if (asprintf(&lock, "%s.lock", path) < 0)
        return -ENOMEM;
    fard->socket_lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int result = fard->socket_lock < 0 ? refuse_path(error, lock, "cannot be opened") : 0;
    free(lock);
    /* Not flock(): a child that was forked a moment before fard was killed would hold it as well. */
    const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (!result && fcntl(fard->socket_lock, F_SETLK, &whole) < 0) {
        struct flock who = whole;
        fcntl(fard->socket_lock, F_GETLK, &who);
        result = refuse(error, EADDRINUSE, EX_UNAVAILABLE,
                        "another fard listens on %s: process %d; stop it, or choose another --socket", path, who.l_pid);
    }
    return result;
}

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/*
 * The lock is ours, so no fard listens there. A child of one that was killed may, until it becomes the program it was forked
 * for, which takes no time to speak of.
 */
static bool somebody_listens(const struct sockaddr_un *address, int most_tries)
{
    int result = 0;
    for (int tries = 0; tries < most_tries && result == 0; tries++) {
        int fd = new_socket();
        result = fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? -errno : 0;
        if (fd >= 0)
            close(fd);
        if (result == 0 && tries + 1 < most_tries)
            usleep(LISTENER_WAIT_US);
    }
    return result != -ECONNREFUSED;
}

/* Nobody answers: what is there was left behind. Anything that is no socket is somebody else's and stays. */
static int remove_stale(const struct sockaddr_un *address, int tries, struct far_error *error)
{
    struct stat status;
    if (lstat(address->sun_path, &status) < 0)
        return errno == ENOENT ? 0 : refuse_path(error, address->sun_path, "cannot be looked at");
    if (!S_ISSOCK(status.st_mode))
        return refuse(error, EEXIST, EX_CANTCREAT, "%s is there already and is no socket; choose another --socket",
                      address->sun_path);
    if (somebody_listens(address, tries))
        return refuse(error, EADDRINUSE, EX_UNAVAILABLE,
                      "something listens on %s already; stop it, or choose another --socket", address->sun_path);
    return unlink(address->sun_path) < 0 && errno != ENOENT
               ? refuse_path(error, address->sun_path, "cannot be replaced")
               : 0;
}

/* Everybody may connect: who it is, the kernel says (SO_PEERCRED), and the policy decides. */
static int bind_socket(int fd, const struct sockaddr_un *address, struct far_error *error)
{
    /* Everybody's from its first moment: who waits for a fard that is started anew must not find it closed to him. */
    mode_t mask = umask(0111);
    int failed = bind(fd, (const struct sockaddr *)address, sizeof *address);
    umask(mask);
    if (failed)
        return refuse_path(error, address->sun_path, "cannot be created");
    if (listen(fd, SOMAXCONN) < 0)
        return refuse_path(error, address->sun_path, "cannot be listened on");
    return 0;
}

static int listener_ready(struct source *source, uint32_t events)
{
    struct fard *fard = list_entry(source, struct fard, listener);
    (void)events;
    return client_accept(fard, source->fd);
}

static int replace_socket(const struct sockaddr_un *address, int tries, int *out, struct far_error *error)
{
    int result = remove_stale(address, tries, error);
    if (result)
        return result;
    int fd = new_socket();
    if (fd < 0)
        return -errno;
    result = bind_socket(fd, address, error);
    if (result)
        close(fd);
    else
        *out = fd;
    return result;
}

/* 0: there is nothing. */
static uint64_t inode_at(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 ? status.st_ino : 0;
}

static int start_listening(struct fard *fard, const struct sockaddr_un *address, struct far_error *error)
{
    int fd = -1;
    int result = replace_socket(address, LISTENER_TRIES, &fd, error);
    if (result)
        return result;
    fard->socket_path = realpath(address->sun_path, NULL); /* the daemon leaves the folder it was started in */
    fard->socket_inode = inode_at(address->sun_path);
    fard->listener = (struct source){fd, listener_ready};
    return fard->socket_path ? loop_watch(&fard->loop, &fard->listener, EPOLLIN) : -errno;
}

int socket_listen(struct fard *fard, const char *path, struct far_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return refuse(error, ENAMETOOLONG, EX_USAGE,
                      "%s: a socket's path has at most %zu bytes; choose a shorter --socket", path,
                      sizeof address.sun_path - 1);
    strcpy(address.sun_path, path);
    int result = create_folder(path, error);
    result = result ? result : take_lock(fard, path, error);
    result = result ? result : start_listening(fard, &address, error);
    if (result < 0)
        describe_failure(error, result, path);
    return result;
}

/* Somebody else has made it, its folder and its rights: systemd.socket(5). Its path is for hosts and for people. */
int socket_adopt(struct fard *fard, int fd, struct far_error *error)
{
    struct sockaddr_un address = {0};
    socklen_t size = sizeof address - 1; /* a path may lack its NUL */
    fard->listener = (struct source){fd, listener_ready};
    fard->socket_given = true;
    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return -errno;
    if (address.sun_family != AF_UNIX || address.sun_path[0] != '/')
        return refuse(error, EINVAL, EX_CONFIG,
                      "the socket that was handed over has no path: its unit needs ListenSequentialPacket=/PATH");
    fard->socket_path = strdup(address.sun_path);
    if (!fard->socket_path || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return fard->socket_path ? -errno : -ENOMEM;
    return loop_watch(&fard->loop, &fard->listener, EPOLLIN);
}

/* The lock of a folder that was emptied keeps nobody out any more. One that is still there must not be closed. */
static int look_after_lock(struct fard *fard, struct far_error *error)
{
    char lock[sizeof((struct sockaddr_un *)0)->sun_path + sizeof ".lock"];
    struct stat status;
    snprintf(lock, sizeof lock, "%s.lock", fard->socket_path);
    if (fstat(fard->socket_lock, &status) == 0 && inode_at(lock) == status.st_ino)
        return 0;
    int old = fard->socket_lock;
    int result = take_lock(fard, fard->socket_path, error);
    if (result && fard->socket_lock >= 0)
        close(fard->socket_lock);
    if (result)
        fard->socket_lock = old;
    else
        close(old);
    return result;
}

static int listen_again(struct fard *fard, struct far_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct source listener = {-1, listener_ready};
    strcpy(address.sun_path, fard->socket_path);
    int result = create_folder(fard->socket_path, error);
    result = result ? result : look_after_lock(fard, error);
    result = result ? result : replace_socket(&address, 1, &listener.fd, error);
    if (result)
        return result;
    loop_forget(&fard->loop, &fard->listener);
    close(fard->listener.fd);
    fard->listener = listener;
    fard->socket_inode = inode_at(fard->socket_path);
    return loop_watch(&fard->loop, &fard->listener, EPOLLIN);
}

void socket_look_after(struct fard *fard)
{
    struct far_error error = {0};
    const struct log_field fields[] = {{"socket", fard->socket_path, 0}};
    if (!fard->socket_inode || inode_at(fard->socket_path) == fard->socket_inode)
        return;
    int result = listen_again(fard, &error);
    if (result < 0)
        describe_failure(&error, result, fard->socket_path);
    if (result)
        log_event(LOG_LEVEL_WARNING, "socket-lost", fields, 1,
                  "the socket %s was removed, and cannot be made anew: %s; a SIGHUP tries it again", fard->socket_path,
                  error.text);
    else
        log_event(LOG_LEVEL_NOTICE, "socket-restored", fields, 1, "the socket %s was removed; it is there again",
                  fard->socket_path);
}

void socket_close(struct fard *fard)
{
    if (fard->listener.fd >= 0) {
        loop_forget(&fard->loop, &fard->listener);
        close(fard->listener.fd);
    }
    fard->listener.fd = -1;
    /* Another may have taken the place of one that was removed. */
    if (fard->socket_path && !fard->socket_given && inode_at(fard->socket_path) == fard->socket_inode)
        unlink(fard->socket_path);
    free(fard->socket_path);
    fard->socket_path = NULL;
    fard->socket_inode = 0;
    if (fard->socket_lock >= 0)
        close(fard->socket_lock);
    fard->socket_lock = -1;
}
