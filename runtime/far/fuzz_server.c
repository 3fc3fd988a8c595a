/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A hostile server: the client library, unchanged, over an A-stack whose other end is a thread of this process that lies. It
 * receives as a host would, makes an answer that fits the record, and then spoils it.
 */
#include "runtime/callback.h"
#include "runtime/far/fuzz.h"
#include "runtime/lib/call.h"
#include "runtime/lib/plan.h"
#include "runtime/lib/wait.h"
#include "runtime/walk/inside.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#define DATA_SIZE     65536 /* what passes for the service's own memory */
#define CALLBACKS_MAX 4

struct liar {
    struct fuzz_run *run;
    uint64_t seed;
    const struct far_plans *plans;
    struct far_astack *astack;
    uint64_t size;
    struct fuzz_maker maker;
    struct fuzz_choice choice;
    struct walk_kept *kept;
    uint64_t data; /* address of DATA_SIZE bytes */
    uint64_t calls;
    uint32_t sequence; /* of the call that is to be answered */
    pthread_t thread;
};

/* --- what a host would do --- */

static unsigned any_handle(void *context, const struct far_value *value, uint64_t handle)
{
    (void)context, (void)value, (void)handle;
    return FAR_CALL_DONE;
}

static void forget_handle(void *context, const struct far_value *value, uint64_t handle)
{
    (void)context, (void)value, (void)handle;
}

static void put_down(void *context, const struct far_value *value, uint64_t handle)
{
    (void)context, (void)value, (void)handle;
}

static unsigned give_handle(void *context, const struct far_value *value, uint64_t handle)
{
    (void)context, (void)value, (void)handle;
    return FAR_CALL_DONE;
}

static unsigned in_function(void *context, const struct walk *walk, uint64_t word, const struct far_callback *callback,
                            uint64_t *address)
{
    (void)context, (void)walk, (void)callback;
    *address = word;
    return FAR_CALL_DONE;
}

static const struct walk_hooks hooks = {.handle_begin = any_handle,
                                        .handle_end = forget_handle,
                                        .handle_put_down = put_down,
                                        .handle_give = give_handle,
                                        .in_function = in_function};

static char *area_of(const struct liar *liar)
{
    return (char *)liar->astack + FAR_ASTACK_AREA;
}

static void fill_outgoing(struct liar *liar, const struct walk *walk)
{
    for (uint32_t i = 0; i < walk->count; i++) {
        const struct walk_object *object = &walk->object[i];
        if (object->direction & FAR_VALUE_OUT && object->memory && choose_one_in(&liar->choice, 2))
            make_element(&liar->maker, object->element, object->memory, object->bytes);
    }
}

/* The answer's end in the area: up to there it is worth spoiling. */
static uint64_t answer_walking(struct liar *liar, const struct far_plan *plan)
{
    struct walk_memory memory = {.chunk = NULL};
    struct far_reply_line *reply = &liar->astack->reply;
    struct walk walk = {.of = {liar->run->iface, liar->maker.function, plan->param_count},
                        .hooks = &hooks,
                        .memory = &memory,
                        .kept = liar->kept,
                        .capacity = liar->size - FAR_ASTACK_AREA};
    uint64_t word = 0;
    for (uint32_t i = 0; i < plan->param_count; i++)
        walk.line[i] = *far_astack_word(liar->astack, plan->param[i].astack);
    unsigned status = walk_receive(&walk, area_of(liar));
    bool called = status == FAR_CALL_DONE;
    if (called) {
        memcpy(liar->maker.word, walk.word, sizeof liar->maker.word);
        fill_outgoing(liar, &walk);
        walk.result = make_result(&liar->maker, &liar->maker.function->value);
        status = walk_reply(&walk, area_of(liar), &word);
    }
    uint64_t end = walk.end < walk.capacity ? walk.end : walk.capacity;
    walk_end(&walk, called);
    walk_memory_free(&memory);
    reply->status = status;
    reply->result = word;
    return end;
}

