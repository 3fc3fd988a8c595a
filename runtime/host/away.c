/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/away.h"

#include "runtime/batch.h"
#include "runtime/callback.h"
#include "runtime/host/borrowing.h"
#include "runtime/host/cancel.h"
#include "runtime/lib/binding.h"
#include "runtime/lib/wait.h"
#include "runtime/net/wire_check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS    WORKER_LOOK_MS /* where nobody wakes us */
#define REST_S     20             /* for the rest of a frame that has begun, and besides for each piece of it: */
#define REST_PIECE 65536          /* a second */
#define SAY_S      1
#define DOZE_MS    40 /* who has just called may call again: so long only the connection is listened to */
#define LOOKS      64 /* at the connection, for one look around */
#define FETCH_S    60 /* for a page, or another connection to ask for it by */

_Static_assert(sizeof(struct far_astack) <= AWAY_JOURNAL, "the journal lies behind the wide block");
_Static_assert(AWAY_JOURNAL + sizeof(struct away_journal) <= FAR_ASTACK_AREA, "and in front of the area");

static uint64_t in_seconds(uint64_t seconds)
{
    return away_about_now() + seconds * AWAY_NS_PER_S;
}

static struct away_memory memory_of(const struct worker *worker)
{
    return (struct away_memory){worker->astack, worker->size};
}

/* --- what is known of the answer --- */

void distant_wrote(struct worker *worker, uint64_t offset, uint64_t bytes)
{
    struct worker_away *away = worker->away;
    if (away->published)
        away->journal->answer.count = 0;
    away->published = false;
    extents_add(&away->journal->answer, offset, bytes);
}

/* A host before us has written it. */
static bool is_sound(const struct away_journal *journal, uint64_t size)
{
    const struct away_extents *answer = &journal->answer;
    char why[96];
    return answer->count <= AWAY_EXTENTS_MAX && wire_check_extents(answer->item, answer->count, extents_bytes(answer),
                                                                   size - FAR_ASTACK_AREA, why, sizeof why) == 0;
}

void distant_in_callback(struct worker *worker, int more)
{
    worker->away->journal->callbacks += (uint32_t)more;
}

/* --- a worker's beginning and end --- */

/* From where the host before us has left it. */
static int resume(struct worker *worker)
{
    struct worker_away *away = worker->away;
    uint32_t called = far_load(&worker->astack->call.sequence), answered = far_load(&worker->astack->reply.sequence);
    if (!is_sound(away->journal, worker->size) || called == FAR_SEQUENCE_DEAD || answered == FAR_SEQUENCE_DEAD)
        return -EPROTO;
    worker->sequence = answered;
    away->resumed = called != answered;
    away->published = called == answered;
    away->lost_callbacks = away->journal->callbacks;
    if (called == answered && answered &&
        away->journal->pages == answered) { /* they have gone with the host before us */
        away->journal->answer.count = away->journal->pages = 0;
        serve_reply(&worker->astack->reply, FAR_CALL_HOST_DIED, 0, 0, 0);
    }
    return 0;
}

static const struct far_plan *plan_of(const struct worker *worker, uint32_t slot)
{
    const struct far_plans *plans = &worker->host->plans;
    return slot < plans->slot_count ? plans->plan[slot] : NULL;
}

/*
 * Large bytes of a call that comes alone and is no more than parameters go straight to where its operation is given them. Who comes after this host finds
 * them nowhere, and need not, unless the call may be made again.
 */
static char *room_in_arena(void *context, uint32_t slot, uint64_t end)
{
    struct worker *worker = context;
    const struct far_plan *plan = plan_of(worker, slot);
    if (!worker->away->between_calls || !plan || !(plan->flags & FAR_PLAN_BY_REFERENCE) ||
        plan->flags & FAR_PLAN_WALK || plan->op->flags & FAR_OP_IDEMPOTENT ||
        arena_reserve(&worker->arena, end + FAR_ASTACK_ALIGN, 0) != 0)
        return NULL;
    worker->away->journal->incomplete = 1;
    return worker->arena.base;
}

