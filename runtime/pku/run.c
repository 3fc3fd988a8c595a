/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/pku/domain.h"
#include "runtime/pku/signals.h"
#include "runtime/pku/sweep.h"

#include <errno.h>
#include <sys/mman.h>

struct pku_state far_pku_state;

struct pku_arguments *pku_take(struct pku_domain *domain)
{
    if (pku_process.forked || __atomic_exchange_n(&pku_process.taken, 1, __ATOMIC_ACQUIRE))
        return NULL;
    return domain->area;
}

void pku_release(void)
{
    __atomic_store_n(&pku_process.taken, 0, __ATOMIC_RELEASE);
}

uint64_t pku_area_inside(const struct pku_domain *domain)
{
    return domain->area_inside;
}

uint64_t pku_area_size(const struct pku_domain *domain)
{
    return domain->area_size;
}

/* A library that was loaded since may have what no domain's code may find. Then there is no gate any more. */
static bool code_is_safe(void)
{
    struct far_error error;
    if (!pku_process.unsafe_code && pku_code_has_changed())
        pku_process.unsafe_code = pku_sweep(&error) != 0;
    return !pku_process.unsafe_code;
}

static void take_outcome(struct pku_outcome *outcome)
{
    outcome->result = far_pku_state.result;
    outcome->float_result = far_pku_state.float_result;
    outcome->error = (int)far_pku_state.error;
    outcome->signal = (int)far_pku_state.signal;
}

static enum pku_end enter(struct pku_domain *domain, uint32_t slot, struct pku_outcome *outcome)
{
    struct pku_signals saved;
    uint32_t rights = pku_key_give(&domain->keyed);
    if (!rights || !pku_thread_prepare() || !pku_signals_hold(&saved, domain->signal_stack))
        return PKU_ELSEWHERE;
    far_pku_state.signal_stack = domain->signal_stack;
    domain->area->ticket = 1;
    pku_calls_forbid();
    far_pku_enter(rights, slot);
    pku_calls_allow();
    domain->area->ticket = 0;
    pku_signals_back(&saved);
    take_outcome(outcome);
    domain->broken = outcome->signal != 0;
    return domain->broken ? PKU_FAULTED : PKU_RETURNED;
}

enum pku_end pku_run(struct pku_domain *domain, uint32_t slot, struct pku_outcome *outcome)
{
    int saved = errno;
    enum pku_end end = domain->broken ? PKU_BROKEN : code_is_safe() ? enter(domain, slot, outcome) : PKU_ELSEWHERE;
    errno = saved;
    return end;
}

/* Whoever was in a domain is not in this process. */
void pku_after_fork(void)
{
    pku_process.forked = true;
    far_pku_state.running = 0;
}
