/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * attacks [NAME…]: protection domains at work and under attack, on a machine that has protection keys. Each check runs in a
 * process of its own and prints one line, `NAME: what happened`.
 */
#include "inside.h"

#include "runtime/pku/domain.h"
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

static const uint64_t entries[SLOT_COUNT] = {
#define X(name) [SLOT_##name] = 0,
    INSIDE_OPERATIONS(X)
#undef X
};

static uint64_t secret = 0x5ec7e7; /* the caller's own memory */

struct service {
    struct pku_domain *domain;
    struct inside_data *data;
};

static _Noreturn void stop(const char *what)
{
    printf("%s\n", what);
    fflush(stdout);
    _exit(1);
}

static struct service make_service(void)
{
    struct far_error error = {0};
    uint64_t entry[SLOT_COUNT];
    memcpy(entry, entries, sizeof entry);
#define X(name) entry[SLOT_##name] = (uint64_t)(uintptr_t)name;
    INSIDE_OPERATIONS(X)
#undef X
    struct service service = {.data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
    service.data->kept = 100;
    const struct pku_range range = {(uint64_t)(uintptr_t)service.data, 4096, PROT_READ | PROT_WRITE};
    const struct pku_plan plan = {&range, 1, entry, SLOT_COUNT, 65536};
    if (pku_domain_make(&plan, &service.domain, &error) != 0)
        stop(error.text);
    return service;
}

static struct pku_outcome outcome;

static enum pku_end call(const struct service *service, enum inside_slot slot, const uint64_t *words, unsigned count)
{
    struct pku_arguments *arguments = pku_take(service->domain);
    if (!arguments)
        return PKU_ELSEWHERE;
    memset(arguments, 0, sizeof *arguments);
    for (unsigned i = 0; i < count; i++)
        *(i < 6 ? &arguments->integer[i] : &arguments->stack[i - 6]) = words[i];
    arguments->stack_count = count > 6 ? count - 6 : 0;
    enum pku_end end = pku_run(service->domain, slot, &outcome);
    pku_release();
    return end;
}

#define CALL(service, name, ...) \
    call(service, SLOT_##name, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / 8)

static const char *say(enum pku_end end)
{
    static char text[64];
    if (end == PKU_RETURNED)
        snprintf(text, sizeof text, "returned %llu errno %d", (unsigned long long)outcome.result, outcome.error);
    else if (end == PKU_FAULTED)
        snprintf(text, sizeof text, "ended by %s", sigabbrev_np(outcome.signal));
    else
        snprintf(text, sizeof text, "%s", end == PKU_BROKEN ? "broken" : "elsewhere");
    return text;
}

/* The caller goes on: its memory, its stack, its thread are as they were, and it can make system calls. */
static void still_here(const struct service *service)
{
    struct service other = make_service();
    enum pku_end end = CALL(&other, inside_add_up, 1, 2, 0, 0, 0, 0, 0, 0);
    printf("; caller %s, other domain %s", secret == 0x5ec7e7 && getppid() > 0 ? "whole" : "HURT", say(end));
    printf(", this one %s", say(CALL(service, inside_add_up, 1, 0, 0, 0, 0, 0, 0, 0)));
}

static void attack(struct service *service, enum pku_end end)
{
    printf("%s", say(end));
    still_here(service);
}

/* ---- well behaved ---- */

static void values(struct service *service)
{
    printf("%s", say(CALL(service, inside_add_up, 1, 2, 3, 4, 5, 6, 7, 8)));
}

static void floats(struct service *service)
{
    struct pku_arguments *arguments = pku_take(service->domain);
    const double given[] = {1.5, 2.25, 4};
    double got;
    memset(arguments, 0, sizeof *arguments);
    memcpy(arguments->floats, given, sizeof given);
    pku_run(service->domain, SLOT_inside_sum_floats, &outcome);
    pku_release();
    memcpy(&got, &outcome.float_result, sizeof got);
    printf("%.2f", got);
}

static void data(struct service *service)
{
    CALL(service, inside_keep, (uint64_t)service->data, 11);
    printf("%s", say(CALL(service, inside_keep, (uint64_t)service->data, 11)));
}

static void buffer(struct service *service)
{
    struct pku_arguments *arguments = pku_take(service->domain);
    memcpy(arguments + 1, "ABC", 3);
    pku_release();
    printf("%s", say(CALL(service, inside_sum_bytes, pku_area_inside(service->domain) + sizeof *arguments, 3)));
}

static void guarded(struct service *service)
{
    struct pku_arguments *arguments = pku_take(service->domain);
    memcpy(arguments + 1, "ABC", 3);
    pku_release();
    printf("%s", say(CALL(service, inside_guarded, pku_area_inside(service->domain) + sizeof *arguments, 3)));
}

static void error_number(struct service *service)
{
    errno = 7;
    printf("%s", say(CALL(service, inside_fail, ENOENT)));
    printf(", caller's %d; next %s", errno, say(CALL(service, inside_add_up, 1, 0, 0, 0, 0, 0, 0, 0)));
}

static void registers(struct service *service)
{
    __asm__ volatile("movq $-1, %%rax\n\tmovq %%rax, %%xmm8\n\tmovq %%rax, %%xmm15\n\tpcmpeqd %%xmm12, %%xmm12\n\t"
                     "fldpi\n\tfstp %%st(0)"
                     :
                     :
                     : "rax", "xmm8", "xmm12", "xmm15");
    printf("%s", say(CALL(service, inside_registers, 0)));
}

static void disturb(struct service *service)
{
    long double one = 1;
    char from[16] = "forwards", to[16] = {0};
    const char *said = say(CALL(service, inside_disturb, 0));
    memmove(to, from, sizeof from);
    __asm__ volatile("fldt %0\n\tfadd %%st(0), %%st(0)\n\tfstpt %0" : "+m"(one));
    printf("%s, %s, %.0Lf, %.2f", said, to, one, 1.0 / 3.0);
}

static void many_domains(struct service *service)
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
static void signals(struct service *service)
{
    struct pku_arguments *arguments = pku_take(service->domain);
    volatile uint64_t *flag = (volatile uint64_t *)(arguments + 1);
    pku_release();
    signal(SIGALRM, on_alarm);
    pthread_t thread = start_blocked(let_go, (void *)flag);
    const char *said = say(CALL(service, inside_spin, pku_area_inside(service->domain) + sizeof *arguments));
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
static void scheduled(struct service *service)
{
    volatile uint64_t *flag = (volatile uint64_t *)(service->domain->area + 1);
    pthread_t busy[4];
    alarms = -1; /* no signals */
    for (int i = 0; i < 4; i++)
        pthread_create(&busy[i], NULL, be_busy, (void *)flag);
    pthread_t thread = start_blocked(let_go, (void *)flag);
    printf("%s", say(CALL(service, inside_spin, pku_area_inside(service->domain) + sizeof(struct pku_arguments))));
    for (int i = 0; i < 4; i++)
        pthread_join(busy[i], NULL);
    pthread_join(thread, NULL);
}

static void forked(struct service *service)
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

static void outside_read(struct service *service)
{
    catch_faults();
    printf("%llu", (unsigned long long)((volatile struct inside_data *)service->data)->kept);
}

static void outside_write(struct service *service)
{
    catch_faults();
    CALL(service, inside_keep, (uint64_t)service->data, 1); /* it has its key now; before, it was parked */
    ((volatile struct inside_data *)service->data)->kept = 5;
    printf("written");
}

static void outside_stack(struct service *service)
{
    catch_faults();
    printf("%d", *(volatile char *)(uintptr_t)(service->domain->signal_stack));
}

static void outside_by_kernel(struct service *service)
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

static void outside_jump_all_rights(struct service *service)
{
    catch_faults();
    (void)service;
    jump(far_pku_site_enter, 0);
}

static void outside_jump_other_rights(struct service *service)
{
    catch_faults();
    CALL(service, inside_keep, (uint64_t)service->data, 1);
    jump(far_pku_site_enter, PKU_RIGHTS_AT_START & ~(3u << 2 * service->domain->keyed.key));
}

static void outside_jump_no_rights(struct service *service)
{
    (void)service;
    catch_faults();
    jump(far_pku_site_enter, ~0u);
}

static void outside_jump_leave(struct service *service)
{
    (void)service;
    catch_faults();
    jump(far_pku_site_leave, 0);
}

static void outside_jump_leave_own_rights(struct service *service)
{
    (void)service;
    catch_faults();
    jump(far_pku_site_leave, far_pku_state.rights);
}

static void *other_thread_reads(void *argument)
{
    struct service *service = argument;
    const volatile uint64_t *flag = (volatile uint64_t *)(service->domain->area + 1);
    while (!flag[1])
        ;
    printf("it goes %s; it reads: ", say(CALL(service, inside_add_up, 1, 0, 0, 0, 0, 0, 0, 0)));
    printf("%llu", (unsigned long long)((volatile struct inside_data *)service->data)->kept);
    return NULL;
}

static void outside_other_thread(struct service *service)
{
    catch_faults();
    pthread_t thread;
    pthread_create(&thread, NULL, other_thread_reads, service);
    CALL(service, inside_spin, pku_area_inside(service->domain) + sizeof(struct pku_arguments));
    pthread_join(thread, NULL);
}

/* What this gate does not protect from: a caller that attacks with its own system calls. */
static void outside_proc_mem(struct service *service)
{
    uint64_t value = 5;
    FILE *memory = fopen("/proc/self/mem", "r+");
    fseeko(memory, (off_t)(uintptr_t)service->data, SEEK_SET);
    bool written = fwrite(&value, sizeof value, 1, memory) == 1 && fclose(memory) == 0;
    printf("%s; %s", written ? "written" : "refused", say(CALL(service, inside_keep, (uint64_t)service->data, 0)));
}

static void outside_writev(struct service *service)
{
    uint64_t value = 6;
    struct iovec from = {&value, sizeof value}, to = {service->data, sizeof value};
    ssize_t done = process_vm_writev(getpid(), &from, 1, &to, 1, 0);
    printf("%s; %s", done == sizeof value ? "written" : "refused",
           say(CALL(service, inside_keep, (uint64_t)service->data, 0)));
}

static void outside_mprotect(struct service *service)
{
    int failed = (int)syscall(SYS_pkey_mprotect, service->data, 4096, PROT_READ | PROT_WRITE, 0);
    printf("%s; reads %llu", failed ? "refused" : "taken",
           (unsigned long long)((volatile struct inside_data *)service->data)->kept);
}

/* ---- the domain attacks its caller ---- */

static void reads_caller(struct service *service)
{
    attack(service, CALL(service, inside_read, (uint64_t)&secret));
}

static void writes_caller(struct service *service)
{
    attack(service, CALL(service, inside_write, (uint64_t)&secret, 1));
}

static void writes_caller_stack(struct service *service)
{
    uint64_t local = 3;
    attack(service, CALL(service, inside_write, (uint64_t)&local, 1));
}

static void writes_state(struct service *service)
{
    attack(service, CALL(service, inside_write, (uint64_t)&far_pku_state, 0));
}

static void writes_selector(struct service *service)
{
    attack(service, CALL(service, inside_write, (uint64_t)pku_process.selector_inside, 0));
}

static void reads_selector(struct service *service)
{
    printf("%s", say(CALL(service, inside_read, (uint64_t)pku_process.selector_inside)));
}

static void reads_code(struct service *service)
{
    attack(service, CALL(service, inside_read, (uint64_t)(uintptr_t)far_pku_site_leave));
}

static void calls_write(struct service *service)
{
    attack(service, CALL(service, inside_call, SYS_write, 1, (uint64_t)service->data, 8));
}

static void calls_mprotect(struct service *service)
{
    attack(service, CALL(service, inside_call, SYS_pkey_mprotect, (uint64_t)&secret & ~4095ull, 4096, 3,
                         (uint64_t)service->domain->keyed.key));
}

static void calls_dispatch_off(struct service *service)
{
    attack(service, CALL(service, inside_call, SYS_prctl, 59, 0, 0, 0));
}

static void calls_sigreturn(struct service *service)
{
    attack(service, CALL(service, inside_call, SYS_rt_sigreturn));
}

static void calls_writev(struct service *service)
{
    attack(service, CALL(service, inside_call, SYS_process_vm_writev, (uint64_t)getpid(), (uint64_t)service->data, 1,
                         (uint64_t)service->data, 1));
}

static void calls_the_old_way(struct service *service)
{
    attack(service, CALL(service, inside_call_the_old_way, 0));
}

static void calls_libc(struct service *service)
{
    attack(service, CALL(service, inside_jump, (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "getppid"), 0));
}

static void recurses(struct service *service)
{
    attack(service, CALL(service, inside_recurse, 0));
}

static void loses_stack(struct service *service)
{
    attack(service, CALL(service, inside_lose_stack, 0));
}

static void stack_in_signal_stack(struct service *service)
{
    attack(service, CALL(service, inside_stack_in_signal_stack, service->domain->signal_stack));
}

static void loses_fs(struct service *service)
{
    attack(service, CALL(service, inside_lose_fs, 0x1000));
}

static void divides(struct service *service)
{
    attack(service, CALL(service, inside_divide, 1, 0));
}

static void breaks(struct service *service)
{
    attack(service, CALL(service, inside_breakpoint, 0));
}

static void no_instruction(struct service *service)
{
    attack(service, CALL(service, inside_no_instruction, 0));
}

static void unmasks(struct service *service)
{
    printf("%s", say(CALL(service, inside_unmask, 0)));
    still_here(service);
}

static uint64_t at(const void *place)
{
    return (uint64_t)(uintptr_t)place;
}

static void jumps_enter_all(struct service *service)
{
    attack(service, CALL(service, inside_jump, at(far_pku_site_enter), 0));
}

/* Another domain's rights: what it could have entered by asking nicely, but for its slot checked by nobody. */
static void jumps_enter_other(struct service *service)
{
    struct service other = make_service();
    CALL(&other, inside_keep, at(other.data), 1);
    uint64_t rights = far_pku_state.rights | 1; /* no key 0 */
    rights &=
        ~(3ull << 2 * other.domain->keyed.key); /* well formed: the other domain's operation runs, on its own memory */
    attack(service, CALL(service, inside_jump, at(far_pku_site_enter), rights));
}

static void jumps_enter_none(struct service *service)
{
    attack(service, CALL(service, inside_jump, at(far_pku_site_enter), ~0u));
}

/* Its own rights are what it has anyway. With reading everybody's memory besides, they are refused. */
static enum pku_end reenter(struct service *service, uint64_t more, uint64_t less)
{
    CALL(service, inside_keep, (uint64_t)service->data, 1);
    uint64_t own = ((far_pku_state.rights | 1) & ~(3ull << 2 * service->domain->keyed.key));
    return CALL(service, inside_reenter, at(far_pku_site_enter), (own | more) & ~less,
                pku_area_inside(service->domain) + offsetof(struct pku_arguments, ticket));
}

static void reenters_reading(struct service *service)
{
    attack(service, reenter(service, 2, 1));
}

static void reenters(struct service *service)
{
    printf("%s", say(reenter(service, 0, 0)));
    still_here(service);
}

static void jumps_leave_none(struct service *service)
{
    attack(service, CALL(service, inside_jump, at(far_pku_site_leave), ~0u));
}

static void jumps_leave_start(struct service *service)
{
    attack(service, CALL(service, inside_jump, at(far_pku_site_leave), PKU_RIGHTS_AT_START));
}

static void jumps_leave_all(struct service *service)
{
    attack(service, CALL(service, inside_jump, at(far_pku_site_leave), 0));
}

static void jumps_leave_more(struct service *service)
{
    CALL(service, inside_keep, (uint64_t)service->data, 1);
    uint64_t rights = far_pku_state.rights & ~(3u << 2 * service->domain->keyed.key);
    attack(service, CALL(service, inside_jump, at(far_pku_site_leave), rights));
}

/* That is the way out, and whoever takes it comes out where the gate says. */
static void jumps_leave(struct service *service)
{
    printf("%s", say(CALL(service, inside_jump, at(far_pku_site_leave), far_pku_state.rights)));
    still_here(service);
}

static void jumps_on_fault(struct service *service)
{
    attack(service, CALL(service, inside_jump, at((const void *)(uintptr_t)far_pku_on_fault), 0));
}

static void jumps_pkey_set(struct service *service)
{
    const uint8_t *code = dlsym(RTLD_DEFAULT, "pkey_set");
    while (memcmp(code, "\x0f\x0b\x90", 3) != 0)
        code++;
    attack(service, CALL(service, inside_jump, at(code), 0));
}

static void restores(struct service *service)
{
    struct pku_arguments *arguments = pku_take(service->domain);
    uint8_t *image = (uint8_t *)arguments + 4096;
    memset(image, 0, 8192);
    image[512 + 1] = 2; /* XSTATE_BV: PKRU is in it, and is 0 */
    pku_release();
    attack(service, CALL(service, inside_restore, at(far_pku_restore_begin), pku_area_inside(service->domain) + 4096));
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

static void stray_before(struct service *service)
{
    (void)service;
    put_code(PROT_READ | PROT_EXEC, "\x0e\x00\xee");
    printf("%s", start_says());
}

static void stray_restore_before(struct service *service)
{
    (void)service;
    put_code(PROT_READ | PROT_EXEC, "\x0e\xad\x2e");
    printf("%s", start_says());
}

static void writable_code_before(struct service *service)
{
    (void)service;
    put_code(PROT_READ | PROT_WRITE | PROT_EXEC, "\x8f\x8f\x8f");
    printf("%s", start_says());
}

static void stray_library(struct service *service)
{
    const char *before = say(CALL(service, inside_add_up, 1, 0, 0, 0, 0, 0, 0, 0));
    printf("%s; ", before);
    printf("%s; ", dlopen("/bin/libclean.so", RTLD_NOW) ? "loaded" : dlerror());
    printf("%s; ", say(CALL(service, inside_add_up, 2, 0, 0, 0, 0, 0, 0, 0)));
    printf("%s; ", dlopen("/bin/libstray.so", RTLD_NOW) ? "loaded" : dlerror());
    printf("%s", say(CALL(service, inside_add_up, 1, 0, 0, 0, 0, 0, 0, 0)));
}

struct check {
    const char *name;
    void (*run)(struct service *service);
    bool without_service;
};

#define CHECK(name) {#name, name, false}
static const struct check checks[] = {
    CHECK(values),
    CHECK(floats),
    CHECK(data),
    CHECK(buffer),
    CHECK(guarded),
    CHECK(error_number),
    CHECK(registers),
    CHECK(disturb),
    CHECK(many_domains),
    CHECK(signals),
    CHECK(scheduled),
    CHECK(forked),
    CHECK(outside_read),
    CHECK(outside_write),
    CHECK(outside_stack),
    CHECK(outside_by_kernel),
    CHECK(outside_jump_all_rights),
    CHECK(outside_jump_other_rights),
    CHECK(outside_jump_no_rights),
    CHECK(outside_jump_leave),
    CHECK(outside_jump_leave_own_rights),
    CHECK(outside_other_thread),
    CHECK(outside_proc_mem),
    CHECK(outside_writev),
    CHECK(outside_mprotect),
    CHECK(reads_caller),
    CHECK(writes_caller),
    CHECK(writes_caller_stack),
    CHECK(writes_state),
    CHECK(writes_selector),
    CHECK(reads_selector),
    CHECK(reads_code),
    CHECK(calls_write),
    CHECK(calls_mprotect),
    CHECK(calls_dispatch_off),
    CHECK(calls_sigreturn),
    CHECK(calls_writev),
    CHECK(calls_the_old_way),
    CHECK(calls_libc),
    CHECK(recurses),
    CHECK(loses_stack),
    CHECK(stack_in_signal_stack),
    CHECK(loses_fs),
    CHECK(divides),
    CHECK(breaks),
    CHECK(no_instruction),
    CHECK(unmasks),
    CHECK(jumps_enter_all),
    CHECK(jumps_enter_other),
    CHECK(jumps_enter_none),
    CHECK(reenters_reading),
    CHECK(reenters),
    CHECK(jumps_leave_none),
    CHECK(jumps_leave_start),
    CHECK(jumps_leave_all),
    CHECK(jumps_leave_more),
    CHECK(jumps_leave),
    CHECK(jumps_on_fault),
    CHECK(jumps_pkey_set),
    CHECK(restores),
    CHECK(stray_library),
    {"stray_before", stray_before, true},
    {"stray_restore_before", stray_restore_before, true},
    {"writable_code_before", writable_code_before, true},
};

static void run_check(const struct check *check)
{
    int status;
    printf("%s: ", check->name);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct service service = {0};
        if (!check->without_service)
            service = make_service();
        alarm(20);
        check->run(&service);
        printf("\n");
        fflush(stdout);
        _exit(0);
    }
    if (waitpid(child, &status, 0) == child && WIFSIGNALED(status))
        printf("KILLED by %s\n", sigabbrev_np(WTERMSIG(status)));
}

int check_all(int argc, char **argv);
int check_all(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        bool wanted = argc == 1;
        for (int j = 1; j < argc; j++)
            wanted |= strcmp(argv[j], checks[i].name) == 0;
        if (wanted)
            run_check(&checks[i]);
    }
    return 0;
}
