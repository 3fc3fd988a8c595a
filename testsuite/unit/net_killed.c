/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The other side is killed, or stops taking what is sent and then is killed: whoever waits for it hears that it has gone. */
#include "check.h"
#include "net_pair.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* The other process: says that it is there, then nothing more. */
static void be_silent(enum wire_transport number, int fd)
{
    struct transport *end;
    const struct transport_kind *kind = transport_load(number, NULL);
    const struct iovec part = {(char *)"here", 4};
    if (!kind || kind->begin(fd, false, pair_ticket, pair_secret, 0, &end, NULL) || kind->send(end, &part, 1, 0))
        _exit(1);
    for (;;)
        pause();
}

struct killing {
    pid_t other;
    int after_us;
};

static void *kill_it(void *argument)
{
    struct killing *killing = argument;
    usleep((useconds_t)killing->after_us);
    kill(killing->other, SIGKILL);
    return NULL;
}

static int wait_for_it(struct transport *end, bool sends)
{
    static char bytes[1 << 20];
    const struct iovec part = {bytes, sizeof bytes};
    size_t got;
    int result;
    do
        result = sends ? end->kind->send(end, &part, 1, 0) : end->kind->receive(end, bytes, 1, 1, &got, 0);
    while (!result);
    return result;
}

/* In a process of its own: whoever forks has loaded nothing yet. */
static int killed(enum wire_transport number, bool sends)
{
    struct transport *end;
    struct far_error error = {0};
    pthread_t killer;
    char here[4];
    size_t got;
    int fd[2];
    pair_sockets(fd);
    struct killing killing = {.other = fork(), .after_us = 50000};
    if (killing.other == 0) {
        close(fd[0]);
        be_silent(number, fd[1]);
    }
    close(fd[1]);
    const struct transport_kind *kind = transport_load(number, &error);
    CHECK(kind && kind->begin(fd[0], true, pair_ticket, pair_secret, 0, &end, &error) == 0);
    if (check_failures) {
        fprintf(stderr, "%s\n", error.text);
        kill(killing.other, SIGKILL);
        return check_result();
    }
    CHECK(kind->receive(end, here, 4, 4, &got, 0) == 0);
    pthread_create(&killer, NULL, kill_it, &killing);
    CHECK(wait_for_it(end, sends) == -ECONNRESET);
    CHECK(wait_for_it(end, !sends) == -ECONNRESET);
    pthread_join(killer, NULL);
    transport_end(end);
    waitpid(killing.other, NULL, 0);
    return check_result();
}

static bool is_installed(enum wire_transport number)
{
    const pid_t child = fork();
    int status = -1;
    if (child == 0)
        _exit(!transport_load(number, NULL));
    waitpid(child, &status, 0);
    return status == 0;
}

int main(void)
{
    for (enum wire_transport number = WIRE_TLS; number < WIRE_TRANSPORT_COUNT; number++)
        for (int sends = 0; sends < 2 && is_installed(number); sends++) {
            const pid_t child = fork();
            int status = -1;
            if (child == 0)
                exit(killed(number, sends));
            CHECK(waitpid(child, &status, 0) == child && status == 0);
            if (status)
                fprintf(stderr, "with %s\n", wire_transport_word(number));
        }
    return check_result();
}
