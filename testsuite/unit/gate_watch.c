/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Workers of a host that is watched sleep without a limit. Those whose client has ended, or whose end was announced by a wake-up
 * that came too early, leave when the main thread looks after them; the others sleep on.
 */
#include "testsuite/unit/gate_service.h"

#include <time.h>

static int nothing(void)
{
    return 0;
}
static const struct gate_op ops[] = {{"nothing", (void *)nothing, .param = {G_V_INT}}};
static struct gate_service service;

static bool within_seconds(int seconds, bool (*holds)(void))
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 1000 * seconds && !holds(); i++)
        nanosleep(&pause, NULL);
    return holds();
}

static bool sleeps(void)
{
    return __atomic_load_n(&service.astack->reply.sleeping, __ATOMIC_SEQ_CST);
}

static bool has_left(void)
{
    workers_look_after();
    return !workers_are_there();
}

/* A client that only lives, and a worker for it. */
static pid_t begin(void)
{
    int astack = gate_astack(&service, 0, FAR_ASTACK_DEFAULT);
    fflush(NULL);
    pid_t client = fork();
    if (client == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    const struct far_host_channel channel = {
        .channel = 1, .level = FAR_LEVEL_NONE, .uid = getuid(), .pid = (uint32_t)client, .size = FAR_ASTACK_DEFAULT};
    CHECK(worker_start(&service.host, &channel, astack, -1) == 0);
    close(astack);
    CHECK(within_seconds(10, sleeps));
    return client;
}

/* The worker has its own mapping, and has it no more. */
static void end(pid_t client)
{
    kill(client, SIGKILL);
    waitpid(client, NULL, 0);
    munmap(service.astack, FAR_ASTACK_DEFAULT);
    far_thread->channel[0][0] = (struct far_channel){.host_pidfd = -1};
}

static void sleeps_on(void)
{
    pid_t client = begin();
    for (int i = 0; i < 5; i++)
        workers_look_after();
    CHECK(workers_are_there() && sleeps());
    kill(client, SIGKILL);
    CHECK(within_seconds(10, has_left));
    end(client);
}

/* fard's mark, and nobody wakes. */
static void hears_late(void)
{
    pid_t client = begin();
    __atomic_store_n(&service.astack->fate.dead, 2, __ATOMIC_SEQ_CST);
    CHECK(workers_are_there());
    CHECK(within_seconds(10, has_left));
    end(client);
}

int main(void)
{
    gate_make(&service, ops, 1, NULL, 0);
    service.host.watched = true;
    sleeps_on();
    hears_late();
    gate_free(&service);
    return check_result();
}
