/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Batches in which one side lies. A client that says what it likes of counts, rooms, slots and flags, and goes on changing
 * them, gets an answer to each message and hurts nobody. A host that says what it likes of each entry ends calls, with an errno;
 * nothing is written beside what the calls named, and nobody waits without end.
 */
#include "runtime/batch.h"
#include "runtime/lib/batch.h"
#include "testsuite/unit/gate_service.h"

#include <pthread.h>

static int sum(const uint8_t *bytes, int n)
{
    int total = 0;
    for (int i = 0; i < n; i++)
        total += bytes[i];
    return total;
}
static int add(int a, int b)
{
    return a + b;
}
static int fill(uint8_t *to, int n)
{
    memset(to, 7, (size_t)n);
    return n;
}
static double half(double x)
{
    return x / 2;
}
static uint64_t *global(int which)
{
    return (uint64_t *)(uintptr_t)which;
}

enum { SUM, ADD, FILL, HALF, GLOBAL, OPS };
static const struct far_expr exprs[] = {
    {.code = FAR_EXPR_PARAM, .width = 4, .index = 1, .flags = FAR_EXPR_SIGNED},
};
#define FAILS(value) .flags = FAR_OP_HAS_FAILS | FAR_OP_ASYNC, .fails = (uint64_t)(value)
static const struct gate_op ops[OPS] = {
    [SUM] = {"sum", (void *)sum, FAILS(-1), .param_count = 2, .param = {G_V_INT, G_BUFFER(G_IN, 0, 1), G_V_INT}},
    [ADD] = {"add", (void *)add, FAILS(-1), .param_count = 2, .param = {G_V_INT, G_V_INT, G_V_INT}},
    [FILL] = {"fill", (void *)fill, FAILS(-1), .param_count = 2, .param = {G_V_INT, G_BUFFER(G_OUT, 0, 1), G_V_INT}},
    [HALF] = {"half", (void *)half, FAILS(-1), .param_count = 1, .param = {G_V_DOUBLE, G_V_DOUBLE}},
    [GLOBAL] = {"global", (void *)global, FAILS(0), .param_count = 1, .param = {G_GLOBAL_IN, G_V_INT}},
};

static struct gate_service service;

/* --- a client that lies --- */

static uint32_t sequence;

static char *area(void)
{
    return (char *)service.astack + FAR_ASTACK_AREA;
}

static struct far_batch_entry *entry_at(uint64_t at)
{
    return (struct far_batch_entry *)(area() + at);
}

static bool answered(void)
{
    struct far_astack *astack = service.astack;
    for (int i = 0; i < 400; i++) {
        uint32_t now = far_load(&astack->reply.sequence);
        if (now == sequence)
            return true;
        if (far_spin_while(&astack->reply.sequence, now, 2000) != sequence)
            far_sleep_while(&astack->reply.sequence, far_load(&astack->reply.sequence), &astack->call.sleeping,
                            10000000);
    }
    CHECK(!"no answer: the host is dead or hangs");
    return false;
}

/* The message's status. */
static uint32_t send_batch(uint64_t count, uint64_t bytes, uint64_t flags)
{
    struct far_astack *astack = service.astack;
    astack->call.slot = FAR_SLOT_BATCH;
    astack->call.argument[0] = count;
    astack->call.argument[1] = bytes;
    astack->call.argument[2] = flags;
    sequence += 10;
    far_publish(&astack->call.sequence, sequence, &astack->reply.sleeping);
    return answered() ? astack->reply.status : UINT32_MAX;
}

/* add(1, 2), with that much room behind it. Where the next one lies. */
static uint64_t put_add(uint64_t at, uint64_t room)
{
    const struct far_batch_entry entry = {.call = {.slot = ADD + 1, .room = room, .argument = {1, 2}}};
    const uint64_t *from = (const uint64_t *)&entry;
    for (size_t i = 0; i < sizeof entry / sizeof *from; i++) /* another thread of ours may be writing there */
        __atomic_store_n((uint64_t *)entry_at(at) + i, from[i], __ATOMIC_RELAXED);
    return at + sizeof entry + room;
}

