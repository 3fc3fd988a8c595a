/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A network that loses answers, repeats requests, and delivers some of them late; and a server that is no etcd. A proxy of this test's own
 * stands between: what is executed and not heard of is found again, never done twice, and what comes late does nothing.
 */
#include "testsuite/unit/check.h"
#include "testsuite/unit/etcd_server.h"

#include <stdatomic.h>
#include <sys/mman.h>

static struct etcd_server server;
static char direct[64], proxied[64], both[160];

/* What the proxy does to requests that write. It counts down. */
struct faults {
    _Atomic int lose;  /* forwards them, and closes instead of answering */
    _Atomic int twice; /* forwards them two times, and gives the second answer */
    _Atomic int hold;  /* keeps them until `release`, and answers nobody */
    _Atomic int held, released;
    _Atomic bool release;
    _Atomic int lie; /* answers with lies[lie - 1] */
};
static struct faults *faults;

static const char *const lies[] = {
    "HTTP/1.0 200 OK\r\n\r\n{\"header\":",
    "HTTP/1.0 200 OK\r\n\r\n[]",
    "HTTP/1.0 200 OK\r\n\r\n{\"header\":{\"cluster_id\":\"1\",\"revision\":\"1\"}}",
    "HTTP/1.0 200 OK\r\n\r\n{\"header\":{\"cluster_id\":-1}}",
    "HTTP/1.0 404 Not Found\r\n\r\nNot Found\n",
    "HTTP/1.0 503 Unavailable\r\n\r\n{\"error\":\"etcdserver: no leader\",\"message\":\"x\",\"code\":14}",
    "HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
    "HTTP/1.0 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}",
    "SSH-2.0-server\r\n",
};

static bool counts_down(_Atomic int *count)
{
    int now = *count;
    while (now > 0)
        if (atomic_compare_exchange_strong(count, &now, now - 1))
            return true;
    return false;
}

/* A whole request of ours: its head, and Content-Length bytes. */
static size_t read_request(int fd, char *text, size_t room)
{
    size_t size = 0;
    for (;;) {
        ssize_t got = recv(fd, text + size, room - 1 - size, 0);
        if (got <= 0)
            return 0;
        size += (size_t)got;
        text[size] = 0;
        const char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
        if (end && length && size >= (size_t)(end + 4 - text) + strtoul(length + 16, NULL, 10))
            return size;
    }
}

/* As HTTP/1.0, so that the answer ends with the connection. */
static size_t forward(char *request, size_t size, char *answer, size_t room)
{
    int fd = socket_at(server.member[0].client, false);
    size_t got = 0;
    ssize_t count;
    memcpy(strstr(request, "HTTP/1.1"), "HTTP/1.0", 8);
    if (fd < 0 || send(fd, request, size, MSG_NOSIGNAL) != (ssize_t)size)
        _exit(1);
    while (got < room && (count = recv(fd, answer + got, room - got, 0)) > 0)
        got += (size_t)count;
    close(fd);
    memcpy(request + (strstr(request, "HTTP/1.0") - request), "HTTP/1.1", 8);
    return got;
}

static void hold_back(char *request, size_t size)
{
    char answer[8192];
    faults->held++;
    for (int64_t end = loop_now() + 20000; !faults->release && loop_now() < end;)
        sleep_ms(5);
    forward(request, size, answer, sizeof answer);
    faults->released++;
    _exit(0);
}

static void serve_one(int fd)
{
    static char request[65536], answer[65536];
    size_t size = read_request(fd, request, sizeof request), got;
    bool writes = size && strstr(request, "requestPut");
    if (!size)
        _exit(0);
    if (faults->lie) {
        const char *text = lies[faults->lie - 1];
        send(fd, text, strlen(text), MSG_NOSIGNAL);
        _exit(0);
    }
    if (writes && counts_down(&faults->hold))
        hold_back(request, size);
    got = forward(request, size, answer, sizeof answer);
    if (writes && counts_down(&faults->lose))
        _exit(0);
    if (writes && counts_down(&faults->twice))
        got = forward(request, size, answer, sizeof answer);
    send(fd, answer, got, MSG_NOSIGNAL);
    _exit(0);
}

static pid_t start_proxy(void)
{
    int listener = socket_at(0, true);
    snprintf(proxied, sizeof proxied, "http://127.0.0.1:%u", port_of(listener));
    pid_t pid = fork();
    if (pid) {
        close(listener);
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fork() == 0)
            serve_one(fd);
        close(fd);
    }
}

static void lost_answers_are_found_again(struct asker *a)
{
    uint64_t end = 0;
    for (int lost = 1; lost <= 3; lost++) {
        faults->lose = lost;
        struct answer answer = ask_lease(a, FAR_GRANULE);
        CHECK(answer.result == 0 && answer.chunk.base >= end && faults->lose == 0);
        /* It is the one that was written first: nothing has been skipped. */
        CHECK(end == 0 || answer.chunk.base == end);
        end = range_after(&answer.chunk);
        struct link_service kv = service_of("kv", (uint32_t)lost, "a", answer.chunk.base);
        faults->lose = lost;
        answer = ask_publish(a, &kv);
        CHECK(answer.result == 0 && answer.has_service && faults->lose == 0);
        kv = answer.service;
        answer = ask_find(a, "kv", (uint32_t)lost + 1);
        CHECK(answer.result == 0 && memcmp(&answer.service, &kv, sizeof kv) == 0);
        faults->lose = lost;
        CHECK(ask_withdraw(a, &kv).result == 0);
        faults->lose = 0;
        CHECK(ask_find(a, "kv", (uint32_t)lost + 1).result == ENOENT);
    }
}

