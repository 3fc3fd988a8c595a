/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A far-host that lies: it runs no operation, and answers each call with the next lie. What its A-stacks hold, it changes
 * all the time. Which pointer it returns, the client asks for in its first argument.
 */
#include "attack.h"

#include <pthread.h>

static uint32_t next_lie(void)
{
    static uint32_t count;
    return __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
}

static void answer_with(struct far_astack *astack, uint32_t sequence)
{
    __atomic_store_n(&astack->reply.sequence, sequence, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &astack->reply.sequence, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Answers to calls that nobody has made, and that look well: who takes one says so. */
static void answer_others(struct far_astack *astack, uint32_t sequence)
{
    const struct far_reply_line own = astack->reply;
    astack->reply.status = 0;
    astack->reply.error = 0;
    astack->reply.result = 0x4321;
    for (uint32_t jump = 0; jump < 50; jump++)
        answer_with(astack, sequence + 1 + jump * 0x1000001u);
    nap(2);
    astack->reply.status = own.status;
    astack->reply.error = own.error;
    astack->reply.result = own.result;
}

static void lie(struct far_astack *astack, uint64_t size, uint32_t sequence)
{
    static const uint32_t statuses[] = {0, 0, 0, 1, 2, 7, 8, 9, 1000, 0x7FFFFFFF, 0x80000000, UINT32_MAX};
    static const int32_t errors[] = {0, 1, -1, 4095, 4096, INT_MAX, INT_MIN};
    uint32_t which = next_lie();
    memset((char *)astack + FAR_ASTACK_AREA, 0xEE, size - FAR_ASTACK_AREA);
    astack->reply.status = statuses[which % (sizeof statuses / sizeof *statuses)];
    astack->reply.error = errors[which % (sizeof errors / sizeof *errors)];
    astack->reply.result = which % 3 ? UINT64_MAX : astack->call.argument[0];
    astack->reply.sleeping = which;
    astack->reply.cpu = which % 4;
    memset(&astack->call.slot, 0xFF, 52);                     /* the client's own words, but for its number */
    if (which % 5 == 1 && astack->reply.sequence != sequence) /* it is if this call was answered before it was made */
        answer_others(astack, sequence);
    if (which % 7 == 3) {
        answer_with(astack, sequence - 1);
        nap(20); /* let it fall asleep */
    }
    answer_with(astack, sequence);
    if (which % 11 == 5) {
        nap(2);                            /* until it has taken this one */
        answer_with(astack, sequence + 1); /* the next call is answered before it is made, or before we saw it */
    }
}

struct stack {
    struct far_astack *astack;
    uint64_t size;
};

static void *serve(void *argument)
{
    struct stack *stack = argument;
    uint32_t last = 0;
    for (;;) {
        uint32_t now = __atomic_load_n(&stack->astack->call.sequence, __ATOMIC_SEQ_CST);
        if (now == FAR_SEQUENCE_DEAD)
            return NULL;
        if (now != last)
            lie(stack->astack, stack->size, now);
        else
            sched_yield();
        last = now;
    }
}

static void take_channel(const struct answer *packet)
{
    const struct far_host_channel *channel = (const void *)(packet->bytes + sizeof packet->head);
    struct stack *stack = malloc(sizeof *stack);
    pthread_t thread;
    stack->size = channel->size;
    stack->astack = mmap(NULL, stack->size, PROT_READ | PROT_WRITE, MAP_SHARED, packet->fd[0], 0);
    must(stack->astack != MAP_FAILED);
    must(ftruncate(packet->fd[0], 0) < 0); /* taking the memory away is no way to crash a client */
    must(pthread_create(&thread, NULL, serve, stack) == 0);
}

int main(void)
{
    static struct answer packet;
    while (receive_answer(FAR_HOST_FD, &packet)) {
        if (packet.head.type == FAR_MSG_HOST_START)
            send_request(FAR_HOST_FD, FAR_MSG_HOST_READY, 0, NULL, 0, NULL, 0);
        else if (packet.head.type == FAR_MSG_HOST_CHANNEL && packet.fd_count == 1)
            take_channel(&packet);
        for (int i = 0; i < packet.fd_count; i++)
            close(packet.fd[i]);
    }
    return 0;
}
