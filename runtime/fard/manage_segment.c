/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* SEGMENT: the file of a registered service, for debuggers and profilers. It holds code, so not everybody may see it. */
#include "runtime/fard/fard.h"
#include "runtime/fard/request.h"
#include "runtime/machine.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static bool is_host(const struct client *client, const struct service *service)
{
    return service->host && service->host->uid == client->who.uid;
}

/* Who may run the code may read it: trusted clients, and the host, which runs nothing else. */
static bool may_see_code(struct client *client, const struct service *service)
{
    uid_t uid = client->who.uid;
    return uid == 0 || uid == client->fard->uid || is_host(client, service) ||
           client_grant(client, service, NULL) == FAR_LEVEL_TRUSTED;
}

static const struct executable *choose_executable(const struct service *service, uint32_t machine)
{
    if (machine)
        return service_executable(service, machine);
    const struct executable *own = service_executable(service, FAR_MACHINE_NATIVE);
    return own ? own : &service->executable[0];
}

static int find_executable(struct client *client, const struct far_segment_request *request,
                           const struct service **service, const struct executable **executable,
                           struct far_error *error)
{
    struct service *named;
    int result = registry_named(&client->fard->registry, request->name, request->version, &named, error);
    if (result)
        return result;
    *service = named;
    if (named->hidden && !is_host(client, named)) /* a host asks before it is ready */
        return refuse(error, ENOENT, EX_UNAVAILABLE, "no service '%s' is registered; `far ls` lists them",
                      request->name);
    if (!may_see_code(client, *service))
        return refuse(error, EACCES, EX_NOPERM,
                      "service '%s': only managers and clients that it trusts may see its code", request->name);
    *executable = choose_executable(*service, request->machine);
    return *executable ? 0
                       : refuse(error, ENOENT, EX_UNAVAILABLE, "service '%s' has no executable for that machine",
                                request->name);
}

int handle_segment(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_segment_request *request;
    const struct service *service;
    const struct executable *executable;
    struct far_segment_reply reply = {0};
    struct stat status;
    int fd = -1;
    int result = protocol_check_segment(message, &request, error);
    result = result ? result : find_executable(client, request, &service, &executable, error);
    result = result ? result : store_open_segment(client->fard->store, executable->build_id, &fd, error);
    if (result)
        return result;
    reply.size = fstat(fd, &status) == 0 ? (uint64_t)status.st_size : 0;
    reply.base = service->range.base;
    reply.machine = executable->machine;
    memcpy(reply.build_id, executable->build_id, sizeof reply.build_id);
    result = peer_send(&client->peer, FAR_MSG_SEGMENT | FAR_MSG_REPLY, message->serial, &reply, sizeof reply, &fd, 1);
    close(fd);
    if (!result)
        audit_service(client->fard, client, "fetch", service, "its segment's file");
    return result;
}
