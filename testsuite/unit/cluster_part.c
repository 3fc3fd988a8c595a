/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * This node's part in a cluster, with a keeper of the names who answers when this test says so: who waits, who asks, what is said again, and
 * what becomes of questions whose asker has gone. Real clients, over a socket, served by fard's own loop.
 */
#include "runtime/fard/cluster_inside.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

static struct fard fard;
static struct far_error error;
static int listener;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static socklen_t address_size;

/* The last question of each kind, and how many there were. */
struct cluster_keeper {
    struct cluster_question *lease, *publish, *withdraw, *find, *find_address;
    unsigned leases, publishes, withdraws, finds, finds_address, drops;
    struct link_service published;
    struct link_name name;
};
static struct cluster_keeper keeper;

static int fake_begin(struct fard *of, const char *where, struct cluster_keeper **out, struct far_error *why)
{
    (void)of;
    (void)where;
    (void)why;
    *out = &keeper;
    return 0;
}

static void fake_lease(struct cluster_keeper *of, uint64_t bytes, struct cluster_question *question)
{
    CHECK(bytes >= CLUSTER_LEASE);
    of->lease = question;
    of->leases++;
}

static void fake_publish(struct cluster_keeper *of, const struct link_service *service,
                         struct cluster_question *question)
{
    of->published = *service;
    of->publish = question;
    of->publishes++;
}

static void fake_withdraw(struct cluster_keeper *of, const struct link_service *service,
                          struct cluster_question *question)
{
    of->published = *service;
    of->withdraw = question;
    of->withdraws++;
}

static void fake_find(struct cluster_keeper *of, const struct link_name *name, struct cluster_question *question)
{
    of->name = *name;
    of->find = question;
    of->finds++;
}

static void fake_find_address(struct cluster_keeper *of, uint64_t at, struct cluster_question *question)
{
    (void)at;
    of->find_address = question;
    of->finds_address++;
}

static void fake_drop(struct cluster_keeper *of, struct cluster_question *question)
{
    (void)question;
    of->drops++;
}

static void fake_end(struct cluster_keeper *of)
{
    (void)of;
}

static const struct cluster_kind fake = {
    .name = "fake",
    .begin = fake_begin,
    .lease = fake_lease,
    .publish = fake_publish,
    .withdraw = fake_withdraw,
    .find = fake_find,
    .find_address = fake_find_address,
    .drop = fake_drop,
    .end = fake_end,
};

static void answer(struct cluster_question *question, int result, const struct link_service *service,
                   const struct range *chunk)
{
    struct far_error why = {result, EX_UNAVAILABLE, "as the test says"};
    question->answered(question, result, service, chunk, result ? &why : NULL);
}

static void turns(unsigned count)
{
    while (count--) {
        cluster_turn(&fard);
        CHECK(loop_turn(&fard.loop, 0) == 0);
        clients_free_lost(&fard);
        clients_serve_parked(&fard);
    }
}

static void open_listener(void)
{
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "farcall-cluster-%d", getpid());
    address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    CHECK(bind(listener, (struct sockaddr *)&address, address_size) == 0 && listen(listener, 16) == 0);
}

static int connect_one(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(connect(fd, (struct sockaddr *)&address, address_size) == 0);
    CHECK(client_accept(&fard, listener) == 0);
    return fd;
}

static void ask_link(int fd, uint64_t at)
{
    struct {
        struct far_message head;
        struct far_link_request body;
    } message = {{FAR_PROTOCOL_MAGIC, sizeof message, FAR_MSG_LINK, 1, 9}, {at}};
    CHECK(send(fd, &message, sizeof message, 0) == sizeof message);
    turns(4);
}

static void ask_description(int fd, const char *name)
{
    struct {
        struct far_message head;
        struct far_name_request body;
    } message = {{FAR_PROTOCOL_MAGIC, sizeof message, FAR_MSG_DESCRIBE, 1, 9}, {.first = 0}};
    strcpy(message.body.name, name);
    CHECK(send(fd, &message, sizeof message, 0) == sizeof message);
    turns(4);
}

static void ask_domain(int fd)
{
    struct {
        struct far_message head;
        struct far_domain_request body;
    } message = {{FAR_PROTOCOL_MAGIC, sizeof message, FAR_MSG_DOMAIN, 1, 9}, {0, 0}};
    CHECK(send(fd, &message, sizeof message, 0) == sizeof message);
    turns(4);
}

/* The code of the error that came, 0 for an answer, -1: nothing. */
static int code_of_answer(int fd)
{
    static struct {
        struct far_message head;
        struct far_error error;
        char more[4096];
    } reply;
    turns(2);
    ssize_t got = recv(fd, &reply, sizeof reply, MSG_DONTWAIT);
    if (got < (ssize_t)sizeof reply.head)
        return -1;
    return reply.head.type == (FAR_MSG_ERROR | FAR_MSG_REPLY) ? reply.error.code : 0;
}

/* Who needs an address waits for the first lease, and for nothing else. */
static void check_first_lease(void)
{
    const struct range chunk = {FAR_WINDOW_BEGIN + 4 * CLUSTER_CHUNK, CLUSTER_LEASE};
    int fd = connect_one();
    CHECK(keeper.leases == 1);
    ask_domain(fd);
    CHECK(code_of_answer(fd) == -1);
    answer(keeper.lease, 0, NULL, &chunk);
    CHECK(code_of_answer(fd) == 0);
    CHECK(store_has_chunks(fard.store) && fard.domains.ranges.chunk_count == 1 &&
          fard.domains.ranges.chunk[0].range.base == chunk.base);
    close(fd);
    turns(4);
    CHECK(keeper.leases == 2); /* that was much of it: ahead of need */
    answer(keeper.lease, ENOMEM, NULL, NULL);
}

