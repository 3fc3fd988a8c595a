/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* One thread a channel: wait for a call, serve it, publish the answer, until the client or the channel is gone. */
#include "runtime/callback.h"
#include "runtime/host/away.h"
#include "runtime/host/borrowing.h"
#include "runtime/host/callback.h"
#include "runtime/host/cancel.h"
#include "runtime/host/descriptors.h"
#include "runtime/host/grant.h"
#include "runtime/host/guard.h"
#include "runtime/host/handover.h"
#include "runtime/host/host.h"
#include "runtime/host/sandbox.h"
#include "runtime/host/trace.h"
#include "runtime/probes.h"

#include "runtime/lib/wait.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who ends a channel wakes its worker; this is for a client that swallows the wake-up by writing to the word, and for one
 * that dies while there is no fard to see it. */
#define WORKER_SLICE_NS (WORKER_LOOK_MS * 1000000L)

static pthread_mutex_t workers_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t workers_changed = PTHREAD_COND_INITIALIZER;
static struct worker *workers; /* under the lock */

static bool finished(const struct worker *worker, uint32_t sequence)
{
    uint32_t fate = far_load(&worker->astack->fate.dead);
    return sequence == FAR_SEQUENCE_DEAD || __atomic_load_n(&worker->stop, __ATOMIC_ACQUIRE) ||
           (fate != 0 && fate != FAR_FATE_MOVED);
}

/* Whatever it waits for. */
static void wake(struct worker *worker)
{
    if (worker->away)
        distant_wake(worker);
    else
        far_wake(&worker->astack->call.sequence);
}

static void leave(struct worker *worker, uint32_t served)
{
    struct far_astack *astack = worker->astack;
    __atomic_store_n(&astack->reply.served, served, __ATOMIC_RELAXED);
    __atomic_store_n(&astack->reply.retired, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&astack->reply.sequence, FAR_SEQUENCE_DEAD, __ATOMIC_SEQ_CST);
    far_wake(&astack->reply.sequence);
}

/* A handle that has gone to the host which takes over, before this call came to it: nothing was called, and that host can. */
static bool is_the_heirs(const struct worker *worker)
{
    return handover_is_on() && worker->astack->reply.status == FAR_CALL_BAD_HANDLE;
}

