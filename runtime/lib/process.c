/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/binding.h"

#include "runtime/iface.h"
#include "runtime/lib/error.h"
#include "runtime/lib/grant.h"
#include "runtime/lib/resolve.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define FARD_AWAY_MS  10000    /* how long we wait for a fard that was there to be there again */
#define FARD_PAUSE_NS 50000000 /* at most, between two looks whether it is */

struct far_process far_process = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                  .connection = {.fd = -1, .unasked = revoked_take},
                                  .domain = {.memory = -1, .fork_lock = PTHREAD_MUTEX_INITIALIZER}};

void process_lock(sigset_t *saved)
{
    sigset_t all;
    int cancel_state;
    sigfillset(&all);
    /* A handler that calls an operation while its own thread holds the lock would wait for itself. */
    pthread_sigmask(SIG_SETMASK, &all, saved);
    /* A thread that has been cancelled would end at its first message to fard, and the lock would never be free again. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    pthread_mutex_lock(&far_process.lock);
    __atomic_store_n(&far_process.owner, pthread_self(), __ATOMIC_RELAXED);
    far_process.cancel_state = cancel_state;
}

bool process_lock_is_mine(void)
{
    return pthread_equal(__atomic_load_n(&far_process.owner, __ATOMIC_RELAXED), pthread_self());
}

void process_unlock(const sigset_t *saved)
{
    int cancel_state = far_process.cancel_state;
    __atomic_store_n(&far_process.owner, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&far_process.lock);
    pthread_setcancelstate(cancel_state, NULL);
    pthread_sigmask(SIG_SETMASK, saved, NULL);
}

static pthread_once_t settings_once = PTHREAD_ONCE_INIT;

static void read_settings(void)
{
    if (!far_process.settings_read)
        far_settings_read(&far_process.settings);
    __atomic_store_n(&far_process.settings_read, true, __ATOMIC_RELEASE);
}

/* From any thread: a channel's is the first that asks in a process which was bound by none. */
const struct far_settings *process_settings(void)
{
    if (!__atomic_load_n(&far_process.settings_read, __ATOMIC_ACQUIRE))
        pthread_once(&settings_once, read_settings);
    return &far_process.settings;
}

int process_settings_check(struct far_error *error)
{
    const struct far_settings *settings = process_settings();
    switch (settings->fault) {
    case FAR_SETTINGS_FINE:
        return 0;
    case FAR_SETTINGS_SOCKET_LONG:
        return far_fail(error, ENAMETOOLONG, EX_USAGE, "%s is longer than the %d bytes that a socket's path may have",
                        FAR_SOCKET_ENV, FAR_SOCKET_PATH_MAX - 1);
    case FAR_SETTINGS_CAPABILITIES_LONG:
        return far_fail(error, E2BIG, EX_USAGE, "%s is longer than %d bytes", FAR_ENV_CAPABILITIES,
                        FAR_SETTINGS_TOKENS - 1);
    case FAR_SETTINGS_BAD_HEAP:
        return far_fail(error, EINVAL, EX_USAGE,
                        "%s is \"%s\"; it can be a number of bytes, or one with M or G behind it", FAR_ENV_HEAP_SIZE,
                        settings->heap_text);
    case FAR_SETTINGS_BAD_GATE:
        return far_fail(error, EINVAL, EX_USAGE, "%s is \"%s\"; it can be process, pku or auto", FAR_ENV_GATE,
                        settings->gate_text);
    case FAR_SETTINGS_BAD_AHEAD:
        return far_fail(error, EINVAL, EX_USAGE, "%s is \"%s\"; it can be a number of pages, %d at most", FAR_ENV_AHEAD,
                        settings->ahead_text, FAR_AHEAD_MOST);
    case FAR_SETTINGS_BAD_LEVEL:
        return far_fail(error, EINVAL, EX_USAGE, "%s is \"%s\"; it can be none, read or trusted", FAR_ENV_LEVEL,
                        settings->level_text);
    default:
        return far_fail(error, EINVAL, EX_USAGE, "%s is \"%s\"; it can be a number of iterations, 0 to sleep at once",
                        FAR_ENV_SPIN, settings->spin_text);
    }
}

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool nobody_listens(const struct far_error *error)
{
    return error->code == ECONNREFUSED || error->code == ENOENT || error->code == EAGAIN;
}

/* A fard that was there and is not is about to be started again: whoever supervises it does that. */
static int connect_patiently(const char *socket, struct far_error *error)
{
    struct timespec pause = {.tv_nsec = 1000000};
    bool wait = far_process.connection_number && !far_process.fard_given_up;
    long give_up = milliseconds() + FARD_AWAY_MS;
    int failed = connection_open(&far_process.connection, socket, error);
    while (failed && wait && nobody_listens(error) && milliseconds() < give_up) {
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < FARD_PAUSE_NS)
            pause.tv_nsec *= 2;
        failed = connection_open(&far_process.connection, socket, error);
    }
    far_process.fard_given_up = failed != 0;
    return failed;
}

