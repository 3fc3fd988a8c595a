/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Taking over what an earlier fard has left, and leaving enough for a later one. */
#include "runtime/fard/adopt.h"
#include "runtime/fard/adopt_check.h"
#include "runtime/fard/domain_adopt.h"
#include "runtime/fard/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void data_name(char name[KEEPER_NAME_MAX], uint32_t service)
{
    snprintf(name, KEEPER_NAME_MAX, "data-%u", service);
}

static void socket_name(char name[KEEPER_NAME_MAX], uint32_t service, uint32_t generation)
{
    snprintf(name, KEEPER_NAME_MAX, "socket-%u-%u", service, generation);
}

static void output_name(char name[KEEPER_NAME_MAX], uint32_t service, uint32_t generation)
{
    snprintf(name, KEEPER_NAME_MAX, "output-%u-%u", service, generation);
}

static void life_name(char name[KEEPER_NAME_MAX], uint32_t service, uint32_t generation)
{
    snprintf(name, KEEPER_NAME_MAX, "host-%u-%u", service, generation);
}

static bool say_fault(struct adoption *adoption, const char *what, const char *fault)
{
    if (fault)
        snprintf(adoption->why, sizeof adoption->why, "%s %s", what, fault);
    return fault != NULL;
}

static bool data_is_wrong(struct adoption *adoption, uint64_t size)
{
    const struct stored_host *host = &adoption->host;
    const char *fault =
        adoption->data < 0 ? "was not kept" : memory_fault(adoption->data, host->device, host->inode, size);
    return say_fault(adoption, "its data", fault);
}

static bool host_is_wrong(struct adoption *adoption)
{
    const struct stored_host *host = &adoption->host;
    if (adoption->life < 0 || adoption->socket < 0)
        return say_fault(adoption, "its host", "was not kept");
    return say_fault(adoption, "its host", process_fault(adoption->life, (pid_t)host->pid, host->started)) ||
           say_fault(adoption, "the socket to its host", socket_fault(adoption->socket));
}

/* Constructors may have run half, and must not run twice; a host that lives knows better than the row, and will say. */
static bool start_is_wrong(struct adoption *adoption)
{
    return host_is_wrong(adoption) && !adoption->host.initialised &&
           say_fault(adoption, "its constructors", "had not completed");
}

static void take(struct fard *fard, uint32_t service, struct adoption *adoption)
{
    char name[KEEPER_NAME_MAX];
    data_name(name, service);
    adoption->data = keeper_take(fard->keeper, name);
    socket_name(name, service, adoption->host.generation);
    adoption->socket = keeper_take(fard->keeper, name);
    life_name(name, service, adoption->host.generation);
    adoption->life = keeper_take(fard->keeper, name);
    output_name(name, service, adoption->host.generation);
    adoption->output = keeper_take(fard->keeper, name);
}

