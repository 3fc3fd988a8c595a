/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Pages that go along with calls: client and host each have their copy of a domain segment, both write at random, and calls go back
 * and forth; against one array to which all writes are applied in order. Calls on two connections overtake each other.
 */
#include "check.h"
#include "runtime/net/bundle_borrower.h"
#include "runtime/net/bundle_lender.h"

#include <stdlib.h>
#include <string.h>

#define PAGES 24u
#define BYTES (PAGES * BUNDLE_PAGE)
#define BASE  0x500000000000u

static uint64_t seed = 88172645463325252u;

static uint32_t below(uint32_t most)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 11) % most;
}

/* Both sides, and what should be there. */
struct world {
    uint8_t client[BYTES], host[BYTES], model[BYTES];
    bool may_use[PAGES], set_apart[PAGES]; /* as the hooks were told */
    uint32_t all_apart;
    struct bundle_lender lender;
    struct bundle_borrower borrower;
    uint64_t sent_bytes, fetched;
};

static bool open_pages(void *context, uint64_t address, uint64_t bytes, bool open)
{
    struct world *world = context;
    for (uint64_t page = address; page < address + bytes; page += BUNDLE_PAGE)
        world->may_use[(page - BASE) / BUNDLE_PAGE] = open;
    return true;
}

static void drop_pages(void *context, uint64_t address, uint64_t bytes)
{
    struct world *world = context;
    memset(world->host + (address - BASE), 0xEE, bytes);
}

/* Of pages that were there before, each once. */
static void set_apart(void *context, uint64_t address, uint64_t bytes)
{
    struct world *world = context;
    CHECK(bytes && bundle_page_find(&world->borrower.pages, address));
    CHECK(!world->set_apart[(address - BASE) / BUNDLE_PAGE]);
    world->set_apart[(address - BASE) / BUNDLE_PAGE] = true;
    world->all_apart++;
}

static const struct borrower_hooks hooks = {open_pages, drop_pages, set_apart};
static const struct bundle_range range = {BASE, BYTES};

static struct world *world_new(void)
{
    struct world *world = calloc(1, sizeof *world);
    lender_begin(&world->lender, &range);
    borrower_begin(&world->borrower, &range, (char *)world->host, &hooks, world);
    memset(world->host, 0xEE, sizeof world->host);
    return world;
}

static void world_free(struct world *world)
{
    lender_end(&world->lender);
    borrower_end(&world->borrower);
    free(world);
}

static void put_set(struct world *world, const struct bundle_set *set, struct bundle_body *body)
{
    bundle_begin(body, &range, 0);
    for (uint32_t i = 0; i < set->count; i++)
        CHECK(lender_put(&world->lender, body, set->page[i], world->client + (set->page[i] - BASE), false));
    CHECK(!body->failed && bundle_count(body) == set->count);
    world->sent_bytes += body->size;
}

static void take(struct world *world, const struct bundle_body *body)
{
    char why[128] = "";
    CHECK(bundle_check(body->at, body->size, &range, why, sizeof why) == 0);
    CHECK(borrower_take(&world->borrower, body->at, body->size));
}

/* The service touches a page: it is open, or it is fetched. */
static uint8_t *touch(struct world *world, uint32_t page)
{
    struct bundle_body body = {0};
    uint64_t address = BASE + (uint64_t)page * BUNDLE_PAGE;
    CHECK(world->may_use[page] == borrower_is_open(&world->borrower, address));
    if (!borrower_is_open(&world->borrower, address)) {
        bundle_begin(&body, &range, WIRE_PAGES_FETCHED);
        CHECK(lender_put(&world->lender, &body, address, world->client + (address - BASE), true));
        take(world, &body);
        world->fetched++;
        CHECK(world->may_use[page]);
    }
    bundle_body_free(&body);
    return world->host + page * BUNDLE_PAGE;
}

static void random_set(struct bundle_set *set, uint32_t most)
{
    for (uint32_t i = below(most + 1); i > 0; i--) {
        uint64_t from = below(BYTES - 1), bytes = 1 + below(below(4) ? 200 : 3 * BUNDLE_PAGE);
        CHECK(bundle_set_add(set, BASE + from, from + bytes > BYTES ? BYTES - from : bytes));
    }
    bundle_set_order(set);
}

