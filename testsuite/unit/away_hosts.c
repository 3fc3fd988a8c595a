/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The host dies while a call of another node's is under way, and the next one goes on with the A-stack: what was answered stays
 * answered, what was begun is not begun again unless the interface allows it, what had not come comes again.
 */
#include "runtime/lib/batch.h"
#include "testsuite/unit/away_node.h"

static struct node node;
static struct gate_service service;
static struct node_shared *shared;

static int count(int which)
{
    return (int)__atomic_add_fetch(&shared->executed[which], 1, __ATOMIC_SEQ_CST);
}
/* Waits while it may: whoever is to be killed is in it. */
static int linger(int which)
{
    __atomic_add_fetch(&shared->executed[which], 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&shared->inside, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&shared->hold, __ATOMIC_ACQUIRE))
        usleep(1000);
    return which;
}
static int change(uint8_t *both, int n, int which)
{
    linger(which);
    for (int i = 0; i < n; i++)
        both[i] = (uint8_t)(both[i] + which);
    return which;
}

enum { COUNT, LINGER, AGAIN, CHANGE, ONCE, OPS };
static const struct far_expr exprs[] = {{.code = FAR_EXPR_PARAM, .width = 4, .index = 1, .flags = FAR_EXPR_SIGNED}};
#define FAILS(more) .flags = FAR_OP_HAS_FAILS | FAR_OP_ASYNC | (more), .fails = (uint64_t)-99
static const struct gate_op ops[OPS] = {
    [COUNT] = {"count", (void *)count, FAILS(0), .param_count = 1, .param = {G_V_INT, G_V_INT}},
    [LINGER] = {"linger", (void *)linger, FAILS(0), .param_count = 1, .param = {G_V_INT, G_V_INT}},
    [AGAIN] = {"again", (void *)linger, FAILS(FAR_OP_IDEMPOTENT), .param_count = 1, .param = {G_V_INT, G_V_INT}},
    [CHANGE] = {"change", (void *)change, FAILS(FAR_OP_IDEMPOTENT), .param_count = 3,
                .param = {G_V_INT, G_BUFFER(G_IN | G_OUT, 0, 1), G_V_INT, G_V_INT}},
    [ONCE] = {"once", (void *)change, FAILS(0), .param_count = 3,
              .param = {G_V_INT, G_BUFFER(G_IN | G_OUT, 0, 1), G_V_INT, G_V_INT}},
};
#define CALL(op, type) ((__typeof__(type) *)gate_stub(&service, op))

static void await_inside(void)
{
    for (int i = 0; i < 5000 && !__atomic_load_n(&shared->inside, __ATOMIC_ACQUIRE); i++)
        usleep(1000);
    CHECK(shared->inside);
    shared->inside = 0;
}

/* How far the host that dies has come, besides, as its A-stack says it. */
static struct {
    uint32_t channel; /* 0: no farther than it has */
    uint32_t callbacks;
    bool has_written; /* results, where the parameters are */
} left;

