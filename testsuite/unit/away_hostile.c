/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Frames that no client and no host sends. A host drops the connection and goes on, whatever a client sends; a client's call ends, with an
 * error, whatever a host sends. Nothing is written outside the A-stacks.
 */
#include "testsuite/unit/away_node.h"

#include "runtime/host/cancel.h"

static struct node node;
static struct gate_service service;
static struct node_shared *shared;

static int count(int which)
{
    return (int)__atomic_add_fetch(&shared->executed[which], 1, __ATOMIC_SEQ_CST);
}
static int fill(uint8_t *to, int n)
{
    memset(to, 7, (size_t)n);
    return n;
}
static int sum(const uint8_t *bytes, int n)
{
    int total = 0;
    for (int i = 0; i < n; i++)
        total += bytes[i];
    return total;
}

/* Until nobody wants it any more. */
static int linger(int which)
{
    while (!cancel_is_wished())
        usleep(2000);
    return count(which);
}

enum { COUNT, FILL, SUM, LINGER, BRIEF, OPS };
static const struct far_expr exprs[] = {{.code = FAR_EXPR_PARAM, .width = 4, .index = 1, .flags = FAR_EXPR_SIGNED}};
#define FAILS .flags = FAR_OP_HAS_FAILS, .fails = (uint64_t)-99
static const struct gate_op ops[OPS] = {
    [COUNT] = {"count", (void *)count, FAILS, .param_count = 1, .param = {G_V_INT, G_V_INT}},
    [FILL] = {"fill", (void *)fill, FAILS, .param_count = 2, .param = {G_V_INT, G_BUFFER(G_OUT, 0, 1), G_V_INT}},
    [SUM] = {"sum", (void *)sum, FAILS, .param_count = 2, .param = {G_V_INT, G_BUFFER(G_IN, 0, 1), G_V_INT}},
    [LINGER] = {"linger", (void *)linger, FAILS, .param_count = 1, .param = {G_V_INT, G_V_INT}},
    [BRIEF] = {"brief", (void *)count, FAILS, .deadline_ms = 30000, .param_count = 1, .param = {G_V_INT, G_V_INT}},
};
#define CALL(op, type) ((__typeof__(type) *)gate_stub(&service, op))

#define AREA (FAR_ASTACK_DEFAULT - FAR_ASTACK_AREA)

/* A frame as somebody writes it who means no good. */
struct forged {
    const char *what;
    struct wire_frame frame;
    union {
        struct wire_call call;
        struct wire_reply reply;
        struct wire_hello hello;
        struct wire_fate fate;
    };
    uint32_t head;
    struct wire_extent extent[3];
    uint32_t extents, bytes; /* that follow */
};

