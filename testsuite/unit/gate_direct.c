/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Buffers that lie in memory which client and host both reach: the operation gets the client's own address, and only if all of
 * the buffer lies there at the time of the call. A client that writes what it likes, and memory that comes and goes under the
 * calls, make no operation see anything else.
 */
#include "testsuite/unit/gate_service.h"

#include "runtime/host/domain.h"
#include "runtime/protocol.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#define BASE (FAR_WINDOW_BEGIN + 0x4000000000)
#define SIZE 65536u

static long where(const volatile uint8_t *bytes, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        if (bytes[i] != 7)
            return -2;
    return (long)(uintptr_t)bytes;
}
static int scaled(const volatile uint8_t *bytes, long n)
{
    return where(bytes, 8 * (uint64_t)n) == -2 ? -2 : (int)(8 * n);
}
static int fill(volatile uint8_t *to, uint64_t n, volatile uint8_t *maybe)
{
    for (uint64_t i = 0; i < n; i++)
        to[i] = 7;
    if (maybe)
        *maybe = 7;
    return (int)n;
}
/* A client's address need not be aligned. */
static uint64_t global(const uint8_t *node)
{
    uint64_t last = 0;
    if (node)
        memcpy(&last, node + 24, sizeof last);
    return last;
}

enum { WHERE, SCALED, FILL, GLOBAL, OPS };
static const struct far_expr exprs[] = {
    {.code = FAR_EXPR_PARAM, .width = 8, .index = 1},
    {.code = FAR_EXPR_CONST, .value = 8},
    {.code = FAR_EXPR_PARAM, .width = 8, .index = 1, .flags = FAR_EXPR_SIGNED},
    {.code = FAR_EXPR_MUL},
    {.code = FAR_EXPR_CONST, .value = 1},
};
#define MAYBE                                       \
    {.value = {.type = G_BYTES,                     \
               .passing = FAR_PASS_BUFFER,          \
               .flags = G_OUT | FAR_VALUE_OPTIONAL, \
               .width = 8,                          \
               .size_first = 4,                     \
               .size_count = 1}}
static const struct gate_op ops[OPS] = {
    [WHERE] = {"where", (void *)where, .param_count = 2, .flags = FAR_OP_HAS_FAILS, .fails = UINT64_MAX,
               .param = {G_V_ULONG, G_BUFFER(G_IN, 0, 1), G_V_ULONG}},
    [SCALED] = {"scaled", (void *)scaled, .param_count = 2, .flags = FAR_OP_HAS_FAILS, .fails = UINT64_MAX,
                .param = {G_V_INT, G_BUFFER(G_IN, 1, 3), G_V_ULONG}},
    [FILL] = {"fill", (void *)fill, .param_count = 3, .flags = FAR_OP_HAS_FAILS, .fails = UINT64_MAX,
              .param = {G_V_INT, G_BUFFER(G_IN | G_OUT, 0, 1), G_V_ULONG, MAYBE}},
    [GLOBAL] = {"global", (void *)global, .param_count = 1, .flags = FAR_OP_HAS_FAILS, .fails = UINT64_MAX,
                .param = {G_V_ULONG, G_GLOBAL_IN}},
};

static struct gate_service service;
static int memory, tell_host, from_host;