/* Between two calls of a host that another takes over from. */
static bool leave_in_order(struct worker *worker)
{
    struct far_astack *astack = worker->astack;
    uint32_t last = worker->sequence;
    if (!__atomic_load_n(&worker->retire, __ATOMIC_ACQUIRE) ||
        !__atomic_compare_exchange_n(&astack->call.sequence, &last, FAR_SEQUENCE_DEAD, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return false;
    leave(worker, worker->sequence);
    return true;
}

/*
 * Client and worker that wait for each other in turn look like one busy thread to the scheduler, and it may leave them
 * on one core for good, where every call costs two context switches instead of two cache lines. After some such calls
 * the worker asks to be elsewhere, each time less readily: where the other cores are busy it is brought back.
 */
struct company {
    uint32_t calls; /* in a row, with the client on our core */
    uint32_t limit;
};
#define COMPANY_FIRST 64
#define COMPANY_LAST  65536

static void step_aside(uint32_t core)
{
    cpu_set_t allowed, elsewhere;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || core >= CPU_SETSIZE || CPU_COUNT(&allowed) < 2)
        return;
    elsewhere = allowed;
    CPU_CLR(core, &elsewhere);
    if (sched_setaffinity(0, sizeof elsewhere, &elsewhere) == 0)
        sched_setaffinity(0, sizeof allowed, &allowed);
}

static void watch_company(struct company *company, bool together, uint32_t cpu)
{
    company->calls = together ? company->calls + 1 : 0;
    if (company->calls < company->limit)
        return;
    company->calls = 0;
    if (company->limit < COMPANY_LAST)
        company->limit *= 2;
    step_aside(cpu - 1);
}

/* The next call's number, or `last` again when it is time to look around. */
static uint32_t wait_for_call(struct worker *worker, uint32_t last)
{
    struct far_astack *astack = worker->astack;
    uint32_t cpu = far_this_cpu();
    uint32_t spin = __atomic_load_n(&astack->call.cpu, __ATOMIC_RELAXED) == cpu ? 0 : worker->host->spin;
    uint32_t now = far_spin_while(&astack->call.sequence, last, spin);
    if (now == last && !finished(worker, now)) {
        long slice = worker->host->watched ? 0 : WORKER_SLICE_NS; /* two timers a call are not free on one core */
        far_sleep_while(&astack->call.sequence, last, &astack->reply.sleeping, slice);
        now = far_load(&astack->call.sequence);
    }
    return now;
}

static void publish_answer(struct worker *worker, struct company *company)
{
    struct far_astack *astack = worker->astack;
    uint32_t cpu = far_this_cpu();
    bool together = __atomic_load_n(&astack->call.cpu, __ATOMIC_RELAXED) == cpu;
    __atomic_store_n(&astack->reply.cpu, cpu, __ATOMIC_RELAXED);
    far_publish(&astack->reply.sequence, worker->sequence, &astack->call.sleeping);
    watch_company(company, together, cpu);
}

void worker_publish(struct worker *worker)
{
    struct far_astack *astack = worker->astack;
    if (worker->away) {
        distant_publish(worker);
        return;
    }
    __atomic_store_n(&astack->reply.cpu, far_this_cpu(), __ATOMIC_RELAXED);
    far_publish(&astack->reply.sequence, worker->sequence, &astack->call.sleeping);
}

bool worker_is_finished(const struct worker *worker)
{
    return finished(worker, far_load(&worker->astack->call.sequence));
}

bool worker_is_leaving(const struct worker *worker)
{
    return worker_is_finished(worker) || __atomic_load_n(&worker->retire, __ATOMIC_ACQUIRE);
}

bool worker_next_message(struct worker *worker)
{
    for (;;) {
        uint32_t sequence =
            worker->away ? distant_next(worker, worker->sequence, false) : wait_for_call(worker, worker->sequence);
        if (finished(worker, sequence) || (sequence == worker->sequence && client_has_ended(worker->client)))
            return false;
        if (sequence == worker->sequence)
            continue;
        worker->sequence = sequence;
        return true;
    }
}

static void serve_one(void *worker)
{
    serve_call(worker);
}

/* What is one call's alone. */
struct of_call {
    uint32_t call;
    uint64_t traced_at, area_end;
    const struct worker_entry *entry;
    struct arena arena;
    struct walk_memory walk;
    struct host_domain *domain;
    bool holding;
    struct worker_held held;
    uint32_t grants; /* that the calls around it have */
};

static struct of_call put_aside(struct worker *worker)
{
    struct of_call outer = {worker->call, worker->traced_at, worker->area_end, worker->entry, worker->arena,
                            worker->walk, worker->domain,    worker->holding,  worker->held,  worker->grants.outer};
    worker->grants.outer = worker->grants.count;
    worker->call = worker->sequence;
    worker->traced_at = 0;
    worker->entry = NULL;
    worker->arena = (struct arena){.user = outer.arena.user};
    worker->walk = (struct walk_memory){.keep = outer.walk.keep, .charge = outer.walk.charge};
    worker->domain = NULL;
    worker->holding = false;
    worker->held = (struct worker_held){.memory.charge = outer.walk.charge};
    return outer;
}

static void take_up(struct worker *worker, const struct of_call *outer)
{
    arena_free(&worker->arena);
    walk_memory_free(&worker->walk);
    callbacks_let_go(worker);
    grants_let_go(worker);
    worker->grants.outer = outer->grants;
    worker->held = outer->held;
    worker->call = outer->call;
    worker->traced_at = outer->traced_at;
    worker->area_end = outer->area_end;
    worker->entry = outer->entry;
    worker->arena = outer->arena;
    worker->walk = outer->walk;
    worker->domain = outer->domain;
    worker->holding = outer->holding;
}

/*
 * A client decides how deep calls are nested, and all are on this thread's stack: as long as half of it is left, an operation
 * has as much as the service's owner must reckon with (docs/hosts.md).
 */
static bool may_nest(const struct worker *worker)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    return worker->nested < FAR_CALLS_NESTED && worker->stack_top - here < worker->stack / 2;
}

