/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Names in an etcd of one member: published, found, fenced, withdrawn; chunks that nobody gets twice. */
#include "testsuite/unit/check.h"
#include "testsuite/unit/etcd_server.h"

#include <sys/mman.h>

static struct etcd_server server;
static char urls[256];

static void a_name_is_published_and_found(struct asker *b, const struct range *chunk)
{
    struct link_service kv = service_of("kv", 1, "b", chunk->base);
    struct answer answer = ask_publish(b, &kv);
    CHECK(answer.result == 0 && answer.has_service && answer.service.revision > 0);
    kv.revision = answer.service.revision;
    CHECK(memcmp(&answer.service, &kv, sizeof kv) == 0);
    answer = ask_find(b, "kv", 2);
    CHECK(answer.result == 0 && memcmp(&answer.service, &kv, sizeof kv) == 0);
    answer = ask_find(b, "kv", 0);
    CHECK(answer.result == 0 && memcmp(&answer.service, &kv, sizeof kv) == 0);
    CHECK(ask_find(b, "kv", 1).result == ENOENT);
    CHECK(ask_find(b, "k", 0).result == ENOENT);
    CHECK(ask_find(b, "no name", 0).result == ENOENT);
    answer = ask_address(b, kv.base + FAR_GRANULE - 1);
    CHECK(answer.result == 0 && memcmp(&answer.service, &kv, sizeof kv) == 0);
    CHECK(ask_address(b, kv.base).result == 0);
    CHECK(ask_address(b, kv.base + FAR_GRANULE).result == ENOENT);
    CHECK(ask_address(b, kv.base - 1).result == ENOENT);
    CHECK(ask_address(b, 0).result == ENOENT && ask_address(b, UINT64_MAX).result == ENOENT);
    answer = ask_publish(b, &kv); /* nothing has changed */
    CHECK(answer.result == 0 && answer.service.revision == kv.revision);
}

static void another_node_hears_who_has_it(struct asker *a, const struct range *chunk)
{
    struct link_service kv = service_of("kv", 1, "a", chunk->base);
    struct answer answer = ask_publish(a, &kv);
    CHECK(answer.result == EEXIST && answer.has_service && strcmp(answer.service.node, "b") == 0);
    CHECK(strstr(answer.error.text, "on node 'b'"));
    uint64_t revision = answer.service.revision;
    kv.revision = revision - 1;
    CHECK(ask_publish(a, &kv).result == EEXIST);
    CHECK(ask_withdraw(a, &kv).result == EEXIST);
    kv = service_of("fresh", 1, "a", chunk->base);
    kv.revision = 12345;
    answer = ask_publish(a, &kv);
    CHECK(answer.result == ESTALE && !answer.has_service);
}

/* Moving a service: who has seen the entry may replace it, range and all; who had it before has seen an older one. */
static void a_name_moves_by_its_revision(struct asker *a, struct asker *b)
{
    struct link_service old = ask_find(b, "kv", 0).service, moved = old;
    strcpy(moved.node, "a");
    struct answer answer = ask_publish(a, &moved);
    CHECK(answer.result == 0 && answer.service.revision > old.revision);
    CHECK(strcmp(ask_address(b, old.base).service.node, "a") == 0);
    answer = ask_publish(b, &old);
    CHECK(answer.result == EEXIST && strcmp(answer.service.node, "a") == 0);
    moved = answer.service;
    strcpy(moved.node, "b");
    CHECK(ask_publish(b, &moved).result == 0);
    old.fingerprint++;
    answer = ask_publish(b, &old);
    CHECK(answer.result == ESTALE && answer.service.revision > moved.revision);
}