static void put_down(struct fard *fard, const char *name, int *fd)
{
    keeper_drop(fard->keeper, name);
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/*
 * Losing its socket would let it run its destructors, on data that is another's by then. By its number and start, whatever the
 * keeper had for it: that may be somebody else.
 */
static void end_noted_host(const struct stored_host *host)
{
    int process = (int)syscall(SYS_pidfd_open, (pid_t)host->pid, 0);
    if (process < 0)
        return;
    if (!process_fault(process, (pid_t)host->pid, host->started))
        syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
    close(process);
}

static void put_host_down(struct fard *fard, uint32_t service, struct adoption *adoption)
{
    char name[KEEPER_NAME_MAX];
    end_noted_host(&adoption->host);
    socket_name(name, service, adoption->host.generation);
    put_down(fard, name, &adoption->socket);
    life_name(name, service, adoption->host.generation);
    put_down(fard, name, &adoption->life);
    output_name(name, service, adoption->host.generation);
    put_down(fard, name, &adoption->output);
}

void adoption_free(struct fard *fard, uint32_t service, struct adoption *adoption)
{
    char name[KEEPER_NAME_MAX];
    if (!adoption->known)
        return;
    put_host_down(fard, service, adoption);
    data_name(name, service);
    if (adoption->data >= 0)
        put_down(fard, name, &adoption->data);
}

int adoption_look(struct fard *fard, uint32_t service, uint64_t size, struct adoption *adoption,
                  struct far_error *error)
{
    *adoption = (struct adoption){.data = -1, .life = -1, .socket = -1, .output = -1};
    int result = store_get_host(fard->store, service, &adoption->host, &adoption->known, error);
    if (result || !adoption->known)
        return result;
    take(fard, service, adoption);
    if (data_is_wrong(adoption, size) || start_is_wrong(adoption))
        adoption_free(fard, service, adoption);
    else if (host_is_wrong(adoption))
        put_host_down(fard, service, adoption);
    return 0;
}

static int watch_adopted(struct host *host, struct adoption *adoption)
{
    int socket = adoption->socket;
    host->life = (struct source){adoption->life, host_life_ready};
    int result = 0, output = adoption->output;
    adoption->life = adoption->socket = adoption->output = -1;
    if (output >= 0)
        result = host_output_adopt(&host->fard->loop, host->service->name, output, &host->output);
    if (host->output)
        host->output->pid = host->pid;
    result = result ? result : host_connected(host, socket);
    result = result ? result : loop_watch(&host->fard->loop, &host->life, EPOLLIN);
    result = result ? result : peer_send(&host->peer, FAR_MSG_HOST_CHANNELS, 0, NULL, 0, NULL, 0);
    return result ? result : domain_host_adopted(host);
}

void host_adopt(struct host *host, struct adoption *adoption)
{
    host->state = FAR_STATE_STARTING;
    host->adopting = true;
    host->fard->took_over_at = loop_now();
    host->data_touched = true;
    host->pid = (pid_t)adoption->host.pid;
    host->generation = adoption->host.generation;
    host->initialised = adoption->host.initialised;
    host->machine = service_host_executable(host->service)->machine;
    timer_start(&host->fard->loop, &host->timer, HOST_START_MS);
    int result = watch_adopted(host, adoption);
    log_service(LOG_LEVEL_NOTICE, "host-adopted", host->service->name, (int)host->pid,
                "service '%s': its host, process %d, goes on, and so does its data", host->service->name,
                (int)host->pid);
    if (result)
        host_kill(host); /* whose end its pidfd tells */
}

void host_resume(struct host *host, const struct adoption *adoption)
{
    if (!adoption->known)
        return;
    host->generation = adoption->host.generation;
    host->initialised = host->service->data_kept;
    if (host_starts_idle(host)) {
        log_service(LOG_LEVEL_INFO, "host-idle", host->service->name, 0,
                    "service '%s': it is started when somebody needs it, with %s", host->service->name,
                    host->initialised ? "the data it had" : "fresh data");
        return;
    }
    log_service(LOG_LEVEL_WARNING, "host-not-adopted", host->service->name, 0,
                "service '%s': %s; it is started anew, with %s", host->service->name, adoption->why,
                host->initialised ? "the data it had" : "fresh data");
}

static bool make_row(const struct host *host, struct stored_host *row)
{
    struct stat status;
    *row = (struct stored_host){
        .pid = (uint32_t)host->pid,
        .uid = host->uid,
        .generation = host->generation,
        .initialised = host->initialised,
        .started = process_started(host->pid),
    };
    if (fstat(host->service->data, &status) < 0)
        return false;
    row->device = status.st_dev;
    row->inode = status.st_ino;
    return true;
}

static void note(struct host *host)
{
    struct far_error error = {0};
    struct stored_host row;
    if (!make_row(host, &row))
        return;
    int result = store_put_host(host->fard->store, host->service->id, &row, &error);
    if (result) {
        describe_failure(&error, result, "noting the host");
        fard_log("service '%s': %s; should fard be killed, its host is started anew", host->service->name, error.text);
    }
}

static void keep_descriptors(struct host *host)
{
    char name[KEEPER_NAME_MAX];
    uint32_t service = host->service->id;
    struct keeper *keeper = host->fard->keeper;
    host->kept_as = service;
    data_name(name, service);
    keeper_keep(keeper, name, host->service->data);
    life_name(name, service, host->generation); /* before its socket: see kill_host() */
    keeper_keep(keeper, name, host->life.fd);
    socket_name(name, service, host->generation);
    keeper_keep(keeper, name, host->peer.source.fd);
    output_name(name, service, host->generation);
    if (host->output && host->output->source.fd >= 0)
        keeper_keep(keeper, name, host->output->source.fd);
}

bool host_keep_for(struct host *host, struct stored_host *row)
{
    if (!host->fard->keeper || !make_row(host, row))
        return false;
    keep_descriptors(host);
    return true;
}

void host_keep(struct host *host)
{
    if (!host->fard->keeper)
        return;
    keep_descriptors(host);
    if (!host->service->hidden) /* there is no row yet that it could belong to */
        note(host);
}

void host_unkeep(struct host *host)
{
    char name[KEEPER_NAME_MAX];
    if (!host->fard->keeper || !host->kept_as)
        return;
    socket_name(name, host->kept_as, host->generation);
    keeper_drop(host->fard->keeper, name);
    life_name(name, host->kept_as, host->generation);
    keeper_drop(host->fard->keeper, name);
    output_name(name, host->kept_as, host->generation);
    keeper_drop(host->fard->keeper, name);
    host->kept_as = 0;
}

void data_unkeep(struct fard *fard, uint32_t service)
{
    char name[KEEPER_NAME_MAX];
    data_name(name, service);
    if (fard->keeper)
        keeper_drop(fard->keeper, name);
}