static void map_here(void)
{
    memory = memfd_create("domain", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CHECK(ftruncate(memory, SIZE) == 0 && fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    void *want = (void *)BASE;
    CHECK(mmap(want, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, memory, 0) == want);
    memset(want, 7, SIZE);
}

/* In the host: 'm' maps, 'u' unmaps, 't' does one after the other until there is something else to do. */
static void obey(int orders, uint64_t connection)
{
    const struct far_host_domain map = {.domain = 1, .connection = connection, .base = BASE, .size = SIZE};
    const struct far_host_unmap unmap = {.domain = 1};
    char order;
    while (read(orders, &order, 1) == 1) {
        if (order == 'm')
            domain_map(&map, memory);
        else if (order == 'u')
            domain_unmap(&unmap);
        fcntl(orders, F_SETFL, order == 't' ? O_NONBLOCK : 0);
        for (bool on = false; order == 't' && read(orders, &order, 1) != 1; on = !on) {
            if (on)
                domain_map(&map, memory);
            else
                domain_unmap(&unmap);
        }
        fcntl(orders, F_SETFL, 0);
    }
    _exit(0);
}

static void serve(int astack, enum far_level level, int orders, uint64_t connection)
{
    const struct far_host_channel channel = {.channel = 1,
                                             .level = level,
                                             .uid = getuid(),
                                             .pid = (uint32_t)getppid(),
                                             .size = FAR_ASTACK_DEFAULT,
                                             .connection = connection};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    munmap((void *)BASE, SIZE);
    domains_prepare();
    if (worker_start(&service.host, &channel, astack, -1) != 0)
        _exit(70);
    obey(orders, connection);
}

static void start(enum far_level level)
{
    int orders[2], answers[2], astack = gate_astack(&service, 0, FAR_ASTACK_DEFAULT);
    CHECK(pipe2(orders, O_CLOEXEC) == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, answers) == 0);
    uint64_t connection = (uint64_t)getpid();
    fflush(NULL);
    service.host_pid = fork();
    if (service.host_pid == 0) {
        int high = fcntl(memory, F_DUPFD, 20), in = fcntl(orders[0], F_DUPFD, 21), stack = fcntl(astack, F_DUPFD, 22);
        memory = high;
        dup2(answers[1], FAR_HOST_FD);
        serve(stack, level, in, connection);
    }
    far_thread->channel[0][0].host_pidfd = (int)syscall(SYS_pidfd_open, service.host_pid, 0);
    close(orders[0]);
    close(answers[1]);
    close(astack);
    tell_host = orders[1];
    from_host = answers[0];
    service.binding.level = level;
    service.binding.shared = (struct far_extent){BASE, SIZE};
}

/* What the host says of it: its code. */
static int order(char what)
{
    struct {
        struct far_message head;
        struct far_host_domain_reply reply;
    } packet = {.reply.code = -1};
    CHECK(write(tell_host, &what, 1) == 1);
    CHECK(recv(from_host, &packet, sizeof packet, 0) == sizeof packet);
    return packet.reply.code;
}

typedef long where_function(const void *, uint64_t);
typedef int scaled_function(const void *, long);
typedef int fill_function(void *, uint64_t, void *);
typedef uint64_t global_function(const void *);

static long call_where(uint64_t address, uint64_t n)
{
    return ((where_function *)gate_stub(&service, WHERE))((const void *)address, n);
}

static bool refused(long result, int error)
{
    return result == -1 && errno == error;
}

static void edges(void)
{
    uint64_t end = BASE + SIZE;
    CHECK(call_where(BASE, SIZE) == (long)BASE);
    CHECK(call_where(end - 1, 1) == (long)(end - 1));
    CHECK(call_where(end - 1, 0) == (long)(end - 1));
    CHECK(refused(call_where(end - 1, 2), EFAULT));
    CHECK(refused(call_where(BASE, SIZE + 1), EFAULT));
    CHECK(refused(call_where(BASE + 1, UINT64_MAX), EINVAL));
    CHECK(refused(call_where(BASE, (1ull << 30) + 1), EINVAL));
    CHECK(call_where(0, 0) == 0);
    CHECK(refused(call_where(0, 1), EFAULT));
}

static void sizes(void)
{
    scaled_function *scale = (scaled_function *)gate_stub(&service, SCALED);
    CHECK(scale((void *)BASE, 3) == 24);
    CHECK(scale((void *)BASE, SIZE / 8) == (int)SIZE);
    CHECK(refused(scale((void *)BASE, SIZE / 8 + 1), EFAULT));
    CHECK(refused(scale((void *)BASE, -1), EINVAL));
    CHECK(refused(scale((void *)BASE, 1L << 61), EINVAL)); /* eight times that is nothing */
}

static void both_ways(void)
{
    fill_function *fill_it = (fill_function *)gate_stub(&service, FILL);
    uint8_t *bytes = (uint8_t *)BASE, own[16] = {0}, other = 0;
    memset(bytes, 0, 16);
    CHECK(fill_it(bytes, 8, NULL) == 8 && bytes[7] == 7 && bytes[8] == 0);
    CHECK(fill_it(bytes, 8, bytes + 9) == 8 && bytes[9] == 7 && bytes[8] == 0);
    CHECK(fill_it(bytes, 9, &other) == 9 && bytes[8] == 7 && other == 7); /* one here, one there: copied */
    CHECK(fill_it(own, 9, bytes + 15) == 9 && own[8] == 7 && own[9] == 0 && bytes[15] == 7);
    memset(bytes, 7, SIZE);
    CHECK(((global_function *)gate_stub(&service, GLOBAL))(bytes) == 0x0707070707070707u);
    CHECK(((global_function *)gate_stub(&service, GLOBAL))(NULL) == 0);
    CHECK(refused((long)((global_function *)gate_stub(&service, GLOBAL))(bytes + SIZE - 31), EFAULT));
}

/* Not there (any more): the host calls nothing, and the bytes are copied. */
static void comes_and_goes(void)
{
    CHECK(order('u') == 0);
    CHECK(call_where(BASE, 64) > 0 && call_where(BASE, 64) != (long)BASE);
    CHECK(order('m') == 0);
    CHECK(call_where(BASE, 64) == (long)BASE);
    service.binding.shared.size = 0; /* the client has changed its mind */
    CHECK(call_where(BASE, 64) != (long)BASE);
    service.binding.shared.size = SIZE;
}

static void *read_answers(void *argument)
{
    char packet[256];
    while (recv(from_host, packet, sizeof packet, 0) > 0)
        if (__atomic_load_n((bool *)argument, __ATOMIC_ACQUIRE))
            break;
    return NULL;
}

static void under_calls(void)
{
    pthread_t reader;
    bool enough = false;
    unsigned direct = 0, copied = 0;
    CHECK(pthread_create(&reader, NULL, read_answers, &enough) == 0);
    CHECK(write(tell_host, "t", 1) == 1);
    for (int i = 0; i < 200000 && (i < 2000 || !direct || !copied); i++) {
        long got = call_where(BASE + SIZE - 64, 64);
        CHECK(got > 0);
        direct += got == (long)(BASE + SIZE - 64);
        copied += got != (long)(BASE + SIZE - 64);
    }
    CHECK(direct && copied);
    __atomic_store_n(&enough, true, __ATOMIC_RELEASE);
    CHECK(write(tell_host, "mu", 2) == 2); /* the first ends it, the second is answered, for who reads */
    pthread_join(reader, NULL);
}

static bool answered(struct far_astack *astack, uint32_t sequence)
{
    for (int i = 0; i < 500 && far_load(&astack->reply.sequence) != sequence; i++) {
        uint32_t now = far_load(&astack->reply.sequence);
        if (far_spin_while(&astack->reply.sequence, now, 2000) == now)
            far_sleep_while(&astack->reply.sequence, now, &astack->call.sleeping, 10000000);
    }
    return far_load(&astack->reply.sequence) == sequence;
}

static _Atomic bool scribbling = true;

/* Between the host's two looks at a word, if it had two. */
static void *keep_scribbling(void *argument)
{
    struct far_astack *astack = argument;
    for (uint64_t i = 0; scribbling; i++) {
        astack->call.argument[0] = i % 2 ? BASE + SIZE - 8 : BASE;
        astack->call.argument[1] = i % 3 ? 8 : SIZE;
    }
    return NULL;
}

/* Where it ends nothing is mapped in the host: a byte too many would be its death. */
static void wild_words(uint32_t first, uint32_t calls, bool trusted)
{
    static const uint64_t address[] = {0,
                                       1,
                                       2,
                                       BASE - 1,
                                       BASE,
                                       BASE + 1,
                                       BASE + SIZE - 8,
                                       BASE + SIZE - 1,
                                       BASE + SIZE,
                                       BASE + SIZE + 1,
                                       UINT64_MAX,
                                       1ull << 63};
    static const uint64_t size[] = {0,        1,          8,          9,          SIZE - 1,          SIZE,
                                    SIZE + 1, 1ull << 31, UINT64_MAX, 1ull << 61, UINT64_MAX - BASE, 1ull << 30};
    struct far_astack *astack = service.astack;
    unsigned seen = 0;
    for (uint32_t i = 0; i < calls; i++) {
        astack->call.slot = 1 + i % OPS;
        astack->call.argument[0] = address[i / OPS % 12];
        astack->call.argument[1] = size[i / OPS / 12 % 12];
        astack->call.argument[2] = address[i / OPS / 5 % 12];
        far_publish(&astack->call.sequence, first + i, &astack->reply.sleeping);
        if (!answered(astack, first + i)) {
            CHECK(!"no answer: the host is dead or hangs");
            return;
        }
        CHECK(trusted || astack->reply.status != FAR_CALL_DONE || astack->reply.result != BASE);
        seen |= 1u << astack->reply.status;
    }
    CHECK(seen & 1u << FAR_CALL_DONE && seen & 1u << FAR_CALL_BAD_ARGUMENT && seen & 1u << FAR_CALL_BAD_SIZE);
}

static void attack(enum far_level level)
{
    pthread_t thread;
    gate_make(&service, ops, OPS, exprs, sizeof exprs / sizeof *exprs);
    start(level);
    CHECK(order('m') == 0);
    wild_words(1, 2000, level == FAR_LEVEL_TRUSTED);
    CHECK(pthread_create(&thread, NULL, keep_scribbling, service.astack) == 0);
    for (uint32_t i = 10000; i < 12000; i++) {
        service.astack->call.slot = 1 + WHERE;
        far_publish(&service.astack->call.sequence, i, &service.astack->reply.sleeping);
        CHECK(answered(service.astack, i));
    }
    scribbling = false;
    pthread_join(thread, NULL);
    scribbling = true;
    CHECK(waitpid(service.host_pid, NULL, WNOHANG) == 0);
    gate_kill(&service);
    gate_free(&service);
    close(tell_host);
    close(from_host);
}

static void calls(void)
{
    gate_make(&service, ops, OPS, exprs, sizeof exprs / sizeof *exprs);
    const struct far_plan *plan = service.binding.plan[1 + WHERE];
    CHECK(plan->flags & FAR_PLAN_DIRECT && plan->flags & FAR_PLAN_DIRECT_HOST && plan->buffers == 1);
    start(FAR_LEVEL_TRUSTED);
    CHECK(order('m') == 0);
    CHECK(call_where(BASE, 1) == (long)BASE); /* the first one has no channel yet in the fast path's eyes */
    edges();
    sizes();
    both_ways();
    comes_and_goes();
    under_calls();
    CHECK(waitpid(service.host_pid, NULL, WNOHANG) == 0);
    gate_kill(&service);
    gate_free(&service);
    close(tell_host);
    close(from_host);
}

int main(void)
{
    map_here();
    calls();
    attack(FAR_LEVEL_TRUSTED);
    attack(FAR_LEVEL_READ);
    return check_result();
}
