/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Names in an etcd of three members, of which some are stopped, cut off and killed under load; and answers that get lost on the way. Chunks
 * are never given twice, names are what the last answer said, and when etcd is away whoever asks hears so, and goes on when it is back.
 */
#include "testsuite/unit/check.h"
#include "testsuite/unit/etcd_server.h"

#include <sys/mman.h>

static struct etcd_server server;
static char urls[256];

/* ---- Load: processes that take chunks and publish names, until they are told to end ---- */

#define WORKERS     3
#define WORKER_ROOM 20000

struct work {
    volatile bool end;
    struct {
        volatile unsigned count;    /* of chunks */
        volatile unsigned failures; /* of questions, with a stated reason */
        volatile unsigned wrong;    /* what was answered and is not so */
        struct range chunk[WORKER_ROOM];
    } of[WORKERS];
};

/* Published, looked up again, replaced, withdrawn: a name of this worker alone, so what it is told must be so. */
static void use_name(struct asker *asker, struct work *work, unsigned who, const struct range *chunk, unsigned round)
{
    char name[32], node[8];
    snprintf(node, sizeof node, "n%u", who);
    snprintf(name, sizeof name, "w%u_%u", who, round % 4);
    struct link_service service = service_of(name, 1, node, chunk->base);
    struct answer answer = ask_publish(asker, &service);
    if (answer.result == 0) {
        struct answer found = ask_find(asker, name, 2);
        work->of[who].wrong += found.result == 0 && memcmp(&found.service, &answer.service, sizeof found.service) != 0;
        work->of[who].wrong += found.result == ENOENT;
    } else {
        work->of[who].failures++;
        work->of[who].wrong += answer.result == EEXIST || answer.result == EPROTO;
    }
    if (round % 3 == 0)
        ask_withdraw(asker, &service);
}

static void work_on(struct work *work, unsigned who)
{
    struct asker asker;
    char node[8];
    snprintf(node, sizeof node, "n%u", who);
    if (!asker_open(&asker, node, 10, 0, urls, NULL))
        _exit(1);
    for (unsigned round = 0; !work->end && work->of[who].count < WORKER_ROOM; round++) {
        struct answer answer = ask_lease(&asker, FAR_GRANULE);
        if (answer.result) {
            work->of[who].failures++;
            continue;
        }
        work->of[who].chunk[work->of[who].count] = answer.chunk;
        work->of[who].count++;
        use_name(&asker, work, who, &answer.chunk, round);
    }
    asker_close(&asker);
    _exit(0);
}

static unsigned done_so_far(const struct work *work)
{
    unsigned total = 0;
    for (unsigned i = 0; i < WORKERS; i++)
        total += work->of[i].count;
    return total;
}

/* Everybody has got on since: no partition and no election lasts for ever. */
static bool all_get_on(const struct work *work)
{
    unsigned before[WORKERS], on = 0;
    for (unsigned i = 0; i < WORKERS; i++)
        before[i] = work->of[i].count;
    for (int64_t end = loop_now() + 20000; loop_now() < end && on < WORKERS; sleep_ms(20)) {
        on = 0;
        for (unsigned i = 0; i < WORKERS; i++)
            on += work->of[i].count >= before[i] + 3;
    }
    return on == WORKERS;
}

static int by_base(const void *a, const void *b)
{
    const struct range *one = a, *other = b;
    return one->base < other->base ? -1 : one->base > other->base;
}

static void no_chunk_was_given_twice(const struct work *work)
{
    unsigned total = done_so_far(work), filled = 0;
    struct range *all = calloc(total + 1, sizeof *all);
    for (unsigned i = 0; i < WORKERS; i++) {
        memcpy(all + filled, (const void *)work->of[i].chunk, work->of[i].count * sizeof *all);
        filled += work->of[i].count;
    }
    qsort(all, total, sizeof *all, by_base);
    for (unsigned i = 1; i < total; i++)
        CHECK(all[i].base >= all[i - 1].base + all[i - 1].size + FAR_GRANULE);
    free(all);
}

static void hold(unsigned i, bool stop)
{
    kill(server.member[i].pid, stop ? SIGSTOP : SIGCONT);
}