/* A nested call, and what it is nested in. */
struct within {
    struct worker *worker;
    struct of_call outer;
};

/* The operation has ended its thread: what the calls around it have is given back by worker_free(). */
static void nested_broken(void *argument)
{
    const struct within *within = argument;
    serve_broken(within->worker, FAR_CALL_ENDED_THREAD);
    take_up(within->worker, &within->outer);
}

static void serve_within(struct within *within)
{
    struct worker *worker = within->worker;
    pthread_cleanup_push(nested_broken, within);
    worker->nested++;
    unsigned status = guard_run(serve_one, worker, &worker->call);
    worker->nested--;
    if (status)
        serve_broken(worker, status);
    take_up(worker, &within->outer);
    pthread_cleanup_pop(0);
}

/* What it is nested in has its memory as it left it. */
void worker_serve_nested(struct worker *worker)
{
    struct within within = {.worker = worker};
    if (may_nest(worker)) {
        within.outer = put_aside(worker);
        serve_within(&within);
    } else {
        serve_reply(&worker->astack->reply, FAR_CALL_TOO_DEEP, 0, 0, 0);
    }
    worker_publish(worker);
}

static void finish_call(struct worker *worker)
{
    worker->more_to_do = false;
    callbacks_let_go(worker);
    grants_let_go(worker);
    if (worker->traced_at)
        trace_end(worker);
}

/* A worker at work; what must survive a call that does not come back. */
struct shift {
    struct worker *worker;
    struct company company;
};

/* With what those see who watch: `far trace`, and probes. */
static void serve_seen(struct worker *worker)
{
    if (trace_wanted(worker->host)) {
        trace_begin(worker);
        worker->more_to_do = true;
    }
    FAR_PROBE(host__serve__begin, worker->host->service, worker->astack->call.slot, worker->channel);
    serve_call(worker);
    FAR_PROBE(host__serve__end, worker->host->service, worker->astack->call.slot, worker->channel,
              worker->astack->reply.status);
}

static void serve_calls(void *argument)
{
    struct shift *shift = argument;
    struct worker *worker = shift->worker;
    for (;;) {
        uint32_t sequence = wait_for_call(worker, worker->sequence);
        if (finished(worker, sequence))
            return;
        if (sequence == worker->sequence && (client_has_ended(worker->client) || leave_in_order(worker)))
            return;
        if (sequence == worker->sequence)
            continue;
        uint32_t before = worker->sequence;
        worker->sequence = worker->call = sequence;
        serve_seen(worker);
        if (worker->more_to_do)
            finish_call(worker);
        if (is_the_heirs(worker)) {
            leave(worker, before);
            return;
        }
        publish_answer(worker, &shift->company);
    }
}

/* The same for a client on another node. */
static void serve_calls_away(void *argument)
{
    struct shift *shift = argument;
    struct worker *worker = shift->worker;
    for (;;) {
        uint32_t sequence = distant_next(worker, worker->sequence, true);
        if (finished(worker, sequence) || (sequence == worker->sequence && leave_in_order(worker)))
            return;
        if (sequence == worker->sequence)
            continue;
        uint32_t before = worker->sequence;
        worker->sequence = worker->call = sequence;
        if (!distant_answers_itself(worker))
            serve_seen(worker);
        if (worker->more_to_do)
            finish_call(worker);
        if (is_the_heirs(worker)) {
            leave(worker, before);
            return;
        }
        worker_publish(worker);
    }
}

/* One guard for all calls, set up anew only after one that broke through: an ordinary call pays nothing for it. */
static void work(struct worker *worker)
{
    struct shift shift = {worker, {.limit = worker->host->spin && !worker->away ? COMPANY_FIRST : UINT32_MAX}};
    void (*serve)(void *) = worker->away ? serve_calls_away : serve_calls;
    unsigned status;
    __atomic_store_n(&worker->astack->reply.cpu, far_this_cpu(), __ATOMIC_RELAXED);
    while ((status = guard_run(serve, &shift, &worker->call)) != FAR_CALL_DONE) {
        serve_broken(worker, status);
        worker->area_end = 0;
        worker->entry = NULL;
        worker->nested = 0;
        descriptors_return(worker, 0);
        finish_call(worker);
        if (worker->away)
            distant_publish(worker);
        else
            publish_answer(worker, &shift.company);
    }
}

