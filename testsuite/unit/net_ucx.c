/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* UCX is a guest in the program: it takes no signal, hooks no memory, prints nothing, whatever its variables say; and obeys the rest of them. */
#include "check.h"
#include "net_pair.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static void (*handlers[NSIG])(int);

static void note_handlers(bool first)
{
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action))
            continue;
        if (first)
            handlers[number] = action.sa_handler;
        else
            CHECK(handlers[number] == action.sa_handler);
    }
}

static void talk(const struct transport_kind *kind)
{
    struct transport *end[2];
    char to[8] = "";
    size_t got = 0;
    pair_make(kind, end);
    const struct iovec part = {(char *)"hello", 5};
    CHECK(kind->send(end[0], &part, 1, 0) == 0);
    CHECK(kind->receive(end[1], to, 5, 8, &got, 0) == 0 && memcmp(to, "hello", 5) == 0);
    transport_end(end[0]);
    transport_end(end[1]);
}

/* Who connects says how long UCX's address is, and nothing else is believed of it. */
static void rubbish(const struct transport_kind *kind, const void *bytes, size_t size, int expected)
{
    struct transport *end;
    struct far_error error;
    int fd[2];
    pair_sockets(fd);
    CHECK(write(fd[1], bytes, size) == (ssize_t)size);
    shutdown(fd[1], SHUT_WR);
    CHECK(kind->begin(fd[0], false, pair_ticket, pair_secret, 0, &end, &error) == expected && error.text[0]);
    close(fd[1]);
}

static int with_environment(const char *transports)
{
    struct far_error error;
    setenv("UCX_HANDLE_ERRORS", "bt", 1);
    setenv("UCX_MEM_EVENTS", "y", 1);
    setenv("UCX_TLS", transports, 1);
    char **const variables = environ;
    note_handlers(true);
    const struct transport_kind *kind = transport_load(WIRE_UCX, &error);
    CHECK(kind != NULL);
    if (kind) {
        talk(kind);
        rubbish(kind, "\0\0\0\0", 4, -EPROTO);
        rubbish(kind, "\377\377\377\377", 4, -EPROTO);
        rubbish(kind, "\100\0\0\0half", 8, -ECONNRESET);
    }
    note_handlers(false);
    CHECK(environ == variables && strcmp(getenv("UCX_HANDLE_ERRORS"), "bt") == 0);
    return check_result();
}

/* Each in a process of its own: UCX reads its settings once. */
static void in_child(const char *transports)
{
    const pid_t child = fork();
    int status = -1;
    if (child == 0)
        exit(with_environment(transports));
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    char own[512];
    const ssize_t size = readlink("/proc/self/exe", own, sizeof own - 64);
    own[size < 0 ? 0 : size] = '\0';
    char *slash = strrchr(own, '/');
    if (!slash)
        return 1;
    strcpy(slash, "/../lib/libfarcall-ucx.so");
    if (access(own, F_OK)) {
        fprintf(stderr, "built without UCX: nothing to test\n");
        return 0;
    }
    in_child("tcp");
    in_child("posix,sysv,cma,tcp");
    in_child("all");
    return check_result();
}
