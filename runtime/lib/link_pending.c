/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The first call of an operation that was not registered when the process was bound: far_link_pending. */
#include "runtime/import.h"
#include "runtime/lib/error.h"
#include "runtime/lib/failure.h"
#include "runtime/lib/link_unbound.h"
#include "runtime/lib/pending.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

/* A connection that broke is tried once more: fard may have been started anew since. */
static int bind_again(const struct far_import_table *table, struct far_error *error)
{
    struct far_binding *binding = NULL;
    bool connected = far_process.connection.fd >= 0;
    int failed = binding_make(table, NULL, &binding, error);
    if (failed && connected && far_process.connection.fd < 0 && error->code != ETIMEDOUT)
        failed = binding_make(table, NULL, &binding, error);
    if (failed && far_process.connection.fd < 0 && (error->code == ENOENT || error->code == ECONNREFUSED))
        error->code = EHOSTDOWN; /* nobody listens: to the program, fard is as gone as a host could be */
    if (!failed && !binding)
        failed = far_fail(error, EHOSTDOWN, EX_UNAVAILABLE, "the service is not registered; the next call tries again");
    return failed ? -error->code : 0;
}

/* What the process knows of the operation that was called. An address that came from another process has no table here. */
struct called {
    const struct far_pending *pending; /* NULL: the address is of a service that was never bound */
    const char *service;
    struct link_found found;
    const struct far_import_table *table; /* to bind by */
    const struct far_import_op *op;       /* or NULL */
    const char *name;
    char place[40]; /* its name, if there is no better one */
};

static void find_called(uint64_t address, struct called *called)
{
    const struct far_pending_table *table = NULL;
    uint32_t index = 0;
    uint64_t slot = pending_slot(called->pending, address);
    table = pending_table(called->pending, slot, &index);
    snprintf(called->place, sizeof called->place, "the operation at %#llx",
             (unsigned long long)(called->pending->base + slot * FAR_STUB_SIZE));
    called->name = table ? import_op_name(table->table, index) : called->place;
    called->op = table ? import_op(table->table, index) : NULL;
    const struct far_binding *bound = process_find_major(called->pending->service, called->pending->major);
    called->table = table                     ? table->table
                    : called->pending->tables ? called->pending->tables->table
                    : bound                   ? bound->table
                                              : NULL;
}

static uint64_t link_called(uint64_t address, struct called *called, struct far_error *error)
{
    uint64_t target = pending_target(address);
    if (target != address)
        return target; /* another thread was faster */
    find_called(address, called);
    if (!called->table) {
        far_fail(error, ENOSYS, EX_PROTOCOL, "nothing in this process knows the operation");
        return 0;
    }
    if (bind_again(called->table, error) != 0)
        return 0;
    target = pending_target(address);
    if (target != address)
        return target;
    far_fail(
        error, EPROTOTYPE, EX_PROTOCOL,
        "the service that is registered has no such operation, or another one than this program was linked against");
    return 0;
}

/* As bind_again(): a connection that broke is tried once more. */
static uint64_t link_stranger(uint64_t address, struct called *called, struct far_error *error)
{
    bool connected = far_process.connection.fd >= 0;
    int failed = link_unbound(address, &called->found, error);
    if (failed && connected && far_process.connection.fd < 0 && error->code != ETIMEDOUT)
        failed = link_unbound(address, &called->found, error);
    snprintf(called->place, sizeof called->place, "the operation at %#llx", (unsigned long long)address);
    called->name = called->found.known ? import_op_name(&called->found.table, 0) : called->place;
    called->service = called->found.known ? called->found.table.service : called->service;
    called->op = called->found.known ? import_op(&called->found.table, 0) : NULL;
    return failed ? 0 : pending_target(address);
}

uint64_t far_link_pending(uint64_t address, struct far_link_result *result)
{
    sigset_t saved;
    int before = errno;
    struct far_error error = {.code = EFAULT};
    struct called called = {.pending = pending_at(address), .name = "?"};
    called.service = called.pending ? called.pending->service : "?";
    process_lock(&saved);
    uint64_t target = called.pending ? link_called(address, &called, &error) : link_stranger(address, &called, &error);
    process_unlock(&saved);
    unwind_tell_all();
    errno = before;
    if (target)
        return target;
    const struct far_failure failure = {called.service, called.name, error.code, error.text};
    const struct far_import_op *op = called.op;
    result->result = result->float_result =
        operation_fails(&failure, op && op->flags & FAR_IMPORT_HAS_FAILS ? &op->fails : NULL);
    return 0;
}