/* The client finds its channel dead. */
static void mark_dead(struct far_astack *astack)
{
    __atomic_store_n(&astack->reply.sequence, FAR_SEQUENCE_DEAD, __ATOMIC_SEQ_CST);
    far_wake(&astack->reply.sequence);
}

/*
 * A client that has gone on without fard finds its channel dead, if that is not by its own will. Where fard has marked the
 * channel, it has told the client itself.
 */
static void tell_client(struct worker *worker)
{
    if (worker->away)
        distant_say_fate(worker);
    else if (!far_load(&worker->astack->fate.dead))
        mark_dead(worker->astack);
}

/* The client must not wait for a worker that will never be; and fard has counted the channel. */
static void refuse_channel(struct worker *worker)
{
    const struct far_close_channel full = {.channel = worker->channel, .reserved = FAR_FATE_FULL};
    __atomic_store_n(&worker->astack->fate.dead, FAR_FATE_FULL, __ATOMIC_SEQ_CST);
    mark_dead(worker->astack);
    tell_fard(FAR_MSG_HOST_CLOSE, &full, sizeof full);
}

/* As far as it has got. */
static void worker_free(struct worker *worker)
{
    borrowing_end(worker);
    distant_end(worker);
    if (worker->astack)
        munmap(worker->astack, worker->size);
    domain_part(&worker->holder);
    if (worker->client)
        callbacks_let_go(worker);
    descriptors_end(worker);
    arena_free(&worker->arena);
    walk_memory_free(&worker->walk);
    walk_memory_free(&worker->answers);
    if (worker->counted)
        user_end_channel(worker->arena.user);
    if (worker->client)
        client_put(worker->client);
    free(worker->allowed);
    free(worker);
}

static void worker_leave(struct worker *worker)
{
    cancel_of(NULL);
    grants_of(NULL);
    borrowing_of(NULL);
    callbacks_of(NULL); /* destructors of the thread's own may still call what the client has given */
    pthread_mutex_lock(&workers_lock);
    struct worker **link = &workers;
    while (*link != worker)
        link = &(*link)->next;
    *link = worker->next;
    pthread_cond_signal(&workers_changed);
    struct far_close_channel gone = {.channel = worker->listed ? worker->channel : 0};
    pthread_mutex_unlock(&workers_lock);
    if (gone.channel)
        tell_fard(FAR_MSG_HOST_CLOSE, &gone, sizeof gone);
    worker_free(worker);
}

/* The operation has ended its thread. The client hears it, and opens a channel to another worker for its next call. */
static void worker_broken(void *argument)
{
    struct worker *worker = argument;
    serve_broken(worker, FAR_CALL_ENDED_THREAD);
    worker_publish(worker);
    worker_leave(worker);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    sandbox_this_worker(worker);
    worker->stack_top = (uintptr_t)__builtin_frame_address(0);
    callbacks_of(worker);
    cancel_of(worker);
    grants_of(worker);
    borrowing_of(worker);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL); /* an operation may be so bold as to enable it */
    pthread_cleanup_push(worker_broken, worker);
    work(worker);
    pthread_cleanup_pop(0);
    tell_client(worker);
    worker_leave(worker);
    return NULL;
}

static int worker_map(struct worker *worker, int astack_fd)
{
    struct stat status;
    if (worker->size < FAR_ASTACK_AREA || worker->size > FAR_ASTACK_MAX || fstat(astack_fd, &status) != 0 ||
        (uint64_t)status.st_size < worker->size)
        return -EPROTO;
    void *astack = mmap(NULL, worker->size, PROT_READ | PROT_WRITE, MAP_SHARED, astack_fd, 0);
    worker->astack = astack == MAP_FAILED ? NULL : astack;
    return worker->astack ? 0 : -errno;
}

