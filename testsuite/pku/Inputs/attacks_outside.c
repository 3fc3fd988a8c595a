/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The caller reaches for a domain: by itself, through the gate, through the kernel. */
#include "attacks.h"

#include "runtime/pku/signals.h"
#include "runtime/pku/sweep.h"

#include <cpuid.h>
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
#include <ucontext.h>
#include <unistd.h>

/* ---- the caller attacks the domain ---- */

static void on_segv(int number, siginfo_t *info, void *context)
{
    (void)context;
    printf("%s%s", sigabbrev_np(number), number == SIGSEGV && info->si_code == SEGV_PKUERR ? " PKUERR" : "");
    printf("\n");
    fflush(stdout);
    _exit(0);
}

static void catch_faults(void)
{
    struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO};
    pku_signals_replace(SIGSEGV, &action, NULL);
    pku_signals_replace(SIGILL, &action, NULL);
}

void outside_read(struct service *service)
{
    catch_faults();
    printf("%llu", (unsigned long long)((volatile struct inside_data *)service->data)->kept);
}

void outside_write(struct service *service)
{
    catch_faults();
    CALL(service, inside_keep, (uint64_t)service->data, 1); /* it has its key now; before, it was parked */
    ((volatile struct inside_data *)service->data)->kept = 5;
    printf("written");
}

void outside_stack(struct service *service)
{
    catch_faults();
    printf("%d", *(volatile char *)(uintptr_t)(service->domain->context[0].signal_stack));
}

void outside_by_kernel(struct service *service)
{
    int ends[2];
    if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1)
        stop("pipe");
    ssize_t got = read(ends[0], service->data, 1);
    printf("%zd %s", got, got < 0 ? strerrorname_np(errno) : "");
}

static _Noreturn void jump(const char *where, uint32_t rights)
{
    register uint64_t r12 __asm__("r12") = SLOT_inside_add_up;
    __asm__ volatile("jmp *%0" : : "r"(where), "a"(rights), "c"(0), "d"(0), "r"(r12) : "memory");
    __builtin_unreachable();
}

void outside_jump_all_rights(struct service *service)
{
    catch_faults();
    (void)service;
    jump(far_pku_site_enter, 0);
}

void outside_jump_other_rights(struct service *service)
{
    catch_faults();
    CALL(service, inside_keep, (uint64_t)service->data, 1);
    jump(far_pku_site_enter, PKU_RIGHTS_AT_START & ~(3u << 2 * service->domain->keyed.key));
}

void outside_jump_no_rights(struct service *service)
{
    (void)service;
    catch_faults();
    jump(far_pku_site_enter, ~0u);
}

void outside_jump_leave(struct service *service)
{
    (void)service;
    catch_faults();
    jump(far_pku_site_leave, 0);
}

void outside_jump_leave_own_rights(struct service *service)
{
    (void)service;
    catch_faults();
    jump(far_pku_site_leave, far_pku_state.rights);
}

static void *other_thread_reads(void *argument)
{
    struct service *service = argument;
    const volatile uint64_t *flag = (volatile uint64_t *)(area_of(service) + 1);
    while (!flag[1])
        ;
    printf("it goes %s; it reads: ", say(CALL(service, inside_add_up, 1, 0, 0, 0, 0, 0, 0, 0)));
    printf("%llu", (unsigned long long)((volatile struct inside_data *)service->data)->kept);
    return NULL;
}

void outside_other_thread(struct service *service)
{
    catch_faults();
    pthread_t thread;
    pthread_create(&thread, NULL, other_thread_reads, service);
    CALL(service, inside_spin, area_inside(service) + sizeof(struct pku_arguments));
    pthread_join(thread, NULL);
}

/* What this gate does not protect from: a caller that attacks with its own system calls. */
void outside_proc_mem(struct service *service)
{
    uint64_t value = 5;
    FILE *memory = fopen("/proc/self/mem", "r+");
    fseeko(memory, (off_t)(uintptr_t)service->data, SEEK_SET);
    bool written = fwrite(&value, sizeof value, 1, memory) == 1 && fclose(memory) == 0;
    printf("%s; %s", written ? "written" : "refused", say(CALL(service, inside_keep, (uint64_t)service->data, 0)));
}

void outside_writev(struct service *service)
{
    uint64_t value = 6;
    struct iovec from = {&value, sizeof value}, to = {service->data, sizeof value};
    ssize_t done = process_vm_writev(getpid(), &from, 1, &to, 1, 0);
    printf("%s; %s", done == sizeof value ? "written" : "refused",
           say(CALL(service, inside_keep, (uint64_t)service->data, 0)));
}

void outside_mprotect(struct service *service)
{
    int failed = (int)syscall(SYS_pkey_mprotect, service->data, 4096, PROT_READ | PROT_WRITE, 0);
    printf("%s; reads %llu", failed ? "refused" : "taken",
           (unsigned long long)((volatile struct inside_data *)service->data)->kept);
}

/* Where the frame of a signal keeps PKRU. */
static void forge_rights(int number, siginfo_t *info, void *context)
{
    unsigned a, offset = 0, c, d;
    char *registers = (char *)((ucontext_t *)context)->uc_mcontext.fpregs;
    (void)number, (void)info;
    __cpuid_count(13, 9, a, offset, c, d);
    memset(registers + offset, 0, sizeof(uint32_t));
}

void outside_sigreturn(struct service *service)
{
    const struct sigaction action = {.sa_sigaction = forge_rights, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    printf("taken; reads %llu", (unsigned long long)((volatile struct inside_data *)service->data)->kept);
}
