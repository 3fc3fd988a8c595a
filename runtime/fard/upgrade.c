/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/upgrade.h"
#include "runtime/fard/adopt.h"
#include "runtime/fard/audit.h"
#include "runtime/fard/executables.h"
#include "runtime/fard/log.h"
#include "runtime/format/pair.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define DIFFERENCE_TEXT 600

static int check_state(const struct service *service, const struct far_segment *segment, struct far_error *error)
{
    const struct host *host = service->host;
    if (service->upgrading)
        return refuse(error, EBUSY, EX_TEMPFAIL, "service '%s' is being upgraded by somebody else at this moment",
                      service->name);
    if (service->executable_count > 1)
        return refuse(
            error, ENOTSUP, EX_CANTCREAT,
            "service '%s' has executables for several machines, which can only change together: unregister it, "
            "and register both anew",
            service->name);
    if (service->executable[0].machine != segment->note->machine)
        return refuse(error, EINVAL, EX_DATAERR, "service '%s' is registered for %s; the file is for %s", service->name,
                      far_machine_name(service->executable[0].machine), far_machine_name(segment->note->machine));
    if (memcmp(service->executable[0].build_id, segment->note->build_id, sizeof segment->note->build_id) == 0)
        return refuse(error, EEXIST, EX_CANTCREAT, "service '%s' is this very file already", service->name);
    if (!host || !host->initialised)
        return refuse(error, EBUSY, EX_TEMPFAIL, "service '%s' has not started yet; upgrade it when it has",
                      service->name);
    if (segment->note->image_size > service->range.size)
        return refuse(error, EFBIG, EX_DATAERR,
                      "the new version of service '%s' needs %llu bytes, but its range has %llu", service->name,
                      (unsigned long long)segment->note->image_size, (unsigned long long)service->range.size);
    return 0;
}

/* The first difference; a message holds no more. */
static void note_difference(void *context, const char *text)
{
    char *first = context;
    if (!first[0])
        snprintf(first, DIFFERENCE_TEXT, "%s", text);
}

static int check_fits(const struct service *service, const struct far_segment *old, const struct far_segment *segment,
                      struct far_error *error)
{
    char difference[DIFFERENCE_TEXT] = "";
    struct pair pair = {.differs = note_difference, .context = difference, .upgrade = true};
    int result = segment_pair_check(old, segment, &pair);
    if (result || pair.differences == 0)
        return result;
    return refuse(
        error, EINVAL, EX_DATAERR,
        "service '%s' cannot be upgraded to this file: %s%s; link it with `farld --like` and `--previous` and the "
        "registered segment (`far fetch %s`), or unregister it and register the file anew",
        service->name, difference, pair.differences > 1 ? " (and more: `far diff` of the two files shows all)" : "",
        service->name);
}

/* Where an operation lives was decided at registration; for one that is new, by the header. */
static int ship_alike(const struct service *service, struct far_iface *iface, struct far_error *error)
{
    struct far_op *op = (struct far_op *)((uint8_t *)iface + iface->ops.offset);
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        const char *name = iface_string(iface, op[i].name);
        const struct far_op *registered = service_op(service, name);
        if (registered)
            op[i].flags = (op[i].flags & ~FAR_OP_DATA_SHIPPED) | (registered->flags & FAR_OP_DATA_SHIPPED);
        if (op[i].flags & FAR_OP_DATA_SHIPPED && !(op[i].flags & (FAR_OP_NEUTRAL | FAR_OP_ABSENT)))
            return refuse(
                error, EINVAL, EX_DATAERR,
                "operation %s of service '%s' is data-shipped, but its new code reaches state of the process that "
                "runs it",
                name, service->name);
    }
    return 0;
}

static int make_executable(struct fard *fard, struct service *service, const struct far_segment *segment,
                           struct upgrade *upgrade, struct far_error *error)
{
    struct executable *executable = &upgrade->executable;
    executable->machine = segment->note->machine;
    memcpy(executable->build_id, segment->note->build_id, sizeof executable->build_id);
    executable->iface = malloc(segment->iface_size);
    if (!executable->iface)
        return -ENOMEM;
    memcpy(executable->iface, segment->iface, segment->iface_size);
    int result = ship_alike(service, executable->iface, error);
    return result ? result : executable_make(fard, service, executable, segment, error);
}

static void upgrade_free(struct service *service, struct upgrade *upgrade)
{
    executable_end(&upgrade->executable);
    host_settings_free(&upgrade->settings);
    service->upgrading = false;
    service->heir = NULL;
    free(upgrade);
}

