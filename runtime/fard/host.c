/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A service's host. Its data outlives it: the process may die and be started again any number of times, on the same
 * memory.
 *
 *     STARTING ── HOST_READY ──► READY ── dies ──► STARTING at once, or DOWN for a pause and then STARTING
 *        └─ HOST_FAILED, dies, or 10 s: with a registration waiting, that fails; otherwise as if it had died
 */
#include "runtime/fard/adopt.h"
#include "runtime/fard/emulator.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/log.h"
#include "runtime/fard/node.h"
#include "runtime/fard/upgrade.h"
#include "runtime/probes.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static void host_timer_fired(struct timer *timer);

static bool uid_is_taken(const struct fard *fard, const struct service *service, uid_t uid)
{
    for (uint32_t i = 0; i < fard->registry.count; i++) {
        const struct service *other = fard->registry.service[i];
        if (other != service && other->host_uid_wanted == uid)
            return true;
    }
    for (const struct list *at = fard->leaving.next; at != &fard->leaving; at = at->next)
        if (list_entry(at, const struct host, link)->uid == uid)
            return true;
    return false;
}

/* From here on it is the service's, and goes into the store as if it had been asked for: it is the same for each fard. */
static uid_t choose_free_uid(const struct fard *fard, struct service *service)
{
    for (uint32_t i = 0; i < FAR_HOST_UID_COUNT; i++) {
        uid_t uid = FAR_HOST_UID_FIRST + (service->id + i) % FAR_HOST_UID_COUNT;
        if (!uid_is_taken(fard, service, uid))
            return service->host_uid_wanted = uid;
    }
    uid_t shared = FAR_HOST_UID_FIRST + service->id % FAR_HOST_UID_COUNT;
    log_service(
        LOG_LEVEL_WARNING, "host-uid-shared", service->name, 0,
        "service '%s': all %u uids for hosts are taken; its host shares uid %u with another service's, which is no "
        "protection between the two: say --host-uid",
        service->name, FAR_HOST_UID_COUNT, shared);
    return shared;
}

static int choose_uid(const struct fard *fard, struct service *service, uid_t *uid, struct far_error *error)
{
    uint32_t wanted = service->host_uid_wanted;
    if (fard->uid == 0) {
        *uid = wanted != FAR_HOST_UID_DEFAULT ? wanted : choose_free_uid(fard, service);
        return 0;
    }
    if (wanted != FAR_HOST_UID_DEFAULT && wanted != fard->uid)
        return refuse(error, EPERM, EX_NOPERM,
                      "service '%s' wants its host to run as uid %u, but this fard runs as uid %u and cannot change it",
                      service->name, wanted, fard->uid);
    *uid = fard->uid;
    return 0;
}

int host_new(struct fard *fard, struct service *service, struct host **out, struct far_error *error)
{
    uid_t uid = 0;
    int result = choose_uid(fard, service, &uid, error);
    result = result ? result : host_check_settings(fard, service, &service->settings, uid, error);
    if (result)
        return result;
    struct host *host = calloc(1, sizeof *host);
    if (!host)
        return -ENOMEM;
    host->fard = fard;
    host->service = service;
    host->uid = uid;
    host->state = FAR_STATE_DOWN;
    host->life.fd = host->peer.source.fd = -1;
    host->timer.fire = host_timer_fired;
    list_init(&host->channels);
    list_init(&host->uses);
    list_init(&host->waiters);
    list_init(&host->orphans);
    service->host = host;
    *out = host;
    return 0;
}

void host_end_output(struct host *host)
{
    host->output_lost += host_output_close(host->output);
    host->output = NULL;
}

void host_free(struct host *host)
{
    timer_stop(&host->timer);
    list_take_out(&host->link);
    orphans_free(host);
    if (host->fard->loaded)
        host_unkeep(host);
    peer_free(&host->peer);
    host_end_output(host);
    if (host->life.fd >= 0) {
        loop_forget(&host->fard->loop, &host->life);
        close(host->life.fd);
    }
    if (host->service && host->service->host == host)
        host->service->host = NULL;
    free(host);
}

void host_trouble(struct host *host, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(host->trouble, sizeof host->trouble, format, arguments);
    va_end(arguments);
}

void host_kill(struct host *host)
{
    if (host->life.fd >= 0)
        syscall(SYS_pidfd_send_signal, host->life.fd, SIGKILL, NULL, 0);
}

static void send_start(struct host *host)
{
    const struct service *service = host->service;
    const struct executable *executable =
        host->upgrade ? upgrade_executable(host->upgrade, host->machine) : service_executable(service, host->machine);
    struct far_host_start body = {
        .base = service->range.base,
        .service_id = service->id,
        .generation = host->generation,
        .flags = (host->initialised ? 0 : FAR_HOST_INITIALISE) | (host->upgrade ? FAR_HOST_BESIDE : 0),
        .fds = (1u << FAR_FD_COUNT) - 1,
        .transports = node_transports(host->fard),
        .init_array = executable->init_array,
        .fini_array = executable->fini_array,
    };
    int fds[FAR_FD_COUNT] = {[FAR_FD_STUBS] = executable->stubs[STUBS_HOST],
                             [FAR_FD_IFACE] = executable->iface_fd,
                             [FAR_FD_IMAGE] = executable->image,
                             [FAR_FD_RELOC] = executable->reloc,
                             [FAR_FD_DATA] = service->data};
    memcpy(body.part, executable->part, sizeof body.part);
    memcpy(body.service, service->name, sizeof body.service);
    host_fill_rights(host, &body.rights);
    peer_send(&host->peer, FAR_MSG_HOST_START, 0, &body, sizeof body, fds, FAR_FD_COUNT);
}

