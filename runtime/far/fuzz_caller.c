/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A hostile caller. It is bound as any client is, at level none, and makes its calls through the client library as long as
 * they are sound; the others it writes into the A-stack itself. Between the two lies only what spoil() has done.
 */
#include "runtime/callback.h"
#include "runtime/far/fuzz.h"
#include "runtime/import.h"
#include "runtime/lib/call.h"
#include "runtime/lib/wait.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define CALLBACKS_MAX 64 /* answered in one call; then the caller goes away */
#define RANGES_MAX    1024
#define SCANNED       8192 /* bytes of the area behind a message */

/* Memory that is the host's own. image: of its program, libraries and first stack, not of its heap. */
struct range {
    uint64_t begin, end;
    bool image;
};

struct session {
    struct fuzz_run *run;
    uint64_t seed;
    struct far_binding *binding;
    struct far_channel *channel;
    struct fuzz_maker maker;
    struct fuzz_choice choice;
    struct walk_kept *kept; /* as spoilt messages number it */
    int host;               /* pidfd of the host that this session began with; -1: unknown */
    bool lost;              /* the call under way got no answer */
    uint32_t callbacks;
    char *before; /* the area, as it was when the call was published */
    struct range range[RANGES_MAX];
    uint32_t ranges;
};

/* Functions that are called back have no parameter that they could find it by. */
static __thread struct session *calling;
/* What the second thread writes to, if anything. */
static struct far_astack *scribbled;
static pthread_mutex_t scribbling = PTHREAD_MUTEX_INITIALIZER;

/* --- binding --- */

static struct far_import_table *import_table(const struct far_iface *iface)
{
    size_t text = 0, head = sizeof(struct far_import_table) + iface->ops.count * sizeof(struct far_import_op);
    for (uint32_t i = 0; i < iface->ops.count; i++)
        text += strlen(iface_string(iface, iface_op(iface, i)->name)) + 1;
    size_t size = (head + text + 7) & ~7ull;
    struct far_import_table *table = calloc(1, size);
    if (!table)
        return NULL;
    *table = (struct far_import_table){.version = FAR_IMPORT_VERSION,
                                       .size = (uint32_t)size,
                                       .major = iface->major,
                                       .minor = iface->minor,
                                       .op_count = iface->ops.count,
                                       .fingerprint = iface->fingerprint};
    memcpy(table->magic, FAR_IMPORT_MAGIC, sizeof table->magic);
    snprintf(table->service, sizeof table->service, "%s", iface_string(iface, iface->service));
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        const struct far_op *op = iface_op(iface, i);
        const char *name = iface_string(iface, op->name);
        bool fails = op->flags & FAR_OP_HAS_FAILS;
        ((struct far_import_op *)(table + 1))[i] = (struct far_import_op){.fingerprint = op->fingerprint,
                                                                          .fails = fails ? op->fails : 0,
                                                                          .name = (uint32_t)head,
                                                                          .flags = fails ? FAR_IMPORT_HAS_FAILS : 0};
        strcpy((char *)table + head, name);
        head += strlen(name) + 1;
    }
    return table;
}

static int bind_to(struct session *session)
{
    struct far_error error = {.text = "no memory"};
    struct far_import_table *table = import_table(session->run->iface);
    uint64_t *stub = calloc(session->run->iface->ops.count, sizeof *stub);
    sigset_t saved;
    process_settings();
    snprintf(far_process.settings.socket, sizeof far_process.settings.socket, "%s/run/socket", session->run->folder);
    far_process.settings.level = FAR_LEVEL_NONE;
    far_process.settings.bind_now = 1;
    process_lock(&saved);
    int failed = table && stub && far_thread_get() ? binding_make(table, stub, &session->binding, &error) : -ENOMEM;
    process_unlock(&saved);
    free(stub);
    free(table);
    if (failed || !session->binding)
        fprintf(stderr, "far: fuzz: %s\n", error.text);
    return failed || !session->binding ? EX_UNAVAILABLE : 0;
}

/* --- what is the host's own --- */

static uint32_t host_pid(const struct far_channel *channel)
{
    char path[64], line[128];
    unsigned pid = 0;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", channel->host_pidfd);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Pid: %u", &pid) == 1)
            break;
    if (file)
        fclose(file);
    return pid;
}

