/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/lending.h"

#include "runtime/lib/away.h"
#include "runtime/lib/binding.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define BODY_KEEP (1u << 20)

/* A host that has pages of ours. Never freed: hosts come and go less often than anybody would notice. */
struct lending {
    char node[FAR_NODE_NAME_MAX];
    uint32_t generation;
    int busy; /* with all signals blocked; atomic */
    struct bundle_lender lender;
    struct lending *next;
};

/* --- a call's loan --- */

static struct far_loan *innermost(void)
{
    struct far_thread *thread = far_thread;
    return thread && thread->depth ? &thread->loan[thread->depth - 1] : NULL;
}

/* A handler of this thread's may want it too: then it must not find it taken. */
static void lock(struct lending *lending, sigset_t *saved)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, saved);
    while (__atomic_exchange_n(&lending->busy, 1, __ATOMIC_ACQUIRE))
        sched_yield();
}

static void unlock(struct lending *lending, const sigset_t *saved)
{
    __atomic_store_n(&lending->busy, 0, __ATOMIC_RELEASE);
    pthread_sigmask(SIG_SETMASK, saved, NULL);
}

static void give_back(struct far_loan *loan)
{
    sigset_t saved;
    loan->open = false;
    if (loan->lender) {
        lock(loan->lender, &saved);
        lender_give_back(&loan->lender->lender, &loan->set);
        unlock(loan->lender, &saved);
    }
    loan->lender = NULL;
    loan->set.count = 0;
}

static bool may_follow(const struct far_plan *plan)
{
    bool follows = plan->flags & FAR_PLAN_WALK;
    for (uint32_t i = 0; i < plan->param_count && !follows; i++)
        follows = plan->param[i].passing == FAR_PASS_OPAQUE;
    return follows;
}

void loan_begin(const struct far_plan *plan)
{
    struct far_loan *loan = innermost();
    if (!loan)
        return;
    give_back(loan); /* of a call that a jump has left */
    loan->open = true;
    loan->followed = may_follow(plan);
}

bool loan_add(uint64_t address, uint64_t bytes)
{
    struct far_loan *loan = innermost();
    if (!loan || !loan->open)
        return false;
    return loan->lender || bundle_set_add(&loan->set, address, bytes); /* gone: the answer may lead there, too */
}

void loan_end(void)
{
    struct far_loan *loan = innermost();
    if (loan && loan->open)
        give_back(loan);
}

void loans_forget(struct far_loan *loan)
{
    give_back(loan);
    bundle_set_free(&loan->set);
}

/* --- what a host has --- */

static struct bundle_range own_range(void)
{
    const struct far_own_domain *domain = &far_process.domain;
    return (struct bundle_range){domain->base, domain->size};
}

static struct lending *find(struct lending *first, const struct far_away *away)
{
    while (first && (first->generation != away->generation || strcmp(first->node, away->path.node) != 0))
        first = first->next;
    return first;
}

