/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/channel.h"

#include "runtime/lib/away.h"
#include "runtime/lib/batch.h"
#include "runtime/lib/error.h"
#include "runtime/lib/oneway.h"
#include "runtime/lib/passing.h"
#include "runtime/lib/promise.h"
#include "runtime/lib/wait.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define CHANNEL_PAUSE_NS       50000000 /* at most, between two tries to open a channel */
#define CHANNEL_TRIES          200      /* about ten seconds */
#define CHANNEL_UNSERVED_LOOKS 10       /* of FAR_WAIT_SLICE_NS each */

__thread struct far_thread *far_thread __attribute__((tls_model("initial-exec")));

static pthread_key_t thread_key; /* its destructor closes an ending thread's channels */
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;

bool channel_dead(const struct far_channel *channel)
{
    const struct far_astack *astack = channel->astack;
    return far_load(&astack->fate.dead) != 0 || far_load(&astack->reply.sequence) == FAR_SEQUENCE_DEAD;
}

bool channel_lost(const struct far_channel *channel)
{
    uint32_t fate = far_load(&channel->astack->fate.dead);
    return (fate != 0 && fate != FAR_FATE_MOVED) || far_load(&channel->astack->reply.sequence) == FAR_SEQUENCE_DEAD;
}

int channel_fate_error(const struct far_channel *channel)
{
    uint32_t fate = far_load(&channel->astack->fate.dead);
    return fate == FAR_FATE_REVOKED ? EACCES : fate == FAR_FATE_FULL ? EAGAIN : EHOSTDOWN;
}

bool channel_host_gone(const struct far_channel *channel)
{
    struct pollfd host = {.fd = channel->host_pidfd, .events = POLLIN};
    return channel->host_pidfd >= 0 && poll(&host, 1, 0) > 0;
}

/* Without the lock: what another thread makes of the connection meanwhile can only mean that it is not the old one. */
static bool opened_by_another_fard(const struct far_channel *channel)
{
    struct pollfd fard = {.fd = __atomic_load_n(&far_process.connection.fd, __ATOMIC_RELAXED), .events = POLLRDHUP};
    return __atomic_load_n(&far_process.connection_number, __ATOMIC_RELAXED) != channel->opened_on || fard.fd < 0 ||
           poll(&fard, 1, 0) != 0;
}

/* The worker's first deed is to say where it runs. */
bool channel_unserved(const struct far_channel *channel, unsigned looks)
{
    return looks >= CHANNEL_UNSERVED_LOOKS && far_load(&channel->astack->reply.cpu) == 0 &&
           opened_by_another_fard(channel);
}

/* A program may close what it does not know, and open something else under that number. */
int channel_socket(const struct far_channel *channel)
{
    struct stat status;
    int socket = (int)channel->socket - 1;
    bool is = channel->socket && fstat(socket, &status) == 0 && S_ISSOCK(status.st_mode) &&
              status.st_ino == channel->socket_inode;
    return is ? socket : -1;
}

/* The host hears it even if no fard is there to tell it, or another one than opened the channel. */
static void tell_host(struct far_channel *channel)
{
    __atomic_store_n(&channel->astack->call.sequence, FAR_SEQUENCE_DEAD, __ATOMIC_SEQ_CST);
    far_wake(&channel->astack->call.sequence);
}

/* What is unread in it goes with it. The host finds it so when it is told. */
static void close_socket(struct far_channel *channel)
{
    if (channel->socket && channel_socket(channel) >= 0)
        close((int)channel->socket - 1);
    channel->socket = 0;
}

static void channel_unmap(struct far_channel *channel)
{
    close_socket(channel);
    if (channel->away)
        away_close(channel);
    munmap(channel->astack, channel->size);
    if (channel->host_pidfd >= 0)
        close(channel->host_pidfd);
    *channel = (struct far_channel){.host_pidfd = -1};
}

/* With the lock held. */
static void channel_end(struct far_channel *channel)
{
    const struct far_close_channel body = {.channel = channel->id};
    close_socket(channel);
    if (channel->opened_on == far_process.connection_number)
        connection_tell(&far_process.connection, FAR_MSG_CLOSE_CHANNEL, &body, sizeof body);
    if (!channel->away)
        tell_host(channel);
    channel_unmap(channel);
}

void channel_close(struct far_channel *channel)
{
    sigset_t saved;
    int error = errno;
    process_lock(&saved);
    channel_end(channel);
    process_unlock(&saved);
    errno = error;
}