static bool is_answer(uint64_t at, uint32_t status, uint64_t result)
{
    const struct far_batch_reply *reply = &entry_at(at)->reply;
    return reply->state == FAR_BATCH_ANSWERED && reply->status == status && reply->result == result;
}

static void wrong_messages(void)
{
    uint64_t most = FAR_ASTACK_DEFAULT - FAR_ASTACK_AREA, end = put_add(put_add(0, 0), 64);
    CHECK(send_batch(2, end, 0) == FAR_CALL_DONE && service.astack->reply.result == 2);
    CHECK(is_answer(0, FAR_CALL_DONE, 3) && is_answer(sizeof(struct far_batch_entry), FAR_CALL_DONE, 3));
    CHECK(send_batch(0, end, 0) == FAR_CALL_BAD_SIZE);
    CHECK(send_batch(3, end, 0) == FAR_CALL_BAD_SIZE && send_batch(UINT64_MAX, most, 0) == FAR_CALL_BAD_SIZE);
    CHECK(send_batch(2, most + 64, 0) == FAR_CALL_BAD_SIZE && send_batch(2, UINT64_MAX - 63, 0) == FAR_CALL_BAD_SIZE);
    CHECK(send_batch(1, end - 16, 0) == FAR_CALL_BAD_SIZE && send_batch(2, end, 2) == FAR_CALL_BAD_ARGUMENT);
}

/* Those in front of it are served. */
static void wrong_rooms(void)
{
    static const uint64_t rooms[] = {16, 1u << 20, UINT64_MAX, UINT64_MAX - 63, 0x8000000000000000u};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        uint64_t second = put_add(0, 0), end = put_add(second, 0);
        entry_at(second)->call.room = rooms[i];
        CHECK(send_batch(2, end, 0) == FAR_CALL_BAD_SIZE);
        CHECK(is_answer(0, FAR_CALL_DONE, 3) && entry_at(second)->reply.state == FAR_BATCH_WAITS);
    }
    uint64_t second = put_add(0, 0), end = put_add(second, 128);
    entry_at(second)->call.room = 72; /* there, but what follows would lie askew */
    CHECK(send_batch(2, end, 0) == FAR_CALL_BAD_SIZE && entry_at(second)->reply.state == FAR_BATCH_WAITS);
}

static void wrong_entries(void)
{
    uint64_t at[7] = {0}, end = 0;
    for (int i = 0; i < 7; i++) {
        at[i] = end;
        end = put_add(end, 64);
    }
    entry_at(at[0])->call.slot = FAR_SLOT_BATCH; /* a batch in a batch */
    entry_at(at[1])->call.slot = UINT32_MAX;     /* an answer of a callback's that nobody has asked for */
    entry_at(at[2])->call.slot = OPS + 1;
    entry_at(at[3])->call.slot = HALF + 1; /* no room for what it has */
    entry_at(at[4])->call = (struct far_batch_call){.slot = SUM + 1, .room = 64, .argument = {1, 65}};
    entry_at(at[5])->call.withdrawn = 1;
    CHECK(send_batch(7, end, 0) == FAR_CALL_DONE);
    CHECK(is_answer(at[0], FAR_CALL_BAD_SLOT, 0) && is_answer(at[1], FAR_CALL_BAD_SLOT, 0));
    CHECK(is_answer(at[2], FAR_CALL_BAD_SLOT, 0) && is_answer(at[3], FAR_CALL_BAD_SIZE, 0));
    CHECK(is_answer(at[4], FAR_CALL_BAD_SIZE, 0) && is_answer(at[5], FAR_CALL_NOT_BEGUN, 0));
    CHECK(is_answer(at[6], FAR_CALL_DONE, 3));
    CHECK(send_batch(7, end, FAR_BATCH_LINKED) == FAR_CALL_DONE && is_answer(at[6], FAR_CALL_NOT_BEGUN, 0));
}

static uint64_t seed = 88172645463325252u;

static uint64_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

/* It races with the host on purpose, which ThreadSanitizer need not tell us. */
__attribute__((no_sanitize("thread"))) static void spoil(uint64_t bytes)
{
    uint64_t *word = (uint64_t *)(area() + random_word() % bytes / 8 * 8);
    *word = random_word() % 3 ? random_word() % 300 : random_word();
}