/* Where another process may not look, nothing is known: then replies are not searched for addresses. */
static void read_ranges(struct session *session)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%u/maps", host_pid(session->channel));
    FILE *file = fopen(path, "r");
    while (file && session->ranges < RANGES_MAX && fgets(line, sizeof line, file)) {
        struct range range = {.image = strchr(line, '/') || strstr(line, "[stack]")};
        if (sscanf(line, "%" SCNx64 "-%" SCNx64, &range.begin, &range.end) != 2)
            continue;
        bool ours = range.begin >= FAR_WINDOW_BEGIN && range.begin < FAR_WINDOW_END;
        if (!ours && !strstr(line, "astack") && range.begin > UINT32_MAX && range.end - range.begin < 1ull << 30)
            session->range[session->ranges++] = range;
    }
    if (file)
        fclose(file);
}

static bool is_private(const struct session *session, uint64_t word, bool image)
{
    for (uint32_t i = 0; i < session->ranges; i++)
        if (word >= session->range[i].begin && word < session->range[i].end && (session->range[i].image || !image))
            return true;
    return false;
}

static bool is_address(const struct far_value *value)
{
    return value->passing == FAR_PASS_HANDLE || value->passing == FAR_PASS_OPAQUE ||
           value->passing == FAR_PASS_WITHHELD;
}

/* Handles are addresses of the service's by design; where one may come out, its heap says nothing. */
static bool gives_addresses(const struct far_iface *iface)
{
    for (uint32_t i = 0; i < iface->values.count; i++)
        if (is_address(iface_value(iface, i)))
            return true;
    for (uint32_t i = 0; i < iface->params.count; i++) {
        const struct far_param *param = (const struct far_param *)((const char *)iface + iface->params.offset) + i;
        if (is_address(&param->value))
            return true;
    }
    return false;
}

static void found(struct session *session, enum fuzz_kind kind, const char *detail)
{
    progress_found(session->run, kind, session->seed, false, detail);
}

/* Only what the host has written: words that were something else when the call was published. */
static void search_reply(struct session *session, uint64_t end)
{
    const struct far_astack *astack = session->channel->astack;
    const char *area = (const char *)astack + FAR_ASTACK_AREA;
    bool image = gives_addresses(session->run->iface);
    char detail[120];
    for (uint64_t at = 0; at + 8 <= end; at += 8) {
        uint64_t now, before;
        memcpy(&now, area + at, 8);
        memcpy(&before, session->before + at, 8);
        if (now == before || !is_private(session, now, image))
            continue;
        snprintf(detail, sizeof detail, "0x%" PRIx64 " at byte %" PRIu64 " of the area", now, at);
        found(session, FUZZ_LEAK, detail);
        return;
    }
    if (session->maker.function->value.passing != FAR_PASS_HANDLE && is_private(session, astack->reply.result, image))
        found(session, FUZZ_LEAK, "the result");
}

/* Does anything but a number come out of it? */
static bool gives_memory(const struct fuzz_maker *maker)
{
    for (uint32_t i = 0; i < maker->params; i++)
        if (maker->function[1 + i].value.flags & FAR_VALUE_OUT)
            return true;
    return maker->function->value.passing == FAR_PASS_BUFFER || maker->function->value.passing == FAR_PASS_STRING;
}

/* Of a call that was refused, or from which no memory comes, no bytes of the service's may be seen at all. */
static void search_canary(struct session *session, uint32_t status, uint64_t end)
{
    const struct far_astack *astack = session->channel->astack;
    const char *area = (const char *)astack + FAR_ASTACK_AREA;
    bool refused = status != FAR_CALL_DONE && status != FAR_CALL_TOO_MUCH;
    bool nothing = astack->call.slot == session->maker.op->slot && !gives_memory(&session->maker);
    if ((refused || nothing) && memmem(area, end, FUZZ_CANARY, sizeof FUZZ_CANARY - 1) &&
        !memmem(session->before, end, FUZZ_CANARY, sizeof FUZZ_CANARY - 1))
        found(session, FUZZ_CANARY_SEEN, "in the area");
}

/* --- calls --- */

/* A function of the client's: it has no parameters that it would look at, and its result is a number. */
static uint64_t called_back(void)
{
    struct session *session = calling;
    if (session && ++session->callbacks > CALLBACKS_MAX && session->channel->astack)
        channel_close(session->channel);
    return session ? choose_below(&session->choice, 3) : 0;
}

static void put_words(const struct fuzz_maker *maker, const struct far_plan *plan, struct far_frame *frame,
                      uint64_t *stack)
{
    for (uint32_t i = 0; i < plan->param_count; i++) {
        struct far_where where = plan->param[i].abi;
        uint64_t *words = where.place == FAR_PLACE_INTEGER ? frame->integer
                          : where.place == FAR_PLACE_FLOAT ? frame->floats
                                                           : stack;
        words[where.index] = maker->word[i];
    }
    frame->stack = stack;
}

