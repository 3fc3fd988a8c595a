/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Calls whose host is on another node, over plain TCP: plain values, floats, buffers that go in, out and both ways, strings, one-way
 * calls, promises, large ones; what is refused; what a lost host does to them.
 */
#include "testsuite/unit/away_node.h"

#include "runtime/host/cancel.h"
#include "runtime/lib/promise.h"

static struct node node;
static struct gate_service service;
static struct node_shared *shared;

static int add(int a, int b)
{
    return a + b;
}
static int sum(const uint8_t *bytes, int n)
{
    int total = 0;
    for (int i = 0; i < n; i++)
        total += bytes[i];
    return total;
}
static int fill(uint8_t *to, int n)
{
    memset(to, 7, (size_t)n);
    return n;
}
static int flip(uint8_t *both, int n)
{
    for (int i = 0; i < n; i++)
        both[i] = (uint8_t)~both[i];
    errno = EXDEV;
    return n;
}
static double half(double x)
{
    return x / 2;
}
static int length(const char *string)
{
    return string ? (int)strlen(string) : -1;
}
static int count(int which)
{
    __atomic_add_fetch(&shared->executed[which], 1, __ATOMIC_SEQ_CST);
    return (int)__atomic_add_fetch(&shared->calls, 1, __ATOMIC_SEQ_CST);
}
static void hint(int which)
{
    __atomic_add_fetch(&shared->executed[which], 1, __ATOMIC_SEQ_CST);
}
/* Until it is let go, or given up. */
static int wait_inside(int unused)
{
    __atomic_store_n(&shared->inside, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&shared->hold, __ATOMIC_ACQUIRE) && !cancel_is_wished())
        usleep(2000);
    if (cancel_is_wished())
        __atomic_store_n(&shared->heard, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&shared->inside, 0, __ATOMIC_RELEASE);
    return unused;
}

enum { ADD, SUM, FILL, FLIP, HALF, LENGTH, COUNT, HINT, WAIT, BRIEF, OPS };
static const struct far_expr exprs[] = {{.code = FAR_EXPR_PARAM, .width = 4, .index = 1, .flags = FAR_EXPR_SIGNED}};
#define FAILS .flags = FAR_OP_HAS_FAILS | FAR_OP_ASYNC, .fails = (uint64_t)-99
static const struct gate_op ops[OPS] = {
    [ADD] = {"add", (void *)add, FAILS, .param_count = 2, .param = {G_V_INT, G_V_INT, G_V_INT}},
    [SUM] = {"sum", (void *)sum, FAILS, .param_count = 2, .param = {G_V_INT, G_BUFFER(G_IN, 0, 1), G_V_INT}},
    [FILL] = {"fill", (void *)fill, FAILS, .param_count = 2, .param = {G_V_INT, G_BUFFER(G_OUT, 0, 1), G_V_INT}},
    [FLIP] = {"flip", (void *)flip, FAILS, .param_count = 2, .param = {G_V_INT, G_BUFFER(G_IN | G_OUT, 0, 1), G_V_INT}},
    [HALF] = {"half", (void *)half, FAILS, .param_count = 1, .param = {G_V_DOUBLE, G_V_DOUBLE}},
    [LENGTH] = {"length", (void *)length, FAILS, .param_count = 1, .param = {G_V_INT, G_STRING}},
    [COUNT] = {"count", (void *)count, FAILS, .param_count = 1, .param = {G_V_INT, G_V_INT}},
    [HINT] = {"hint", (void *)hint, .flags = FAR_OP_ONEWAY, .param_count = 1, .param = {G_RESULT_NONE, G_V_INT}},
    [WAIT] = {"wait", (void *)wait_inside, FAILS, .param_count = 1, .param = {G_V_INT, G_V_INT}},
    [BRIEF] = {"brief", (void *)wait_inside, FAILS, .deadline_ms = 300, .param_count = 1, .param = {G_V_INT, G_V_INT}},
};

#define CALL(op, type) ((__typeof__(type) *)gate_stub(&service, op))

static void plain(void)
{
    CHECK(CALL(ADD, add)(3, 4) == 7);
    for (int i = 0; i < 500; i++)
        CHECK(CALL(ADD, add)(i, -2 * i) == -i);
    CHECK(CALL(HALF, half)(5.0) == 2.5);
    CHECK(__atomic_load_n(&node.connections, __ATOMIC_SEQ_CST) == 1);
}

static void buffers(void)
{
    static uint8_t bytes[300000];
    memset(bytes, 1, sizeof bytes);
    CHECK(CALL(SUM, sum)(bytes, 1000) == 1000 && CALL(SUM, sum)(bytes, sizeof bytes) == sizeof bytes);
    CHECK(CALL(FILL, fill)(bytes + 16, 1000) == 1000 && bytes[15] == 1 && bytes[16] == 7 && bytes[1016] == 1);
    errno = 0;
    CHECK(CALL(FLIP, flip)(bytes, 20) == 20 && bytes[0] == 0xfe && bytes[16] == 0xf8 && errno == EXDEV);
    CHECK(CALL(FLIP, flip)(bytes, sizeof bytes) == sizeof bytes && bytes[0] == 1 && bytes[30] == 0xf8);
    CHECK(CALL(LENGTH, length)("forty-two") == 9 && CALL(LENGTH, length)("") == 0);
    CHECK(CALL(SUM, sum)(NULL, 0) == 0);
}

