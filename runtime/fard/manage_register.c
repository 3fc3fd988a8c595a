/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * REGISTER, all or nothing:
 *
 *     check the request, the descriptor, the segment, the name, the services it needs     nothing was changed yet
 *     keep the segment, take a range, make the memory, start the host                     the name is taken, hidden
 *     HOST_READY: commit to the database, show it, answer                                 registered
 *     anything else: undo, answer with the reason                                         only the range stays taken
 */
#include "runtime/fard/adopt.h"
#include "runtime/fard/cluster.h"
#include "runtime/fard/executables.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/log.h"
#include "runtime/fard/memory.h"
#include "runtime/fard/parts.h"
#include "runtime/fard/request.h"
#include "runtime/fard/store_cluster.h"
#include "runtime/fard/upgrade.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>

#define SEGMENT_FILE_MAX (1ull << 30)

struct file {
    void *bytes;
    size_t size;
    struct far_segment segment;
};

/* The segment as the client sent it: only what nobody can change any more is looked at in place. */
static int open_file(int fd, struct file *file, struct far_error *error)
{
    uint64_t size;
    if (memory_is_immutable(fd, &size))
        return refuse(error, EPERM, EX_PROTOCOL,
                      "register: the segment must come as a memfd sealed against writing, shrinking and growing");
    if (size == 0 || size > SEGMENT_FILE_MAX)
        return refuse(error, EFBIG, EX_DATAERR, "register: a segment file of %llu bytes; at most %llu are accepted",
                      (unsigned long long)size, SEGMENT_FILE_MAX);
    file->size = (size_t)size;
    return memory_map(fd, file->size, PROT_READ, &file->bytes);
}

static int check_file(const struct fard *fard, struct file *file, struct far_error *error)
{
    char why[700];
    if (segment_check(file->bytes, file->size, 0, &file->segment, why, sizeof why))
        return refuse(error, EINVAL, EX_DATAERR, "register: not a sound segment: %s", why);
    return fard_check_strays(fard, &file->segment, error);
}

static int check_name_is_free(struct client *client, const char *name, uint16_t major, uint32_t machine,
                              struct far_error *error)
{
    char machines[FAR_MACHINE_LIST];
    uint32_t machine_of[EXECUTABLES_MAX];
    const struct service *there = registry_find_major(&client->fard->registry, name, major);
    if (!there)
        return 0;
    client->in_the_way = there->away ? there->id : 0;
    if (there->away)
        return refuse(error, EEXIST, EX_CANTCREAT,
                      "service '%s' is registered on node '%s'; use `far unregister %s` there first, or --name", name,
                      there->away->node, name);
    if (there->hidden)
        return refuse(error, EEXIST, EX_CANTCREAT, "service '%s' is being registered by somebody else at this moment",
                      name);
    service_machines(there, machine_of);
    if (service_iface(there) && !service_executable(there, machine))
        return refuse(error, EEXIST, EX_CANTCREAT,
                      "service '%s' is registered, for %s; say --machine %s to add this file to it", name,
                      far_machine_list(machine_of, EXECUTABLES_MAX, machines), far_machine_name(machine));
    return refuse(error, EEXIST, EX_CANTCREAT,
                  "service '%s' is registered already; use `far unregister %s` first, --upgrade, or --name", name,
                  name);
}

/* Another service, perhaps one being registered, may be of the same file. */
static void drop_segment(struct fard *fard, const struct service *service)
{
    const uint8_t *build_id = service->executable[0].build_id;
    for (uint32_t i = 0; i < fard->registry.count; i++) {
        const struct service *other = fard->registry.service[i];
        if (other != service && service_has_segment(other, build_id))
            return;
    }
    store_drop_segment(fard->store, build_id);
}

/* Has a client memory of what was there before? It must not meet the new one's. */
static bool is_mapped(const struct fard *fard, uint32_t service_id)
{
    for (const struct list *at = fard->clients.next; at != &fard->clients; at = at->next) {
        const struct client *client = list_entry(at, struct client, link);
        for (uint32_t i = 0; i < client->bound_count; i++)
            if (client->bound[i].service_id == service_id && client->bound[i].handed >= FAR_LEVEL_READ)
                return true;
    }
    return false;
}

