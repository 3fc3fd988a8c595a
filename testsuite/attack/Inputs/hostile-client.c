/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A client at level none writes nonsense into its A-stacks. A good client's calls are all answered meanwhile. */
#include "attack.h"

#include <pthread.h>
#include <signal.h>

static uint32_t random_state = 12345;
static uint32_t chance(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

/* kv_put, then kv_get of what was put, with other bytes each time; ends well when its parent says so. */
static volatile sig_atomic_t enough;
static void be_enough(int signal)
{
    (void)signal;
    enough = 1;
}

static void good_client(void)
{
    struct bound kv;
    struct channel channel;
    int fard = connect_fard();
    bind_service(fard, "kv", 0, &kv);
    open_channel(fard, &kv, 65536, &channel);
    uint32_t put = slot_of(&kv, "kv_put"), get = slot_of(&kv, "kv_get");
    char *area = area_of(&channel);
    unsigned calls = 0;
    for (; !enough; calls++) {
        uint64_t n = 100 + calls % 1000;
        memcpy(area, "good", 5);
        memset(area + 16, (int)calls, n);
        must(CALL(&channel, put, 5, 1, n) == FAR_CALL_DONE && (int)channel.astack->reply.result == 0);
        memcpy(area, "good", 5);
        must(CALL(&channel, get, 5, 1, 2000, 1) == FAR_CALL_DONE && (int)channel.astack->reply.result == 0);
        for (uint64_t i = 0; i < n; i++)
            must((uint8_t)area[16 + i] == (uint8_t)calls);
    }
    must(calls > 100);
    _exit(0);
}

static void wrong_slots(struct channel *channel, const struct bound *bound)
{
    static const uint32_t far_away[] = {4095, 4096, 65536, 0x7FFFFFFF, 0x80000000, UINT32_MAX};
    must(CALL(channel, 0, 1, 1, 1, 1, 1, 1) == FAR_CALL_BAD_SLOT);
    for (uint32_t i = 0; i < sizeof far_away / sizeof *far_away; i++) {
        uint32_t status = CALL(channel, far_away[i], 1, 1, 1, 1, 1, 1);
        must(status == FAR_CALL_BAD_SLOT || status == FAR_CALL_NOT_GIVEN);
    }
    for (uint32_t i = bound->iface->ops.count + 1; i < 64; i++)
        must(CALL(channel, i, 1, 1, 1, 1, 1, 1) == FAR_CALL_BAD_SLOT);
}

static const uint64_t huge[] = {
    65536,      1u << 20,         1u << 30,   (1u << 30) + 1,  1ull << 31,        1ull << 32, (1ull << 32) + 16,
    1ull << 62, (1ull << 63) - 1, 1ull << 63, UINT64_MAX - 15, UINT64_MAX - 4096, UINT64_MAX,
};
#define HUGE_COUNT (sizeof huge / sizeof *huge)

static void wrong_strings(struct channel *channel, uint32_t slot)
{
    char *area = area_of(channel);
    must(CALL(channel, slot, 0, 1, 1) == FAR_CALL_BAD_ARGUMENT);
    for (unsigned i = 0; i < HUGE_COUNT; i++)
        must(CALL(channel, slot, huge[i], 1, 1, 1) == FAR_CALL_BAD_SIZE);
    memset(area, 'x', channel->size - FAR_ASTACK_AREA);
    must(CALL(channel, slot, 1, 1, 1, 1) == FAR_CALL_BAD_STRING);
    must(CALL(channel, slot, 100, 1, 1, 1) == FAR_CALL_BAD_STRING);
    must(CALL(channel, slot, channel->size - FAR_ASTACK_AREA - 64, 1, 1, 1) == FAR_CALL_BAD_STRING);
}

static void attack_kv(int fard, const struct bound *kv)
{
    struct channel channel;
    open_channel(fard, kv, 65536, &channel);
    uint32_t put = slot_of(kv, "kv_put"), get = slot_of(kv, "kv_get");
    char *area = area_of(&channel);
    wrong_slots(&channel, kv);
    wrong_strings(&channel, put);
    wrong_strings(&channel, get);
    wrong_strings(&channel, slot_of(kv, "kv_find"));
    memcpy(area, "k", 2);
    for (unsigned i = 0; i < HUGE_COUNT; i++) {
        must(CALL(&channel, put, 2, 1, huge[i]) == FAR_CALL_BAD_SIZE);
        must(CALL(&channel, get, 2, 1, huge[i], 1) == FAR_CALL_BAD_SIZE);
    }
    /* NULL with a size; pointers where only "there is one" may stand: the server's own memory, the window, our own. */
    must(CALL(&channel, put, 2, 0, 10) == FAR_CALL_BAD_ARGUMENT);
    must(CALL(&channel, get, 2, 0, 10, 1) == FAR_CALL_BAD_ARGUMENT);
    must(CALL(&channel, get, 2, 1, 10, 0) == FAR_CALL_BAD_ARGUMENT);
    const uint64_t pointers[] = {kv->reply.part[FAR_PART_DATA].address,
                                 kv->reply.part[FAR_PART_HEAP].address,
                                 kv->reply.part[FAR_PART_CODE].address,
                                 kv->reply.base,
                                 (uint64_t)(uintptr_t)area,
                                 2,
                                 UINT64_MAX};
    for (unsigned i = 0; i < sizeof pointers / sizeof *pointers; i++) {
        must(CALL(&channel, get, 2, pointers[i], 16, 1) == FAR_CALL_BAD_ARGUMENT);
        must(CALL(&channel, get, 2, 1, 16, pointers[i]) == FAR_CALL_BAD_ARGUMENT);
        must(CALL(&channel, put, 2, pointers[i], 16) == FAR_CALL_BAD_ARGUMENT);
    }
    /* The last byte of the A-stack, and the one after it. */
    uint64_t room = channel.size - FAR_ASTACK_AREA;
    memcpy(area, "edge", 5);
    must(CALL(&channel, put, 5, 1, room - 16) == FAR_CALL_DONE);
    must(CALL(&channel, put, 5, 1, room - 15) == FAR_CALL_BAD_SIZE);
    close_channel(fard, &channel);
}

/* What the operation did not write comes back as zeros, nothing of an earlier call; what no parameter covers stays. */
static void no_leftovers(int fard, const struct bound *kv)
{
    struct channel channel;
    uint8_t *area;
    open_channel(fard, kv, 65536, &channel);
    area = (uint8_t *)area_of(&channel);
    for (int i = 0; i < 20; i++) {
        memcpy(area, "secret", 7);
        memset(area + 16, 0x5E, 20000);
        must(CALL(&channel, slot_of(kv, "kv_put"), 7, 1, 20000) == FAR_CALL_DONE);
        memset(area, 0xAA, 30000);
        memcpy(area, "missing", 8);
        must(CALL(&channel, slot_of(kv, "kv_get"), 8, 1, 10000, 1) == FAR_CALL_DONE);
        must((int)channel.astack->reply.result == -1);
        for (int at = 16; at < 16 + 10000 + 8; at++)
            must(area[at] == 0);
        for (int at = 16 + 10000 + 8; at < 30000; at++)
            must(area[at] == 0xAA);
    }
    close_channel(fard, &channel);
}

static void attack_zlib(int fard, const struct bound *zlib)
{
    struct channel channel;
    open_channel(fard, zlib, 65536, &channel);
    char *area = area_of(&channel);
    const char *const names[] = {"compress2", "uncompress"};
    for (unsigned op = 0; op < 2; op++) {
        uint32_t slot = slot_of(zlib, names[op]);
        for (unsigned i = 0; i < HUGE_COUNT; i++) {
            memcpy(area, &huge[i], 8); /* *destLen */
            must(CALL(&channel, slot, 1, 1, 1, 16, 1) == FAR_CALL_BAD_SIZE);
            memcpy(area, &(uint64_t){64}, 8);
            must(CALL(&channel, slot, 1, 1, 1, huge[i], 1) == FAR_CALL_BAD_SIZE);
        }
        must(CALL(&channel, slot, 1, 0, 1, 16, 1) == FAR_CALL_BAD_ARGUMENT);
        memcpy(area, &(uint64_t){64}, 8);
        must(CALL(&channel, slot, 0, 1, 1, 16, 1) == FAR_CALL_BAD_ARGUMENT);
        must(CALL(&channel, slot, zlib->reply.part[FAR_PART_DATA].address, 1, 1, 16, 1) == FAR_CALL_BAD_ARGUMENT);
        memcpy(area, &(uint64_t){0}, 8);
        must(CALL(&channel, slot, 1, 1, 1, 16, 1) == FAR_CALL_DONE);
    }
    for (int level = -3; level < 12; level++) {
        memcpy(area, &(uint64_t){64}, 8);
        must(CALL(&channel, slot_of(zlib, "compress2"), 1, 1, 1, 16, (uint32_t)level | 0xdead00000000) ==
             FAR_CALL_DONE);
    }
    must(CALL(&channel, slot_of(zlib, "crc32"), 0, 0, 1000) == FAR_CALL_DONE); /* NULL is allowed */
    must(CALL(&channel, slot_of(zlib, "crc32"), 0, 1, UINT32_MAX) == FAR_CALL_BAD_SIZE);
    /* zlib looks at the only byte before it looks for NULL: what the interface allows must be what the code can bear.
     */
    must(CALL(&channel, slot_of(zlib, "adler32"), 1, 0, 1) == FAR_CALL_BAD_ARGUMENT);
    must(CALL(&channel, slot_of(zlib, "adler32"), 0, 0, 0) == FAR_CALL_DONE);
    close_channel(fard, &channel);
}

/* Writes all over the A-stack, but for the two words that fuzz() itself waits by. */
struct vandal {
    struct channel *channel;
    bool stop;
};

/* Its races are its purpose. */
__attribute__((no_sanitize("thread"))) static void *vandalise(void *argument)
{
    struct vandal *vandal = argument;
    struct far_astack *astack = vandal->channel->astack;
    volatile uint8_t *area = (volatile uint8_t *)area_of(vandal->channel);
    uint32_t seed = 99;
    while (!__atomic_load_n(&vandal->stop, __ATOMIC_RELAXED)) {
        seed = seed * 1664525 + 1013904223;
        uint32_t value = seed >> 8;
        area[value % 64] = (uint8_t)(seed >> 24);
        area[value % 8192] = (uint8_t)seed;
        if (value % 4 == 0)
            *(volatile uint64_t *)&astack->call.argument[value / 4 % 6] =
                value % 3 ? value % 4000 : huge[value % HUGE_COUNT];
        if (value % 64 == 0)
            *(volatile uint32_t *)&astack->reply.status = value;
        if (value % 128 == 0)
            *(volatile uint32_t *)&astack->call.slot = value % 16;
        *(volatile uint32_t *)&astack->call.sleeping = value & 1;
        *(volatile uint32_t *)&astack->reply.sleeping = value >> 1 & 1;
        *(volatile uint32_t *)&astack->call.cpu = value % 5;
    }
    return NULL;
}

static void fuzz(int fard, const struct bound *bound, unsigned calls, bool with_vandal)
{
    struct channel channel;
    pthread_t thread;
    open_channel(fard, bound, 65536, &channel);
    struct vandal vandal = {.channel = &channel};
    must(!with_vandal || pthread_create(&thread, NULL, vandalise, &vandal) == 0);
    for (unsigned i = 0; i < calls; i++) {
        uint64_t words[6];
        for (int j = 0; j < 6; j++) {
            uint32_t kind = chance() % 8;
            words[j] = kind < 3   ? chance() % 3
                       : kind < 6 ? chance() % 5000
                       : kind < 7 ? huge[chance() % HUGE_COUNT]
                                  : chance();
        }
        uint64_t length = chance() % 4000;
        memcpy(area_of(&channel), &length, 8);
        if (chance() % 2)
            memset(area_of(&channel) + chance() % 60000, 0, 16);
        call_words(&channel, chance() % 12, words);
    }
    __atomic_store_n(&vandal.stop, true, __ATOMIC_RELAXED);
    if (with_vandal)
        pthread_join(thread, NULL);
    close_channel(fard, &channel);
}

/* Numbers that jump, go back and repeat; a second call before the first is answered; both DEAD words. */
static void odd_sequences(int fard, const struct bound *bound)
{
    struct channel channel;
    uint32_t null = slot_of(bound, "kv_null_function");
    open_channel(fard, bound, 65536, &channel);
    const uint32_t numbers[] = {7, 6, 0x80000000, 0xFFFFFFFE, 1, 0, 5};
    channel.astack->call.slot = null;
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        publish(&channel, numbers[i]);
        must(answered(&channel, numbers[i], 10000));
    }
    for (uint32_t i = 1000; i < 3000; i++)
        publish(&channel, i); /* nobody waits for an answer */
    publish(&channel, 77);
    must(answered(&channel, 77, 10000));
    /* The reply line is the client's to write as well: it fools nobody but itself. */
    channel.astack->reply.sequence = 12345;
    must(CALL(&channel, null) == FAR_CALL_DONE);
    publish(&channel, FAR_SEQUENCE_DEAD);
    nap(50);
    publish(&channel, 9999);
    must(!answered(&channel, 9999, 300)); /* it said that it was dead */
    close_channel(fard, &channel);

    open_channel(fard, bound, 65536, &channel);
    channel.astack->fate.dead = 1;
    channel.astack->reply.sequence = FAR_SEQUENCE_DEAD;
    publish(&channel, 3);
    nap(20);
    close_channel(fard, &channel);
    open_channel(fard, bound, 65536, &channel);
    must(CALL(&channel, null) == FAR_CALL_DONE);
    close_channel(fard, &channel);
}