static void repeated_requests_do_nothing(struct asker *a)
{
    faults->twice = 1;
    struct answer answer = ask_lease(a, FAR_GRANULE);
    CHECK(answer.result == 0 && faults->twice == 0);
    struct link_service kv = service_of("again", 1, "a", answer.chunk.base);
    faults->twice = 1;
    answer = ask_publish(a, &kv);
    CHECK(answer.result == 0 && answer.service.revision == ask_find(a, "again", 0).service.revision);
    faults->twice = 1;
    CHECK(ask_withdraw(a, &kv).result == 0 && ask_find(a, "again", 0).result == ENOENT);
    faults->twice = 0;
}

/* A member that has the request, and is stopped: another executes it, the name is withdrawn, and then it goes on. */
static void late_requests_do_nothing(void)
{
    struct asker a;
    snprintf(both, sizeof both, "%s,%s", proxied, direct);
    CHECK(asker_open(&a, "late", 60, 0, both, NULL) && asker_is_present(&a));
    struct range chunk = ask_lease(&a, FAR_GRANULE).chunk;
    struct link_service kv = service_of("kv", 1, "late", chunk.base);
    a.keeper->asking.preferred = 0; /* the proxy */
    faults->hold = 1;
    struct answer answer = ask_publish(&a, &kv);
    CHECK(answer.result == 0 && faults->held == 1);
    CHECK(ask_withdraw(&a, &answer.service).result == 0);
    a.keeper->asking.preferred = 0;
    faults->hold = 1;
    answer = ask_lease(&a, FAR_GRANULE);
    CHECK(answer.result == 0 && faults->held == 2);
    faults->release = true;
    for (int64_t end = loop_now() + 20000; faults->released < 2 && loop_now() < end;)
        sleep_ms(5);
    CHECK(ask_find(&a, "kv", 0).result == ENOENT && ask_address(&a, chunk.base).result == ENOENT);
    struct answer after = ask_lease(&a, FAR_GRANULE);
    CHECK(after.result == 0 && after.chunk.base == range_after(&answer.chunk));
    asker_close(&a);
}

/* Each is passed over while there is another member; alone, it is said what it is. */
static void lies_are_passed_over(void)
{
    struct asker a;
    CHECK(asker_open(&a, "liar", 10, 0, both, NULL));
    CHECK(ask_lease(&a, FAR_GRANULE).result == 0);
    for (unsigned i = 0; i < sizeof lies / sizeof *lies; i++) {
        faults->lie = (int)i + 1;
        a.keeper->asking.preferred = 0;
        CHECK(ask_lease(&a, FAR_GRANULE).result == 0);
        CHECK(a.keeper->asking.preferred == 1);
    }
    asker_close(&a);
    CHECK(asker_open(&a, "liar", 10, 0, proxied, NULL));
    a.keeper->identity.patience_ms = 300;
    for (unsigned i = 0; i < sizeof lies / sizeof *lies; i++) {
        if (i == 2)
            continue; /* believed: this is the first that it hears of a cluster's number */
        faults->lie = (int)i + 1;
        struct answer answer = ask_find(&a, "kv", 0);
        CHECK(answer.result == ETIMEDOUT || answer.result == EHOSTUNREACH);
        CHECK(strstr(answer.error.text, proxied));
    }
    faults->lie = 0;
    asker_close(&a);
}

static void wrong_urls_are_refused(void)
{
    static const char *const wrong[] = {"",
                                        "ftp://127.0.0.1:2379",
                                        "127.0.0.1",
                                        "http://u:p@127.0.0.1:2379",
                                        "http://127.0.0.1:2379/v3",
                                        "http://127.0.0.1:2379?x",
                                        "http://127.0.0.1:2379#x",
                                        "http://127.0.0.1:2379,",
                                        "http://127.0.0.1:99999",
                                        "http://nowhere.invalid:2379",
                                        "https://127.0.0.1:2379"};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct etcd_identity identity = {.node = "a", .seconds = 10};
        struct cluster_keeper *keeper;
        struct far_error error = {0};
        struct loop loop;
        CHECK(loop_init(&loop) == 0);
        CHECK(etcd_open(&loop, &identity, wrong[i], NULL, &keeper, &error) == FARD_REFUSED);
        CHECK(strstr(error.text, "--etcd") && error.exit != 0);
        loop_free(&loop);
    }
}

int main(void)
{
    struct asker a;
    if (!etcd_is_installed())
        return 0;
    faults = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    wrong_urls_are_refused();
    CHECK(server_start(&server, 1, NULL));
    server_urls(&server, direct, sizeof direct);
    pid_t proxy = start_proxy();
    CHECK(asker_open(&a, "a", 60, 0, proxied, NULL) && asker_is_present(&a));
    lost_answers_are_found_again(&a);
    repeated_requests_do_nothing(&a);
    asker_close(&a);
    late_requests_do_nothing();
    lies_are_passed_over();
    kill(proxy, SIGKILL);
    waitpid(proxy, NULL, 0);
    server_end(&server);
    munmap(faults, sizeof *faults);
    return check_result();
}
