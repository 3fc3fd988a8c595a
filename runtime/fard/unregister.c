/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* UNREGISTER: first out of the database, then for everybody. Who calls it next is told; the range is never reused. */
#include "runtime/fard/fard.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <sysexits.h>

static int find_removable(struct fard *fard, const char *name, struct service **service, struct far_error *error)
{
    *service = registry_find(&fard->registry, name);
    if (!*service)
        return refuse(error, ENOENT, EX_UNAVAILABLE, "no service '%s' is registered; `far ls` lists them", name);
    if ((*service)->hidden)
        return refuse(error, EBUSY, EX_TEMPFAIL, "service '%s' is being registered at this moment", name);
    const struct service *dependent = registry_dependent(&fard->registry, name);
    if (dependent)
        return refuse(error, EBUSY, EX_UNAVAILABLE, "service '%s' calls service '%s'; unregister '%s' first",
                      dependent->name, name, dependent->name);
    return 0;
}

int handle_unregister(struct client *client, const struct far_message *message, struct far_error *error)
{
    struct fard *fard = client->fard;
    const struct far_name_request *request;
    struct service *service;
    int result = client_check_manager(client, error);
    result = result ? result : protocol_check_name(message, &request, error);
    result = result ? result : find_removable(fard, request->name, &service, error);
    result = result ? result : store_remove_service(fard->store, service->id, service->build_id, error);
    if (result)
        return result;
    fard_log("service '%s' unregistered", service->name);
    registry_remove(&fard->registry, service);
    if (service->host)
        host_leave(service->host, CHANNEL_UNREGISTERED);
    service_free(service);
    client_reply(client, message, NULL, 0);
    return 0;
}