/* Of a sanitizer's leak checker, if the program has one: it does not look through mapped memory by itself. */
__attribute__((weak)) void __lsan_register_root_region(const void *begin, size_t size);
__attribute__((weak)) void __lsan_unregister_root_region(const void *begin, size_t size);

static void thread_end(void *value)
{
    struct far_thread *thread = value;
    sigset_t saved;
    batches_of_thread_end(thread);
    oneway_hear_all(thread);
    process_lock(&saved);
    far_thread = NULL;
    for (int level = 0; level < FAR_LEVELS_MAX; level++)
        for (uint32_t i = 0; i < far_process.binding_count; i++)
            if (thread->channel[level][i].astack)
                channel_end(&thread->channel[level][i]);
    for (int depth = 0; depth < FAR_CALLS_NESTED; depth++) {
        walk_memory_free(&thread->walk[depth].call);
        walk_memory_free(&thread->walk[depth].results);
        walk_memory_free(&thread->walk[depth].function);
        loans_forget(&thread->loan[depth]);
    }
    passing_end_lent(thread, 0);
    if (__lsan_unregister_root_region)
        __lsan_unregister_root_region(thread, sizeof *thread);
    munmap(thread, sizeof *thread);
    process_unlock(&saved);
}

/*
 * The parent's call is still running in this A-stack, and nothing that the child writes may reach it; the child's copy of that
 * call ends as if the host had died.
 */
