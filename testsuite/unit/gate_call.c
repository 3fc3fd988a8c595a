/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Calls through the process gate, from trap stub to a host in another process and back: every way a parameter crosses.
 */
#include "testsuite/unit/gate_service.h"

#include <farcall/farcall.h>

struct node {
    uint64_t word[4];
};

static char *shared; /* what the service's data would be: in both processes, at one address */
#define SHARED_SIZE 65536

/* The implementations: run in the child. */
static int add(int a, int b)
{
    return a + b;
}
static void set_errno(int value)
{
    errno = value;
}
static _Bool not(_Bool a)
{
    return !a;
}
static uint64_t mix(uint64_t a, double b, int c, uint64_t d, float e, int f, uint64_t g, int h, double i, uint64_t j)
{
    return a + (uint64_t)(b * 10) + (uint64_t)c + d + (uint64_t)(e * 100) + (uint64_t)f + g * 3 + (uint64_t)(h * -5) +
           (uint64_t)i + j * 7;
}
static double half(double x)
{
    return x / 2;
}
static float third(float x, int by)
{
    return x / (float)by;
}
static int length(const char *text)
{
    return text ? (int)strlen(text) : -1;
}
static int sum(const uint8_t *bytes, int n)
{
    int total = 0;
    for (int i = 0; i < n; i++)
        total += bytes[i];
    return bytes ? total : -7;
}
/* to: out, *capacity bytes; capacity: inout. Also says whether `to` came in as zeros. */
static int produce(uint8_t *to, uint64_t *capacity, int seed)
{
    int dirty = 0;
    for (uint64_t i = 0; i < *capacity; i++) {
        dirty |= to[i];
        to[i] = (uint8_t)(i * 7 + (uint64_t)seed);
    }
    *capacity += 1;
    return dirty;
}
static int reverse(char *text, uint64_t n)
{
    for (uint64_t i = 0; i < n / 2; i++) {
        char c = text[i];
        text[i] = text[n - 1 - i];
        text[n - 1 - i] = c;
    }
    return 0;
}
static uint64_t read_node(const struct node *node)
{
    return node ? node->word[3] : 99;
}
static uint64_t write_node(struct node *node)
{
    return node->word[0] = 5;
}
static struct node *open_node(void)
{
    return (struct node *)(shared + 4096);
}
static uint64_t use_node(struct node *node)
{
    return node ? 1 : 2;
}
static int close_node(struct node *node)
{
    return node != NULL;
}
static int crash(void)
{
    kill(getpid(), SIGKILL);
    return 0;
}
static int slow(int ms)
{
    return usleep((useconds_t)ms * 1000);
}
static void plain_void(void) {}

enum {
    ADD,
    SET_ERRNO,
    NOT,
    MIX,
    HALF,
    THIRD,
    LENGTH,
    SUM,
    PRODUCE,
    REVERSE,
    READ_NODE,
    WRITE_NODE,
    OPEN_NODE,
    USE_NODE,
    CLOSE_NODE,
    CRASH,
    SLOW,
    ABSENT,
    PLAIN_VOID,
    OP_COUNT
};

static const struct far_expr exprs[] = {
    {.code = FAR_EXPR_PARAM, .width = 4, .index = 1, .flags = FAR_EXPR_SIGNED}, /* sum */
    {.code = FAR_EXPR_DEREF, .width = 8, .index = 1},                           /* produce: to */
    {.code = FAR_EXPR_CONST, .value = 8},                                       /* produce: capacity */
    {.code = FAR_EXPR_PARAM, .width = 8, .index = 1},                           /* reverse */
};