/* The memory itself is taken away under the host: holes where there were pages. */
static void holes(int fard, const struct bound *kv)
{
    struct channel channel;
    open_channel(fard, kv, 65536, &channel);
    for (int i = 0; i < 200; i++) {
        memcpy(area_of(&channel), "hole", 5);
        publish(&channel, (uint32_t)i + 1);
        fallocate(channel.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 65536);
    }
    close_channel(fard, &channel);
    open_channel(fard, kv, 65536, &channel);
    fallocate(channel.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 65536);
    close_channel(fard, &channel); /* fard writes its marks into the hole */
}

int main(int argc, char **argv)
{
    unsigned calls = argc > 1 ? (unsigned)atoi(argv[1]) : 2000;
    struct bound kv, zlib;
    int fard = connect_fard();
    uint32_t kv_host = host_pid(fard, "kv"), zlib_host = host_pid(fard, "zlib");
    signal(SIGTERM, be_enough);
    pid_t good = fork();
    must(good >= 0);
    if (good == 0)
        good_client();
    bind_service(fard, "kv", 0, &kv);
    bind_service(fard, "zlib", 0, &zlib);
    must(kv.reply.level == FAR_LEVEL_NONE && zlib.reply.level == FAR_LEVEL_NONE);
    attack_kv(fard, &kv);
    no_leftovers(fard, &kv);
    attack_zlib(fard, &zlib);
    odd_sequences(fard, &kv);
    holes(fard, &kv);
    fuzz(fard, &kv, calls, false);
    fuzz(fard, &zlib, calls, false);
    fuzz(fard, &kv, calls, true);
    fuzz(fard, &zlib, calls, true);
    int status;
    kill(good, SIGTERM);
    must(waitpid(good, &status, 0) == good && status == 0);
    must(host_pid(fard, "kv") == kv_host && host_pid(fard, "zlib") == zlib_host);
    puts("the hosts stood, and the good client was served");
    return 0;
}
