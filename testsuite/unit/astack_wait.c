/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The waiting protocol of two threads, with every mixture of spinning and sleeping: no wake-up lost, no call answered
 * twice. */
#include "runtime/lib/wait.h"
#include "testsuite/unit/check.h"

#include <pthread.h>
#include <string.h>

static struct far_astack astack;
static uint32_t served;
static uint32_t host_spin, client_spin;

/* A lost wake-up would be noticed only at the end of a slice: make that long, and measure. */
#define SLICE_NS 2000000000L

static void *host(void *unused)
{
    uint32_t last = 0;
    (void)unused;
    for (;;) {
        uint32_t now = far_spin_while(&astack.call.sequence, last, host_spin);
        if (now == last) {
            far_sleep_while(&astack.call.sequence, last, &astack.reply.sleeping, SLICE_NS);
            continue;
        }
        if (now == FAR_SEQUENCE_DEAD)
            return NULL;
        last = now;
        served++;
        astack.reply.result = astack.call.argument[0] + 1;
        far_publish(&astack.reply.sequence, now, &astack.call.sleeping);
    }
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void call(uint32_t sequence)
{
    astack.call.argument[0] = sequence;
    far_publish(&astack.call.sequence, sequence, &astack.reply.sleeping);
    uint32_t before = far_load(&astack.reply.sequence);
    if (before != sequence)
        far_spin_while(&astack.reply.sequence, before, client_spin);
    while ((before = far_load(&astack.reply.sequence)) != sequence)
        far_sleep_while(&astack.reply.sequence, before, &astack.call.sleeping, SLICE_NS);
}

static void check_pair(uint32_t spin_of_host, uint32_t spin_of_client)
{
    enum { CALLS = 3000 };
    pthread_t thread;
    memset(&astack, 0, sizeof astack);
    served = 0;
    host_spin = spin_of_host;
    client_spin = spin_of_client;
    double longest = 0;
    CHECK(pthread_create(&thread, NULL, host, NULL) == 0);
    for (uint32_t i = 1; i <= CALLS; i++) {
        double start = seconds();
        call(i);
        double took = seconds() - start;
        longest = took > longest ? took : longest;
        if (astack.reply.result != i + 1) {
            CHECK(!"an answer that is not this call's");
            break;
        }
    }
    far_publish(&astack.call.sequence, FAR_SEQUENCE_DEAD, &astack.reply.sleeping);
    pthread_join(thread, NULL);
    CHECK(served == CALLS);
    CHECK(longest < 1.5); /* shorter than a slice: nobody slept through his wake-up */
}

int main(void)
{
    static const uint32_t spins[] = {0, 1, 30, 2000};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            check_pair(spins[i], spins[j]);
    CHECK(far_next_sequence(0) == 1);
    CHECK(far_next_sequence(FAR_SEQUENCE_DEAD - 1) == 1);
    CHECK(far_this_cpu() != 0);
    return check_result();
}