/* Anew each time: an emulator may have been installed, or taken away. */
static int spawn_process(struct host *host, int *pidfd, int *socket)
{
    struct host_command command;
    struct far_error error;
    struct fard *fard = host->fard;
    int result = host_command_find(fard, host->machine, &command, &error);
    if (result == FARD_REFUSED) {
        host_trouble(host, "%.500s", error.text);
        return -error.code;
    }
    if (result)
        return result;
    int output = -1;
    result = host_output_open(&fard->loop, host->service->name, &host->output, &output);
    if (!result)
        result =
            host_spawn(&command, host->service->name, host->uid, fard->uid == 0, output, &host->pid, pidfd, socket);
    if (!result)
        host->output->pid = host->pid;
    if (output >= 0)
        close(output);
    host_command_free(&command);
    return result;
}

static int spawn(struct host *host)
{
    int socket, pidfd;
    struct fard *fard = host->fard;
    int result = spawn_process(host, &pidfd, &socket);
    if (result) {
        host->pid = 0;
        return result;
    }
    host->life = (struct source){pidfd, host_life_ready};
    result = host_connected(host, socket);
    result = result ? result : loop_watch(&fard->loop, &host->life, EPOLLIN);
    if (result) {
        host_kill(host);
        waitpid(host->pid, NULL, 0); /* nobody will be told of its death: bury it now */
    }
    return result;
}

void host_start(struct host *host)
{
    host->generation++;
    host->trouble[0] = '\0';
    host->state = FAR_STATE_STARTING;
    host->machine = service_host_executable(host->service)->machine;
    int result = host_fresh_data(host);
    result = result ? result : spawn(host);
    if (result) {
        char how[128];
        snprintf(how, sizeof how, "cannot be started: %s", strerror(-result));
        host_died(host, how);
        return;
    }
    timer_start(&host->fard->loop, &host->timer, HOST_START_MS);
    FAR_PROBE(host__start, host->service->name, host->pid);
    send_start(host);
    if (!host->upgrade)
        host_keep(host); /* from here on: whoever takes it over need not tell it what it is */
    domain_host_started(host);
}

void host_start_in_turn(struct host *host, uint32_t turn)
{
    int64_t wait = (int64_t)(turn / HOST_TURN_SIZE) * HOST_TURN_MS;
    if (wait)
        timer_start(&host->fard->loop, &host->timer, wait); /* it is down until then, and whoever asks waits */
    else
        host_start(host);
}

static void start_took_too_long(struct host *host)
{
    host_trouble(host, "the host did not become ready within %d s", HOST_START_MS / 1000);
    host_kill(host); /* host_died() comes by its pidfd */
}

static void host_timer_fired(struct timer *timer)
{
    struct host *host = list_entry(timer, struct host, timer);
    if (!host->service)
        host_kill(host);
    else if (host->state == FAR_STATE_STARTING)
        start_took_too_long(host);
    else if (host->state == FAR_STATE_READY)
        host_idle_timeout(host);
    else if (host->state == FAR_STATE_IDLE)
        host_kill(host);
    else if (host->state == FAR_STATE_DOWN)
        host_start(host);
}

static void end_channels(struct host *host, enum channel_fate fate)
{
    while (!list_is_empty(&host->channels))
        channel_end(list_entry(host->channels.next, struct channel, of_host), fate);
}

static void refuse_waiters(struct host *host)
{
    while (!list_is_empty(&host->waiters)) {
        struct waiter *waiter = list_entry(host->waiters.next, struct waiter, of_host);
        struct far_error error;
        refuse(&error, ENOENT, EX_UNAVAILABLE, "the service is no longer registered");
        channel_count_down(waiter->client, waiter->size);
        client_send_error(waiter->client, waiter->serial, &error);
        waiter_free(waiter);
    }
}

/* The end of its socket tells the host to run its destructors and go; who does not go is killed. */
void host_leave(struct host *host, enum channel_fate fate)
{
    struct fard *fard = host->fard;
    end_channels(host, fate);
    orphans_free(host);
    refuse_waiters(host);
    if (host->peer.source.fd >= 0)
        shutdown(host->peer.source.fd, SHUT_RDWR); /* the keeper may have it as well */
    host_unkeep(host);
    if (host->service && fate == CHANNEL_UNREGISTERED)
        data_unkeep(fard, host->service->id);
    if (host->service)
        host->service->host = NULL;
    host->service = NULL;
    if (!host->pid) {
        host_free(host);
        return;
    }
    list_append(&fard->leaving, &host->link);
    peer_free(&host->peer);
    timer_start(&fard->loop, &host->timer, HOST_STOP_MS);
}
