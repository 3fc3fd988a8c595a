/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The way to another node: whatever answers there, connecting ends in a connection or in words, and in time. */
#include "check.h"
#include "net_pair.h"
#include "runtime/net/socket.h"

#include <errno.h>
#include <string.h>

#define MILLISECOND 1000000ull

static struct far_error error;
static char address[64];

/* What answers: a node that says `answer`, or whatever else is in `bytes`. */
struct node {
    int listener;
    const void *bytes;
    size_t size;
    bool serves; /* and then begins a transport and says hello */
    int refused; /* what it thinks of the preface */
};

static void *answer_once(void *argument)
{
    struct node *node = argument;
    struct wire_preface preface;
    char why[256];
    const int fd = accept(node->listener, NULL, NULL);
    if (recv(fd, &preface, sizeof preface, MSG_WAITALL) == sizeof preface)
        node->refused = wire_check_preface(&preface, why, sizeof why);
    if (node->size && send(fd, node->bytes, node->size, MSG_NOSIGNAL) < 0)
        perror("send");
    struct transport *transport;
    if (!node->serves) {
        close(fd);
    } else if (transport_tcp.begin(fd, false, pair_ticket, pair_secret, 0, &transport, NULL) == 0) {
        const struct iovec part = {(char *)"hello", 5};
        transport->kind->send(transport, &part, 1, 0);
        transport_end(transport);
    }
    return NULL;
}

static int connected(struct node *node, struct transport **out)
{
    pthread_t thread;
    node->listener = pair_listen(address, sizeof address);
    node->refused = -1;
    pthread_create(&thread, NULL, answer_once, node);
    const int result = transport_connect(address, WIRE_TCP, pair_ticket, pair_secret, 0, out, &error);
    pthread_join(thread, NULL);
    close(node->listener);
    return result;
}

static void welcome(void)
{
    struct wire_answer answer;
    struct transport *end = NULL;
    char to[8];
    size_t got;
    wire_make_answer(&answer, WIRE_WELCOME, NULL);
    struct node node = {.bytes = &answer, .size = sizeof answer, .serves = true};
    CHECK(connected(&node, &end) == 0 && end && node.refused == 0);
    CHECK(end && end->kind->receive(end, to, 5, 8, &got, 0) == 0 && got == 5 && memcmp(to, "hello", 5) == 0);
    transport_end(end);
}

static void refused(void)
{
    struct wire_answer answer;
    struct transport *end;
    wire_make_answer(&answer, WIRE_REFUSED_TICKET, "the ticket has been used");
    struct node node = {.bytes = &answer, .size = sizeof answer};
    CHECK(connected(&node, &end) == -EACCES && strstr(error.text, "the ticket has been used"));
    CHECK(strstr(error.text, address) != NULL);
    node = (struct node){.bytes = &answer, .size = 100}; /* not all of it */
    CHECK(connected(&node, &end) == -ECONNRESET && strstr(error.text, "does not answer"));
    static char page[sizeof answer] = "HTTP/1.1 400 Bad Request\r\n";
    node = (struct node){.bytes = page, .size = sizeof page};
    CHECK(connected(&node, &end) == -EPROTO && strstr(error.text, "no farcall node"));
}

/* The kernel takes the connection, and nobody the preface. */
static void silent(void)
{
    struct transport *end;
    const int listener = pair_listen(address, sizeof address);
    const uint64_t deadline = net_now() + 60 * MILLISECOND;
    CHECK(transport_connect(address, WIRE_TCP, pair_ticket, pair_secret, deadline, &end, &error) == -ETIMEDOUT);
    CHECK(net_now() >= deadline);
    close(listener);
    CHECK(transport_connect(address, WIRE_TCP, pair_ticket, pair_secret, 0, &end, &error) == -ECONNREFUSED);
    CHECK(strstr(error.text, "cannot be reached") != NULL);
}

static void addresses(void)
{
    static const char *const wrong[] = {
        "", ":", "host", "host:", ":7327", "::1:7327", "[]:7327", "1.2.3.4:port-too-long-for-one"};
    struct transport *end;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(transport_connect(wrong[i], WIRE_TCP, pair_ticket, pair_secret, 0, &end, &error) == -EINVAL);
    char longest[2000];
    memset(longest, 'a', sizeof longest);
    strcpy(longest + sizeof longest - 4, ":77");
    CHECK(transport_connect(longest, WIRE_TCP, pair_ticket, pair_secret, 0, &end, &error) == -EINVAL);
    CHECK(transport_connect("[::1]:1", WIRE_TCP, pair_ticket, pair_secret, 0, &end, &error) < 0); /* nobody is there */
    CHECK(transport_connect("127.0.0.1:1", (enum wire_transport)42, pair_ticket, pair_secret, 0, &end, &error) ==
          -EOPNOTSUPP);
}

int main(void)
{
    welcome();
    refused();
    silent();
    addresses();
    return check_result();
}
