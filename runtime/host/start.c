/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* From fard's word to a service that can be called: record, plans, mappings, linkage, dependencies, constructors. */
#include "runtime/host/away.h"
#include "runtime/host/borrowing.h"
#include "runtime/host/guard.h"
#include "runtime/host/host.h"
#include "runtime/host/sandbox.h"

#include "runtime/format/stub.h"
#include "runtime/lib/binding.h"
#include "runtime/lib/depend.h"
#include "runtime/lib/error.h"
#include "runtime/lib/fault.h"
#include "runtime/lib/wait.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static int read_iface(struct host *host, const struct far_fds *fds, struct far_error *error)
{
    size_t size;
    char why[256];
    const void *record = map_file(fds->fd[FAR_FD_IFACE], &size, host->service, "interface record", error);
    if (!record)
        return -error->code;
    if (iface_check(record, size, why, sizeof why) != 0)
        return far_fail(error, EPROTO, EX_DATAERR, "service %s: its interface record is not valid: %s", host->service,
                        why);
    host->iface = record;
    if (host->iface->machine != FAR_ABI_MACHINE)
        return far_fail(error, ENOEXEC, EX_DATAERR, "service %s: its code is for %s, but this far-host is for %s",
                        host->service, far_machine_name(host->iface->machine), far_machine_name(FAR_ABI_MACHINE));
    if (plans_from_iface(&host->plans, host->iface) != 0)
        return far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory to plan its operations", host->service);
    if (handle_types_make(&host->handle_types, host->iface) != 0)
        return far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory for its handles' types", host->service);
    return 0;
}

/* Where an operation lives was decided at registration: its place in the other part holds breakpoints. */
static uint64_t find_stub(const struct host *host, uint32_t slot)
{
    const struct stub_reader *reader = stub_reader_for(host->iface->machine);
    for (int part = FAR_PART_FSTUBS; reader && part <= FAR_PART_DSTUBS; part++) {
        uint64_t offset = (uint64_t)slot * FAR_STUB_SIZE, address = host->part[part].address + offset;
        if (offset + FAR_STUB_SIZE <= host->part[part].size &&
            reader->read((const uint8_t *)address, address).kind == STUB_KIND_BRANCH)
            return address;
    }
    return 0;
}

static int find_functions(struct host *host, struct far_error *error)
{
    host->function = calloc(host->plans.slot_count, sizeof *host->function);
    if (!host->function)
        return far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory", host->service);
    for (uint32_t slot = 1; slot < host->plans.slot_count; slot++)
        if (host->plans.plan[slot])
            host->function[slot] = find_stub(host, slot);
    return 0;
}

/* A service that this one is bound to may be bound to this one: then it finds what is mapped here. */
static void note_hosted(const struct host *host)
{
    static struct far_binding hosted;
    hosted.iface = host->iface;
    hosted.base = host->base;
    hosted.level = FAR_LEVEL_TRUSTED;
    memcpy(hosted.part, host->part, sizeof hosted.part);
    memcpy(hosted.service, host->service, sizeof hosted.service);
    far_process.hosted = &hosted;
}

static int bind_dependencies(const struct host *host, const struct far_reloc_header *stream, struct far_error *error)
{
    sigset_t saved;
    process_lock(&saved);
    note_hosted(host);
    int failed = depend_bind(stream, host->service, error);
    process_unlock(&saved);
    return failed;
}

/* To debuggers and profilers; before the sandbox, since a profiler's file lies where a service may not write. */
static void announce(struct host *host)
{
    static struct far_debug_service debug;
    const struct far_mapped mapped = {host->service, host->base, host->part, FAR_LEVEL_TRUSTED, host->iface};
    sigset_t saved;
    process_lock(&saved);
    debug_add(&debug, &mapped);
    process_unlock(&saved);
}

/* The C library loads libgcc_s where a thread ends; in a host everything is loaded before the first call comes. */
static void tell_unwinders(struct host *host)
{
    static struct far_unwind unwind;
    unwind_load();
    unwind_find(&unwind, host->part, true);
    unwind_tell(&unwind);
    unwind_tell_all();
}

