/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * One user floods fard, another binds: flood MODE CONNECTIONS ROUNDS. As root; the attacker is uid 64002, the victim 64001.
 * Rounds without and with the attack alternate; each is BINDS binds over one connection, one after the other. Prints both
 * medians of the rounds' medians, in microseconds, their ratio, and what the attacker got answered meanwhile.
 *
 *     describe   each connection asks for a description again and again, as fast as it is answered
 *     burst      the same, with as many requests under way as the socket takes
 *     bind       binds, as fast as they are answered
 *     rubbish    what is no message; the connection is closed for it, and opened again
 *     deaf       asks, and never reads an answer; opened again when fard has had enough
 *     churn      connects and goes
 *     open       opens every connection it can, and keeps them
 *     narrow     narrows a capability (FLOOD_TOKEN) and revokes what came of it, again and again: writes of the store
 *     spin       nothing but processor time: what the machine itself makes of two more busy processes
 */
#include "testsuite/attack/Inputs/attack.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define BINDS     200
#define ROUNDS    64
#define ATTACKERS 2

/* Of all attackers together. */
struct progress {
    uint64_t passes; /* over all their connections */
    uint64_t answered;
};

/* The attack is under way: each has been at each of its connections. */
static void wait_for_passes(const struct progress *progress)
{
    uint64_t from = __atomic_load_n(&progress->passes, __ATOMIC_RELAXED);
    for (int i = 0; i < 20000 && __atomic_load_n(&progress->passes, __ATOMIC_RELAXED) < from + 2 * ATTACKERS; i++)
        nap(1);
}

static int try_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", getenv("FARCALL_SOCKET"));
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool say(int fard, uint16_t type, const void *body, size_t size)
{
    struct far_message head = {FAR_PROTOCOL_MAGIC, (uint32_t)(sizeof head + size), type, 1, 7};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)(uintptr_t)body, size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return sendmsg(fard, &message, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

static bool take(int fard)
{
    char bytes[256];
    return recv(fard, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC) > 0;
}

/* The answer says which there is to be revoked. */
static void narrow_and_revoke(int fard, uint64_t *answered)
{
    static struct answer answer;
    struct far_capability_request narrow = {0};
    struct far_capability_revoke revoke = {0};
    const struct far_capability_reply *reply = (const void *)(answer.bytes + sizeof answer.head);
    snprintf(narrow.token, sizeof narrow.token, "%s", getenv("FLOOD_TOKEN"));
    memcpy(revoke.by, narrow.token, sizeof revoke.by);
    if (ask(fard, FAR_MSG_CAPABILITY_NARROW, &narrow, sizeof narrow, &answer) != 0)
        return;
    revoke.id = reply->id;
    *answered += ask(fard, FAR_MSG_CAPABILITY_REVOKE, &revoke, sizeof revoke, &answer) == 0;
}

static void attack_connection(const char *mode, int *fard, const uint8_t *bind, size_t bind_size, uint64_t *answered)
{
    struct far_name_request name = {.name = "kv"};
    if (*fard < 0 && (*fard = try_connect()) < 0)
        return;
    if (!strcmp(mode, "describe")) {
        *answered += take(*fard);
        say(*fard, FAR_MSG_DESCRIBE, &name, sizeof name);
    } else if (!strcmp(mode, "burst")) {
        while (take(*fard))
            ++*answered;
        while (say(*fard, FAR_MSG_DESCRIBE, &name, sizeof name))
            ;
    } else if (!strcmp(mode, "bind")) {
        *answered += take(*fard);
        say(*fard, FAR_MSG_RESOLVE, bind, bind_size);
    } else if (!strcmp(mode, "narrow")) {
        narrow_and_revoke(*fard, answered);
    } else if (!strcmp(mode, "rubbish")) {
        send(*fard, "rubbish", 7, MSG_DONTWAIT | MSG_NOSIGNAL);
        close(*fard);
        *fard = -1;
    } else if (!strcmp(mode, "deaf")) {
        while (say(*fard, FAR_MSG_DESCRIBE, &name, sizeof name))
            ;
        if (errno == EPIPE || errno == ECONNRESET) {
            close(*fard);
            *fard = -1;
        }
    } else if (!strcmp(mode, "churn")) {
        close(*fard);
        *fard = -1;
    }
}

/*
 * Attacker and victim share one processor, the attacker with a tenth of its weight, so that what is
 * measured is fard and not who gets a processor. Start fard on the other one: taskset -c 0 fard.
 */
static void stay_on(int processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    sched_setaffinity(0, sizeof set, &set); /* with one processor alone it stays where it is */
}

/* Also after a change of uid, which undoes it; and nobody must wait for what holds a pipe of its parent's. */
static void leave_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() == 1)
        _exit(1);
}