static int worker_run(struct worker *worker)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_getstacksize(&attributes, &worker->stack);
    pthread_mutex_lock(&workers_lock);
    int failed = pthread_create(&thread, &attributes, worker_main, worker);
    if (!failed) {
        worker->next = workers;
        workers = worker;
    }
    pthread_mutex_unlock(&workers_lock);
    pthread_attr_destroy(&attributes);
    return -failed;
}

/* A capability's operations are all that the client may call. */
static int worker_limit(struct worker *worker, const struct far_host_channel *channel)
{
    const uint32_t *slot = (const void *)(channel + 1);
    uint32_t slots = worker->host->plans.slot_count;
    if (!channel->limited)
        return 0;
    worker->allowed = calloc(slots + 1, sizeof *worker->allowed);
    for (uint32_t i = 0; worker->allowed && i < channel->slot_count; i++)
        if (slot[i] < slots)
            worker->allowed[slot[i]] = 1;
    return worker->allowed ? 0 : -ENOMEM;
}

/* Its place among the channels of its user, and its thread. */
static int worker_admit(struct worker *worker, const struct far_host_channel *channel, int socket)
{
    worker->client = client_get_by_name((struct client_name){channel->node, channel->pid, channel->uid});
    if (!worker->client)
        return -ENOMEM;
    worker->arena.user = client_user(worker->client);
    worker->keep = users_keep();
    worker->walk = (struct walk_memory){.keep = worker->keep, .charge = {client_pays, worker->arena.user}};
    worker->answers = worker->walk;
    worker->held.memory.charge = worker->walk.charge;
    int failed = user_begin_channel(worker->arena.user);
    worker->counted = !failed;
    if (!failed && socket >= 0)
        failed = descriptors_begin(worker, socket);
    return failed ? failed : worker_run(worker);
}

static int worker_begin(const struct host *host, const struct far_host_channel *channel, int astack_fd, int socket,
                        bool *taken)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return -ENOMEM;
    worker->host = host;
    worker->channel = channel->channel;
    worker->level = channel->level;
    worker->copies = channel->flags & FAR_CHANNEL_COPIES;
    worker->size = channel->size;
    worker->connection = channel->flags & FAR_CHANNEL_AWAY ? WORKER_NO_CONNECTION : channel->connection;
    worker->capability = channel->capability;
    worker->lent = channel->lent;
    domain_join(&worker->holder);
    int failed = worker_map(worker, astack_fd);
    if (!failed && channel->flags & FAR_CHANNEL_AWAY)
        failed = distant_begin(worker, channel);
    failed = failed ? failed : worker_limit(worker, channel);
    failed = failed ? failed : worker_admit(worker, channel, socket);
    *taken = !failed || worker->descriptors;
    if (!failed)
        return 0;
    if (worker->astack)
        refuse_channel(worker);
    worker_free(worker);
    return failed;
}

int worker_start(const struct host *host, const struct far_host_channel *channel, int astack_fd, int socket)
{
    bool taken = false;
    int failed = worker_begin(host, channel, astack_fd, socket, &taken);
    if (!taken && socket >= 0)
        close(socket);
    return failed;
}

static void stop(struct worker *worker)
{
    __atomic_store_n(&worker->stop, true, __ATOMIC_RELEASE);
    if (!worker->away)
        __atomic_store_n(&worker->astack->call.sequence, FAR_SEQUENCE_DEAD, __ATOMIC_SEQ_CST);
    wake(worker);
}

/*
 * From the moment that this returns nothing that the worker writes reaches the client, whatever it is doing: its A-stack is
 * memory that reaches nobody, dead already. Checking a word before each answer would cost every call something, and be too
 * early.
 */
static int cut_off(struct worker *worker)
{
    if (worker->away)
        distant_cut_off(worker);
    else
        tell_client(worker);
    __atomic_store_n(&worker->cut_off, true, __ATOMIC_SEQ_CST);
    descriptors_cut_off(worker);
    int failed = scrap_put(worker->astack, worker->size);
    if (!failed)
        far_wake(&worker->astack->call.sequence);
    return failed;
}

