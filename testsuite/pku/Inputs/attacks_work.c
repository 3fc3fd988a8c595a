/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Domains at work: calls, more domains than keys, signals, scheduling, fork. And code that must not be there. */
#include "attacks.h"

#include "runtime/pku/signals.h"
#include "runtime/pku/sweep.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- well behaved ---- */

void values(struct service *service)
{
    printf("%s", say(CALL(service, inside_add_up, 1, 2, 3, 4, 5, 6, 7, 8)));
}

void floats(struct service *service)
{
    struct pku_arguments *arguments = area_of(service);
    const double given[] = {1.5, 2.25, 4};
    double got;
    memset(arguments, 0, sizeof *arguments);
    memcpy(arguments->floats, given, sizeof given);
    struct pku_context *context = pku_begin(service->domain, false);
    pku_run(service->domain, context, SLOT_inside_sum_floats, false, NULL, &outcome);
    pku_end_call(context);
    memcpy(&got, &outcome.float_result, sizeof got);
    printf("%.2f", got);
}

void data(struct service *service)
{
    CALL(service, inside_keep, (uint64_t)service->data, 11);
    printf("%s", say(CALL(service, inside_keep, (uint64_t)service->data, 11)));
}

void buffer(struct service *service)
{
    struct pku_arguments *arguments = area_of(service);
    memcpy(arguments + 1, "ABC", 3);
    printf("%s", say(CALL(service, inside_sum_bytes, area_inside(service) + sizeof *arguments, 3)));
}

void guarded(struct service *service)
{
    struct pku_arguments *arguments = area_of(service);
    memcpy(arguments + 1, "ABC", 3);
    printf("%s", say(CALL(service, inside_guarded, area_inside(service) + sizeof *arguments, 3)));
}

void error_number(struct service *service)
{
    errno = 7;
    printf("%s", say(CALL(service, inside_fail, ENOENT)));
    printf(", caller's %d; next %s", errno, say(CALL(service, inside_add_up, 1, 0, 0, 0, 0, 0, 0, 0)));
}

void registers(struct service *service)
{
    __asm__ volatile("movq $-1, %%rax\n\tmovq %%rax, %%xmm8\n\tmovq %%rax, %%xmm15\n\tpcmpeqd %%xmm12, %%xmm12\n\t"
                     "fldpi\n\tfstp %%st(0)"
                     :
                     :
                     : "rax", "xmm8", "xmm12", "xmm15");
    printf("%s", say(CALL(service, inside_registers, 0)));
}

void disturb(struct service *service)
{
    long double one = 1;
    char from[16] = "forwards", to[16] = {0};
    const char *said = say(CALL(service, inside_disturb, 0));
    memmove(to, from, sizeof from);
    __asm__ volatile("fldt %0\n\tfadd %%st(0), %%st(0)\n\tfstpt %0" : "+m"(one));
    printf("%s, %s, %.0Lf, %.2f", said, to, one, 1.0 / 3.0);
}

void many_domains(struct service *service)
{
    struct service all[20];
    unsigned long long sum = 0;
    for (int i = 0; i < 20; i++)
        all[i] = make_service();
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 20; i++)
            CALL(&all[i], inside_keep, (uint64_t)all[i].data, (uint64_t)i);
    for (int i = 19; i >= 0; i--) {
        if (CALL(&all[i], inside_keep, (uint64_t)all[i].data, 0) != PKU_RETURNED ||
            outcome.result != 100 + 3 * (unsigned)i)
            printf("domain %d: %s; ", i, say(PKU_RETURNED));
        sum += outcome.result;
    }
    printf("sum %llu", sum);
    printf(", another's data: %s", say(CALL(service, inside_read, (uint64_t)all[3].data)));
}

static volatile sig_atomic_t alarms;
static void on_alarm(int number)
{
    (void)number;
    alarms++;
    getppid();
}

