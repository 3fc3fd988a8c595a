/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * One call: into the domain, and again whenever what it asked for outside is done.
 *
 *     far_pku_enter ─► the operation ─► far_pku_ask ─► pku_answer: a mutex, the time, a function of the caller's ─┐
 *          └───────────────────── PKU_SLOT_GO_ON ◄──────────────────────────────────────────────────────────────┘
 *
 * The process's one right to be in a domain is had from just before a way in to just after the way out, no longer.
 */
#include "runtime/pku/domain.h"
#include "runtime/pku/signals.h"
#include "runtime/pku/sweep.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct pku_state far_pku_state;

static void futex(int *word, int operation, int value)
{
    syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

bool pku_take(bool waits)
{
    int *taken = &pku_process.taken, nobody = 0;
    if (pku_process.forked)
        return false;
    if (__atomic_compare_exchange_n(taken, &nobody, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return true;
    if (!waits)
        return false;
    while (__atomic_exchange_n(taken, 2, __ATOMIC_ACQUIRE) != 0)
        futex(taken, FUTEX_WAIT, 2);
    return true;
}

void pku_release(void)
{
    if (__atomic_exchange_n(&pku_process.taken, 0, __ATOMIC_RELEASE) == 2)
        futex(&pku_process.taken, FUTEX_WAKE, 1);
}

static struct pku_context *find_context(struct pku_domain *domain)
{
    uint32_t count = __atomic_load_n(&domain->keyed.control.context_count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++)
        if (!__atomic_exchange_n(&domain->context[i].busy, 1, __ATOMIC_ACQUIRE))
            return &domain->context[i];
    return NULL;
}

static struct pku_context *new_context(struct pku_domain *domain, bool waits)
{
    uint64_t saved;
    struct pku_context *context = NULL;
    if (!pku_signals_block(&saved))
        return NULL;
    if (pku_take(waits)) {
        if (pku_context_make(domain) == 0)
            context = &domain->context[domain->keyed.control.context_count - 1];
        pku_release();
    }
    pku_signals_unblock(&saved);
    return context;
}

struct pku_context *pku_begin(struct pku_domain *domain, bool waits)
{
    int saved = errno;
    if (pku_process.forked)
        return NULL;
    struct pku_context *context = find_context(domain);
    if (!context)
        context = new_context(domain, waits);
    errno = saved;
    return context;
}

/* What a large call has needed goes back to the system. */
#define AREA_KEPT 0x100000

void pku_end_call(struct pku_context *context)
{
    int saved = errno;
    if (context->used > AREA_KEPT)
        madvise((char *)context->area + AREA_KEPT, context->used - AREA_KEPT, MADV_REMOVE);
    context->used = 0;
    errno = saved;
    __atomic_store_n(&context->busy, 0, __ATOMIC_RELEASE);
}

/* A library that was loaded since may have what no domain's code may find. Then there is no gate any more. */
static bool code_is_safe(void)
{
    struct far_error error;
    if (!pku_process.unsafe_code && pku_code_has_changed())
        pku_process.unsafe_code = pku_sweep(&error) != 0;
    return !pku_process.unsafe_code;
}

/* A call under way. */
struct running {
    struct pku_domain *domain;
    struct pku_context *context;
    struct pku_caller *caller;
    struct pku_outcome *outcome;
    struct pku_signals saved;
    bool held; /* signals are */
    uint32_t asked;
};

static void take_outcome(struct pku_outcome *outcome)
{
    outcome->result = far_pku_state.result;
    outcome->float_result = far_pku_state.float_result;
    outcome->error = (int)far_pku_state.error;
    outcome->signal = (int)far_pku_state.signal;
    outcome->text[0] = '\0';
}

/* What the code held is let go, as if its thread had ended. */
static void abandon(struct running *running)
{
    running->domain->broken = true;
    if (!running->domain->locks)
        return;
    pku_open(running->domain);
    pku_locks_abandon(running->domain, running->context);
    pku_shut();
}

static void end_with_text(struct running *running)
{
    memcpy(running->outcome->text, running->context->area->text, PKU_ASKED_TEXT);
    running->outcome->text[PKU_ASKED_TEXT - 1] = '\0';
    abandon(running);
}

/* With the domains taken. */
static enum pku_end enter_once(struct running *running, uint32_t slot)
{
    struct pku_context *context = running->context;
    uint32_t rights = pku_key_give(&running->domain->keyed);
    if (!rights || !pku_thread_prepare())
        return PKU_ELSEWHERE;
    far_pku_state.signal_stack = context->signal_stack;
    context->area->asked = PKU_ASKED_NOTHING;
    context->area->ticket = 1;
    pku_calls_forbid();
    far_pku_enter(rights, slot, context->number);
    pku_calls_allow();
    context->area->ticket = 0;
    take_outcome(running->outcome);
    running->asked = __atomic_load_n(&context->area->asked, __ATOMIC_RELAXED);
    if (running->outcome->signal)
        abandon(running);
    else if (running->asked == PKU_ASKED_END)
        end_with_text(running);
    return running->outcome->signal || running->asked == PKU_ASKED_END ? PKU_FAULTED : PKU_RETURNED;
}

static enum pku_end enter(struct running *running, uint32_t slot, bool waits)
{
    if (!pku_take(waits))
        return PKU_ELSEWHERE;
    enum pku_end end = running->domain->broken ? PKU_BROKEN
                       : !code_is_safe()       ? PKU_ELSEWHERE
                                               : enter_once(running, slot);
    if (end == PKU_RETURNED && pku_asks_for_memory(running->asked))
        pku_open(running->domain);
    pku_release();
    return end;
}

/* What the thread has of its own is the caller's again while it lasts: its signals, and the locks that it holds. */
static void call_back(struct running *running)
{
    struct pku_caller *caller = running->caller;
    pku_locks_end(running->domain);
    running->context->area->answer =
        caller && caller->call_back ? caller->call_back(caller, running->context) : -ENOSYS;
    pku_locks_begin(running->domain, running->context);
}

/* Signals come through while it lasts. false: the domain cannot be entered any more. */
static bool answer(struct running *running)
{
    struct pku_arguments *area = running->context->area;
    pku_signals_back(&running->saved);
    if (running->asked == PKU_ASKED_CALL_BACK)
        call_back(running);
    else
        area->answer = pku_answer(running->domain, area, running->asked);
    running->held = pku_signals_hold(&running->saved, running->context->signal_stack);
    if (running->held && pku_asks_for_memory(running->asked)) {
        running->held = pku_take(true);
        pku_shut();
        pku_release();
    }
    return running->held;
}

/* It has begun, and cannot go on. */
static enum pku_end stranded(struct running *running)
{
    running->domain->broken = true;
    return PKU_BROKEN;
}

static enum pku_end run(struct running *running, uint32_t slot, bool waits)
{
    running->held = pku_signals_hold(&running->saved, running->context->signal_stack);
    if (!running->held)
        return PKU_ELSEWHERE;
    pku_locks_begin(running->domain, running->context);
    enum pku_end end = enter(running, slot, waits);
    while (end == PKU_RETURNED && running->asked) {
        end = answer(running) ? enter(running, PKU_SLOT_GO_ON, true) : PKU_ELSEWHERE;
        if (end == PKU_ELSEWHERE)
            end = stranded(running);
    }
    pku_locks_end(running->domain);
    if (running->held)
        pku_signals_back(&running->saved);
    return end;
}

enum pku_end pku_run(struct pku_domain *domain, struct pku_context *context, uint32_t slot, bool waits,
                     struct pku_caller *caller, struct pku_outcome *outcome)
{
    int saved = errno;
    struct running running = {.domain = domain, .context = context, .caller = caller, .outcome = outcome};
    if (domain->locks)
        context->area->thread = (uint32_t)syscall(SYS_gettid);
    enum pku_end end = run(&running, slot, waits);
    errno = saved;
    return end;
}

/* Whoever was in a domain is not in this process. */
void pku_after_fork(void)
{
    pku_process.forked = true;
    far_pku_state.running = 0;
}