static void answer(struct world *world, struct bundle_body *body)
{
    bundle_begin(body, &range, 0);
    borrower_put(&world->borrower, body);
    world->sent_bytes += body->size;
}

static void hear(struct world *world, const struct bundle_body *body)
{
    char why[128] = "";
    CHECK(bundle_check(body->at, body->size, &range, why, sizeof why) == 0);
    CHECK(lender_take(&world->lender, body->at, body->size, (char *)world->client));
}

/* One thread: all that the service reads is as it should be, and all that it wrote arrives. Another writes beside it. */
static void one_call(struct world *world)
{
    struct bundle_set set = {0};
    struct bundle_body body = {0}, back = {0};
    for (uint32_t i = below(40); i > 0; i--) {
        uint32_t at = below(BYTES);
        world->client[at] = world->model[at] = (uint8_t)below(256);
    }
    random_set(&set, 6);
    put_set(world, &set, &body);
    take(world, &body);
    lender_lend(&world->lender, &set);
    for (uint32_t i = below(200); i > 0; i--) {
        uint32_t at = below(BYTES), page = at / BUNDLE_PAGE;
        if (!below(20))
            page = at / BUNDLE_PAGE;
        else if (set.count)
            page = (uint32_t)((set.page[below(set.count)] - BASE) / BUNDLE_PAGE);
        at = page * BUNDLE_PAGE + at % BUNDLE_PAGE;
        uint8_t *memory = touch(world, page);
        if (at % 2) { /* the client's other thread has these */
            world->client[at] = world->model[at] = (uint8_t)below(256);
            continue;
        }
        CHECK(memory[at % BUNDLE_PAGE] == world->model[at]);
        memory[at % BUNDLE_PAGE] = world->model[at] = (uint8_t)below(256);
    }
    answer(world, &back);
    borrower_let_go(&world->borrower, true);
    for (uint32_t i = 0; i < PAGES; i++)
        CHECK(!world->may_use[i]);
    hear(world, &back);
    lender_give_back(&world->lender, &set);
    CHECK(memcmp(world->client, world->model, BYTES) == 0);
    bundle_body_free(&body);
    bundle_body_free(&back);
    bundle_set_free(&set);
}

static void test_calls(uint32_t twins_client, uint32_t twins_host)
{
    struct world *world = world_new();
    world->lender.pages.twins_most = twins_client;
    world->borrower.pages.twins_most = twins_host;
    for (uint32_t i = 0; i < 400 && !check_failures; i++) {
        if (!below(30))
            lender_forget(&world->lender);
        if (!below(50)) { /* another host */
            borrower_end(&world->borrower);
            memset(world->set_apart, 0, sizeof world->set_apart);
            borrower_begin(&world->borrower, &range, (char *)world->host, &hooks, world);
            world->borrower.pages.twins_most = twins_host;
        }
        one_call(world);
    }
    world_free(world);
}

/* What goes over the second time: nothing but what has changed. */
static void test_second_time(void)
{
    struct world *world = world_new();
    struct bundle_set set = {0};
    struct bundle_body body = {0}, back = {0};
    CHECK(bundle_set_add(&set, BASE, BYTES));
    for (int i = 0; i < 5; i++) {
        put_set(world, &set, &body);
        if (i == 0)
            CHECK(body.size == sizeof(struct wire_pages) + PAGES * (sizeof(struct wire_page) + BUNDLE_PAGE));
        else if (i == 1)
            CHECK(body.size == sizeof(struct wire_pages) + PAGES * sizeof(struct wire_page));
        else
            CHECK(body.size == sizeof(struct wire_pages) + PAGES * sizeof(struct wire_page) + 5);
        take(world, &body);
        for (uint64_t page = 0; page < PAGES; page++)
            CHECK(borrower_is_open(&world->borrower, BASE + page * BUNDLE_PAGE));
        answer(world, &back);
        CHECK(bundle_count(&back) == 0);
        borrower_let_go(&world->borrower, true);
        world->client[5000] += i;
    }
    CHECK(!world->fetched && world->all_apart == 1); /* all of them are neighbours */
    bundle_body_free(&body);
    bundle_body_free(&back);
    bundle_set_free(&set);
    world_free(world);
}

