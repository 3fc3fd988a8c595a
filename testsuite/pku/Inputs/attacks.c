/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * attacks [NAME…]: protection domains under attack, on a machine that has protection keys. Each check runs in a process of its
 * own and prints one line, `NAME: what happened`.
 */
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

uint64_t secret = 0x5ec7e7; /* the caller's own memory */

_Noreturn void stop(const char *what)
{
    printf("%s\n", what);
    fflush(stdout);
    _exit(1);
}

struct service make_service(void)
{
    struct far_error error = {0};
    uint64_t entry[SLOT_COUNT] = {0};
#define X(name) entry[SLOT_##name] = (uint64_t)(uintptr_t)name;
    INSIDE_OPERATIONS(X)
#undef X
    struct service service = {.data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
    service.data->kept = 100;
    const struct pku_range range = {(uint64_t)(uintptr_t)service.data, 4096, PROT_READ | PROT_WRITE};
    const struct pku_plan plan = {&range, 1, entry, SLOT_COUNT, 65536, 0, true};
    if (pku_domain_make(&plan, &service.domain, &error) != 0)
        stop(error.text);
    return service;
}

struct pku_outcome outcome;
struct pku_caller *caller;

struct pku_arguments *area_of(const struct service *service)
{
    return service->domain->context[0].area;
}

uint64_t area_inside(const struct service *service)
{
    return service->domain->context[0].area_inside;
}

enum pku_end call(const struct service *service, enum inside_slot slot, const uint64_t *words, unsigned count)
{
    struct pku_context *context = pku_begin(service->domain, false);
    if (!context)
        return PKU_ELSEWHERE;
    struct pku_arguments *arguments = context->area;
    memset(arguments, 0, sizeof *arguments);
    for (unsigned i = 0; i < count; i++)
        *(i < 6 ? &arguments->integer[i] : &arguments->stack[i - 6]) = words[i];
    arguments->stack_count = count > 6 ? count - 6 : 0;
    enum pku_end end = pku_run(service->domain, context, slot, false, caller, &outcome);
    pku_end_call(context);
    return end;
}

const char *say(enum pku_end end)
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
void still_here(const struct service *service)
{
    struct service other = make_service();
    enum pku_end end = CALL(&other, inside_add_up, 1, 2, 0, 0, 0, 0, 0, 0);
    printf("; caller %s, other domain %s", secret == 0x5ec7e7 && getppid() > 0 ? "whole" : "HURT", say(end));
    printf(", this one %s", say(CALL(service, inside_add_up, 1, 0, 0, 0, 0, 0, 0, 0)));
}

void attack(struct service *service, enum pku_end end)
{
    printf("%s", say(end));
    still_here(service);
}

struct check {
    const char *name;
    void (*run)(struct service *service);
    bool without_service;
};

static const struct check checks[] = {
#define X(name) {#name, name, false},
    CHECKS(X)
#undef X
#define X(name) {#name, name, true},
        CHECKS_WITHOUT_SERVICE(X)
#undef X
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