static uint64_t answer_flat(struct liar *liar)
{
    uint64_t end = choose_below(&liar->choice, 1024);
    for (uint64_t i = 0; i < end; i += 8)
        *(uint64_t *)(void *)(area_of(liar) + i) = choose(&liar->choice);
    liar->astack->reply.status = FAR_CALL_DONE;
    liar->astack->reply.result = make_result(&liar->maker, &liar->maker.function->value);
    return end;
}

/* --- lies --- */

/* Where a result may lead: the service's own memory, or not quite. */
static uint64_t some_address(struct liar *liar)
{
    uint64_t at = choose_below(&liar->choice, DATA_SIZE + 64);
    return choose_one_in(&liar->choice, 3) ? spoil_word(&liar->choice, &liar->maker, liar->data) : liar->data + at - 32;
}

static void spoil_answer(struct liar *liar, uint64_t end)
{
    struct far_reply_line *reply = &liar->astack->reply;
    struct fuzz_target target = {.area = area_of(liar),
                                 .end = end,
                                 .room = liar->size - FAR_ASTACK_AREA,
                                 .words = {&reply->result, &reply->float_result},
                                 .word_count = 2,
                                 .maker = &liar->maker};
    struct fuzz_choice *choice = &liar->choice;
    spoil(choice, &target);
    if (choose_one_in(choice, 8))
        reply->result = some_address(liar);
    if (choose_one_in(choice, 8))
        reply->error = (int32_t)choose_edge(choice);
    if (choose_one_in(choice, 16))
        reply->status = choose_one_in(choice, 2) ? (uint32_t)choose_edge(choice)
                                                 : (uint32_t)choose_below(choice, FAR_CALL_STATUS_COUNT + 1);
}

static void publish(struct liar *liar, uint32_t sequence)
{
    __atomic_store_n(&liar->astack->reply.sequence, sequence, __ATOMIC_SEQ_CST);
    far_wake(&liar->astack->reply.sequence);
}

static bool await_call(struct liar *liar)
{
    for (;;) {
        uint32_t now = far_load(&liar->astack->call.sequence);
        if (now == FAR_SEQUENCE_DEAD)
            return false;
        if (now != liar->sequence) {
            liar->sequence = now;
            return true;
        }
        far_sleep_while(&liar->astack->call.sequence, now, &liar->astack->reply.sleeping, 20000000);
    }
}

/* Functions that were given, and that were not, with parameters that may be anything. */
static bool call_back(struct liar *liar)
{
    struct far_callback_head head = {.function = (uint16_t)choose_below(&liar->choice, 4),
                                     .callback =
                                         (uint32_t)choose_below(&liar->choice, liar->run->iface->callbacks.count + 1)};
    struct far_reply_line *reply = &liar->astack->reply;
    uint64_t room = liar->size - FAR_ASTACK_AREA;
    uint64_t at = choose_below(&liar->choice, 16384) & ~15ull;
    for (uint32_t i = 0; i < FAR_PARAM_MAX; i++)
        head.line[i] = spoil_word(&liar->choice, &liar->maker, 0);
    if (choose_one_in(&liar->choice, 4))
        head.back = (uint16_t)choose_below(&liar->choice, 1u << FAR_PARAM_MAX);
    memcpy(area_of(liar) + at, &head, sizeof head);
    reply->status = FAR_STATUS_CALLBACK;
    reply->result = choose_one_in(&liar->choice, 4) ? choose_edge(&liar->choice) : at;
    if (choose_one_in(&liar->choice, 8))
        reply->result = room - choose_below(&liar->choice, 300);
    publish(liar, liar->sequence);
    return await_call(liar);
}

/* Ends of a call that are no answers. */
static void other_ends(struct liar *liar)
{
    struct far_astack *astack = liar->astack;
    uint64_t what = choose_below(&liar->choice, 64);
    if (what == 0)
        publish(liar, liar->sequence + 1 + (uint32_t)choose_below(&liar->choice, 5));
    else if (what == 1)
        publish(liar, FAR_SEQUENCE_DEAD);
    else if (what == 2)
        __atomic_store_n(&astack->fate.dead, 1 + (uint32_t)choose_below(&liar->choice, 4), __ATOMIC_SEQ_CST);
    else if (what == 3)
        astack->reply.sleeping = (uint32_t)choose(&liar->choice);
}

