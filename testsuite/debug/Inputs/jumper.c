/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A signal's handler leaves a call that waits for its answer, again and again; later calls must not see that answer. */
#include "dbg.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static sigjmp_buf back;
static int call_in_handler;

static void leave(int signal)
{
    (void)signal;
    if (call_in_handler && dbg_twice(21) != 42)
        _exit(2);
    siglongjmp(back, 1);
}

static void leave_one(int flags)
{
    struct itimerval soon = {.it_value = {.tv_usec = 20000}};
    struct sigaction action = {.sa_handler = leave, .sa_flags = flags};
    sigaction(SIGALRM, &action, NULL);
    if (sigsetjmp(back, 1) == 0) {
        setitimer(ITIMER_REAL, &soon, NULL);
        if (dbg_wait(60000) == -1)
            printf("wait: %s\n", strerror(errno));
    }
}

static int leave_many(int flags)
{
    for (int i = 0; i < 20; i++) {
        leave_one(flags);
        if (dbg_twice(i) != 2 * i)
            return printf("call %d: wrong answer, or none: %s\n", i, strerror(errno));
    }
    return 0;
}

int main(void)
{
    static char room[65536];
    stack_t alternate = {.ss_sp = room, .ss_size = sizeof room};
    if (leave_many(0))
        return 1;
    puts("left 20 calls");
    call_in_handler = 1;
    if (leave_many(0))
        return 1;
    puts("left 20 calls after a call in the handler");
    sigaltstack(&alternate, NULL);
    if (leave_many(SA_ONSTACK))
        return 1;
    puts("left 20 calls from an alternate stack");
    return 0;
}