/*
 * Two threads: their frames and their answers overtake each other. Whose a byte is: 0 and 1 the threads', 2 and 3 what the services of
 * each write.
 */
static void write_as(uint8_t *memory, uint8_t *model, uint32_t page, uint32_t whose)
{
    for (uint32_t i = below(30); i > 0; i--) {
        uint32_t at = page * BUNDLE_PAGE + below(BUNDLE_PAGE / 4) * 4 + whose;
        memory[at] = model[at] = (uint8_t)below(256);
    }
}

static void check_bytes_of(const uint8_t *memory, const uint8_t *model, uint32_t page, uint32_t whose)
{
    for (uint32_t at = page * BUNDLE_PAGE + whose; at < (page + 1) * BUNDLE_PAGE; at += 4)
        CHECK(memory[at] == model[at]);
}

/* Services may write what the one before has written; they take turns. */
static void serve_as(struct world *world, const struct bundle_set *set, uint32_t whose)
{
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t page = (uint32_t)((set->page[i] - BASE) / BUNDLE_PAGE);
        touch(world, page);
        check_bytes_of(world->host, world->model, page, whose); /* its client's thread's */
        check_bytes_of(world->host, world->model, page, 2);     /* and all that any service ever wrote */
        check_bytes_of(world->host, world->model, page, 3);
        write_as(world->host, world->model, page, 2 + below(2));
    }
}

static void hear_call(struct world *world, const struct bundle_set *set, struct bundle_body *back)
{
    if (!back->size)
        return;
    hear(world, back);
    back->size = 0;
    lender_give_back(&world->lender, set);
}

/* The other call has not begun, or neither has the page, or the client writes what that will not. */
static void write_what_was_heard(struct world *world, const struct bundle_set *heard, const struct bundle_set *other)
{
    for (uint32_t i = 0; i < heard->count; i++)
        if (!bundle_set_has(other, heard->page[i]))
            write_as(world->client, world->model, (uint32_t)((heard->page[i] - BASE) / BUNDLE_PAGE), 2);
}

static void test_overtaking(void)
{
    struct world *world = world_new();
    for (uint32_t round = 0; round < 300 && !check_failures; round++) {
        struct bundle_set set[2] = {{0}, {0}};
        struct bundle_body body[2] = {{0}, {0}}, back[2] = {{0}, {0}};
        for (uint32_t i = 0; i < 2; i++) {
            random_set(&set[i], 5);
            for (uint32_t page = 0; page < PAGES; page++)
                write_as(world->client, world->model, page, i);
            put_set(world, &set[i], &body[i]);
            lender_lend(&world->lender, &set[i]);
        }
        uint32_t first = below(2), heard = below(2);
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t which = first ^ i;
            take(world, &body[which]);
            serve_as(world, &set[which], which);
            answer(world, &back[which]);
            borrower_let_go(&world->borrower, true);
            if (i == 0 && below(2)) /* heard before the other begins */
                hear_call(world, &set[which], &back[which]);
        }
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t which = heard ^ i;
            hear_call(world, &set[which], &back[which]);
            write_what_was_heard(world, &set[which], &set[!which]);
        }
        CHECK(memcmp(world->client, world->model, BYTES) == 0);
        for (uint32_t i = 0; i < 2; i++) {
            bundle_body_free(&body[i]);
            bundle_body_free(&back[i]);
            bundle_set_free(&set[i]);
        }
    }
    world_free(world);
}

/*
 * A change that the client has heard of, and written over, comes again with the next answer: the host did not know yet that it was heard. It
 * is not written again.
 */
