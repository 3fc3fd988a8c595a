/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A client that writes what it likes into its A-stack, and goes on writing while the host reads. The host must answer
 * every call with a status of its own, its operations must see only what fits together, and it must live.
 */
#include "testsuite/unit/gate_service.h"

#include <pthread.h>

/* The implementations touch all that they are told they have; one byte too many would be outside the worker's arena. */
static long touch(const volatile uint8_t *bytes, uint64_t n)
{
    long total = 0;
    for (uint64_t i = 0; i < n; i++)
        total += bytes[i];
    return total;
}
static int text(const char *string)
{
    return string ? (int)strlen(string) : -1;
}
static int sum(const uint8_t *bytes, int n)
{
    return bytes ? (int)touch(bytes, (uint64_t)n) : 0;
}
static int produce(uint8_t *to, uint64_t *capacity, int seed)
{
    if (to)
        memset(to, seed, *capacity);
    return 0;
}
static int product(const char *name, const uint8_t *cells, uint64_t rows, uint64_t columns)
{
    return text(name) + (cells ? (int)touch(cells, rows * columns) : 0);
}
static uint64_t global(const uint64_t *node)
{
    return node ? node[3] : 0;
}
static uint64_t handle(uint64_t *node)
{
    return node ? *node : 0;
}

/* More in its result's register than its type has. */
static uint64_t dirty(uint64_t unused)
{
    (void)unused;
    return 0x1122334455667788;
}

enum { TEXT, SUM, PRODUCE, PRODUCT, GLOBAL, HANDLE, DIRTY, DIRTY_TEXT, DIRTY_BOOL, OPS };
static const struct far_expr exprs[] = {
    {.code = FAR_EXPR_PARAM, .width = 4, .index = 1, .flags = FAR_EXPR_SIGNED},
    {.code = FAR_EXPR_DEREF, .width = 8, .index = 1},
    {.code = FAR_EXPR_CONST, .value = 8},
    {.code = FAR_EXPR_PARAM, .width = 8, .index = 2},
    {.code = FAR_EXPR_PARAM, .width = 8, .index = 3},
    {.code = FAR_EXPR_MUL},
};
static const struct gate_op ops[OPS] = {
    [TEXT] = {"text", (void *)text, .param_count = 1, .param = {G_V_INT, G_STRING}},
    [SUM] = {"sum", (void *)sum, .param_count = 2, .param = {G_V_INT, G_BUFFER(G_IN, 0, 1), G_V_INT}},
    [PRODUCE] = {"produce", (void *)produce, .param_count = 3,
                 .param = {G_V_INT, G_BUFFER(G_OUT, 1, 1), G_BUFFER(G_IN | G_OUT, 2, 1), G_V_INT}},
    [PRODUCT] = {"product", (void *)product, .param_count = 4,
                 .param = {G_V_INT, G_STRING, G_BUFFER(G_IN, 3, 3), G_V_ULONG, G_V_ULONG}},
    [GLOBAL] = {"global", (void *)global, .param_count = 1, .param = {G_V_ULONG, G_GLOBAL_IN}},
    [HANDLE] = {"handle", (void *)handle, .param_count = 1, .param = {G_V_ULONG, G_HANDLE}},
    [DIRTY] = {"dirty", (void *)dirty, .param_count = 1, .param = {G_V_INT, G_V_INT}},
    [DIRTY_TEXT] = {"dirty_text", (void *)dirty, .param_count = 1, .param = {G_V_INT, G_STRING}},
    [DIRTY_BOOL] = {"dirty_bool", (void *)dirty, .param_count = 1, .param = {G_V_BOOL, G_STRING}},
};

static struct gate_service service;
static uint64_t seed = 88172645463325252u;

static uint64_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

/* Numbers that break things more often than just any. */
static uint64_t nasty_word(void)
{
    static const uint64_t words[] = {0,
                                     1,
                                     2,
                                     7,
                                     8,
                                     15,
                                     16,
                                     4096,
                                     65536,
                                     1u << 20,
                                     (1u << 20) - 4096,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     1ull << 30,
                                     1ull << 32,
                                     1ull << 63,
                                     UINT64_MAX,
                                     FAR_WINDOW_BEGIN,
                                     0x400000};
    uint64_t word = random_word();
    return word % 4 == 0
               ? word
               : words[word / 8 % (sizeof words / sizeof *words)] + (word % 4 == 1 ? random_word() % 3 - 1 : 0);
}

