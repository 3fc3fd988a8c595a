/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/upgrade.h"
#include "runtime/fard/adopt.h"
#include "runtime/fard/audit.h"
#include "runtime/fard/cluster.h"
#include "runtime/fard/executables.h"
#include "runtime/fard/log.h"
#include "runtime/fard/memory.h"
#include "runtime/fard/node_guest.h"
#include "runtime/format/data_layout.h"
#include "runtime/format/pair.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define DIFFERENCE_TEXT 600

/* All executables of a service work on the same variables, so none can go on without the others. */
static int check_count(const struct service *service, const struct upgrade_order *order, struct far_error *error)
{
    uint32_t machine[EXECUTABLES_MAX];
    char machines[FAR_MACHINE_LIST];
    service_machines(service, machine);
    if (order->count == service->executable_count)
        return 0;
    if (order->count < service->executable_count)
        return refuse(error, EINVAL, EX_DATAERR,
                      "service '%s' is registered for %s, whose executables share their data and change together: name "
                      "the new file for each, far register --upgrade A.seg B.seg",
                      service->name, far_machine_list(machine, EXECUTABLES_MAX, machines));
    return refuse(error, EINVAL, EX_DATAERR,
                  "service '%s' is registered for %s only; upgrade that, and add another machine's file afterwards "
                  "(--machine)",
                  service->name, far_machine_list(machine, EXECUTABLES_MAX, machines));
}

static const struct far_segment *segment_for(const struct upgrade_order *order, uint32_t machine)
{
    for (uint32_t i = 0; i < order->count; i++)
        if (order->segment[i].note->machine == machine)
            return &order->segment[i];
    return NULL;
}

static int check_machines(const struct service *service, const struct upgrade_order *order, struct far_error *error)
{
    uint32_t same = 0;
    for (uint32_t i = 0; i < service->executable_count; i++) {
        const struct executable *executable = &service->executable[i];
        const struct far_segment *segment = segment_for(order, executable->machine);
        if (!segment)
            return refuse(error, EINVAL, EX_DATAERR, "service '%s' is registered for %s; the file is for %s",
                          service->name, far_machine_name(executable->machine),
                          far_machine_name(order->segment[i].note->machine));
        same += memcmp(executable->build_id, segment->note->build_id, sizeof executable->build_id) == 0;
    }
    if (same == service->executable_count)
        return refuse(error, EEXIST, EX_CANTCREAT, "service '%s' is this very file already", service->name);
    return 0;
}

static int check_sizes(const struct service *service, const struct upgrade_order *order, struct far_error *error)
{
    for (uint32_t i = 0; i < order->count; i++) {
        const struct far_note *note = order->segment[i].note;
        if (note->image_size > service->range.size)
            return refuse(error, EFBIG, EX_DATAERR,
                          "the new version of service '%s' needs %llu bytes, but its range has %llu", service->name,
                          (unsigned long long)note->image_size, (unsigned long long)service->range.size);
    }
    return 0;
}

static int check_state(const struct service *service, const struct upgrade_order *order, struct far_error *error)
{
    const struct host *host = service->host;
    if (service->upgrading)
        return refuse(error, EBUSY, EX_TEMPFAIL, "service '%s' is being upgraded by somebody else at this moment",
                      service->name);
    int result = check_count(service, order, error);
    result = result ? result : check_machines(service, order, error);
    if (result)
        return result;
    if (!host || !host->initialised)
        return refuse(error, EBUSY, EX_TEMPFAIL, "service '%s' has not started yet; upgrade it when it has",
                      service->name);
    return check_sizes(service, order, error);
}

struct findings {
    char difference[DIFFERENCE_TEXT]; /* the first; a message holds no more */
    struct upgrade_notes *notes;
};

static void note_difference(void *context, const char *text)
{
    char *first = ((struct findings *)context)->difference;
    if (!first[0])
        snprintf(first, DIFFERENCE_TEXT, "%s", text);
}

static void take_note(void *context, const char *text)
{
    struct upgrade_notes *notes = ((struct findings *)context)->notes;
    size_t size = strlen(text) + 1;
    if (size > sizeof notes->text - notes->size)
        return;
    memcpy(notes->text + notes->size, text, size);
    notes->size += (uint32_t)size;
}