/* One that follows does not answer; then the leader, for longer than an election; then the leader is killed, and comes back. */
static void disturb(const struct work *work)
{
    int leader = server_leader(&server);
    CHECK(leader >= 0 && all_get_on(work));
    unsigned follower = ((unsigned)leader + 1) % 3;
    hold(follower, true);
    CHECK(all_get_on(work));
    hold(follower, false);
    hold((unsigned)leader, true);
    CHECK(all_get_on(work));
    hold((unsigned)leader, false);
    for (int64_t end = loop_now() + 10000; loop_now() < end && (leader = server_leader(&server)) < 0;)
        sleep_ms(20);
    CHECK(leader >= 0);
    if (leader >= 0) {
        member_kill(&server, (unsigned)leader);
        CHECK(all_get_on(work));
        member_start(&server, (unsigned)leader);
        CHECK(all_get_on(work));
    }
}

static void load_survives_its_members(void)
{
    struct work *work = mmap(NULL, sizeof *work, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid[WORKERS];
    for (unsigned i = 0; i < WORKERS; i++) {
        pid[i] = fork();
        if (pid[i] == 0)
            work_on(work, i);
    }
    disturb(work);
    work->end = true;
    for (unsigned i = 0; i < WORKERS; i++) {
        int status = -1;
        CHECK(waitpid(pid[i], &status, 0) == pid[i] && status == 0);
        CHECK(work->of[i].wrong == 0);
        fprintf(stderr, "n%u: %u chunks, %u questions failed\n", i, work->of[i].count, work->of[i].failures);
    }
    no_chunk_was_given_twice(work);
    munmap(work, sizeof *work);
}

/* ---- All of it away, and back ---- */

static void loss_is_said_in_words(void)
{
    struct asker a;
    CHECK(asker_open(&a, "a", 10, 0, urls, NULL));
    struct range chunk = ask_lease(&a, 4 * FAR_GRANULE).chunk;
    struct link_service kv = service_of("kv", 1, "a", chunk.base),
                        new = service_of("new", 1, "a", chunk.base + FAR_GRANULE);
    CHECK(ask_publish(&a, &kv).result == 0);
    for (unsigned i = 0; i < server.count; i++)
        member_kill(&server, i);
    int64_t begun = loop_now();
    struct answer answer = ask_publish(&a, &new);
    CHECK(answer.result == EHOSTUNREACH && strstr(answer.error.text, "http://127.0.0.1:"));
    CHECK(strstr(answer.error.text, "what is bound works on"));
    CHECK(ask_find(&a, "kv", 0).result == EHOSTUNREACH && ask_lease(&a, FAR_GRANULE).result == EHOSTUNREACH);
    CHECK(loop_now() - begun < 8000);
    for (unsigned i = 0; i < server.count; i++)
        member_start(&server, i);
    CHECK(server_wait(&server));
    for (int64_t end = loop_now() + 20000; loop_now() < end && a.keeper->asking.lost;)
        loop_turn(&a.loop, 100); /* it notices by itself */
    CHECK(!a.keeper->asking.lost);
    CHECK(ask_publish(&a, &new).result == 0);
    CHECK(ask_find(&a, "kv", 0).result == 0);
    asker_close(&a);
}

static void silence_is_bounded(void)
{
    struct asker a;
    CHECK(asker_open(&a, "a", 10, 0, urls, NULL));
    a.keeper->identity.patience_ms = 2500;
    CHECK(ask_find(&a, "kv", 0).result == 0);
    for (unsigned i = 0; i < server.count; i++)
        hold(i, true);
    int64_t begun = loop_now();
    struct answer answer = ask_find(&a, "kv", 0);
    CHECK(answer.result == ETIMEDOUT && loop_now() - begun < 2500 + 2000);
    begun = loop_now();
    CHECK(a.keeper->asking.lost && ask_find(&a, "kv", 0).result == ETIMEDOUT);
    CHECK(loop_now() - begun < 2500 + 2000);
    for (unsigned i = 0; i < server.count; i++)
        hold(i, false);
    for (int64_t end = loop_now() + 20000; loop_now() < end && ask_find(&a, "kv", 0).result != 0;)
        sleep_ms(50);
    CHECK(ask_find(&a, "kv", 0).result == 0);
    asker_close(&a);
}

int main(void)
{
    if (!etcd_is_installed())
        return 0;
    CHECK(server_start(&server, 3, NULL));
    server_urls(&server, urls, sizeof urls);
    load_survives_its_members();
    loss_is_said_in_words();
    silence_is_bounded();
    server_end(&server);
    return check_result();
}