static _Atomic bool spoiling = true;

static void *keep_spoiling(void *unused)
{
    uint64_t number = 1;
    while (spoiling) {
        number = number * 6364136223846793005u + 1442695040888963407u;
        __atomic_store_n((uint64_t *)(area() + (number >> 33) % 2048 / 8 * 8), number >> 40, __ATOMIC_RELAXED);
    }
    return unused;
}

static void attack(unsigned messages)
{
    for (unsigned i = 0; i < messages; i++) {
        uint64_t end = 0;
        uint32_t count = (uint32_t)(random_word() % 8 + 1);
        for (uint32_t entry = 0; entry < count; entry++) {
            uint64_t at = end;
            end = put_add(end, random_word() % 4 * 64);
            __atomic_store_n(&entry_at(at)->call.slot, (uint32_t)(random_word() % (OPS + 2)), __ATOMIC_RELAXED);
        }
        for (unsigned spoils = (unsigned)(random_word() % 6); spoils; spoils--)
            spoil(end);
        CHECK(send_batch(count, end, random_word() % 2) < FAR_CALL_STATUS_COUNT);
    }
}

static void lying_client(void)
{
    pthread_t thread;
    gate_start(&service, FAR_LEVEL_NONE);
    wrong_messages();
    wrong_rooms();
    wrong_entries();
    attack(3000);
    CHECK(pthread_create(&thread, NULL, keep_spoiling, NULL) == 0);
    attack(3000);
    spoiling = false;
    pthread_join(thread, NULL);
    CHECK(waitpid(service.host_pid, NULL, WNOHANG) == 0);
    gate_kill(&service);
}

/* --- a host that lies --- */

/* It gets what a host would have, and does to it what it likes. */
typedef void lie(struct far_astack *astack);

struct liar {
    struct far_astack *astack;
    lie *lie;
};

static void lying_host(const struct liar *liar)
{
    struct far_astack *astack = liar->astack;
    uint32_t now;
    while ((now = far_load(&astack->call.sequence)) == 0)
        far_sleep_while(&astack->call.sequence, 0, &astack->reply.sleeping, 10000000);
    astack->reply.cpu = 1;
    liar->lie(astack);
    far_publish(&astack->reply.sequence, astack->reply.reserved[0] ? now + 1 : now, &astack->call.sleeping);
}

static struct far_batch_entry *entry_of(struct far_astack *astack, unsigned i)
{
    char *at = (char *)astack + FAR_ASTACK_AREA;
    for (; i; i--)
        at += sizeof(struct far_batch_entry) + ((struct far_batch_entry *)at)->call.room;
    return (struct far_batch_entry *)at;
}

static void answer(struct far_astack *astack, unsigned i, uint32_t state, uint32_t status, uint64_t result)
{
    struct far_batch_reply *reply = &entry_of(astack, i)->reply;
    reply->status = status;
    reply->result = result;
    __atomic_store_n(&reply->state, state, __ATOMIC_RELEASE);
}

static void tell_truth(struct far_astack *astack)
{
    answer(astack, 0, FAR_BATCH_ANSWERED, 0, 3);
    memset(entry_of(astack, 1) + 1, 9, 16);
    answer(astack, 1, FAR_BATCH_ANSWERED, 0, 16);
    answer(astack, 2, FAR_BATCH_ANSWERED, 0, 0);
}

static void lie_about_status(struct far_astack *astack)
{
    tell_truth(astack);
    answer(astack, 0, FAR_BATCH_ANSWERED, 12345, 3);
}

static void lie_about_address(struct far_astack *astack)
{
    tell_truth(astack);
    answer(astack, 2, FAR_BATCH_ANSWERED, 0, (uint64_t)(uintptr_t)&service);
}

static void lie_about_state(struct far_astack *astack)
{
    tell_truth(astack);
    answer(astack, 1, 77, 0, 16);
}

/* Says that it is done, and has begun with one. */
static void lie_about_end(struct far_astack *astack)
{
    tell_truth(astack);
    answer(astack, 2, FAR_BATCH_BEGUN, 0, 0);
}