static int take_range(struct fard *fard, struct service *service, const struct far_segment *segment,
                      struct far_error *error)
{
    if (away_former_range(fard, service, &service->range)) {
        int result = store_take_given_range(fard->store, service->name, &service->range, &service->id, error);
        if (result || !is_mapped(fard, service->id))
            return result; /* whoever was bound to it where it was goes on here */
    }
    return store_take_range(fard->store, service->name, segment->note->image_size, &service->id, &service->range,
                            error);
}

/* From here on something exists outside the service: whoever fails must undo it. */
static int keep_and_make(struct fard *fard, struct service *service, const struct far_segment *segment,
                         struct far_error *error)
{
    struct host *host;
    const struct pending_asker asker = {fard->uid, true}; /* only who may register anything comes here */
    memcpy(service->executable[0].build_id, segment->note->build_id, sizeof service->executable[0].build_id);
    int result = store_put_segment(fard->store, service->executable[0].build_id, segment->bytes, segment->size, error);
    result = result ? result : take_range(fard, service, segment, error);
    result = result ? result : bind_pending_needs(&fard->registry, fard->store, segment, asker, error);
    result = result ? result : service_materialise(service, segment, &fard->registry, error);
    result = result ? result : host_new(fard, service, &host, error);
    result = result ? result : registry_add(&fard->registry, service);
    return result;
}

static void undo(struct fard *fard, struct service *service)
{
    registry_remove(&fard->registry, service);
    drop_segment(fard, service);
    if (service->host)
        host_leave(service->host, CHANNEL_UNREGISTERED);
    service_free(service);
}

static int start_registration(struct client *client, uint32_t serial, struct service *service)
{
    struct registration *registration = calloc(1, sizeof *registration);
    if (!registration)
        return -ENOMEM;
    registration->client = client;
    registration->serial = serial;
    list_append(&client->registrations, &registration->of_client);
    service->host->registration = registration;
    host_start(service->host); /* may end the registration, and the service, at once */
    return FARD_PENDING;
}

static int make_service(struct client *client, uint32_t serial, const struct service_order *order,
                        struct far_error *error)
{
    struct fard *fard = client->fard;
    struct service *service;
    int result = service_from_segment(order, &fard->registry, &service, error);
    if (result)
        return result;
    service->hidden = true;
    result = check_name_is_free(client, service->name, service->major, order->segment->note->machine, error);
    if (result) {
        service_free(service);
        return result;
    }
    result = keep_and_make(fard, service, order->segment, error);
    result = result ? result : start_registration(client, serial, service);
    if (result != FARD_PENDING)
        undo(fard, service);
    return result;
}

void send_registered(struct client *client, uint32_t serial, const struct service *service,
                     const struct upgrade_notes *notes)
{
    struct {
        struct far_register_reply reply;
        char notes[UPGRADE_NOTES_MAX];
    } body = {0};
    const struct host *host = service->host;
    body.reply = (struct far_register_reply){
        .base = service->range.base,
        .size = service->range.size,
        .service_id = service->id,
        .host_pid = (uint32_t)host->pid,
        .host_uid = host->uid,
        .op_count = service_iface(service)->ops.count,
    };
    memcpy(body.reply.name, service->name, sizeof body.reply.name);
    if (notes && notes->size)
        memcpy(body.notes, notes->text, notes->size);
    if (client)
        peer_send(&client->peer, FAR_MSG_REGISTER | FAR_MSG_REPLY, serial, &body,
                  sizeof body.reply + (notes ? notes->size : 0), NULL, 0);
}

