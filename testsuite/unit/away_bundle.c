/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A client's domain segment on another node: what calls refer to is at its own address there, what the service has changed comes back,
 * a second call sends only what has changed, pointers are followed by fetching; connections are lost meanwhile, and threads call at
 * once.
 */
#include "testsuite/unit/away_node.h"

#include "runtime/host/borrowing.h"
#include "runtime/lib/fault.h"

#define SEGMENT (FAR_WINDOW_BEGIN + 0x400000000u) /* in every build's window */
#define PAGE    4096u
#define BYTES   (512u * PAGE)

struct element {
    struct element *next;
    long value;
};

static struct node node;
static struct gate_service service;
static struct node_shared *shared;
static uint8_t *const memory = (uint8_t *)SEGMENT;

static int sum(const uint8_t *bytes, int n)
{
    int total = 0;
    for (int i = 0; i < n; i++)
        total += bytes[i];
    return total;
}
static int flip(uint8_t *both, int n)
{
    __atomic_add_fetch(&shared->calls, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < n; i++)
        both[i] = (uint8_t)~both[i];
    return (uintptr_t)both >= SEGMENT && (uintptr_t)both < SEGMENT + BYTES ? n : -n;
}
static int length(const char *string)
{
    return (int)strlen(string) + ((uintptr_t)string >= SEGMENT && (uintptr_t)string < SEGMENT + BYTES ? 1000 : 0);
}
static int follow(unsigned long list)
{
    int total = 0;
    for (struct element *at = (struct element *)list; at; at = at->next)
        total += (int)at->value++;
    return total;
}
/* Holds its parameter while another call is made. */
static int linger(const uint8_t *bytes, int n)
{
    int before = sum(bytes, n);
    shared->inside = 1;
    for (int i = 0; i < 2000 && __atomic_load_n(&shared->hold, __ATOMIC_ACQUIRE); i++)
        usleep(2000);
    shared->inside = 0;
    return before == sum(bytes, n) ? before : -1;
}
static int global(void *node_pointer)
{
    return node_pointer != NULL;
}
static int add(int a, int b)
{
    return a + b;
}

enum { SUM, FLIP, LENGTH, FOLLOW, LINGER, GLOBAL, ADD, OPS };
static const struct far_expr exprs[] = {{.code = FAR_EXPR_PARAM, .width = 4, .index = 1, .flags = FAR_EXPR_SIGNED}};
#define OPAQUE {.value = {.type = G_BYTES, .passing = FAR_PASS_OPAQUE, .width = 8}}
#define FAILS  .flags = FAR_OP_HAS_FAILS, .fails = (uint64_t)-99
static const struct gate_op ops[OPS] = {
    [SUM] = {"sum", (void *)sum, FAILS, .param_count = 2, .param = {G_V_INT, G_BUFFER(G_IN, 0, 1), G_V_INT}},
    [FLIP] = {"flip", (void *)flip, FAILS, .param_count = 2, .param = {G_V_INT, G_BUFFER(G_IN | G_OUT, 0, 1), G_V_INT}},
    [LENGTH] = {"length", (void *)length, FAILS, .param_count = 1, .param = {G_V_INT, G_STRING}},
    [FOLLOW] = {"follow", (void *)follow, FAILS, .param_count = 1, .param = {G_V_INT, OPAQUE}},
    [LINGER] = {"linger", (void *)linger, FAILS, .param_count = 2, .param = {G_V_INT, G_BUFFER(G_IN, 0, 1), G_V_INT}},
    [GLOBAL] = {"global", (void *)global, FAILS, .param_count = 1, .param = {G_V_INT, G_GLOBAL_IN}},
    [ADD] = {"add", (void *)add, FAILS, .param_count = 2, .param = {G_V_INT, G_V_INT, G_V_INT}},
};
#define CALL(op, type) ((__typeof__(type) *)gate_stub(&service, op))

