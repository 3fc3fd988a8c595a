/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * fard's loop under a flood, turn by turn, in this process: one user has hundreds of connections, each with requests
 * waiting; another asks once. What is checked is counted, not timed: in each turn of the loop the flood gets what one
 * user's share pays for at most, and the other is answered as soon as its connection has come up once.
 */
#include "runtime/fard/fard.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FLOOD = 300, EACH = 6, FLOODER = 64002, OTHER = 64001, WAIT_TURNS = FLOOD / LOOP_BATCH + 3 };

/* More requests than that cannot be paid by one share: each is charged FAIR_REQUEST_NS at least; the last may overdraw. */
#define TURN_MAX (FAIR_QUANTUM_NS / FAIR_REQUEST_NS + 1)

static struct fard fard;
static int listener;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static socklen_t address_size;

static void open_listener(void)
{
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "farcall-turns-%d", getpid());
    address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    CHECK(bind(listener, (struct sockaddr *)&address, address_size) == 0 && listen(listener, 16) == 0);
}

/* The kernel remembers who connects: the effective uid of that moment. */
static int connect_as(uid_t uid)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(seteuid(uid) == 0);
    CHECK(connect(fd, (struct sockaddr *)&address, address_size) == 0);
    CHECK(seteuid(0) == 0);
    CHECK(client_accept(&fard, listener) == 0);
    return fd;
}

static void request(int fd)
{
    struct {
        struct far_message head;
        struct far_page_request body;
    } message = {{FAR_PROTOCOL_MAGIC, sizeof message, FAR_MSG_LIST, 1, 9}, {0, 0}};
    CHECK(send(fd, &message, sizeof message, 0) == sizeof message);
}

static bool is_answered(int fd)
{
    char answer[256];
    return recv(fd, answer, sizeof answer, MSG_DONTWAIT | MSG_TRUNC) > 0;
}

static struct account *account_of(uid_t uid)
{
    for (struct list *at = fard.accounts.next; at != &fard.accounts; at = at->next)
        if (list_entry(at, struct account, link)->uid == uid)
            return list_entry(at, struct account, link);
    abort();
}

static bool turn(void)
{
    CHECK(loop_turn(&fard.loop, 0) == 0);
    clients_free_lost(&fard);
    return clients_serve_parked(&fard);
}

static void drain(const int *fd)
{
    for (int i = 0; i < FLOOD; i++)
        is_answered(fd[i]);
}

static void test_flood(int *flood, int other)
{
    struct account *flooder = account_of(FLOODER), *asker = account_of(OTHER);
    unsigned turns = 0;
    for (int i = 0; i < FLOOD * EACH; i++)
        request(flood[i % FLOOD]);
    request(other);
    while (!is_answered(other) && turns < 1000) {
        uint64_t before = flooder->requests;
        turn();
        turns++;
        /* Twice: a turn begins with what the last one left of its share. */
        CHECK(flooder->requests - before <= 2 * TURN_MAX);
        drain(flood);
    }
    CHECK(asker->requests == 1 && asker->deferred == 0);
    CHECK(turns <= WAIT_TURNS);
    CHECK(flooder->requests < FLOOD * EACH / 2);
    CHECK(flooder->deferred > 0);
}

/* Nothing is lost, and nobody is forgotten: in the end all are answered. */
static void test_all_answered(const int *flood)
{
    const struct account *flooder = account_of(FLOODER);
    for (long turns = 0; flooder->requests < FLOOD * EACH && turns < 1000000; turns++) {
        turn();
        drain(flood);
    }
    CHECK(flooder->requests == FLOOD * EACH);
    for (int i = 0; i < 1000 && turn(); i++)
        ;
    CHECK(list_is_empty(&fard.parked)); /* the loop may sleep again */
}

/* Whoever is alone does not wait turn by turn for what its last request took too much. */
static void test_alone(int other)
{
    struct account *account = account_of(OTHER);
    fair_spend(&account->share, fard.turn, 100 * (int64_t)FAIR_QUANTUM_NS);
    request(other);
    turn(); /* it is parked */
    CHECK(!is_answered(other));
    turn(); /* there is nothing else to do */
    CHECK(is_answered(other));
}

/* Those who go while they wait are gone, and the rest is served. */
static void test_leaving(int *flood)
{
    for (int i = 0; i < FLOOD; i++)
        request(flood[i]);
    turn();
    for (int i = 0; i < FLOOD - 1; i++)
        close(flood[i]);
    for (int i = 0; i < 100000 && account_of(FLOODER)->clients > 1; i++)
        turn();
    CHECK(account_of(FLOODER)->clients == 1);
    for (int i = 0; i < 100000 && !is_answered(flood[FLOOD - 1]); i++)
        turn();
    close(flood[FLOOD - 1]);
}

int main(void)
{
    int flood[FLOOD];
    if (geteuid() != 0) {
        puts("not root: nobody else's connections can be made");
        return 0;
    }
    CHECK(fard_init(&fard) == 0);
    open_listener();
    for (int i = 0; i < FLOOD; i++)
        flood[i] = connect_as(FLOODER);
    int other = connect_as(OTHER);
    for (int i = 0; i < 10000 && turn(); i++) /* connecting was paid for too */
        ;
    test_flood(flood, other);
    test_all_answered(flood);
    test_alone(other);
    test_leaving(flood);
    close(other);
    close(listener);
    fard_free(&fard);
    return check_result();
}
