/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What every kind of connection must do: bytes in order, deadlines, an end that both sides see, and no signal. */
#include "check.h"
#include "net_pair.h"
#include "runtime/net/socket.h"

#include <errno.h>
#include <string.h>

#define MILLISECOND 1000000ull
#define LARGE       ((size_t)9 << 20)

static int send_text(struct transport *end, const char *text)
{
    const struct iovec part = {(void *)text, strlen(text)};
    return end->kind->send(end, &part, 1, 0);
}

static void in_order(struct transport *end[2])
{
    char to[64] = "";
    size_t got = 99;
    CHECK(end[1]->kind->receive(end[1], to, 0, sizeof to, &got, 0) == 0 && got == 0);
    CHECK(!end[1]->kind->is_readable(end[1]));
    const struct iovec part[3] = {{(char *)"one ", 4}, {NULL, 0}, {(char *)"two", 3}};
    CHECK(end[0]->kind->send(end[0], part, 3, 0) == 0);
    CHECK(end[1]->kind->receive(end[1], to, 3, 3, &got, 0) == 0 && got == 3 && memcmp(to, "one", 3) == 0);
    CHECK(end[1]->kind->is_readable(end[1]));
    CHECK(end[1]->kind->receive(end[1], to, 4, sizeof to, &got, 0) == 0 && got == 4 && memcmp(to, " two", 4) == 0);
    CHECK(send_text(end[1], "back") == 0);
    end[0]->spin = 100;
    CHECK(end[0]->kind->receive(end[0], to, 1, sizeof to, &got, 0) == 0 && got == 4 && memcmp(to, "back", 4) == 0);
    end[0]->spin = 0;
}

/* More parts than the kernel takes at once, more bytes than it keeps: sent piece by piece. */
static void *send_much(void *argument)
{
    static uint8_t bytes[LARGE];
    static struct iovec part[3000];
    struct transport *end = argument;
    size_t all = 0;
    for (size_t i = 0; i < LARGE; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    for (size_t i = 0; i < 3000; i++) {
        const size_t size = i == 2999 ? LARGE - all : i == 1500 ? LARGE / 2 : i % 700;
        part[i] = (struct iovec){bytes + all, size};
        all += size;
    }
    CHECK(end->kind->send(end, part, 3000, net_now() + 60000 * MILLISECOND) == 0);
    CHECK(end->kind->send(end, part, 3000, 0) == 0);
    return NULL;
}

static void much(struct transport *end[2])
{
    pthread_t sender;
    uint8_t *to = malloc(LARGE);
    size_t got, wrong = 0;
    pthread_create(&sender, NULL, send_much, end[0]);
    for (int time = 0; time < 2; time++) {
        CHECK(end[1]->kind->receive(end[1], to, LARGE, LARGE, &got, 0) == 0 && got == LARGE);
        for (size_t i = 0; i < LARGE; i++)
            wrong += to[i] != (uint8_t)(i * 2654435761u >> 13);
    }
    CHECK(wrong == 0);
    pthread_join(sender, NULL);
    free(to);
}

static void times_out(struct transport *end, uint64_t milliseconds)
{
    char byte;
    size_t got = 99;
    const uint64_t deadline = net_now() + milliseconds * MILLISECOND;
    CHECK(end->kind->receive(end, &byte, 1, 1, &got, deadline) == -ETIMEDOUT && got == 0);
    CHECK(net_now() >= deadline);
}

static void deadlines(struct transport *end[2])
{
    char to[8];
    size_t got;
    times_out(end[1], 2);
    times_out(end[1], 50);
    times_out(end[1], 1);
    CHECK(end[1]->kind->receive(end[1], to, 1, 1, &got, 1) == -ETIMEDOUT); /* long past */
    /* One that is far away, after one that was near: what is there comes, and waiting goes on behind the old limit. */
    CHECK(send_text(end[0], "x") == 0);
    CHECK(end[1]->kind->receive(end[1], to, 1, 8, &got, net_now() + 60000 * MILLISECOND) == 0 && got == 1);
    CHECK(send_text(end[0], "y") == 0);
    CHECK(end[1]->kind->receive(end[1], to, 1, 8, &got, 0) == 0 && got == 1 && to[0] == 'y');
}

/* Nothing is lost by a deadline that comes in the middle: the rest is received later. */
static void half(struct transport *end[2])
{
    char to[8] = "";
    size_t got = 0;
    CHECK(send_text(end[0], "abc") == 0);
    CHECK(end[1]->kind->receive(end[1], to, 5, 8, &got, net_now() + 30 * MILLISECOND) == -ETIMEDOUT && got == 3);
    CHECK(send_text(end[0], "de") == 0);
    CHECK(end[1]->kind->receive(end[1], to + got, 2, 2, &got, 0) == 0 && got == 2 && memcmp(to, "abcde", 5) == 0);
}

/* Nobody takes it off: sending ends at the deadline, and receiving the other way goes on. */
static void full(const struct transport_kind *kind)
{
    struct transport *end[2];
    pair_make(kind, end);
    static uint8_t bytes[1 << 20];
    const struct iovec part = {bytes, sizeof bytes};
    const uint64_t deadline = net_now() + 200 * MILLISECOND;
    int result = 0;
    for (int i = 0; i < 1000 && !result; i++)
        result = kind->send(end[0], &part, 1, deadline);
    CHECK(result == -ETIMEDOUT && net_now() >= deadline);
    transport_end(end[0]);
    transport_end(end[1]);
}

struct waiting {
    struct transport *end;
    int result;
    uint32_t begun;
    bool sends;
};

static void *wait_for_end(void *argument)
{
    static uint8_t bytes[1 << 20];
    struct waiting *waiting = argument;
    const struct iovec part = {bytes, sizeof bytes};
    char byte;
    size_t got;
    __atomic_store_n(&waiting->begun, 1, __ATOMIC_RELEASE);
    do
        waiting->result = waiting->sends ? waiting->end->kind->send(waiting->end, &part, 1, 0)
                                         : waiting->end->kind->receive(waiting->end, &byte, 1, 1, &got, 0);
    while (!waiting->result);
    return NULL;
}

/* However far the other thread has come: it is told at once, and again whenever it asks. */
static void shut(const struct transport_kind *kind, bool sends)
{
    struct transport *end[2];
    pair_make(kind, end);
    struct waiting waiting = {.end = end[0], .sends = sends};
    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_end, &waiting);
    while (!__atomic_load_n(&waiting.begun, __ATOMIC_ACQUIRE))
        ;
    usleep(20000);
    transport_shut(end[0]);
    pthread_join(thread, NULL);
    CHECK(waiting.result == -ECONNRESET);
    wait_for_end(&waiting);
    CHECK(waiting.result == -ECONNRESET);
    waiting.sends = !sends;
    wait_for_end(&waiting);
    CHECK(waiting.result == -ECONNRESET);
    transport_end(end[0]);
    transport_end(end[1]);
}