static void *let_go(void *flag)
{
    volatile uint64_t *spin = flag;
    while (!spin[1])
        ;
    for (int i = 0; i < 20; i++) {
        if (alarms >= 0)
            kill(getpid(), SIGALRM); /* to whichever thread takes it: none, both have it blocked */
        usleep(1000);
    }
    spin[0] = 1;
    return NULL;
}

static pthread_t start_blocked(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    sigset_t all, saved;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &saved);
    pthread_create(&thread, NULL, function, argument);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    return thread;
}

/* Signals with handlers wait; being scheduled away and back harms nothing. */
void signals(struct service *service)
{
    struct pku_arguments *arguments = area_of(service);
    volatile uint64_t *flag = (volatile uint64_t *)(arguments + 1);
    signal(SIGALRM, on_alarm);
    pthread_t thread = start_blocked(let_go, (void *)flag);
    const char *said = say(CALL(service, inside_spin, area_inside(service) + sizeof *arguments));
    pthread_join(thread, NULL);
    printf("%s, handled afterwards: %s", said, alarms ? "yes" : "no");
}

static void *be_busy(void *flag)
{
    volatile uint64_t *spin = flag;
    while (!spin[0])
        ;
    return NULL;
}

/* More threads than processors, all busy: the kernel takes the one in the domain away and puts it back, often. */
void scheduled(struct service *service)
{
    volatile uint64_t *flag = (volatile uint64_t *)(area_of(service) + 1);
    pthread_t busy[4];
    alarms = -1; /* no signals */
    for (int i = 0; i < 4; i++)
        pthread_create(&busy[i], NULL, be_busy, (void *)flag);
    pthread_t thread = start_blocked(let_go, (void *)flag);
    printf("%s", say(CALL(service, inside_spin, area_inside(service) + sizeof(struct pku_arguments))));
    for (int i = 0; i < 4; i++)
        pthread_join(busy[i], NULL);
    pthread_join(thread, NULL);
}

void forked(struct service *service)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        printf("child %s, ", say(CALL(service, inside_add_up, 1, 0, 0, 0, 0, 0, 0, 0)));
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    printf("parent %s", say(CALL(service, inside_add_up, 1, 0, 0, 0, 0, 0, 0, 0)));
}

/* ---- code that must not be there ---- */

/* `bytes` are one less than what is put: this program's own code must not have it. */
static void put_code(int protection, const char *bytes)
{
    char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 3; i++)
        code[100 + i] = (char)(bytes[i] + 1);
    mprotect(code, 4096, protection);
}

static const char *start_says(void)
{
    static struct far_error error;
    return pku_start(&error) == 0 ? "started" : error.text;
}

void stray_before(struct service *service)
{
    (void)service;
    put_code(PROT_READ | PROT_EXEC, "\x0e\x00\xee");
    printf("%s", start_says());
}

void stray_restore_before(struct service *service)
{
    (void)service;
    put_code(PROT_READ | PROT_EXEC, "\x0e\xad\x2e");
    printf("%s", start_says());
}

void writable_code_before(struct service *service)
{
    (void)service;
    put_code(PROT_READ | PROT_WRITE | PROT_EXEC, "\x8f\x8f\x8f");
    printf("%s", start_says());
}

void stray_library(struct service *service)
{
    const char *before = say(CALL(service, inside_add_up, 1, 0, 0, 0, 0, 0, 0, 0));
    printf("%s; ", before);
    printf("%s; ", dlopen("/bin/libclean.so", RTLD_NOW) ? "loaded" : dlerror());
    printf("%s; ", say(CALL(service, inside_add_up, 2, 0, 0, 0, 0, 0, 0, 0)));
    printf("%s; ", dlopen("/bin/libstray.so", RTLD_NOW) ? "loaded" : dlerror());
    printf("%s", say(CALL(service, inside_add_up, 1, 0, 0, 0, 0, 0, 0, 0)));
}