static void ranges_are_ones_own(struct asker *a, const struct range *of_a, const struct range *of_b)
{
    struct link_service other = service_of("other", 0, "a", of_b->base + 4 * FAR_GRANULE);
    struct answer answer = ask_publish(a, &other);
    CHECK(answer.result == EADDRINUSE && strstr(answer.error.text, "not leased to node 'a'"));
    other.base = of_a->base + of_a->size - FAR_GRANULE;
    other.size = 2 * FAR_GRANULE;
    CHECK(ask_publish(a, &other).result == EADDRINUSE);
    other.size = FAR_GRANULE;
    answer = ask_publish(a, &other);
    CHECK(answer.result == 0);
    struct link_service second = service_of("second", 0, "a", other.base - FAR_GRANULE);
    second.size = 2 * FAR_GRANULE;
    answer = ask_publish(a, &second);
    CHECK(answer.result == EADDRINUSE && strstr(answer.error.text, "service 'other'"));
    /* Elsewhere from now on: the old place is nobody's. */
    uint64_t before = other.base;
    other = answer.service;
    other.base = of_a->base;
    answer = ask_publish(a, &other);
    CHECK(answer.result == 0 && ask_address(a, before).result == ENOENT && ask_address(a, other.base).result == 0);
    second.base = UINT64_MAX - FAR_GRANULE + 1;
    CHECK(ask_publish(a, &second).result == EINVAL);
    second = service_of("second", 0, "b", of_a->base);
    CHECK(ask_publish(a, &second).result == EINVAL);
    CHECK(ask_withdraw(a, &other).result == 0 && ask_find(a, "other", 0).result == ENOENT);
    CHECK(ask_withdraw(a, &other).result == 0 && ask_address(a, other.base).result == ENOENT);
}

static void names_are_listed_in_order(struct asker *b, const struct range *chunk)
{
    static const struct {
        const char *name;
        uint32_t major;
    } named[] = {{"kv", 1}, {"kv", 2}, {"kv", 10}, {"kv_x", 0}, {"z", 65535}};
    char name[FAR_SERVICE_MAX] = "";
    uint32_t version = 0;
    for (unsigned i = 1; i < 5; i++) {
        struct link_service service = service_of(named[i].name, named[i].major, "b", chunk->base + i * FAR_GRANULE);
        CHECK(ask_publish(b, &service).result == 0);
    }
    for (unsigned i = 0; i < 5; i++) {
        struct answer answer = ask_next(b, name, version);
        CHECK(answer.result == 0 && strcmp(answer.service.name, named[i].name) == 0);
        CHECK(answer.service.major == named[i].major);
        memcpy(name, answer.service.name, sizeof name);
        version = answer.service.major + 1;
    }
    CHECK(ask_next(b, name, version).result == ENOENT);
    CHECK(strcmp(ask_next(b, "kv", 0).service.name, "kv") == 0);
    CHECK(ask_find(b, "kv", 0).service.major == 1);
    CHECK(ask_find(b, "z", 65536).result == 0 && ask_find(b, "z", 65537).result == ENOENT);
}

/* Instead of waiting until it has run out. */
static void end_lease(uint64_t lease)
{
    char command[512];
    snprintf(command, sizeof command, "ETCDCTL_API=3 etcdctl --endpoints=%s lease revoke %llx >/dev/null", urls,
             (unsigned long long)lease);
    CHECK(system(command) == 0);
}

/* Whoever comes with the same name takes the place; whoever had it can change nothing, and hears why. */
static void who_was_replaced_is_fenced(const struct range *chunk)
{
    struct asker first, second;
    struct link_service one = service_of("one", 1, "b", chunk->base + 8 * FAR_GRANULE);
    CHECK(asker_open(&first, "b", 2, 0, urls, NULL));
    struct answer answer = ask_publish(&first, &one);
    CHECK(answer.result == 0);
    one = answer.service;
    CHECK(asker_open(&second, "b", 600, 0, urls, NULL));
    struct link_service two = service_of("two", 1, "b", chunk->base + 9 * FAR_GRANULE);
    CHECK(ask_publish(&second, &two).result == 0);
    one.fingerprint++;
    answer = ask_publish(&first, &one);
    CHECK(answer.result == ESTALE && strstr(answer.error.text, "has taken the place"));
    CHECK(ask_withdraw(&first, &one).result == ESTALE);
    CHECK(ask_find(&first, "one", 0).result == 0); /* looking is allowed */
    one.fingerprint--;
    CHECK(ask_withdraw(&second, &one).result == 0);
    /* When that has gone, the place is free again. */
    end_lease(second.keeper->session.lease);
    asker_close(&second);
    CHECK(asker_is_present(&first));
    CHECK(ask_withdraw(&first, &two).result == 0);
    asker_close(&first);
}