static int call_sound(struct session *session, const struct far_plan *plan, struct far_frame *frame,
                      struct far_error *error)
{
    uint64_t stack[FAR_PARAM_MAX] = {0};
    struct far_thread *thread = far_thread;
    put_words(&session->maker, plan, frame, stack);
    thread->running[0].frame = frame;
    thread->running[0].channel = session->channel;
    thread->running[0].level = 0;
    session->callbacks = 0;
    thread->depth = 1;
    int result = call_by_plan(frame, session->binding, plan, session->channel, error);
    thread->depth = 0;
    return result;
}

static const struct far_plan *plan_of(struct session *session, const struct far_op *op)
{
    const struct far_plan *plan = binding_plan(session->binding, op->slot);
    return plan && run_calls(session->run, op) && !plan->refusal && !(op->flags & FAR_OP_ABSENT) ? plan : NULL;
}

static void describe_now(struct session *session, bool sound)
{
    session->run->progress->sound = sound;
    describe_arguments(session->run->progress->text, sizeof session->run->progress->text, &session->maker);
    if (session->run->verbose)
        fprintf(stderr, "%" PRIu64 " %s%s\n", session->run->progress->session_call, sound ? "" : "spoilt ",
                session->run->progress->text);
}

static void sound(struct session *session, uint32_t op, const struct far_plan *plan)
{
    struct far_frame frame = {0};
    struct far_error error = {.code = 0};
    int result = call_sound(session, plan, &frame, &error);
    session->lost = result == -EHOSTDOWN;
    progress_note(session->run, op, result < 0 ? FAR_CALL_STATUS_COUNT : (unsigned)result);
    const char *wrong = make_check(&session->maker);
    if (wrong)
        found(session, FUZZ_MEMORY, wrong);
    if (result == 0)
        make_collect(&session->maker, frame.result);
    else if (result == -EPROTO)
        found(session, FUZZ_BAD_STATUS, error.text);
}

/* --- a second thread --- */

/* Changes something and puts it back: who reads twice may see both. */
__attribute__((no_sanitize("thread"))) static void scribble_once(struct fuzz_choice *choice, struct far_astack *astack)
{
    volatile uint64_t *area = (uint64_t *)((char *)astack + FAR_ASTACK_AREA);
    volatile uint64_t *words = astack->call.argument;
    uint64_t at = choose_below(choice, 32), was = area[at];
    area[at] = choose_one_in(choice, 2) ? choose_edge(choice) : was + 1;
    area[at] = was;
    words[choose_below(choice, FAR_ASTACK_REGISTERS)] ^= 1ull << choose_below(choice, 40);
}

static void *scribble(void *unused)
{
    struct fuzz_choice choice = choice_of(1, 1);
    for (;;) {
        pthread_mutex_lock(&scribbling);
        bool any = scribbled != NULL;
        for (int i = 0; i < 64 && scribbled; i++)
            scribble_once(&choice, scribbled);
        pthread_mutex_unlock(&scribbling);
        usleep(any ? 1 : 200);
    }
    return unused;
}

static void set_scribbled(struct far_astack *astack)
{
    pthread_mutex_lock(&scribbling);
    scribbled = astack;
    pthread_mutex_unlock(&scribbling);
}

/* --- spoilt calls --- */

/* Which number a call has: mostly the next. */
static uint32_t next_sequence(struct session *session)
{
    uint32_t next = far_next_sequence(session->channel->sequence);
    if (choose_one_in(&session->choice, 64))
        next += (uint32_t)choose_below(&session->choice, 1000);
    return next == FAR_SEQUENCE_DEAD || next == 0 ? 1 : next;
}

static bool is_over(const struct session *session)
{
    return channel_lost(session->channel) || channel_host_gone(session->channel);
}

static bool publish(struct session *session, uint32_t sequence)
{
    struct far_astack *astack = session->channel->astack;
    session->channel->sequence = sequence;
    far_publish(&astack->call.sequence, sequence, &astack->reply.sleeping);
    for (;;) {
        uint32_t now = far_load(&astack->reply.sequence);
        if (now == sequence)
            return true;
        if (is_over(session))
            return false;
        if (far_spin_while(&astack->reply.sequence, now, 500) == now)
            far_sleep_while(&astack->reply.sequence, now, &astack->call.sleeping, 20000000);
    }
}

static uint32_t any_slot(struct session *session)
{
    uint32_t slot = (uint32_t)choose_below(&session->choice, session->run->iface->slot_end + 1);
    const struct far_op *op = iface_op_by_slot(session->run->iface, slot);
    return op && !run_calls(session->run, op) ? 0 : slot;
}