/* Of the host that this channel leads to, made when it is first lent something. NULL: no memory. */
static struct lending *lending_of(const struct far_channel *channel)
{
    struct far_binding *binding = (struct far_binding *)(uintptr_t)channel->binding;
    struct lending *first = __atomic_load_n(&binding->lending, __ATOMIC_ACQUIRE);
    struct lending *lending = find(first, channel->away);
    if (lending)
        return lending;
    lending = bundle_get(sizeof *lending);
    if (!lending)
        return NULL;
    const struct bundle_range range = own_range();
    lender_begin(&lending->lender, &range);
    lending->generation = channel->away->generation;
    memcpy(lending->node, channel->away->path.node, sizeof lending->node);
    lending->next = first;
    if (__atomic_compare_exchange_n(&binding->lending, &first, lending, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return lending;
    bundle_release(lending, sizeof *lending);
    return lending_of(channel);
}

/* A thread of the parent's may have had one. */
void lending_after_fork(struct far_binding *binding)
{
    binding->lending = NULL;
}

/* --- pages go --- */

/* Of all calls that are under way on this channel: those around a callback go on, and want theirs again. */
static bool gather(const struct far_channel *channel, struct lending *lending, struct bundle_set *all)
{
    struct far_thread *thread = far_thread;
    for (uint32_t depth = 0; thread && depth < thread->depth; depth++) {
        struct far_loan *loan = &thread->loan[depth];
        if (!loan->open || !loan->set.count || thread->running[depth].channel != channel)
            continue;
        bundle_set_order(&loan->set);
        for (uint32_t i = 0; i < loan->set.count; i++)
            if (!bundle_set_add(all, loan->set.page[i], 1))
                return false;
        if (loan->lender == lending)
            continue;
        if (loan->lender) /* another host has it by now */
            lender_give_back(&loan->lender->lender, &loan->set);
        lender_lend(&lending->lender, &loan->set);
        loan->lender = lending;
    }
    bundle_set_order(all);
    return true;
}

/* Copied first: other threads may write, and what is sent must be what is remembered. */
static bool put_page(struct lending *lending, struct bundle_body *body, uint64_t address, bool whole)
{
    uint8_t now[BUNDLE_PAGE];
    memcpy(now, (const void *)(uintptr_t)address, BUNDLE_PAGE);
    return lender_put(&lending->lender, body, address, now, whole);
}

static bool has_loans(const struct far_channel *channel)
{
    const struct far_thread *thread = far_thread;
    for (uint32_t depth = 0; thread && depth < thread->depth; depth++)
        if (thread->loan[depth].open && thread->loan[depth].set.count && thread->running[depth].channel == channel)
            return true;
    return false;
}

/* The call that waits on this channel: what is fetched is lent like what went with it. */
static struct far_loan *loan_of(const struct far_channel *channel)
{
    struct far_thread *thread = far_thread;
    for (uint32_t depth = thread ? thread->depth : 0; depth > 0; depth--)
        if (thread->running[depth - 1].channel == channel && thread->loan[depth - 1].open)
            return &thread->loan[depth - 1];
    return NULL;
}

/* Without memory for it nothing goes, and the host answers that it does not have what is shared. */
static bool make_body(const struct far_channel *channel, struct lending *lending, bool again, struct bundle_body *body)
{
    struct bundle_set all = {0};
    sigset_t saved;
    lock(lending, &saved);
    bool made = gather(channel, lending, &all), followed = loan_of(channel) && loan_of(channel)->followed;
    bundle_begin(body, &lending->lender.range, followed ? WIRE_PAGES_FOLLOWED : 0);
    for (uint32_t i = 0; i < all.count && made; i++)
        made = put_page(lending, body, all.page[i], again);
    unlock(lending, &saved);
    bundle_set_free(&all);
    return made && !body->failed;
}

/* A call may lead to pages, with what it has or by a pointer that nobody has described; the host must know where they are. */
static bool has_anything(const struct far_channel *channel, const struct far_away *away, bool again)
{
    const struct far_loan *loan = loan_of(channel);
    if (has_loans(channel))
        return true;
    return loan && channel->binding->shared.size &&
           (again || loan->followed || away->announced != away->generation + 1);
}

/* The kernel would give new memory page by page, each by a fault, and take it back. */
static void keep_or_free(struct bundle_body *body)
{
    if (body->room > BODY_KEEP || body->failed)
        bundle_body_free(body);
}

int lending_send(struct far_channel *channel, bool again, uint64_t deadline)
{
    struct far_away *away = channel->away;
    struct bundle_body *body = &away->out;
    int failed = 0;
    if (!has_anything(channel, away, again))
        return 0;
    struct lending *lending = lending_of(channel);
    if (lending && make_body(channel, lending, again, body)) {
        failed = stream_say(&away->stream, WIRE_PAGES, 0, body->at, (uint32_t)body->size, deadline);
        away->announced = away->generation + 1;
    }
    keep_or_free(body);
    return failed;
}

/* --- pages come --- */

static bool may_have_pages(const struct far_channel *channel)
{
    return __atomic_load_n(&channel->binding->shared.size, __ATOMIC_ACQUIRE) != 0;
}

static int take_body(struct far_channel *channel, const struct wire_frame *frame, struct bundle_body *body,
                     uint64_t deadline)
{
    if (frame->size < sizeof(struct wire_pages) || frame->size > BUNDLE_BODY_MOST || !may_have_pages(channel))
        return -EPROTO;
    if (!bundle_body_reserve(body, frame->size))
        return -ECONNRESET;
    return stream_take(&channel->away->stream, body->at, frame->size, deadline);
}

int lending_take(struct far_channel *channel, const struct wire_frame *frame, uint64_t deadline)
{
    struct bundle_body *body = &channel->away->in;
    const struct bundle_range range = own_range();
    char why[128];
    sigset_t saved;
    int failed = take_body(channel, frame, body, deadline);
    failed = failed ? failed : bundle_check(body->at, frame->size, &range, why, sizeof why);
    struct lending *lending = failed ? NULL : lending_of(channel);
    if (lending) {
        lock(lending, &saved);
        if (!lender_take(&lending->lender, body->at, frame->size, (char *)(uintptr_t)range.base))
            failed = -ECONNRESET; /* it comes again, and there may be memory then */
        unlock(lending, &saved);
    } else if (!failed) {
        failed = -ECONNRESET;
    }
    keep_or_free(body);
    return failed;
}

/* --- pages are asked for --- */

/* The program may have made part of its segment inaccessible: that is not to be found out by a fault. */
static bool read_own(uint64_t address, void *to)
{
    struct iovec here = {to, BUNDLE_PAGE}, there = {(void *)(uintptr_t)address, BUNDLE_PAGE};
    ssize_t got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
    if (got < 0 && errno != EFAULT) {
        memcpy(to, (const void *)(uintptr_t)address, BUNDLE_PAGE);
        return true;
    }
    return got == BUNDLE_PAGE;
}

/* What is being fetched, and what is not to be: it is there. */
struct fetching {
    struct bundle_range range;
    struct bundle_set lent, set;
    uint32_t most;
};

static bool is_new(const struct fetching *fetching, uint64_t page)
{
    if (!bundle_inside(&fetching->range, page, BUNDLE_PAGE) || bundle_set_has(&fetching->lent, page))
        return false;
    for (uint32_t i = 0; i < fetching->set.count; i++)
        if (fetching->set.page[i] == page)
            return false;
    return true;
}

/*
 * Who follows one pointer follows the next: pages that this one's words lead to go along, and what those lead to, until there are enough of
 * them. A word that only looks like a pointer costs a page.
 */
static void look_ahead(struct fetching *fetching)
{
    uint64_t word[BUNDLE_PAGE / sizeof(uint64_t)];
    struct bundle_set *set = &fetching->set;
    for (uint32_t at = 0; at < set->count && set->count < fetching->most; at++) {
        if (!read_own(set->page[at], word))
            continue;
        for (uint32_t i = 0; i < BUNDLE_PAGE / sizeof(uint64_t) && set->count < fetching->most; i++) {
            uint64_t page = bundle_page_of(word[i]);
            if (is_new(fetching, page) && !bundle_set_add(set, page, 1))
                return;
        }
    }
}

static bool lend_fetched(struct lending *lending, struct far_loan *loan, uint64_t address)
{
    const struct bundle_set one = {.page = &address, .count = 1};
    if (!loan || (loan->lender && loan->lender != lending) || !bundle_set_add(&loan->set, address, 1))
        return false;
    loan->lender = lending;
    lender_lend(&lending->lender, &one);
    return true;
}

/* The one that is wanted may have gone before, and not have fitted there. */
static bool put_fetched(struct lending *lending, struct bundle_body *body, struct far_loan *loan, uint64_t wanted,
                        const struct fetching *fetching)
{
    uint8_t now[BUNDLE_PAGE];
    bool made = true;
    for (uint32_t i = 0; i < fetching->set.count && made; i++) {
        uint64_t page = fetching->set.page[i];
        bool is_lent = bundle_set_has(&fetching->lent, page);
        if (!read_own(page, now) || (!is_lent && !lend_fetched(lending, loan, page)))
            made = page != wanted;
        else
            made = lender_put(&lending->lender, body, page, now, true);
    }
    return made;
}

static void make_fetched(const struct far_channel *channel, struct lending *lending, uint64_t address,
                         struct bundle_body *body)
{
    struct fetching fetching = {.range = lending->lender.range, .most = (uint32_t)process_settings()->ahead + 1};
    struct far_loan *loan = loan_of(channel);
    sigset_t saved;
    lock(lending, &saved);
    bundle_begin(body, &fetching.range, WIRE_PAGES_FETCHED);
    bool made = loan && gather(channel, lending, &fetching.lent) &&
                bundle_inside(&fetching.range, address, BUNDLE_PAGE) && bundle_set_add(&fetching.set, address, 1);
    if (made)
        look_ahead(&fetching);
    bundle_set_order(&fetching.set);
    if (!made || !put_fetched(lending, body, loan, address, &fetching))
        bundle_begin(body, &fetching.range, WIRE_PAGES_FETCHED);
    unlock(lending, &saved);
    bundle_set_free(&fetching.set);
    bundle_set_free(&fetching.lent);
}

int lending_serve(struct far_channel *channel, const struct wire_frame *frame, uint64_t deadline)
{
    struct bundle_body body = {0};
    struct wire_fetch fetch;
    if (frame->size != sizeof fetch)
        return -EPROTO;
    int failed = stream_take(&channel->away->stream, &fetch, sizeof fetch, deadline);
    if (!failed && (fetch.address % BUNDLE_PAGE || !may_have_pages(channel)))
        failed = -EPROTO;
    struct lending *lending = failed ? NULL : lending_of(channel);
    if (lending)
        make_fetched(channel, lending, fetch.address, &body);
    if (!failed && (!lending || body.failed || !body.size))
        failed = -ECONNRESET;
    failed =
        failed ? failed : stream_say(&channel->away->stream, WIRE_PAGES, 0, body.at, (uint32_t)body.size, deadline);
    bundle_body_free(&body);
    return failed;
}