int distant_begin(struct worker *worker, const struct far_host_channel *channel)
{
    struct worker_away *away = calloc(1, sizeof *away);
    if (!away)
        return -ENOMEM;
    away->using = away->next_fd = -1;
    away->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    away->journal = (struct away_journal *)((char *)worker->astack + AWAY_JOURNAL);
    away->published = true;
    away->aside = (struct away_aside){.room = room_in_arena, .context = worker};
    pthread_mutex_init(&away->lock, NULL);
    worker->away = away;
    if (away->wake < 0)
        return -errno;
    return channel->flags & FAR_CHANNEL_RESUMED ? resume(worker) : 0;
}

/* Written with the lock held, looked at without. */
static void set_next(struct worker_away *away, int fd)
{
    __atomic_store_n(&away->next_fd, fd, __ATOMIC_RELEASE);
}

/* With the lock held. */
static void close_next(struct worker_away *away)
{
    if (away->next_fd >= 0)
        close(away->next_fd);
    set_next(away, -1);
}

static void set_using(struct worker_away *away, int fd)
{
    pthread_mutex_lock(&away->lock);
    away->using = fd;
    pthread_mutex_unlock(&away->lock);
}

static void drop_connection(struct worker_away *away)
{
    set_using(away, -1);
    stream_close(&away->stream);
}

void distant_end(struct worker *worker)
{
    struct worker_away *away = worker->away;
    if (!away)
        return;
    drop_connection(away);
    close_next(away);
    if (away->wake >= 0)
        close(away->wake);
    pthread_mutex_destroy(&away->lock);
    free(away);
    worker->away = NULL;
}

/* --- other threads --- */

void distant_wake(struct worker *worker)
{
    const uint64_t one = 1;
    (void)!write(worker->away->wake, &one, sizeof one);
}

void distant_connection(struct worker *worker, const struct far_host_connection *connection, int fd)
{
    struct worker_away *away = worker->away;
    pthread_mutex_lock(&away->lock);
    close_next(away);
    if (away->shut) {
        close(fd);
    } else {
        away->next = *connection;
        set_next(away, fd);
        if (away->using >= 0) /* the client has given that one up */
            shutdown(away->using, SHUT_RDWR);
    }
    pthread_mutex_unlock(&away->lock);
    distant_wake(worker);
}

void distant_cut_off(struct worker *worker)
{
    struct worker_away *away = worker->away;
    pthread_mutex_lock(&away->lock);
    away->shut = true;
    if (away->using >= 0)
        shutdown(away->using, SHUT_RDWR);
    pthread_mutex_unlock(&away->lock);
    distant_wake(worker);
}

/* --- connections --- */

static const struct transport_kind *prepared[WIRE_TRANSPORT_COUNT];

void distant_prepare(uint32_t transports)
{
    struct far_error unused;
    for (uint32_t number = WIRE_TRANSPORT_NONE + 1; number < WIRE_TRANSPORT_COUNT; number++)
        if (transports >> number & 1)
            prepared[number] = transport_load(number, &unused);
}

static const struct transport_kind *kind_of(uint32_t number)
{
    struct far_error unused;
    if (number >= WIRE_TRANSPORT_COUNT)
        return NULL;
    return prepared[number] ? prepared[number] : transport_load(number, &unused);
}

/* It can be shut by others meanwhile, but is the transport's to close: so by another name. */
static bool take_next(struct worker_away *away, struct far_host_connection *connection, int *fd)
{
    pthread_mutex_lock(&away->lock);
    *fd = away->next_fd;
    *connection = away->next;
    set_next(away, -1);
    away->using = *fd >= 0 ? fcntl(*fd, F_DUPFD_CLOEXEC, 0) : -1;
    pthread_mutex_unlock(&away->lock);
    return *fd >= 0;
}

static void begin_using(struct worker_away *away)
{
    pthread_mutex_lock(&away->lock);
    if (away->using >= 0)
        close(away->using);
    away->using = away->stream.transport ? away->stream.transport->fd : -1;
    if (away->next_fd >= 0 && away->using >= 0) /* yet another has come meanwhile */
        shutdown(away->using, SHUT_RDWR);
    pthread_mutex_unlock(&away->lock);
}

/* That another version has taken over, a client may have to know in the middle of a call. */
static int send_fate_on_the_way(struct worker *worker)
{
    struct worker_away *away = worker->away;
    const struct wire_fate fate = {.dead = far_load(&worker->astack->fate.dead)};
    if (fate.dead == away->said)
        return 0;
    away->said = fate.dead;
    return stream_say(&away->stream, WIRE_FATE, 0, &fate, sizeof fate, in_seconds(SAY_S));
}