static bool answer(struct liar *liar)
{
    uint32_t slot = __atomic_load_n(&liar->astack->call.slot, __ATOMIC_RELAXED);
    const struct far_plan *plan = slot < liar->plans->slot_count ? liar->plans->plan[slot] : NULL;
    uint64_t end = 0;
    liar->choice = choice_of(liar->seed ^ 0x5EED, liar->calls++);
    liar->maker.choice = choice_of(liar->seed ^ 0xFEED, liar->calls);
    for (int rounds = 0; rounds < CALLBACKS_MAX && choose_one_in(&liar->choice, 6); rounds++)
        if (!call_back(liar))
            return false;
    if (plan) {
        liar->maker.function = iface_result(liar->run->iface, plan->op);
        liar->maker.params = plan->param_count;
        end = plan->flags & FAR_PLAN_WALK ? answer_walking(liar, plan) : answer_flat(liar);
    }
    liar->astack->reply.error = 0;
    if (!choose_one_in(&liar->choice, 6))
        spoil_answer(liar, end);
    other_ends(liar);
    publish(liar, liar->sequence);
    if (choose_one_in(&liar->choice, 4)) /* once more, while it is being read */
        spoil_answer(liar, end);
    return true;
}

static void *lie(void *argument)
{
    struct liar *liar = argument;
    while (await_call(liar) && answer(liar))
        ;
    return NULL;
}

/* --- the client --- */

struct session {
    struct fuzz_run *run;
    uint64_t seed;
    struct far_binding binding;
    struct far_channel *channel;
    struct liar liar;
    struct fuzz_maker maker;
    uint32_t called;
};
static __thread struct session *calling;

static uint64_t called_back(void)
{
    return calling ? ++calling->called % 3 : 0;
}