int worker_stop(uint32_t channel, bool deliver)
{
    int failed = 0;
    pthread_mutex_lock(&workers_lock);
    for (struct worker *worker = workers; worker; worker = worker->next) {
        if (worker->channel != channel)
            continue;
        stop(worker);
        if (!deliver)
            failed = cut_off(worker);
    }
    pthread_mutex_unlock(&workers_lock);
    return failed;
}

void worker_connection(const struct far_host_connection *connection, int fd)
{
    pthread_mutex_lock(&workers_lock);
    struct worker *worker = workers;
    while (worker && (worker->channel != connection->channel || !worker->away))
        worker = worker->next;
    if (worker)
        distant_connection(worker, connection, fd);
    pthread_mutex_unlock(&workers_lock);
    if (!worker)
        close(fd);
}

void worker_lends(const struct far_host_lends *lends)
{
    pthread_mutex_lock(&workers_lock);
    struct worker *worker = workers;
    while (worker && (worker->channel != lends->channel || !worker->away))
        worker = worker->next;
    if (worker)
        borrowing_know(worker, &lends->range);
    pthread_mutex_unlock(&workers_lock);
}

struct listing {
    struct far_host_channels head;
    struct far_host_channel channel[FAR_HOST_CHANNELS_MAX];
};

static void listing_send(struct listing *listing, bool last)
{
    listing->head.last = last;
    tell_fard(FAR_MSG_HOST_CHANNELS, listing, sizeof listing->head + listing->head.count * sizeof listing->channel[0]);
    listing->head.count = 0;
}

/* With the lock held throughout: what ends meanwhile says so after the list that has it. */
void workers_list(const struct host *host)
{
    static struct listing listing; /* the main thread's */
    listing.head = (struct far_host_channels){.generation = host->generation, .service_id = host->service_id};
    pthread_mutex_lock(&workers_lock);
    for (struct worker *worker = workers; worker; worker = worker->next) {
        worker->listed = true;
        listing.channel[listing.head.count++] = (struct far_host_channel){.channel = worker->channel,
                                                                          .level = worker->level,
                                                                          .size = worker->size,
                                                                          .capability = worker->capability,
                                                                          .flags = worker->away ? FAR_CHANNEL_AWAY : 0};
        client_identity(worker->client, &listing.channel[listing.head.count - 1]);
        if (listing.head.count == FAR_HOST_CHANNELS_MAX)
            listing_send(&listing, false);
    }
    listing_send(&listing, true);
    pthread_mutex_unlock(&workers_lock);
}

#define RETIRE_LOOK_MS 50 /* a worker that looked a last time before it was told sleeps until it is woken again */

static void wait_for_change(int ms)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += ms * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&workers_changed, &workers_lock, &end);
}

bool workers_are_there(void)
{
    pthread_mutex_lock(&workers_lock);
    bool any = workers != NULL;
    pthread_mutex_unlock(&workers_lock);
    return any;
}

void workers_look_after(void)
{
    pthread_mutex_lock(&workers_lock);
    for (struct worker *worker = workers; worker; worker = worker->next)
        if (worker_is_leaving(worker) || client_has_ended(worker->client))
            wake(worker);
    pthread_mutex_unlock(&workers_lock);
}

void workers_retire(void)
{
    pthread_mutex_lock(&workers_lock);
    while (workers) {
        for (struct worker *worker = workers; worker; worker = worker->next) {
            __atomic_store_n(&worker->retire, true, __ATOMIC_RELEASE);
            wake(worker);
        }
        wait_for_change(RETIRE_LOOK_MS);
    }
    pthread_mutex_unlock(&workers_lock);
}

void workers_stop(int ms)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += ms / 1000;
    end.tv_nsec += ms % 1000 * 1000000;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    pthread_mutex_lock(&workers_lock);
    for (struct worker *worker = workers; worker; worker = worker->next)
        stop(worker);
    while (workers && pthread_cond_timedwait(&workers_changed, &workers_lock, &end) == 0)
        ;
    pthread_mutex_unlock(&workers_lock);
}