static int send_answer(struct worker *worker)
{
    const struct away_memory memory = memory_of(worker);
    struct worker_away *away = worker->away;
    int failed = send_fate_on_the_way(worker);
    failed = failed ? failed : borrowing_send(worker, worker->sequence);
    if (failed)
        return failed;
    return stream_send_answer(&away->stream, &memory, &away->journal->answer, worker->sequence, 0);
}

/* Both say how far they have come. An answer that the client has not got is sent again. */
static int greet(struct worker *worker)
{
    struct worker_away *away = worker->away;
    uint64_t deadline = in_seconds(AWAY_BEGIN_S);
    const struct wire_hello ours = {.channel = worker->channel,
                                    .sent = far_load(&worker->astack->reply.sequence), /* in an operation: less */
                                    .received = worker->sequence,
                                    .generation = worker->host->generation,
                                    .size = worker->size};
    struct wire_hello theirs;
    struct wire_frame frame;
    char why[96];
    int failed = stream_say(&away->stream, WIRE_HELLO, 0, &ours, sizeof ours, deadline);
    failed = failed ? failed : stream_next(&away->stream, &frame, deadline);
    if (!failed && frame.type != WIRE_HELLO)
        failed = -EPROTO;
    failed = failed ? failed : stream_take(&away->stream, &theirs, sizeof theirs, deadline);
    failed = failed ? failed : wire_check_hello(&theirs, worker->channel, worker->size, why, sizeof why);
    if (failed || theirs.received == worker->sequence || ours.sent != worker->sequence)
        return failed;
    return send_answer(worker);
}

static uint32_t spin_limit(void)
{
    int32_t wished = process_settings()->spin;
    return wished > 0 ? (uint32_t)wished : 0;
}

/* The one that has come takes the place of the one that there is. */
static void change_connection(struct worker *worker)
{
    struct worker_away *away = worker->away;
    struct far_host_connection next;
    struct transport *transport;
    struct far_error unused;
    int fd;
    drop_connection(away);
    if (!take_next(away, &next, &fd))
        return;
    const struct transport_kind *kind = kind_of(next.transport);
    int failed = kind ? kind->begin(fd, false, next.ticket, next.secret, in_seconds(AWAY_BEGIN_S), &transport, &unused)
                      : -EOPNOTSUPP;
    if (!kind)
        close(fd);
    if (!failed)
        stream_open(&away->stream, transport, spin_limit());
    away->said = 0;
    begin_using(away);
    if (!failed && greet(worker) != 0)
        drop_connection(away);
}

static bool has_next(const struct worker_away *away)
{
    return __atomic_load_n(&away->next_fd, __ATOMIC_ACQUIRE) >= 0;
}

/* --- what comes --- */

static void note_cancelled(struct worker_away *away, uint32_t sequence)
{
    if (away->cancelled_count < AWAY_CANCELLED_MAX)
        away->cancelled[away->cancelled_count++] = sequence;
}

bool distant_is_cancelled(const struct worker *worker, uint32_t sequence)
{
    const struct worker_away *away = worker->away;
    uint32_t i = 0;
    while (i < away->cancelled_count && away->cancelled[i] != sequence)
        i++;
    return i < away->cancelled_count;
}

static uint64_t milliseconds(void)
{
    return away_now() / AWAY_NS_PER_MS;
}

bool distant_is_late(const struct worker *worker)
{
    return worker->away->give_up_at && milliseconds() >= worker->away->give_up_at;
}

/* From here on the answer before it has been acknowledged, and what the area has is the call's. */
static int take_call(struct worker *worker, const struct wire_frame *frame, uint32_t *sequence)
{
    struct worker_away *away = worker->away;
    const struct away_memory memory = memory_of(worker);
    uint64_t until = in_seconds(REST_S + frame->size / REST_PIECE);
    uint32_t deadline_ms;
    if (frame->sequence == worker->sequence) { /* a second time: it has been answered */
        int failed = stream_skip(&away->stream, frame->size, until);
        borrowing_let_go(worker);
        return failed ? failed : send_answer(worker);
    }
    if (away->between_calls)
        away->journal->incomplete = 0;
    int failed = stream_take_call(&away->stream, frame, &memory, &away->aside, &deadline_ms, until);
    if (failed)
        return failed;
    away->give_up_at = deadline_ms ? milliseconds() + deadline_ms + CANCEL_LATER_MS : 0;
    away->cancelled_count = 0;
    away->published = false;
    away->journal->answer.count = 0;
    *sequence = frame->sequence;
    __atomic_store_n(&worker->astack->call.sequence, *sequence, __ATOMIC_SEQ_CST);
    return 0;
}

