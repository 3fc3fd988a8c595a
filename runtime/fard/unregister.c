/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* UNREGISTER: first out of the database, then for everybody. Who calls it next is told; the range is never reused. */
#include "runtime/fard/cluster.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/log.h"
#include "runtime/fard/request.h"
#include "runtime/fard/upgrade.h"

#include <errno.h>
#include <sysexits.h>

/* *service is NULL if nobody has registered it; then *error says so. */
static int find_removable(struct fard *fard, const struct far_name_request *request, struct service **service,
                          struct far_error *error)
{
    const char *name = request->name;
    int result = registry_named(&fard->registry, name, request->version, service, error);
    if (result)
        return error->code == ENOENT ? 0 : result;
    if ((*service)->hidden)
        return refuse(error, EBUSY, EX_TEMPFAIL, "service '%s' is being registered at this moment", name);
    if ((*service)->away)
        return refuse(error, EREMOTE, EX_UNAVAILABLE, "service '%s' is on node '%s'; say `far unregister %s` there",
                      name, (*service)->away->node, name);
    if ((*service)->upgrading)
        return refuse(error, EBUSY, EX_TEMPFAIL, "service '%s' is being upgraded at this moment", name);
    const struct service *dependent = registry_dependent(&fard->registry, name, (*service)->major);
    if (dependent)
        return refuse(error, EBUSY, EX_UNAVAILABLE, "service '%s' calls service '%s'; unregister '%s' first",
                      dependent->name, name, dependent->name);
    return 0;
}

/*
 * A name that nobody has registered: its pending addresses are given up, and never given to another. Processes that have
 * them link by what they know themselves; a service's memory must not hold them.
 */
static int give_up_name(struct fard *fard, const struct far_name_request *request, struct far_error *error)
{
    const char *name = request->name;
    struct pending *pending = pending_named(&fard->registry.pendings, name, request->version);
    if (!pending)
        return FARD_REFUSED; /* as find_removable() has said */
    const struct service *awaiting = registry_awaiting(&fard->registry, name, (uint16_t)pending->major);
    if (awaiting)
        return refuse(error, EBUSY, EX_UNAVAILABLE,
                      "service '%s' calls service '%s', which is not registered, by its pending addresses; unregister "
                      "'%s' first",
                      awaiting->name, name, awaiting->name);
    int result = store_remove_pending(fard->store, pending->id, error);
    if (result)
        return result;
    fard_log("pending addresses of '%s' given up", name);
    pending_forget(&fard->registry.pendings, pending);
    return 0;
}

static int remove_service(struct client *client, struct service *service, struct far_error *error)
{
    struct fard *fard = client->fard;
    struct link_service entry;
    cluster_describe(fard, service, &entry); /* with its revision, which goes with its rows */
    int result = store_remove_service(fard->store, service, error);
    if (result)
        return result;
    cluster_withdraw(fard, &entry);
    log_service(LOG_LEVEL_INFO, "unregistered", service->name, 0, "service '%s' unregistered", service->name);
    audit_service(fard, client, "unregister", service, "");
    capabilities_forget_service(&fard->registry.capabilities, service->id);
    registry_remove(&fard->registry, service);
    if (service->host)
        host_leave(service->host, CHANNEL_UNREGISTERED);
    retired_hurry(fard, service);
    service_free(service);
    return 0;
}

int handle_unregister(struct client *client, const struct far_message *message, struct far_error *error)
{
    struct fard *fard = client->fard;
    const struct far_name_request *request;
    struct service *service = NULL;
    int result = client_check_manager(client, error);
    result = result ? result : protocol_check_name(message, &request, error);
    result = result ? result : find_removable(fard, request, &service, error);
    if (!result)
        result = service ? remove_service(client, service, error) : give_up_name(fard, request, error);
    if (!result)
        client_reply(client, message, NULL, 0);
    return result;
}