/*
 * The service calls back: it gets an answer that may be any, or a call of something else first. Until the first call is
 * answered itself: what comes after it would be nested in it.
 */
static bool answer_callbacks(struct session *session)
{
    struct far_astack *astack = session->channel->astack;
    uint32_t open = 1; /* calls, each in a callback of the one before */
    for (uint32_t rounds = 0;; rounds++) {
        struct fuzz_choice *choice = &session->choice;
        open -= __atomic_load_n(&astack->reply.status, __ATOMIC_RELAXED) != FAR_STATUS_CALLBACK;
        if (open == 0)
            return true;
        if (rounds == CALLBACKS_MAX) {
            set_scribbled(NULL);
            channel_close(session->channel);
            return true;
        }
        bool nested = choose_one_in(choice, 6);
        open += nested;
        astack->call.slot = nested ? any_slot(session) : FAR_SLOT_ANSWER;
        astack->call.argument[0] =
            choose_one_in(choice, 2) ? choose_below(choice, 3) : spoil_word(choice, &session->maker, 0);
        astack->call.argument[1] =
            choose_one_in(choice, 4) ? choose_below(choice, FAR_CALL_STATUS_COUNT + 2) : FAR_CALL_DONE;
        astack->call.argument[2] = choose_one_in(choice, 4) ? choose_edge(choice) : 0;
        if (!publish(session, far_next_sequence(session->channel->sequence)))
            return false;
        session->run->progress->beat++;
        session->callbacks++;
    }
    return true;
}

static uint32_t slot_for(struct session *session, const struct far_op *op)
{
    uint64_t what = choose_below(&session->choice, 24);
    if (what == 0)
        return (uint32_t)choose_edge(&session->choice) | 1u << 31;
    if (what == 1)
        return session->run->iface->slot_end + (uint32_t)choose_below(&session->choice, 3);
    if (what == 2)
        return FAR_SLOT_ANSWER; /* to what nobody asked */
    return what == 3 ? any_slot(session) : op->slot;
}

static void spoil_message(struct session *session, const struct far_plan *plan, const struct fuzz_message *message)
{
    struct far_astack *astack = session->channel->astack;
    struct fuzz_target target = {.area = (char *)astack + FAR_ASTACK_AREA,
                                 .end = message->end,
                                 .room = session->channel->size - FAR_ASTACK_AREA,
                                 .word_count = plan->param_count,
                                 .maker = &session->maker};
    for (uint32_t i = 0; i < plan->param_count; i++)
        target.words[i] = far_astack_word(astack, plan->param[i].astack);
    spoil(&session->choice, &target);
}

/* False: the host is gone, and so this session is over. */
static bool spoilt(struct session *session, uint32_t op, const struct far_plan *plan)
{
    struct fuzz_message message = {.end = 0};
    struct far_error error = {.code = 0};
    struct far_channel *channel = session->channel;
    session->callbacks = 0;
    if (channel_ready(session->binding, channel, &error) != 0)
        return false;
    struct far_astack *astack = channel->astack;
    uint64_t room = channel->size - FAR_ASTACK_AREA;
    bool racing = choose_one_in(&session->choice, 8);
    (void)message_write(&message, &session->maker, plan, session->kept, astack, room);
    spoil_message(session, plan, &message);
    astack->call.slot = slot_for(session, session->maker.op);
    uint64_t searched = message.end + SCANNED < room ? message.end + SCANNED : room;
    searched = searched < FAR_ASTACK_DEFAULT / 2 ? searched : FAR_ASTACK_DEFAULT / 2;
    memcpy(session->before, (char *)astack + FAR_ASTACK_AREA, searched);
    message_free(&message);
    set_scribbled(racing ? astack : NULL);
    bool answered = publish(session, next_sequence(session)) && answer_callbacks(session);
    set_scribbled(NULL);
    session->lost = !answered;
    if (!answered)
        return false;
    uint32_t status = channel->astack ? __atomic_load_n(&astack->reply.status, __ATOMIC_RELAXED) : FAR_CALL_DONE;
    if (status >= FAR_CALL_STATUS_COUNT)
        found(session, FUZZ_BAD_STATUS, "");
    progress_note(session->run, op, status);
    if (channel->astack && !racing && session->callbacks == 0) {
        search_reply(session, searched);
        search_canary(session, status, searched);
    }
    if (status == FAR_CALL_ENDED_THREAD && channel->astack)
        channel_close(channel);
    return true;
}

