/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/binding.h"

#include "runtime/lib/error.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

struct far_process far_process = {.lock = PTHREAD_MUTEX_INITIALIZER, .connection = {.fd = -1}};

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
    far_process.cancel_state = cancel_state;
}

void process_unlock(const sigset_t *saved)
{
    int cancel_state = far_process.cancel_state;
    pthread_mutex_unlock(&far_process.lock);
    pthread_setcancelstate(cancel_state, NULL);
    pthread_sigmask(SIG_SETMASK, saved, NULL);
}

const struct far_settings *process_settings(void)
{
    if (!far_process.settings_read)
        far_settings_read(&far_process.settings);
    far_process.settings_read = true;
    return &far_process.settings;
}

static int settings_fault(const struct far_settings *settings, struct far_error *error)
{
    switch (settings->fault) {
    case FAR_SETTINGS_FINE:
        return 0;
    case FAR_SETTINGS_SOCKET_LONG:
        return far_fail(error, ENAMETOOLONG, EX_USAGE, "%s is longer than the %d bytes that a socket's path may have",
                        FAR_SOCKET_ENV, FAR_SOCKET_PATH_MAX - 1);
    case FAR_SETTINGS_BAD_LEVEL:
        return far_fail(error, EINVAL, EX_USAGE, "%s is \"%s\"; it can be none, read or trusted", FAR_ENV_LEVEL,
                        settings->level_text);
    default:
        return far_fail(error, EINVAL, EX_USAGE, "%s is \"%s\"; it can be a number of iterations, 0 to sleep at once",
                        FAR_ENV_SPIN, settings->spin_text);
    }
}

int process_connect(struct far_error *error)
{
    const struct far_settings *settings = process_settings();
    int fault = settings_fault(settings, error);
    if (fault || far_process.connection.fd >= 0)
        return fault;
    int failed = connection_open(&far_process.connection, settings->socket, error);
    if (!failed)
        far_process.connection_number++;
    return failed;
}

void process_adopt_connection(int fd)
{
    if (far_process.connection.fd >= 0) {
        close(fd);
        return;
    }
    /* Its receive timeout was for far_resolve, which has no poll. */
    const struct timeval forever = {0, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof forever);
    far_process.connection.fd = fd;
    far_process.connection.serial = 1;
    far_process.connection_number++;
}

void process_after_fork(void)
{
    /* Whoever held the lock is not in this process. What it guards is whole: bindings appear by one store. */
    pthread_mutex_init(&far_process.lock, NULL);
    connection_close(&far_process.connection);
    far_process.connection_number++;
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
    __atomic_store_n(&far_process.binding_count, index + 1, __ATOMIC_RELEASE);
    return 0;
}