/* What a service is does not depend on the machine; only code is added to it. */
static int check_adds_code_only(const struct far_register_request *request, const char *name, struct far_error *error)
{
    if (!request->rule_count && !request->shipping_count && !request->setting_bytes &&
        request->host_uid == FAR_HOST_UID_DEFAULT)
        return 0;
    return refuse(
        error, EINVAL, EX_USAGE,
        "service '%s' is registered; whom it trusts, how it ships and what its host may were said then, and are the "
        "same for all machines",
        name);
}

static int add_to_service(struct client *client, const struct far_message *message,
                          const struct far_register_request *request, const struct far_segment *segment,
                          struct service *service, struct far_error *error)
{
    int result = check_adds_code_only(request, service->name, error);
    result = result ? result : executable_register(client->fard, service, segment, error);
    if (!result)
        send_registered(client, message->serial, service, NULL);
    return result;
}

static int check_machine_said(const struct far_register_request *request, const struct far_segment *segment,
                              struct far_error *error)
{
    if (!request->machine || request->machine == segment->note->machine)
        return 0;
    return refuse(error, EINVAL, EX_DATAERR, "register: the segment is for %s, but --machine says %s",
                  far_machine_name(segment->note->machine), far_machine_name(request->machine));
}

/* The service that a file with --machine is to be added to, or NULL: it is registered as a new one. */
static struct service *service_to_add_to(const struct fard *fard, const struct far_register_request *request,
                                         const struct far_segment *segment)
{
    const struct far_iface *iface = segment->iface;
    struct service *there = registry_find_major(
        &fard->registry, request->name[0] ? request->name : iface_string(iface, iface->service), iface->major);
    return request->machine && there && !there->hidden && service_iface(there) && there->host ? there : NULL;
}

/* Whom it trusts and how it ships stays as it was; what its host may can be said anew. */
static int upgrade_service(struct client *client, uint32_t serial, const struct far_register_request *request,
                           const struct upgrade_order *order, struct far_error *error)
{
    const struct far_iface *iface = order->segment[0].iface;
    const char *name = request->name[0] ? request->name : iface_string(iface, iface->service);
    struct service *service = registry_find_major(&client->fard->registry, name, iface->major);
    if (service && service->away)
        return refuse(error, EREMOTE, EX_UNAVAILABLE, "service '%s' is on node '%s'; upgrade it there", name,
                      service->away->node);
    if (!service || service->hidden || !service_iface(service))
        return refuse(error, ENOENT, EX_UNAVAILABLE,
                      "no service '%s' %u is registered that could be upgraded; `far ls` lists them", name,
                      iface->major);
    if (request->rule_count || request->shipping_count || request->host_uid != FAR_HOST_UID_DEFAULT)
        return refuse(error, EINVAL, EX_USAGE,
                      "an upgrade of service '%s' keeps whom it trusts, how it ships and its host's uid; leave those "
                      "options out",
                      name);
    return upgrade_begin(client, serial, service, order, error);
}

static int upgrade_by_files(struct client *client, uint32_t serial, const struct far_register_request *request,
                            const struct file *files, uint32_t count, const struct host_settings *settings,
                            struct far_error *error)
{
    struct far_segment segments[EXECUTABLES_MAX];
    const struct upgrade_order order = {.segment = segments, .count = count, .settings = settings};
    for (uint32_t i = 0; i < count; i++)
        segments[i] = files[i].segment;
    return upgrade_service(client, serial, request, &order, error);
}