static int make(struct fard *fard, struct service *service, const struct far_segment *segment,
                const struct host_settings *settings, struct upgrade *upgrade, struct far_error *error)
{
    void *bytes = NULL;
    struct far_segment old;
    int result = executable_read_segment(fard, service->executable[0].build_id, &bytes, &old, error);
    result = result ? result : check_fits(service, &old, segment, error);
    free(bytes);
    const struct host_settings *wanted = host_settings_are_default(settings) ? &service->settings : settings;
    result = result ? result : host_settings_copy(&upgrade->settings, wanted);
    result = result ? result : make_executable(fard, service, segment, upgrade, error);
    return result ? result
                  : store_put_segment(fard->store, segment->note->build_id, segment->bytes, segment->size, error);
}

/* The service's other host: the one that it has stays its host until this one is ready. */
static int add_host(struct fard *fard, struct service *service, struct upgrade *upgrade, struct host **out,
                    struct far_error *error)
{
    struct host *old = service->host;
    int result = host_new(fard, service, out, error);
    service->host = old;
    if (result)
        return result;
    result = host_check_settings(fard, service, &upgrade->settings, (*out)->uid, error);
    if (result) {
        host_free(*out);
        return result;
    }
    (*out)->upgrade = upgrade;
    service->heir = *out;
    (*out)->generation = old->generation;
    (*out)->restarts = old->restarts;
    (*out)->initialised = true;
    return 0;
}

static int start(struct client *client, uint32_t serial, struct service *service, struct upgrade *upgrade,
                 struct far_error *error)
{
    struct host *host;
    struct registration *registration = calloc(1, sizeof *registration);
    int result = registration ? add_host(client->fard, service, upgrade, &host, error) : -ENOMEM;
    if (result) {
        free(registration);
        return result;
    }
    registration->client = client;
    registration->serial = serial;
    list_append(&client->registrations, &registration->of_client);
    host->registration = registration;
    host_start(host); /* may end the upgrade at once */
    return FARD_PENDING;
}

static void drop_segment(struct fard *fard, const uint8_t build_id[32])
{
    for (uint32_t i = 0; i < fard->registry.count; i++)
        if (service_has_segment(fard->registry.service[i], build_id))
            return;
    store_drop_segment(fard->store, build_id);
}

static void undo(struct fard *fard, struct service *service, struct upgrade *upgrade)
{
    uint8_t build_id[32];
    memcpy(build_id, upgrade->executable.build_id, sizeof build_id);
    service->need_count = upgrade->need_count;
    service->await_count = upgrade->await_count;
    upgrade_free(service, upgrade);
    drop_segment(fard, build_id);
}

int upgrade_begin(struct client *client, uint32_t serial, struct service *service, const struct far_segment *segment,
                  const struct host_settings *settings, struct far_error *error)
{
    int result = check_state(service, segment, error);
    struct upgrade *upgrade = result ? NULL : calloc(1, sizeof *upgrade);
    if (!upgrade)
        return result ? result : -ENOMEM;
    executable_init(&upgrade->executable);
    host_settings_init(&upgrade->settings);
    upgrade->need_count = service->need_count;
    upgrade->await_count = service->await_count;
    service->upgrading = true;
    result = make(client->fard, service, segment, settings, upgrade, error);
    result = result ? result : start(client, serial, service, upgrade, error);
    if (result != FARD_PENDING)
        undo(client->fard, service, upgrade);
    return result;
}

/* Shippings name operations by their place in the record, which a new operation may have changed. */
static void renumber_shippings(struct service *service, const struct far_iface *old, const struct far_iface *iface)
{
    for (uint32_t i = 0; i < service->shipping_count; i++) {
        const char *name = iface_string(old, iface_op(old, service->shippings[i].op)->name);
        const struct far_op *op = iface_op_by_name(iface, name);
        if (op)
            service->shippings[i].op = (uint32_t)(op - iface_op(iface, 0));
    }
}

/* Whoever keeps the old code when a right is taken away is found by it (revoke_scan.c). */
static void note_retired(struct service *service, int image)
{
    struct stat status;
    ino_t *grown = reallocarray(service->retired, service->retired_count + 1, sizeof *grown);
    if (!grown || fstat(image, &status) < 0) {
        fard_log("service '%s': who keeps the code of its last version will not be found", service->name);
        service->retired = grown ? grown : service->retired;
        return;
    }
    service->retired = grown;
    service->retired[service->retired_count++] = status.st_ino;
}

static void put_in_force(struct service *service, struct host *host)
{
    struct upgrade *upgrade = host->upgrade;
    struct executable old = service->executable[0];
    struct host_settings settings = service->settings;
    note_retired(service, old.image);
    renumber_shippings(service, old.iface, upgrade->executable.iface);
    service->executable[0] = upgrade->executable;
    service->settings = upgrade->settings;
    upgrade->executable = old;
    upgrade->settings = settings;
    service->host = host;
    host->upgrade = NULL;
    upgrade_free(service, upgrade);
}