/* It races with the host on purpose, which ThreadSanitizer need not tell us. */
__attribute__((no_sanitize("thread"))) static void scribble(struct far_astack *astack)
{
    uint64_t *area = (uint64_t *)((char *)astack + FAR_ASTACK_AREA);
    astack->call.slot = (uint32_t)(random_word() % 8 ? random_word() % (OPS + 2) : nasty_word());
    for (int i = 0; i < FAR_ASTACK_REGISTERS; i++)
        astack->call.argument[i] = random_word() % 2 ? random_word() % 3 : nasty_word();
    for (int i = 0; i < 16; i++)
        area[i] = random_word() % 2 ? random_word() % 100 : nasty_word();
}

static bool answered(struct far_astack *astack, uint32_t sequence)
{
    for (int i = 0; i < 200; i++) {
        uint32_t now = far_load(&astack->reply.sequence);
        if (now == sequence)
            return true;
        if (far_spin_while(&astack->reply.sequence, now, 2000) != sequence)
            far_sleep_while(&astack->reply.sequence, far_load(&astack->reply.sequence), &astack->call.sleeping,
                            10000000);
    }
    return false;
}

static _Atomic bool scribbling = true;

/* Double fetches are found by changing everything between the two. */
static void *keep_scribbling(void *argument)
{
    struct far_astack *astack = argument;
    while (scribbling) {
        uint64_t *area = (uint64_t *)((char *)astack + FAR_ASTACK_AREA);
        area[0] = area[0] == 8 ? UINT64_MAX / 2 : 8;
        area[2] ^= 0x4141414141414141u;
        astack->call.argument[1] ^= 0x7fff0000;
    }
    return NULL;
}

static void attack(uint32_t calls, uint32_t first)
{
    struct far_astack *astack = service.astack;
    unsigned seen = 0;
    for (uint32_t sequence = first; sequence < first + calls; sequence++) {
        scribble(astack);
        far_publish(&astack->call.sequence, sequence, &astack->reply.sleeping);
        if (!answered(astack, sequence)) {
            CHECK(!"no answer: the host is dead or hangs");
            return;
        }
        CHECK(astack->reply.status < FAR_CALL_STATUS_COUNT);
        seen |= 1u << astack->reply.status;
    }
    CHECK(seen & 1u << FAR_CALL_DONE && seen & 1u << FAR_CALL_BAD_SLOT && seen & 1u << FAR_CALL_BAD_ARGUMENT);
    CHECK(seen & 1u << FAR_CALL_BAD_SIZE && seen & 1u << FAR_CALL_BAD_STRING && seen & 1u << FAR_CALL_BAD_HANDLE);
}

/* The text that is checked is the one that is used: its end is there and not there, and it ends within what was said. */
static void race_for_ends(uint32_t calls, uint32_t first)
{
    struct far_astack *astack = service.astack;
    bool answers = true;
    for (uint32_t sequence = first; sequence < first + calls && answers; sequence++) {
        astack->call.slot = TEXT + 1;
        astack->call.argument[0] = 2;
        far_publish(&astack->call.sequence, sequence, &astack->reply.sleeping);
        answers = answered(astack, sequence);
        CHECK(answers && (astack->reply.status == FAR_CALL_BAD_STRING || astack->reply.result < 2));
    }
}

/* Of what an operation leaves in its registers, only the result's bits are seen. */
static void check_result_bits(void)
{
    static const uint64_t expected[OPS] = {[DIRTY] = 0x55667788, [DIRTY_TEXT] = 0x55667788, [DIRTY_BOOL] = 0};
    struct far_astack *astack = service.astack;
    for (uint32_t op = DIRTY; op < OPS; op++) {
        astack->call.slot = op + 1;
        astack->call.argument[0] = 1;
        *((char *)astack + FAR_ASTACK_AREA) = 0;
        far_publish(&astack->call.sequence, 50000 + op, &astack->reply.sleeping);
        CHECK(answered(astack, 50000 + op) && astack->reply.status == FAR_CALL_DONE);
        CHECK(astack->reply.result == expected[op]);
    }
}

int main(void)
{
    pthread_t thread;
    gate_make(&service, ops, OPS, exprs, sizeof exprs / sizeof *exprs);
    gate_start(&service, FAR_LEVEL_NONE);
    attack(20000, 1);
    check_result_bits();
    CHECK(pthread_create(&thread, NULL, keep_scribbling, service.astack) == 0);
    attack(3000, 60000);
    race_for_ends(5000, 70000);
    scribbling = false;
    pthread_join(thread, NULL);
    CHECK(waitpid(service.host_pid, NULL, WNOHANG) == 0);
    gate_kill(&service);
    gate_free(&service);
    return check_result();
}