static void check_questions(void)
{
    const uint64_t nowhere = FAR_WINDOW_BEGIN + CLUSTER_CHUNK;
    int first = connect_one(), second = connect_one(), gone = connect_one();
    ask_link(first, nowhere);
    ask_link(second, nowhere);
    ask_link(gone, nowhere);
    CHECK(keeper.finds_address == 1 && code_of_answer(first) == -1);
    close(gone);
    turns(4);
    answer(keeper.find_address, ENOENT, NULL, NULL);
    CHECK(code_of_answer(first) == ENOENT && code_of_answer(second) == ENOENT);

    ask_link(first, nowhere);
    CHECK(keeper.finds_address == 2);
    answer(keeper.find_address, EHOSTUNREACH, NULL, NULL);
    CHECK(code_of_answer(first) == ENOENT && cluster_trouble(&fard)[0]);
    ask_link(first, nowhere); /* who cannot be asked is not asked by everybody */
    CHECK(keeper.finds_address == 2 && code_of_answer(first) == ENOENT);
    cluster_keeper_back(&fard);
    CHECK(!cluster_trouble(&fard)[0]);

    ask_description(first, "kv");
    CHECK(keeper.finds == 1 && strcmp(keeper.name.name, "kv") == 0 && keeper.name.major == 0);
    answer(keeper.find, ENOENT, NULL, NULL);
    CHECK(code_of_answer(first) == ENOENT);
    close(first);
    close(second);
    turns(4);
}

/* Somebody says what makes no sense; and one that it is here, which is not so. */
static void check_lies(void)
{
    struct link_service lie = {.base = FAR_WINDOW_BEGIN, .size = FAR_GRANULE, .major = 1, .executable_count = 1};
    int fd = connect_one();
    strcpy(lie.name, "kv");
    ask_description(fd, "kv");
    answer(keeper.find, 0, &lie, NULL); /* of this node, whose name is empty here */
    CHECK(code_of_answer(fd) == ENOENT && !registry_find(&fard.registry, "kv"));
    close(fd);
    turns(4);
}

static void check_telling(void)
{
    struct service *service;
    static struct far_iface record = {.minor = 0};
    struct link_service there, entry;
    CHECK(service_new(&service) == 0);
    strcpy(service->name, "here");
    service->executable_count = 1;
    service->executable[0].iface = calloc(1, sizeof record);
    CHECK(store_take_range(fard.store, "here", 1, &service->id, &service->range, &error) == 0);
    CHECK(registry_add(&fard.registry, service) == 0 && store_add_service(fard.store, service, &error) == 0);
    unsigned before = keeper.publishes;
    cluster_changed(&fard, service);
    CHECK(keeper.publishes == before + 1 && keeper.published.revision == 0);
    there = keeper.published;
    there.revision = 41;
    answer(keeper.publish, EEXIST, &there, NULL); /* of an earlier life of this node's */
    CHECK(keeper.publishes == before + 2 && keeper.published.revision == 41);
    there.revision = 42;
    answer(keeper.publish, 0, &there, NULL);
    CHECK(store_published(fard.store, service->id) == 42 && service->published);
    CHECK(keeper.publishes == before + 2);

    cluster_keeper_back(&fard); /* he may have lost it */
    CHECK(keeper.publishes == before + 3 && keeper.published.revision == 42);
    answer(keeper.publish, EHOSTUNREACH, NULL, NULL);
    CHECK(!service->published);
    cluster_keeper_back(&fard);
    CHECK(keeper.publishes == before + 4);
    answer(keeper.publish, 0, &there, NULL);

    cluster_describe(&fard, service, &entry);
    strcpy(entry.node, "us"); /* this fard has no certificate */
    CHECK(store_remove_service(fard.store, service, &error) == 0);
    registry_remove(&fard.registry, service);
    service_free(service);
    cluster_withdraw(&fard, &entry);
    CHECK(keeper.withdraws == 1 && keeper.published.revision == 42);
    answer(keeper.withdraw, ETIMEDOUT, NULL, NULL);
    cluster_keeper_back(&fard);
    CHECK(keeper.withdraws == 2);
    answer(keeper.withdraw, 0, NULL, NULL);
    CHECK(!store_first_withdrawn(fard.store, &entry));
}

/* Whoever waits when fard ends is not asked after any more. */
static void check_end(void)
{
    int fd = connect_one();
    ask_description(fd, "never");
    unsigned before = keeper.drops;
    cluster_end(&fard);
    CHECK(keeper.drops > before && !fard.cluster);
    close(fd);
    turns(4);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int main(void)
{
    char path[] = "/tmp/cluster_part.XXXXXX";
    if (!mkdtemp(path))
        abort();
    open_listener();
    CHECK(fard_init(&fard) == 0 && store_open(&fard.store, path, &error) == 0);
    CHECK(cluster_begin(&fard, &fake, NULL, &error) == 0);
    check_first_lease();
    check_questions();
    check_lies();
    check_telling();
    check_end();
    fard_free(&fard);
    close(listener);
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return check_result();
}
