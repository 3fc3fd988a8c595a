/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/bind.h"
#include "runtime/fard/bind_explain.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int check_version(const struct service *service, const struct far_import_table *table, struct far_error *error)
{
    const struct far_iface *iface = service_iface(service);
    if (table->minor <= iface->minor)
        return 0;
    return refuse(
        error, EPROTOTYPE, EX_PROTOCOL,
        "service '%s': the client was linked against version %u.%u, but %u.%u is registered; register a newer "
        "one, or link the client against this one's import library",
        service->name, table->major, table->minor, iface->major, iface->minor);
}

static int refuse_unknown(const struct registry *registry, const struct far_import_table *table,
                          struct far_error *error)
{
    char versions[REGISTRY_VERSIONS_TEXT];
    if (!registry_versions(registry, table->service, versions)[0])
        return refuse(error, ENOENT, EX_UNAVAILABLE, "no service '%s' is registered; register it with `far register`",
                      table->service);
    return refuse(error, EPROTOTYPE, EX_PROTOCOL,
                  "service '%s': the client was linked against version %u.%u, but %s is registered; register that "
                  "version too, or link the client against this one's import library",
                  table->service, table->major, table->minor, versions);
}

static int find_service(const struct registry *registry, const struct far_import_table *table, struct service **out,
                        struct far_error *error)
{
    struct service *service = registry_find_major(registry, table->service, table->major);
    if (!service || service->hidden)
        return refuse_unknown(registry, table, error);
    if (!service_iface(service))
        return refuse(error, EIO, EX_UNAVAILABLE, "service '%s' cannot be used: %s", service->name, service->broken);
    *out = service;
    return 0;
}

static int refuse_changed(const struct service *service, const struct far_import_table *table, uint32_t index,
                          const struct far_op *op, struct far_error *error)
{
    char what[BIND_EXPLAIN_TEXT];
    if (!bind_explain(table, index, service_iface(service), op, what)[0])
        snprintf(what, sizeof what, "fingerprint 0x%016llx, registered 0x%016llx",
                 (unsigned long long)import_op(table, index)->fingerprint, (unsigned long long)op->fingerprint);
    return refuse(
        error, EPROTOTYPE, EX_PROTOCOL,
        "service '%s': operation %s is not the one that the client was linked against: %s; registered is: %s; "
        "link the client against its import library",
        service->name, import_op_name(table, index), what, iface_string(service_iface(service), op->signature));
}

static int resolve_op(const struct service *service, const struct far_import_table *table, uint32_t index,
                      uint64_t *stub, struct far_error *error)
{
    const char *name = import_op_name(table, index);
    const struct far_op *op = iface_op_by_name_at(service_iface(service), name, index);
    if (!op)
        return refuse(error, EPROTOTYPE, EX_PROTOCOL,
                      "service '%s' %u.%u has no operation '%s', which the client was linked against", service->name,
                      service_iface(service)->major, service_iface(service)->minor, name);
    if (op->fingerprint != import_op(table, index)->fingerprint)
        return refuse_changed(service, table, index, op, error);
    *stub = service_stub(service, op);
    return 0;
}

static uint32_t descriptors_for(enum far_level level)
{
    uint32_t mask = 1u << FAR_FD_STUBS | 1u << FAR_FD_IFACE;
    if (level >= FAR_LEVEL_READ)
        mask |= 1u << FAR_FD_DATA;
    if (level == FAR_LEVEL_TRUSTED)
        mask |= 1u << FAR_FD_IMAGE | 1u << FAR_FD_RELOC;
    return mask;
}

/* A client that says nothing runs on what fard runs on. */
static uint32_t bind_machine(uint32_t said)
{
    return said ? said : FAR_MACHINE_NATIVE;
}

static int find_executable(const struct service *service, uint32_t machine, const struct executable **out,
                           struct far_error *error)
{
    char machines[FAR_MACHINE_LIST];
    uint32_t machine_of[EXECUTABLES_MAX];
    *out = service_executable(service, bind_machine(machine));
    if (*out)
        return 0;
    service_machines(service, machine_of);
    return refuse(
        error, ENOEXEC, EX_UNAVAILABLE,
        "service '%s' is registered for %s, but the client runs on %s; build it for that machine too and add it "
        "with `far register FILE --machine %s`",
        service->name, far_machine_list(machine_of, EXECUTABLES_MAX, machines), far_machine_name(bind_machine(machine)),
        far_machine_name(bind_machine(machine)));
}

static void fill_reply(const struct service *service, const struct executable *executable, enum far_level level,
                       struct far_bind_reply *reply)
{
    memset(reply, 0, sizeof *reply);
    reply->base = service->range.base;
    reply->fingerprint = executable->iface->fingerprint;
    reply->service_id = service->id;
    reply->major = service->major;
    reply->level = level;
    reply->flags = service->away ? FAR_BIND_AWAY : 0;
    reply->fds = descriptors_for(level);
    memcpy(reply->part, executable->part, sizeof reply->part);
    memcpy(reply->service, service->name, sizeof reply->service);
}

int bind_answer(const struct registry *registry, const struct far_import_table *table,
                const struct principal *principal, const struct far_bind_request *request, void *reply, size_t size,
                size_t *used, struct policy_reason *why, struct far_error *error)
{
    struct service *service = NULL;
    const struct executable *executable = NULL;
    struct far_bind_reply *head = reply;
    uint64_t *stub = (uint64_t *)(head + 1);
    *used = sizeof *head + table->op_count * sizeof *stub;
    if (size < *used)
        return -EMSGSIZE;
    int result = find_service(registry, table, &service, error);
    result = result ? result : check_version(service, table, error);
    result = result ? result : find_executable(service, request->machine, &executable, error);
    for (uint32_t i = 0; !result && i < table->op_count; i++)
        result = resolve_op(service, table, i, &stub[i], error);
    if (result)
        return result;
    enum far_level level = policy_lowered(policy_grant(registry, service, principal, why), request->want);
    fill_reply(service, executable, level, head);
    head->op_count = table->op_count;
    return 0;
}

static int descriptor(const struct service *service, const struct executable *executable, enum far_level level,
                      enum far_bind_fd which)
{
    switch (which) {
    case FAR_FD_STUBS:
        return executable->stubs[level == FAR_LEVEL_TRUSTED ? STUBS_TRUSTED : STUBS_TRAP];
    case FAR_FD_IFACE:
        return executable->iface_fd;
    case FAR_FD_IMAGE:
        return executable->image;
    case FAR_FD_RELOC:
        return executable->reloc;
    case FAR_FD_DATA:
        return level == FAR_LEVEL_TRUSTED ? service->data : service->data_read_only;
    default:
        return -1;
    }
}

unsigned bind_descriptors(const struct service *service, uint32_t machine, enum far_level level, uint32_t mask,
                          int *fds)
{
    unsigned count = 0;
    const struct executable *executable = service_executable(service, bind_machine(machine));
    for (enum far_bind_fd i = 0; i < FAR_FD_COUNT; i++) {
        if (mask & 1u << i)
            fds[count++] = descriptor(service, executable, level, i);
    }
    return count;
}