/* --- sessions --- */

static bool one_call(struct session *session, bool honest)
{
    const struct far_iface *iface = session->run->iface;
    uint32_t op = (uint32_t)choose_below(&session->choice, iface->ops.count);
    const struct far_plan *plan = plan_of(session, iface_op(iface, op));
    if (!plan)
        return true;
    session->run->progress->op = op;
    session->maker.choice = choice_of(session->seed, session->run->progress->session_call);
    if (!make_arguments(&session->maker, iface_op(iface, op)) && (honest || !choose_one_in(&session->choice, 16)))
        return true; /* no handle to give */
    bool is_sound = honest || choose_one_in(&session->choice, 2);
    describe_now(session, is_sound);
    if (!is_sound)
        return spoilt(session, op, plan);
    sound(session, op, plan);
    return true;
}

/* Somebody else's call that ended it is somebody else's finding. */
static bool host_ended(struct session *session)
{
    struct pollfd host = {.fd = session->host, .events = POLLIN};
    if (session->host < 0 || poll(&host, 1, 0) <= 0)
        return false;
    if (session->lost)
        found(session, FUZZ_HOST_ENDED, "");
    return true;
}

static int session_open(struct session *session, struct fuzz_run *run, uint64_t seed)
{
    struct far_error error;
    *session = (struct session){.run = run, .seed = seed, .choice = choice_of(seed, 0)};
    int code = bind_to(session);
    if (code)
        return code;
    session->before = calloc(1, FAR_ASTACK_DEFAULT);
    session->kept = walk_kept_new((struct walk_charge){NULL, NULL});
    session->channel = &far_thread->channel[0][session->binding->index];
    session->maker = (struct fuzz_maker){
        .iface = run->iface, .words = &run->words, .function_address = (uint64_t)(uintptr_t)called_back};
    calling = session;
    if (!session->before || !session->kept)
        return EX_OSERR;
    if (channel_ready(session->binding, session->channel, &error) != 0) {
        fprintf(stderr, "far: fuzz: %s\n", error.text);
        return EX_UNAVAILABLE;
    }
    session->host = dup(session->channel->host_pidfd);
    return 0;
}

static void session_close(struct session *session)
{
    make_free(&session->maker);
    walk_kept_free(session->kept);
    free(session->before);
}

int caller_session(struct fuzz_run *run, uint64_t seed)
{
    static struct session session;
    pthread_t thread;
    int code = session_open(&session, run, seed);
    if (code)
        return code;
    read_ranges(&session);
    if (pthread_create(&thread, NULL, scribble, NULL) != 0)
        return EX_OSERR;
    struct fuzz_progress *progress = run->progress;
    for (progress->session_call = 0; progress->session_call < run->session_calls; progress->session_call++) {
        progress->beat++;
        bool goes_on = one_call(&session, false);
        if (host_ended(&session) || !goes_on)
            break;
    }
    host_ended(&session);
    session_close(&session);
    return 0;
}

/* What an honest client met. That it ended the host is what the interface allows. */
static void report_honest(struct fuzz_run *run, struct fuzz_progress *own)
{
    for (uint32_t i = 0; i < own->finding_count && i < FUZZ_FINDINGS; i++) {
        struct fuzz_finding *finding = &own->finding[i];
        if (finding->kind != FUZZ_HOST_ENDED) {
            finding->kind = FUZZ_HONEST;
            finding->op = UINT32_MAX;
        }
        finding->honest = true;
        progress_take(run, finding);
    }
    own->finding_count = 0;
}

/* Until it is ended. Its calls are sound, and are to go well whatever the other does. */
int caller_honest(struct fuzz_run *run, uint64_t seed)
{
    static struct session session;
    static struct fuzz_progress own;
    struct fuzz_run quiet = *run;
    int code = session_open(&session, run, seed);
    if (code)
        return code;
    quiet.progress = &own;
    quiet.verbose = false;
    session.run = &quiet;
    session.maker.canary = true;
    for (;; own.session_call++) {
        (void)one_call(&session, true);
        if (host_ended(&session)) {
            close(session.host);
            session.host = -1;
        }
        if (session.host < 0 && session.channel->astack) {
            session.host = dup(session.channel->host_pidfd);
            session.maker.handles = 0; /* they were the other's */
        }
        __atomic_add_fetch(&run->progress->honest_calls, 1, __ATOMIC_RELAXED);
        report_honest(run, &own);
        if (own.session_call % 64 == 63)
            make_free(&session.maker), memset(session.maker.kept, 0, sizeof session.maker.kept);
        usleep(1000);
    }
}
