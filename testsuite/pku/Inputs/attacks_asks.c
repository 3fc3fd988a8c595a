/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What code in a domain asks for, and who asks for what it must not have; more ways round the gate. */
#include "attacks.h"

#include "runtime/pku/inside.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t at(const void *place)
{
    return (uint64_t)(uintptr_t)place;
}

/* ---- round the gate ---- */

void jumps_set_all(struct service *service)
{
    attack(service, CALL(service, inside_jump, at(far_pku_site_set), 0));
}

/* What the caller itself has while it opens the domain's memory: but nobody opens it now. */
void jumps_set_own(struct service *service)
{
    CALL(service, inside_keep, at(service->data), 1);
    uint64_t rights = far_pku_state.rights & ~(3u << 2 * service->domain->keyed.key);
    far_pku_state.opened = (uint32_t)rights;
    attack(service, CALL(service, inside_jump, at(far_pku_site_set), rights));
}

void jumps_other_context(struct service *service)
{
    CALL(service, inside_keep, at(service->data), 1);
    uint64_t own = (far_pku_state.rights | 1) & ~(3ull << 2 * service->domain->keyed.key);
    attack(service, CALL(service, inside_jump_context, at(far_pku_site_enter), own,
                         area_inside(service) + offsetof(struct pku_arguments, ticket), 1));
}

/* Behind an ask that never was. */
void goes_on_unasked(struct service *service)
{
    attack(service, call(service, SLOT_none, NULL, 0));
}

/* ---- asking ---- */

static void asks(struct service *service, uint64_t what, uint64_t word0, uint64_t word1, uint64_t word2)
{
    enum pku_end end = CALL(service, inside_ask, what, word0, word1, word2);
    if (end == PKU_RETURNED)
        printf("answered %lld errno %d", (long long)outcome.result, outcome.error);
    else
        printf("%s", say(end));
}

void asks_nonsense(struct service *service)
{
    asks(service, 99, 1, 2, 3);
    still_here(service);
}

/* A word of its own that has another value; one that nobody changes, until a time that has passed. */
void asks_wait(struct service *service)
{
    asks(service, PKU_ASKED_WAIT, at(service->data), 99, UINT64_MAX);
    printf("; ");
    asks(service, PKU_ASKED_WAIT, at(service->data), 100, 1);
    still_here(service);
}

void asks_wait_outside(struct service *service)
{
    asks(service, PKU_ASKED_WAIT, at(&secret), secret, UINT64_MAX);
    printf("; ");
    asks(service, PKU_ASKED_WAIT, at(&far_pku_state), 0, UINT64_MAX);
    still_here(service);
}

void asks_wake_outside(struct service *service)
{
    asks(service, PKU_ASKED_WAKE, at(&secret), 1, 0);
    printf("; ");
    asks(service, PKU_ASKED_WAKE, at(service->data) + 4094, 1, 0);
    printf("; ");
    asks(service, PKU_ASKED_WAKE, UINT64_MAX - 1, 1, 0);
    still_here(service);
}

void asks_time(struct service *service)
{
    asks(service, PKU_ASKED_TIME, 0, 0, 0);
    printf("; ");
    asks(service, PKU_ASKED_TIME, 77, 0, 0);
}

void asks_nobody(struct service *service)
{
    asks(service, PKU_ASKED_CALL_BACK, 0, 0, 0);
    still_here(service);
}

/* ---- the caller's functions ---- */

static struct service *calling;
static int depth, deepest;
static char nested[64];

static int64_t call_in_again(struct pku_caller *who, struct pku_context *context)
{
    (void)who, (void)context;
    int rights_are_ours = secret == 0x5ec7e7 && getppid() > 0;
    if (++depth > deepest)
        deepest = depth;
    enum pku_end end = depth < 20 ? CALL(calling, inside_ask, PKU_ASKED_CALL_BACK, 0, 0, 0)
                                  : CALL(calling, inside_keep, at(calling->data), 1);
    depth--;
    snprintf(nested, sizeof nested, "%s", end == PKU_ELSEWHERE ? "elsewhere" : "in");
    return rights_are_ours ? 40 + deepest : -1;
}

static int64_t call_another(struct pku_caller *who, struct pku_context *context)
{
    (void)who, (void)context;
    struct service other = make_service();
    CALL(&other, inside_keep, at(other.data), 1);
    CALL(calling, inside_keep, at(calling->data), 5);
    snprintf(nested, sizeof nested, "%s", say(CALL(calling, inside_keep, at(calling->data), 0)));
    return 7;
}

/* From the function, into another domain, and into the same one: on a stack of its own, with its data as it is. */
void asks_call_back(struct service *service)
{
    struct pku_caller back = {call_another};
    caller = &back;
    calling = service;
    asks(service, PKU_ASKED_CALL_BACK, 0, 0, 0);
    caller = NULL;
    printf("; meanwhile it %s", nested);
    still_here(service);
}

/* A message behind the area, one that is not aligned, one about a function that it was not given. */
void asks_call_back_wrong(struct service *service)
{
    static const struct far_iface nothing;
    struct far_binding binding = {.iface = &nothing};
    struct pku_calling back = {{pku_call_back}, &binding};
    caller = &back.caller;
    asks(service, PKU_ASKED_CALL_BACK, UINT64_MAX & ~15ull, 0, 0);
    printf("; ");
    asks(service, PKU_ASKED_CALL_BACK, 8, 0, 0);
    printf("; ");
    asks(service, PKU_ASKED_CALL_BACK, 0, 0, 0);
    caller = NULL;
    still_here(service);
}

/* As deep as there are contexts. */
void asks_call_back_deep(struct service *service)
{
    struct pku_caller back = {call_in_again};
    caller = &back;
    calling = service;
    asks(service, PKU_ASKED_CALL_BACK, 0, 0, 0);
    caller = NULL;
    still_here(service);
}

static volatile sig_atomic_t handled;
static void on_alarm(int number)
{
    (void)number;
    handled++;
    CALL(calling, inside_keep, at(calling->data), 1);
}

/* A handler runs while the thread waits for something of its domain's, with its memory open, and calls the same domain. */
void asks_signals(struct service *service)
{
    const struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    calling = service;
    ualarm(100000, 100000); /* again and again: the first may come before it waits */
    asks(service, PKU_ASKED_WAIT, at(service->data) + 4, 0, UINT64_MAX);
    ualarm(0, 0);
    CALL(service, inside_keep, at(service->data), 0);
    printf(", handled: %s, as often as kept: %s", handled ? "yes" : "no",
           outcome.result == 100 + (unsigned)handled ? "yes" : "no");
    still_here(service);
}

/* The mutex that it held is free for others, and no word of the caller's was taken for one. */
void locks_and_dies(struct service *service)
{
    uint64_t link[2] = {0};
    uint32_t *word = (uint32_t *)(void *)link;
    *word = (uint32_t)syscall(SYS_gettid);
    printf("%s", say(CALL(service, inside_lock_and_die, at(service->data), at(word) - PKU_ROBUST_TO_WORD)));
    printf("; caller's word %s", *word == (uint32_t)syscall(SYS_gettid) ? "whole" : "HURT");
    syscall(SYS_pkey_mprotect, service->data, 4096, PROT_READ | PROT_WRITE, 0);
    printf(", mutex %#x", (unsigned)service->data->mutex.__data.__lock);
    still_here(service);
}
