/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What all peers do alike: read the command line, start the server, let clients call at once, take the time. */
#include "testsuite/bench/peers/peer.h"

#include "testsuite/bench/bench.h"
#include "testsuite/bench/pingpong.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>

struct meeting {       /* of all processes of one run */
    uint32_t ready;    /* 1: the server takes clients */
    uint32_t slice;    /* the clients' sign to begin */
    uint32_t finished; /* how many clients are */
    uint32_t said;     /* 1: one of us has said what is wrong */
};

static const char *peer_name = "peer";
static struct meeting *meeting;
static pid_t main_process;
static char folder[] = "/tmp/farcall-peer.XXXXXX";
static char socket_path[sizeof folder + 8];

static void remove_folder(void)
{
    if (getpid() != main_process || !socket_path[0])
        return;
    unlink(socket_path);
    rmdir(folder);
}

__attribute__((noreturn, format(printf, 2, 0))) static void end(int code, const char *format, va_list values)
{
    if (!meeting || __atomic_exchange_n(&meeting->said, 1, __ATOMIC_RELAXED) == 0) {
        fprintf(stderr, "%s: ", peer_name);
        vfprintf(stderr, format, values);
        fputc('\n', stderr);
    }
    remove_folder();
    _exit(code);
}

void peer_unavailable(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    end(EX_UNAVAILABLE, format, values);
}

void peer_broken(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    end(EX_SOFTWARE, format, values);
}

void peer_ready(void)
{
    __atomic_store_n(&meeting->ready, 1, __ATOMIC_RELEASE);
    futex_wake(&meeting->ready);
}

bool peer_is(const struct peer_run *run, const char *kind)
{
    return strcmp(run->kind, kind) == 0;
}

unsigned peer_look(const unsigned char *bytes, size_t size)
{
    return size ? *(const volatile unsigned char *)bytes + *(const volatile unsigned char *)(bytes + size - 1) : 0;
}

void peer_change(unsigned char *bytes, size_t size)
{
    if (!size)
        return;
    ++*(volatile unsigned char *)bytes;
    ++*(volatile unsigned char *)(bytes + size - 1);
}

void peer_pin(int core)
{
    if (core >= 0)
        bench_pin(core);
}

static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        peer_broken("no memory: %s", strerror(errno));
    return memory;
}

static bool read_number(const char *text, uint32_t most, uint32_t *number)
{
    char *rest;
    errno = 0;
    unsigned long value = strtoul(text, &rest, 10);
    *number = (uint32_t)value;
    return text[0] >= '0' && text[0] <= '9' && !*rest && !errno && value <= most;
}

static bool read_cores(const char *text, struct peer_run *run)
{
    char rest;
    run->client_core = run->server_core = -1;
    return strcmp(text, "any") == 0 || sscanf(text, "%d,%d%c", &run->client_core, &run->server_core, &rest) == 2;
}