static void test_heard_meanwhile(void)
{
    struct world *world = world_new();
    struct bundle_set set = {0};
    struct bundle_body one = {0}, other = {0}, back_one = {0}, back_other = {0};
    CHECK(bundle_set_add(&set, BASE, 1));
    put_set(world, &set, &one);
    put_set(world, &set, &other);
    lender_lend(&world->lender, &set);
    take(world, &one);
    world->host[10] = 1;
    answer(world, &back_one);
    borrower_let_go(&world->borrower, true);
    take(world, &other); /* what it differs from is not here any more: fetched, with what the client has not heard of */
    CHECK(touch(world, 0)[10] == 1 && world->fetched == 1);
    world->host[11] = 2;
    hear(world, &back_one);
    CHECK(world->client[10] == 1);
    world->client[10] = 5;
    answer(world, &back_other);
    borrower_let_go(&world->borrower, true);
    hear(world, &back_other);
    CHECK(world->client[10] == 5 && world->client[11] == 2);
    hear(world, &back_one); /* and an answer that comes twice */
    CHECK(world->client[10] == 5 && world->client[11] == 2);
    put_set(world, &set, &one);
    take(world, &one);
    CHECK(world->host[10] == 5 && world->host[11] == 2 && world->fetched == 1);
    bundle_body_free(&one);
    bundle_body_free(&other);
    bundle_body_free(&back_one);
    bundle_body_free(&back_other);
    bundle_set_free(&set);
    world_free(world);
}

/* What a call has as its parameter, its client cannot change under it; and knows afterwards what is there. */
static void test_pinned(void)
{
    struct world *world = world_new();
    struct bundle_set set = {0};
    struct bundle_body body = {0}, back = {0};
    CHECK(bundle_set_add(&set, BASE, 2 * BUNDLE_PAGE));
    put_set(world, &set, &body);
    take(world, &body);
    CHECK(borrower_pin(&world->borrower, BASE + 100, BUNDLE_PAGE));
    world->host[150] = 7; /* the service writes to it, then calls the client, which hears of that */
    answer(world, &back);
    borrower_shut(&world->borrower);
    hear(world, &back);
    CHECK(world->client[150] == 7);
    world->client[150] = 8, world->client[99] = 9, world->client[BUNDLE_PAGE + 99] = 10,
    world->client[BUNDLE_PAGE + 100] = 11;
    put_set(world, &set, &body);
    take(world, &body);
    CHECK(world->host[150] == 7 && world->host[99] == 9 && world->host[BUNDLE_PAGE + 99] == 0 &&
          world->host[BUNDLE_PAGE + 100] == 11);
    world->host[151] = 12;
    answer(world, &back);
    borrower_let_go(&world->borrower, true);
    hear(world, &back);
    CHECK(world->client[150] == 8 && world->client[151] == 12);
    put_set(world, &set, &body);
    take(world, &body); /* neither is what the client knows it to be: fetched */
    CHECK(touch(world, 0)[150] == 8 && touch(world, 1)[99] == 10 && world->fetched == 2);
    borrower_let_go(&world->borrower, false);
    bundle_body_free(&body);
    bundle_body_free(&back);
    bundle_set_free(&set);
    world_free(world);
}

/* An older page that comes behind a newer one changes nothing, and the newer one still counts. */
static void test_overtaken(void)
{
    struct world *world = world_new();
    struct bundle_set set = {0};
    struct bundle_body older = {0}, newer = {0};
    CHECK(bundle_set_add(&set, BASE, 1));
    put_set(world, &set, &older);
    lender_forget(&world->lender); /* so that both are whole */
    world->client[20] = 1;
    put_set(world, &set, &newer);
    take(world, &newer);
    borrower_let_go(&world->borrower, true);
    take(world, &older);
    CHECK(world->host[20] == 1 && world->may_use[0]);
    borrower_let_go(&world->borrower, true);
    world->client[21] = 2;
    put_set(world, &set, &newer);
    take(world, &newer);
    CHECK(borrower_is_open(&world->borrower, BASE) && world->host[20] == 1 && world->host[21] == 2);
    bundle_body_free(&older);
    bundle_body_free(&newer);
    bundle_set_free(&set);
    world_free(world);
}