/* The domain segment, as fard would have given it; and the service may follow pointers into it. */
static void share(void)
{
    struct far_own_domain *domain = &far_process.domain;
    void *got = mmap(memory, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(got == memory && madvise(memory, BYTES, MADV_DONTFORK) == 0);
    domain->base = SEGMENT;
    domain->size = BYTES;
    strcpy(domain->trusted[0], "test");
    domain->trusted_count = 1;
    domain_tell(&service.binding);
    CHECK(domain_shares(&service.binding, SEGMENT, BYTES));
}

static const struct far_extent segment = {SEGMENT, BYTES};

/* What its node does not say is not believed: all is copied, and where it said that its segment lies nothing is kept free for it. */
static void not_its_own(void)
{
    const struct far_extent another = {SEGMENT + 2 * BYTES, BYTES};
    node_say_lent(&node, &another, true);
    CHECK(CALL(FLIP, flip)(memory, 10) == -10 && memory[0] == 0xff);
    memset(memory, 0, 10);
    node_forget_channel(&node);
}

static void *say_later(void *unused)
{
    usleep(50000);
    node_say_lent(&node, &segment, true);
    return unused;
}

/* The client has had its channel for longer than its segment, and its node's word comes after its own. */
static void known_later(void)
{
    const struct far_extent none = {0};
    pthread_t thread;
    node_say_lent(&node, &none, false);
    CHECK(CALL(ADD, add)(1, 2) == 3);
    CHECK(pthread_create(&thread, NULL, say_later, NULL) == 0);
    CHECK(CALL(FLIP, flip)(memory, 10) == 10 && memory[0] == 0xff);
    pthread_join(thread, NULL);
}

static void at_its_own_address(void)
{
    memset(memory, 1, 3 * PAGE);
    CHECK(CALL(SUM, sum)(memory + 100, 5000) == 5000);
    CHECK(CALL(FLIP, flip)(memory + 4000, 200) == 200);
    CHECK(memory[3999] == 1 && memory[4000] == 0xfe && memory[4199] == 0xfe && memory[4200] == 1);
    memory[4001] = 9; /* and the other side learns of it */
    CHECK(CALL(SUM, sum)(memory + 4000, 3) == 0xfe + 9 + 0xfe);
    strcpy((char *)memory + 2 * PAGE - 3, "domain");
    CHECK(CALL(LENGTH, length)((char *)memory + 2 * PAGE - 3) == 1006);
    uint8_t elsewhere[300] = {1, 2, 3}; /* that is copied, as ever */
    CHECK(CALL(SUM, sum)(elsewhere, 300) == 6 && CALL(FLIP, flip)(elsewhere, 300) == -300 && elsewhere[0] == 0xfe);
    CHECK(CALL(SUM, sum)(memory + BYTES - 10, 10) == 0);
    CHECK(CALL(LENGTH, length)("copied") == 6);
    CHECK(CALL(GLOBAL, global)(memory) == -99 &&
          errno == EFAULT); /* its pointers are not to be followed, so it is refused */
}

static struct element *make_list(unsigned first, unsigned count, unsigned stride)
{
    struct element *list = NULL;
    for (unsigned i = 0; i < count; i++) {
        struct element *element = (struct element *)(void *)(memory + (first + i) * stride);
        *element = (struct element){list, i};
        list = element;
    }
    return list;
}

static void followed(int32_t ahead)
{
    far_process.settings.ahead = ahead;
    struct element *list = make_list(10, 64, PAGE);
    CHECK(CALL(FOLLOW, follow)((unsigned long)(uintptr_t)list) == 64 * 63 / 2);
    CHECK(list->value == 64 && list->next->value == 63);
    list->next->value = 1000;
    CHECK(CALL(FOLLOW, follow)((unsigned long)(uintptr_t)list) == 64 * 63 / 2 + 64 + 1000 - 63);
    CHECK(list->next->value == 1001 && list->value == 65);
    CHECK(CALL(ADD, add)(1, 2) == 3);
}

/* A pointer beyond the segment: that call ends, the host lives. */
static void astray(void)
{
    struct element *list = make_list(100, 2, PAGE);
    CHECK(mprotect((char *)memory + 101 * PAGE, PAGE, PROT_NONE) == 0);
    errno = 0;
    CHECK(CALL(FOLLOW, follow)((unsigned long)(uintptr_t)list) == -99 && errno == EFAULT);
    CHECK(mprotect((char *)memory + 101 * PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
    CHECK(CALL(FOLLOW, follow)((unsigned long)(uintptr_t)list) == 1);
    CHECK(list->value == 2 && list->next->value == 1);
}

/* Cut after so many bytes, in each direction: every place in the conversation. */
static void connections_lost(void)
{
    struct element *list = make_list(200, 3, PAGE);
    long expected = 0 + 1 + 2;
    far_process.settings.ahead = 0;
    for (uint32_t i = 0; i < 60; i++) {
        node_forget_channel(&node);
        uint32_t beyond = sizeof(struct wire_preface) + sizeof(struct wire_frame) + sizeof(struct wire_hello);
        node_cut_next(&node, 0, i % 2 ? 0 : beyond + 1 + i * 400, i % 2 ? beyond + 190 + 1 + i * 5 : 0);
        CHECK(CALL(ADD, add)(1, (int)i) == (int)i + 1);
        int got = CALL(FOLLOW, follow)((unsigned long)(uintptr_t)list);
        CHECK(got == expected);
        expected += 3;
        CHECK(list->value == 2 + (long)i + 1);
        memory[300 * PAGE] = (uint8_t)i;
        CHECK(CALL(FLIP, flip)(memory + 300 * PAGE, 1) == 1 && memory[300 * PAGE] == (uint8_t)~i);
    }
    node_cut_next(&node, 0, 0, 0);
    node_forget_channel(&node);
    CHECK(node.cuts > 40);
}

/* Another thread wants pages while a call has some: it is served, by copying; and what the first has does not change under it. */
static void *call_meanwhile(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2000 && !__atomic_load_n(&shared->inside, __ATOMIC_ACQUIRE); i++)
        usleep(2000);
    memory[400 * PAGE] = 50; /* what the call under way was given */
    memory[400 * PAGE + 8] = 3;
    CHECK(CALL(FLIP, flip)(memory + 400 * PAGE + 8, 1) == -1 && memory[400 * PAGE + 8] == 0xfc);
    CHECK(CALL(SUM, sum)(memory + 400 * PAGE, 1) == 50);
    __atomic_store_n(&shared->hold, 0, __ATOMIC_RELEASE);
    return NULL;
}

static void meanwhile(void)
{
    pthread_t thread;
    memory[400 * PAGE] = 5;
    shared->hold = 1;
    CHECK(pthread_create(&thread, NULL, call_meanwhile, NULL) == 0);
    CHECK(CALL(LINGER, linger)(memory + 400 * PAGE, 4) == 5);
    pthread_join(thread, NULL);
    CHECK(memory[400 * PAGE] == 50 && memory[400 * PAGE + 8] == 0xfc);
    CHECK(CALL(SUM, sum)(memory + 400 * PAGE, 4) == 50);
}

/* Threads that write to the same pages, each its own bytes. */
#define THREADS 4
static void *call_and_write(void *argument)
{
    uint32_t which = (uint32_t)(uintptr_t)argument;
    uint8_t *own = memory + 410 * PAGE + which * 40;
    struct element *list = (struct element *)(void *)(memory + 420 * PAGE + which * 64);
    *list = (struct element){NULL, 0};
    for (int i = 0; i < 100; i++) {
        memset(own, i, 40);
        CHECK(abs(CALL(FLIP, flip)(own, 40)) == 40);
        for (int at = 0; at < 40; at++)
            CHECK(own[at] == (uint8_t)~i);
        CHECK(CALL(FOLLOW, follow)((unsigned long)(uintptr_t)list) == 2 * i && list->value == 2 * i + 1);
        list->value++;
    }
    return NULL;
}

static void at_once(void)
{
    pthread_t thread[THREADS];
    far_process.settings.ahead = 8;
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread[i], NULL, call_and_write, (void *)i) == 0);
    for (uint32_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
}

/* Nothing that the one before it had is there. */
static void another_host(void)
{
    CHECK(CALL(FLIP, flip)(memory + 450 * PAGE, 10) == 10);
    node_kill_host(&node);
    far_process.domain.base = 0; /* a child of fork wants a copy, of fard's memory */
    node_start_host(&node);
    far_process.domain.base = SEGMENT;
    CHECK(CALL(SUM, sum)(memory + 450 * PAGE, 10) == 2550);
    CHECK(CALL(FLIP, flip)(memory + 450 * PAGE, 10) == 10 && memory[450 * PAGE] == 0);
}

/* While the client cannot come through. Killed sooner, it ends alike. */
static void *replace_when_flipped(void *argument)
{
    for (int i = 0; i < 5000 && __atomic_load_n(&shared->calls, __ATOMIC_ACQUIRE) == 0; i++)
        usleep(1000);
    usleep(20000);
    node_kill_host(&node);
    far_process.domain.base = 0;
    node_start_host(&node);
    far_process.domain.base = SEGMENT;
    __atomic_store_n(&node.refuse, 0, __ATOMIC_RELEASE);
    return argument;
}

/* What the operation had changed has died with its host, the answer in the A-stack has not: it is not given without the rest. */
static void answer_without_its_pages(void)
{
    const uint32_t hello = sizeof(struct wire_answer) + sizeof(struct wire_frame) + sizeof(struct wire_hello);
    pthread_t thread;
    node_forget_channel(&node);
    node_cut_next(&node, 0, 0, hello + 1);
    memory[460 * PAGE] = 1;
    shared->calls = 0;
    node.refuse = EAGAIN;
    CHECK(pthread_create(&thread, NULL, replace_when_flipped, NULL) == 0);
    errno = 0;
    CHECK(CALL(FLIP, flip)(memory + 460 * PAGE, 1) == -99 && errno == EHOSTDOWN && memory[460 * PAGE] == 1);
    pthread_join(thread, NULL);
    CHECK(shared->calls == 1 && CALL(FLIP, flip)(memory + 460 * PAGE, 1) == 1 && memory[460 * PAGE] == 0xfe);
}

static void distrusted(void)
{
    far_process.domain.trusted[0][0] = '\0';
    domain_tell(&service.binding);
    CHECK(CALL(FLIP, flip)(memory + 450 * PAGE, 10) == -10 && memory[450 * PAGE] == 0xff);
    CHECK(CALL(FOLLOW, follow)(SEGMENT + 460 * PAGE) == -99);
}

/* There in a program with ThreadSanitizer, which takes for a mistake what is tried: a thread writes beside what a call has. */
__attribute__((weak)) void __tsan_init(void);

int main(void)
{
    shared = node.shared = node_share();
    gate_make(&service, ops, OPS, exprs, sizeof exprs / sizeof *exprs);
    borrowing_prepare();
    CHECK(fault_install() == 0);
    node_begin(&node, &service);
    share();
    not_its_own();
    known_later();
    at_its_own_address();
    followed(0);
    followed(32);
    astray();
    if (!__tsan_init)
        meanwhile();
    connections_lost();
    if (!__tsan_init)
        at_once();
    another_host();
    if (!__tsan_init)
        answer_without_its_pages();
    distrusted();
    gate_kill(&service);
    fflush(NULL);
    _exit(check_result()); /* the segment is none of fard's */
}