int process_connect(struct far_error *error)
{
    const struct far_settings *settings = process_settings();
    int fault = process_settings_check(error);
    if (fault)
        return fault;
    if (far_process.connection.fd >= 0)
        return capabilities_present(error);
    int failed = connect_patiently(settings->socket, error);
    if (!failed) {
        far_process.connection_number++;
        domain_renew();
        regions_renew();
        revoked_wake();
        failed = capabilities_present(error);
    }
    return failed;
}

bool process_was_cut_off(bool connected, const struct far_error *error)
{
    return far_process.connection.fd < 0 && error->code != ETIMEDOUT && (connected || error->code == ECONNRESET);
}

static void adopt_connection(void)
{
    int fd = far_early.fd;
    far_early.fd = -1;
    if (fd >= 0 && far_process.connection.fd >= 0)
        close(fd);
    if (fd < 0 || far_process.connection.fd >= 0)
        return;
    /* Its receive timeout was for far_resolve, which has no poll. */
    const struct timeval forever = {0, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof forever);
    far_process.connection.fd = fd;
    far_process.connection.serial = far_early.serial;
    far_process.early_number = far_early.number;
    far_process.early_adopted_as = ++far_process.connection_number;
}

bool process_adopt(const struct far_resolved *resolved)
{
    if (!far_process.settings_read)
        far_process.settings = resolved->settings;
    far_process.settings_read = true;
    if (resolved->connection == far_early.number)
        adopt_connection();
    return far_process.connection.fd >= 0 && resolved->connection == far_process.early_number &&
           far_process.connection_number == far_process.early_adopted_as;
}

void process_after_fork(void)
{
    /* Whoever held the lock is not in this process. What it guards is whole: bindings appear by one store. */
    pthread_mutex_init(&far_process.lock, NULL);
    far_process.owner = 0;
    connection_close(&far_process.connection);
    far_process.connection_number++;
    revoked_after_fork();
    regions_after_fork();
}

static uint32_t binding_count(void)
{
    return __atomic_load_n(&far_process.binding_count, __ATOMIC_ACQUIRE);
}

struct far_binding *process_find_service(const char *service)
{
    for (uint32_t i = 0, count = binding_count(); i < count; i++)
        if (strcmp(far_process.binding[i]->service, service) == 0)
            return far_process.binding[i];
    return NULL;
}

struct far_binding *process_find_major(const char *service, uint16_t major)
{
    for (uint32_t i = 0, count = binding_count(); i < count; i++)
        if (far_process.binding[i]->iface->major == major && strcmp(far_process.binding[i]->service, service) == 0)
            return far_process.binding[i];
    return NULL;
}

struct far_binding *process_find_base(uint64_t base)
{
    for (uint32_t i = 0, count = binding_count(); i < count; i++)
        if (far_process.binding[i]->base == base)
            return far_process.binding[i];
    return far_process.hosted && far_process.hosted->base == base ? far_process.hosted : NULL;
}

struct far_binding *process_find_address(uint64_t address)
{
    for (uint32_t i = 0, count = binding_count(); i < count; i++) {
        const struct far_binding *binding = far_process.binding[i];
        for (int part = 0; part < FAR_PART_COUNT; part++)
            if (address - binding->part[part].address < binding->part[part].size)
                return far_process.binding[i];
    }
    return NULL;
}

int process_add_binding(struct far_binding *binding, struct far_error *error)
{
    uint32_t index = far_process.binding_count;
    if (index == FAR_BINDING_MAX)
        return far_fail(error, ENOSPC, EX_UNAVAILABLE, "service %s: this process is bound to %d services already",
                        binding->service, FAR_BINDING_MAX);
    binding->index = index;
    far_process.binding[index] = binding;
    domain_tell(binding);
    __atomic_store_n(&far_process.binding_count, index + 1, __ATOMIC_RELEASE);
    return 0;
}
