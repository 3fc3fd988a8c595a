/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/borrowing.h"

#include "runtime/host/away.h"
#include "runtime/host/guard.h"
#include "runtime/lib/fault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define TURN_MS       20    /* as long is waited for another call that has the pages */
#define FOLLOW_MS     2000  /* the same for a call that may follow pointers, which copying does not help */
#define FETCH_MS      10000 /* the same, in the middle of an operation: there is no other way for it */
#define KNOW_MS       2000  /* for fard to say where a client's segment lies */
#define UNHEARD_MS    1000
#define UNHEARD_TRIES 1000
#define BODY_KEEP     (1u << 20)
#define APART_MOST    8192u
#define RANGE_MOST    (256ull << 30)

/* One client process. */
struct borrowing {
    const struct host_client *client;
    struct bundle_borrower borrower;
    struct worker *holder; /* NULL: nobody's call has the pages */
    uint32_t workers;
    uint64_t charged; /* bytes */
    uint32_t apart;   /* of kept_apart */
    struct borrowing *next;
};

static pthread_mutex_t borrowings_lock = PTHREAD_MUTEX_INITIALIZER; /* of all this, but what a holder alone uses */
static pthread_cond_t borrowings_changed = PTHREAD_COND_INITIALIZER;
static struct borrowing *borrowings;
static uint32_t kept_apart; /* runs of pages that are mappings of their own; atomic */

static __thread struct worker *serving;

/* --- memory --- */

static bool open_pages(void *context, uint64_t address, uint64_t bytes, bool open)
{
    (void)context;
    return mprotect((void *)(uintptr_t)address, bytes, open ? PROT_READ | PROT_WRITE : PROT_NONE) == 0;
}

static void drop_pages(void *context, uint64_t address, uint64_t bytes)
{
    (void)context;
    mprotect((void *)(uintptr_t)address, bytes, PROT_NONE);
    madvise((void *)(uintptr_t)address, bytes, MADV_DONTNEED);
}

/*
 * Neighbours that one call opens and the next one does not are one mapping for the kernel while both are shut: to open one it is split, to shut it
 * joined. Two mappings stay two if something else tells them apart: here, that what is lent does not go into a core dump. How many mappings a
 * process may have is limited (vm.max_map_count, 65530), so a few of them.
 */
static void keep_apart(void *context, uint64_t address, uint64_t bytes)
{
    struct borrowing *borrowing = context;
    if (__atomic_add_fetch(&kept_apart, 1, __ATOMIC_RELAXED) > APART_MOST ||
        madvise((void *)(uintptr_t)address, bytes, MADV_DONTDUMP) != 0)
        __atomic_sub_fetch(&kept_apart, 1, __ATOMIC_RELAXED);
    else
        borrowing->apart++;
}

static const struct borrower_hooks hooks = {open_pages, drop_pages, keep_apart};

/* Nothing else may be there: what a client says is not believed. */
static bool reserve(const struct bundle_range *range)
{
    void *want = (void *)(uintptr_t)range->base;
    bool sound = range->base >= FAR_WINDOW_BEGIN && range->base < FAR_WINDOW_END && range->size <= RANGE_MOST &&
                 range->size <= FAR_WINDOW_END - range->base && sysconf(_SC_PAGESIZE) == BUNDLE_PAGE;
    if (!sound)
        return false;
    void *got =
        mmap(want, range->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != MAP_FAILED && got != want)
        munmap(got, range->size); /* a kernel that takes the address for a mere wish */
    return got == want;
}

static bool charge(struct borrowing *borrowing)
{
    struct host_user *user = client_user(borrowing->client);
    uint64_t bytes = borrowing->borrower.pages.twins * 2ull * BUNDLE_PAGE;
    if (bytes <= borrowing->charged)
        return true;
    if (user_charge(user, bytes - borrowing->charged) != 0)
        return false;
    borrowing->charged = bytes;
    return true;
}

/* --- a client, and its workers --- */