static int take_small(struct worker *worker, const struct wire_frame *frame)
{
    struct worker_away *away = worker->away;
    switch (frame->type) {
    case WIRE_CANCEL:
        note_cancelled(away, frame->sequence);
        return 0;
    case WIRE_BYE:
        __atomic_store_n(&worker->stop, true, __ATOMIC_RELEASE);
        return 0;
    case WIRE_PING:
        return stream_say(&away->stream, WIRE_PONG, 0, NULL, 0, in_seconds(SAY_S));
    case WIRE_PONG:
        return 0;
    default:
        return -EPROTO;
    }
}

static int take_frame(struct worker *worker, const struct wire_frame *frame, uint32_t *sequence)
{
    if (frame->type == WIRE_CALL)
        return take_call(worker, frame, sequence);
    if (frame->type == WIRE_PAGES)
        return borrowing_take(worker, frame, in_seconds(REST_S + frame->size / REST_PIECE));
    return take_small(worker, frame);
}

/* A call has no business there. */
void distant_look(struct worker *worker)
{
    struct worker_away *away = worker->away;
    int failed = 0, saved = errno;
    while (!failed && away->stream.transport && stream_is_readable(&away->stream)) {
        struct wire_frame frame;
        failed = stream_next(&away->stream, &frame, in_seconds(REST_S));
        failed = failed ? failed : take_small(worker, &frame);
    }
    if (failed)
        drop_connection(away);
    errno = saved;
}

/* --- waiting --- */

/* Nothing is read ahead, and poll() says all there is to say: no need to ask besides. */
static bool is_bare(const struct away_stream *stream)
{
    return stream->begin == stream->end && stream->transport->kind == &transport_tcp;
}

/* Something has come (true), or somebody wants to be looked at. */
static bool wait_for_anything(struct worker *worker)
{
    struct worker_away *away = worker->away;
    struct transport *transport = away->stream.transport;
    struct pollfd poll_fd[2] = {{.fd = away->wake, .events = POLLIN},
                                {.fd = transport ? transport->poll_fd : -1, .events = POLLIN}};
    uint64_t woken;
    poll(poll_fd, 2, worker->host->watched ? -1 : LOOK_MS);
    if (poll_fd[0].revents)
        (void)!read(away->wake, &woken, sizeof woken);
    return poll_fd[1].revents && (is_bare(&away->stream) || stream_is_readable(&away->stream));
}

/* Has a frame begun, after so many looks? Whoever wants the worker to leave is not kept waiting by them. */
static bool comes_soon(const struct worker *worker, struct away_stream *stream)
{
    for (uint32_t spin = stream->transport->spin; spin; spin--) {
        if (stream_look(stream))
            return true;
        if (spin % LOOKS == 0 && worker_is_leaving(worker))
            return false;
        far_pause();
    }
    return false;
}

/* By whichever sleeps on both: the connection, and those who wake us. */
static int next_frame_or_wake(struct worker *worker, struct wire_frame *frame)
{
    struct worker_away *away = worker->away;
    if (!wait_for_anything(worker))
        return -ETIMEDOUT;
    away->quiet = false;
    int failed = stream_next(&away->stream, frame, in_seconds(REST_S));
    return failed == -ETIMEDOUT ? -ECONNRESET : failed;
}

/*
 * The head of the next frame; -ETIMEDOUT: it is time to look around. Right after a message only the connection is slept on, which is one
 * system call less: who wakes us meanwhile waits for the rest of that while, unless the connection is shut.
 */
static int next_frame(struct worker *worker, struct wire_frame *frame)
{
    struct worker_away *away = worker->away;
    struct away_stream *stream = &away->stream;
    bool looks = stream->transport && stream->transport->spin;
    if (looks && comes_soon(worker, stream))
        return stream_next(stream, frame, in_seconds(REST_S));
    if (looks || away->quiet || !stream->transport)
        return next_frame_or_wake(worker, frame);
    int failed = stream_next(stream, frame, away_about_now() + DOZE_MS * AWAY_NS_PER_MS);
    away->quiet = failed == -ETIMEDOUT;
    return failed;
}