static void abandon(struct far_channel *channel)
{
    struct far_astack *astack =
        mmap(channel->astack, channel->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (astack == MAP_FAILED)
        return;
    astack->fate.dead = 1;
    astack->reply.sequence = FAR_SEQUENCE_DEAD;
    close_socket(channel);
}

void channel_forget(struct far_channel *channel, bool in_use)
{
    channel->after = NULL;
    if (channel->unheard) {
        channel->astack = channel->unheard;
        channel->unheard = NULL;
    }
    if (channel->astack && channel->away)
        away_forget(channel, in_use);
    if (channel->astack && in_use)
        abandon(channel);
    else if (channel->astack)
        channel_unmap(channel);
}

uint32_t thread_free_level(const struct far_thread *thread)
{
    uint32_t level = 0;
    for (uint32_t i = 0; i < thread->depth; i++)
        if (thread->running[i].level >= level)
            level = thread->running[i].level + 1;
    return level;
}

/* Is each call on it in a function of ours, the innermost too? Otherwise its worker does not wait for another. */
static bool waits_for_calls(const struct far_thread *thread, const struct far_channel *channel)
{
    uint32_t calls = 0;
    for (uint32_t i = 0; i < thread->depth; i++)
        calls += thread->running[i].channel == channel;
    return channel->in_callback == calls;
}

struct far_channel *thread_channel(struct far_thread *thread, const struct far_binding *binding, uint32_t *level)
{
    for (uint32_t i = thread->depth; i-- > 0;) {
        struct far_channel *channel = thread->running[i].channel;
        *level = thread->running[i].level;
        if (channel->binding == binding && waits_for_calls(thread, channel) && channel->astack &&
            !channel_lost(channel))
            return channel;
    }
    *level = thread_free_level(thread);
    return *level < FAR_LEVELS_MAX ? &thread->channel[*level][binding->index] : NULL;
}

/* What a service keeps and has given belongs to the parent; and another thread of it may have held their locks. */
static void forget_kept(void)
{
    for (uint32_t i = 0; i < far_process.binding_count; i++) {
        far_process.binding[i]->kept = NULL;
        far_process.binding[i]->store = NULL;
        lending_after_fork(far_process.binding[i]);
    }
}

static void forget_gathered(struct far_thread *thread)
{
    thread->gathering.on = false;
    for (uint32_t i = 0; i < far_process.binding_count; i++)
        thread->gathered[i].open = thread->gathered[i].sent = NULL;
}

static void after_fork(void)
{
    process_after_fork();
    forget_kept();
    uint32_t in_use = far_thread ? thread_free_level(far_thread) : 0;
    for (uint32_t level = 0; far_thread && level < FAR_LEVELS_MAX; level++)
        for (uint32_t i = 0; i < far_process.binding_count; i++)
            channel_forget(&far_thread->channel[level][i], level < in_use);
    for (uint32_t i = 0; i < far_process.binding_count; i++) {
        promises_forget(far_process.binding[i]->promises);
        batches_forget(far_process.binding[i]->batches);
    }
    if (far_thread)
        forget_gathered(far_thread);
}

static void make_key(void)
{
    pthread_key_create(&thread_key, thread_end);
    pthread_atfork(NULL, NULL, after_fork);
}

struct far_thread *far_thread_get(void)
{
    if (far_thread)
        return far_thread;
    pthread_once(&thread_key_once, make_key);
    struct far_thread *thread = mmap(NULL, sizeof *thread, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (thread == MAP_FAILED)
        return NULL;
    if (__lsan_register_root_region)
        __lsan_register_root_region(thread, sizeof *thread);
    pthread_setspecific(thread_key, thread);
    return far_thread = thread;
}

/* fard must know this binding on the connection there is now. With the lock held. */
static int channel_prepare(struct far_binding *binding, struct far_error *error)
{
    if (revoked_progress(&binding->revoked) != FAR_REVOKED_NOT)
        return far_fail(error, EACCES, EX_NOPERM, "%s", FAR_REASON_REVOKED);
    int failed = process_connect(error);
    if (!failed && binding->known_on != far_process.connection_number)
        failed = binding_renew(binding, error);
    return failed;
}

/* What fard says of a new channel. */
struct opening {
    struct far_channel_reply reply;
    struct far_channel_path path; /* there is one if `away` */
    bool away;
};

static bool fits(const struct far_channel_reply *reply, uint64_t size)
{
    return reply->size >= size && reply->size > FAR_ASTACK_AREA && reply->size <= FAR_ASTACK_MAX;
}

static int channel_check_answer(const struct far_binding *binding, struct opening *opening, uint64_t size,
                                struct far_answer *answer, struct far_error *error)
{
    const struct far_channel_reply *reply = &opening->reply;
    struct stat status;
    opening->away = answer->size == sizeof *reply + sizeof opening->path && answer->fd_count == 0;
    if (opening->away && fits(reply, size))
        return 0;
    if (answer->size == sizeof *reply && answer->fd_count >= 1 && answer->fd_count <= 3 && reply->size >= size &&
        reply->size <= FAR_ASTACK_MAX && fstat(answer->fd[0], &status) == 0 && (uint64_t)status.st_size >= reply->size)
        return 0;
    answer_close_fds(answer);
    return far_fail(error, EPROTO, EX_PROTOCOL, "service %s: fard sent no usable A-stack", binding->service);
}

static int channel_ask(struct far_binding *binding, uint64_t size, struct opening *opening, int fd[3],
                       struct far_error *error)
{
    struct far_open_channel request;
    struct iovec body = {&request, sizeof request};
    struct far_answer answer = {.body = opening, .room = sizeof opening->reply + sizeof opening->path};
    int failed = channel_prepare(binding, error);
    request = (struct far_open_channel){.service_id = binding->service_id,
                                        .flags = (binding->plans.descriptors ? FAR_CHANNEL_DESCRIPTORS : 0) |
                                                 (binding->pku ? FAR_CHANNEL_COPIES : 0),
                                        .size = size};
    if (!failed)
        failed = connection_request(&far_process.connection, FAR_MSG_OPEN_CHANNEL, &body, 1, &answer, error);
    if (!failed)
        failed = channel_check_answer(binding, opening, size, &answer, error);
    if (failed)
        return failed;
    fd[0] = answer.fd_count > 0 ? answer.fd[0] : -1;
    fd[1] = answer.fd_count > 1 ? answer.fd[1] : -1;
    fd[2] = answer.fd_count > 2 ? answer.fd[2] : -1;
    return 0;
}

/* A connection that broke is tried again: fard may have been started anew since the last call. */
static int channel_ask_again(struct far_binding *binding, uint64_t size, struct opening *opening, int fd[3],
                             struct far_error *error)
{
    int failed;
    for (int tries = 0; tries < PROCESS_TRIES; tries++) {
        bool connected = far_process.connection.fd >= 0;
        failed = channel_ask(binding, size, opening, fd, error);
        if (!failed || !process_was_cut_off(connected, error))
            break;
    }
    return failed;
}

/* A host that many come to at once takes them as fast as it can; fard says so, and we ask again for a while. */
static int channel_ask_patiently(struct far_binding *binding, uint64_t size, struct opening *opening, int fd[3],
                                 struct far_error *error)
{
    struct timespec pause = {.tv_nsec = 1000000};
    int failed = channel_ask_again(binding, size, opening, fd, error);
    for (int tries = 0; failed && error->code == EAGAIN && tries < CHANNEL_TRIES; tries++) {
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < CHANNEL_PAUSE_NS)
            pause.tv_nsec *= 2;
        failed = channel_ask_again(binding, size, opening, fd, error);
    }
    return failed;
}

static uint32_t spin_limit(void)
{
    int32_t wished = process_settings()->spin;
    return wished >= 0 ? (uint32_t)wished : FAR_SPIN_DEFAULT;
}

static int channel_map(const struct far_binding *binding, struct far_channel *channel,
                       const struct far_channel_reply *reply, const int fd[3], struct far_error *error)
{
    struct stat status = {0};
    void *astack = mmap(NULL, reply->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd[0], 0);
    int code = errno;
    close(fd[0]);
    if (astack == MAP_FAILED) {
        for (int i = 1; i < 3; i++)
            if (fd[i] >= 0)
                close(fd[i]);
        return far_fail(error, code, EX_OSERR, "cannot map an A-stack of %llu bytes: %s",
                        (unsigned long long)reply->size, strerror(code));
    }
    *channel = (struct far_channel){.astack = astack,
                                    .size = reply->size,
                                    .binding = binding,
                                    .spin = spin_limit(),
                                    .id = reply->channel,
                                    .opened_on = far_process.connection_number,
                                    .host_pidfd = fd[1]};
    if (fd[2] >= 0 && fstat(fd[2], &status) == 0)
        channel->socket = (uint32_t)fd[2] + 1;
    channel->socket_inode = status.st_ino;
    return 0;
}

/* With the lock held. */
static void channel_begin_away(struct far_binding *binding, struct far_channel *channel,
                               const struct far_channel_reply *reply)
{
    binding_goes_away(binding);
    *channel = (struct far_channel){.size = reply->size,
                                    .binding = binding,
                                    .id = reply->channel,
                                    .opened_on = far_process.connection_number,
                                    .host_pidfd = -1};
}

/* Without it: another node may take its time. */
static int channel_open_away(struct far_channel *channel, const struct far_channel_path *path, struct far_error *error)
{
    const struct far_close_channel gone = {.channel = channel->id};
    sigset_t saved;
    int failed = away_open(channel, path, error);
    if (!failed)
        return 0;
    if (channel->astack) {
        channel_close(channel);
        return failed;
    }
    process_lock(&saved);
    connection_tell(&far_process.connection, FAR_MSG_CLOSE_CHANNEL, &gone, sizeof gone);
    process_unlock(&saved);
    *channel = (struct far_channel){.host_pidfd = -1};
    return failed;
}

static int channel_open(struct far_binding *binding, struct far_channel *channel, uint64_t size,
                        struct far_error *error)
{
    sigset_t saved;
    int fd[3];
    struct opening opening;
    process_lock(&saved);
    int failed = channel_ask_patiently(binding, size, &opening, fd, error);
    if (!failed && opening.away)
        channel_begin_away(binding, channel, &opening.reply);
    else if (!failed)
        failed = channel_map(binding, channel, &opening.reply, fd, error);
    process_unlock(&saved);
    return failed || !opening.away ? failed : channel_open_away(channel, &opening.path, error);
}

int channel_ready(struct far_binding *binding, struct far_channel *channel, struct far_error *error)
{
    if (channel->astack && channel->away)
        away_look_if_idle(channel);
    bool cut = channel->socket && !channel->in_callback && channel_socket(channel) < 0;
    bool over = channel->astack && (cut || (channel->in_callback ? channel_lost(channel) : channel_dead(channel)));
    if (channel->astack && !over)
        return 0;
    if (channel->astack)
        channel_close(channel);
    return channel_open(binding, channel, FAR_ASTACK_DEFAULT, error);
}

static uint64_t grown_size(uint64_t size)
{
    uint64_t grown = FAR_ASTACK_DEFAULT;
    while (grown < size)
        grown *= 2;
    return grown;
}

int channel_grow(struct far_binding *binding, struct far_channel *channel, uint64_t size, struct far_error *error)
{
    struct far_channel larger;
    if (size > FAR_ASTACK_MAX)
        return far_fail(error, E2BIG, EX_DATAERR,
                        "the parameters need %llu bytes, more than an A-stack can have (%llu)",
                        (unsigned long long)size, (unsigned long long)FAR_ASTACK_MAX);
    /* The new one first, so that the host sees this client all the time and keeps the handles that it gave it. */
    int failed = channel_open(binding, &larger, grown_size(size), error);
    if (channel->astack)
        channel_close(channel);
    if (!failed)
        *channel = larger;
    return failed;
}