/* With the lock held. */
static struct borrowing *find(const struct host_client *client)
{
    struct borrowing *borrowing = borrowings;
    while (borrowing && borrowing->client != client)
        borrowing = borrowing->next;
    return borrowing;
}

/* With the lock held. */
static struct borrowing *make(const struct host_client *client, const struct bundle_range *range)
{
    struct borrowing *borrowing = calloc(1, sizeof *borrowing);
    if (!borrowing || !reserve(range)) {
        free(borrowing);
        return NULL;
    }
    borrowing->client = client;
    borrower_begin(&borrowing->borrower, range, (char *)(uintptr_t)range->base, &hooks, borrowing);
    borrowing->borrower.strict = true;
    borrowing->next = borrowings;
    borrowings = borrowing;
    return borrowing;
}

/* With the lock held; nobody has a part in it any more. */
static void end(struct borrowing *borrowing)
{
    struct borrowing **link = &borrowings;
    while (*link != borrowing)
        link = &(*link)->next;
    *link = borrowing->next;
    const struct bundle_range range = borrowing->borrower.range;
    munmap((void *)(uintptr_t)range.base, range.size);
    __atomic_sub_fetch(&kept_apart, borrowing->apart, __ATOMIC_RELAXED);
    user_discharge(client_user(borrowing->client), borrowing->charged);
    borrower_end(&borrowing->borrower);
    free(borrowing);
}

static struct worker_pages *pages_of(struct worker *worker)
{
    if (!worker->pages)
        worker->pages = calloc(1, sizeof *worker->pages);
    return worker->pages;
}

static struct timespec in_milliseconds(long ms)
{
    struct timespec when;
    clock_gettime(CLOCK_REALTIME, &when);
    when.tv_sec += ms / 1000;
    when.tv_nsec += ms % 1000 * 1000000;
    if (when.tv_nsec >= 1000000000) {
        when.tv_sec++;
        when.tv_nsec -= 1000000000;
    }
    return when;
}

void borrowing_know(struct worker *worker, const struct far_extent *range)
{
    pthread_mutex_lock(&borrowings_lock);
    worker->lent = *range;
    pthread_cond_broadcast(&borrowings_changed);
    pthread_mutex_unlock(&borrowings_lock);
}

/*
 * With the lock held. Its node's word counts, not the client's own. That comes another way than the pages, and may be later: a client that has
 * just made its segment is waited for.
 */
static bool is_its_own(const struct worker *worker, const struct bundle_range *range)
{
    const struct timespec until = in_milliseconds(KNOW_MS);
    int failed = 0;
    while (!worker->lent.size && !failed)
        failed = pthread_cond_timedwait(&borrowings_changed, &borrowings_lock, &until);
    return worker->lent.size && worker->lent.address == range->base && worker->lent.size == range->size;
}

/* The same range for all channels of a client. */
static bool attach(struct worker *worker, const struct bundle_range *range)
{
    struct worker_pages *pages = pages_of(worker);
    if (!pages)
        return false;
    pthread_mutex_lock(&borrowings_lock);
    if (!pages->of && is_its_own(worker, range)) {
        struct borrowing *borrowing = find(worker->client);
        pages->of = borrowing ? borrowing : make(worker->client, range);
        if (pages->of)
            pages->of->workers++;
    }
    bool same =
        pages->of && pages->of->borrower.range.base == range->base && pages->of->borrower.range.size == range->size;
    pthread_mutex_unlock(&borrowings_lock);
    return same;
}

/* --- whose call has the pages --- */

static bool hold(struct worker *worker, long ms)
{
    struct worker_pages *pages = worker->pages;
    const struct timespec until = in_milliseconds(ms);
    int failed = 0;
    if (pages->holding)
        return true;
    pthread_mutex_lock(&borrowings_lock);
    while (pages->of->holder && !failed)
        failed = pthread_cond_timedwait(&borrowings_changed, &borrowings_lock, &until);
    pages->holding = !pages->of->holder;
    if (pages->holding)
        pages->of->holder = worker;
    pthread_mutex_unlock(&borrowings_lock);
    return pages->holding;
}