/* Notes of one executable will do: they are about the data, which all share. */
static int check_fits(const struct service *service, const struct far_segment *old, const struct far_segment *segment,
                      struct upgrade_notes *notes, struct far_error *error)
{
    struct findings findings = {.notes = notes};
    const char *difference = findings.difference;
    struct pair pair = {.differs = note_difference, .context = &findings, .upgrade = true};
    pair.note = notes->size ? NULL : take_note;
    int result = segment_pair_check(old, segment, &pair);
    if (result || pair.differences == 0)
        return result;
    return refuse(error, EINVAL, EX_DATAERR,
                  "service '%s' cannot be upgraded to this file: %s%s; link it with `farld --like` and the registered "
                  "segment (`far fetch %s`), or unregister it and register the file anew",
                  service->name, difference, pair.differences > 1 ? " (and more: `farld --like` tells all)" : "",
                  service->name);
}

/* The new files share the data with each other, as the old ones did. */
static int check_pair(const struct service *service, const struct upgrade_order *order, struct far_error *error)
{
    struct findings findings = {.notes = NULL};
    const char *difference = findings.difference;
    struct pair pair = {.differs = note_difference, .context = &findings};
    if (order->count < 2)
        return 0;
    int result = segment_pair_check(&order->segment[0], &order->segment[1], &pair);
    if (result || pair.differences == 0)
        return result;
    return refuse(error, EINVAL, EX_DATAERR,
                  "the new files of service '%s' cannot share its data: %s%s; link the second with `farld --like` and "
                  "the first",
                  service->name, difference,
                  pair.differences > 1 ? " (and more: `far diff` of the two files shows all)" : "");
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

static int make_executable(struct fard *fard, struct service *service, const struct far_segment *segment, uint8_t *data,
                           struct executable *executable, struct far_error *error)
{
    executable->machine = segment->note->machine;
    memcpy(executable->build_id, segment->note->build_id, sizeof executable->build_id);
    executable->iface = malloc(segment->iface_size);
    if (!executable->iface)
        return -ENOMEM;
    memcpy(executable->iface, segment->iface, segment->iface_size);
    int result = ship_alike(service, executable->iface, error);
    result = result ? result : executable_make(fard, service, executable, segment, data, error);
    return result ? result
                  : store_put_segment(fard->store, segment->note->build_id, segment->bytes, segment->size, error);
}

static void upgrade_free(struct service *service, struct upgrade *upgrade)
{
    for (uint32_t i = 0; i < upgrade->count; i++)
        executable_end(&upgrade->executable[i]);
    host_settings_free(&upgrade->settings);
    service->upgrading = false;
    service->heir = NULL;
    free(upgrade);
}

/*
 * New variables begin here: no code that runs knows of these bytes, and none will before the upgrade is in the store. An upgrade
 * that ends before that, however it ends, leaves them to the next one, which begins them again.
 */
static int begin_variables(const struct service *service, const struct far_segment *old,
                           const struct far_segment *segment, const uint8_t *data)
{
    struct far_extent added[2];
    uint64_t base = segment->part[FAR_PART_DATA].address, valued = segment->content_size[FAR_PART_DATA];
    int result = 0;
    segment_data_added(old, segment, added);
    for (unsigned i = 0; i < 2 && !result; i++) {
        uint64_t at = added[i].address - base, end = at + added[i].size;
        result = memory_clear(service->data, at, added[i].size);
        end = end < valued ? end : valued;
        if (!result && at < end)
            result = memory_write(service->data, at, data + at, end - at);
    }
    return result;
}

/* What the first executable's file says its data begins with, at its addresses: of it, what is new goes to the living data. */
static int make_first(struct fard *fard, struct service *service, const struct far_segment *old,
                      const struct far_segment *segment, struct executable *executable, struct far_error *error)
{
    uint64_t size = segment->part[FAR_PART_DATA].size;
    void *data = NULL;
    int fresh = -1, result = memory_create("far:new variables", size ? size : 1, &fresh);
    if (!result && size)
        result = memory_map(fresh, size, PROT_READ | PROT_WRITE, &data);
    result = result ? result : make_executable(fard, service, segment, data, executable, error);
    if (!result && data)
        result = begin_variables(service, old, segment, data);
    memory_unmap(data, size);
    if (fresh >= 0)
        close(fresh);
    return result;
}

/* Executable i of the upgrade takes the place of executable i of the service. */
static int make_one(struct fard *fard, struct service *service, const struct upgrade_order *order, uint32_t i,
                    struct upgrade *upgrade, struct far_error *error)
{
    const struct far_segment *segment = segment_for(order, service->executable[i].machine);
    struct executable *executable = &upgrade->executable[i];
    void *bytes = NULL;
    struct far_segment old;
    int result = executable_read_segment(fard, service->executable[i].build_id, &bytes, &old, error);
    result = result ? result : check_fits(service, &old, segment, &upgrade->notes, error);
    if (!result)
        result = i == 0 ? make_first(fard, service, &old, segment, executable, error)
                        : make_executable(fard, service, segment, NULL, executable, error);
    free(bytes);
    return result;
}

static int make(struct fard *fard, struct service *service, const struct upgrade_order *order, struct upgrade *upgrade,
                struct far_error *error)
{
    const struct host_settings *wanted =
        host_settings_are_default(order->settings) ? &service->settings : order->settings;
    int result = check_pair(service, order, error);
    result = result ? result : host_settings_copy(&upgrade->settings, wanted);
    for (uint32_t i = 0; i < order->count && !result; i++)
        result = make_one(fard, service, order, i, upgrade, error);
    return result;
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

static void drop_segments(struct fard *fard, uint8_t build_id[EXECUTABLES_MAX][32], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        drop_segment(fard, build_id[i]);
}

static uint32_t list_build_ids(const struct executable *executable, uint32_t count,
                               uint8_t build_id[EXECUTABLES_MAX][32])
{
    for (uint32_t i = 0; i < count; i++)
        memcpy(build_id[i], executable[i].build_id, sizeof build_id[i]);
    return count;
}

static void undo(struct fard *fard, struct service *service, struct upgrade *upgrade)
{
    uint8_t build_id[EXECUTABLES_MAX][32];
    uint32_t count = list_build_ids(upgrade->executable, upgrade->count, build_id);
    service->need_count = upgrade->need_count;
    service->await_count = upgrade->await_count;
    upgrade_free(service, upgrade);
    drop_segments(fard, build_id, count);
}

static int upgrade_new(const struct service *service, uint32_t count, struct upgrade **out)
{
    struct upgrade *upgrade = calloc(1, sizeof *upgrade);
    if (!upgrade)
        return -ENOMEM;
    upgrade->count = count;
    for (uint32_t i = 0; i < count; i++)
        executable_init(&upgrade->executable[i]);
    host_settings_init(&upgrade->settings);
    upgrade->need_count = service->need_count;
    upgrade->await_count = service->await_count;
    *out = upgrade;
    return 0;
}

int upgrade_begin(struct client *client, uint32_t serial, struct service *service, const struct upgrade_order *order,
                  struct far_error *error)
{
    struct upgrade *upgrade;
    int result = check_state(service, order, error);
    result = result ? result : upgrade_new(service, order->count, &upgrade);
    if (result)
        return result;
    service->upgrading = true;
    result = make(client->fard, service, order, upgrade, error);
    result = result ? result : start(client, serial, service, upgrade, error);
    if (result != FARD_PENDING)
        undo(client->fard, service, upgrade);
    return result;
}

const struct executable *upgrade_executable(const struct upgrade *upgrade, uint32_t machine)
{
    for (uint32_t i = 0; i < upgrade->count; i++)
        if (upgrade->executable[i].machine == machine)
            return &upgrade->executable[i];
    return NULL;
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
    struct host_settings settings = service->settings;
    renumber_shippings(service, service->executable[0].iface, upgrade->executable[0].iface);
    for (uint32_t i = 0; i < upgrade->count; i++) {
        struct executable old = service->executable[i];
        note_retired(service, old.image);
        service->executable[i] = upgrade->executable[i];
        upgrade->executable[i] = old;
    }
    service->settings = upgrade->settings;
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
    uint8_t build_id[EXECUTABLES_MAX][32];
    uint32_t count = list_build_ids(host->upgrade->executable, host->upgrade->count, build_id);
    struct stored_host row;
    bool kept = host_keep_for(host, &row);
    int result = store_upgrade_service(fard->store, service, build_id, count, &host->upgrade->settings,
                                       kept ? &row : NULL, &error);
    if (result) {
        describe_failure(&error, result, "upgrade");
        host_trouble(host, "%.500s", error.text);
        host_kill(host); /* its death ends the upgrade */
        return;
    }
    const struct upgrade_notes notes = host->upgrade->notes;
    count = list_build_ids(service->executable, service->executable_count, build_id);
    put_in_force(service, host);
    cluster_changed(fard, service);
    drop_segments(fard, build_id, count);
    move_waiters(old, host);
    host_retire(old, host);
    log_service(LOG_LEVEL_INFO, "upgraded", service->name, (int)host->pid, "service '%s' upgraded to %u.%u, host %d",
                service->name, service_iface(service)->major, service_iface(service)->minor, (int)host->pid);
    char version[64];
    snprintf(version, sizeof version, "to version %u.%u", service_iface(service)->major, service_iface(service)->minor);
    audit_service(fard, host->registration->client, "upgrade", service, version);
    send_registered(host->registration->client, host->registration->serial, service, &notes);
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
    remotes_end_waiting(host);
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