/* A node that was stopped for longer than its session: present again by itself, and nothing of it is lost. */
static void presence_comes_back(const struct range *chunk)
{
    struct asker b;
    struct link_service late = service_of("late", 1, "b", chunk->base + 10 * FAR_GRANULE);
    CHECK(asker_open(&b, "b", 1, 0, urls, NULL));
    struct answer answer = ask_publish(&b, &late);
    CHECK(answer.result == 0);
    uint64_t lease = b.keeper->session.lease;
    b.keeper->session.lease = 1; /* as if etcd had forgotten it: kept alive no more */
    for (int64_t end = loop_now() + 20000; loop_now() < end && b.keeper->session.lease <= 1;)
        loop_turn(&b.loop, 100);
    CHECK(b.keeper->session.lease != lease);
    CHECK(ask_find(&b, "late", 0).result == 0);
    answer.service.fingerprint++;
    answer = ask_publish(&b, &answer.service);
    CHECK(answer.result == 0);
    CHECK(ask_withdraw(&b, &answer.service).result == 0);
    asker_close(&b);
}

/* ---- Chunks ---- */

#define ALLOCATORS 8
#define CHUNKS     8

static void allocate(unsigned who, struct range *out)
{
    struct asker asker;
    char node[16];
    struct answer answer[CHUNKS];
    snprintf(node, sizeof node, "n%u", who);
    if (!asker_open(&asker, node, 10, 0, urls, NULL))
        _exit(1);
    asker.keeper->identity.patience_ms = 30000;
    for (unsigned i = 0; i < CHUNKS; i++) { /* all at the same time, also within a node */
        answer[i] = answer_none();
        etcd_lease(asker.keeper, FAR_GRANULE * (1 + i % 3), &answer[i].question);
    }
    for (unsigned i = 0; i < CHUNKS; i++) {
        asker_wait(&asker, &answer[i]);
        if (answer[i].result)
            fprintf(stderr, "%s\n", answer[i].error.text);
        out[i] = answer[i].result ? (struct range){0} : answer[i].chunk;
    }
    asker_close(&asker);
    _exit(0);
}

static int by_base(const void *a, const void *b)
{
    const struct range *one = a, *other = b;
    return one->base < other->base ? -1 : one->base > other->base;
}