static bool send_all(int fd, const void *bytes, size_t size)
{
    return send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void send_forged(int fd, const struct forged *forged)
{
    static const char bytes[8192];
    send_all(fd, &forged->frame, sizeof forged->frame);
    send_all(fd, &forged->call, forged->head);
    send_all(fd, forged->extent, forged->extents * sizeof forged->extent[0]);
    send_all(fd, bytes, forged->bytes);
}

static bool receive_all(int fd, void *to, size_t size)
{
    return recv(fd, to, size, MSG_WAITALL) == (ssize_t)size;
}

/* --- a client that lies --- */

#define CALL_FRAME(more, seq) {.size = sizeof(struct wire_call) + (more), .type = WIRE_CALL, .sequence = seq}
static const struct forged to_host[] = {
    {"a type that is none", {.type = 77}, .head = 0},
    {"flags", {.type = WIRE_PING, .flags = 1}, .head = 0},
    {"a PING with a body", {.type = WIRE_PING, .size = 8}, .bytes = 8},
    {"an ANSWER", {.size = sizeof(struct wire_reply), .type = WIRE_ANSWER, .sequence = 1000}, .head = 32},
    {"a FATE", {.size = sizeof(struct wire_fate), .type = WIRE_FATE}, .fate = {.dead = 1}, .head = 16},
    {"a second HELLO", {.size = sizeof(struct wire_hello), .type = WIRE_HELLO}, .head = 24},
    {"a short CALL", {.size = 10, .type = WIRE_CALL, .sequence = 1000}, .bytes = 10},
    {"the number that is none", CALL_FRAME(0, FAR_SEQUENCE_DEAD), .head = 64},
    {"more than there can be", {.size = UINT32_MAX, .type = WIRE_CALL, .sequence = 1000}, .head = 64},
    {"extents without end", CALL_FRAME(16, 1000), .call = {.slot = 1, .extents = 1u << 30}, .head = 64, .extents = 1},
    {"an extent behind the area", CALL_FRAME(16 + 16, 1000), .call = {.slot = 1, .extents = 1}, .head = 64,
     .extent = {{AREA - 8, 16}}, .extents = 1, .bytes = 16},
    {"an extent round the end", CALL_FRAME(16 + 16, 1000), .call = {.slot = 1, .extents = 1}, .head = 64,
     .extent = {{UINT64_MAX - 7, 16}}, .extents = 1, .bytes = 16},
    {"extents that overlap", CALL_FRAME(32 + 32, 1000), .call = {.slot = 1, .extents = 2}, .head = 64,
     .extent = {{0, 16}, {8, 16}}, .extents = 2, .bytes = 32},
    {"extents that are more than follows", CALL_FRAME(16 + 16, 1000), .call = {.slot = 1, .extents = 1}, .head = 64,
     .extent = {{0, 4096}}, .extents = 1, .bytes = 16},
    {"bytes that belong nowhere", CALL_FRAME(16, 1000), .call = {.slot = 1}, .head = 64, .bytes = 16},
    {"a wide block that is half one", CALL_FRAME(0, 1000), .call = {.slot = 1, .has_wide = 2}, .head = 64},
};

/* As one whom fard has let in. */
static int connect_as_client(uint32_t channel)
{
    struct wire_preface preface;
    struct wire_answer answer;
    const struct timeval soon = {.tv_sec = 5};
    pthread_mutex_lock(&node.lock);
    memset(node.channel[channel].ticket, 42, WIRE_TICKET_SIZE);
    node.channel[channel].has_ticket = true;
    pthread_mutex_unlock(&node.lock);
    int fd = node_connect(node.port);
    wire_make_preface(&preface, WIRE_CHANNEL, WIRE_TCP, node.channel[channel].ticket);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    CHECK(send_all(fd, &preface, sizeof preface) && receive_all(fd, &answer, sizeof answer) && !answer.refused);
    return fd;
}

static void say_hello(int fd, struct wire_hello hello)
{
    const struct wire_frame frame = {.size = sizeof hello, .type = WIRE_HELLO};
    CHECK(send_all(fd, &frame, sizeof frame) && send_all(fd, &hello, sizeof hello));
}

static bool hear_hello(int fd, struct wire_hello *hello)
{
    struct wire_frame frame;
    return receive_all(fd, &frame, sizeof frame) && frame.type == WIRE_HELLO && receive_all(fd, hello, sizeof *hello);
}

static bool is_hung_up(int fd)
{
    char byte;
    ssize_t got;
    while ((got = recv(fd, &byte, 1, 0)) == 1)
        ;
    return got == 0 || errno == ECONNRESET;
}

static void lying_client(void)
{
    struct wire_hello hello;
    CHECK(CALL(COUNT, count)(1) == 1);
    uint32_t id = node_channel_of(&node)->id;
    for (size_t i = 0; i < sizeof to_host / sizeof *to_host; i++) {
        int fd = connect_as_client(id);
        bool heard = hear_hello(fd, &hello);
        hello.received = hello.sent;
        say_hello(fd, hello);
        send_forged(fd, &to_host[i]);
        bool dropped = heard && is_hung_up(fd);
        if (!dropped)
            fprintf(stderr, "a client sends %s: the connection goes on\n", to_host[i].what);
        CHECK(dropped);
        close(fd);
        CHECK(CALL(COUNT, count)(1) == (int)i + 2); /* the true one goes on */
    }
}

/* As a client may that has not got the answer: it is given once more, and nothing is executed. */
static void twice(void)
{
    struct wire_hello hello;
    struct {
        struct wire_frame frame;
        struct wire_reply reply;
    } answer[2] = {0};
    CHECK(CALL(COUNT, count)(1) > 0);
    int fd = connect_as_client(node_channel_of(&node)->id);
    CHECK(hear_hello(fd, &hello));
    const struct forged call = {.frame = CALL_FRAME(0, hello.received + 1),
                                .call = {.slot = COUNT + 1, .argument = {4}},
                                .head = sizeof(struct wire_call)};
    say_hello(fd, hello);
    for (int i = 0; i < 2; i++) {
        send_forged(fd, &call);
        CHECK(receive_all(fd, &answer[i], sizeof answer[i]));
    }
    CHECK(answer[0].frame.type == WIRE_ANSWER && answer[0].frame.sequence == call.frame.sequence);
    CHECK(answer[0].reply.result == 1 && memcmp(&answer[0], &answer[1], sizeof answer[0]) == 0);
    CHECK(shared->executed[4] == 1);
    close(fd);
    node_forget_channel(&node);
}

/* --- a client that sends what it may, but not as ours does --- */

#define SPLIT 150000
static const struct {
    struct wire_extent extent[2];
    uint32_t extents;
    int sum; /* of ones, where they say so, and of zeros */
} split[] = {
    {{{0, SPLIT}}, 1, SPLIT},
    {{{0, 40000}, {40000, SPLIT - 40000}}, 2, SPLIT},
    {{{0, 40000}, {40100, SPLIT - 40100}}, 2, SPLIT - 100},
    {{{50000, 50000}}, 1, 50000}, /* nothing of the call before it is seen */
    {{{100, 200}, {1000, SPLIT - 1000}}, 2, SPLIT - 1000 + 200},
    {{{SPLIT - 50, 100000}}, 1, 200 + 50},
};

static void send_split(int fd, uint32_t i, uint32_t sequence)
{
    static uint8_t ones[SPLIT];
    struct wire_call call = {.slot = SUM + 1, .extents = split[i].extents, .argument = {1, SPLIT}};
    struct wire_frame frame = {.type = WIRE_CALL, .sequence = sequence};
    uint32_t table = split[i].extents * (uint32_t)sizeof split[i].extent[0];
    uint32_t bytes = (uint32_t)(split[i].extent[0].bytes + (split[i].extents > 1 ? split[i].extent[1].bytes : 0));
    memset(ones, 1, sizeof ones);
    frame.size = (uint32_t)sizeof call + table + bytes;
    CHECK(send_all(fd, &frame, sizeof frame) && send_all(fd, &call, sizeof call));
    CHECK(send_all(fd, split[i].extent, table) && send_all(fd, ones, bytes));
}

/* A parameter may come in parts, of which some lie in the area and some where they are wanted, and some nowhere. */
static void parameters_in_parts(void)
{
    struct wire_hello hello;
    struct wire_frame frame;
    struct wire_reply reply;
    CHECK(CALL(COUNT, count)(4) > 0);
    int fd = connect_as_client(node_channel_of(&node)->id);
    CHECK(hear_hello(fd, &hello));
    uint32_t sequence = hello.received;
    hello.received = hello.sent;
    say_hello(fd, hello);
    for (uint32_t i = 0; i < sizeof split / sizeof *split; i++) {
        send_split(fd, i, ++sequence);
        bool heard = receive_all(fd, &frame, sizeof frame) && receive_all(fd, &reply, sizeof reply);
        if (!heard || reply.status || (int)reply.result != split[i].sum)
            fprintf(stderr, "parts %u: heard %d, status %u, sum %d, not %d\n", i, heard, reply.status,
                    (int)reply.result, split[i].sum);
        CHECK(heard && frame.sequence == sequence && !reply.status && (int)reply.result == split[i].sum);
    }
    close(fd);
    node_forget_channel(&node);
}

/* What the interface says of deadlines counts from when the call came; what the client still has of it is said by the call. */
static void late(void)
{
    struct wire_hello hello;
    struct {
        struct wire_frame frame;
        struct wire_reply reply;
    } answer = {0};
    CHECK(CALL(COUNT, count)(1) > 0);
    int fd = connect_as_client(node_channel_of(&node)->id);
    CHECK(hear_hello(fd, &hello));
    const struct forged call = {.frame = CALL_FRAME(0, hello.received + 1),
                                .head = sizeof(struct wire_call),
                                .call = {.slot = LINGER + 1, .argument = {5}, .deadline_ms = 1}};
    say_hello(fd, hello);
    send_forged(fd, &call);
    CHECK(receive_all(fd, &answer, sizeof answer) && answer.reply.result == 1 && shared->executed[5] == 1);
    close(fd);
    node_forget_channel(&node);
}

static void wrong_hellos(void)
{
    struct wire_hello hello;
    uint32_t id = node_channel_of(&node)->id;
    for (int i = 0; i < 3; i++) {
        int fd = connect_as_client(id);
        CHECK(hear_hello(fd, &hello));
        hello.channel += i == 0;
        hello.size += i == 1 ? 65536 : 0;
        hello.received = i == 2 ? FAR_SEQUENCE_DEAD : 0;
        say_hello(fd, hello);
        CHECK(is_hung_up(fd));
        close(fd);
    }
    int silent = connect_as_client(id); /* which says nothing at all; the next one takes its place */
    CHECK(CALL(COUNT, count)(2) == 1);
    close(silent);
}

/* --- a host that lies --- */

#define REPLY_FRAME(more) {.size = sizeof(struct wire_reply) + (more), .type = WIRE_ANSWER, .sequence = 1}
static const struct forged to_client[] = {
    {"a type that is none", {.type = 77}, .head = 0},
    {"a CALL", CALL_FRAME(0, 1), .head = 64},
    {"another's ANSWER", {.size = sizeof(struct wire_reply), .type = WIRE_ANSWER, .sequence = 9}, .head = 32},
    {"a FATE that says nothing", {.size = sizeof(struct wire_fate), .type = WIRE_FATE}, .head = 16},
    {"a short ANSWER", {.size = 3, .type = WIRE_ANSWER, .sequence = 1}, .bytes = 3},
    {"more than there can be", {.size = UINT32_MAX, .type = WIRE_ANSWER, .sequence = 1}, .head = 32},
    {"extents without end", REPLY_FRAME(16), .reply = {.extents = UINT32_MAX}, .head = 32, .extents = 1},
    {"many extents", REPLY_FRAME(5000 * 16), .reply = {.extents = 5000}, .head = 32},
    {"an extent behind the area", REPLY_FRAME(16 + 16), .reply = {.extents = 1}, .head = 32, .extent = {{AREA, 16}},
     .extents = 1, .bytes = 16},
    {"an extent in front of it", REPLY_FRAME(16 + 16), .reply = {.extents = 1}, .head = 32,
     .extent = {{UINT64_MAX - 4095, 16}}, .extents = 1, .bytes = 16},
    {"a status that is none", REPLY_FRAME(0), .reply = {.status = 4711}, .head = 32},
    {"a fate that is none", {.size = sizeof(struct wire_fate), .type = WIRE_FATE}, .fate = {.dead = 1234}, .head = 16},
};
static const struct forged *lie;
static struct wire_hello said;

static void *lying_host(void *argument)
{
    int fd = (int)(intptr_t)argument;
    struct wire_hello hello;
    char byte[sizeof(struct wire_frame)];
    if (hear_hello(fd, &hello)) {
        said = hello;
        say_hello(fd, hello);
        if (receive_all(fd, byte, sizeof byte))
            send_forged(fd, lie);
        const struct timeval soon = {.tv_usec = 200000}; /* who goes on waits for nobody */
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
        is_hung_up(fd);
    }
    close(fd);
    return NULL;
}

static void lying_hosts(void)
{
    static uint8_t bytes[64];
    node_forget_channel(&node);
    pthread_mutex_lock(&node.lock);
    node.liar = lying_host;
    pthread_mutex_unlock(&node.lock);
    for (size_t i = 0; i < sizeof to_client / sizeof *to_client; i++) {
        lie = &to_client[i];
        memset(bytes, 1, sizeof bytes);
        errno = 0;
        int result = CALL(FILL, fill)(bytes + 16, 16);
        if (result != -99 || (errno != EPROTO && errno != EHOSTDOWN))
            fprintf(stderr, "a host sends %s: %d, %s\n", lie->what, result, strerror(errno));
        CHECK(result == -99 && (errno == EPROTO || errno == EHOSTDOWN) && bytes[15] == 1 && bytes[32] == 1);
        CHECK(bytes[16] == 1);
        node_forget_channel(&node);
    }
    node.liar = NULL;
}

static struct wire_call heard;

static void *listening_host(void *argument)
{
    int fd = (int)(intptr_t)argument;
    struct wire_hello hello;
    struct wire_frame frame;
    if (hear_hello(fd, &hello)) {
        say_hello(fd, hello);
        if (receive_all(fd, &frame, sizeof frame) && receive_all(fd, &heard, sizeof heard))
            send_forged(fd, &(struct forged){.frame = REPLY_FRAME(0), .reply = {.result = 42}, .head = 32});
        is_hung_up(fd);
    }
    close(fd);
    return NULL;
}

static void deadline_is_said(void)
{
    node_forget_channel(&node);
    node.liar = listening_host;
    CHECK(CALL(BRIEF, count)(1) == 42 && heard.deadline_ms > 0 && heard.deadline_ms <= 30000);
    node_forget_channel(&node);
    CHECK(CALL(COUNT, count)(1) == 42 && heard.deadline_ms == 0);
    node_forget_channel(&node);
    node.liar = NULL;
}

/* It says that it knows another past than we do. */
static void *forgetful_host(void *argument)
{
    int fd = (int)(intptr_t)argument;
    struct wire_hello hello;
    if (hear_hello(fd, &hello)) {
        hello.received = 77;
        say_hello(fd, hello);
        is_hung_up(fd);
    }
    close(fd);
    return NULL;
}

static void forgetful(void)
{
    node.liar = forgetful_host;
    errno = 0;
    CHECK(CALL(COUNT, count)(3) == -99 && errno == EHOSTDOWN);
    node.liar = NULL;
    CHECK(CALL(COUNT, count)(3) == 1);
}

/* Half an answer, and on the next connection it has never heard of the call: where its parameters were, half an answer is. */
static void *torn_host(void *argument)
{
    static const struct forged half = {.frame = REPLY_FRAME(16 + 16),
                                       .reply = {.extents = 1},
                                       .head = 32,
                                       .extent = {{0, 16}},
                                       .extents = 1,
                                       .bytes = 8};
    static const struct forged whole = {.frame = REPLY_FRAME(0), .head = 32};
    const struct timeval soon = {.tv_usec = 200000};
    int fd = (int)(intptr_t)argument;
    struct wire_hello hello;
    struct wire_frame frame;
    if (hear_hello(fd, &hello)) {
        bool again = hello.sent != hello.received;
        hello.sent = hello.received;
        say_hello(fd, hello);
        if (receive_all(fd, &frame, sizeof frame))
            send_forged(fd, again ? &whole : &half);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
        is_hung_up(fd); /* what is unread would take along what was said */
    }
    close(fd);
    return NULL;
}

static void torn(void)
{
    static uint8_t bytes[64];
    node_forget_channel(&node);
    node.liar = torn_host;
    errno = 0;
    CHECK(CALL(FILL, fill)(bytes, 16) == -99 && errno == EHOSTDOWN && bytes[0] == 0);
    node.liar = NULL;
    node_forget_channel(&node);
}

int main(void)
{
    shared = node.shared = node_share();
    gate_make(&service, ops, OPS, exprs, sizeof exprs / sizeof *exprs);
    node_begin(&node, &service);
    lying_client();
    wrong_hellos();
    twice();
    late();
    CHECK(waitpid(service.host_pid, NULL, WNOHANG) == 0);
    lying_hosts();
    deadline_is_said();
    torn();
    forgetful();
    parameters_in_parts();
    gate_kill(&service);
    return check_result();
}