static void leave(void)
{
    const int memory = node.channel[left.channel].memory;
    char *at = mmap(NULL, FAR_ASTACK_AREA, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    CHECK(at != MAP_FAILED);
    struct away_journal *journal = (struct away_journal *)(void *)(at + AWAY_JOURNAL);
    journal->callbacks = left.callbacks;
    if (left.has_written)
        extents_add(&journal->answer, 0, 8);
    munmap(at, FAR_ASTACK_AREA);
}

/* In the middle of the operation; the next host does not wait there. */
static void *replace_host(void *unused)
{
    await_inside();
    node_kill_host(&node);
    if (left.channel)
        leave();
    __atomic_store_n(&shared->hold, 0, __ATOMIC_RELEASE);
    node_start_host(&node);
    return unused;
}

static pthread_t begin_replacing(void)
{
    pthread_t thread;
    shared->hold = 1;
    shared->inside = 0;
    CHECK(pthread_create(&thread, NULL, replace_host, NULL) == 0);
    return thread;
}

static void begun_is_not_begun_again(void)
{
    CHECK(CALL(COUNT, count)(1) == 1);
    pthread_t thread = begin_replacing();
    errno = 0;
    CHECK(CALL(LINGER, linger)(2) == -99 && errno == EHOSTDOWN);
    pthread_join(thread, NULL);
    CHECK(shared->executed[2] == 1);
    CHECK(CALL(COUNT, count)(1) == 2 && CALL(COUNT, count)(1) == 3);
}

static void idempotent_is_begun_again(void)
{
    uint8_t bytes[100] = {0};
    pthread_t thread = begin_replacing();
    CHECK(CALL(AGAIN, linger)(3) == 3);
    pthread_join(thread, NULL);
    CHECK(shared->executed[3] == 2);
    thread = begin_replacing();
    CHECK(CALL(CHANGE, change)(bytes, sizeof bytes, 4) == 4 && bytes[0] == 4 && bytes[99] == 4);
    pthread_join(thread, NULL);
    CHECK(shared->executed[4] == 2);
}

/* Also one that may be: its parameters are not what they were, or functions of its client's are under way. */
static void too_far_to_begin_again(int which, uint32_t callbacks, bool has_written)
{
    CHECK(CALL(COUNT, count)(1) > 0);
    left.channel = node_channel_of(&node)->id;
    left.callbacks = callbacks;
    left.has_written = has_written;
    pthread_t thread = begin_replacing();
    errno = 0;
    CHECK(CALL(AGAIN, linger)(which) == -99 && errno == EHOSTDOWN);
    pthread_join(thread, NULL);
    CHECK(shared->executed[which] == 1);
    left.channel = 0;
    node_forget_channel(&node);
}

/* What goes straight to where it is wanted is not in the A-stack for the next host. */
static void large(void)
{
    static uint8_t bytes[200000];
    const int size = sizeof bytes;
    memset(bytes, 1, sizeof bytes);
    pthread_t thread = begin_replacing();
    CHECK(CALL(CHANGE, change)(bytes, size, 8) == 8 && bytes[0] == 9 && bytes[size - 1] == 9 && bytes[size / 2] == 9);
    pthread_join(thread, NULL);
    CHECK(shared->executed[8] == 2);
    thread = begin_replacing();
    errno = 0;
    CHECK(CALL(ONCE, change)(bytes, size, 9) == -99 && errno == EHOSTDOWN && bytes[0] == 9 && bytes[size - 1] == 9);
    pthread_join(thread, NULL);
    CHECK(shared->executed[9] == 1);
    CHECK(CALL(ONCE, change)(bytes, size, 9) == 9 && bytes[0] == 18 && bytes[size - 1] == 18);
}

/* While the client cannot come through. */
static void *replace_when_executed(void *argument)
{
    const uint32_t *executed = argument;
    for (int i = 0; i < 5000 && __atomic_load_n(executed, __ATOMIC_ACQUIRE) == 0; i++)
        usleep(1000);
    usleep(20000); /* the answer is in the A-stack, and cannot be sent */
    node_kill_host(&node);
    node_start_host(&node);
    __atomic_store_n(&node.refuse, 0, __ATOMIC_RELEASE);
    return argument;
}

static void answered_stays_answered(void)
{
    pthread_t thread;
    uint32_t hello = sizeof(struct wire_answer) + sizeof(struct wire_frame) + sizeof(struct wire_hello);
    node_forget_channel(&node);
    node_cut_next(&node, 0, 0, hello + 1); /* the first byte of the answer */
    node.refuse = EAGAIN;
    CHECK(pthread_create(&thread, NULL, replace_when_executed, &shared->executed[5]) == 0);
    CHECK(CALL(COUNT, count)(5) == 1);
    pthread_join(thread, NULL);
    CHECK(shared->executed[5] == 1 && CALL(COUNT, count)(5) == 2);
}

static void *replace_soon(void *unused)
{
    usleep(30000);
    node_kill_host(&node);
    node_start_host(&node);
    __atomic_store_n(&node.refuse, 0, __ATOMIC_RELEASE);
    return unused;
}

static void what_had_not_come_comes_again(void)
{
    pthread_t thread;
    uint32_t hello = sizeof(struct wire_preface) + sizeof(struct wire_frame) + sizeof(struct wire_hello);
    node_forget_channel(&node);
    node_cut_next(&node, 0, hello + 20, 0);
    node.refuse = EAGAIN;
    CHECK(pthread_create(&thread, NULL, replace_soon, NULL) == 0);
    CHECK(CALL(COUNT, count)(6) == 1);
    pthread_join(thread, NULL);
    CHECK(shared->executed[6] == 1);
}

static struct far_promise *gather(int op, uint64_t argument)
{
    static const uint64_t no_stack[1];
    struct far_frame frame = {.integer = {argument}, .stack = no_stack};
    return batch_async(&frame, &service.binding, service.binding.plan[op + 1]);
}

static int claim(struct far_promise *promise, int *result)
{
    return far_claim(promise, result) == 0 ? 0 : errno;
}

/* Of a batch it is known which calls were made, which were not, and which one nobody knows of. */
static void batch(void)
{
    struct far_promise *promise[4];
    int result = 0;
    CHECK(far_batch_begin(0) == 0);
    for (uint64_t i = 0; i < 4; i++)
        promise[i] = gather(COUNT, 10 + i);
    CHECK(far_batch_run() == 0);
    for (int i = 0; i < 4; i++)
        CHECK(claim(promise[i], &result) == 0 && result == 1);
    pthread_t thread = begin_replacing();
    CHECK(far_batch_begin(0) == 0);
    promise[0] = gather(COUNT, 20);
    promise[1] = gather(LINGER, 21);
    promise[2] = gather(COUNT, 22);
    promise[3] = gather(COUNT, 23);
    CHECK(far_batch_run() == 0);
    CHECK(claim(promise[0], &result) == 0 && result == 1);
    CHECK(claim(promise[1], &result) == EHOSTDOWN && claim(promise[2], &result) == ECANCELED);
    CHECK(claim(promise[3], &result) == ECANCELED);
    pthread_join(thread, NULL);
    CHECK(shared->executed[20] == 1 && shared->executed[21] == 1 && !shared->executed[22] && !shared->executed[23]);
}

/* Given up before its turn came. */
static void batch_withdrawn(void)
{
    struct far_promise *promise[2];
    int result = 0;
    shared->hold = 1;
    shared->inside = 0;
    CHECK(far_batch_begin(0) == 0);
    promise[0] = gather(LINGER, 30);
    promise[1] = gather(COUNT, 31);
    CHECK(far_batch_run() == 0);
    await_inside();
    CHECK(far_cancel(promise[1]) == 0);
    usleep(20000);
    __atomic_store_n(&shared->hold, 0, __ATOMIC_RELEASE);
    CHECK(claim(promise[0], &result) == 0 && result == 30 && shared->executed[31] == 0);
}

/* It leaves in order: the next call is made by who has taken over, or opens a channel to it. */
static void retires(void)
{
    CHECK(CALL(COUNT, count)(40) == 1);
    pthread_mutex_lock(&node.lock);
    node_send(node.host, FAR_MSG_HOST_RETIRE, 0, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&node.lock);
    usleep(200000);
    CHECK(CALL(COUNT, count)(40) == 2);
    for (int i = 3; i < 50; i++)
        CHECK(CALL(COUNT, count)(40) == i);
}

int main(void)
{
    shared = node.shared = node_share();
    gate_make(&service, ops, OPS, exprs, sizeof exprs / sizeof *exprs);
    node_begin(&node, &service);
    begun_is_not_begun_again();
    idempotent_is_begun_again();
    too_far_to_begin_again(50, 0, true);
    too_far_to_begin_again(51, 1, false);
    large();
    answered_stays_answered();
    what_had_not_come_comes_again();
    batch();
    batch_withdrawn();
    retires();
    gate_kill(&service);
    return check_result();
}