static bool word_in(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

static bool read_case(const char *text, const struct peer *peer, struct peer_run *run)
{
    const char *dash = strrchr(text, '-');
    if (dash && (dash[1] < '0' || dash[1] > '9'))
        dash = NULL; /* part of the name */
    size_t length = dash ? (size_t)(dash - text) : strlen(text);
    run->amount = run->clients = 1;
    if (!length || length >= sizeof run->kind || (dash && !read_number(dash + 1, 1u << 30, &run->amount)))
        return false;
    memcpy(run->kind, text, length);
    if (peer_is(run, "clients"))
        run->clients = run->amount;
    if (run->clients < 1 || run->clients > PEER_CLIENTS_MAX)
        return false;
    if (!word_in(peer->kinds, run->kind))
        peer_unavailable("has no case %s", text);
    return true;
}

static pid_t start(void (*program)(const struct peer *, const struct peer_run *), const struct peer *peer,
                   const struct peer_run *run)
{
    pid_t child = fork();
    if (child < 0)
        peer_broken("no process: %s", strerror(errno));
    if (child)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    program(peer, run);
    _exit(0);
}

static void serve(const struct peer *peer, const struct peer_run *run)
{
    peer_pin(run->server_core);
    peer->serve(run);
}

/* Until `word` is `value`, or a child has failed: then with its exit code. */
static void wait_for(uint32_t *word, uint32_t value)
{
    const struct timespec slice = {0, 200000000};
    int status;
    for (uint32_t now; (now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != value;) {
        syscall(SYS_futex, word, FUTEX_WAIT, now, &slice, NULL, 0);
        if (waitpid(-1, &status, WNOHANG) > 0 && status) {
            remove_folder();
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE);
        }
    }
}

static void *get_bytes(const struct peer_run *run)
{
    unsigned char *bytes = aligned_alloc(4096, (run->amount + 4095) / 4096 * 4096 + 4096);
    if (!bytes)
        peer_broken("no memory");
    return memset(bytes, 1, run->amount);
}

static void *begin_client(const struct peer *peer, struct peer_run *run)
{
    peer_pin(run->client_core);
    run->bytes = get_bytes(run);
    void *connection = peer->connect ? peer->connect(run) : NULL;
    if (peer->slices != 1)
        peer->call(connection, run, run->count / 4 + 1);
    return connection;
}

/* One of many clients. */
static void take_part(const struct peer *peer, const struct peer_run *given)
{
    struct peer_run run = *given;
    void *connection = begin_client(peer, &run);
    for (uint32_t slice = 1;; slice++) {
        if (__atomic_add_fetch(&meeting->finished, 1, __ATOMIC_SEQ_CST) == run.clients * slice)
            futex_wake(&meeting->finished);
        sleep_until(&meeting->slice, slice);
        peer->call(connection, &run, run.count);
    }
}

static int measure_many(const struct peer *peer, struct peer_run *run)
{
    for (run->client = 0; run->client < run->clients; run->client++)
        start(take_part, peer, run);
    for (uint32_t slice = 1; slice <= PEER_SLICES_MANY; slice++) {
        wait_for(&meeting->finished, run->clients * slice);
        double begin = bench_now_ns();
        __atomic_store_n(&meeting->slice, slice, __ATOMIC_SEQ_CST);
        syscall(SYS_futex, &meeting->slice, FUTEX_WAKE, PEER_CLIENTS_MAX, NULL, NULL, 0);
        wait_for(&meeting->finished, run->clients * (slice + 1));
        printf("%.2f ", (bench_now_ns() - begin) / run->count / run->clients);
    }
    return 0;
}

static int measure_one(const struct peer *peer, struct peer_run *run)
{
    void *connection = begin_client(peer, run);
    for (unsigned slice = 0; slice < (peer->slices ? peer->slices : PEER_SLICES); slice++) {
        double begin = bench_now_ns();
        peer->call(connection, run, run->count);
        printf("%.2f ", (bench_now_ns() - begin) / run->count);
    }
    return 0;
}

static void make_socket_path(void)
{
    if (!mkdtemp(folder))
        peer_broken("no folder: %s", strerror(errno));
    snprintf(socket_path, sizeof socket_path, "%s/socket", folder);
}

int peer_main(int argc, char **argv, const struct peer *peer)
{
    struct peer_run run = {0};
    peer_name = peer->name;
    main_process = getpid();
    if (argc != 4 || !read_case(argv[1], peer, &run) || !read_number(argv[2], 100000000, &run.count) || !run.count ||
        !read_cores(argv[3], &run)) {
        fprintf(stderr, "usage: %s CASE COUNT CORES (%s; \"0,1\" or \"any\")\n", peer->name, peer->kinds);
        return EX_USAGE;
    }
    alarm(PEER_SECONDS);
    meeting = share(sizeof *meeting);
    pid_t server = 0;
    if (peer->serve) {
        make_socket_path();
        run.socket = socket_path;
        server = start(serve, peer, &run);
        wait_for(&meeting->ready, 1);
    }
    int code = run.clients == 1 ? measure_one(peer, &run) : measure_many(peer, &run);
    putchar('\n');
    fflush(stdout);
    if (server)
        kill(server, SIGKILL);
    remove_folder();
    _exit(code); /* clients and libraries of peers have nothing left to say; the clients go with us */
}