/* The sandbox is there before the first byte of the service's code runs: link_domain() asks its IFUNC resolvers. */
static int map_and_link(struct host *host, const struct far_fds *fds, const struct far_host_rights *rights,
                        struct far_error *error)
{
    const struct far_mapping mapping = {host->service, host->base, host->part, fds, NULL};
    int failed = map_check_parts(&mapping, error);
    if (failed)
        return failed;
    const struct far_reloc_header *stream = depend_read_stream(&mapping, error);
    if (!stream)
        return -error->code;
    failed = map_parts(&mapping, FAR_LEVEL_TRUSTED, error);
    if (failed)
        return failed;
    ((struct far_linkage *)host->part[FAR_PART_LINKAGE].address)->base = host->base;
    announce(host);
    failed = sandbox_enter(host, rights, error);
    failed = failed ? failed : link_domain(&mapping, stream, &guard_linker, error);
    if (!failed)
        failed = map_seal_linkage(&mapping, error);
    failed = failed ? failed : bind_dependencies(host, stream, error);
    if (!failed)
        tell_unwinders(host);
    return failed;
}

typedef void constructor(int, char **, char **);
typedef void destructor(void);

static bool array_inside(const struct host *host, const struct far_extent *array)
{
    return array->size == 0 || (array->address % 8 == 0 && array->size % 8 == 0 &&
                                (far_inside(&host->part[FAR_PART_CONST], array->address, array->size) ||
                                 far_inside(&host->part[FAR_PART_LINKAGE], array->address, array->size) ||
                                 far_inside(&host->part[FAR_PART_DATA], array->address, array->size)));
}

CALLS_SEGMENT static void initialise(const struct host *host)
{
    char name[] = "far-host", *arguments[] = {name, NULL};
    const uint64_t *entry = (const uint64_t *)host->init_array.address;
    for (uint64_t i = 0; i < host->init_array.size / sizeof *entry; i++)
        if (entry[i] && entry[i] != UINT64_MAX)
            ((constructor *)(uintptr_t)entry[i])(1, arguments, environ);
}

CALLS_SEGMENT void host_finish(const struct host *host)
{
    const uint64_t *entry = (const uint64_t *)host->fini_array.address;
    for (uint64_t i = host->fini_array.size / sizeof *entry; i-- > 0;)
        if (entry[i] && entry[i] != UINT64_MAX)
            ((destructor *)(uintptr_t)entry[i])();
}

static uint32_t spin_limit(void)
{
    int32_t wished = process_settings()->spin;
    return wished >= 0 ? (uint32_t)wished : FAR_SPIN_DEFAULT;
}

int host_start(struct host *host, const struct far_host_start *start, const struct far_fds *fds,
               struct far_error *error)
{
    memcpy(host->service, start->service, sizeof host->service);
    host->service[sizeof host->service - 1] = '\0';
    host->base = start->base;
    host->service_id = start->service_id;
    host->generation = start->generation;
    memcpy(host->part, start->part, sizeof host->part);
    host->beside = start->flags & FAR_HOST_BESIDE;
    host->init_array = start->init_array;
    host->fini_array = start->fini_array;
    host->spin = spin_limit();
    domains_prepare();
    distant_prepare(start->transports);
    borrowing_prepare();
    if (!array_inside(host, &host->init_array) || !array_inside(host, &host->fini_array))
        return far_fail(error, EPROTO, EX_DATAERR, "service %s: its constructors lie outside it", host->service);
    int failed = read_iface(host, fds, error);
    if (!failed)
        failed = map_and_link(host, fds, &start->rights, error);
    if (!failed)
        failed = find_functions(host, error);
    if (!failed)
        fault_install(); /* its code may be handed operations of services that it was never bound to */
    if (!failed && start->flags & FAR_HOST_INITIALISE)
        initialise(host);
    return failed;
}