static void lie_about_number(struct far_astack *astack)
{
    astack->reply.reserved[0] = 1;
}

/* Calls a function of ours that it was never given, then says that it is gone. */
static void lie_about_callback(struct far_astack *astack)
{
    astack->reply.status = 0x100;
    astack->reply.result = 0;
    astack->fate.dead = 1;
}

static void die_silently(struct far_astack *astack)
{
    answer(astack, 0, FAR_BATCH_ANSWERED, 0, 3);
    answer(astack, 1, FAR_BATCH_BEGUN, 0, 0);
    astack->fate.dead = 1;
    astack->reply.reserved[0] = 1;
}

static void refuse_all(struct far_astack *astack)
{
    astack->reply.status = FAR_CALL_BAD_SIZE;
}

static struct far_promise *call(int op, uint64_t a, uint64_t b)
{
    static const uint64_t no_stack[1];
    struct far_frame frame = {.integer = {a, b}, .stack = no_stack};
    return batch_async(&frame, &service.binding, service.binding.plan[op + 1]);
}

/* What the three calls end with: 0, or an errno. */
static void check_lie(lie *what, int first, int second, int third, const char *text)
{
    static uint8_t bytes[48];
    struct liar liar = {mmap(NULL, FAR_ASTACK_DEFAULT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
                        what};
    struct far_promise *promise[3];
    int expected[3] = {first, second, third};
    memset(bytes, 1, sizeof bytes);
    service.binding.batches->item[0].channel = (struct far_channel){.host_pidfd = -1};
    pid_t host = fork();
    if (host == 0) {
        lying_host(&liar);
        _exit(0);
    }
    service.binding.batches->item[0].channel = (struct far_channel){
        .astack = liar.astack, .size = FAR_ASTACK_DEFAULT, .binding = &service.binding, .host_pidfd = -1};
    CHECK(far_batch_begin(0) == 0);
    promise[0] = call(ADD, 1, 2);
    promise[1] = call(FILL, (uint64_t)(uintptr_t)(bytes + 16), 16);
    promise[2] = call(GLOBAL, 0, 0);
    CHECK(far_batch_run() == 0);
    for (int i = 0; i < 3; i++) {
        uint64_t result = 0;
        int claimed = far_claim(promise[i], &result);
        int got = claimed ? errno : 0;
        if (got != expected[i])
            fprintf(stderr, "a lie about %s: call %d: %s\n", text, i, strerror(got));
        CHECK(got == expected[i]);
    }
    CHECK(waitpid(host, NULL, 0) == host);
    CHECK(bytes[15] == 1 && bytes[32] == 1 && bytes[16] == (second ? 1 : 9));
    CHECK(service.binding.batches->item[0].state == BATCH_FREE);
    if (service.binding.batches->item[0].channel.astack)
        munmap(liar.astack, FAR_ASTACK_DEFAULT);
}

static void lying_hosts(void)
{
    far_process.binding[0] = &service.binding;
    far_process.binding_count = 1;
    CHECK(far_batch_begin(0) == 0);
    service.binding.batches =
        mmap(NULL, sizeof *service.binding.batches, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(far_batch_run() == 0);
    check_lie(tell_truth, 0, 0, 0, "truth");
    check_lie(lie_about_status, EPROTO, 0, 0, "status");
    check_lie(lie_about_address, 0, 0, EPROTO, "address");
    check_lie(lie_about_state, 0, EPROTO, EPROTO, "state");
    check_lie(lie_about_end, 0, 0, EPROTO, "end");
    check_lie(lie_about_number, EPROTO, EPROTO, EPROTO, "number");
    check_lie(lie_about_callback, ECANCELED, ECANCELED, ECANCELED, "callback");
    check_lie(die_silently, 0, EHOSTDOWN, ECANCELED, "death");
    check_lie(refuse_all, EINVAL, EINVAL, EINVAL, "refused");
}

int main(void)
{
    gate_make(&service, ops, OPS, exprs, sizeof exprs / sizeof *exprs);
    lying_client();
    lying_hosts();
    return check_result();
}
