/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a host may: for the host itself, and for who asks (FAR_MSG_SETTINGS). */
#include "runtime/fard/fard.h"
#include "runtime/fard/request.h"
#include "runtime/fard/upgrade.h"
#include "runtime/machine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

static bool is_emulated(const struct host *host)
{
    return host->machine && host->machine != FAR_MACHINE_NATIVE;
}

/* The emulator itself needs more than any service may have, and another machine's filter means nothing to it. */
void host_fill_rights(const struct host *host, struct far_host_rights *rights)
{
    *rights = host->upgrade ? host->upgrade->settings.rights : host->service->settings.rights;
    if (is_emulated(host))
        rights->sandbox = FAR_SANDBOX_OFF;
}

int host_check_settings(const struct fard *fard, const struct service *service, const struct host_settings *settings,
                        uid_t uid, struct far_error *error)
{
    const struct far_host_rights *rights = &settings->rights;
    uint32_t machine = service_host_executable(service)->machine;
    if (rights->processes && (fard->uid != 0 || uid == 0))
        return refuse(error, EPERM, EX_NOPERM,
                      "service '%s': --processes counts what runs under the host's uid, which must be its own; start "
                      "fard as root, and do not give the host uid 0",
                      service->name);
    if (rights->sandbox == FAR_SANDBOX_STRICT && machine != FAR_MACHINE_NATIVE)
        return refuse(error, ENOTSUP, EX_UNAVAILABLE,
                      "service '%s': its code is for %s and its host is emulated, which cannot be sandboxed; register "
                      "it with --sandbox off",
                      service->name, far_machine_name(machine));
    return 0;
}

/* What the kernel has of it; the host runs on the same one. */
static void describe_kernel(char *text, size_t size)
{
    uint32_t action = SECCOMP_RET_TRAP;
    long landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    bool seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
    if (landlock > 0)
        snprintf(text, size, "%s, Landlock ABI %ld", seccomp ? "seccomp" : "NO seccomp in this kernel", landlock);
    else
        snprintf(text, size, "%s, NO Landlock in this kernel: what its uid may open, it may open",
                 seccomp ? "seccomp" : "NO seccomp in this kernel");
}

static void describe_enforced(const struct host *host, char *text, size_t size)
{
    if (is_emulated(host))
        snprintf(text, size, "OFF: the host is emulated (%s), which cannot be sandboxed",
                 far_machine_name(host->machine));
    else if (host->service->settings.rights.sandbox == FAR_SANDBOX_OFF)
        snprintf(text, size, "OFF: the host may do what uid %u may", host->uid);
    else
        describe_kernel(text, size);
}

/* Bytes that were written. */
static size_t describe_end(const struct host *host, char *text)
{
    return host->ended[0] ? (size_t)sprintf(text, "ended=%.500s", host->ended) + 1 : 0;
}

/* As they were said, then what of it is in force. */
int handle_settings(struct client *client, const struct far_message *message, struct far_error *error)
{
    char strings[HOST_SETTINGS_MAX + 1024] = "enforced=";
    const struct far_name_request *request;
    int result = protocol_check_name(message, &request, error);
    if (result)
        return result;
    struct service *service;
    result = registry_named(&client->fard->registry, request->name, request->version, &service, error);
    if (result)
        return result;
    if (!service || service->hidden || !service->host)
        return refuse(error, ENOENT, EX_UNAVAILABLE, "service '%s' has no host; `far ls` lists the services",
                      request->name);
    size_t head = strlen(strings);
    describe_enforced(service->host, strings + head, 256);
    size_t used = strlen(strings) + 1;
    used += describe_end(service->host, strings + used);
    used += host_settings_write(&service->settings, strings + used, sizeof strings - used);
    client_reply(client, message, strings, used);
    return 0;
}
