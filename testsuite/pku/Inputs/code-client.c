/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Calls every operation of the service, reaches for its memory, and has it reach for ours. */
#include "code.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf out_of;

static void on_segv(int n, siginfo_t *info, void *c)
{
    (void)n;
    (void)c;
    siglongjmp(out_of, info->si_code);
}

static void values(void)
{
    char text[32] = "";
    printf("sum %u, of nothing %u\n", code_sum("abcdef", 6), code_sum(NULL, 0));
    int got = code_flip("drawer", text, sizeof text);
    printf("flip %d %s\n", got, text);
    errno = 0;
    got = code_flip("drawer", text, 3);
    printf("flip %d %s\n", got, strerror(errno));
    errno = 0;
    printf("scale %.2f\n", code_scale(2, 3, 0.5f));
    printf("count %ld", code_count(1));
    printf(" %ld\n", code_count(1));
    printf("many %ld\n", code_many(-1, 2, -3, 4, 5, 6, 7, -8));
    printf("pid is %s\n", code_pid() == getpid() ? "mine" : "the host's");
}

static void reach_for_data(void)
{
    const struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    int code = sigsetjmp(out_of, 1);
    if (code == 0)
        printf("data %ld\n", *(volatile long *)(((uintptr_t)code_sum & ~UINT64_C(0xffff)) + 0x70000));
    else
        printf("reading the service's data: %s\n", code == SEGV_PKUERR   ? "PKUERR"
                                                   : code == SEGV_MAPERR ? "MAPERR"
                                                                         : "?");
}

static void *call_much(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++)
        if (code_sum("abcdef", 6) != 1993)
            printf("a wrong sum\n");
    return NULL;
}

/* One of them is in the domain, the others ask the host; in the end all have been answered. */
static void threads(void)
{
    pthread_t thread[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&thread[i], NULL, call_much, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    printf("threads done\n");
}

static void child(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        printf("child: sum %u\n", code_sum("abcdef", 6));
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static void attacks(void)
{
    long secret = 77;
    errno = 0;
    long value = code_peek((uint64_t)(uintptr_t)&secret);
    printf("peek %ld %s, secret %ld\n", value, strerror(errno), secret);
    errno = 0;
    value = code_poke((uint64_t)(uintptr_t)&secret, 1);
    printf("poke %ld %s, secret %ld\n", value, strerror(errno), secret);
    errno = 0;
    printf("then sum %u %s\n", code_sum("abcdef", 6), strerror(errno));
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    values();
    threads();
    child();
    reach_for_data();
    attacks();
    return 0;
}