uint32_t distant_next(struct worker *worker, uint32_t last, bool between_calls)
{
    struct worker_away *away = worker->away;
    struct wire_frame frame;
    uint32_t sequence = last;
    if (away->resumed) { /* what the host before us had received */
        away->is_repeated = true;
        away->resumed = false;
        return far_load(&worker->astack->call.sequence);
    }
    away->is_repeated = false;
    away->between_calls = between_calls;
    if (has_next(away))
        change_connection(worker);
    int failed = next_frame(worker, &frame);
    if (failed != -ETIMEDOUT && (failed || (failed = take_frame(worker, &frame, &sequence)) != 0))
        drop_connection(away);
    return sequence;
}

void distant_publish(struct worker *worker)
{
    struct worker_away *away = worker->away;
    uint32_t status = worker->astack->reply.status;
    borrowing_put(worker, !away->journal->callbacks && status != FAR_STATUS_CALLBACK && status != FAR_STATUS_PIECE);
    away->published = true;
    __atomic_store_n(&worker->astack->reply.sequence, worker->sequence, __ATOMIC_SEQ_CST);
    if (has_next(away))
        change_connection(worker); /* which sends it */
    else if (away->stream.transport && send_answer(worker) != 0)
        drop_connection(away);
}

/* --- in the middle of an operation --- */

static bool has_ended(const struct worker *worker)
{
    return worker_is_finished(worker) || worker_is_cut_off(worker);
}

int distant_next_in_operation(struct worker *worker, enum wire_type type, struct wire_frame *frame)
{
    struct worker_away *away = worker->away;
    uint64_t give_up = in_seconds(FETCH_S);
    for (;;) {
        if (has_ended(worker) || has_next(away) || away_now() >= give_up)
            return -ECONNRESET;
        int failed = next_frame(worker, frame);
        if (failed == -ETIMEDOUT)
            continue;
        if (failed || frame->type == type)
            return failed;
        failed = take_small(worker, frame);
        if (failed)
            return failed;
    }
}

bool distant_reconnect_in_operation(struct worker *worker)
{
    struct worker_away *away = worker->away;
    uint64_t give_up = in_seconds(FETCH_S);
    drop_connection(away);
    while (!has_ended(worker) && away_now() < give_up) {
        if (has_next(away))
            change_connection(worker);
        if (away->stream.transport)
            return true;
        if (!has_next(away))
            wait_for_anything(worker);
    }
    return false;
}

void distant_say_fate(struct worker *worker)
{
    struct worker_away *away = worker->away;
    const struct far_astack *astack = worker->astack;
    struct wire_fate fate = {.dead = far_load(&astack->fate.dead), .retired = far_load(&astack->reply.retired)};
    if (fate.retired)
        fate.served = far_load(&astack->reply.served);
    else if (!fate.dead)
        fate.dead = 1;
    if (away->stream.transport)
        stream_say(&away->stream, WIRE_FATE, 0, &fate, sizeof fate, in_seconds(SAY_S));
}

/* --- what cannot be served again --- */

static bool may_repeat(const struct worker *worker, uint32_t slot)
{
    const struct far_plan *plan = plan_of(worker, slot);
    const struct away_journal *journal = worker->away->journal;
    return plan && plan->op->flags & FAR_OP_IDEMPOTENT && !journal->incomplete && !journal->answer.count;
}

/* Its entries' states say what was begun: all of it goes back. */
static void say_whole_batch(struct worker *worker)
{
    uint64_t end = __atomic_load_n(&worker->astack->call.argument[1], __ATOMIC_RELAXED);
    uint64_t room = worker->size - FAR_ASTACK_AREA;
    distant_wrote(worker, 0, end < room ? end : room);
}

bool distant_answers_itself(struct worker *worker)
{
    struct worker_away *away = worker->away;
    uint32_t slot = __atomic_load_n(&worker->astack->call.slot, __ATOMIC_RELAXED);
    if (!away->lost_callbacks && (!away->is_repeated || may_repeat(worker, slot)))
        return false;
    if (slot == FAR_SLOT_BATCH && !away->lost_callbacks)
        say_whole_batch(worker);
    if (slot == FAR_SLOT_ANSWER && away->lost_callbacks)
        away->journal->callbacks = --away->lost_callbacks;
    serve_reply(&worker->astack->reply, FAR_CALL_HOST_DIED, 0, 0, 0);
    return true;
}