static int open_channel(struct session *session)
{
    struct liar *liar = &session->liar;
    int fd = memfd_create("astack", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, FAR_ASTACK_DEFAULT) != 0)
        return EX_OSERR;
    struct far_channel *channel = session->channel;
    void *client = mmap(NULL, FAR_ASTACK_DEFAULT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    void *server = mmap(NULL, FAR_ASTACK_DEFAULT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (client == MAP_FAILED || server == MAP_FAILED)
        return EX_OSERR;
    *channel = (struct far_channel){
        .astack = client, .size = FAR_ASTACK_DEFAULT, .spin = 200, .opened_on = UINT32_MAX, .host_pidfd = -1};
    liar->astack = server;
    liar->size = FAR_ASTACK_DEFAULT;
    liar->sequence = 0;
    liar->astack->reply.cpu = 1;
    return pthread_create(&liar->thread, NULL, lie, liar) == 0 ? 0 : EX_OSERR;
}

static void close_channel(struct session *session)
{
    if (session->channel->astack)
        channel_close(session->channel);
    pthread_join(session->liar.thread, NULL);
    munmap(session->liar.astack, FAR_ASTACK_DEFAULT);
}

/* Every call has a channel that is open: there is nobody who would open another. */
static int have_channel(struct session *session)
{
    struct far_channel *channel = session->channel;
    if (channel->astack && !channel_dead(channel))
        return 0;
    close_channel(session);
    return open_channel(session);
}

static void look_at_result(struct session *session, const struct far_value *value, uint64_t result)
{
    const struct far_extent *data = &session->binding.part[FAR_PART_DATA];
    char detail[80];
    if (value->passing == FAR_PASS_GLOBAL && result &&
        (result < data->address || result >= data->address + data->size)) {
        snprintf(detail, sizeof detail, "0x%" PRIx64, result);
        progress_found(session->run, FUZZ_BELIEVED, session->seed, true, detail);
    }
    static volatile char sink;
    const volatile char *at = (const char *)(uintptr_t)result;
    bool string = value->passing == FAR_PASS_STRING;
    if (result && (string || (value->passing == FAR_PASS_BUFFER && value->lifetime != FAR_LIFETIME_PARAM)))
        do
            sink = *at;
        while (string && *at++);
    (void)sink;
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

static void one_call(struct session *session, struct fuzz_choice *choice)
{
    const struct far_iface *iface = session->run->iface;
    struct fuzz_progress *progress = session->run->progress;
    uint32_t op = progress->op = (uint32_t)choose_below(choice, iface->ops.count);
    const struct far_plan *plan = session->binding.plan[iface_op(iface, op)->slot];
    struct far_frame frame = {0};
    struct far_error error = {.code = 0};
    uint64_t stack[FAR_PARAM_MAX] = {0};
    if (!plan || plan->refusal)
        return;
    session->maker.choice = choice_of(session->seed, progress->session_call);
    (void)make_arguments(&session->maker, iface_op(iface, op));
    describe_arguments(progress->text, sizeof progress->text, &session->maker);
    if (session->run->verbose)
        fprintf(stderr, "%" PRIu64 " %s\n", progress->session_call, progress->text);
    put_words(&session->maker, plan, &frame, stack);
    far_thread->running[0].frame = &frame;
    far_thread->running[0].channel = session->channel;
    far_thread->depth = 1;
    int result = call_by_plan(&frame, &session->binding, plan, session->channel, &error);
    far_thread->depth = 0;
    progress_note(session->run, op,
                  result < 0 || result > FAR_CALL_STATUS_COUNT ? FAR_CALL_STATUS_COUNT : (unsigned)result);
    const char *wrong = make_check(&session->maker);
    if (wrong)
        progress_found(session->run, FUZZ_MEMORY, session->seed, true, wrong);
    if (result == 0) {
        look_at_result(session, &session->maker.function->value, frame.result);
        make_collect(&session->maker, frame.result);
    }
}

static int session_open(struct session *session, struct fuzz_run *run, uint64_t seed)
{
    void *data = mmap(NULL, DATA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *session = (struct session){.run = run, .seed = seed};
    struct far_binding *binding = &session->binding;
    process_settings();
    if (data == MAP_FAILED || !far_thread_get() || plans_from_iface(&binding->plans, run->iface) != 0)
        return EX_OSERR;
    binding->iface = run->iface;
    binding->plan = binding->plans.plan;
    binding->slot_count = binding->plans.slot_count;
    binding->part[FAR_PART_DATA] = (struct far_extent){(uint64_t)(uintptr_t)data, DATA_SIZE};
    snprintf(binding->service, sizeof binding->service, "%s", run->service);
    session->channel = &far_thread->channel[0][0];
    session->maker = (struct fuzz_maker){
        .iface = run->iface, .words = &run->words, .function_address = (uint64_t)(uintptr_t)called_back};
    session->liar = (struct liar){.run = run,
                                  .seed = seed,
                                  .plans = &binding->plans,
                                  .maker = session->maker,
                                  .kept = walk_kept_new((struct walk_charge){NULL, NULL}),
                                  .data = (uint64_t)(uintptr_t)data};
    session->liar.maker.serving = true;
    calling = session;
    return session->liar.kept ? open_channel(session) : EX_OSERR;
}

int server_session(struct fuzz_run *run, uint64_t seed)
{
    static struct session session;
    struct fuzz_choice choice = choice_of(seed, 0);
    struct fuzz_progress *progress = run->progress;
    int code = session_open(&session, run, seed);
    for (progress->session_call = 0; !code && progress->session_call < run->session_calls; progress->session_call++) {
        progress->beat++;
        code = have_channel(&session);
        if (!code)
            one_call(&session, &choice);
    }
    if (code)
        return code;
    close_channel(&session);
    make_free(&session.maker);
    make_free(&session.liar.maker);
    walk_kept_free(session.liar.kept);
    plans_free(&session.binding.plans);
    return 0;
}