static void let_go(struct worker *worker, bool told)
{
    struct worker_pages *pages = worker->pages;
    if (!pages->holding)
        return;
    borrower_let_go(&pages->of->borrower, told);
    pthread_mutex_lock(&borrowings_lock);
    pages->of->holder = NULL;
    pages->holding = false;
    pthread_cond_broadcast(&borrowings_changed);
    pthread_mutex_unlock(&borrowings_lock);
}

void borrowing_let_go(struct worker *worker)
{
    if (worker->pages)
        let_go(worker, true);
}

void borrowing_end(struct worker *worker)
{
    struct worker_pages *pages = worker->pages;
    if (!pages)
        return;
    let_go(worker, false);
    pthread_mutex_lock(&borrowings_lock);
    if (pages->of && --pages->of->workers == 0)
        end(pages->of);
    pthread_mutex_unlock(&borrowings_lock);
    bundle_body_free(&pages->came);
    bundle_body_free(&pages->answer);
    free(pages);
    worker->pages = NULL;
}

/* --- pages come --- */

static int take_body(struct worker *worker, const struct wire_frame *frame, struct bundle_body *body, uint64_t deadline)
{
    char why[128];
    if (frame->size < sizeof(struct wire_pages) || frame->size > BUNDLE_BODY_MOST)
        return -EPROTO;
    if (!bundle_body_reserve(body, frame->size))
        return -ECONNRESET;
    body->size = frame->size;
    int failed = stream_take(&worker->away->stream, body->at, frame->size, deadline);
    return failed ? failed : bundle_check(body->at, frame->size, NULL, why, sizeof why);
}

/* Refused, they are forgotten: the call finds its memory not to be shared. The client's next message has them once more. */
static void install(struct worker *worker, const struct bundle_body *body)
{
    const struct bundle_range range = bundle_range_of(body->at);
    const bool followed = bundle_is_followed(body->at);
    if (!attach(worker, &range) || (!bundle_count(body) && !followed) || !hold(worker, followed ? FOLLOW_MS : TURN_MS))
        return;
    struct borrowing *borrowing = worker->pages->of;
    borrower_shut(&borrowing->borrower);
    if (!borrower_take(&borrowing->borrower, body->at, body->size) || !charge(borrowing))
        let_go(worker, false);
}

int borrowing_take(struct worker *worker, const struct wire_frame *frame, uint64_t deadline)
{
    struct worker_pages *pages = pages_of(worker);
    if (!pages)
        return -ECONNRESET;
    int failed = take_body(worker, frame, &pages->came, deadline);
    if (!failed && bundle_is_fetched(pages->came.at))
        failed = -EPROTO;
    if (!failed)
        install(worker, &pages->came);
    if (pages->came.room > BODY_KEEP)
        bundle_body_free(&pages->came);
    return failed;
}

/* --- what has changed goes --- */

void borrowing_put(struct worker *worker, bool last)
{
    struct worker_pages *pages = worker->pages;
    if (!pages)
        return;
    pages->answer_to = worker->away->journal->pages = 0;
    if (!pages->holding)
        return;
    struct bundle_borrower *borrower = &pages->of->borrower;
    bundle_begin(&pages->answer, &borrower->range, 0);
    borrower_put(borrower, &pages->answer);
    bool failed = pages->answer.failed;
    if (failed)
        serve_reply(&worker->astack->reply, FAR_CALL_NO_MEMORY, 0, 0, 0);
    pages->answer_to = !failed && bundle_count(&pages->answer) ? worker->sequence : 0;
    worker->away->journal->pages = pages->answer_to;
    if (last)
        let_go(worker, !failed);
}

int borrowing_send(struct worker *worker, uint32_t sequence)
{
    struct worker_pages *pages = worker->pages;
    if (!pages || !pages->answer_to || pages->answer_to != sequence)
        return 0;
    return stream_say(&worker->away->stream, WIRE_PAGES, 0, pages->answer.at, (uint32_t)pages->answer.size, 0);
}

