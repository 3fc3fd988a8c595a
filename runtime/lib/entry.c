/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far_bind: what an import library's constructor calls. */
#include "runtime/import.h"
#include "runtime/lib/binding.h"
#include "runtime/lib/channel.h"
#include "runtime/lib/error.h"
#include "runtime/lib/pending.h"
#include "runtime/lib/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

/*
 * Where the import's stubs were said to be, while the program was loaded, they must be now: addresses are out already. Or
 * they lead there: the service was registered meanwhile, and pending addresses were linked.
 */
static int agrees(const struct far_import *import, const uint64_t *stub)
{
    if (import->state != FAR_IMPORT_RESOLVED)
        return 1;
    for (uint32_t i = 0; i < import->table->op_count; i++)
        if (import->stub[i] != stub[i] && pending_target(import->stub[i]) != stub[i])
            return 0;
    return 1;
}

static int too_late(const struct far_import *import, struct far_error *error)
{
    return far_fail(error, EAGAIN, EX_TEMPFAIL,
                    "service %s was unregistered or moved while this program was being loaded; start it again",
                    import->table->service);
}

static void resolved_free(struct far_resolved *resolved)
{
    if (resolved)
        munmap(resolved, sizeof *resolved);
}

/* What fard has said to far_resolve, if that is an answer to this; otherwise fard is asked now. */
static int bind_by_answer(const struct far_import_table *table, struct far_resolved *resolved, uint64_t *stub,
                          struct far_binding **binding, struct far_error *error)
{
    bool lasts = resolved && process_adopt(resolved);
    if (lasts && resolved->size)
        return binding_from_resolved(table, resolved, stub, binding, error);
    for (int i = 0; resolved && i < resolved->fd_count; i++)
        close(resolved->fd[i]);
    return binding_make(table, stub, binding, error);
}

static int bind_locked(struct far_import *import, struct far_resolved *resolved, uint64_t *stub,
                       struct far_error *error)
{
    char why[256];
    struct far_binding *binding;
    if (import_check(import->table, import->table->size, why, sizeof why) != 0)
        return far_fail(error, EINVAL, EX_DATAERR, "an import library's table is not valid: %s", why);
    if (!far_thread_get()) /* a child of fork must know that the connection is its parent's */
        return far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory to bind it", import->table->service);
    int failed = bind_by_answer(import->table, resolved, stub, &binding, error);
    if (failed)
        return failed;
    if (import->state == FAR_IMPORT_FAILED || !agrees(import, stub))
        return too_late(import, error);
    if (import->state == FAR_IMPORT_UNBOUND)
        memcpy(import->stub, stub, import->table->op_count * sizeof *stub);
    import->base = binding ? binding->base : import->base;
    import->binding = binding;
    import->state = binding ? FAR_IMPORT_BOUND : FAR_IMPORT_PENDING;
    return 0;
}

/* What a shell script can tell apart: fard's own choice but for what every client must say alike. A socket that is shut is
 * no refusal: fard was not reached. */
static int exit_code(const struct far_error *error)
{
    if (error->code == EPROTOTYPE)
        return EX_PROTOCOL;
    bool refused = error->code == EACCES || error->code == EPERM;
    return refused && error->exit != EX_UNAVAILABLE ? EX_NOPERM : error->exit;
}

void far_bind(struct far_import *import)
{
    sigset_t saved;
    struct far_error error = {.exit = EX_OSERR, .text = "no memory"};
    if (import->state == FAR_IMPORT_BOUND || import->state == FAR_IMPORT_PENDING)
        return;
    process_lock(&saved);
    struct far_resolved *resolved = import->state == FAR_IMPORT_RESOLVED ? import->binding : NULL;
    import->binding = NULL;
    uint64_t *stub = calloc(import->table->op_count, sizeof *stub);
    int failed = stub ? bind_locked(import, resolved, stub, &error) : -ENOMEM;
    free(stub);
    resolved_free(resolved);
    process_unlock(&saved);
    unwind_tell_all();
    if (!failed)
        return;
    /* Nothing of the program has run yet, and nothing of it could work. */
    fprintf(stderr, "far: %s\n", error.text);
    _exit(exit_code(&error));
}