/* A larger A-stack, and back. */
static void large(void)
{
    size_t bytes = 5u << 20;
    uint8_t *memory = calloc(1, bytes);
    CHECK(CALL(FLIP, flip)(memory, (int)bytes) == (int)bytes && memory[0] == 0xff && memory[bytes - 1] == 0xff);
    CHECK(CALL(ADD, add)(1, 1) == 2);
    free(memory);
}

static bool is_so(const uint32_t *word, uint32_t value)
{
    for (int i = 0; i < 2000 && __atomic_load_n(word, __ATOMIC_ACQUIRE) != value; i++)
        usleep(2000);
    return __atomic_load_n(word, __ATOMIC_ACQUIRE) == value;
}

static void one_way(void)
{
    for (int i = 0; i < 20; i++)
        CALL(HINT, hint)(100 + i);
    CHECK(CALL(ADD, add)(1, 1) == 2); /* after all of them */
    for (int i = 0; i < 20; i++)
        CHECK(shared->executed[100 + i] == 1);
    CALL(HINT, hint)(120);
    CHECK(is_so(&shared->executed[120], 1));
}

static struct far_promise *send_op(int op, uint64_t argument)
{
    static const uint64_t no_stack[1];
    struct far_frame frame = {.integer = {argument, 0}, .stack = no_stack};
    struct far_promise *promise = promise_take(&service.binding, service.binding.plan[op + 1]);
    struct far_error error;
    promise_copy_frame(promise, &frame);
    promise->sent_at = 0;
    CHECK(crossing_send(&promise->crossing, &promise->frame, &service.binding, promise->plan, &promise->channel,
                        &error) == 0);
    __atomic_store_n(&promise->state, PROMISE_SENT, __ATOMIC_RELEASE);
    return promise;
}

static void promises(void)
{
    struct far_promise *promise[4];
    int result;
    shared->hold = 1;
    promise[0] = send_op(WAIT, 5);
    promise[1] = send_op(COUNT, 7);
    CHECK(far_wait(promise, 2, 5000) == 1 && far_ready(promise[1]) && !far_ready(promise[0]));
    CHECK(far_claim(promise[1], &result) == 0 && shared->executed[7] == 1);
    promise[1] = NULL;
    CHECK(far_wait(promise, 2, 20) == -1 && errno == ETIMEDOUT);
    __atomic_store_n(&shared->hold, 0, __ATOMIC_RELEASE);
    CHECK(far_wait(promise, 2, 5000) == 0);
    CHECK(far_claim(promise[0], &result) == 0 && result == 5);
    shared->hold = 1; /* given up: the operation hears it */
    shared->heard = 0;
    promise[2] = send_op(WAIT, 6);
    CHECK(is_so(&shared->inside, 1));
    CHECK(far_cancel(promise[2]) == 0 && is_so(&shared->inside, 0) && shared->heard == 1);
    shared->hold = 0;
}

static void deadline(void)
{
    shared->hold = 1;
    shared->heard = 0;
    errno = 0;
    int got = CALL(BRIEF, wait_inside)(1);
    if (got != -99 || errno != ETIMEDOUT)
        fprintf(stderr, "%d %s\n", got, strerror(errno));
    CHECK(CALL(BRIEF, wait_inside)(1) == -99 && errno == ETIMEDOUT);
    CHECK(is_so(&shared->inside, 0) && shared->heard == 1);
    shared->hold = 0;
    CHECK(CALL(ADD, add)(1, 1) == 2);
}

/* The child's calls have channels of their own; its copies of ours say nothing. */
static void fork_goes_on(void)
{
    CHECK(CALL(ADD, add)(1, 1) == 2);
    pid_t child = fork();
    if (child == 0) {
        struct far_channel *channel = node_channel_of(&node);
        _exit(channel->astack || channel->away ? 1 : 0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(CALL(ADD, add)(2, 2) == 4 && node_channel_of(&node)->away->stream.transport);
}

static void refused(void)
{
    errno = 0;
    CHECK(CALL(OPS - 1, wait_inside)(0) == 0);
    shared->hold = 0;
    node_forget_channel(&node);
    CHECK(node_channel_of(&node)->astack == NULL);
    CHECK(CALL(COUNT, count)(8) > 0 && shared->executed[8] == 1);
}

/* It is started anew while nothing is under way: the next call goes on where the last one was. */
static void host_dies_idle(void)
{
    CHECK(CALL(COUNT, count)(9) > 0);
    node_kill_host(&node);
    node_start_host(&node);
    CHECK(CALL(COUNT, count)(10) > 0 && shared->executed[9] == 1 && shared->executed[10] == 1);
}

/* Nobody is there any more: a stated error in bounded time. */
static void node_is_gone(void)
{
    node.refuse = EHOSTDOWN;
    node_kill_host(&node);
    errno = 0;
    CHECK(CALL(COUNT, count)(11) == -99 && errno == EHOSTDOWN && shared->executed[11] == 0);
}

int main(void)
{
    shared = node.shared = node_share();
    gate_make(&service, ops, OPS, exprs, sizeof exprs / sizeof *exprs);
    node_begin(&node, &service);
    plain();
    buffers();
    large();
    one_way();
    promises();
    deadline();
    fork_goes_on();
    refused();
    host_dies_idle();
    node_is_gone();
    gate_kill(&service);
    return check_result();
}