#define FAILS(value) .flags = FAR_OP_HAS_FAILS, .fails = (uint64_t)(value)
static const struct gate_op ops[OP_COUNT] = {
    [ADD] = {"add", (void *)add, FAILS(-1), .param_count = 2, .param = {G_V_INT, G_V_INT, G_V_INT}},
    [SET_ERRNO] = {"set_errno", (void *)set_errno, .param_count = 1, .param = {G_RESULT_NONE, G_V_INT}},
    [NOT] = {"not", (void *)not, .param_count = 1, .param = {G_V_BOOL, G_V_BOOL}},
    [MIX] = {"mix", (void *)mix, .param_count = 10,
             .param = {G_V_ULONG, G_V_ULONG, G_V_DOUBLE, G_V_INT, G_V_ULONG, G_V_FLOAT, G_V_INT, G_V_ULONG, G_V_INT,
                       G_V_DOUBLE, G_V_ULONG}},
    [HALF] = {"half", (void *)half, .param_count = 1, .param = {G_V_DOUBLE, G_V_DOUBLE}},
    [THIRD] = {"third", (void *)third, .param_count = 2, .param = {G_V_FLOAT, G_V_FLOAT, G_V_INT}},
    [LENGTH] = {"length", (void *)length, FAILS(-2), .param_count = 1, .param = {G_V_INT, G_STRING}},
    [SUM] = {"sum", (void *)sum, FAILS(-2), .param_count = 2, .param = {G_V_INT, G_BUFFER(G_IN, 0, 1), G_V_INT}},
    [PRODUCE] = {"produce", (void *)produce, FAILS(-2), .param_count = 3,
                 .param = {G_V_INT, G_BUFFER(G_OUT, 1, 1), G_BUFFER(G_IN | G_OUT, 2, 1), G_V_INT}},
    [REVERSE] = {"reverse", (void *)reverse, FAILS(-2), .param_count = 2,
                 .param = {G_V_INT, G_BUFFER(G_IN | G_OUT, 3, 1), G_V_ULONG}},
    [READ_NODE] = {"read_node", (void *)read_node, FAILS(77), .param_count = 1, .param = {G_V_ULONG, G_GLOBAL_IN}},
    [WRITE_NODE] = {"write_node", (void *)write_node, FAILS(77), .param_count = 1, .param = {G_V_ULONG, G_GLOBAL_OUT}},
    [OPEN_NODE] = {"open_node", (void *)open_node, FAILS(0), .param_count = 0, .param = {G_HANDLE}},
    [USE_NODE] = {"use_node", (void *)use_node, FAILS(77), .param_count = 1, .param = {G_V_ULONG, G_HANDLE}},
    [CLOSE_NODE] = {"close_node", (void *)close_node, FAILS(-2), .param_count = 1, .param = {G_V_INT, G_HANDLE_LAST}},
    [CRASH] = {"crash", (void *)crash, FAILS(-1), .param = {G_V_INT}},
    [SLOW] = {"slow", (void *)slow, FAR_OP_HAS_FAILS, 1000, (uint64_t)-1, 1, {G_V_INT, G_V_INT}},
    [ABSENT] = {"absent", (void *)plain_void, FAR_OP_HAS_FAILS | FAR_OP_ABSENT, 0, 13, 0, {G_V_INT}},
    [PLAIN_VOID] = {"plain_void", (void *)plain_void, .param = {G_RESULT_NONE}},
};

static struct gate_service service;
#define STUB(type, index) ((type)gate_stub(&service, index))

static void check_values(void)
{
    errno = 42;
    CHECK(STUB(int (*)(int, int), ADD)(40, 2) == 42);
    CHECK(STUB(int (*)(int, int), ADD)(-40, -2) == -42);
    CHECK(errno == 42); /* left alone by an operation that does not set it */
    STUB(void (*)(int), SET_ERRNO)(ENOENT);
    CHECK(errno == ENOENT);
    CHECK(STUB(_Bool(*)(_Bool), NOT)(0) == 1);
    CHECK(STUB(_Bool(*)(_Bool), NOT)(1) == 0);
    CHECK(STUB(double (*)(double), HALF)(5) == 2.5);
    CHECK(STUB(float (*)(float, int), THIRD)(9, 3) == 3);
    CHECK(STUB(uint64_t (*)(uint64_t, double, int, uint64_t, float, int, uint64_t, int, double, uint64_t),
               MIX)(1, 2.5, -3, 4, 5.25f, 6, 7, -8, 9.0, 10) == mix(1, 2.5, -3, 4, 5.25f, 6, 7, -8, 9.0, 10));
    STUB(void (*)(void), PLAIN_VOID)();
}