static void nobody_gets_a_chunk_twice(void)
{
    const unsigned total = ALLOCATORS * CHUNKS;
    struct range *all = mmap(NULL, total * sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid[ALLOCATORS];
    for (unsigned i = 0; i < ALLOCATORS; i++) {
        pid[i] = fork();
        if (pid[i] == 0)
            allocate(i, all + i * CHUNKS);
    }
    for (unsigned i = 0; i < ALLOCATORS; i++) {
        int status = -1;
        CHECK(waitpid(pid[i], &status, 0) == pid[i] && status == 0);
    }
    qsort(all, total, sizeof *all, by_base);
    for (unsigned i = 0; i < total; i++) {
        CHECK(range_is_sound(&all[i]));
        CHECK(i == 0 || all[i].base >= all[i - 1].base + all[i - 1].size + FAR_GRANULE);
    }
    munmap(all, total * sizeof *all);
}

static void the_window_ends(struct asker *a)
{
    struct answer answer = ask_lease(a, FAR_WINDOW_END - FAR_WINDOW_BEGIN);
    CHECK(answer.result == ENOSPC && strstr(answer.error.text, "no room"));
}

static void a_late_claim_is_refused(void)
{
    struct asker old;
    CHECK(asker_open(&old, "old", 10, FAR_WINDOW_BEGIN + 8 * FAR_GRANULE, urls, NULL));
    struct answer answer = ask_lease(&old, FAR_GRANULE);
    CHECK(answer.result == EEXIST && strstr(answer.error.text, "before it joined"));
    asker_close(&old);
}

static void an_etcd_that_forgets_is_noticed(void)
{
    struct asker old;
    CHECK(asker_open(&old, "old", 10, 0, urls, NULL));
    old.keeper->identity.known = FAR_WINDOW_END;
    struct answer answer = ask_lease(&old, FAR_GRANULE);
    CHECK(answer.result == EEXIST && strstr(answer.error.text, "it has lost what it held"));
    asker_close(&old);
}

/* The first of all may bring along what it has: nobody else gets it. */
static void an_early_claim_is_noted(struct range *chunk)
{
    struct asker b;
    const uint64_t own = FAR_WINDOW_BEGIN + 64 * FAR_GRANULE;
    CHECK(asker_open(&b, "b", 10, own, urls, NULL));
    struct answer answer = ask_lease(&b, 32 * FAR_GRANULE);
    CHECK(answer.result == 0 && answer.chunk.base > own && answer.chunk.size == 32 * FAR_GRANULE);
    *chunk = answer.chunk;
    answer = ask_lease(&b, 32 * FAR_GRANULE); /* it still has it */
    CHECK(answer.result == 0 && answer.chunk.base > chunk->base + chunk->size);
    struct link_service before = service_of("before", 1, "b", FAR_WINDOW_BEGIN + 2 * FAR_GRANULE);
    answer = ask_publish(&b, &before);
    CHECK(answer.result == 0);
    CHECK(ask_withdraw(&b, &before).result == 0);
    asker_close(&b);
}

/* What etcd holds is not believed. */
static void entries_of_others_are_doubted(struct asker *b)
{
    char command[512], words[] = "{\"name\":\"lie\",\"major\":0}";
    snprintf(command, sizeof command,
             "ETCDCTL_API=3 etcdctl --endpoints=%s put /farcall/1/names/lie@00000 '%s' >/dev/null", urls, words);
    CHECK(system(command) == 0);
    struct answer answer = ask_find(b, "lie", 1);
    CHECK(answer.result == EPROTO && strstr(answer.error.text, "/farcall/1/names/lie@00000"));
}

/* Dropped under way: never answered, nothing leaks. */
static void a_question_is_dropped(struct asker *b)
{
    struct answer answer = answer_none();
    struct link_name name = name_of("kv", 0);
    etcd_find(b->keeper, &name, &answer.question);
    etcd_drop(b->keeper, &answer.question);
    etcd_find(b->keeper, &name, &answer.question);
    loop_turn(&b->loop, 0);
    bool came = answer.done; /* so soon, it may have */
    etcd_drop(b->keeper, &answer.question);
    asker_turn_for(b, 50);
    CHECK(answer.done == came);
    answer = answer_none();
    etcd_find(b->keeper, &name, &answer.question); /* and one is under way when it ends */
    loop_turn(&b->loop, 0);
}

int main(void)
{
    struct asker a, b;
    struct range of_a, of_b = {0};
    if (!etcd_is_installed())
        return 0;
    CHECK(server_start(&server, 1, NULL));
    server_urls(&server, urls, sizeof urls);
    an_early_claim_is_noted(&of_b);
    a_late_claim_is_refused();
    an_etcd_that_forgets_is_noticed();
    CHECK(asker_open(&a, "a", 10, 0, urls, NULL) && asker_open(&b, "b", 10, 0, urls, NULL));
    of_a = ask_lease(&a, 16 * FAR_GRANULE).chunk;
    a_name_is_published_and_found(&b, &of_b);
    another_node_hears_who_has_it(&a, &of_a);
    a_name_moves_by_its_revision(&a, &b);
    ranges_are_ones_own(&a, &of_a, &of_b);
    names_are_listed_in_order(&b, &of_b);
    nobody_gets_a_chunk_twice();
    the_window_ends(&a);
    entries_of_others_are_doubted(&b);
    a_question_is_dropped(&b);
    asker_close(&b);
    who_was_replaced_is_fenced(&of_b);
    presence_comes_back(&of_b);
    asker_close(&a);
    server_end(&server);
    return check_result();
}
