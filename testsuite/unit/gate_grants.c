/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a host makes of granted regions: whose they are, where they begin and end, that a call holds what it was given, and that one
 * which is left goes when the last call has ended. fard is a socket here.
 */
#include "runtime/host/grant.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define BASE  (FAR_WINDOW_BEGIN + 0x5000000000)
#define SIZE  ((uint64_t)FAR_REGION_UNIT)
#define APART ((uint64_t)1 << 27)

static int fard; /* its end of the socket */

static void connect_host(void)
{
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    fard = fcntl(ends[0], F_DUPFD, 100);
    int host = fcntl(ends[1], F_DUPFD, 100);
    CHECK(fard >= 0 && dup2(host, FAR_HOST_FD) == FAR_HOST_FD);
}

/* What the host has said: its code, for that number. -1: nothing. */
static int heard(uint32_t number, enum far_message_type type)
{
    struct {
        struct far_message head;
        struct far_host_domain_reply body;
    } packet;
    if (recv(fard, &packet, sizeof packet, MSG_DONTWAIT) != sizeof packet)
        return -1;
    CHECK(packet.head.type == (type | FAR_MSG_REPLY) && packet.body.domain == number);
    return packet.body.code;
}

static int make_memory(uint64_t size, int seals)
{
    int memory = memfd_create("far:region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CHECK(memory >= 0 && ftruncate(memory, (off_t)size) == 0 && fcntl(memory, F_ADD_SEALS, seals) == 0);
    return memory;
}

static struct far_host_domain region(uint32_t number, uint32_t access, uint64_t connection)
{
    return (struct far_host_domain){
        .base = BASE + number * APART, .size = SIZE, .connection = connection, .domain = number, .access = access};
}

static int map(const struct far_host_domain *what, int memory)
{
    grant_map(what, memory);
    return heard(what->domain, FAR_MSG_HOST_MAP);
}

static void unmap(uint32_t number)
{
    const struct far_host_unmap what = {.domain = number};
    CHECK(grant_unmap(&what));
}

static bool is_mapped(const struct far_host_domain *what)
{
    return msync((void *)what->base, (size_t)sysconf(_SC_PAGESIZE), MS_ASYNC) == 0;
}

static void check_whose(struct worker *worker, struct worker *other, int memory)
{
    const struct far_host_domain reads = region(1, FAR_GRANT_READ, 7), writes = region(2, FAR_GRANT_WRITE, 7);
    CHECK(map(&writes, memory) == 0 && map(&reads, memory) == 0);
    CHECK(grant_take(worker, reads.base, SIZE, false) && grant_take(worker, reads.base + SIZE - 1, 1, false));
    CHECK(!grant_take(worker, reads.base, SIZE, true));
    CHECK(!grant_take(worker, reads.base, SIZE + 1, false) && !grant_take(worker, reads.base + SIZE, 1, false));
    CHECK(!grant_take(worker, reads.base + SIZE, 0, false) && grant_take(worker, reads.base, 0, false));
    CHECK(!grant_take(worker, reads.base + 1, UINT64_MAX, false) && !grant_take(worker, reads.base - 1, 2, false));
    CHECK(!grant_take(worker, 0, 1, false) && !grant_take(worker, UINT64_MAX, 1, false));
    CHECK(grant_take(worker, writes.base, SIZE, true));
    CHECK(!grant_take(other, reads.base, 1, false) && !grant_take(other, writes.base, 1, true));
    CHECK(other->grants.count == 0 && worker->grants.count == 2);
    grants_let_go(worker);
    CHECK(worker->grants.count == 0);
    unmap(1);
    CHECK(heard(1, FAR_MSG_HOST_UNMAP) == 0 && !is_mapped(&reads) && is_mapped(&writes));
    unmap(2);
    CHECK(heard(2, FAR_MSG_HOST_UNMAP) == 0 && !is_mapped(&writes));
    CHECK(!grant_take(worker, writes.base, 1, false) && !grant_unmap(&(struct far_host_unmap){.domain = 2}));
}

/* In a nested call too: what the calls around it hold stays theirs. */
static void check_held(struct worker *worker, int memory)
{
    const struct far_host_domain one = region(1, FAR_GRANT_READ, 7), two = region(2, FAR_GRANT_READ, 7);
    CHECK(map(&one, memory) == 0 && map(&two, memory) == 0);
    CHECK(grant_take(worker, one.base, 1, false));
    worker->grants.outer = worker->grants.count;
    CHECK(grant_take(worker, one.base, 1, false) && grant_take(worker, two.base, 1, false));
    unmap(1);
    unmap(2);
    CHECK(heard(1, FAR_MSG_HOST_UNMAP) == -1 && is_mapped(&one) && is_mapped(&two));
    CHECK(grant_take(worker, two.base, SIZE, false)); /* as long as the call lasts */
    grants_let_go(worker);
    CHECK(heard(2, FAR_MSG_HOST_UNMAP) == 0 && !is_mapped(&two) && is_mapped(&one));
    worker->grants.outer = 0;
    grants_let_go(worker);
    CHECK(heard(1, FAR_MSG_HOST_UNMAP) == 0 && !is_mapped(&one));
}

/* While it leaves, nobody gets it; granted again, everybody does. */
static void check_again(struct worker *worker, struct worker *other, int memory)
{
    struct far_host_domain one = region(1, FAR_GRANT_READ, 7);
    CHECK(map(&one, memory) == 0 && grant_take(worker, one.base, 1, false));
    unmap(1);
    other->connection = 7;
    CHECK(!grant_take(other, one.base, 1, false));
    one.access = FAR_GRANT_WRITE;
    CHECK(map(&one, memory) == 0 && grant_take(other, one.base, SIZE, true));
    *(volatile char *)one.base = 1;
    one.access = FAR_GRANT_READ;
    CHECK(map(&one, memory) == EBUSY); /* a call may be writing there */
    *(volatile char *)one.base = 2;
    grants_let_go(worker);
    grants_let_go(other);
    other->connection = 8;
    one.access = FAR_GRANT_WRITE;
    one.connection = 8; /* the client has come again */
    CHECK(map(&one, memory) == 0 && !grant_take(worker, one.base, 1, false) && grant_take(other, one.base, 1, false));
    grants_let_go(other);
    unmap(1);
    CHECK(heard(1, FAR_MSG_HOST_UNMAP) == 0);
}

/* Another fard: what it does not name goes, and a number that comes again is another region. */
static void check_forgotten(struct worker *worker, int memory)
{
    const struct far_host_domain one = region(1, FAR_GRANT_READ, 7), two = region(2, FAR_GRANT_READ, 7);
    struct far_host_domain again = region(3, FAR_GRANT_READ, 7);
    CHECK(map(&one, memory) == 0 && map(&two, memory) == 0 && grant_take(worker, one.base, 1, false));
    grants_doubt();
    CHECK(map(&two, memory) == 0);
    grants_forget();
    CHECK(is_mapped(&one) && is_mapped(&two));
    again.domain = 1;
    CHECK(map(&again, memory) == 0 && is_mapped(&again));
    grants_let_go(worker);
    CHECK(heard(1, FAR_MSG_HOST_UNMAP) == -1 && !is_mapped(&one) && is_mapped(&again));
    unmap(1);
    unmap(2);
    CHECK(heard(1, FAR_MSG_HOST_UNMAP) == 0 && heard(2, FAR_MSG_HOST_UNMAP) == 0);
}

static void check_refused(int memory)
{
    struct far_host_domain what = region(1, FAR_GRANT_READ, 7), bad = what;
    int shrinks = make_memory(SIZE, F_SEAL_GROW), shorter = make_memory(SIZE / 2, F_SEAL_SHRINK);
    CHECK(map(&what, shrinks) == EPROTO && map(&what, shorter) == EPROTO);
    bad.access = 2;
    CHECK(map(&bad, memory) == EPROTO);
    bad = what;
    bad.base = FAR_WINDOW_END - SIZE / 2;
    CHECK(map(&bad, memory) == EPROTO);
    bad.base = what.base;
    bad.size = UINT64_MAX;
    CHECK(map(&bad, memory) == EPROTO);
    CHECK(map(&what, memory) == 0);
    bad.size = SIZE;
    bad.domain = 2; /* the same place */
    CHECK(map(&bad, memory) == EEXIST);
    bad.domain = 1;
    bad.base += APART; /* the same number */
    CHECK(map(&bad, memory) == EPROTO && is_mapped(&what));
    unmap(1);
    CHECK(heard(1, FAR_MSG_HOST_UNMAP) == 0);
    close(shrinks);
    close(shorter);
}

int main(void)
{
    struct worker *worker = calloc(1, sizeof *worker), *other = calloc(1, sizeof *other);
    CHECK(worker && other);
    worker->connection = 7;
    other->connection = 8;
    connect_host();
    int memory = make_memory(SIZE, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    check_whose(worker, other, memory);
    check_held(worker, memory);
    check_again(worker, other, memory);
    check_forgotten(worker, memory);
    check_refused(memory);
    free(worker);
    free(other);
    return check_result();
}