static void check_strings(void)
{
    char long_text[70000];
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    CHECK(STUB(int (*)(const char *), LENGTH)("hello") == 5);
    CHECK(STUB(int (*)(const char *), LENGTH)("") == 0);
    CHECK(STUB(int (*)(const char *), LENGTH)(long_text) == (int)sizeof long_text - 1);
    errno = 0;
    CHECK(STUB(int (*)(const char *), LENGTH)(NULL) == -2 && errno == EFAULT);
    char *huge = calloc(1, FAR_STRING_LIMIT + 2);
    memset(huge, 'y', FAR_STRING_LIMIT);
    CHECK(STUB(int (*)(const char *), LENGTH)(huge) == -2 && errno == E2BIG);
    free(huge);
}

static void check_buffers(void)
{
    uint8_t bytes[] = {1, 2, 3, 4, 250};
    CHECK(STUB(int (*)(const uint8_t *, int), SUM)(bytes, 5) == 260);
    CHECK(STUB(int (*)(const uint8_t *, int), SUM)(bytes, 0) == 0);
    CHECK(STUB(int (*)(const uint8_t *, int), SUM)(NULL, 0) == -7); /* NULL stays NULL */
    CHECK(STUB(int (*)(const uint8_t *, int), SUM)(NULL, 1) == -2 && errno == EFAULT);
    CHECK(STUB(int (*)(const uint8_t *, int), SUM)(bytes, -1) == -2 && errno == EINVAL);
    char text[] = "abcdef";
    CHECK(STUB(int (*)(char *, uint64_t), REVERSE)(text, 6) == 0 && strcmp(text, "fedcba") == 0);
}

static void check_sizes_by_reference(void)
{
    uint8_t out[100];
    uint64_t capacity = 60;
    memset(out, 0xee, sizeof out);
    CHECK(STUB(int (*)(uint8_t *, uint64_t *, int), PRODUCE)(out, &capacity, 3) == 0); /* 0: `to` came in as zeros */
    CHECK(capacity == 61);
    for (int i = 0; i < 60; i++)
        CHECK(out[i] == (uint8_t)(i * 7 + 3));
    CHECK(out[60] == 0xee); /* not a byte more than was covered */
    capacity = UINT64_MAX;
    CHECK(STUB(int (*)(uint8_t *, uint64_t *, int), PRODUCE)(out, &capacity, 3) == -2 && errno == EINVAL);
    CHECK(STUB(int (*)(uint8_t *, uint64_t *, int), PRODUCE)(out, NULL, 3) == -2 && errno == EFAULT);
}

static void check_global(enum far_level level)
{
    struct node *node = (struct node *)(shared + 128), on_stack = {{1, 2, 3, 4}};
    uint64_t (*read)(const struct node *) = STUB(uint64_t (*)(const struct node *), READ_NODE);
    uint64_t (*write)(struct node *) = STUB(uint64_t (*)(struct node *), WRITE_NODE);
    node->word[3] = 1234;
    CHECK(read(node) == (level >= FAR_LEVEL_READ ? 1234 : 77));
    CHECK(read(NULL) == 99);
    CHECK(read(&on_stack) == 77 && errno == EFAULT);
    CHECK(read((struct node *)(shared + SHARED_SIZE - 31)) == 77); /* one byte too far */
    CHECK(read((struct node *)(shared - 1)) == 77);
    CHECK(read((struct node *)-8) == 77);
    CHECK(write(node) == (level == FAR_LEVEL_TRUSTED ? 5 : 77));
}

/* A trusted client may have made a handle by branch: what lies in the service's data is taken, what lies elsewhere is not. */
static void check_trusted_handles(void)
{
    struct node on_stack, *made = (struct node *)(shared + 8192);
    struct node *(*open)(void) = STUB(struct node * (*)(void), OPEN_NODE);
    uint64_t (*use)(struct node *) = STUB(uint64_t (*)(struct node *), USE_NODE);
    int (*close)(struct node *) = STUB(int (*)(struct node *), CLOSE_NODE);
    CHECK(use(made) == 1);
    CHECK(close(made) == 1);
    CHECK(use(open()) == 1);
    CHECK(use(&on_stack) == 77 && errno == EBADF);
}