/* What its client knows otherwise is no basis for anything, also when nothing keeps it any more; fetched, it is one again. */
static void test_torn(void)
{
    struct world *world = world_new();
    struct bundle_set set = {0};
    struct bundle_body body = {0};
    CHECK(bundle_set_add(&set, BASE, 1));
    put_set(world, &set, &body);
    take(world, &body);
    CHECK(borrower_pin(&world->borrower, BASE + 100, 100));
    borrower_shut(&world->borrower);
    world->client[150] = 8;
    put_set(world, &set, &body);
    take(world, &body);
    CHECK(world->host[150] == 0);
    borrower_unpin(&world->borrower, 0);
    borrower_shut(&world->borrower);
    world->client[300] = 9;
    put_set(world, &set, &body);
    take(world, &body);
    CHECK(!borrower_is_open(&world->borrower, BASE) && touch(world, 0)[150] == 8 && world->host[300] == 9);
    borrower_let_go(&world->borrower, true);
    for (int i = 0; i < 2; i++) {
        put_set(world, &set, &body);
        take(world, &body);
        CHECK(touch(world, 0)[150] == 8 && world->fetched <= 2);
        borrower_let_go(&world->borrower, true);
    }
    bundle_body_free(&body);
    bundle_set_free(&set);
    world_free(world);
}

/* Two answers that the client has not heard of; in the second call the page comes twice. All that was written goes with the second answer. */
static void test_unheard(void)
{
    struct world *world = world_new();
    struct bundle_set set = {0};
    struct bundle_body body = {0}, back = {0};
    const uint64_t address = BASE;
    CHECK(bundle_set_add(&set, BASE, 1));
    put_set(world, &set, &body);
    take(world, &body);
    world->host[150] = world->host[10] = 1;
    answer(world, &back);
    borrower_let_go(&world->borrower, true);
    for (int i = 0; i < 2; i++) {
        bundle_begin(&body, &range, WIRE_PAGES_FETCHED);
        CHECK(lender_put(&world->lender, &body, address, world->client, true));
        take(world, &body);
        CHECK(borrower_pin(&world->borrower, BASE + 100, 100));
        CHECK(world->host[150] == 1 && world->host[10] == 1);
    }
    answer(world, &back); /* the first one is lost, until this has been heard */
    borrower_let_go(&world->borrower, true);
    hear(world, &back);
    CHECK(world->client[150] == 1 && world->client[10] == 1);
    bundle_body_free(&body);
    bundle_body_free(&back);
    bundle_set_free(&set);
    world_free(world);
}

/* Of two changes the client has heard of one: what it sends differs from neither of those that are known here. */
static void test_heard_one_of_two(void)
{
    struct world *world = world_new();
    struct bundle_set set = {0};
    struct bundle_body body = {0}, back = {0};
    CHECK(bundle_set_add(&set, BASE, 1));
    put_set(world, &set, &body);
    take(world, &body);
    world->host[10] = 1;
    answer(world, &back);
    hear(world, &back);
    world->host[11] = 1;
    answer(world, &back);
    borrower_let_go(&world->borrower, true);
    world->client[10] = 5;
    put_set(world, &set, &body);
    take(world, &body);
    CHECK(!borrower_is_open(&world->borrower, BASE));
    bundle_body_free(&body);
    bundle_body_free(&back);
    bundle_set_free(&set);
    world_free(world);
}

/* What is shut cannot be looked at: it is not part of an answer. */
static void test_shut(void)
{
    struct world *world = world_new();
    struct bundle_set set = {0};
    struct bundle_body body = {0}, back = {0};
    CHECK(bundle_set_add(&set, BASE, 1));
    put_set(world, &set, &body);
    take(world, &body);
    world->host[10] = 1;
    borrower_shut(&world->borrower);
    answer(world, &back);
    CHECK(bundle_count(&back) == 0);
    bundle_body_free(&body);
    bundle_body_free(&back);
    bundle_set_free(&set);
    world_free(world);
}

static void call_with(struct world *world, uint32_t page, uint32_t other)
{
    struct bundle_set set = {0};
    struct bundle_body body = {0}, back = {0};
    CHECK(bundle_set_add(&set, BASE + (uint64_t)page * BUNDLE_PAGE, 1));
    CHECK(bundle_set_add(&set, BASE + (uint64_t)other * BUNDLE_PAGE, 1));
    bundle_set_order(&set);
    put_set(world, &set, &body);
    take(world, &body);
    CHECK(touch(world, page)[0] == world->client[page * BUNDLE_PAGE]);
    CHECK(touch(world, other)[0] == world->client[other * BUNDLE_PAGE]);
    world->host[other * BUNDLE_PAGE]++;
    uint8_t wanted = world->host[other * BUNDLE_PAGE];
    answer(world, &back);
    borrower_let_go(&world->borrower, true);
    hear(world, &back);
    CHECK(world->client[other * BUNDLE_PAGE] == wanted);
    bundle_body_free(&body);
    bundle_body_free(&back);
    bundle_set_free(&set);
}

