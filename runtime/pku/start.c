/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/error.h"
#include "runtime/pku/domain.h"
#include "runtime/pku/signals.h"
#include "runtime/pku/support.h"
#include "runtime/pku/sweep.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

struct pku_process pku_process;

extern const char far_pku_constants_begin[] PKU_HIDDEN, far_pku_constants_end[] PKU_HIDDEN;

static int make_selector(struct far_error *error)
{
    void *outside, *inside;
    int failed = pku_map_twice(PKU_CONTROL_SIZE, &outside, &inside);
    if (!failed && syscall(SYS_pkey_mprotect, inside, PKU_CONTROL_SIZE, PROT_READ, pku_selector_key()) != 0)
        failed = -errno;
    if (failed)
        return far_fail(error, -failed, EX_OSERR, "no memory for protection domains: %s", strerror(-failed));
    far_pku_state.selector = outside;
    pku_process.selector_inside = inside;
    return 0;
}

/* Of the code that domains have from us: whole pages of nothing else (inside/inside.lds). */
static int show_constants(struct far_error *error)
{
    uint64_t size = (uint64_t)(far_pku_constants_end - far_pku_constants_begin);
    int failed = size ? pku_key_for_all(far_pku_constants_begin, size) : 0;
    return failed ? far_fail(error, -failed, EX_OSERR, "the constants of protection domains: %s", strerror(-failed))
                  : 0;
}

static int start(struct far_error *error)
{
    const char *missing = pku_missing();
    if (missing)
        return far_fail(error, ENOTSUP, EX_UNAVAILABLE, "%s", missing);
    if (pku_rights_now() != PKU_RIGHTS_AT_START)
        return far_fail(error, EBUSY, EX_UNAVAILABLE, "this program uses protection keys itself");
    int failed = pku_sweep(error);
    if (failed)
        return failed;
    if (pku_keys_take() != 0)
        return far_fail(error, EBUSY, EX_UNAVAILABLE, "this program has left too few protection keys");
    failed = make_selector(error);
    failed = failed ? failed : show_constants(error);
    if (failed)
        return failed;
    far_pku_state.rights = pku_rights_outside();
    far_pku_state.vectors = pku_vectors();
    failed = pthread_atfork(NULL, NULL, pku_after_fork) != 0 ? -ENOMEM : pku_signals_install();
    return failed ? far_fail(error, -failed, EX_OSERR, "signals cannot be taken over: %s", strerror(-failed)) : 0;
}

int pku_start(struct far_error *error)
{
    if (pku_process.started == 0) {
        int failed = start(error);
        pku_process.started = failed ? failed : 1;
        if (failed)
            snprintf(pku_process.why, sizeof pku_process.why, "%s", error->text);
    }
    if (pku_process.started == 1)
        return 0;
    return far_fail(error, -pku_process.started, EX_UNAVAILABLE, "%s", pku_process.why);
}