static _Noreturn void attack(const char *mode, int connections, const uint8_t *bind, size_t bind_size,
                             struct progress *progress)
{
    struct rlimit limit = {8192, 8192};
    int fard[4096];
    setrlimit(RLIMIT_NOFILE, &limit);
    must(setresgid(64002, 64002, 64002) == 0 && setresuid(64002, 64002, 64002) == 0);
    leave_with_parent();
    stay_on(1);
    must(setpriority(PRIO_PROCESS, 0, 19) == 0);
    raise(SIGSTOP);
    memset(fard, -1, sizeof fard);
    for (;;) {
        uint64_t here = 0;
        for (int i = 0; i < connections; i++)
            attack_connection(mode, &fard[i], bind, bind_size, &here);
        __atomic_fetch_add(&progress->answered, here, __ATOMIC_RELAXED);
        __atomic_fetch_add(&progress->passes, 1, __ATOMIC_RELAXED);
        if (!strcmp(mode, "open"))
            nap(1);
    }
}

static int compare(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

static double median(double *value, int count)
{
    qsort(value, (size_t)count, sizeof *value, compare);
    return value[count / 2];
}

/* In microseconds. */
static double round_of_binds(int fard, const uint8_t *bind, size_t bind_size, int pause_ms)
{
    double took[BINDS];
    static struct answer answer;
    for (int i = 0; i < BINDS; i++) {
        double begin = seconds();
        must(ask(fard, FAR_MSG_RESOLVE, bind, bind_size, &answer) == 0);
        took[i] = (seconds() - begin) * 1e6;
        if (pause_ms)
            nap(pause_ms);
    }
    return median(took, BINDS);
}

int main(int argc, char **argv)
{
    double quiet[ROUNDS], loud[ROUNDS];
    uint8_t bind[1024];
    must(argc == 4);
    int rounds = atoi(argv[3]), connections = atoi(argv[2]);
    int pause_ms = !strcmp(argv[1], "narrow"); /* what cannot be interrupted meets only who comes in the middle of it */
    must(rounds > 0 && rounds <= ROUNDS && connections > 0 && connections <= 4096);
    struct progress *progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t attacker[ATTACKERS];
    int asking = connect_fard();
    size_t bind_size = bind_request(asking, "kv", FAR_LEVEL_UNSET, bind);
    close(asking);
    for (int i = 0; i < ATTACKERS; i++) {
        attacker[i] = fork();
        if (attacker[i] == 0) {
            close(STDOUT_FILENO);
            attack(argv[1], connections, bind, bind_size, progress);
        }
        waitpid(attacker[i], NULL, WUNTRACED);
    }
    must(setresgid(64001, 64001, 64001) == 0 && setresuid(64001, 64001, 0) == 0);
    stay_on(1);
    int fard = connect_fard();
    for (int i = 0; i < rounds; i++) {
        quiet[i] = round_of_binds(fard, bind, bind_size, pause_ms);
        must(seteuid(0) == 0);
        for (int j = 0; j < ATTACKERS; j++)
            kill(attacker[j], SIGCONT);
        wait_for_passes(progress);
        loud[i] = round_of_binds(fard, bind, bind_size, pause_ms);
        for (int j = 0; j < ATTACKERS; j++)
            kill(attacker[j], SIGSTOP);
        nap(50);
        must(seteuid(64001) == 0);
    }
    must(seteuid(0) == 0);
    for (int j = 0; j < ATTACKERS; j++)
        kill(attacker[j], SIGKILL);
    double before = median(quiet, rounds), during = median(loud, rounds);
    printf(
        "%s: bind %.1f us alone, %.1f us under attack, ratio %.2f; the attacker went round %llu times and was answered "
        "%llu times\n",
        argv[1], before, during, during / before, (unsigned long long)progress->passes,
        (unsigned long long)progress->answered);
    return 0;
}