/* The host has room for four: what goes is what was not used for longest, never what a call has; and it is asked for again. */
static void test_eviction(void)
{
    struct world *world = world_new();
    world->borrower.pages.twins_most = 4;
    for (uint32_t round = 0; round < 4; round++)
        for (uint32_t page = 1; page < PAGES; page++) {
            uint64_t before = world->fetched;
            call_with(world, 0, page);
            CHECK(world->fetched - before == (round ? 1 : 0)); /* never the one that each call has */
        }
    uint32_t dropped = 0;
    for (uint32_t page = 0; page < PAGES; page++)
        dropped += world->host[page * BUNDLE_PAGE + 1] == 0xEE;
    CHECK(dropped == PAGES - 4);
    world_free(world);
}

/* What a call has is never given up for more of it. */
static void test_no_room(void)
{
    struct world *world = world_new();
    struct bundle_set set = {0};
    struct bundle_body body = {0};
    world->borrower.pages.twins_most = 4;
    CHECK(bundle_set_add(&set, BASE, 5 * BUNDLE_PAGE));
    put_set(world, &set, &body);
    CHECK(!borrower_take(&world->borrower, body.at, body.size));
    borrower_let_go(&world->borrower, false);
    bundle_body_free(&body);
    bundle_set_free(&set);
    world_free(world);
}

/* A call that broke off: nothing of what it wrote is there when the page is used again. */
static void test_broken_off(void)
{
    struct world *world = world_new();
    struct bundle_set set = {0};
    struct bundle_body body = {0}, back = {0};
    CHECK(bundle_set_add(&set, BASE, 1));
    put_set(world, &set, &body);
    take(world, &body);
    world->host[3] = 44;
    borrower_let_go(&world->borrower, false);
    put_set(world, &set, &body);
    take(world, &body);
    CHECK(!borrower_is_open(&world->borrower, BASE) && touch(world, 0)[3] == 0);
    world->host[4] = 45; /* also where its answer was never heard */
    answer(world, &back);
    borrower_let_go(&world->borrower, false);
    put_set(world, &set, &body);
    take(world, &body);
    CHECK(touch(world, 0)[4] == 0);
    bundle_body_free(&body);
    bundle_body_free(&back);
    bundle_set_free(&set);
    world_free(world);
}

static void test_set(void)
{
    struct bundle_set set = {0};
    CHECK(bundle_set_add(&set, BASE + 8000, 200) && bundle_set_add(&set, BASE + 100, 10));
    CHECK(bundle_set_add(&set, BASE + 100, 0));
    CHECK(!bundle_set_add(&set, BASE, (uint64_t)(BUNDLE_PAGES_MAX + 1) * BUNDLE_PAGE));
    CHECK(!bundle_set_add(&set, UINT64_MAX - 10, 100));
    bundle_set_order(&set);
    CHECK(set.count == 3 && set.page[0] == BASE && set.page[2] == BASE + 2 * BUNDLE_PAGE);
    CHECK(bundle_set_has(&set, BASE + BUNDLE_PAGE) && !bundle_set_has(&set, BASE + 3 * BUNDLE_PAGE));
    bundle_set_free(&set);
}

int main(void)
{
    test_set();
    test_second_time();
    test_calls(LENDER_TWINS, BORROWER_TWINS);
    test_calls(4, BORROWER_TWINS);
    test_calls(LENDER_TWINS, PAGES);
    test_overtaking();
    test_heard_meanwhile();
    test_overtaken();
    test_heard_one_of_two();
    test_unheard();
    test_pinned();
    test_torn();
    test_shut();
    test_eviction();
    test_no_room();
    test_broken_off();
    return check_result();
}