/* One file; or, for an upgrade, one for each machine. */
static int register_files(struct client *client, const struct far_message *message, struct file *files, uint32_t count,
                          struct far_error *error)
{
    const struct far_register_request *request;
    const struct far_rule *rules;
    const char *subjects, *shippings;
    int result = protocol_check_register(message, &request, &rules, &subjects, &shippings, error);
    for (uint32_t i = 0; i < count && !result; i++) {
        result = check_file(client->fard, &files[i], error);
        result = result ? result : check_machine_said(request, &files[i].segment, error);
    }
    if (result)
        return result;
    const struct far_segment *segment = &files[0].segment;
    bool upgrade = request->flags & FAR_REGISTER_UPGRADE;
    if (count > 1 && !upgrade)
        return refuse(error, EBADMSG, EX_PROTOCOL, "register: one file at a time, unless they are an upgrade");
    struct service *there = upgrade ? NULL : service_to_add_to(client->fard, request, segment);
    if (there)
        return add_to_service(client, message, request, segment, there, error);
    struct host_settings settings;
    host_settings_init(&settings);
    const struct service_order order = {
        .segment = segment,
        .name = request->name,
        .rules = rules,
        .rule_count = request->rule_count,
        .subjects = subjects,
        .subject_bytes = request->subject_bytes,
        .shippings = shippings,
        .shipping_count = request->shipping_count,
        .host_uid = request->host_uid,
        .settings = &settings,
    };
    result = host_settings_read(&settings, shippings + request->shipping_bytes, request->setting_bytes, error);
    result = result ? result : host_settings_check(&settings, client->fard->descriptors, error);
    if (!result && upgrade)
        result = upgrade_by_files(client, message->serial, request, files, count, &settings, error);
    else
        result = result ? result : make_service(client, message->serial, &order, error);
    host_settings_free(&settings);
    return result;
}

/* It may not be there any more: whoever keeps the names is asked, and then this is served again. */
static int ask_about_name(struct client *client, const struct far_message *message, const int *fds, unsigned fd_count,
                          struct far_error *error)
{
    const struct service *service = registry_find_id(&client->fard->registry, client->in_the_way);
    client->in_the_way = 0;
    if (client->asked || !client->fard->cluster || !service)
        return FARD_REFUSED;
    return cluster_ask_about(client, message, fds, fd_count, service->name, service->major, error);
}

int handle_register(struct client *client, const struct far_message *message, int *fds, unsigned fd_count,
                    struct far_error *error)
{
    struct file files[EXECUTABLES_MAX] = {0};
    int result = client_check_manager(client, error);
    if (!result && (fd_count < 1 || fd_count > EXECUTABLES_MAX))
        result =
            refuse(error, EBADMSG, EX_PROTOCOL, "register: the segment's descriptor is expected; %u came", fd_count);
    for (unsigned i = 0; i < fd_count && !result; i++)
        result = open_file(fds[i], &files[i], error);
    result = result ? result : register_files(client, message, files, fd_count, error);
    for (unsigned i = 0; i < EXECUTABLES_MAX; i++)
        memory_unmap(files[i].bytes, files[i].size);
    if (result == FARD_REFUSED && client->in_the_way)
        result = ask_about_name(client, message, fds, fd_count, error);
    return result;
}

static void registration_end(struct host *host)
{
    cluster_registration_end(host->registration);
    list_take_out(&host->registration->of_client);
    free(host->registration);
    host->registration = NULL;
}

void registration_ready(struct host *host)
{
    if (cluster_publish_new(host) != FARD_PENDING)
        registration_published(host);
}

void registration_published(struct host *host)
{
    struct far_error error = {0};
    struct service *service = host->service;
    int result = store_add_service(host->fard->store, service, &error);
    if (result) {
        describe_failure(&error, result, "register");
        registration_failed(host, &error);
        return;
    }
    service->hidden = false;
    cluster_registered(host->fard, service);
    host_keep(host); /* now there is a row that it can belong to */
    log_service(LOG_LEVEL_INFO, "registered", service->name, (int)host->pid,
                "service '%s' registered at 0x%llx, host %d", service->name, (unsigned long long)service->range.base,
                (int)host->pid);
    audit_registered(host->fard, host->registration->client, service);
    send_registered(host->registration->client, host->registration->serial, service, NULL);
    registration_end(host);
    host_idle_check(host);
}

void registration_failed(struct host *host, const struct far_error *why)
{
    struct registration *registration = host->registration;
    log_event(LOG_LEVEL_WARNING, "not-registered", NULL, 0, "%s", why->text);
    if (registration->client)
        peer_send_error(&registration->client->peer, registration->serial, why);
    registration_end(host);
    undo(host->fard, host->service);
}