static void check_handles(void)
{
    struct node *(*open)(void) = STUB(struct node * (*)(void), OPEN_NODE);
    uint64_t (*use)(struct node *) = STUB(uint64_t (*)(struct node *), USE_NODE);
    int (*close)(struct node *) = STUB(int (*)(struct node *), CLOSE_NODE);
    CHECK(use((struct node *)(shared + 4096)) == 77 && errno == EBADF); /* the right number, but never given */
    struct node *node = open();
    CHECK(node == (struct node *)(shared + 4096));
    CHECK(use(node) == 1);
    CHECK(use(NULL) == 77 && errno == EFAULT); /* nobody said that it may be */
    CHECK(use((struct node *)((char *)node + 8)) == 77 && errno == EBADF);
    CHECK(close(node) == 1);
    errno = 0;
    CHECK(use(node) == 77 && errno == EBADF);
    CHECK(close(node) == -2 && errno == EBADF);
}

/* Keep hold of the failure, and come back. */
static struct far_failure seen;
static void remember(const struct far_failure *failure)
{
    seen = *failure;
}

static void check_refusals(void)
{
    CHECK(STUB(int (*)(void), ABSENT)() == 13 && errno == ENOSYS);
    far_failure_handler before = far_set_failure_handler(remember);
    CHECK(before != NULL);
    errno = 0;
    CHECK(STUB(int (*)(void), OP_COUNT)() == 0 && errno == ENOSYS); /* a slot that no operation has */
    CHECK(seen.error == ENOSYS && strcmp(seen.service, "test") == 0);
    CHECK(far_set_failure_handler(before) == remember);
}

/* A signal handler that interrupts a call and calls, too, has an A-stack of its own. */
static int in_handler;
static void interrupt(int signal)
{
    (void)signal;
    in_handler += STUB(int (*)(int, int), ADD)(20, 1);
}

static void check_signals(void)
{
    struct sigaction action = {.sa_handler = interrupt};
    struct sigaction before;
    sigaction(SIGALRM, &action, &before);
    in_handler = 0;
    ualarm(20000, 0);
    CHECK(STUB(int (*)(int), SLOW)(40) == 0);
    CHECK(in_handler == 21);
    sigaction(SIGALRM, &before, NULL);
    CHECK(far_thread->depth == 0);
}

static void check_many(void)
{
    /* Through the end of the numbers: as if that many calls had been made and answered. */
    far_thread->channel[0][0].astack->reply.sequence = FAR_SEQUENCE_DEAD - 3;
    far_thread->channel[0][0].sequence = FAR_SEQUENCE_DEAD - 3;
    for (int i = 0; i < 20000; i++)
        if (STUB(int (*)(int, int), ADD)(i, 1) != i + 1) {
            CHECK(!"a call returned another's result");
            break;
        }
}

/* A host that is killed in a call: the value that far_fails names, and EHOSTDOWN; never a hang. */
static void check_death(void)
{
    errno = 0;
    CHECK(STUB(int (*)(void), CRASH)() == -1);
    CHECK(errno == EHOSTDOWN);
    CHECK(far_thread->channel[0][0].astack == NULL && far_thread->depth == 0);
    waitpid(service.host_pid, NULL, 0);
}

static void check_deadline(void)
{
    CHECK(STUB(int (*)(int), SLOW)(1) == 0);
    CHECK(STUB(int (*)(int), SLOW)(20000) == -1 && errno == ETIMEDOUT);
    CHECK(far_thread->channel[0][0].astack == NULL);
}

static void start(enum far_level level)
{
    gate_make(&service, ops, OP_COUNT, exprs, sizeof exprs / sizeof *exprs);
    service.host.part[FAR_PART_DATA] = (struct far_extent){(uint64_t)shared, SHARED_SIZE};
    gate_start(&service, level);
}

int main(void)
{
    setenv("FARCALL_SOCKET", "/nonexistent", 1);
    shared = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (enum far_level level = FAR_LEVEL_NONE; level <= FAR_LEVEL_TRUSTED; level++) {
        start(level);
        check_values();
        check_strings();
        check_buffers();
        check_sizes_by_reference();
        check_global(level);
        if (level == FAR_LEVEL_TRUSTED)
            check_trusted_handles();
        else
            check_handles();
        check_refusals();
        check_signals();
        check_many();
        check_death();
        gate_free(&service);
        start(level);
        check_deadline();
        gate_kill(&service);
        gate_free(&service);
    }
    return check_result();
}