/* --- what a call may use --- */

bool borrowing_covers(const struct worker *worker, uint64_t address, uint64_t bytes)
{
    const struct worker_pages *pages = worker->pages;
    if (!pages || !pages->holding || !bundle_inside(&pages->of->borrower.range, address, bytes))
        return false;
    return borrower_pin(&pages->of->borrower, address, bytes);
}

uint64_t borrowing_room(const struct worker *worker, uint64_t address)
{
    const struct bundle_range *range = &worker->pages->of->borrower.range;
    return range->size - (address - range->base);
}

/* --- a page is missing --- */

static int ask(struct worker *worker, uint64_t page, struct bundle_body *body)
{
    const struct wire_fetch fetch = {page};
    struct wire_frame frame;
    struct away_stream *stream = &worker->away->stream;
    int failed = stream_say(stream, WIRE_FETCH, 0, &fetch, sizeof fetch, 0);
    failed = failed ? failed : distant_next_in_operation(worker, WIRE_PAGES, &frame);
    failed = failed ? failed : take_body(worker, &frame, body, 0);
    return failed || bundle_is_fetched(body->at) ? failed : -EPROTO;
}

/* The connection may be lost meanwhile, and another one come. */
static bool ask_patiently(struct worker *worker, uint64_t page, struct bundle_body *body)
{
    for (;;) {
        int failed = worker->away->stream.transport ? ask(worker, page, body) : -ECONNRESET;
        if (!failed)
            return true;
        bundle_body_free(body);
        if (!distant_reconnect_in_operation(worker))
            return false;
    }
}

static bool take_fetched(struct borrowing *borrowing, const struct bundle_body *body, uint64_t page)
{
    const struct bundle_range range = bundle_range_of(body->at);
    return range.base == borrowing->borrower.range.base && range.size == borrowing->borrower.range.size &&
           bundle_count(body) && borrower_take(&borrowing->borrower, body->at, body->size) && charge(borrowing) &&
           (borrower_is_open(&borrowing->borrower, page) || borrowing->borrower.strict);
}

/* Another thread of the client has an answer before it that it has not read yet: that takes a moment, unless it never does. */
static bool fetch(struct worker *worker, uint64_t page)
{
    const struct timespec moment = {0, UNHEARD_MS * 1000000 / UNHEARD_TRIES};
    struct borrowing *borrowing = worker->pages->of;
    bool taken = hold(worker, FETCH_MS);
    for (int tries = 0; taken && !borrower_is_open(&borrowing->borrower, page); tries++) {
        struct bundle_body body = {0};
        if (tries)
            nanosleep(&moment, NULL);
        borrowing->borrower.strict = tries < UNHEARD_TRIES;
        taken = ask_patiently(worker, page, &body) && take_fetched(borrowing, &body, page);
        bundle_body_free(&body);
    }
    borrowing->borrower.strict = true;
    return taken;
}

/* In the operation's thread, as if it had called this where it faulted. */
#if defined(__x86_64__)
__attribute__((force_align_arg_pointer))
#endif
static void
break_off(void)
{
    guard_leave(FAR_CALL_BAD_ARGUMENT);
}

/*
 * The fault is the operation's own, at a load or store of its client's memory: no lock of ours, nor of the C library's allocator, is held by whom it
 * interrupts.
 */
static bool fill(int code, uint64_t address, void *context)
{
    struct worker *worker = serving;
    const struct worker_pages *pages = worker ? worker->pages : NULL;
    uint64_t page = bundle_page_of(address);
    int saved = errno;
    if (code != SEGV_ACCERR || !pages || !pages->of || !bundle_inside(&pages->of->borrower.range, page, BUNDLE_PAGE) ||
        (pages->holding && borrower_is_open(&pages->of->borrower, page)))
        return false;
    if (!fetch(worker, page))
        fault_resume(context, break_off, address);
    errno = saved;
    return true;
}

void borrowing_prepare(void)
{
    fault_fill_by(fill);
}

void borrowing_of(struct worker *worker)
{
    serving = worker;
}