static void move_waiters(struct host *from, struct host *to)
{
    while (!list_is_empty(&from->waiters)) {
        struct list *waiter = from->waiters.next;
        list_take_out(waiter);
        list_append(&to->waiters, waiter);
    }
}

static void end_registration(struct host *host)
{
    list_take_out(&host->registration->of_client);
    free(host->registration);
    host->registration = NULL;
}

void upgrade_ready(struct host *host)
{
    struct far_error error = {0};
    struct fard *fard = host->fard;
    struct service *service = host->service;
    struct host *old = service->host;
    uint8_t build_id[32];
    int result = store_upgrade_service(fard->store, service, host->upgrade->executable.build_id,
                                       &host->upgrade->settings, &error);
    if (result) {
        describe_failure(&error, result, "upgrade");
        host_trouble(host, "%.500s", error.text);
        host_kill(host); /* its death ends the upgrade */
        return;
    }
    memcpy(build_id, service->executable[0].build_id, sizeof build_id);
    put_in_force(service, host);
    drop_segment(fard, build_id);
    move_waiters(old, host);
    host_retire(old, host);
    host_keep(host);
    log_service(LOG_LEVEL_INFO, "upgraded", service->name, (int)host->pid, "service '%s' upgraded to %u.%u, host %d",
                service->name, service_iface(service)->major, service_iface(service)->minor, (int)host->pid);
    char version[64];
    snprintf(version, sizeof version, "to version %u.%u", service_iface(service)->major, service_iface(service)->minor);
    audit_service(fard, host->registration->client, "upgrade", service, version);
    send_registered(host->registration->client, host->registration->serial, service);
    end_registration(host);
    host_serve_waiters(host);
}

/* The host's process is gone. */
void upgrade_failed(struct host *host)
{
    struct far_error error;
    struct service *service = host->service;
    struct registration *registration = host->registration;
    refuse(&error, ECHILD, EX_UNAVAILABLE, "service '%s' was not upgraded, and goes on as it was: %s", service->name,
           host->trouble);
    log_service(LOG_LEVEL_WARNING, "not-upgraded", service->name, 0, "%s", error.text);
    if (registration->client)
        peer_send_error(&registration->client->peer, registration->serial, &error);
    end_registration(host);
    undo(host->fard, service, host->upgrade);
    host->upgrade = NULL;
    host_free(host);
}

void upgrade_abandon(struct service *service)
{
    struct host *host = service->heir;
    if (!host)
        return;
    end_registration(host);
    undo(host->fard, service, host->upgrade);
    host->upgrade = NULL;
    host->service = NULL;
    list_append(&host->fard->leaving, &host->link);
    host_kill(host);
}

/* fate.dead alone: the words are the worker's, who knows which call it has served (astack.h). */
static void mark_moved(const struct host *host)
{
    for (const struct list *at = host->channels.next; at != &host->channels; at = at->next) {
        struct channel *channel = list_entry(at, struct channel, of_host);
        atomic_store((_Atomic uint32_t *)&channel->lines->fate.dead, CHANNEL_MOVED);
    }
}

/* Before the new host's first channel, as messages keep their order. Without it, clients' handles end with the old host. */
static void send_retire(struct host *host, struct host *heir)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        fard_log("handles of clients are lost: %s", strerror(errno));
        peer_send(&host->peer, FAR_MSG_HOST_RETIRE, 0, NULL, 0, NULL, 0);
        return;
    }
    peer_send(&heir->peer, FAR_MSG_HOST_HANDLES, 0, NULL, 0, &ends[0], 1);
    peer_send(&host->peer, FAR_MSG_HOST_RETIRE, 0, NULL, 0, &ends[1], 1);
    close(ends[0]);
    close(ends[1]);
}

void host_retire(struct host *host, struct host *heir)
{
    struct fard *fard = host->fard;
    host->retired_from = host->service;
    host->service = NULL;
    host_unkeep(host);
    orphans_free(host);
    if (!host->pid) {
        host_free(host);
        return;
    }
    list_append(&fard->leaving, &host->link);
    if (host->state != FAR_STATE_READY) {
        host_kill(host);
        return;
    }
    mark_moved(host);
    send_retire(host, heir);
    timer_start(&fard->loop, &host->timer, UPGRADE_GRACE_MS);
}

void retired_hurry(struct fard *fard, const struct service *service)
{
    for (struct list *at = fard->leaving.next; at != &fard->leaving; at = at->next) {
        struct host *host = list_entry(at, struct host, link);
        if (!host->retired_from || (service && host->retired_from != service))
            continue;
        host->retired_from = NULL;
        timer_start(&fard->loop, &host->timer, HOST_STOP_MS);
    }
}