/* The other end has gone: what it sent before is still there, then the end is. SIGPIPE would kill this program. */
static void gone(const struct transport_kind *kind)
{
    struct transport *end[2];
    char to[8];
    size_t got;
    pair_make(kind, end);
    CHECK(send_text(end[0], "last") == 0);
    transport_end(end[0]);
    CHECK(kind->receive(end[1], to, 4, 4, &got, 0) == 0 && memcmp(to, "last", 4) == 0);
    CHECK(kind->receive(end[1], to, 1, 4, &got, 0) == -ECONNRESET);
    CHECK(kind->is_readable(end[1]));
    CHECK(kind->receive(end[1], to, 0, 4, &got, 0) == -ECONNRESET);
    int result = 0;
    for (int i = 0; i < 1000 && !result; i++)
        result = send_text(end[1], "nobody hears this");
    CHECK(result == -ECONNRESET);
    transport_end(end[1]);
}

static void kind_works(const struct transport_kind *kind)
{
    struct transport *end[2];
    pair_make(kind, end);
    in_order(end);
    much(end);
    deadlines(end);
    half(end);
    transport_end(end[0]);
    transport_end(end[1]);
    full(kind);
    shut(kind, false);
    shut(kind, true);
    gone(kind);
    transport_end(NULL);
}

int main(int count, char **argument)
{
    struct far_error error;
    for (enum wire_transport number = WIRE_TLS; number < WIRE_TRANSPORT_COUNT; number++) {
        if (count > 1 && strcmp(argument[1], wire_transport_word(number)) != 0)
            continue;
        const struct transport_kind *kind = transport_load(number, &error);
        if (kind)
            kind_works(kind);
        else
            fprintf(stderr, "%s\n", error.text);
        CHECK(kind || number != WIRE_TCP);
    }
    CHECK(!transport_load((enum wire_transport)99, &error) && error.text[0]);
    return check_result();
}
